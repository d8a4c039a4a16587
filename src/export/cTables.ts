/** The tables of a plan: parameters of every layer, rates, reciprocals, what the laws of its controllers read, and the drift of its sensor. */
import { SIGMOID, THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../control/registry.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import type { Plan } from '../schema/plan.js';
import { driftSchedule } from './cDrift.js';
import type { MacroGroup } from './cMacro.js';
import { batchReciprocals, dividerReciprocals } from './cReciprocals.js';
import { formatAt, formatMacros } from './cSites.js';
import { checksumMacro, rawsAt, type Part, type Table } from './cTable.js';
import { macroWord } from './cText.js';

/** Raws of each layer, weights row by row and then biases, as `Session.read('theta')` gives them. */
export type LayerRaws = readonly (readonly (string | number | bigint)[])[];

/** Parameters above this make source files that compilers and editors choke on. */
export const PARAMETER_LIMIT = 1_000_000;

const indexed = (index: number): string => `[${index}]`;

/**
 * Every table of the plan, each with the macros that describe it (length, rows, columns, checksum).
 *
 * @param finalRaw parameters after a run, as tables of their own
 * @param cmsisOrder adds every table of weights with its rows reversed
 * @throws QrailsError `invalid` where the raws do not fit layers or formats; `unsupported` above `PARAMETER_LIMIT` parameters
 */
export function tablesOf(plan: Plan, { finalRaw, cmsisOrder = false }: { readonly finalRaw?: LayerRaws | undefined; readonly cmsisOrder?: boolean | undefined } = {}): { tables: Table[]; groups: MacroGroup[] } {
  const parameters = plan.layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + (bias ? 1 : 0)), 0);
  if (parameters > PARAMETER_LIMIT) {
    throw new QrailsError({ code: 'unsupported', where: 'export c', message: 'too many parameters for C tables', found: String(parameters), expected: `at most ${PARAMETER_LIMIT}` });
  }
  expectLength(plan.initial, plan.layers.length, 'initial');
  if (finalRaw) expectLength(finalRaw, plan.layers.length, 'finalRaw');

  const parts = [...plan.layers.map((_, layer) => layerTables(plan, layer, finalRaw?.[layer], cmsisOrder)), learningRates(plan), ...batchReciprocals(plan)];
  if (plan.throttle.law === 'table') parts.push(throttleTable(plan));
  if (plan.sigmoid) parts.push(sigmoidTable(plan, plan.sigmoid));
  parts.push(...dividerReciprocals(plan), driftSchedule(plan));
  return {
    tables: parts.flatMap(({ tables }) => tables),
    groups: parts.map(({ tables, group }) => ({ ...group, macros: [...group.macros, ...tables.map(checksumMacro)] })),
  };
}

function layerTables(plan: Plan, layer: number, finalRaw: LayerRaws[number] | undefined, cmsisOrder: boolean): Part {
  const { inputs, outputs, bias } = plan.layers[layer]!;
  const { weightsRaw, biasRaw } = plan.initial[layer]!;
  const weights = outputs * inputs;
  const biases = bias ? outputs : 0;
  if (weights === 0) throw new QrailsError({ code: 'invalid', where: `layers[${layer}]`, message: 'a layer needs an input and an output' });
  expectLength(weightsRaw, outputs, `initial[${layer}].weightsRaw`);
  weightsRaw.forEach((row, output) => expectLength(row, inputs, `initial[${layer}].weightsRaw[${output}]`));
  expectLength(biasRaw, biases, `initial[${layer}].biasRaw`);
  if (finalRaw) expectLength(finalRaw, weights + biases, `finalRaw[${layer}]`);

  const tables: Table[] = [];
  const add = (kind: 'weight' | 'bias', state: 'initial' | 'final', raws: readonly (string | number | bigint)[], where: string): void => {
    const format = formatAt(plan, kind, layer);
    const table: Table = {
      name: `layer${layer}_${kind}${state === 'final' ? '_final' : ''}`,
      length: `LAYER${layer}_${macroWord(kind)}_LEN`,
      format,
      about: `layer ${layer}, ${state} ${kind === 'weight' ? 'weights, row by row: [output][input]' : 'biases'}`,
      raws: rawsAt(raws, format, where),
      label: kind === 'weight' ? (index) => `[${Math.floor(index / inputs)}][${index % inputs}]` : indexed,
    };
    tables.push(table);
    if (cmsisOrder && kind === 'weight') tables.push(reversedRows(table, inputs));
  };
  add('weight', 'initial', weightsRaw.flat(), `initial[${layer}].weightsRaw`);
  if (bias) add('bias', 'initial', biasRaw, `initial[${layer}].biasRaw`);
  if (finalRaw) {
    add('weight', 'final', finalRaw.slice(0, weights), `finalRaw[${layer}]`);
    if (bias) add('bias', 'final', finalRaw.slice(weights), `finalRaw[${layer}] biases`);
  }

  const macros = [
    { name: `LAYER${layer}_WEIGHT_ROWS`, value: `${outputs}U` },
    { name: `LAYER${layer}_WEIGHT_COLS`, value: `${inputs}U` },
    { name: `LAYER${layer}_WEIGHT_LEN`, value: `${weights}U` },
    { name: `LAYER${layer}_BIAS_LEN`, value: `${biases}U` },
  ];
  return { tables, group: { comment: `tables of layer ${layer}`, macros } };
}

