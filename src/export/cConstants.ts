/** What a plan fixes besides formats and tables: network, phases, rules and the constants of its controllers. */
import {
  ANCHORS, ANCHOR_PARAMETERS, ESTIMATORS, THROTTLES, THROTTLE_PARAMETERS,
  type ParameterDefinition,
} from '../control/registry.js';
import { QrailsError } from '../errors.js';
import { formatName, rawToReal } from '../format/format.js';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { quantise } from '../format/quantise.js';
import type { Constant, Plan, SiteFormat } from '../schema/plan.js';
import { ACCUMULATE, BATCH_DIVISION } from '../schema/profile.js';
import { formatAt } from './cSites.js';
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
    ...plan.phases.map((_, index) => ({ comment: `phase ${index}`, macros: phaseMacros(plan, index) })),
    { comment: 'throttle', macros: throttleMacros(plan, prefix) },
    { comment: 'anchor', macros: anchorMacros(plan, prefix) },
  ];
}

const unsigned = (value: number): string => `${value}U`;
const flag = (value: boolean): string => (value ? '1' : '0');

function networkMacros(plan: Plan): Macro[] {
  return [
    { name: 'NUMERICS_VERSION', value: String(plan.numerics) },
    { name: 'LAYERS', value: unsigned(plan.layers.length) },
    ...plan.layers.flatMap(({ inputs, outputs, activation, bias }, layer) => [
      { name: `LAYER${layer}_INPUTS`, value: unsigned(inputs) },
      { name: `LAYER${layer}_OUTPUTS`, value: unsigned(outputs) },
      { name: `LAYER${layer}_RELU`, value: flag(activation === 'relu') },
      { name: `LAYER${layer}_HAS_BIAS`, value: flag(bias) },
    ]),
    { name: 'PHASES', value: unsigned(plan.phases.length) },
  ];
}

function ruleMacros({ accumulate, batchDivision }: Plan, prefix: string): Macro[] {
  return [
    ...options('ACCUMULATE', ACCUMULATE.map(macroWord)),
    { name: 'ACCUMULATOR_ACCUMULATE', value: `${prefix}_ACCUMULATE_${macroWord(accumulate.accumulator)}` },
    { name: 'GRADIENT_ACCUMULATOR_ACCUMULATE', value: `${prefix}_ACCUMULATE_${macroWord(accumulate.gradientAccumulator)}` },
    ...options('BATCH_DIVISION', BATCH_DIVISION.map(macroWord)),
    { name: 'BATCH_DIVISION', value: `${prefix}_BATCH_DIVISION_${macroWord(batchDivision)}` },
  ];
}

function phaseMacros(plan: Plan, index: number): Macro[] {
  const { steps, batch, throttle, anchor, sensor } = plan.phases[index]!;
  const macros: Macro[] = [
    { name: `PHASE${index}_STEPS`, value: unsigned(steps) },
    { name: `PHASE${index}_BATCH`, value: unsigned(batch) },
    { name: `PHASE${index}_THROTTLE`, value: flag(throttle) },
    { name: `PHASE${index}_ANCHOR`, value: flag(anchor) },
    { name: `PHASE${index}_SENSOR`, value: flag(sensor) },
  ];
  // a power of two is an exact shift whatever the rule
  if (plan.batchDivision === 'reciprocal' && !Number.isInteger(Math.log2(batch))) {
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

function anchorMacros(plan: Plan, prefix: string): Macro[] {
  const { law } = plan.anchor;
  return [
    ...options('ANCHOR_LAW', Object.keys(ANCHORS).map(macroWord), (index) => Object.values(ANCHORS)[index]!.id),
    { name: 'ANCHOR_LAW', value: `${prefix}_ANCHOR_LAW_${macroWord(law)}` },
    ...parameterMacros(plan, 'anchor', ANCHORS[law].parameters, ANCHOR_PARAMETERS),
  ];
}

/** The parameters the law reads, no others. */
function parameterMacros(plan: Plan, controller: 'throttle' | 'anchor', names: readonly string[], definitions: Record<string, ParameterDefinition>): Macro[] {
  const values: Record<string, unknown> = plan[controller];
  return names.map((parameter) => {
    const { type, site } = definitions[parameter]!;
    const name = `${macroWord(controller)}_${macroWord(parameter)}`;
    const value = values[parameter];
    if (value === undefined) {
      throw new QrailsError({ code: 'invalid', where: `${controller}.${parameter}`, message: `the plan has no value for it, but ${plan[controller].law} reads it` });
    }
    if (type === 'boolean') return { name, value: flag(value as boolean) };
    if (type === 'integer') return { name, value: unsigned(value as number) };
    const format = formatAt(plan, site!);
    const { raw, value: asked } = value as Constant;
    return rawMacro(name, rawsAt([raw], format, `${controller}.${parameter}.raw`)[0]!, format, String(asked));
  });
}

function rawMacro(name: string, raw: bigint, format: SiteFormat, asked: string): Macro {
  const real = String(rawToReal(raw, format.fractionLength));
  const note = real === asked ? real : `${real} for ${asked}`;
  return { name, value: macroInteger(raw, integerType(format)), comment: `${note}, ${formatName(format)}` };
}
