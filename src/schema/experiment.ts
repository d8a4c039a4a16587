import { Type, type Static, type TNumber, type TOptional, type TSchema } from '@sinclair/typebox';
import {
  ANCHORS, ANCHOR_PARAMETERS, BALANCES, BALANCE_PARAMETERS, ESTIMATORS, MOST_LOSSES, SUPERVISORS, SUPERVISOR_PARAMETERS, THROTTLES, THROTTLE_ALIASES, THROTTLE_PARAMETERS,
  type AnchorLaw, type AnchorParameter, type BalanceLaw, type BalanceParameter, type Estimator, type ParameterDefinition, type SupervisorLaw, type SupervisorParameter, type ThrottleAlias, type ThrottleLaw, type ThrottleParameter,
} from '../control/registry.js';
import { VERDICT_THRESHOLDS, type VerdictThreshold } from '../compare/thresholds.js';
import { header, LAST_SEED, MOST_STEPS, Real, strict, StringEnum } from './common.js';

const keys = <K extends string>(record: Record<K, unknown>): K[] => Object.keys(record) as K[];

function parameterSchemas<K extends string>(parameters: Record<K, ParameterDefinition>) {
  const schemas = Object.fromEntries(
    (Object.entries(parameters) as [K, ParameterDefinition][]).map(([name, { type, minimum, maximum, choices, about }]) => {
      const schema: TSchema =
        type === 'boolean' ? Type.Boolean({ description: about })
        : type === 'choice' ? StringEnum(choices!, about)
        : type === 'integer' ? Type.Integer({ minimum: minimum!, maximum: maximum!, description: about })
        : { ...Real, description: `${about} (${minimum} to ${maximum})` };
      return [name, Type.Optional(schema)];
    }),
  );
  return schemas as { [P in K]: TOptional<TSchema> };
}

export type ParameterValues<K extends string> = { [P in K]?: number | string | boolean };

const positive = (maximum: number, description: string) => Type.Integer({ minimum: 1, maximum, description });
const finite = (description: string) => Type.Number({ description });

/** What a layer does with its sums. */
export const ACTIVATIONS = ['linear', 'relu', 'sigmoid'] as const;
export type Activation = (typeof ACTIVATIONS)[number];
export const ERROR_RULES = ['difference', 'sign'] as const;

const matrix = (description: string) =>
  Type.Array(Type.Array(finite('weight'), { minItems: 1, maxItems: 4096 }), { minItems: 1, maxItems: 4096, description });
const vector = (description: string) => Type.Array(finite('bias'), { minItems: 1, maxItems: 4096, description });

/** What a teacher answers by. */
const hidden = Type.Optional(
  strict({ weights: matrix('H, one row per hidden neuron'), bias: Type.Optional(vector('h; default 0')) }, { description: 'a layer before A: y = A·max(H·x + h, 0) + bias' }),
);
const bias = Type.Optional(vector('one per output; default 0'));
const row = (minimum: number, description: string) => Type.Integer({ minimum, maximum: 10_000_000, description });

const Teacher = strict({
  kind: Type.Literal('teacher'),
  rows: positive(10_000_000, 'samples drawn'),
  weights: matrix('A, one row per output: y = A·x + bias'),
  bias,
  low: Type.Optional(finite('inputs are uniform in [low, high); default 0')),
  high: Type.Optional(finite('default 1')),
  noise: Type.Optional(Type.Number({ minimum: 0, description: 'standard deviation added to each target; default 0' })),
  hidden,
  changes: Type.Optional(
    Type.Array(strict({ row: row(1, 'first row, counted from 0, it holds for'), hidden, weights: Type.Optional(matrix('A from here on')), bias }), {
      minItems: 1, maxItems: 100, description: 'other teachers of the same size from some row on, in rising order; what one does not state stays',
    }),
  ),
  labels: Type.Optional(Type.Boolean({ description: 'targets are 1 where the teacher answers above 0, noise included, else 0; default false' })),
  flips: Type.Optional(
    Type.Array(
      strict({
        share: Type.Number({ minimum: 0, maximum: 1, description: 'probability that a label is the other one' }),
        from: Type.Optional(row(0, 'first row; default 0')),
        to: Type.Optional(row(1, 'first row after them; default all rows')),
      }),
      { minItems: 1, maxItems: 100, description: 'noise of labels; where several hold the last one counts' },
    ),
  ),
});

