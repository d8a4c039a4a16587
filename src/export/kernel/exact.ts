/**
 * Exact values as C expressions. Each knows its range and its fraction length, so that sums line up by themselves, and each takes the shortest type
 * that cannot overflow: `int32_t` for a single product, `int64_t`, or `wide`, 128 bits as two words (int128.ts).
 */
import { integerLiteral } from '../cInteger.js';
import { hull, INT32, INT64, minus, plus, range, shiftedLeft, squared, summed, times, within, type Range } from './range.js';

/** `int16_t`, `uint64_t` and the like, or `wide`. */
export type CType = string;

export interface Exact {
  readonly text: string;
  readonly type: CType;
  readonly range: Range;
  /** The value is the integer times 2^−fraction. */
  readonly fraction: number;
  /** Whether the text needs no parentheses. */
  readonly atom: boolean;
  /** Set for a constant. */
  readonly value?: bigint;
}

/** A variable, an element of an array or a call. */
export const leaf = (text: string, type: CType, of: Range, fraction: number): Exact => ({ text, type, range: of, fraction, atom: true });

/** A 64-bit signed literal. */
export const int64Literal = (value: bigint): string => integerLiteral(value, { signed: true, bits: 64 });
/** A size, an index or a number of steps: 32 bits on every target. */
export const uint32Literal = (value: number | bigint): string => `UINT32_C(${value})`;

export function constant(value: bigint, fraction = 0): Exact {
  const of = range(value, value);
  if (!within(of, INT64)) throw new RangeError(`the constant ${value} needs more than 64 bits`);
  return { text: int64Literal(value), type: 'int64_t', range: of, fraction, atom: value >= 0n, value };
}

/** The same value, known to lie in a smaller range than its parts tell. */
export const known = (value: Exact, of: Range): Exact => ({ ...value, range: of });

const operand = ({ text, atom }: Exact): string => (atom ? text : `(${text})`);
const cast = (value: Exact, type: CType): string => (value.type === type ? operand(value) : `(${type})${operand(value)}`);
const isWide = ({ type }: Exact): boolean => type === 'wide';
const fits = (value: Exact, type: Range): boolean => !isWide(value) && within(value.range, type);
const isShort = ({ type }: Exact): boolean => type !== 'wide' && !type.includes('64');

/** As an operand of type int64_t. */
export const asInt64 = (value: Exact): string => cast(value, 'int64_t');
/** As an operand of type uint64_t, for what is not negative. */
export const asUint64 = (value: Exact): string => (value.value === undefined ? cast(value, 'uint64_t') : `UINT64_C(${value.value})`);
/** As an operand of type wide. */
export function asWide(value: Exact): string {
  if (isWide(value)) return value.text;
  return value.type === 'uint64_t' ? `wide_unsigned(${value.text})` : `wide_of(${value.text})`;
}

/** As an argument of type int64_t: C widens what is shorter. */
export const int64Argument = (value: Exact): string => (value.type === 'uint64_t' ? asInt64(value) : value.text);

const compound = (text: string, type: CType, of: Range, fraction: number): Exact => ({ text, type, range: of, fraction, atom: type === 'wide' });

/** Times 2^bits as integer; the value stays what it is. */
export function scaled(value: Exact, bits: number): Exact {
  if (bits === 0) return value;
  const of = shiftedLeft(value.range, bits);
  const fraction = value.fraction + bits;
  if (value.value !== undefined && within(of, INT64)) return constant(of.low, fraction);
  if (!isWide(value) && bits <= 62 && within(of, INT64)) return compound(`${asInt64(value)} * (INT64_C(1) << ${bits})`, 'int64_t', of, fraction);
  return compound(`wide_left(${asWide(value)}, ${bits}U)`, 'wide', of, fraction);
}

/** With this fraction length, which is at least its own. */
export const aligned = (value: Exact, fraction: number): Exact => scaled(value, fraction - value.fraction);

export function multiply(a: Exact, b: Exact): Exact {
  return product(a, b, times(a.range, b.range));
}

/** x² of a variable. */
export const square = (x: Exact): Exact => product(x, x, squared(x.range));

