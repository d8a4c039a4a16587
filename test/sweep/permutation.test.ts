import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permutation } from '../../src/sweep/permutation.js';

const all = (size: number, key: string): number[] => {
  const entry = permutation(size, key);
  return Array.from({ length: size }, (_, index) => entry(index));
};

describe('a permutation', () => {
  it('takes every value once, whatever size and key', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3000 }), fc.string(), (size, key) => {
      expect(new Set(all(size, key).filter((value) => value >= 0 && value < size)).size).toBe(size);
    }), { numRuns: 200 });
  });

  it.each([1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 256, 257, 65536])('takes every value once at size %i, beside powers of two', (size) => {
    expect(all(size, 'k').sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, index) => index));
  });

  it('of 10^12 stays inside, gives different values to different places, and is made at once', () => {
    const began = performance.now();
    const entry = permutation(1e12, 'k');
    const places = Array.from({ length: 20_000 }, (_, k) => (k % 2 === 0 ? k : 1e12 - k));
    const values = places.map(entry);
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < 1e12)).toBe(true);
    expect(new Set(values).size).toBe(places.length);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('keeps its values: they are part of what a sweep is', () => {
    // From an implementation in another language.
    expect(all(12, 'qrails')).toEqual([10, 9, 4, 11, 7, 3, 5, 1, 2, 6, 0, 8]);
    expect([0, 1, 999_999_999_999].map(permutation(1e12, 'qrails'))).toEqual([481108663316, 895710581911, 426886648383]);
  });

  it('puts every value everywhere equally often over the keys', () => {
    for (const size of [2, 3, 5, 8, 10]) {
      const keys = 2000;
      const counts = Array.from({ length: size }, () => new Float64Array(size));
      for (let key = 0; key < keys; key++) for (const [index, value] of all(size, `${key}`).entries()) counts[index]![value]!++;
      const mean = keys / size;
      const chi = counts.reduce((sum, row) => sum + row.reduce((part, count) => part + (count - mean) ** 2 / mean, 0), 0);
      const freedom = (size - 1) ** 2;
      expect(chi, `size ${size}`).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom)); // keys are fixed: this cannot fail by chance
    }
  });

  it('leaves no trend between place and value', () => {
    const size = 10_000;
    const values = all(size, 'trend');
    const middle = (size - 1) / 2;
    const correlation = values.reduce((sum, value, index) => sum + (value - middle) * (index - middle), 0) / (size * (size ** 2 - 1) / 12);
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(size));
  });
});