/**
 * The order in which FIR and LMS of CMSIS-DSP read coefficients: b[n − 1] … b[0], because their state holds the oldest sample first
 * (arm_fir_init_q15, arm_lms_init_q15: "time reversed order"). A row of a layer counts from the newest sample, so each row is reversed.
 */
function reversedRows(table: Table, inputs: number): Table {
  const from = (index: number): number => index - (index % inputs) + (inputs - 1 - (index % inputs));
  return {
    ...table,
    name: `${table.name}_cmsis`,
    about: `${table.about}; each row from its last input to its first, the order of arm_fir and arm_lms in CMSIS-DSP`,
    raws: table.raws.map((_, index) => table.raws[from(index)]!),
    label: (index) => table.label(from(index)),
  };
}

function learningRates(plan: Plan): Part {
  const format = formatAt(plan, 'learningRate');
  const table: Table = {
    name: 'learning_rate',
    length: 'LEARNING_RATE_LEN',
    format,
    about: 'learning rate of each phase',
    raws: plan.phases.map(({ learningRate }, index) => rawsAt([learningRate.raw], format, `phases[${index}].learningRate.raw`)[0]!),
    label: (index) => `phase ${index}, asked ${plan.phases[index]!.learningRate.value}`,
  };
  return { tables: [table], group: { comment: 'learning rates', macros: [{ name: table.length, value: `${plan.phases.length}U` }] } };
}

/** Numerators for the comparison (exact), and the same shares at site `throttle` for the rate. */
function throttleTable(plan: Plan): Part {
  const length = 'THROTTLE_TABLE_LEN';
  const format = formatAt(plan, 'throttle');
  const denominator = 1n << BigInt(THROTTLE_TABLE_FRACTION_LENGTH);
  const numerators: Table = {
    name: 'throttle_numerator',
    length,
    format: { signed: false, wordLength: THROTTLE_TABLE_FRACTION_LENGTH + 1, fractionLength: THROTTLE_TABLE_FRACTION_LENGTH },
    about: `shares the table throttle tries in this order, in 1/${denominator}`,
    raws: THROTTLE_TABLE.map(BigInt),
    label: indexed,
  };
  const raws: Table = {
    name: 'throttle_table',
    length,
    format,
    about: 'the same shares as raws of the throttle',
    raws: THROTTLE_TABLE.map((numerator) => quantise({ numerator: BigInt(numerator), denominator }, format).raw),
    label: (index) => `${THROTTLE_TABLE[index]}/${denominator}`,
  };
  return {
    tables: [numerators, raws],
    group: { comment: `table throttle: numerators over 2^${THROTTLE_TABLE_FRACTION_LENGTH}, and raws (${formatName(format)})`, macros: [{ name: length, value: `${THROTTLE_TABLE.length}U` }, ...formatMacros('THROTTLE_NUMERATOR', numerators.format)] },
  };
}

/** The sigmoid at the middle of each entry's share of the outputs it is looked up for. */
function sigmoidTable(plan: Plan, raws: readonly string[]): Part {
  const { entries, limit } = SIGMOID;
  const perUnit = entries / (2 * limit);
  const table: Table = {
    name: 'sigmoid',
    length: 'SIGMOID_LEN',
    format: formatAt(plan, 'activation', plan.layers.length - 1),
    about: `sigmoid of the last layer's output z by floor(${perUnit} * z) + ${entries / 2}, the first and last entry beyond`,
    raws: rawsAt(raws, formatAt(plan, 'activation', plan.layers.length - 1), 'sigmoid'),
    label: (index) => `z from ${(index - entries / 2) / perUnit}`,
  };
  expectLength(raws, entries, 'sigmoid');
  return { tables: [table], group: { comment: 'table of the sigmoid', macros: [{ name: table.length, value: `${entries}U` }] } };
}

function expectLength(list: readonly unknown[], length: number, where: string): void {
  if (list.length !== length) throw new QrailsError({ code: 'invalid', where, message: 'does not fit the layers of the plan', found: `${list.length} entries`, expected: String(length) });
}
