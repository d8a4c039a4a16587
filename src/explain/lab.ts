/** Runs a plan with changes, each once: what an explanation says was tried, was. */
import { judgePair } from '../compare/compare.js';
import { prepareFrom, type Documents, type Prepared, type RunOptions } from '../compare/prepare.js';
import { thresholds, VERDICTS, type VerdictName } from '../compare/thresholds.js';
import type { Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { runPair, type Pair } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import type { Sensor } from '../schema/sensor.js';
import { createExecutor, type Executor } from '../sweep/execute.js';
import type { SweepSpace } from '../sweep/types.js';

/** A change of a run, in the words of the options of `compare`. */
export interface Change {
  readonly throttle?: string;
  readonly anchor?: string;
  readonly supervisor?: string;
  readonly set?: readonly string[];
}

/** How a changed run ended. */
export interface Tried {
  readonly verdict: VerdictName;
  readonly float: VerdictName;
  readonly finalLoss: number;
}

export const outcomeOf = (pair: Pair, judged: { readonly float: { readonly verdict: VerdictName }; readonly fixed: { readonly verdict: VerdictName } }): Tried => ({
  verdict: judged.fixed.verdict, float: judged.float.verdict, finalLoss: pair.fixed.finalLoss,
});

/** Whether one end is better than another: by its verdict, then by its loss where that differs by a fifth. */
export function better(a: Tried, b: Tried): boolean {
  const rank = VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict);
  return rank < 0 || (rank === 0 && a.finalLoss < b.finalLoss && a.finalLoss <= 0.8 * b.finalLoss);
}

export interface LabOptions {
  readonly documents: Documents;
  /** Of the run; exactly one throttle and one anchor, as its variant has them. */
  readonly options: RunOptions;
  readonly prepared: Prepared;
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRun?: ((what: string) => void) | undefined;
}

export class Lab {
  readonly #given: LabOptions;
  readonly #known = new Map<string, Tried | undefined>();
  readonly #changed: RunOptions[] = [];
  readonly #executor: Executor;
  /** Runs made. */
  runs = 0;

  constructor(given: LabOptions) {
    this.#given = given;
    const { prepared: { variants: [variant] }, build } = given;
    const { seed } = variant!.plan;
    // A space that grows: the engine of the sweep asks for a point by its number, and keeps what points share.
    const space: SweepSpace = {
      spec: { name: 'explain', axes: [] }, hash: '', points: Infinity, seeds: 1, runs: Infinity, firstSeed: seed, columns: [], valuesAt: () => [],
      optionsAt: (point) => this.#changed[point]!, seedAt: () => seed,
    };
    this.#executor = createExecutor(space, { build });
  }

  /** The run with a change; undefined where target or data do not allow it. */
  async run({ throttle, anchor, supervisor, set = [] }: Change, what: string): Promise<Tried | undefined> {
    const { options } = this.#given;
    return this.#once(JSON.stringify([throttle, anchor, supervisor, set]), what, async () => {
      const point = this.#changed.push({
        ...options, set: [...(options.set ?? []), ...set],
        ...(throttle !== undefined && { throttle: [throttle] }), ...(anchor !== undefined && { anchor: [anchor] }), ...(supervisor !== undefined && { supervisor }),
      }) - 1;
      const { fixed, float, error } = await this.#executor.run(point);
      return error ? undefined : { verdict: fixed!.verdict, float: float!.verdict, finalLoss: fixed!.finalLoss ?? Infinity };
    });
  }

  /** The run behind another sensor. */
  async runSensor(sensor: Sensor, what: string): Promise<Tried | undefined> {
    const { documents, options, prepared } = this.#given;
    // What is set of the sensor is in it already.
    const set = (options.set ?? []).filter((assignment) => !assignment.startsWith('sensor.'));
    return this.#once(JSON.stringify(sensor), what, async () => {
      const { variants: [variant] } = await prepareFrom({ ...documents, sensor: { ...documents.sensor, value: sensor } }, { ...options, set }, prepared.dataset);
      return this.#pair(variant!.plan);
    });
  }

  /** A plan as it is. */
  async runPlan(plan: Plan, what: string): Promise<Tried | undefined> {
    return this.#once(JSON.stringify(plan.sites), what, () => this.#pair(plan));
  }

  async #pair(plan: Plan): Promise<Tried> {
    const { prepared, build, signal } = this.#given;
    const pair = await runPair(plan, prepared.dataset, { build, signal });
    return outcomeOf(pair, judgePair(pair, thresholds(prepared.experiment.verdict)));
  }

  async #once(key: string, what: string, run: () => Promise<Tried | undefined>): Promise<Tried | undefined> {
    if (this.#known.has(key)) return this.#known.get(key);
    const { signal, onRun } = this.#given;
    onRun?.(what);
    // Runs may be too short to look up by themselves: lets a Ctrl-C be heard.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    let tried: Tried | undefined;
    try {
      tried = await run();
      this.runs++;
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
    }
    this.#known.set(key, tried);
    return tried;
  }
}
