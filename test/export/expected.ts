/** What the C files of a plan must hold, written from the plan and docs/export.md alone: nothing here comes from src/export. */
import { ANCHORS, ESTIMATORS, SUPERVISORS, THROTTLES } from '../../src/control/registry.js';
import type { Constant, Plan, SiteFormat } from '../../src/schema/plan.js';
import { fromBinary64, parseFormat, quantise } from '../oracle/exact.js';

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
  readonly texts: Map<string, string>;
  /** Must not be defined. */
  readonly absent: Set<string>;
  /** In the order of the files. */
  readonly tables: Map<string, ExpectedTable>;
}

const SHARES = [32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1];

/** `lower` and `UPPER` are the prefixes of tables and macros. */
export function expectedOf(plan: Plan, lower: string, finalRaw?: readonly (readonly number[])[]): Expected {
  const upper = lower.toUpperCase();
  const integers = new Map<string, bigint>();
  const reals = new Map<string, number>();
  const texts = new Map<string, string>();
  const absent = new Set<string>();
  const tables = new Map<string, ExpectedTable>();
  const put = (name: string, value: bigint | number | boolean | string): void => {
    integers.set(`${upper}_${name}`, BigInt(value));
  };
  const table = (name: string, length: string, format: Pick<SiteFormat, 'signed' | 'wordLength'>, values: readonly (string | number | bigint)[]): void => {
    tables.set(`${lower}_${name}`, { type: stdint(format), values: values.map(BigInt), length: `${upper}_${length}` });
  };

  const putFormat = (word: string, { signed, wordLength, fractionLength }: Pick<SiteFormat, 'signed' | 'wordLength' | 'fractionLength'>): void => {
    put(`${word}_WORD_BITS`, wordLength);
    put(`${word}_FRAC_BITS`, fractionLength);
    put(`${word}_SIGNED`, signed);
    reals.set(`${upper}_${word}_LSB`, 2 ** -fractionLength);
    if (fractionLength >= 0 && fractionLength <= (signed ? 62 : 63)) put(`${word}_SCALE`, 1n << BigInt(fractionLength));
    else absent.add(`${upper}_${word}_SCALE`);
  };

  ROUNDING_IDS.forEach((mode, index) => put(`ROUNDING_${mode}`, index));
  OVERFLOW_IDS.forEach((mode, index) => put(`OVERFLOW_${mode}`, index));
  put('NUMERICS_VERSION', 1);
  put('LAYERS', plan.layers.length);
  put('PHASES', plan.phases.length);
  const group = (when: Plan['accumulate']['accumulator']): number => (when === 'each' ? 1 : when === 'pair' ? 2 : when === 'end' ? 0 : when);
  put('ACCUMULATOR_GROUP', group(plan.accumulate.accumulator));
  put('GRADIENT_ACCUMULATOR_GROUP', group(plan.accumulate.gradientAccumulator));
  ['ASCENDING', 'DESCENDING'].forEach((word, index) => put(`MAC_ORDER_${word}`, index));
  put('MAC_ORDER', plan.accumulate.order === 'ascending' ? 0 : 1);
  ['EXACT', 'TABLE', 'POWER_OF_TWO', 'NONE'].forEach((word, index) => put(`DIVIDER_${word}`, index));
  put('DIVIDER', ['exact', 'table', 'powerOfTwo', 'none'].indexOf(plan.divide.method));
  put('DIVIDER_BITS', plan.divide.bits ?? 0);
  const division = ['exact', 'reciprocal', 'powerOfTwo'];
  ['EXACT', 'RECIPROCAL', 'POWER_OF_TWO'].forEach((word, index) => put(`BATCH_DIVISION_${word}`, index));
  put('BATCH_DIVISION', division.indexOf(plan.batchDivision));

  plan.layers.forEach(({ inputs, outputs, activation, bias }, l) => {
    const layer = `LAYER${l}`;
    for (const [word, value] of Object.entries({ INPUTS: inputs, OUTPUTS: outputs, RELU: activation === 'relu', SIGMOID: activation === 'sigmoid', HAS_BIAS: bias })) put(`${layer}_${word}`, value);
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
  put('RUN_STEPS', plan.phases.reduce((sum, { steps }) => sum + steps, 0));
  put('RUN_SEED', plan.seed);
  let first = 0;
  plan.phases.forEach(({ steps, batch, throttle, anchor, supervisor, sensor }, p) => {
    for (const [word, value] of Object.entries({ STEPS: steps, BATCH: batch, THROTTLE: throttle, ANCHOR: anchor, SUPERVISOR: supervisor, SENSOR: sensor })) put(`PHASE${p}_${word}`, value);
    put(`PHASE${p}_FIRST_STEP`, first);
    first += steps;
    if (plan.batchDivision === 'reciprocal' && (batch & (batch - 1)) !== 0) {
      put(`PHASE${p}_RECIPROCAL`, quantise(1n, BigInt(batch), parseFormat(plan.sites['reciprocal']!)).raw);
    } else absent.add(`${upper}_PHASE${p}_RECIPROCAL`);
  });
  table('learning_rate', 'LEARNING_RATE_LEN', plan.sites['learningRate']!, plan.phases.map(({ learningRate }) => learningRate.raw));
  const sizes = plan.batchDivision === 'reciprocal' ? walkedSizes(plan).filter((size) => (size & (size - 1)) !== 0) : [];
  if (sizes.length > 0) {
    table('reciprocal_batch', 'RECIPROCAL_LEN', { signed: false, wordLength: 16 }, sizes);
    table('reciprocal', 'RECIPROCAL_LEN', plan.sites['reciprocal']!, sizes.map((size) => quantise(1n, BigInt(size), parseFormat(plan.sites['reciprocal']!)).raw));
  } else absent.add(`${upper}_RECIPROCAL_LEN`);

  const word = (name: string): string => name.toUpperCase().replaceAll('-', '_');
  for (const [law, { id }] of Object.entries(THROTTLES)) put(`THROTTLE_LAW_${word(law)}`, id);
  for (const [law, { id }] of Object.entries(ANCHORS)) put(`ANCHOR_LAW_${word(law)}`, id);
  for (const [law, { id }] of Object.entries(SUPERVISORS)) put(`SUPERVISOR_LAW_${word(law)}`, id);
  ['NONE', 'NORMS'].forEach((law, id) => put(`BALANCE_LAW_${law}`, id));
  for (const [name, { id }] of Object.entries(ESTIMATORS)) put(`ESTIMATOR_${word(name)}`, id);
  put('ERROR_SIGN', plan.errorRule === 'sign');
  put('BALANCE_LAW', plan.balance ? 1 : 0);
  put('BALANCE_LOSSES', plan.balance?.outputs?.length ?? 0);
  plan.balance?.outputs?.forEach((outputs, loss) => put(`BALANCE_LOSS${loss}_OUTPUTS`, outputs));
  put('SUPERVISOR_LAW', SUPERVISORS[plan.supervisor.law].id);
  put('THROTTLE_LAW', THROTTLES[plan.throttle.law].id);
  put('ANCHOR_LAW', ANCHORS[plan.anchor.law].id);
  if (plan.throttle.estimator) put('ESTIMATOR', ESTIMATORS[plan.throttle.estimator].id);
  else absent.add(`${upper}_ESTIMATOR`);
  const { rho } = plan.throttle;
  const meanFraction = plan.sites['meanRate']!.fractionLength;
  if (rho) put('MEAN_RATE', rho.raw);
  else absent.add(`${upper}_MEAN_RATE`);
  if (rho && meanFraction >= 0 && meanFraction <= (plan.sites['meanRate']!.signed ? 62 : 63)) put('ONE_MINUS_MEAN_RATE', (1n << BigInt(meanFraction)) - BigInt(rho.raw));
  else absent.add(`${upper}_ONE_MINUS_MEAN_RATE`);
  const { ratio, window } = plan.anchor;
  if (ratio) put('ANCHOR_THRESHOLD', BigInt(ratio.raw) * BigInt(window!));
  else absent.add(`${upper}_ANCHOR_THRESHOLD`);
  const parameters: Record<string, Constant | number | boolean | undefined> = {
    THROTTLE_CHI: plan.throttle.chi, THROTTLE_RHO: plan.throttle.rho, THROTTLE_FLOOR: plan.throttle.floor,
    THROTTLE_FIRST_ALPHA: plan.throttle.firstAlpha, THROTTLE_KEEP_STATE: plan.throttle.keepState, THROTTLE_HOLD_CURVATURE: plan.throttle.holdCurvature,
    THROTTLE_GAIN: plan.throttle.gain, THROTTLE_MOMENTUM: plan.throttle.momentum, THROTTLE_TAU: plan.throttle.tau,
    THROTTLE_ROW_RAIL: plan.throttle.rowRail, THROTTLE_COLUMN_RAIL: plan.throttle.columnRail, THROTTLE_BIAS_RAIL: plan.throttle.biasRail,
    ANCHOR_AVERAGE_RATE: plan.anchor.averageRate, ANCHOR_IMPORTANCE_RATE: plan.anchor.importanceRate, ANCHOR_POWER: plan.anchor.power,
    SUPERVISOR_MARGIN: plan.supervisor.margin, SUPERVISOR_RATE: plan.supervisor.rate, SUPERVISOR_SLACK: plan.supervisor.slack, SUPERVISOR_LIMIT: plan.supervisor.limit,
    SUPERVISOR_BACKOFF: plan.supervisor.backoff, SUPERVISOR_RECOVERY: plan.supervisor.recovery, SUPERVISOR_PATIENCE: plan.supervisor.patience,
    BALANCE_SHARE_RATE: plan.balance?.shareRate, BALANCE_FLOOR: plan.balance?.floor, BALANCE_WARMUP: plan.balance?.warmup,
    BALANCE_FIRST_SHARE: plan.balance?.firstShare, BALANCE_FIRST_MEAN: plan.balance?.firstMean, ERROR_ONE: plan.errorOne,
    ANCHOR_LAMBDA: plan.anchor.lambda, ANCHOR_CALIBRATION: plan.anchor.calibration, ANCHOR_WINDOW: plan.anchor.window,
    ANCHOR_RATIO: plan.anchor.ratio, ANCHOR_CONSECUTIVE: plan.anchor.consecutive, ANCHOR_HOLD: plan.anchor.hold,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) absent.add(`${upper}_${name}`);
    else put(name, typeof value === 'object' ? value.raw : value);
  }
  const importances = ['mas', 'ewc', 'si'];
  if (plan.anchor.importance === undefined) absent.add(`${upper}_ANCHOR_IMPORTANCE`);
  else {
    importances.forEach((name, index) => put(`ANCHOR_IMPORTANCE_${name.toUpperCase()}`, index));
    put('ANCHOR_IMPORTANCE', importances.indexOf(plan.anchor.importance));
  }
  plan.layers.forEach((_, l) => {
    const { threshold } = plan.anchor;
    if (threshold === undefined) return absent.add(`${upper}_LAYER${l}_GATE`);
    return put(`LAYER${l}_GATE`, gateOf(threshold, plan.sites[`layer${l}.gradient`]!.fractionLength));
  });
  if (plan.throttle.law === 'table') {
    const format = parseFormat(plan.sites['throttle']!);
    table('throttle_numerator', 'THROTTLE_TABLE_LEN', { signed: false, wordLength: 6 }, SHARES);
    table('throttle_table', 'THROTTLE_TABLE_LEN', plan.sites['throttle']!, SHARES.map((share) => quantise(BigInt(share), 32n, format).raw));
    putFormat('THROTTLE_NUMERATOR', { signed: false, wordLength: 6, fractionLength: 5 });
  } else absent.add(`${upper}_THROTTLE_TABLE_LEN`);
  if (plan.sigmoid) table('sigmoid', 'SIGMOID_LEN', plan.sites[`layer${plan.layers.length - 1}.activation`]!, plan.sigmoid);
  else absent.add(`${upper}_SIGMOID_LEN`);
  const { law, estimator } = plan.throttle;
  // a mean over the batch is no quotient of a controller, nor is an integrator
  const measured = estimator !== undefined && estimator !== 'trace';
  if ((['gt0', 'gt2-qa', 'rails', 'clip'].includes(law) || measured || plan.anchor.law === 'gated' || plan.balance) && plan.divide.method === 'table') {
    const k = plan.divide.bits!;
    const format = { signed: false, wordLength: k + 1, fractionLength: k + 1 };
    table('divider_reciprocal', 'DIVIDER_RECIPROCAL_LEN', format, Array.from({ length: 2 ** k }, (_, index) => reciprocalOf(2 ** k + index, k)));
    putFormat('DIVIDER_RECIPROCAL', format);
  } else absent.add(`${upper}_DIVIDER_RECIPROCAL_LEN`);
  // none of these plans has a sensor
  put('DRIFT_LEN', 0);

  for (const { length, values } of tables.values()) integers.set(length, BigInt(values.length));

  for (const [key, format] of Object.entries(plan.sites)) {
    const word = key.replace('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
    const { rounding, overflow, saturatedBits = 0, rails } = format;
    putFormat(word, format);
    put(`${word}_RAIL_LOW`, rails[0]);
    put(`${word}_RAIL_HIGH`, rails[1]);
    put(`${word}_ROUNDING`, ROUNDING_IDS.indexOf(rounding));
    put(`${word}_OVERFLOW`, OVERFLOW_IDS.indexOf(overflow));
    put(`${word}_SATURATED_BITS`, saturatedBits);
  }
  put('TABLES', tables.size);
  [...tables.keys()].forEach((name, index) => texts.set(`${upper}_TABLE${index + 1}_NAME`, name));
  return { integers, reals, texts, absent, tables };
}

/** Sizes of the batches of a run, ascending, by walking over it (docs/numerics.md §8). */
function walkedSizes({ phases, lastBatch, data: { rows } }: Plan): number[] {
  const sizes = new Set<number>();
  let next = 0;
  for (const { steps, batch } of phases) {
    for (let step = 0; step < steps; step++) {
      if (lastBatch !== 'keep') sizes.add(batch);
      else {
        sizes.add(Math.min(batch, rows - next));
        next = next + batch >= rows ? 0 : next + batch;
      }
    }
  }
  return [...sizes].sort((a, b) => a - b);
}

/** R of docs/numerics.md §6.1: the integer nearest to 2^(2k+2) / (2m + 1), which is never half way. */
function reciprocalOf(m: number, k: number): bigint {
  const power = 1n << BigInt(2 * k + 2);
  const divisor = BigInt(2 * m + 1);
  const rest = power % divisor;
  return power / divisor + (2n * rest > divisor ? 1n : 0n);
}

/** The largest integer whose square times 2^-2F is not above the threshold. */
function gateOf(threshold: number, fractionLength: number): bigint {
  const { n, f } = fromBinary64(threshold);
  const above = (raw: bigint): boolean => {
    const shift = f - 2 * fractionLength;
    return shift >= 0 ? raw * raw << BigInt(shift) > n : raw * raw > n << BigInt(-shift);
  };
  let raw = 0n;
  for (let bit = 1n << 32n; bit > 0n; bit >>= 1n) if (!above(raw + bit)) raw += bit;
  return raw;
}

function stdint({ signed, wordLength }: Pick<SiteFormat, 'signed' | 'wordLength'>): string {
  const bits = wordLength <= 8 ? 8 : wordLength <= 16 ? 16 : wordLength <= 32 ? 32 : 64;
  return `${signed ? 'int' : 'uint'}${bits}_t`;
}
