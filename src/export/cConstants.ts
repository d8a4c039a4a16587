/** What a plan fixes besides formats and tables: network, phases, rules and the constants of its controllers. */
import {
  ANCHORS, ANCHOR_PARAMETERS, BALANCES, BALANCE_PARAMETERS, ESTIMATORS, SUPERVISORS, SUPERVISOR_PARAMETERS, THROTTLES, THROTTLE_PARAMETERS,
  type ParameterDefinition,
} from '../control/registry.js';
import { QrailsError } from '../errors.js';
import { formatName, rawToReal } from '../format/format.js';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { quantise } from '../format/quantise.js';
import type { Constant, Plan, SiteFormat } from '../schema/plan.js';
import { accumulateGroup, alignPlan } from '../plan/alignment.js';
import { BATCH_DIVISION, DIVIDERS, MAC_ORDERS } from '../schema/profile.js';
import { needsReciprocal } from './cReciprocals.js';
import { formatAt, scaleOf } from './cSites.js';
import { integerType, macroInteger } from './cInteger.js';
import { options, type Macro, type MacroGroup } from './cMacro.js';
import { rawsAt } from './cTable.js';
import { macroWord } from './cText.js';

/** Every constant of the plan that is no table, in groups. `prefix` begins every macro. */
export function constantGroups(plan: Plan, prefix: string): MacroGroup[] {
  return [
    { comment: 'rounding and overflow modes, named as in SystemC (IEEE 1666)', macros: [...options('ROUNDING', ROUNDINGS), ...options('OVERFLOW', OVERFLOWS)] },
    { comment: 'network', macros: networkMacros(plan) },
    { comment: 'when a running sum is quantised, and how a batch mean is taken', macros: ruleMacros(plan, prefix) },
    { comment: 'schedule, and the seed of order, noise and stochastic rounding', macros: scheduleMacros(plan) },
    ...plan.phases.map((_, index) => ({ comment: `phase ${index}`, macros: phaseMacros(plan, index) })),
    { comment: 'throttle', macros: throttleMacros(plan, prefix) },
    ...meanGroups(plan),
    { comment: 'anchor', macros: anchorMacros(plan, prefix) },
    { comment: 'supervisor', macros: supervisorMacros(plan, prefix) },
    { comment: 'balance of losses', macros: balanceMacros(plan, prefix) },
  ];
}

const unsigned = (value: number): string => macroInteger(BigInt(value), { signed: false, bits: value < 2 ** 32 ? 32 : 64 });
const flag = (value: boolean): string => (value ? '1' : '0');

function networkMacros(plan: Plan): Macro[] {
  return [
    { name: 'NUMERICS_VERSION', value: String(plan.numerics) },
    { name: 'LAYERS', value: unsigned(plan.layers.length) },
    ...plan.layers.flatMap(({ inputs, outputs, activation, bias }, layer) => [
      { name: `LAYER${layer}_INPUTS`, value: unsigned(inputs) },
      { name: `LAYER${layer}_OUTPUTS`, value: unsigned(outputs) },
      { name: `LAYER${layer}_RELU`, value: flag(activation === 'relu') },
      { name: `LAYER${layer}_SIGMOID`, value: flag(activation === 'sigmoid') },
      { name: `LAYER${layer}_HAS_BIAS`, value: flag(bias) },
    ]),
    { name: 'PHASES', value: unsigned(plan.phases.length) },
    ...errorMacros(plan),
  ];
}

/** Whether the last layer learns from the sign of its error, and 1 as an error. */
function errorMacros(plan: Plan): Macro[] {
  const signed = plan.errorRule === 'sign';
  const { errorOne } = plan;
  if (!signed || errorOne === undefined) return [{ name: 'ERROR_SIGN', value: flag(signed) }];
  const format = formatAt(plan, 'error', plan.layers.length - 1);
  return [{ name: 'ERROR_SIGN', value: flag(signed) }, rawMacro('ERROR_ONE', rawsAt([errorOne.raw], format, 'errorOne.raw')[0]!, format, String(errorOne.value))];
}

function ruleMacros({ accumulate, batchDivision, divide }: Plan, prefix: string): Macro[] {
  return [
    { name: 'ACCUMULATOR_GROUP', value: unsigned(accumulateGroup(accumulate.accumulator)), comment: 'products between two roundings of the sum; 0: once at the end' },
    { name: 'GRADIENT_ACCUMULATOR_GROUP', value: unsigned(accumulateGroup(accumulate.gradientAccumulator)) },
    ...options('MAC_ORDER', MAC_ORDERS.map(macroWord)),
    { name: 'MAC_ORDER', value: `${prefix}_MAC_ORDER_${macroWord(accumulate.order)}` },
    ...options('DIVIDER', DIVIDERS.map(macroWord)),
    { name: 'DIVIDER', value: `${prefix}_DIVIDER_${macroWord(divide.method)}` },
    { name: 'DIVIDER_BITS', value: unsigned(divide.bits ?? 0) },
    ...options('BATCH_DIVISION', BATCH_DIVISION.map(macroWord)),
    { name: 'BATCH_DIVISION', value: `${prefix}_BATCH_DIVISION_${macroWord(batchDivision)}` },
  ];
}

