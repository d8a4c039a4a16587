/** What the C files of a plan must hold, written from the plan and docs/export.md alone: nothing here comes from src/export. */
import { ANCHORS, ESTIMATORS, THROTTLES } from '../../src/control/registry.js';
import type { Constant, Plan, SiteFormat } from '../../src/schema/plan.js';
import { parseFormat, quantise } from '../oracle/exact.js';

/** Ids as they are published: a header that is out there must not change its meaning. */
const ROUNDING_IDS: readonly string[] = [
  'TRN', 'TRN_ZERO', 'RND', 'RND_ZERO', 'RND_INF', 'RND_MIN_INF', 'RND_CONV', 'RND_CONV_ODD', 'STOCHASTIC', 'STOCHASTIC_EQUAL', 'JAM', 'JAM_UNBIASED',
];
const OVERFLOW_IDS: readonly string[] = ['SAT', 'SAT_ZERO', 'SAT_SYM', 'WRAP', 'WRAP_SM', 'TRAP'];

export interface ExpectedTable {
  readonly type: string;
  readonly values: readonly bigint[];
  /** Macro of its length. */
  readonly length: string;
}

export interface Expected {
  readonly integers: Map<string, bigint>;
  readonly reals: Map<string, number>;
  /** Must not be defined. */
  readonly absent: Set<string>;
  readonly tables: Map<string, ExpectedTable>;
}

const SHARES = [32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1];

