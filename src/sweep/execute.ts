/** Runs single runs of a sweep. What several runs share is made once: documents, data, references, and float64 sides where only the target differs. */
import { draftVariants, prepareFrom, readDocuments, type Documents, type RunOptions, type Variant } from '../compare/prepare.js';
import { gainsTogether, GROUP } from '../core/group.js';
import type { Build } from '../core/load.js';
import { applySet } from '../document/set.js';
import { QrailsError } from '../errors.js';
import type { Experiment } from '../schema/experiment.js';
import { loadDataset, type Dataset } from '../signal/dataset.js';
import { Cache } from './cache.js';
import { createJudge, type Planned } from './judged.js';
import type { Interval, RunResult, SweepSpace } from './types.js';

export interface ExecutorOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** The same, compiled (`compileCore`), where another thread did so. */
  readonly module?: WebAssembly.Module | undefined;
  /** Verdicts by the outputs, in place of the loss that the target rounds; default false. */
  readonly outputs?: boolean | undefined;
  /** Raised to stop within a run, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

export interface Executor {
  /**
   * Runs one run; one at a time. Fastest where runs come in order: seeds of a point share its documents.
   *
   * @returns measures with the bits that `compare` gives for the same options and seed; `error` for a plan that cannot be made or run
   * @throws only what is no QrailsError: a fault of the program
   */
  readonly run: (run: number) => Promise<RunResult>;
  /** The runs of an interval of at most `GROUP`: the same, side by side where that is faster. */
  readonly together: (interval: Interval) => Promise<RunResult[]>;
}

/** What is kept at the most, whatever the size of the sweep: bytes of data, and documents, each a kilobyte or so. */
const DATA_BYTES = 64 * 2 ** 20;
const DOCUMENTS = 16;

/** A point: its documents before and after its assignments, and its plan but for what a seed draws. */
interface Settled {
  readonly point: number;
  readonly options: RunOptions;
  readonly stated: Documents;
  readonly experiment: Experiment;
  readonly datasetOf: (seed: number) => Promise<Dataset>;
  readonly variantsOf: (dataset: Dataset, seed: number) => Variant[];
}

/** A run that only has to be run. */
type Ready = Planned & Pick<Variant, 'hash'>;

/**
 * Makes what runs the runs of a sweep in this thread.
 *
 * A sweep of `fixed` alone has no float64 side to hold the target against: a run that would survive only for being like a surviving float64 run
 * (docs/verdicts.md) is `degraded` there.
 *
 * @example (await createExecutor(space).run(0)).fixed?.verdict
 */
export function createExecutor(space: SweepSpace, { build, module, outputs, signal }: ExecutorOptions = {}): Executor {
  const { numbers } = space.spec;
  const documents = new Cache<Documents>(DOCUMENTS);
  const datasets = new Cache<Dataset>(DATA_BYTES);
  const judgedSides = createJudge({ build, module, numbers, outputs, signal });
  let last: Settled | undefined;

  const settle = async (point: number): Promise<Settled> => {
    if (last?.point === point) return last;
    const options = space.optionsAt(point);
    const { experiment: name, profile, sensor, directory, set = [] } = options;
    const key = JSON.stringify([name, profile, sensor, directory]);
    const stated = documents.get(key) ?? documents.set(key, await readDocuments(options));
    const applied = await applySet({ profile: stated.profile.value, sensor: stated.sensor.value, experiment: stated.experiment.value }, set);
    const { experiment } = applied;
    const { baseDirectory } = stated.experiment;
    const dataKey = JSON.stringify([experiment.data, baseDirectory]);
    let variantsOf: Settled['variantsOf'] | undefined;
    return (last = {
      point, options, stated, experiment,
      async datasetOf(seed) {
        // A recording is the same under every seed.
        const drawn = experiment.data.kind === 'teacher' ? dataKey + seed : dataKey;
        const known = datasets.get(drawn);
        if (known) return known;
        const dataset = await loadDataset(experiment.data, { seed, baseDirectory });
        return datasets.set(drawn, dataset, dataset.values.byteLength);
      },
      variantsOf: (dataset, seed) => (variantsOf ??= draftVariants(applied, options, dataset))(dataset, seed),
    });
  };

  const planned = async (run: number): Promise<Ready> => {
    const { options, stated, experiment, datasetOf, variantsOf } = await settle(Math.floor(run / space.seeds));
    const seed = space.seedAt(run);
    try {
      const dataset = await datasetOf(seed);
      const [{ plan, hash }] = variantsOf(dataset, seed) as [Variant];
      return { experiment, dataset, plan, hash };
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
      await prepareFrom(stated, { ...options, seed }); // throws again, and names the assignment
      throw error;
    }
  };

  const failed = (run: number, hash: string | null, error: unknown): RunResult => {
    if (!(error instanceof QrailsError)) throw error;
    return { run, hash, float: null, fixed: null, error: { code: error.code, message: describe(error) } };
  };
  /** @param ready its plan, where it was made already */
  const run = async (number: number, ready?: Ready): Promise<RunResult> => {
    let hash: string | null = null;
    try {
      const plan = ready ?? (await planned(number));
      ({ hash } = plan);
      return { run: number, hash, ...(await judgedSides(plan)), error: null };
    } catch (error) {
      return failed(number, hash, error);
    }
  };
  return {
    run: (number) => run(number),
    async together({ from, to }) {
      const runs = Array.from({ length: to - from }, (_, k) => from + k);
      const ready: Ready[] = [];
      try {
        do ready.push(await planned(from + ready.length));
        while (ready.length < runs.length && gainsTogether(ready[0]!.plan));
        const ended = ready.length === GROUP ? await judgedSides.together(ready) : undefined;
        if (ended) return ended.map((sides, k) => ({ run: runs[k]!, hash: ready[k]!.hash, ...sides, error: null }));
      } catch (error) {
        // One of them cannot be run: which, and what becomes of the others, is told one by one.
        if (!(error instanceof QrailsError)) throw error;
      }
      const results: RunResult[] = [];
      for (const [k, number] of runs.entries()) results.push(await run(number, ready[k]));
      return results;
    },
  };
}

/** Place and fault in a line. The values of assignments are the point's: without them the same fault reads the same at every point. */
function describe({ parts: { where, message } }: QrailsError): string {
  return where === undefined ? message : `${where.replaceAll(/--set ([^\s=]+)=.*?(?= --set |: |$)/g, '$1')}: ${message}`;
}