/** How a column of a recording becomes a number near one: (cell − offset) × scale. */
const columns = <T extends TSchema>(column: T) =>
  Type.Array(Type.Union([column, strict({ column, offset: Type.Optional(finite('default 0')), scale: Type.Optional(finite('default 1')) })]), { minItems: 1, maxItems: 4096 });

const file = Type.String({ minLength: 1, maxLength: 1000, description: 'path relative to the experiment file' });
const heading = Type.String({ minLength: 1, maxLength: 200, description: 'heading of the column' });
const position = Type.Integer({ minimum: 0, maximum: 65535, description: 'column of the array, from 0' });

/** What columns, wherever they are read from, become samples by. */
const sampling = {
  scaling: Type.Optional(
    Type.Union([
      strict({ method: Type.Literal('declared') }),
      strict({ method: StringEnum(['standard', 'range'] as const, 'standard: mean and standard deviation; range: minimum and maximum to −1…1'), rows: positive(100_000_000, 'measured on this many first rows') }),
    ], { description: 'columns without offset and scale of their own: as declared (0 and 1), or measured on a prefix' }),
  ),
  lags: Type.Optional(Type.Integer({ minimum: 1, maximum: 4096, description: 'window: each input at this row and the rows before it, newest first, input by input; default 1' })),
  ahead: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'targets are taken this many rows later; default 0' })),
  missing: Type.Optional(StringEnum(['refuse', 'skip', 'hold'] as const, 'empty cells (NaN in an array): refuse the file (default), skip samples that touch one, or hold the last value')),
  limit: Type.Optional(positive(100_000_000, 'read at most this many rows')),
};

const CsvRecording = strict({
  kind: Type.Literal('csv'), file, inputs: columns(heading), targets: columns(heading), ...sampling,
  delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1, description: 'default ,' })),
});
const NpyRecording = strict({ kind: Type.Literal('npy'), file, inputs: columns(position), targets: columns(position), ...sampling });

export const Data = Type.Union([Teacher, CsvRecording, NpyRecording]);
export type Data = Static<typeof Data>;
export type TeacherData = Static<typeof Teacher>;
export type CsvData = Static<typeof CsvRecording>;
export type NpyData = Static<typeof NpyRecording>;
export type RecordingData = CsvData | NpyData;

export const Phase = strict({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  steps: Type.Optional(positive(MOST_STEPS, 'steps; give this or epochs')),
  epochs: Type.Optional(positive(1_000_000, 'passes over the data')),
  learningRate: Real,
  batch: Type.Union([positive(10_000_000, 'samples a step'), Type.Literal('all')]),
  throttle: Type.Optional(Type.Boolean({ description: 'default true' })),
  anchor: Type.Optional(Type.Boolean({ description: 'default true' })),
  supervisor: Type.Optional(Type.Boolean({ description: 'default true' })),
  sensor: Type.Optional(Type.Boolean({ description: 'default false' })),
});

export const ThrottleSpec = strict({
  law: StringEnum([...keys(THROTTLES), ...keys(THROTTLE_ALIASES)], 'law'),
  estimator: Type.Optional(StringEnum(keys(ESTIMATORS), 'what measures curvature') as TSchema & { static: Estimator }),
  ...parameterSchemas(THROTTLE_PARAMETERS),
});
export type ThrottleSpec = { law: ThrottleLaw | ThrottleAlias; estimator?: Estimator } & ParameterValues<ThrottleParameter>;

export const AnchorSpec = strict({
  law: StringEnum(keys(ANCHORS), 'law'),
  ...parameterSchemas(ANCHOR_PARAMETERS),
});
export type AnchorSpec = { law: AnchorLaw } & ParameterValues<AnchorParameter>;