/** `lower` and `UPPER` are the prefixes of tables and macros. */
export function expectedOf(plan: Plan, lower: string, finalRaw?: readonly (readonly number[])[]): Expected {
  const upper = lower.toUpperCase();
  const integers = new Map<string, bigint>();
  const reals = new Map<string, number>();
  const absent = new Set<string>();
  const tables = new Map<string, ExpectedTable>();
  const put = (name: string, value: bigint | number | boolean | string): void => {
    integers.set(`${upper}_${name}`, BigInt(value));
  };
  const table = (name: string, length: string, format: Pick<SiteFormat, 'signed' | 'wordLength'>, values: readonly (string | number | bigint)[]): void => {
    tables.set(`${lower}_${name}`, { type: stdint(format), values: values.map(BigInt), length: `${upper}_${length}` });
  };

  ROUNDING_IDS.forEach((mode, index) => put(`ROUNDING_${mode}`, index));
  OVERFLOW_IDS.forEach((mode, index) => put(`OVERFLOW_${mode}`, index));
  put('NUMERICS_VERSION', 1);
  put('LAYERS', plan.layers.length);
  put('PHASES', plan.phases.length);
  const when = ['each', 'pair', 'end'];
  when.forEach((word, index) => put(`ACCUMULATE_${word.toUpperCase()}`, index));
  put('ACCUMULATOR_ACCUMULATE', when.indexOf(plan.accumulate.accumulator));
  put('GRADIENT_ACCUMULATOR_ACCUMULATE', when.indexOf(plan.accumulate.gradientAccumulator));
  const division = ['exact', 'reciprocal', 'powerOfTwo'];
  ['EXACT', 'RECIPROCAL', 'POWER_OF_TWO'].forEach((word, index) => put(`BATCH_DIVISION_${word}`, index));
  put('BATCH_DIVISION', division.indexOf(plan.batchDivision));

  plan.phases.forEach(({ steps, batch, throttle, anchor, sensor }, p) => {
    for (const [word, value] of Object.entries({ STEPS: steps, BATCH: batch, THROTTLE: throttle, ANCHOR: anchor, SENSOR: sensor })) put(`PHASE${p}_${word}`, value);
    if (plan.batchDivision === 'reciprocal' && (batch & (batch - 1)) !== 0) {
      put(`PHASE${p}_RECIPROCAL`, quantise(1n, BigInt(batch), parseFormat(plan.sites['reciprocal']!)).raw);
    } else absent.add(`${upper}_PHASE${p}_RECIPROCAL`);
  });
  table('learning_rate', 'LEARNING_RATE_LEN', plan.sites['learningRate']!, plan.phases.map(({ learningRate }) => learningRate.raw));

  for (const [law, { id }] of Object.entries(THROTTLES)) put(`THROTTLE_LAW_${law.toUpperCase()}`, id);
  for (const [law, { id }] of Object.entries(ANCHORS)) put(`ANCHOR_LAW_${law.toUpperCase()}`, id);
  for (const [name, { id }] of Object.entries(ESTIMATORS)) put(`ESTIMATOR_${name.toUpperCase()}`, id);
  put('THROTTLE_LAW', THROTTLES[plan.throttle.law].id);
  put('ANCHOR_LAW', ANCHORS[plan.anchor.law].id);
  if (plan.throttle.estimator) put('ESTIMATOR', ESTIMATORS[plan.throttle.estimator].id);
  else absent.add(`${upper}_ESTIMATOR`);
  const parameters: Record<string, Constant | number | boolean | undefined> = {
    THROTTLE_CHI: plan.throttle.chi, THROTTLE_RHO: plan.throttle.rho, THROTTLE_FLOOR: plan.throttle.floor,
    THROTTLE_FIRST_ALPHA: plan.throttle.firstAlpha, THROTTLE_KEEP_STATE: plan.throttle.keepState,
    ANCHOR_LAMBDA: plan.anchor.lambda, ANCHOR_CALIBRATION: plan.anchor.calibration, ANCHOR_WINDOW: plan.anchor.window,
    ANCHOR_RATIO: plan.anchor.ratio, ANCHOR_CONSECUTIVE: plan.anchor.consecutive, ANCHOR_HOLD: plan.anchor.hold,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) absent.add(`${upper}_${name}`);
    else put(name, typeof value === 'object' ? value.raw : value);
  }
  if (plan.throttle.law === 'table') {
    const format = parseFormat(plan.sites['throttle']!);
    table('throttle_numerator', 'THROTTLE_TABLE_LEN', { signed: false, wordLength: 6 }, SHARES);
    table('throttle_table', 'THROTTLE_TABLE_LEN', plan.sites['throttle']!, SHARES.map((share) => quantise(BigInt(share), 32n, format).raw));
  } else absent.add(`${upper}_THROTTLE_TABLE_LEN`);

  plan.layers.forEach(({ inputs, outputs, activation, bias }, l) => {
    const layer = `LAYER${l}`;
    for (const [word, value] of Object.entries({ INPUTS: inputs, OUTPUTS: outputs, RELU: activation === 'relu', HAS_BIAS: bias })) put(`${layer}_${word}`, value);
    put(`${layer}_WEIGHT_ROWS`, outputs);
    put(`${layer}_WEIGHT_COLS`, inputs);
    put(`${layer}_WEIGHT_LEN`, outputs * inputs);
    put(`${layer}_BIAS_LEN`, bias ? outputs : 0);
    const { weightsRaw, biasRaw } = plan.initial[l]!;
    const weight = plan.sites[`layer${l}.weight`]!;
    const biasFormat = plan.sites[`layer${l}.bias`]!;
    table(`layer${l}_weight`, `${layer}_WEIGHT_LEN`, weight, weightsRaw.flat());
    if (bias) table(`layer${l}_bias`, `${layer}_BIAS_LEN`, biasFormat, biasRaw);
    if (!finalRaw) return;
    table(`layer${l}_weight_final`, `${layer}_WEIGHT_LEN`, weight, finalRaw[l]!.slice(0, outputs * inputs));
    if (bias) table(`layer${l}_bias_final`, `${layer}_BIAS_LEN`, biasFormat, finalRaw[l]!.slice(outputs * inputs));
  });
  for (const { length, values } of tables.values()) integers.set(length, BigInt(values.length));

  for (const [key, format] of Object.entries(plan.sites)) {
    const word = key.replace('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
    const { signed, wordLength, fractionLength, rounding, overflow, saturatedBits = 0, rails } = format;
    put(`${word}_WORD_BITS`, wordLength);
    put(`${word}_FRAC_BITS`, fractionLength);
    put(`${word}_SIGNED`, signed);
    put(`${word}_RAIL_LOW`, rails[0]);
    put(`${word}_RAIL_HIGH`, rails[1]);
    put(`${word}_ROUNDING`, ROUNDING_IDS.indexOf(rounding));
    put(`${word}_OVERFLOW`, OVERFLOW_IDS.indexOf(overflow));
    put(`${word}_SATURATED_BITS`, saturatedBits);
    reals.set(`${upper}_${word}_LSB`, 2 ** -fractionLength);
    if (fractionLength >= 0 && fractionLength <= (signed ? 62 : 63)) put(`${word}_SCALE`, 1n << BigInt(fractionLength));
    else absent.add(`${upper}_${word}_SCALE`);
  }
  return { integers, reals, absent, tables };
}

function stdint({ signed, wordLength }: Pick<SiteFormat, 'signed' | 'wordLength'>): string {
  const bits = wordLength <= 8 ? 8 : wordLength <= 16 ? 16 : wordLength <= 32 ? 32 : 64;
  return `${signed ? 'int' : 'uint'}${bits}_t`;
}