function scheduleMacros({ phases, seed }: Plan): Macro[] {
  return [{ name: 'RUN_STEPS', value: unsigned(stepsBefore(phases, phases.length)) }, { name: 'RUN_SEED', value: unsigned(seed) }];
}

const stepsBefore = (phases: Plan['phases'], index: number): number => phases.slice(0, index).reduce((sum, { steps }) => sum + steps, 0);

function phaseMacros(plan: Plan, index: number): Macro[] {
  const { steps, batch, throttle, anchor, supervisor, sensor } = plan.phases[index]!;
  const macros: Macro[] = [
    { name: `PHASE${index}_FIRST_STEP`, value: unsigned(stepsBefore(plan.phases, index)) },
    { name: `PHASE${index}_STEPS`, value: unsigned(steps) },
    { name: `PHASE${index}_BATCH`, value: unsigned(batch) },
    { name: `PHASE${index}_THROTTLE`, value: flag(throttle) },
    { name: `PHASE${index}_ANCHOR`, value: flag(anchor) },
    { name: `PHASE${index}_SUPERVISOR`, value: flag(supervisor) },
    { name: `PHASE${index}_SENSOR`, value: flag(sensor) },
  ];
  if (plan.batchDivision === 'reciprocal' && needsReciprocal(batch)) {
    const format = formatAt(plan, 'reciprocal');
    const { raw } = quantise({ numerator: 1n, denominator: BigInt(batch) }, format);
    macros.push(rawMacro(`PHASE${index}_RECIPROCAL`, raw, format, `1/${batch}`));
  }
  return macros;
}

function throttleMacros(plan: Plan, prefix: string): Macro[] {
  const { law, estimator } = plan.throttle;
  const estimators = Object.keys(ESTIMATORS);
  return [
    ...options('THROTTLE_LAW', Object.keys(THROTTLES).map(macroWord), (index) => Object.values(THROTTLES)[index]!.id),
    { name: 'THROTTLE_LAW', value: `${prefix}_THROTTLE_LAW_${macroWord(law)}` },
    ...options('ESTIMATOR', estimators.map(macroWord), (index) => Object.values(ESTIMATORS)[index]!.id),
    ...(estimator === undefined ? [] : [{ name: 'ESTIMATOR', value: `${prefix}_ESTIMATOR_${macroWord(estimator)}` }]),
    ...parameterMacros(plan, 'throttle', THROTTLES[law].parameters, THROTTLE_PARAMETERS),
  ];
}

/** Both coefficients of the moving mean, where the law has one. They add to exactly one, so that M + ρ·(C − M) is the same number as (1 − ρ)·M + ρ·C. */
function meanGroups(plan: Plan): MacroGroup[] {
  const { rho } = plan.throttle;
  if (rho === undefined) return [];
  const format = formatAt(plan, 'meanRate');
  const [raw] = rawsAt([rho.raw], format, 'throttle.rho.raw') as [bigint];
  const mean = rawMacro('MEAN_RATE', raw, format, String(rho.value));
  const scale = scaleOf(format);
  if (scale === undefined) return [{ comment: 'moving mean of the curvature; one has no raw in this format', macros: [mean] }];
  const rest = (1n << BigInt(format.fractionLength)) - raw;
  if (raw < 0n || rest < 0n) {
    throw new QrailsError({ code: 'invalid', where: 'throttle.rho', message: 'is no share', found: String(rawToReal(raw, format.fractionLength)), expected: '0 to 1' });
  }
  const kept: Macro = { name: 'ONE_MINUS_MEAN_RATE', value: scaleOf(format, raw)!, comment: String(rawToReal(rest, format.fractionLength)) };
  return [{ comment: 'moving mean of the curvature, M = ONE_MINUS_MEAN_RATE * M + MEAN_RATE * C: they add to MEAN_RATE_SCALE', macros: [mean, kept] }];
}

function anchorMacros(plan: Plan, prefix: string): Macro[] {
  const { law } = plan.anchor;
  return [
    ...options('ANCHOR_LAW', Object.keys(ANCHORS).map(macroWord), (index) => Object.values(ANCHORS)[index]!.id),
    { name: 'ANCHOR_LAW', value: `${prefix}_ANCHOR_LAW_${macroWord(law)}` },
    ...parameterMacros(plan, 'anchor', ANCHORS[law].parameters, ANCHOR_PARAMETERS),
    ...thresholdMacros(plan),
    ...gateMacros(plan),
  ];
}

