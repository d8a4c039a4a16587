/** Runs single runs of a sweep. What several runs share is made once: documents, data, references, and float64 sides where only the target differs. */
import { prepareFrom, readDocuments, type Documents, type Prepared, type RunOptions } from '../compare/prepare.js';
import type { Build } from '../core/load.js';
import { applySet } from '../document/set.js';
import { QrailsError } from '../errors.js';
import type { Experiment } from '../schema/experiment.js';
import { loadDataset, type Dataset } from '../signal/dataset.js';
import { Cache } from './cache.js';
import { createJudge } from './judged.js';
import type { RunResult, SweepSpace } from './types.js';

export interface ExecutorOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** The same, compiled (`compileCore`), where another thread did so. */
  readonly module?: WebAssembly.Module | undefined;
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
}

/** What is kept at the most, whatever the size of the sweep: bytes of data, and documents, each a kilobyte or so. */
const DATA_BYTES = 64 * 2 ** 20;
const DOCUMENTS = 16;

/** A point's documents before and after its assignments. */
interface Settled {
  readonly point: number;
  readonly options: RunOptions;
  readonly stated: Documents;
  readonly applied: Documents;
}

/**
 * Makes what runs the runs of a sweep in this thread.
 *
 * A sweep of `fixed` alone has no float64 side to hold the target against: a run that would survive only for being like a surviving float64 run
 * (docs/verdicts.md) is `degraded` there.
 *
 * @example (await createExecutor(space).run(0)).fixed?.verdict
 */
export function createExecutor(space: SweepSpace, { build, module, signal }: ExecutorOptions = {}): Executor {
  const { numbers } = space.spec;
  const documents = new Cache<Documents>(DOCUMENTS);
  const datasets = new Cache<Dataset>(DATA_BYTES);
  const judgedSides = createJudge({ build, module, numbers, signal });
  let last: Settled | undefined;

  const settle = async (point: number): Promise<Settled> => {
    if (last?.point === point) return last;
    const options = space.optionsAt(point);
    const { experiment, profile, sensor, directory, set = [] } = options;
    const key = JSON.stringify([experiment, profile, sensor, directory]);
    const stated = documents.get(key) ?? documents.set(key, await readDocuments(options));
    const values = await applySet({ profile: stated.profile.value, sensor: stated.sensor.value, experiment: stated.experiment.value }, set);
    const applied: Documents = {
      experiment: { ...stated.experiment, value: values.experiment }, profile: { ...stated.profile, value: values.profile }, sensor: { ...stated.sensor, value: values.sensor },
    };
    return (last = { point, options, stated, applied });
  };

  const datasetOf = async ({ data }: Experiment, seed: number, baseDirectory: string): Promise<Dataset> => {
    // A recording is the same under every seed.
    const key = JSON.stringify([data, baseDirectory, ...(data.kind === 'teacher' ? [seed] : [])]);
    const known = datasets.get(key);
    if (known) return known;
    const dataset = await loadDataset(data, { seed, baseDirectory });
    return datasets.set(key, dataset, dataset.values.byteLength);
  };

  const prepared = async (run: number): Promise<Prepared> => {
    const { options, stated, applied } = await settle(Math.floor(run / space.seeds));
    const seed = space.seedAt(run);
    try {
      const { value, baseDirectory } = applied.experiment;
      return await prepareFrom(applied, { ...options, seed, set: [] }, await datasetOf(value, seed, baseDirectory));
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
      return prepareFrom(stated, { ...options, seed }); // throws again, and names the assignment
    }
  };

  return {
    async run(run) {
      let hash: string | null = null;
      try {
        const plan = await prepared(run);
        ({ hash } = plan.variants[0]!);
        return { run, hash, ...(await judgedSides(plan)), error: null };
      } catch (error) {
        if (!(error instanceof QrailsError)) throw error;
        return { run, hash, float: null, fixed: null, error: { code: error.code, message: describe(error) } };
      }
    },
  };
}

/** Place and fault in a line. The values of assignments are the point's: without them the same fault reads the same at every point. */
function describe({ parts: { where, message } }: QrailsError): string {
  return where === undefined ? message : `${where.replaceAll(/--set ([^\s=]+)=.*?(?= --set |: |$)/g, '$1')}: ${message}`;
}
