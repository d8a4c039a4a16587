/** Runs single runs of a sweep. What several runs share is made once: documents, data, references, and float64 sides where only the target differs. */
import { finite } from '../compare/compare.js';
import { draftVariants, prepareFrom, readDocuments, type Documents, type RunOptions, type Variant } from '../compare/prepare.js';
import { leastSquares, weightError, type Reference } from '../compare/reference.js';
import { thresholds } from '../compare/thresholds.js';
import { judge, type Judged } from '../compare/verdict.js';
import { measuresGradient } from '../control/registry.js';
import { loadCore, type Build } from '../core/load.js';
import type { Batch, NumberSystem } from '../core/session.js';
import { applySet } from '../document/set.js';
import { QrailsError } from '../errors.js';
import { quantumFraction } from '../plan/alignment.js';
import { ofDraft } from '../plan/drawn.js';
import type { Recording } from '../run/pair.js';
import type { Experiment } from '../schema/experiment.js';
import type { Plan } from '../schema/plan.js';
import { loadDataset, type Dataset } from '../signal/dataset.js';
import { Cache } from './cache.js';
import { SWEEP_MEASURE_NAMES, SWEEP_MEASURES } from './measures.js';
import { runSides, type Cores } from './sides.js';
import type { RunResult, SideResult, SweepSpace } from './types.js';

export interface ExecutorOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** The same, compiled (`compileCore`), where another thread did so. */
  readonly module?: WebAssembly.Module | undefined;
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

/** What is kept at the most, whatever the size of the sweep: bytes of data, and numbers of other things, each a kilobyte or so. */
const DATA_BYTES = 64 * 2 ** 20;
const DOCUMENTS = 16;
const SIDES = 4096;

/** A point: its documents before and after its assignments, and its plan but for what a seed draws. */
interface Settled {
  readonly point: number;
  readonly options: RunOptions;
  readonly stated: Documents;
  readonly experiment: Experiment;
  readonly datasetOf: (seed: number) => Promise<Dataset>;
  readonly variantsOf: (dataset: Dataset, seed: number) => Variant[];
}

/** A run, planned. */
interface Planned extends Pick<Variant, 'plan' | 'hash'> {
  readonly experiment: Experiment;
  readonly dataset: Dataset;
}

/** What is needed of a float64 side once it has been run. */
interface FloatSide {
  readonly side: SideResult;
  readonly judged: Judged & { loss: number };
  readonly finalLoss: number;
}

/**
 * Makes what runs the runs of a sweep in this thread.
 *
 * A sweep of `fixed` alone has no float64 side to hold the target against: a run that would survive only for being like a surviving float64 run
 * (docs/verdicts.md) is `degraded` there.
 *
 * @example (await createExecutor(space).run(0)).fixed?.verdict
 */
export function createExecutor(space: SweepSpace, { build, module }: ExecutorOptions = {}): Executor {
  const { numbers = 'both' } = space.spec;
  const documents = new Cache<Documents>(DOCUMENTS);
  const datasets = new Cache<Dataset>(DATA_BYTES);
  const references = new Cache<{ readonly of: Reference | undefined }>(SIDES);
  const floats = new Cache<FloatSide>(SIDES);
  let cores: Cores | undefined;
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

  const planned = async (run: number): Promise<Planned> => {
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

  /** Least squares of the evaluation batch: the same wherever the same rows are delivered through the same sensor. */
  const referenceOf = (plan: Plan, evaluation: Batch): Reference | undefined => {
    const key = `${plan.seed} ${plan.data.sha256} ${deliveryOf(plan).key}`;
    return (references.get(key) ?? references.set(key, { of: leastSquares(plan, evaluation) })).of;
  };

  const sidesOf = async ({ experiment, dataset, plan }: Planned): Promise<Pick<RunResult, 'float' | 'fixed'>> => {
    const limits = thresholds(experiment.verdict);
    const key = numbers === 'fixed' ? '' : floatKey(plan, limits);
    let float = numbers === 'fixed' ? undefined : floats.get(key);
    const kinds: NumberSystem[] = [...(numbers !== 'fixed' && !float ? (['float'] as const) : []), ...(numbers !== 'float64' ? (['fixed'] as const) : [])];
    if (kinds.length === 0) return { float: float!.side, fixed: null };

    cores ??= { float: await loadCore(build, module), fixed: await loadCore(build, module) };
    const { recordings, evaluation } = runSides(cores, plan, dataset, kinds);
    const reference = referenceOf(plan, evaluation);
    const sideOf = (recording: Recording, { verdict }: Judged): SideResult => {
      const measured = { plan, recording, floatLoss: recording.kind === 'fixed' && float ? float.finalLoss : NaN, weightError: reference ? weightError(plan, reference, recording.parameters[0]!) : NaN };
      return { verdict, ...Object.fromEntries(SWEEP_MEASURE_NAMES.map((name) => [name, finite(SWEEP_MEASURES[name].of(measured))])) } as SideResult;
    };
    if (recordings.float) {
      const { finalLoss, recorder } = recordings.float;
      const judged = judge(recordings.float, reference?.loss, limits);
      float = floats.set(key, { side: sideOf(recordings.float, judged), judged: { ...judged, loss: Math.min(finalLoss, recorder.late.meanLoss) }, finalLoss });
    }
    return { float: float?.side ?? null, fixed: recordings.fixed ? sideOf(recordings.fixed, judge(recordings.fixed, reference?.loss, limits, float?.judged)) : null };
  };

  return {
    async run(run) {
      let hash: string | null = null;
      try {
        const plan = await planned(run);
        ({ hash } = plan);
        return { run, hash, ...(await sidesOf(plan)), error: null };
      } catch (error) {
        if (!(error instanceof QrailsError)) throw error;
        return { run, hash, float: null, fixed: null, error: { code: error.code, message: describe(error) } };
      }
    },
  };
}

/** All of a plan that its last batch depends on, but for what is drawn. */
const deliveryOf = ofDraft(({ layers, data: { rows }, order, lastBatch, sensor, evaluationRows, phases }) => (
  { key: JSON.stringify([layers, rows, order, lastBatch, sensor, evaluationRows, phases.map((phase) => [phase.steps, phase.batch, phase.sensor])]) }
));

/** All of a plan that its float64 side depends on, and what it is judged by: not the formats, nor the raws made with them. */
function floatKey(plan: Plan, limits: ReturnType<typeof thresholds>): string {
  const { seed, data: { sha256 }, initial } = plan;
  return JSON.stringify([seed, sha256, initial.map(({ weights, bias }) => [weights, bias]), limits]) + realOf(plan).key;
}

const realOf = ofDraft(({ sites, sigmoid: _table, errorOne: _one, initial: _initial, seed: _seed, data: { rows }, ...rest }) => {
  // Two laws measure a gradient against the last place of what it moves.
  const quantum = measuresGradient(rest.throttle.law) ? quantumFraction({ layers: rest.layers, sites }) : null;
  return { key: JSON.stringify([Object.keys(sites), quantum, rows]) + JSON.stringify(rest, (name, value: unknown) => (name === 'raw' ? undefined : value)) };
});

/** Place and fault in a line. The values of assignments are the point's: without them the same fault reads the same at every point. */
function describe({ parts: { where, message } }: QrailsError): string {
  return where === undefined ? message : `${where.replaceAll(/--set ([^\s=]+)=.*?(?= --set |: |$)/g, '$1')}: ${message}`;
}
