/** A running sum as a site takes it, on integers of any width: docs/numerics.md §5. The core keeps no running sum within a step. */
import { quantise } from '../format/quantise.js';
import type { RandomWords } from '../format/random.js';
import type { Rational } from '../format/real.js';
import type { SiteFormat } from '../schema/plan.js';

/** An integer with its fraction length: the value raw·2^−F. */
export interface Scaled {
  readonly raw: bigint;
  readonly fractionLength: number;
}

/** The exact value of a raw. */
export const rational = ({ raw, fractionLength: f }: Scaled): Rational =>
  f >= 0 ? { numerator: raw, denominator: 1n << BigInt(f) } : { numerator: raw << BigInt(-f), denominator: 1n };

/** The raw of a value at a finer fraction length. */
export const aligned = ({ raw, fractionLength }: Scaled, finest: number): bigint => raw << BigInt(finest - fractionLength);

/**
 * Raw of a sum of products, quantised after every `group` of them and after the single value behind them; with a group of 0 everything once, at the end.
 *
 * @param products as they are added, in that order, all of fraction length `fractionLength`
 * @param last the bias of a forward sum
 * @param random bits of quantisation `index` of the sum, for a stochastic mode
 * @example runningSum([3n, 3n], 4, undefined, { ...format, fractionLength: 2, rounding: 'TRN' }, 1) // 0n: each 3/16 is cut to 0 by itself
 */
export function runningSum(
  products: readonly bigint[], fractionLength: number, last: Scaled | undefined, format: SiteFormat, group: number, random?: (index: number) => RandomWords,
): bigint {
  const finest = Math.max(fractionLength, last?.fractionLength ?? fractionLength, format.fractionLength);
  const left = BigInt(finest - fractionLength);
  const single = last === undefined ? 0n : aligned(last, finest);
  let index = 0;
  let sum = 0n;
  const take = (added: bigint): void => {
    const raw = aligned({ raw: sum, fractionLength: format.fractionLength }, finest) + added;
    sum = quantise(rational({ raw, fractionLength: finest }), format, random?.(index)).raw;
    index++;
  };
  const size = group || products.length;
  for (let from = 0; from < products.length; from += size) {
    let added = group === 0 ? single : 0n;
    for (let i = from; i < Math.min(from + size, products.length); i++) added += products[i]! << left;
    take(added);
  }
  if (group !== 0 && last !== undefined) take(single);
  return sum;
}
