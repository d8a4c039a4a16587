/**
 * Medians with percentile bootstrap intervals. The median of a resample is given by the ranks of its middle values, whatever the values are, so ranks
 * are resampled once and serve every quantity of as many values. Infinities have a rank like any other value.
 */
import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { toDouble } from '../format/real.js';
import { below, type RandomStream } from '../signal/random.js';

/** Resamples of one interval. */
export const REPLICATES = 2000;
/** Share of the intervals that hold what they are for. */
export const LEVEL = 0.95;
/** Medians of resamples left out at either end. */
export const TAIL = Math.round((REPLICATES * (1 - LEVEL)) / 2) - 1;

export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** What lies in the middle of two values, the first of them not the larger. */
export type Middle = (lower: number, upper: number) => number;
export const mean: Middle = (lower, upper) => (lower === upper ? lower : lower / 2 + upper / 2);
/** Of ratios, 0 to ∞: the ratio whose logarithm is the mean of theirs. Between 0 and ∞ it is 1. */
export const geometricMean: Middle = (lower, upper) => (lower === upper ? lower : lower === 0 && upper === Infinity ? 1 : Math.sqrt(lower) * Math.sqrt(upper));

/** Ranks, from 0, of the lower and the upper middle value of a sample of n. They are the same where n is odd. */
const middleRanks = (n: number): [number, number] => [(n - 1) >> 1, n >> 1];

/** The stream resamples are drawn from: xoroshiro128+ whose state is a hash of `key`. */
export function resamplingStream(key: string): RandomStream {
  const digest = createHash('sha256').update(`qrails/1/bootstrap/${key}`, 'utf8').digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32BE(offset)));
}

/**
 * Resamples the ranks 0 … n − 1 with replacement, `REPLICATES` times.
 *
 * @param n values of a sample, 2 or more
 * @returns lower and upper middle rank of every resample, one after the other
 * @example medianRanks(25, resamplingStream(hash))
 */
export function medianRanks(n: number, stream: RandomStream): Uint32Array {
  const ranks = new Uint32Array(2 * REPLICATES);
  const drawn = new Uint32Array(n);
  const middle = middleRanks(n);
  for (let replicate = 0; replicate < REPLICATES; replicate++) {
    drawn.fill(0);
    for (let i = 0; i < n; i++) drawn[below(stream, n)]!++;
    let rank = 0;
    let passed = drawn[0]!;
    for (const [k, wanted] of middle.entries()) {
      while (passed <= wanted) passed += drawn[++rank]!;
      ranks[2 * replicate + k] = rank;
    }
  }
  return ranks;
}

/**
 * The median of a sample and its percentile interval at `LEVEL`: the 50th smallest and the 50th largest of 2000 medians of resamples, without
 * interpolation.
 *
 * @param values without NaN; may be infinite
 * @param ranks of `medianRanks` for as many values
 * @param middle joins the two middle values of an even number
 */
export function medianInterval(values: readonly number[], ranks: Uint32Array, middle: Middle = mean): MedianInterval {
  const sorted = Float64Array.from(values).sort();
  const at = (lower: number, upper: number): number => middle(sorted[lower]!, sorted[upper]!);
  const medians = Float64Array.from({ length: REPLICATES }, (_, k) => at(ranks[2 * k]!, ranks[2 * k + 1]!)).sort();
  return { median: at(...middleRanks(values.length)), low: medians[TAIL]!, high: medians[REPLICATES - 1 - TAIL]! };
}

/**
 * How often the interval of a median of n values holds the median of the continuous population they are drawn from: exactly for odd n, at least for even.
 * A bootstrap of few values is too narrow.
 *
 * @param ranks of `medianRanks` for n values
 */
export function medianCoverage(n: number, ranks: Uint32Array): number {
  const { low, high } = medianInterval(Array.from({ length: n }, (_, rank) => rank), ranks);
  // The number of values below the median is binomial; it must be more than the lower end's rank, and no more than the upper end's.
  let ways = 1n;
  let held = 0n;
  for (let below = 0; below <= high; below++) {
    if (below > Math.ceil(low)) held += ways;
    ways = (ways * BigInt(n - below)) / BigInt(below + 1);
  }
  return toDouble({ numerator: held, denominator: 1n << BigInt(n) });
}
