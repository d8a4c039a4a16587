/** The table of the sigmoid a target looks up: entries over −limit … limit, quantised exactly. docs/numerics.md §5. */
import { quantise } from '../format/quantise.js';
import type { Rational } from '../format/real.js';
import type { SiteFormat } from '../schema/plan.js';
import { SIGMOID } from './registry.js';

/** Bits after the point of e^−x: enough that a rounding of 32 bits could only be wrong for a σ that is closer to a tie than 2^−150. */
const BITS = 192n;

/** ⌊e^−(numerator/denominator) · 2^BITS⌋, a few last places off: the series of e^(−x/256), then eight squarings. */
function expNegative(numerator: bigint, denominator: bigint): bigint {
  const one = 1n << BITS;
  const x = (numerator << BITS) / (denominator * 256n);
  let sum = one;
  let term = one;
  for (let k = 1n; term !== 0n; k++) {
    term = -((term * x) >> BITS) / k;
    sum += term;
  }
  for (let k = 0; k < 8; k++) sum = (sum * sum) >> BITS;
  return sum;
}

/** σ((k + ½)/16 − 8) for the entries k of the default table: σ at the middle of each entry's share of −limit … limit. */
export function sigmoidAt(entry: number): Rational {
  const { entries, limit } = SIGMOID;
  const numerator = BigInt((2 * entry + 1) * limit - entries * limit); // over `entries`
  const e = expNegative(numerator < 0n ? -numerator : numerator, BigInt(entries));
  const one = 1n << BITS;
  return { numerator: numerator < 0n ? e : one, denominator: one + e };
}

/** Raws of the table at the format of the last layer's `activation`; a σ past its rail saturates. */
export function sigmoidTable(format: SiteFormat): string[] {
  return Array.from({ length: SIGMOID.entries }, (_, entry) => String(quantise(sigmoidAt(entry), format).raw));
}
