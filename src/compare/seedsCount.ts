/** What a number of seeds says of a share: its interval, and whether better and worse are equally likely. */
import { toDouble } from '../format/real.js';

/** 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A share with its Wilson score interval at 95 % (E. B. Wilson, JASA 22, 1927, without continuity correction).
 *
 * @param count 0 to `of`; ties may count a half, which makes the interval wider than it need be
 */
export function shareInterval(count: number, of: number): ShareInterval {
  const share = count / of;
  const scale = 1 + Z ** 2 / of;
  const centre = (share + Z ** 2 / (2 * of)) / scale;
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return { share, low: count === 0 ? 0 : centre - half, high: count === of ? 1 : centre + half };
}

/** The exact two-sided sign test: how likely so uneven a split is, or a more uneven one, if better and worse are equally likely. Ties are left out; 1 if there is nothing else. */
export function signTest(better: number, worse: number): number {
  const n = better + worse;
  let ways = 1n;
  let sum = 0n;
  for (let k = 0; k <= Math.min(better, worse); k++) {
    sum += ways;
    ways = (ways * BigInt(n - k)) / BigInt(k + 1);
  }
  return Math.min(1, toDouble({ numerator: 2n * sum, denominator: 1n << BigInt(n) }));
}
