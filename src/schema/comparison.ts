import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { VERDICTS } from '../compare/thresholds.js';
import { RECORD_LEVELS } from '../run/levels.js';
import { Raw } from './plan.js';
import { FLAG_KINDS } from './profile.js';
import { Concern } from './concern.js';
import { StringEnum, strict, runNames } from './common.js';

/** A number, or null where it is not finite. */
const Finite = Type.Union([Type.Number(), Type.Null()]);
const count = Type.Integer({ minimum: 0 });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const perLayer = <T extends TSchema>(value: T, description: string) => Type.Array(Type.Array(Type.Array(value)), { description });

const Side = {
  steps: count,
  finite: Type.Boolean({ description: 'every loss was finite' }),
  divergedAt: nullable(count),
  finalLoss: Finite,
  crossEntropy: Type.Optional(Type.Union([Type.Number(), Type.Null()], { description: 'of sigmoid outputs, on the batch of the final loss, in nats for each sample; an output counts as at least half a last place away from 0 and 1. The final loss is half the mean square error all the same' })),
  maxLoss: Finite,
  maxLossAt: count,
  meanLoss: Finite,
  alpha: nullable(
    strict({ first: Finite, median: Finite, last: Finite, min: Finite, max: Finite }, { description: 'over the steps with the throttle on; null if there are none' }),
  ),
  stalledSteps: count,
  zeroUpdateSteps: count,
  stillFrom: nullable(Type.Integer({ minimum: 0, description: 'the step after which no parameter moved any more' })),
  infeasibleSteps: count,
  rejectedSteps: Type.Integer({ minimum: 0, description: 'steps the supervisor took back' }),
  events: count,
  eventSteps: Type.Array(count, { description: 'steps at which the anchor let go (the first 1000)' }),
  weightError: Type.Union([Type.Number(), Type.Null()], { description: '‖W − W_ref‖, W_ref the least-squares solution of the evaluation batch; null for other than one linear layer' }),
  finalWeights: perLayer(Finite, '[layer][output][input], those of the final loss: with the anchor ema their average'),
  finalBiases: Type.Array(Type.Array(Finite), { description: '[layer][output], empty without a bias' }),
  curve: strict({ min: Type.Array(Finite), max: Type.Array(Finite), last: Type.Array(Finite) }, { description: 'loss over the steps, in equal bins' }),
};

export const FloatSide = strict(Side);
export type FloatSide = Static<typeof FloatSide>;

export const SiteCounters = strict({
  format: Type.String({ description: 'sfix12_En8 and the like' }),
  count,
  overflowHigh: count,
  overflowLow: count,
  underflow: count,
  nearRail: count,
  min: Type.Union([Type.Number(), Type.Null()], { description: 'real value; null where nothing was counted' }),
  max: Type.Union([Type.Number(), Type.Null()]),
  firstOverflow: nullable(
    strict({
      step: count,
      element: Type.Integer({ minimum: 0, description: 'docs/numerics.md §2' }),
      index: Type.Integer({ minimum: 0, description: 'which quantisation of the element in the step: the product, in an accumulation' }),
      wanted: Raw,
      raw: Raw,
      operands: Type.Optional(
        Type.Array(strict({ name: Type.String(), raw: Type.Optional(Raw), value: Type.Number() }), { description: 'what went into it, as far as it is kept, without a raw where it is not yet quantised; recorder full' }),
      ),
    }),
  ),
  stalledSteps: Type.Integer({ minimum: 0, description: 'steps in which its layer stood still here although it had a gradient (weight, update)' }),
  full: nullable(
    strict(
      {
        histogram: Type.Array(count, { description: 'bin 0: zeros; bin k: results with 2^(k − 1) ≤ |raw| < 2^k; trailing zeros left out' }),
        meanError: Type.Number({ description: 'mean of result minus exact value, before overflow, in last places' }),
        strip: strict(
          { count: Type.Array(count), overflowHigh: Type.Array(count), overflowLow: Type.Array(count), underflow: Type.Array(count), nearRail: Type.Array(count) },
          { description: 'counters over the run, in the parts of recorder.stripFrom' },
        ),
      },
      { description: 'recorder full; else null' },
    ),
  ),
  latePressure: Type.Number({ minimum: 0, maximum: 1, description: 'share of the values of the last quarter that overflowed' }),
});
export type SiteCounters = Static<typeof SiteCounters>;