function supervisorMacros(plan: Plan, prefix: string): Macro[] {
  const { law } = plan.supervisor;
  return [
    ...options('SUPERVISOR_LAW', Object.keys(SUPERVISORS).map(macroWord), (index) => Object.values(SUPERVISORS)[index]!.id),
    { name: 'SUPERVISOR_LAW', value: `${prefix}_SUPERVISOR_LAW_${macroWord(law)}` },
    ...parameterMacros(plan, 'supervisor', SUPERVISORS[law].parameters, SUPERVISOR_PARAMETERS),
  ];
}

function balanceMacros(plan: Plan, prefix: string): Macro[] {
  const law = plan.balance?.law ?? 'none';
  const outputs = plan.balance?.outputs ?? [];
  return [
    ...options('BALANCE_LAW', Object.keys(BALANCES).map(macroWord), (index) => Object.values(BALANCES)[index]!.id),
    { name: 'BALANCE_LAW', value: `${prefix}_BALANCE_LAW_${macroWord(law)}` },
    { name: 'BALANCE_LOSSES', value: unsigned(outputs.length) },
    ...outputs.map((count, loss) => ({ name: `BALANCE_LOSS${loss}_OUTPUTS`, value: unsigned(count) })),
    ...parameterMacros(plan, 'balance', BALANCES[law].parameters, BALANCE_PARAMETERS),
    ...(['firstShare', 'firstMean'] as const).flatMap((name) => {
      const constant = plan.balance?.[name];
      if (constant === undefined) return [];
      const format = formatAt(plan, name === 'firstShare' ? 'share' : 'shareMean');
      return [rawMacro(`BALANCE_${macroWord(name)}`, rawsAt([constant.raw], format, `balance.${name}.raw`)[0]!, format, String(constant.value))];
    }),
  ];
}

/** The threshold of the gated anchor as the largest magnitude of a gradient that it keeps out. */
function gateMacros(plan: Plan): Macro[] {
  const { threshold } = plan.anchor;
  if (threshold === undefined) return [];
  return alignPlan(plan).gates.map((gate, layer) => ({
    name: `LAYER${layer}_GATE`, value: macroInteger(gate, { signed: false, bits: 64 }), comment: `largest |g| with g^2 <= ${threshold}, raw of ${formatName(formatAt(plan, 'gradient', layer))}`,
  }));
}

/** κ·w of the event detector, which compares the statistic with κ·w times the variance. */
function thresholdMacros(plan: Plan): Macro[] {
  const { ratio, window } = plan.anchor;
  if (ratio === undefined || window === undefined) return [];
  const format = formatAt(plan, 'eventRatio');
  const raw = BigInt(ratio.raw) * BigInt(window);
  const wordLength = format.wordLength + window.toString(2).length;
  const real = String(rawToReal(raw, format.fractionLength));
  return [{ name: 'ANCHOR_THRESHOLD', value: macroInteger(raw, integerType({ signed: format.signed, wordLength })), comment: `${real}, RATIO * WINDOW with the fraction bits of EVENT_RATIO` }];
}

/** The parameters the law reads, no others. A real number that is not quantised at a site has no raw, and no macro; a choice has one for each of its words. */
function parameterMacros(plan: Plan, controller: 'throttle' | 'anchor' | 'supervisor' | 'balance', names: readonly string[], definitions: Record<string, ParameterDefinition>): Macro[] {
  const { law, ...values }: Record<string, unknown> = plan[controller] ?? {};
  return names.flatMap((parameter): Macro[] => {
    const { type, site, choices = [] } = definitions[parameter]!;
    const name = `${macroWord(controller)}_${macroWord(parameter)}`;
    const value = values[parameter];
    if (value === undefined) {
      throw new QrailsError({ code: 'invalid', where: `${controller}.${parameter}`, message: `the plan has no value for it, but ${String(law)} reads it` });
    }
    if (type === 'boolean') return [{ name, value: flag(value as boolean) }];
    if (type === 'integer') return [{ name, value: unsigned(value as number) }];
    if (type === 'choice') return [...options(name, choices.map(macroWord)), { name, value: String(choices.indexOf(value as string)), comment: value as string }];
    if (site === undefined) return [];
    const format = formatAt(plan, site);
    const { raw, value: asked } = value as Constant;
    return [rawMacro(name, rawsAt([raw], format, `${controller}.${parameter}.raw`)[0]!, format, String(asked))];
  });
}

function rawMacro(name: string, raw: bigint, format: SiteFormat, asked: string): Macro {
  const real = String(rawToReal(raw, format.fractionLength));
  const note = real === asked ? real : `${real} for ${asked}`;
  return { name, value: macroInteger(raw, integerType(format)), comment: `${note}, ${formatName(format)}` };
}
