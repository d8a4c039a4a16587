/** What the tool's own exports say beside an array: its format, shape and checksum. */
import { QrailsError } from '../errors.js';
import { tableChecksum } from '../export/memory.js';
import { FORMAT_LIMITS } from '../format/check.js';
import type { Format } from '../format/format.js';
import { parseFormat } from '../format/text.js';
import { ACTIVATIONS, type Activation } from '../schema/experiment.js';
import { countOf, rawsOf, type NumberArray } from './array.js';
import { macroValue } from './cExpression.js';
import type { Macros } from './cMacros.js';

const within = (value: number, { minimum, maximum }: { readonly minimum: number; readonly maximum: number }): boolean => Number.isInteger(value) && value >= minimum && value <= maximum;

/** The activation whose constant is 1: `LAYER0_RELU` for `LAYER0_WEIGHT`. */
export const activationOf = (table: string, value: (constant: string) => number | undefined): Activation | undefined =>
  ACTIVATIONS.find((name) => value(`${table.replace(/_(?:WEIGHT|BIAS)$/, '')}_${name.toUpperCase()}`) === 1);

/**
 * An array of C with what macros say: `X_FRAC_BITS`, `X_WORD_BITS`, `X_SIGNED`, `X_ROWS` and `X_COLS` of an array `x`, `x_final` or `x_cmsis`, `Y_RELU` of
 * `y_weight`, and `Z_CRC32` of any array `z`.
 */
export function describedByMacros(array: NumberArray, macros: Macros): NumberArray {
  if (array.problem) return array;
  const own = array.name.toUpperCase();
  const name = own.replace(/_CMSIS$/, '').replace(/_FINAL$/, '');
  const value = (macro: string): number | undefined => {
    const found = macroValue(macro, macros);
    return found === undefined ? undefined : Number(found);
  };
  const [rows, columns, fractionLength, checksum] = [value(`${name}_ROWS`), value(`${name}_COLS`), value(`${name}_FRAC_BITS`), value(`${own}_CRC32`)];
  const matrix = array.shape.length === 1 && rows !== undefined && columns !== undefined && rows >= 1 && columns >= 1 && rows * columns === countOf(array) ? ([rows, columns] as const) : undefined;
  const wordLength = value(`${name}_WORD_BITS`) ?? array.type?.wordLength;
  const signed = value(`${name}_SIGNED`) ?? (array.type?.signed === false ? 0 : 1);
  const format: Format | undefined = fractionLength === undefined || wordLength === undefined ? undefined : { signed: signed !== 0, wordLength, fractionLength };
  const possible = format !== undefined && within(format.wordLength, FORMAT_LIMITS.wordLength) && within(format.fractionLength, FORMAT_LIMITS.fractionLength);
  return { ...array, ...(matrix && { matrix }), ...(possible && { format, described: true }), checksum, activation: activationOf(name, value) };
}

/** How memory files tell format and checksum in comments (src/export/memory.ts). */
const HEADING = /^(?:\/\/|;|--).{0,200}; ([su]fix[0-9]{1,2}(?:_En?[0-9]{1,3})?), ([0-9]{1,7}) words\.\r?\n.{1,80}: ([0-9a-f]{8})\r?$/m;
/** Characters in which those comments stand. */
const HEAD = 4096;

/** An array of a memory file with what the comments at its head say. */
export function describedByHeading(array: NumberArray, text: string): NumberArray {
  const [, format, words, checksum] = HEADING.exec(text.slice(0, HEAD)) ?? [];
  return format !== undefined && Number(words) === array.shape[0] ? { ...array, format: parseFormat(format), described: true, checksum: parseInt(checksum!, 16) } : array;
}

/** Whether an array is as it was exported; true where nothing says it. */
export function matchesChecksum(array: NumberArray): boolean {
  const { name, format, checksum, numbers } = array;
  if (checksum === undefined || format === undefined || numbers.kind === 'real') return true;
  try {
    return parseInt(tableChecksum({ name, length: '', format, about: '', raws: rawsOf(array, format), label: String }), 16) === checksum;
  } catch (error) {
    if (error instanceof QrailsError) return false; // an element that is no raw of the format
    throw error;
  }
}
