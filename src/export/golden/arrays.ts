/** Golden values as flat arrays of raws, each with its type and its checksum: what the C files hold. */
import { stateBytes } from '../../core/state.js';
import type { Format } from '../../format/format.js';
import type { Plan } from '../../schema/plan.js';
import { formatAt } from '../cSites.js';
import { integerLiteral, integerType, typeName } from '../cInteger.js';
import type { Macro } from '../cMacro.js';
import { checksumMacro } from '../cTable.js';
import { macroWord } from '../cText.js';
import { ROW_FIELDS, type Golden, type RowField } from './run.js';

export interface GoldenArray {
  /** Identifier behind the prefix of the export: `golden_loss`. */
  readonly name: string;
  readonly about: string;
  readonly format: Format;
  readonly raws: readonly bigint[];
  /** Elements that belong together (those of a step), and what such a group is. Absent for a plain list. */
  readonly group?: { readonly length: number; readonly label: string };
  /** What goes into a kernel; the others are what must come out. */
  readonly given?: true;
}

/** Site at whose format each field of a row is a raw. */
const ROW_SITES = { loss: 'loss', alpha: 'throttle', rate: 'rate', curvature: 'curvature', curvatureMean: 'curvatureMean' } as const satisfies Record<RowField, string>;

/** `curvatureMean` is `golden_curvature_mean`. */
export const arrayOfField = (field: string): string => `golden_${macroWord(field).toLowerCase()}`;

/** Every array of a golden, inputs before what must come out. */
export function goldenArrays(plan: Plan, golden: Golden): GoldenArray[] {
  const { steps, batches, evaluation } = golden;
  let samples = 0;
  const first = batches.map(({ count }) => (samples += count) - count);
  const given = (name: string, about: string, format: Format, raws: readonly number[], group?: GoldenArray['group']): GoldenArray => ({
    name: `golden_${name}`, about, format, raws: raws.map(BigInt), given: true, ...(group && { group }),
  });
  const counted = (name: string, about: string, values: readonly number[]): GoldenArray => given(name, about, countFormat(values), values);
  const perStep = (name: string, about: string, format: Format, raws: readonly bigint[]): GoldenArray => ({ name, about, format, raws });
  return [
    counted('batch', 'batch of each step, then of the evaluation', [...steps.map(({ batch }) => batch), evaluation.batch]),
    counted('first', 'first sample of each batch', first),
    counted('count', 'samples of each batch', batches.map(({ count }) => count)),
    given('inputs', 'samples of all batches', formatAt(plan, 'input'), batches.flatMap(({ inputs }) => inputs), { length: plan.data.inputs, label: 'sample' }),
    given('targets', 'their targets', formatAt(plan, 'target'), batches.flatMap(({ targets }) => targets), { length: plan.data.targets, label: 'sample' }),
    ...ROW_FIELDS.map((field) => perStep(
      arrayOfField(field), field === 'loss' ? 'loss of each step before its update, then of the evaluation' : `${field} of each step`, formatAt(plan, ROW_SITES[field]),
      [...steps.map(({ row }) => row[field]), ...(field === 'loss' ? [evaluation.loss] : [])],
    )),
    ...(['flags', 'events'] as const).map((field) => perStep(arrayOfField(field), `${field} of each step`, countFormat(steps.map((step) => step[field])), steps.map((step) => BigInt(step[field])))),
    ...plan.layers.flatMap((_, layer) => parameterArrays(plan, golden, layer)),
    perStep('golden_checksum', 'CRC-32 of the state after each step', { signed: false, wordLength: 32, fractionLength: 0 }, steps.map(({ stateCrc32 }) => BigInt(`0x${stateCrc32}`))),
    perStep('golden_outputs', 'outputs for the first sample of the evaluation', formatAt(plan, 'activation', plan.layers.length - 1), evaluation.outputs.map(BigInt)),
    perStep('golden_state', 'state after the last step, words as in docs/state.md', { signed: true, wordLength: 64, fractionLength: 0 }, stateWords(plan, golden)),
  ];
}

function parameterArrays(plan: Plan, { steps }: Golden, layer: number): GoldenArray[] {
  const { inputs, outputs, bias } = plan.layers[layer]!;
  const weights = inputs * outputs;
  const array = (kind: 'weight' | 'bias', from: number, length: number): GoldenArray => ({
    name: `golden_layer${layer}_${kind}`, about: `layer${layer}.${kind} after each step${kind === 'weight' ? ', row by row' : ''}`, format: formatAt(plan, kind, layer),
    raws: steps.flatMap(({ parameters }) => parameters[layer]!.slice(from, from + length).map(BigInt)), group: { length, label: 'step' },
  });
  return [array('weight', 0, weights), ...(bias ? [array('bias', weights, outputs)] : [])];
}

function stateWords(plan: Plan, { state }: Golden): bigint[] {
  const bytes = stateBytes(plan, state);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, index) => view.getBigInt64(8 * index, true));
}

/** The unsigned format that holds these counts. */
function countFormat(values: readonly number[]): Format {
  const largest = values.reduce((most, value) => Math.max(most, value), 1);
  return { signed: false, wordLength: Math.floor(Math.log2(largest)) + 1, fractionLength: 0 };
}

/** Length and checksum of an array. */
export function arrayMacros(array: GoldenArray): Macro[] {
  const length = `${macroWord(array.name)}_LEN`;
  return [{ name: length, value: `${array.raws.length}U` }, checksumMacro({ ...array, length, label: String })];
}

/** `const type name[LENGTH]`, and what stands behind it. */
const declarator = ({ name, format }: GoldenArray, prefix: string, attribute: string): string =>
  `const ${typeName(integerType(format))} ${prefix}_${name}[${prefix.toUpperCase()}_${macroWord(name)}_LEN]${attribute}`;

export function declareArray(array: GoldenArray, prefix: string, attribute: string): string {
  return `/* ${array.about} */\nextern ${declarator(array, prefix, attribute)};`;
}

/** Columns of a line of values. */
const LINE = 120;
/** Elements of a plain list between two comments. */
const PLAIN_GROUP = 10;

/** The definition: groups on lines of their own, each under its number. */
export function defineArray(array: GoldenArray, prefix: string, attribute: string): string {
  const { about, format, raws, group } = array;
  const type = integerType(format);
  const length = group?.length ?? PLAIN_GROUP;
  const lines: string[] = [];
  for (let from = 0; from < raws.length; from += length) {
    let line = `    /* ${group ? `${group.label} ${from / length}` : from} */`;
    for (const raw of raws.slice(from, from + length)) {
      const literal = ` ${integerLiteral(raw, type)},`;
      if (line.length + literal.length > LINE) {
        lines.push(line);
        line = '       ';
      }
      line += literal;
    }
    lines.push(line);
  }
  return [`/* ${about} */`, `${declarator(array, prefix, attribute)} = {`, ...lines, '};'].join('\n');
}
