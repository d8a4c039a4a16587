/** Arrays as `qrails import --json` lists them. */
import { QrailsError } from '../errors.js';
import { rawText, realText } from '../format/decimal.js';
import { formatName, type Format } from '../format/format.js';
import type { WeightImport } from '../schema/import.js';
import { countOf, rawsOf, type NumberArray } from './array.js';
import type { ReadFiles } from './readers.js';

/** Characters of a number in a list. */
const SHOWN = 40;

export const formatOf = (format: Format | undefined): string | null => (format === undefined ? null : formatName(format));

/** How an array is shown: with a format, where it went. */
export type Shown = (array: NumberArray) => { readonly array: NumberArray; readonly format: Format | undefined; readonly place: string | null };

export function documentOf({ arrays, notes }: ReadFiles, shown: Shown): WeightImport {
  return {
    import: 1,
    arrays: arrays.map((original) => {
      const { array, format, place } = shown(original);
      const { name, file, shape, matrix, numbers: { kind } } = array;
      const { range: [min, max], problem } = rangeOf(array, format);
      return { name, file, shape: [...(matrix ?? shape)], count: countOf(array), kind, format: formatOf(format), min, max, place, problem };
    }),
    notes: [...notes],
  };
}

interface Range {
  readonly range: readonly [min: string | null, max: string | null];
  readonly problem: string | null;
}

/** Smallest and largest element, or why there are none. */
function rangeOf(array: NumberArray, format: Format | undefined): Range {
  const failed = (error: QrailsError): Range => ({ range: [null, null], problem: error.message.split('\n')[0]! });
  if (array.problem) return failed(array.problem);
  const { numbers } = array;
  try {
    if (numbers.kind === 'real') {
      return { range: ends(numbers.values, (a, b) => a.numerator * b.denominator < b.numerator * a.denominator, (value) => realText(value, SHOWN)), problem: null };
    }
    const text = (raw: bigint): string => (format === undefined ? String(raw) : rawText(raw, format.fractionLength));
    return { range: ends(format === undefined ? numbers.values : rawsOf(array, format), (a, b) => a < b, text), problem: null };
  } catch (error) {
    if (error instanceof QrailsError) return failed(error);
    throw error;
  }
}

function ends<T>(values: readonly T[], less: (a: T, b: T) => boolean, text: (value: T) => string): [string, string] {
  const least = values.reduce((before, value) => (less(value, before) ? value : before));
  const most = values.reduce((before, value) => (less(before, value) ? value : before));
  return [text(least), text(most)];
}