/** |x| of a variable. */
export function magnitude(x: Exact): Exact {
  const { low, high } = x.range;
  if (low >= 0n) return x;
  const of = range(high < 0n ? -high : 0n, -low > high ? -low : high);
  if (isWide(x) || !within(of, INT64)) return { ...x, text: `wide_magnitude(${asWide(x)})`, type: 'wide', range: of };
  return { ...x, text: `(${x.text} < 0 ? -${asInt64(x)} : ${asInt64(x)})`, type: 'int64_t', range: of };
}

/** A product that is the constant zero where a factor is. */
export const productOrZero = (a: Exact, b: Exact): Exact => (a.value === 0n || b.value === 0n ? constant(0n, a.fraction + b.fraction) : multiply(a, b));

/** mean + rate · (sample − mean), a moving mean. */
export const movedMean = (mean: Exact, sample: Exact, rate: Exact): Exact => add(mean, productOrZero(subtract(sample, mean), rate));

function product(a: Exact, b: Exact, of: Range): Exact {
  const fraction = a.fraction + b.fraction;
  if (isWide(a) || isWide(b)) {
    const [long, short] = isWide(a) ? [a, b] : [b, a];
    return compound(`wide_scale(${long.text}, ${asUint64(short)})`, 'wide', of, fraction);
  }
  if (isShort(a) && isShort(b) && [a.range, b.range, of].every((one) => within(one, INT32))) return compound(`${cast(a, 'int32_t')} * ${cast(b, 'int32_t')}`, 'int32_t', of, fraction);
  if (fits(a, INT64) && fits(b, INT64)) {
    return within(of, INT64) ? compound(`${asInt64(a)} * ${asInt64(b)}`, 'int64_t', of, fraction) : compound(`wide_multiply(${asInt64(a)}, ${asInt64(b)})`, 'wide', of, fraction);
  }
  return compound(`wide_multiply_unsigned(${asUint64(a)}, ${asUint64(b)})`, 'wide', of, fraction);
}

export function add(a: Exact, b: Exact): Exact {
  if (a.value === 0n) return b;
  if (b.value === 0n) return a;
  const [x, y] = together(a, b);
  return joined(x, y, '+', 'wide_add', plus(x.range, y.range));
}

export function subtract(a: Exact, b: Exact): Exact {
  const [x, y] = together(a, b);
  return joined(x, y, '-', 'wide_subtract', minus(x.range, y.range));
}

/** Both with the finer fraction length. */
function together(a: Exact, b: Exact): [Exact, Exact] {
  const finest = Math.max(a.fraction, b.fraction);
  return [aligned(a, finest), aligned(b, finest)];
}

function joined(a: Exact, b: Exact, operator: string, wide: string, of: Range): Exact {
  if (fits(a, INT64) && fits(b, INT64) && within(of, INT64)) return compound(`${asInt64(a)} ${operator} ${asInt64(b)}`, 'int64_t', of, a.fraction);
  return compound(`${wide}(${asWide(a)}, ${asWide(b)})`, 'wide', of, a.fraction);
}

/** A comparison of two exact values as a C condition. */
export function compare(a: Exact, operator: '<=' | '>=' | '>', b: Exact): string {
  const [x, y] = together(a, b);
  if (fits(x, INT64) && fits(y, INT64)) return `${asInt64(x)} ${operator} ${asInt64(y)}`;
  return `wide_compare(${asWide(x)}, ${asWide(y)}) ${operator} 0`;
}

/** A sum in the making: its declaration, the statement that adds a term, and what it is afterwards. */
export interface Total {
  readonly declare: string;
  readonly add: string;
  readonly value: Exact;
}

/** The sum of at most `count` terms in a variable. */
export function total(name: string, term: Exact, count: number): Total {
  const of = hull(summed(term.range, count), term.range);
  if (isWide(term) || !within(of, INT64)) {
    return { declare: `wide ${name} = { 0, 0 };`, add: `${name} = wide_add(${name}, ${asWide(term)});`, value: leaf(name, 'wide', of, term.fraction) };
  }
  return { declare: `int64_t ${name} = 0;`, add: `${name} += ${int64Argument(term)};`, value: leaf(name, 'int64_t', of, term.fraction) };
}

/** A variable that holds a value, and its declaration. */
export function variable(name: string, value: Exact): { declare: string; value: Exact } {
  const type = isWide(value) ? 'wide' : 'int64_t';
  return { declare: `const ${type} ${name} = ${type === 'wide' ? value.text : int64Argument(value)};`, value: leaf(name, type, value.range, value.fraction) };
}
