import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NORMAL_TABLE, normal } from '../../src/signal/normal.js';
import { below, randomStream, uniform, type Purpose } from '../../src/signal/random.js';
import { hashValues } from '../../src/signal/values.js';
import { xoroshiro } from './oracle.js';

const PURPOSES: Purpose[] = ['data', 'targets', 'weights', 'order', 'noise'];

describe('streams', () => {
  test('are the xoroshiro128+ of docs/sensors.md', () => {
    for (const purpose of PURPOSES) {
      for (const seed of [0, 1, 42, 4294967295]) {
        const stream = randomStream(seed, purpose);
        const oracle = xoroshiro(purpose, seed);
        for (let i = 0; i < 200; i++) expect(stream.next() >>> 0).toBe(oracle());
      }
    }
  });

  test('differ by seed and purpose from the first draw on, and do not start near 0 or 1', () => {
    const first = PURPOSES.flatMap((purpose) => Array.from({ length: 200 }, (_, seed) => uniform(randomStream(seed, purpose))));
    expect(new Set(first).size).toBe(1000);
    const mean = first.reduce((a, b) => a + b) / first.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 1000));
    expect(first.filter((u) => u < 0.1).length).toBeGreaterThan(60);
    expect(first.filter((u) => u < 0.1).length).toBeLessThan(140);
  });

  test('uniform is a multiple of 2^-53 in [0, 1) made of two draws', () => {
    const stream = randomStream(7, 'weights');
    const oracle = xoroshiro('weights', 7);
    for (let i = 0; i < 1000; i++) {
      const k = (BigInt(oracle() >>> 6) << 27n) | BigInt(oracle() >>> 5);
      expect(uniform(stream)).toBe(Number(k) / 2 ** 53);
    }
  });

  test.each([2, 3, 7, 8, 1000])('below %i hits every integer equally often', (bound) => {
    const stream = randomStream(1, 'order');
    const draws = bound * 400;
    const counts = new Array<number>(bound).fill(0);
    for (let i = 0; i < draws; i++) counts[below(stream, bound)]!++;
    const chiSquare = counts.reduce((sum, n) => sum + (n - 400) ** 2 / 400, 0);
    expect(Math.abs(chiSquare - (bound - 1))).toBeLessThan(5 * Math.sqrt(2 * (bound - 1)));
  });
});

describe('normal table', () => {
  /** Φ(z) − ½ by Simpson's rule: another way than the table's. */
  const area = (z: number): number => {
    const n = 2000;
    let sum = 0;
    for (let i = 0; i <= n; i++) sum += (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-(((z * i) / n) ** 2) / 2);
    return (sum * z) / n / 3 / Math.sqrt(2 * Math.PI);
  };

  test('is the published one', () => {
    expect(NORMAL_TABLE.length).toBe(4096);
    expect(hashValues(NORMAL_TABLE)).toBe('e1ede6b2d1c9b8d0e99d91787af3e924c628f6a002b6fe8dc6b864f3fb0dfbb9');
    expect(createHash('sha256').update(new Uint8Array(NORMAL_TABLE.buffer)).digest('hex')).toBe(hashValues(NORMAL_TABLE));
    expect(NORMAL_TABLE[4095]).toBe(3.6689173579216003);
  });

  test('holds midpoint quantiles, scaled to variance 1, odd and rising', () => {
    const variance = NORMAL_TABLE.reduce((sum, n) => sum + n * n, 0) / 4096;
    expect(Math.abs(variance - 1)).toBeLessThan(1e-9);
    for (const i of [2048, 2049, 2500, 3000, 3600, 4000, 4090, 4095]) {
      let [low, high] = [0, 5];
      for (let k = 0; k < 60; k++) {
        const middle = (low + high) / 2;
        if (area(middle) < (i + 0.5) / 4096 - 0.5) low = middle;
        else high = middle;
      }
      // Midpoints lose 0.03 % of the variance to the tails: the factor gives it back.
      expect(Math.abs(NORMAL_TABLE[i]! - low * 1.0001603)).toBeLessThan(2e-7);
      expect(NORMAL_TABLE[4095 - i]).toBe(-NORMAL_TABLE[i]!);
    }
    for (let i = 1; i < 4096; i++) expect(NORMAL_TABLE[i]!).toBeGreaterThan(NORMAL_TABLE[i - 1]!);
  });

  test('draws with mean 0, deviation 1, kurtosis 3', () => {
    const stream = randomStream(3, 'noise');
    const draws = Float64Array.from({ length: 200_000 }, () => normal(stream));
    const moment = (power: number) => draws.reduce((sum, n) => sum + n ** power, 0) / draws.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  });
});
