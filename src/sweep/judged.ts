/** Runs plans in the number systems asked for and judges how they end. What several share is made once: references, and float64 sides where only the target differs. */
import { finite } from '../compare/figure.js';
import { leastSquares, weightError, type Reference } from '../compare/reference.js';
import { thresholds } from '../compare/thresholds.js';
import { byOutputs, judge, type Judgeable, type Judged } from '../compare/verdict.js';
import { measuresGradient } from '../control/registry.js';
import { goTogether } from '../core/group.js';
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
import { alone, finish, finishUnless, together, type Cores, type SidesResult, type Turns } from './sides.js';
import type { RunResult, SideResult } from './types.js';

export interface JudgeOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** The same, compiled, where another thread did so. */
  readonly module?: WebAssembly.Module | undefined;
  /** Sides that are run; default both. */
  readonly numbers?: Sweep['numbers'];
  /** Verdicts by the outputs (`byOutputs`), in place of the loss that the target rounds; default false. */
  readonly outputs?: boolean | undefined;
  /** Raised to stop within a run, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** A run, planned; how it ends is judged by the experiment's thresholds. */
export interface Planned {
  readonly experiment: Experiment;
  readonly dataset: Dataset;
  readonly plan: Plan;
}

/** How the sides of a plan ended: measures, and verdicts unless they are by the outputs, with the bits that `compare` gives. */
export type Ended = Pick<RunResult, 'float' | 'fixed'>;

/** One call at a time. */
export interface Judge {
  (planned: Planned): Promise<Ended>;
  /** The same of several, side by side; undefined where they do not go together. @throws where one of them cannot be run, whichever */
  readonly together: (all: readonly Planned[]) => Promise<Ended[] | undefined>;
}

/** References and float64 sides kept, each a kilobyte or so. */
const SIDES = 4096;

/** What is needed of a float64 side once it has been run. */
interface FloatSide {
  readonly side: SideResult;
  readonly judged: Judged & { loss: number };
  readonly finalLoss: number;
  readonly startLoss: number;
}

/**
 * Makes what runs plans.
 *
 * @throws QrailsError (the judge) where front end or widths do not allow the run
 */
export function createJudge({ build, module, numbers = 'both', outputs = false, signal }: JudgeOptions = {}): Judge {
  const references = new Cache<{ readonly of: Reference | undefined }>(SIDES);
  const floats = new Cache<FloatSide>(SIDES);
  let cores: Cores | undefined;

  /** Least squares of the evaluation batch: the same wherever the same rows are delivered through the same sensor. */
  const referenceOf = (plan: Plan, evaluation: Batch): Reference | undefined => {
    const key = `${plan.seed} ${plan.data.sha256} ${deliveryOf(plan).key}`;
    return (references.get(key) ?? references.set(key, { of: leastSquares(plan, evaluation) })).of;
  };

  /** What is known of a plan before it is run, and which sides have to be. */
  interface Asked extends Planned {
    readonly limits: ReturnType<typeof thresholds>;
    readonly key: string;
    readonly float: FloatSide | undefined;
    readonly kinds: readonly NumberSystem[];
  }
  const ask = (planned: Planned): Asked => {
    const limits = thresholds(planned.experiment.verdict);
    const key = numbers === 'fixed' ? '' : floatKey(planned.plan, limits);
    const float = numbers === 'fixed' ? undefined : floats.get(key);
    const kinds: NumberSystem[] = [...(numbers !== 'fixed' && !float ? (['float'] as const) : []), ...(numbers !== 'float64' ? (['fixed'] as const) : [])];
    return { ...planned, limits, key, float, kinds };
  };

  const judged = ({ plan, limits, key, float }: Asked, { recordings, evaluation }: SidesResult<NumberSystem>): Ended => {
    const reference = referenceOf(plan, evaluation);
    const sideOf = (recording: Recording, { verdict }: Judged): SideResult => {
      const measured = { plan, recording, floatLoss: recording.kind === 'fixed' && float ? float.finalLoss : NaN, weightError: reference ? weightError(plan, reference, recording.parameters[0]!) : NaN };
      return { verdict, ...Object.fromEntries(SWEEP_MEASURE_NAMES.map((name) => [name, finite(SWEEP_MEASURES[name].of(measured))])) } as SideResult;
    };
    const judgeable = (recording: Recording): Judgeable => (outputs ? byOutputs(recording, { recorder: float ?? recording.recorder }) : recording);
    if (recordings.float) {
      const seen = judgeable(recordings.float);
      const ended = judge(seen, reference?.loss, limits);
      const { finalLoss, recorder: { startLoss } } = recordings.float;
      float = floats.set(key, { side: sideOf(recordings.float, ended), judged: { ...ended, loss: Math.min(seen.finalLoss, seen.recorder.late.meanLoss) }, finalLoss, startLoss });
    }
    return { float: float?.side ?? null, fixed: recordings.fixed ? sideOf(recordings.fixed, judge(judgeable(recordings.fixed), reference?.loss, limits, float?.judged)) : null };
  };

  const take = <T>(turns: Turns<T>): T | Promise<T> => (signal ? finishUnless(signal, turns) : finish(turns));
  const coresOf = async (): Promise<Cores> => (cores ??= { float: await loadCore(build, module), fixed: await loadCore(build, module) });

  const one = async (planned: Planned): Promise<Ended> => {
    const asked = ask(planned);
    if (asked.kinds.length === 0) return { float: asked.float!.side, fixed: null };
    return judged(asked, await take(alone(await coresOf(), asked, asked.kinds)));
  };

  const several = async (all: readonly Planned[]): Promise<Ended[] | undefined> => {
    const asked = all.map(ask);
    const kinds = asked[0]?.kinds ?? [];
    if (!kinds.includes('fixed') || asked.some((each) => each.kinds.length !== kinds.length) || !goTogether(asked.map(({ plan }) => plan))) return undefined;
    const results = await take(together(await coresOf(), asked, kinds));
    return results.map((result, k) => judged(asked[k]!, result));
  };
  return Object.assign(one, { together: several });
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
