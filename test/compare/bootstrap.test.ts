/** Medians, intervals and shares against hand computation, closed forms and populations that are known. */
import { describe, expect, it } from 'vitest';
import { geometricMean, LEVEL, mean, medianCoverage, medianInterval, medianRanks, REPLICATES, resamplingStream } from '../../src/compare/bootstrap.js';
import { shareInterval, signTest } from '../../src/compare/seedsCount.js';
import { randomStream, uniform } from '../../src/signal/random.js';

/** n over k, as floating-point numbers: n is small here. */
const choose = (n: number, k: number): number => Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((product, factor) => product * factor, 1);
const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
/** P(Bin(n, p) ≥ least). */
const atLeast = (n: number, p: number, least: number): number => range(least, n + 1).reduce((sum, k) => sum + choose(n, k) * p ** k * (1 - p) ** (n - k), 0);
const ranksOf = (n: number, key = 'test'): Uint32Array => medianRanks(n, resamplingStream(key));

describe('a median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1, 9], 1],
    [[10, 9, 100], 10], // not in the order of their texts
    [[1, Infinity, 2], 2],
    [[Infinity, Infinity, 2], Infinity],
    [[1, 2, Infinity, Infinity], Infinity],
    [[-1, -3, -2, 0], -1.5],
    [[Number.MAX_VALUE, Number.MAX_VALUE, 1, Number.MAX_VALUE], Number.MAX_VALUE],
  ])('of %j is %d', (values, median) => {
    const found = medianInterval(values, ranksOf(values.length));
    expect(found.median).toBe(median);
    expect(found.low).toBeLessThanOrEqual(median);
    expect(found.high).toBeGreaterThanOrEqual(median);
  });

  it('of ratios does not depend on which is over which', () => {
    const ratios = [4, 0.25, 8, 1 / 16, 2, 32];
    const inverse = ratios.map((ratio) => 1 / ratio);
    expect(medianInterval(ratios, ranksOf(6), geometricMean).median).toBeCloseTo(Math.sqrt(8), 14);
    expect(medianInterval(inverse, ranksOf(6), geometricMean).median).toBeCloseTo(1 / Math.sqrt(8), 14);
  });

  it('takes the middle of two', () => {
    expect([mean(1, 2), mean(3, Infinity), mean(Infinity, Infinity), mean(Number.MAX_VALUE, Number.MAX_VALUE)]).toEqual([1.5, Infinity, Infinity, Number.MAX_VALUE]);
    expect([geometricMean(0.1, 0.1), geometricMean(4, 9), geometricMean(0, 5), geometricMean(5, Infinity), geometricMean(0, Infinity), geometricMean(0, 0)]).toEqual([0.1, 6, 0, Infinity, 1, 0]);
  });
});

describe('resampling', () => {
  it('gives each rank as often as the closed form says', () => {
    // The median of a resample of odd n is at most rank k when a majority of the draws is: P(Bin(n, (k + 1) / n) ≥ (n + 1) / 2).
    const n = 9;
    const ranks = ranksOf(n).filter((_, index) => index % 2 === 0);
    for (const k of range(0, n)) {
      const wanted = atLeast(n, (k + 1) / n, 5);
      const found = ranks.filter((rank) => rank <= k).length / REPLICATES;
      expect(Math.abs(found - wanted)).toBeLessThanOrEqual(4 * Math.sqrt((wanted * (1 - wanted)) / REPLICATES) + 1e-12);
    }
  });

  it('has both middle ranks of an even number, in order, and one of an odd', () => {
    const even = ranksOf(10);
    const odd = ranksOf(11);
    let apart = 0;
    for (let k = 0; k < REPLICATES; k++) {
      expect(even[2 * k]!).toBeLessThanOrEqual(even[2 * k + 1]!);
      if (even[2 * k] !== even[2 * k + 1]) apart++;
      expect(odd[2 * k]).toBe(odd[2 * k + 1]);
    }
    expect(apart).toBeGreaterThan(REPLICATES / 2);
    expect(Math.max(...even)).toBeLessThan(10);
  });

  it('is the same for the same key, and another for another', () => {
    expect(ranksOf(20, 'a')).toEqual(ranksOf(20, 'a'));
    expect(ranksOf(20, 'b')).not.toEqual(ranksOf(20, 'a'));
  });

  it('equals resampling the values themselves', () => {
    const values = [5, 3, 8, 1, 9, 2, 7];
    const stream = resamplingStream('test');
    const sorted = [...values].sort((a, b) => a - b);
    const medians = range(0, REPLICATES).map(() => {
      const draws = range(0, values.length).map(() => {
        for (;;) { // seven values: three bits, drawn again above six
          const candidate = stream.next() >>> 29;
          if (candidate < values.length) return sorted[candidate]!;
        }
      });
      return draws.sort((a, b) => a - b)[3]!;
    }).sort((a, b) => a - b);
    expect(medianInterval(values, ranksOf(values.length))).toEqual({ median: 5, low: medians[49], high: medians[1950] });
  });

  it('holds the median of a known population as often as it says', () => {
    const n = 25;
    const repeats = 4000;
    const stream = randomStream(7, 'data');
    const ranks = ranksOf(n);
    const [low, high] = ['low', 'high'].map((end) => medianInterval(range(0, n), ranks)[end as 'low' | 'high']) as [number, number];
    // Which values of the sample the ends are decides the coverage for every continuous population: more than `low` and at most `high` values lie below the median.
    const exact = atLeast(n, 0.5, low + 1) - atLeast(n, 0.5, high + 1);
    expect(medianCoverage(n, ranks)).toBeCloseTo(exact, 12);
    expect(Math.abs(exact - LEVEL)).toBeLessThan(0.02);
    let held = 0;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const sample = range(0, n).map(() => -Math.log(1 - uniform(stream))); // exponential: its median is ln 2
      const interval = medianInterval(sample, ranks);
      if (interval.low <= Math.LN2 && Math.LN2 <= interval.high) held++;
    }
    expect(Math.abs(held / repeats - exact)).toBeLessThan(4 * Math.sqrt((exact * (1 - exact)) / repeats));
  });
});