export const FixedSide = strict({
  ...Side,
  finalWeightsRaw: perLayer(Raw, 'raws as text'),
  finalBiasesRaw: Type.Array(Type.Array(Raw)),
  finalLossRaw: Raw,
  trapped: nullable(Type.String({ description: 'site whose TRAP ended the run' })),
  sites: Type.Record(Type.String(), SiteCounters, { description: 'every site that counts in a step' }),
  targets: Type.Omit(SiteCounters, ['latePressure', 'stalledSteps', 'full'], { additionalProperties: false, description: 'the targets, which the host quantises' }),
});
export type FixedSide = Static<typeof FixedSide>;

/** An overflow flag of the hardware, read against a run: src/compare/flags.ts. */
export const RaisedFlag = strict({
  name: Type.String({ description: 'as the profile calls it' }),
  kind: StringEnum(FLAG_KINDS, 'sticky until cleared, a counter of overflows, or high for one cycle'),
  bits: Type.Optional(Type.Integer({ minimum: 1, maximum: 32, description: 'of a counter' })),
  raised: nullable(strict({ step: count, site: Type.String() }, { description: 'when and where it rose first; null if it never did' })),
  high: Type.Integer({ minimum: 0, description: 'overflows above a rail at its sites' }),
  low: Type.Integer({ minimum: 0, description: 'overflows below a rail' }),
  shows: Type.Integer({ minimum: 0, description: 'after the run: 1 or 0 (sticky), overflows modulo 2^bits (counter), cycles high (oneCycle)' }),
});
export type RaisedFlag = Static<typeof RaisedFlag>;

const Outcome = strict({ verdict: StringEnum(VERDICTS, 'verdict'), finalLoss: Finite, maxLoss: Finite, weightError: Finite });

export const Try = strict({
  why: Type.String(),
  change: Type.Array(Type.String(), { description: 'what it changes, as options' }),
  command: Type.String({ description: 'can be pasted' }),
  effect: Type.String({ description: 'what it did when it was tried' }),
  before: Outcome,
  after: Outcome,
});
export type Try = Static<typeof Try>;

export const ComparisonRun = strict({
  planHash: Hash,
  throttle: Type.String(),
  anchor: Type.String(),
  float: FloatSide,
  fixed: FixedSide,
  flags: Type.Optional(Type.Array(RaisedFlag, { description: "the hardware's flags in the fixed run; absent where the profile states none" })),
  difference: strict({
    lossRatio: Type.Union([Type.Number(), Type.Null()], { description: 'final loss, fixed over float' }),
    weightSqnrDb: Type.Union([Type.Number(), Type.Null()], { description: 'power of the float weights over that of their difference; null if there is none, or no finite one' }),
    partedAt: nullable(count),
  }),
  verdict: strict({
    float: StringEnum(VERDICTS, 'verdict'),
    fixed: StringEnum(VERDICTS, 'verdict'),
    why: Type.Array(Type.String()),
    try: Type.Array(Try),
  }),
});
export type ComparisonRun = Static<typeof ComparisonRun>;

/** What `qrails compare --json` prints. Non-finite numbers are null. */
export const Comparison = strict(
  {
    comparison: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the list of plan hashes' }),
      ...runNames,
      seed: count,
      steps: count,
      recorder: strict(
        { level: StringEnum(RECORD_LEVELS, 'level'), stripFrom: Type.Array(count, { description: 'first step of each part of a strip; empty below full' }) },
        { description: 'what is recorded at the sites; never changes a bit' },
      ),
      stressFrom: Type.Integer({ minimum: 0, description: 'first step of the first phase with the sensor on' }),
    }),
    runs: Type.Array(ComparisonRun),
    concerns: Type.Array(Concern, { description: 'what the formats cannot hold or resolve, seen before a step is run; warnings first' }),
  },
  { $id: 'https://qrails.invalid/schema/comparison.schema.json', title: 'qrails comparison' },
);
export type Comparison = Static<typeof Comparison>;
