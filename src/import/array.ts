/** Arrays of numbers as files hold them, before it is known what they are for. */
import type { QrailsError } from '../errors.js';
import { formatName, rawRange, type Format } from '../format/format.js';
import { siteFormat, quantise } from '../format/quantise.js';
import { DEFAULT_MODES } from '../format/check.js';
import type { TextFormat } from '../format/text.js';
import type { Rational } from '../format/real.js';
import type { Activation } from '../schema/experiment.js';
import { refusal } from './refusal.js';

/** `row`: each row after the other, as in C. `column`: each column after the other. `cmsis`: rows from their last element to their first. */
export const ORDERS = ['row', 'column', 'cmsis'] as const;
export type Order = (typeof ORDERS)[number];

export type Numbers =
  /** Raws, or integers whose format nothing says. */
  | { readonly kind: 'raw'; readonly values: readonly bigint[] }
  /** Bit patterns, read as two's complement where the format is signed; `bits` is how wide the file writes them. */
  | { readonly kind: 'word'; readonly values: readonly bigint[]; readonly bits: number }
  | { readonly kind: 'real'; readonly values: readonly Rational[] };

export interface NumberArray {
  /** As messages name it: identifier in C, else the file without its ending, or a place such as `layer0.weight`. */
  readonly name: string;
  /** File it comes from, as messages name it. */
  readonly file: string;
  /** At least one dimension; the last one varies fastest. */
  readonly shape: readonly number[];
  /** Rows and columns, where the file says them beside a flat array. */
  readonly matrix?: readonly [rows: number, columns: number] | undefined;
  /** Integer type the array is declared with. */
  readonly type?: Pick<Format, 'signed' | 'wordLength'> | undefined;
  /** Where type or macros say it. */
  readonly format?: Format | undefined;
  /** Whether macros beside the array say the format, as in the tool's own export. */
  readonly described?: boolean | undefined;
  /** CRC-32 it had when it was exported. */
  readonly checksum?: number | undefined;
  /** What follows the layer, where the file says it. */
  readonly activation?: Activation | undefined;
  readonly numbers: Numbers;
  /** Why the numbers are not there (`numbers` is empty): told when the array is wanted. */
  readonly problem?: QrailsError | undefined;
}

export const countOf = ({ shape }: Pick<NumberArray, 'shape'>): number => shape.reduce((product, size) => product * size, 1);

/**
 * The numbers of an array as raws of a format. Raws and words must lie in it; reals are rounded into it once (the format's mode, else that of a
 * profile) and must not overflow.
 *
 * @throws QrailsError `format` with the element
 */
export function rawsOf({ numbers, name, file }: NumberArray, format: TextFormat): bigint[] {
  const [low, high] = rawRange(format);
  const refuse = (index: number, message: string, found: string): never => {
    throw refusal('format', `${file}: ${name}[${index}]`, message, found, `${low} to ${high} (${formatName(format)})`, 'another --format');
  };
  switch (numbers.kind) {
    case 'raw':
      return numbers.values.map((raw, index) => (raw < low || raw > high ? refuse(index, 'is no raw of its format', String(raw)) : raw));
    case 'word':
      return numbers.values.map((word, index) => {
        const raw = format.signed ? wordAsSigned(word, format.wordLength, numbers.bits) : word;
        return raw < low || raw > high ? refuse(index, 'this word is wider than its format', `0x${word.toString(16)}`) : raw;
      });
    case 'real': {
      const site = siteFormat({ ...format, rounding: format.rounding ?? DEFAULT_MODES.rounding, overflow: 'SAT' });
      return numbers.values.map((value, index) => {
        const { raw, rounded, overflow } = quantise(value, site);
        return overflow === 0 ? raw : refuse(index, 'this value lies outside its format', `raw ${rounded}`);
      });
    }
  }
}

/** A narrow pattern, or one whose sign was extended to the width the file writes. */
function wordAsSigned(word: bigint, wordLength: number, bits: number): bigint {
  return word < 1n << BigInt(wordLength) ? BigInt.asIntN(wordLength, word) : BigInt.asIntN(bits, word);
}