describe('coverage', () => {
  it('of two and three values is what their ends allow', () => {
    // Both ends of two values: the median lies between them in half of the cases. Of three, from the smallest to the largest: in three quarters.
    expect(medianInterval([0, 1], ranksOf(2))).toEqual({ median: 0.5, low: 0, high: 1 });
    expect(medianInterval([0, 1, 2], ranksOf(3))).toEqual({ median: 1, low: 0, high: 2 });
    expect([medianCoverage(2, ranksOf(2)), medianCoverage(3, ranksOf(3))]).toEqual([0.5, 0.75]);
  });

  it('of an even number is at least what is told', () => {
    const n = 10;
    const ranks = ranksOf(n);
    const stream = randomStream(8, 'data');
    const held = range(0, 4000).filter(() => {
      const { low, high } = medianInterval(range(0, n).map(() => uniform(stream)), ranks);
      return low <= 0.5 && 0.5 <= high;
    }).length / 4000;
    const told = medianCoverage(n, ranks);
    expect(told).toBeGreaterThan(0.8);
    expect(held).toBeGreaterThan(told - 4 * Math.sqrt((told * (1 - told)) / 4000));
  });

  it('comes near the level with many', () => {
    for (const n of [101, 1001, 10_000]) expect(Math.abs(medianCoverage(n, ranksOf(n)) - LEVEL)).toBeLessThan(0.02);
  });
});

describe('a share', () => {
  // E. B. Wilson's formula worked by hand for z = 1.959964: 8 of 10 is (0.490, 0.943).
  it.each([[8, 10, 0.4901625, 0.9433178], [0, 10, 0, 0.2775328], [10, 10, 0.7224672, 1], [50, 100, 0.4038315, 0.5961685], [2.5, 5, 0.1704, 0.8296]])('%d of %d lies in %d … %d', (count, of, low, high) => {
    const found = shareInterval(count, of);
    expect(found.share).toBe(count / of);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
    expect(shareInterval(of - count, of).low).toBeCloseTo(1 - found.high, 12);
  });

  it('at either end is exact', () => {
    for (const n of [2, 7, 10_000]) expect([shareInterval(0, n).low, shareInterval(n, n).high]).toEqual([0, 1]);
  });
});

describe('the sign test', () => {
  it.each([[5, 5, 1], [10, 0, 2 / 1024], [8, 2, (2 * (1 + 10 + 45)) / 1024], [0, 1, 1], [0, 0, 1], [6, 5, 1], [0, 6, 2 / 64]])('%d against %d: %d', (better, worse, p) => {
    expect(signTest(better, worse)).toBe(p);
    expect(signTest(worse, better)).toBe(p);
  });

  it('stays exact where factors leave the range of numbers', () => {
    expect(signTest(10_000, 0)).toBe(0);
    expect(signTest(5000, 5000)).toBe(1);
    // P(Bin(10000, ½) ≤ 4900) by the normal approximation with continuity correction: z = −1.99.
    expect(signTest(5100, 4900)).toBeCloseTo(2 * 0.023295, 4);
  });
});
