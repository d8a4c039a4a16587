/** What a sweep keeps of every run, and may rank by, once: schema, journal, tables and summary are made from this list. docs/sweep.md. */
import { SEED_MEASURES, type SeedMeasureName } from '../compare/seedsMeasures.js';
import { isInLoop } from '../compare/verdict.js';
import type { Counters } from '../format/quantise.js';
import { ofDraft } from '../plan/drawn.js';
import type { Recording } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import type { SweepNumbers, SweepSide } from '../schema/sweep.js';
import { siteKeys } from '../site/sites.js';

/** One side of a run, and what it is held against. */
export interface MeasuredSide {
  readonly plan: Plan;
  readonly recording: Recording;
  /** Final loss of the float64 side of the same plan, where this is the fixed one and both were run; else NaN. */
  readonly floatLoss: number;
  /** NaN where there is no reference. */
  readonly weightError: number;
}

export interface SweepMeasure {
  readonly label: string;
  readonly about: string;
  /** Whether a run that diverged counts as +∞: its value, if it has one, says where it was stopped, not how well it learned. */
  readonly unbounded: boolean;
  /** Every run has it: where there is none it was not finite, and counts as +∞. */
  readonly always?: true;
  /** Who has it, where that is not each side: the target, or the target where float64 is run beside it. */
  readonly only?: 'fixed' | 'both';
  /** NaN where a side has no such quantity. */
  readonly of: (side: MeasuredSide) => number;
}

/** A measure of a comparison over seeds, as it is. */
const seedMeasure = (name: SeedMeasureName): SweepMeasure => {
  const { label, about, unbounded, of } = SEED_MEASURES[name];
  return { label, about, unbounded, of: ({ recording, weightError }) => of(recording, weightError) };
};

const loopKeys = ofDraft(({ layers }) => siteKeys(layers.length).filter(isInLoop));

/** Largest share, over the sites of the learning loop (docs/verdicts.md), of the values that a counter counted; NaN in float64, which has no rails. */
function largestShare({ plan, recording: { kind, counters } }: MeasuredSide, counted: (counters: Counters) => number): number {
  if (kind === 'float') return NaN;
  let largest = 0;
  for (const key of loopKeys(plan)) {
    const site = counters[key];
    if (site && site.count > 0) largest = Math.max(largest, counted(site) / site.count);
  }
  return largest;
}

/** Word lengths of all weights and biases. */
const parameterBits = ({ layers, sites }: Plan): number =>
  layers.reduce((sum, { inputs, outputs, bias }, layer) => sum + outputs * (inputs * sites[`layer${layer}.weight`]!.wordLength + (bias ? sites[`layer${layer}.bias`]!.wordLength : 0)), 0);

export const SWEEP_MEASURES = {
  finalLoss: { ...seedMeasure('finalLoss'), always: true },
  meanLoss: { ...seedMeasure('meanLoss'), always: true },
  maxLoss: { ...seedMeasure('maxLoss'), always: true },
  weightError: seedMeasure('weightError'),
  stalledShare: seedMeasure('stalledShare'),
  lossRatio: {
    label: 'loss ratio', about: "final loss over float64's; of the fixed side, where both were run", unbounded: true, only: 'both',
    of: ({ recording, floatLoss }) => (Number.isFinite(floatLoss) ? recording.finalLoss / floatLoss : NaN),
  },
  divergedAt: { label: 'diverged at', about: "first step with a loss above the experiment's divergedLoss or not finite; none where there is no such step", unbounded: false, of: ({ recording }) => recording.recorder.divergedAt ?? NaN },
  stillFrom: { label: 'still from', about: 'first step after which no parameter moved any more; none where one moved in the last step', unbounded: false, of: ({ recording }) => recording.recorder.stillFrom ?? NaN },
  alphaMin: { label: 'smallest α', about: 'smallest throttle over the steps it was on; none without one', unbounded: false, of: ({ recording }) => recording.recorder.alpha()?.min ?? NaN },
  rejectedShare: {
    label: 'steps taken back', about: 'share of the steps run that the supervisor took back; none without one', unbounded: false,
    of: ({ plan, recording: { recorder } }) => (plan.supervisor.law === 'none' ? NaN : recorder.rejectedSteps / recorder.steps),
  },
  overflowShare: {
    label: 'overflows', about: 'largest share of overflowing values of a site of the learning loop, over the whole run; of the fixed side', unbounded: false, only: 'fixed',
    of: (side) => largestShare(side, ({ overflowHigh, overflowLow }) => overflowHigh + overflowLow),
  },
  nearRailShare: {
    label: 'near a rail', about: 'largest share of values near a rail of a site of the learning loop, over the whole run; of the fixed side', unbounded: false, only: 'fixed',
    of: (side) => largestShare(side, ({ nearRail }) => nearRail),
  },
  parameterBits: { label: 'parameter bits', about: 'word lengths of all weights and biases, added up; of the fixed side', unbounded: false, only: 'fixed', of: ({ plan, recording }) => (recording.kind === 'fixed' ? parameterBits(plan) : NaN) },
} as const satisfies Record<string, SweepMeasure>;

export type SweepMeasureName = keyof typeof SWEEP_MEASURES;
export const SWEEP_MEASURE_NAMES = Object.keys(SWEEP_MEASURES) as SweepMeasureName[];

/** Measures that a side has where these number systems are run. */
export const measuresOf = (side: SweepSide, numbers: SweepNumbers = 'both'): SweepMeasureName[] => SWEEP_MEASURE_NAMES.filter((name) => {
  const { only }: SweepMeasure = SWEEP_MEASURES[name];
  return only === undefined || (side === 'fixed' && (only === 'fixed' || numbers === 'both'));
});
