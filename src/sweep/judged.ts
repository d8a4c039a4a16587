/** Runs plans in the number systems asked for and judges how they end. What several share is made once: references, and float64 sides where only the target differs. */
import { finite } from '../compare/figure.js';
import { leastSquares, weightError, type Reference } from '../compare/reference.js';
import { thresholds } from '../compare/thresholds.js';
import { judge, type Judged } from '../compare/verdict.js';
import { measuresGradient } from '../control/registry.js';
import { loadCore, type Build } from '../core/load.js';
import type { Batch, NumberSystem } from '../core/session.js';
import { quantumFraction } from '../plan/alignment.js';
import { ofDraft } from '../plan/drawn.js';
import { hashJson } from '../plan/hash.js';
import type { Recording } from '../run/pair.js';
import type { Experiment } from '../schema/experiment.js';
import type { Plan } from '../schema/plan.js';
import type { Sweep } from '../schema/sweep.js';
import type { Dataset } from '../signal/dataset.js';
import { Cache } from './cache.js';
import { SWEEP_MEASURE_NAMES, SWEEP_MEASURES } from './measures.js';
import { runSides, runSidesUntil, type Cores } from './sides.js';
import type { RunResult, SideResult } from './types.js';

export interface JudgeOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** The same, compiled, where another thread did so. */
  readonly module?: WebAssembly.Module | undefined;
  /** Sides that are run; default both. */
  readonly numbers?: Sweep['numbers'];
  /** Raised to stop within a run, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** A run, planned; how it ends is judged by the experiment's thresholds. */
export interface Planned {
  readonly experiment: Experiment;
  readonly dataset: Dataset;
  readonly plan: Plan;
}

/** How the sides of one plan ended: measures and verdicts with the bits that `compare` gives. One at a time. */
export type Judge = (planned: Planned) => Promise<Pick<RunResult, 'float' | 'fixed'>>;

/** References and float64 sides kept, each a kilobyte or so. */
const SIDES = 4096;

/** What is needed of a float64 side once it has been run. */
interface FloatSide {
  readonly side: SideResult;
  readonly judged: Judged & { loss: number };
  readonly finalLoss: number;
}

/**
 * Makes what runs plans.
 *
 * @throws QrailsError (the judge) where front end or widths do not allow the run
 */
export function createJudge({ build, module, numbers = 'both', signal }: JudgeOptions = {}): Judge {
  const references = new Cache<{ readonly of: Reference | undefined }>(SIDES);
  const floats = new Cache<FloatSide>(SIDES);
  let cores: Cores | undefined;

  /** Least squares of the evaluation batch: the same wherever the same rows are delivered through the same sensor. */
  const referenceOf = (plan: Plan, evaluation: Batch): Reference | undefined => {
    const key = `${plan.seed} ${plan.data.sha256} ${deliveryOf(plan).key}`;
    return (references.get(key) ?? references.set(key, { of: leastSquares(plan, evaluation) })).of;
  };

  return async ({ experiment, dataset, plan }) => {
    const limits = thresholds(experiment.verdict);
    const key = numbers === 'fixed' ? '' : floatKey(plan, limits);
    let float = numbers === 'fixed' ? undefined : floats.get(key);
    const kinds: NumberSystem[] = [...(numbers !== 'fixed' && !float ? (['float'] as const) : []), ...(numbers !== 'float64' ? (['fixed'] as const) : [])];
    if (kinds.length === 0) return { float: float!.side, fixed: null };

    cores ??= { float: await loadCore(build, module), fixed: await loadCore(build, module) };
    const { recordings, evaluation } = signal ? await runSidesUntil(cores, plan, dataset, kinds, signal) : runSides(cores, plan, dataset, kinds);
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
}

/** All of a plan that its last batch depends on, but for what is drawn; hashed, since every run looks it up, and that takes the longer the key. */
const deliveryOf = ofDraft(({ layers, data: { rows }, order, lastBatch, sensor, evaluationRows, phases }) => (
  { key: hashJson(JSON.stringify([layers, rows, order, lastBatch, sensor, evaluationRows, phases.map((phase) => [phase.steps, phase.batch, phase.sensor])])) }
));

/** All of a plan that its float64 side depends on, and what it is judged by: not the formats, nor the raws made with them. */
function floatKey(plan: Plan, limits: ReturnType<typeof thresholds>): string {
  const { seed, data: { sha256 }, initial } = plan;
  return JSON.stringify([seed, sha256, initial.map(({ weights, bias }) => [weights, bias]), limits]) + realOf(plan).key;
}

const realOf = ofDraft(({ sites, sigmoid: _table, errorOne: _one, initial: _initial, seed: _seed, data: { rows }, ...rest }) => {
  // Two laws measure a gradient against the last place of what it moves.
  const quantum = measuresGradient(rest.throttle.law) ? quantumFraction({ layers: rest.layers, sites }) : null;
  return { key: hashJson(JSON.stringify([Object.keys(sites), quantum, rows, rest], (name, value: unknown) => (name === 'raw' ? undefined : value))) };
});
