/** Raws as C integers: the type that holds a word, and literals that mean the same on a compiler with 16-bit int. */
import { rawRange, type Format } from '../format/format.js';

export interface IntegerType {
  readonly signed: boolean;
  readonly bits: 8 | 16 | 32 | 64;
}

const WIDTHS = [8, 16, 32, 64] as const;

/** The smallest exact-width type that holds a word; fraction length does not matter. Word lengths up to 64. */
export function integerType({ signed, wordLength }: Pick<Format, 'signed' | 'wordLength'>): IntegerType {
  return { signed, bits: WIDTHS.find((bits) => bits >= wordLength)! };
}

/** `int16_t`, `uint64_t`. */
export function typeName({ signed, bits }: IntegerType): string {
  return `${signed ? '' : 'u'}int${bits}_t`;
}

/** The types of these formats, each once, narrow before wide. */
export function orderedTypes(formats: readonly Format[]): IntegerType[] {
  const types = new Map(formats.map(integerType).map((type) => [typeName(type), type]));
  return [...types.values()].sort((a, b) => a.bits - b.bits || Number(a.signed) - Number(b.signed));
}

/**
 * A value of the type as a constant expression, also in `#if`. The most negative value is its `INTn_MIN`, because `-32768` is the negation of a
 * number that a 16-bit int does not hold; unsigned values end in `U`; 64-bit values go through `INT64_C`.
 *
 * @example integerLiteral(-32768n, { signed: true, bits: 16 }) // 'INT16_MIN'
 */
export function integerLiteral(value: bigint, type: IntegerType): string {
  const { signed, bits } = type;
  const [low] = rawRange({ signed, wordLength: bits, fractionLength: 0 });
  if (signed && value === low) return `INT${bits}_MIN`;
  if (bits < 64) return `${value}${signed ? '' : 'U'}`;
  return signed ? `${value < 0n ? '-' : ''}INT64_C(${value < 0n ? -value : value})` : `UINT64_C(${value})`;
}

/** `integerLiteral` for a macro: in parentheses where it begins with a minus. */
export function macroInteger(value: bigint, type: IntegerType): string {
  const literal = integerLiteral(value, type);
  return literal.startsWith('-') ? `(${literal})` : literal;
}