export const SupervisorSpec = strict({
  law: StringEnum(keys(SUPERVISORS), 'law'),
  ...parameterSchemas(SUPERVISOR_PARAMETERS),
});
const outputsOfLosses = Type.Array(positive(4096, 'outputs of one loss'), { minItems: 2, maxItems: MOST_LOSSES, description: 'outputs of the last layer by loss, in order; together all of them' });
export const BalanceSpec = strict({ law: StringEnum(keys(BALANCES), 'law'), outputs: Type.Optional(outputsOfLosses), ...parameterSchemas(BALANCE_PARAMETERS) });
export type BalanceSpec = { law: BalanceLaw; outputs?: number[] } & ParameterValues<BalanceParameter>;

export type SupervisorSpec = { law: SupervisorLaw } & ParameterValues<SupervisorParameter>;

export const Experiment = strict(
  {
    ...header,
    model: strict({
      layers: Type.Array(
        strict({
          outputs: positive(4096, 'neurons'),
          activation: Type.Optional(StringEnum(ACTIVATIONS, 'default linear; relu belongs to hidden layers, sigmoid to the last')),
          bias: Type.Optional(Type.Boolean({ description: 'default false' })),
        }),
        { minItems: 1, maxItems: 16 },
      ),
      errorRule: Type.Optional(StringEnum(ERROR_RULES, 'what the last layer learns from: the difference to the target (default), or its sign (sign LMS)')),
      initial: Type.Optional(
        Type.Union([
          strict({ kind: Type.Literal('zero') }),
          strict({ kind: Type.Literal('glorot'), scale: Type.Optional(Type.Number({ minimum: 0, description: 'default 1' })) }),
          strict({
            kind: Type.Literal('values'),
            layers: Type.Array(
              strict({ weights: Type.Array(Type.Array(finite('weight'), { maxItems: 65536 }), { maxItems: 4096 }), bias: Type.Optional(Type.Array(finite('bias'), { maxItems: 4096 })) }),
              { minItems: 1, maxItems: 16 },
            ),
          }),
        ], { description: 'default glorot: uniform in ±√(6/(inputs + outputs)), biases 0' }),
      ),
    }),
    data: Data,
    order: Type.Optional(StringEnum(['sequential', 'shuffled'] as const, 'default sequential')),
    lastBatch: Type.Optional(StringEnum(['keep', 'drop', 'wrap'] as const, 'what a pass does with the samples left over; default keep')),
    phases: Type.Array(Phase, { minItems: 1, maxItems: 100 }),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: LAST_SEED, description: 'draws data, glorot weights, order and noise; default 42' })),
    profile: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'target used when none is named' })),
    sensor: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'sensor used when none is named; default none' })),
    throttle: Type.Optional(ThrottleSpec),
    anchor: Type.Optional(AnchorSpec),
    supervisor: Type.Optional(SupervisorSpec),
    balance: Type.Optional(BalanceSpec),
    divergedLoss: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'a step whose loss is above this has diverged; default 1e6' })),
    evaluation: Type.Optional(strict({ rows: positive(1_000_000, 'last rows the final loss is measured on; default 1000') })),
    verdict: Type.Optional(
      strict(
        Object.fromEntries(
          Object.entries(VERDICT_THRESHOLDS).map(([name, { default: value, about }]) => [name, Type.Optional(Type.Number({ exclusiveMinimum: 0, description: `${about}; default ${value}` }))]),
        ) as Record<VerdictThreshold, TOptional<TNumber>>,
      ),
    ),
  },
  { $id: 'https://qrails.invalid/schema/experiment.schema.json', title: 'qrails experiment' },
);
export type Experiment = Omit<Static<typeof Experiment>, 'throttle' | 'anchor' | 'supervisor' | 'balance'> & {
  throttle?: ThrottleSpec; anchor?: AnchorSpec; supervisor?: SupervisorSpec; balance?: BalanceSpec;
};
