/** Types that arrays of weights have in C, and the formats their names promise. */
import type { Format } from '../format/format.js';

export interface CType {
  readonly kind: 'integer' | 'real';
  /** Of an integer: what it holds. Where C leaves the width open (int, long), the widest there is. */
  readonly signed: boolean;
  readonly bits: number;
  readonly format?: Format;
}

const integer = (signed: boolean, bits: number): CType => ({ kind: 'integer', signed, bits });
const fixed = (wordLength: number, fractionLength: number): CType => ({ ...integer(true, wordLength), format: { signed: true, wordLength, fractionLength } });
const REAL: CType = { kind: 'real', signed: true, bits: 64 };

/** Words that make up the arithmetic types of the language. */
export const BASIC_WORDS: ReadonlySet<string> = new Set(['char', 'short', 'int', 'long', 'signed', 'unsigned', 'float', 'double', 'bool', '_Bool', '__int8', '__int16', '__int32', '__int64']);

/** Types by name. CMSIS-DSP: arm_math_types.h; Blackfin: fract.h; the rest as their names say. */
const NAMED: ReadonlyMap<string, CType> = new Map([
  ['q7_t', fixed(8, 7)], ['q15_t', fixed(16, 15)], ['q31_t', fixed(32, 31)], ['q63_t', fixed(64, 63)],
  ['fract16', fixed(16, 15)], ['fract32', fixed(32, 31)], ['Frac16', fixed(16, 15)], ['Frac32', fixed(32, 31)],
  ['_iq', integer(true, 32)], ['_q', integer(true, 16)],
  ['float16_t', REAL], ['float32_t', REAL], ['float64_t', REAL], ['f32', REAL], ['f64', REAL],
]);

const EXACT = /^(u?)int(?:_least|_fast)?(8|16|32|64)_t$/;
const SHORT = /^([usi])(8|16|32|64)$/;
/** IQmath (32 bits) and Qmath (16 bits) of TI. */
const IQ = /^_(i?)q([1-9][0-9]?)$/;

/** A type of one word. */
export function namedType(word: string): CType | undefined {
  const named = NAMED.get(word);
  if (named) return named;
  const exact = EXACT.exec(word) ?? SHORT.exec(word);
  if (exact) return integer(exact[1] !== 'u', Number(exact[2]));
  const iq = IQ.exec(word);
  if (!iq) return undefined;
  const wordLength = iq[1] === 'i' ? 32 : 16;
  return Number(iq[2]) < wordLength ? fixed(wordLength, Number(iq[2])) : undefined;
}

/** `unsigned short int` and the like. */
export function basicType(words: readonly string[]): CType | undefined {
  const has = (word: string): boolean => words.includes(word);
  if (words.length === 0 || !words.every((word) => BASIC_WORDS.has(word))) return undefined;
  if (has('float') || has('double')) return REAL;
  const sized = words.map((word) => /^__int(\d+)$/.exec(word)?.[1]).find((bits) => bits !== undefined);
  const bits = has('bool') || has('_Bool') ? 1 : has('char') ? 8 : has('short') ? 16 : sized !== undefined ? Number(sized) : has('long') ? 64 : 32;
  return integer(!has('unsigned') && bits > 1, bits);
}
