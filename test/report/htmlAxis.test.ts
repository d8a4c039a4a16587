/** Axes: everything the target did is seen, zeros have a place, a runaway reference does not flatten the rest. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ticks, tickText, yLimits } from '../../src/report/html/axis.js';

const values = fc.array(fc.oneof(fc.double({ min: 0, max: 1e300, noNaN: true }), fc.constant(null)), { maxLength: 30 });

it('holds every value of the target, on both scales', () => {
  fc.assert(fc.property(values, values, fc.constantFrom('log' as const, 'linear' as const), (float, fixed, scale) => {
    const [low, high] = yLimits(float, fixed, scale);
    expect(low).toBeLessThan(high);
    for (const value of fixed) {
      if (value === null || (scale === 'log' && value === 0)) continue;
      expect(value).toBeGreaterThanOrEqual(low * (1 - 1e-9));
      expect(value).toBeLessThanOrEqual(high * (1 + 1e-9));
    }
    const marked = ticks(low, high, scale);
    expect(marked.length).toBeLessThanOrEqual(9);
    for (const tick of marked) {
      expect(tick).toBeGreaterThanOrEqual(low * (1 - 1e-6) - 1e-300);
      expect(tick).toBeLessThanOrEqual(high * (1 + 1e-6));
    }
  }), { numRuns: 2000 });
});

it('lets a reference that ran away out of the picture, one that is near not', () => {
  expect(yLimits([1, 1e177], [1, 237], 'log')).toEqual([1, 1e4]);
  expect(yLimits([1, 1e5], [1, 237], 'log')).toEqual([1, 1e5]);
  expect(yLimits([1, 1e177], [], 'log')[1]).toBeGreaterThanOrEqual(1e177);
  expect(yLimits([0.5], [0.5], 'linear', 2)).toEqual([0, 2.1]);
});

it('reaches both ends of binary64', () => {
  expect(yLimits([], [5e-324], 'log')).toEqual([Number.MIN_VALUE, 1e-323]);
  expect(yLimits([], [Number.MAX_VALUE], 'log')).toEqual([1e308, Number.MAX_VALUE]);
});

it('puts zeros a decade below everything else', () => {
  expect(yLimits([0.02, 3], [0, 3], 'log')).toEqual([0.001, 10]);
  expect(yLimits([0], [0], 'log')).toEqual([0.1, 1]);
});

it('marks round values', () => {
  expect(ticks(0, 120, 'linear')).toEqual([0, 20, 40, 60, 80, 100, 120]);
  expect(ticks(1e-12, 1e4, 'log').map(tickText)).toEqual(['1e-12', '1e-9', '1e-6', '0.001', '1', '1000']);
  expect([0, 0.25, 99999, 123456, -2e-7].map(tickText)).toEqual(['0', '0.25', '99999', '1.23456e5', '-2e-7']);
});
