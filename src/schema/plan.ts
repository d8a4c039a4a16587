import { Type, type Static, type TOptional, type TSchema } from '@sinclair/typebox';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import {
  ANCHORS, ANCHOR_PARAMETERS, BALANCES, BALANCE_PARAMETERS, ESTIMATORS, MOST_LOSSES, SIGMOID, SUPERVISORS, SUPERVISOR_PARAMETERS, THROTTLES, THROTTLE_PARAMETERS,
  type AnchorLaw, type BalanceLaw, type Estimator, type ParameterDefinition, type SupervisorLaw, type ThrottleLaw,
} from '../control/registry.js';
import { ACTIVATIONS, ERROR_RULES } from './experiment.js';
import { Accumulate, BATCH_DIVISION, DIVIDERS, MAC_ORDERS } from './profile.js';
import { SensorModel } from './sensor.js';
import { StringEnum, described, strict } from './common.js';

/** A raw integer as decimal text: exact at any width. */
export const Raw = Type.String({ pattern: '^-?(0|[1-9][0-9]{0,39})$', description: 'raw integer' });

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** A format with everything a quantiser needs to know. */
export const SiteFormat = strict({
  signed: Type.Boolean(),
  wordLength: Type.Integer({ minimum: 2, maximum: 64 }),
  fractionLength: Type.Integer({ minimum: -64, maximum: 128 }),
  rounding: StringEnum(ROUNDINGS, 'rounding mode'),
  overflow: StringEnum(OVERFLOWS, 'overflow mode'),
  saturatedBits: Type.Optional(Type.Integer({ minimum: 0, maximum: 64, description: 'n of WRAP and WRAP_SM; 0 where absent' })),
  rails: Type.Tuple([Raw, Raw], { description: 'smallest and largest raw let through' }),
});
export type SiteFormat = Static<typeof SiteFormat>;

/** A real constant: its binary64 value for the reference and its raw at the site's format for the target. */
export const Constant = strict({ value: Type.Number(), raw: Raw });
export type Constant = Static<typeof Constant>;

export const PlanPhase = strict({
  steps: count('steps'),
  batch: count('samples a step'),
  learningRate: Constant,
  throttle: Type.Boolean(),
  anchor: Type.Boolean(),
  supervisor: Type.Boolean(),
  sensor: Type.Boolean(),
});
export type PlanPhase = Static<typeof PlanPhase>;

/** A controller's parameters as a plan holds them, those of its law only. */
function parameters<P extends string, D extends Readonly<Record<P, ParameterDefinition>>>(definitions: D) {
  const schemas = Object.fromEntries(
    Object.entries<ParameterDefinition>(definitions).map(([name, { type, site, choices, about }]) => [
      name,
      Type.Optional(
        type === 'boolean' ? Type.Boolean()
        : type === 'choice' ? StringEnum(choices!, about)
        : type === 'integer' ? count(about)
        : site === undefined ? Type.Number()
        : Constant,
      ),
    ]),
  );
  return schemas as { [K in keyof D]: TOptional<TSchema & { static: PlanParameter<D[K]> }> };
}
type PlanParameter<D extends ParameterDefinition> =
  D['type'] extends 'boolean' ? boolean : D['type'] extends 'choice' ? string : D['type'] extends 'integer' ? number : D extends { site: string } ? Constant : number;

export const PlanThrottle = strict({
  law: StringEnum(Object.keys(THROTTLES) as ThrottleLaw[], 'law'),
  estimator: Type.Optional(StringEnum(Object.keys(ESTIMATORS) as Estimator[], 'estimator')),
  ...parameters(THROTTLE_PARAMETERS),
});
export type PlanThrottle = Static<typeof PlanThrottle>;

export const PlanAnchor = strict({ law: StringEnum(Object.keys(ANCHORS) as AnchorLaw[], 'law'), ...parameters(ANCHOR_PARAMETERS) });
export type PlanAnchor = Static<typeof PlanAnchor>;

export const PlanSupervisor = strict({ law: StringEnum(Object.keys(SUPERVISORS) as SupervisorLaw[], 'law'), ...parameters(SUPERVISOR_PARAMETERS) });
export type PlanSupervisor = Static<typeof PlanSupervisor>;

export const PlanBalance = strict({
  law: StringEnum(Object.keys(BALANCES) as BalanceLaw[], 'law'),
  outputs: Type.Optional(Type.Array(count('outputs of one loss'), { minItems: 2, maxItems: MOST_LOSSES })),
  firstShare: Type.Optional(described(Constant, '1/K at `share`')),
  firstMean: Type.Optional(described(Constant, '1/K at `shareMean`')),
  ...parameters(BALANCE_PARAMETERS),
});
export type PlanBalance = Static<typeof PlanBalance>;

/** One run, with every default filled in and every constant already raw. Its hash is SHA-256 over its canonical JSON (RFC 8785). */
export const Plan = strict(
  {
    plan: Type.Literal(1, { description: 'version of this document' }),
    numerics: Type.Literal(1, { description: 'version of docs/numerics.md' }),
    layers: Type.Array(
      strict({
        inputs: count('inputs'),
        outputs: count('outputs'),
        activation: StringEnum(ACTIVATIONS, 'activation'),
        bias: Type.Boolean(),
      }),
      { minItems: 1, maxItems: 16 },
    ),
    initial: Type.Array(
      strict({
        weights: Type.Array(Type.Array(Type.Number()), { description: '[output][input]' }),
        bias: Type.Array(Type.Number(), { description: 'empty without a bias' }),
        weightsRaw: Type.Array(Type.Array(Raw)),
        biasRaw: Type.Array(Raw),
      }),
    ),
    data: strict({ rows: count('rows'), inputs: count('channels'), targets: count('targets'), sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the prepared rows: inputs then targets, binary64, little-endian' }) }),
    order: StringEnum(['sequential', 'shuffled'] as const, 'order'),
    lastBatch: StringEnum(['keep', 'drop', 'wrap'] as const, 'partial batches'),
    seed: count('seed of order and noise'),
    phases: Type.Array(PlanPhase, { minItems: 1, maxItems: 100 }),
    sensor: SensorModel,
    sites: Type.Record(Type.String(), SiteFormat, { description: 'every site by key' }),
    accumulate: strict({ accumulator: Accumulate, gradientAccumulator: Accumulate, order: StringEnum(MAC_ORDERS, 'order of the products in a sum') }),
    divide: strict({ method: StringEnum(DIVIDERS, 'how controllers take a quotient'), bits: Type.Optional(count('index bits of the table of reciprocals')) }),
    batchDivision: StringEnum(BATCH_DIVISION, 'rule'),
    errorRule: StringEnum(ERROR_RULES, 'what the last layer learns from'),
    errorOne: Type.Optional(described(Constant, '1 as an error; where it learns from the sign')),
    sigmoid: Type.Optional(Type.Array(Raw, { minItems: SIGMOID.entries, maxItems: SIGMOID.entries, description: 'table of the sigmoid; where the last layer has one' })),
    throttle: PlanThrottle,
    anchor: PlanAnchor,
    supervisor: PlanSupervisor,
    balance: Type.Optional(described(PlanBalance, 'where losses are balanced')),
    divergedLoss: Type.Number(),
    evaluationRows: count('rows of the final loss'),
  },
  { $id: 'https://qrails.invalid/schema/plan.schema.json', title: 'qrails plan: one run' },
);
export type Plan = Static<typeof Plan>;
