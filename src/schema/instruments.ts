import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { SIDES, VALUE_COLUMNS, VALUE_NAMES, type ValueColumn } from '../instruments/columns.js';
import { SAMPLINGS, type Sampling } from '../instruments/meanSquare.js';
import { described, strict, StringEnum, runNames } from './common.js';

const Value = Type.Union([Type.Number(), Type.Null()]);
const nullable = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });
const count = Type.Integer({ minimum: 0 });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const each = <K extends string, T extends TSchema>(about: Readonly<Record<K, string>>, schema: T) =>
  Object.fromEntries((Object.entries(about) as [K, string][]).map(([name, text]) => [name, described(schema, text)])) as Record<K, T>;

const Limits = strict({
  batch: described(count, 'rows a step in the last phase'),
  learningRate: Type.Number({ description: 'η of the last phase, as the experiment states it' }),
  rows: described(count, 'rows the limits are of: the evaluation batch, as the sensor delivers it after the last step'),
  lambdaMin: Type.Number({ description: 'of XᵀX/N' }),
  lambdaMax: Type.Number({ description: 'of XᵀX/N' }),
  trace: Type.Number({ description: 'of XᵀX/N' }),
  gradientDescent: Type.Number({ description: '2/λmax' }),
  traceBound: Type.Number({ description: '2/trace' }),
  meanSquare: nullable(strict(each<Sampling, typeof Value>(SAMPLINGS, Value)), 'learning rates below which SGD is stable in the mean square; null for more inputs than it is computed for'),
});

const Range = strict({ min: Value, max: Value, last: Value }, { description: 'over the measured steps in which it is finite' });

const Side = strict({
  steps: described(count, 'steps that ran'),
  measured: described(count, 'of them, rows'),
  ranges: strict(each<ValueColumn, typeof Range>(VALUE_COLUMNS, Range)),
  unstableShare: nullable(Type.Number({ minimum: 0, maximum: 1 }), 'of the rows with a margin: those with α·η·λmax > 2'),
  batchSharpness: nullable(
    strict({ value: Type.Number(), batches: count, limit: Type.Number({ description: '2/η' }) }),
    'E[gᵀHg]/E[gᵀg] over batches of the evaluation batch, at the final parameters; null where every gradient is 0 or it is not finite',
  ),
  stabilityGap: nullable(
    strict({ minAccuracy: Value, worstCase: Value, windowedForgetting: Type.Array(Value), windowedPlasticity: Type.Array(Value) }),
    'of −loss, phases taken for tasks; null for one phase',
  ),
});
export type InstrumentSide = Static<typeof Side>;

const Row = strict({
  throttle: Type.String(), anchor: Type.String(), step: count, phase: count, side: StringEnum(SIDES, 'float64 or the target'),
  ...each<ValueColumn, typeof Value>(VALUE_COLUMNS, Value),
});

const InstrumentRun = strict({
  planHash: Hash,
  throttle: Type.String(),
  anchor: Type.String(),
  limits: nullable(Limits, 'of the learning rate; null for any network but one linear layer'),
  float: Side,
  fixed: Side,
  rows: Type.Array(Row, { description: 'step by step, float64 before the target' }),
});
export type InstrumentRun = Static<typeof InstrumentRun>;

/** What `qrails instruments --json` prints. What is not finite, or not there, is null. */
export const Instruments = strict(
  {
    instruments: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: described(Hash, 'of the list of plan hashes'),
      ...runNames,
      seed: count,
      steps: count,
    }),
    every: Type.Integer({ minimum: 1, description: 'steps between two rows' }),
    window: Type.Integer({ minimum: 2, description: 'evaluations in a window of the stability gap' }),
    columns: Type.Array(StringEnum(VALUE_NAMES, 'value'), { description: 'values of a row, in the order of the CSV' }),
    runs: Type.Array(InstrumentRun),
  },
  { $id: 'https://qrails.invalid/schema/instruments.schema.json', title: 'qrails instruments' },
);
export type Instruments = Static<typeof Instruments>;
