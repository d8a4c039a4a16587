/** Runs a plan with changes under every seed, on the engine of the sweep, and counts who survives. */
import { shareInterval } from '../compare/seedsCount.js';
import type { Build } from '../core/load.js';
import type { RunOptions } from '../compare/prepare.js';
import { createExecutor } from '../sweep/execute.js';
import type { RunResult, SweepSpace } from '../sweep/types.js';

export interface TrialsOptions {
  /** Of the run; exactly one throttle and one anchor. */
  readonly options: RunOptions;
  readonly first: number;
  readonly seeds: number;
  /** Seeds that have to survive. */
  readonly needed: number;
  /** Who survives is read off the outputs, in place of the loss that the target rounds; default false. */
  readonly outputs?: boolean | undefined;
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How many seeds survive. */
export interface Count {
  readonly survived: number;
  readonly of: number;
  /** Wilson interval of the share at 95 %. */
  readonly low: number;
  readonly high: number;
  /** Why no run could be made, where the target refuses the change. */
  readonly refused: string | null;
}

interface Trial {
  readonly point: number;
  /** By seed, those that were run. */
  readonly results: (RunResult | undefined)[];
}

const survived = ({ fixed }: RunResult): boolean => fixed?.verdict === 'survives';

/** Every change is run once, however often it is asked for. */
export class Trials {
  readonly #given: TrialsOptions;
  readonly #known = new Map<string, Trial>();
  readonly #sets: (readonly string[])[] = [];
  readonly #executor: ReturnType<typeof createExecutor>;
  /** Runs made. */
  runs = 0;

  constructor(given: TrialsOptions) {
    this.#given = given;
    const { options, first, seeds, outputs, build } = given;
    // A space that grows: the engine of the sweep asks for a point by its number, and keeps what points share.
    const space: SweepSpace = {
      spec: { name: 'margins', axes: [] }, hash: '', points: Infinity, seeds, runs: Infinity, firstSeed: first, columns: [], valuesAt: () => [],
      optionsAt: (point) => ({ ...options, set: [...(options.set ?? []), ...this.#sets[point]!] }),
      seedAt: (run) => first + (run % seeds),
    };
    this.#executor = createExecutor(space, { build, outputs, signal: given.signal });
  }

  /** Whether enough seeds survive with these assignments; as few of them are run as tell. */
  async survives(set: readonly string[]): Promise<boolean> {
    const { seeds, needed } = this.#given;
    const { results } = await this.#run(set, (done) => {
      const alive = done.filter(survived).length;
      return alive >= needed || done.length - alive > seeds - needed;
    });
    return results.filter(survived).length >= needed;
  }

  /** All seeds with these assignments. */
  async count(set: readonly string[]): Promise<Count> {
    const { results } = await this.#run(set, () => false);
    const alive = results.filter(survived).length;
    const refused = results.find(({ error }) => error !== null)?.error ?? null;
    const { low, high } = shareInterval(alive, results.length);
    return { survived: alive, of: results.length, low, high, refused: refused && refused.message };
  }

  /** What every seed gave with these assignments. */
  async results(set: readonly string[]): Promise<readonly RunResult[]> {
    return (await this.#run(set, () => false)).results;
  }

  /** Whether one seed, counted from 0, survives with these assignments. */
  async survivesUnder(set: readonly string[], seed: number): Promise<boolean> {
    return survived(await this.#seed(this.#trial(set), seed));
  }

  /** Runs seeds in order until enough is known. */
  async #run(set: readonly string[], enough: (done: readonly RunResult[]) => boolean): Promise<{ readonly results: readonly RunResult[] }> {
    const trial = this.#trial(set);
    const known = (): RunResult[] => trial.results.filter((result) => result !== undefined);
    for (let seed = 0; seed < this.#given.seeds && !enough(known()); seed++) await this.#seed(trial, seed);
    return { results: known() };
  }

  #trial(set: readonly string[]): Trial {
    const key = JSON.stringify(set);
    let trial = this.#known.get(key);
    if (!trial) {
      trial = { point: this.#sets.push(set) - 1, results: [] };
      this.#known.set(key, trial);
    }
    return trial;
  }

  async #seed({ point, results }: Trial, seed: number): Promise<RunResult> {
    const known = results[seed];
    if (known) return known;
    const { seeds, signal } = this.#given;
    // Lets a Ctrl-C be heard.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    this.runs++;
    return (results[seed] = await this.#executor.run(point * seeds + seed));
  }
}
