/** Intervals of integers: what a value can be, and so which C type holds it and whether it can leave its rails. */

export interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

export const range = (low: bigint, high: bigint): Range => ({ low, high });

const least = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));

export const hull = (...all: readonly Range[]): Range => range(least(all.map(({ low }) => low)), most(all.map(({ high }) => high)));
export const within = (inner: Range, outer: Range): boolean => inner.low >= outer.low && inner.high <= outer.high;

export const plus = (a: Range, b: Range): Range => range(a.low + b.low, a.high + b.high);
export const minus = (a: Range, b: Range): Range => range(a.low - b.high, a.high - b.low);

export function times(a: Range, b: Range): Range {
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  return range(least(corners), most(corners));
}

/** x² for an x of the range. */
export function squared({ low, high }: Range): Range {
  const ends = [low * low, high * high];
  return range(low <= 0n && high >= 0n ? 0n : least(ends), most(ends));
}

/** Any sum of up to `count` values of the range, the empty one included. */
export const summed = (each: Range, count: number): Range => hull(range(0n, 0n), times(each, range(BigInt(count), BigInt(count))));

/** ⌊n / d⌋ for a divisor that is at least 1, and one more where rounding may go up. */
export function divided(n: Range, d: Range): Range {
  const least = d.low > 1n ? d.low : 1n;
  const low = n.low < 0n ? n.low / least - 1n : n.low / (d.high > least ? d.high : least);
  return range(low, (n.high < 0n ? 0n : n.high / least) + 1n);
}

export const shiftedLeft = ({ low, high }: Range, bits: number): Range => range(low << BigInt(bits), high << BigInt(bits));
/** ⌊x / 2^bits⌋, and one more where rounding may go up. */
export const shiftedRight = ({ low, high }: Range, bits: number): Range => range(low >> BigInt(bits), (high >> BigInt(bits)) + 1n);

/** Each end moved into the other range. */
export function clamped({ low, high }: Range, into: Range): Range {
  const clamp = (value: bigint): bigint => (value < into.low ? into.low : value > into.high ? into.high : value);
  return range(clamp(low), clamp(high));
}

export const INT32 = range(-(1n << 31n), (1n << 31n) - 1n);
export const INT64 = range(-(1n << 63n), (1n << 63n) - 1n);
