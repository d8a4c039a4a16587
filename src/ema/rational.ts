/** Sums and products of exact rationals, as many as the predictions need. */
import type { Rational } from '../format/real.js';

export const rational = (numerator: bigint, denominator = 1n): Rational => ({ numerator, denominator });
/** n·2^power. */
export const scaled = (n: bigint, power: number): Rational => (power >= 0 ? rational(n << BigInt(power)) : rational(n, 1n << BigInt(-power)));
export const plus = (a: Rational, b: Rational): Rational => rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
export const times = (a: Rational, b: Rational): Rational => rational(a.numerator * b.numerator, a.denominator * b.denominator);
export const negative = ({ numerator, denominator }: Rational): Rational => rational(-numerator, denominator);
export const minus = (a: Rational, b: Rational): Rational => plus(a, negative(b));
/** ⌊a⌋. */
export function floor({ numerator, denominator }: Rational): bigint {
  const q = numerator / denominator;
  return q * denominator > numerator ? q - 1n : q;
}
/** ⌈a⌉. */
export const ceil = (a: Rational): bigint => -floor(negative(a));
