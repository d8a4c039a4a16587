/** The stability gap on a made-up example, and what no evaluation can change. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StabilityGapMeter, type StabilityGap } from '../../src/instruments/stabilityGap.js';

/** Evaluations [moment][task]; `learned[task]` is the moment training of the task ended with. */
function measured(evaluations: readonly (readonly number[])[], learned: readonly (number | undefined)[], window?: number): StabilityGap {
  const meter = new StabilityGapMeter(learned.length, window);
  evaluations.forEach((values, moment) => {
    meter.add(values);
    learned.forEach((end, task) => end === moment && meter.learned(task));
  });
  return meter.result;
}

describe('the stability gap', () => {
  // Task 0 is learned at moment 2, task 1 at 5, task 2 at 8.
  const evaluations = [
    [0.1, 0.0, 0.0], [0.6, 0.1, 0.0], [0.9, 0.1, 0.1],
    [0.3, 0.5, 0.1], [0.7, 0.8, 0.0], [0.8, 0.9, 0.2],
    [0.5, 0.2, 0.6], [0.7, 0.6, 0.7], [0.8, 0.8, 0.8],
  ];

  it('takes the worst since a task was learned, not what it was before or at the end', () => {
    const { minAccuracy, worstCase } = measured(evaluations, [2, 5, 8]);
    // 0.3 of task 0, 0.2 of task 1; the last task has 0.8.
    expect(minAccuracy).toBeCloseTo((0.3 + 0.2) / 2, 12);
    expect(worstCase).toBeCloseTo(0.8 / 3 + (2 / 3) * 0.25, 12);
  });

  it('falls and rises are between evaluations of one window, from the earlier to the later', () => {
    const { windowedForgetting, windowedPlasticity } = measured(evaluations, [2, 5, 8]);
    expect(windowedForgetting).toEqual([0.9 - 0.3, 0.9 - 0.2, 0.1]);
    expect(windowedPlasticity.map((rise) => Number(rise.toFixed(12)))).toEqual([0.8, 0.9, 0.8]);
    const narrow = measured(evaluations, [2, 5, 8], 2);
    expect(narrow.windowedForgetting.map((fall) => Number(fall.toFixed(12)))).toEqual([0.6, 0.7, 0.1]);
    expect(narrow.windowedPlasticity.map((rise) => Number(rise.toFixed(12)))).toEqual([0.5, 0.4, 0.4]);
    // Three apart is beyond a window of three.
    expect(measured([[1], [0.9], [0.8], [0]], [3], 3).windowedForgetting).toEqual([0.9]);
  });

  it('one task has no min-ACC, and its last value for WC-ACC', () => {
    expect(measured([[0.2], [0.7]], [1])).toMatchObject({ minAccuracy: null, worstCase: 0.7 });
  });

  it('without an evaluation after a task was learned there is no worst', () => {
    expect(measured([[0.2, 0.1], [0.7, 0.3]], [1, 1])).toMatchObject({ minAccuracy: null, worstCase: null });
    expect(measured([[0.2, 0.1], [0.7, 0.3]], [undefined, undefined])).toMatchObject({ minAccuracy: null, worstCase: null });
    expect(new StabilityGapMeter(2).result).toEqual({ minAccuracy: null, worstCase: null, windowedForgetting: [0, 0], windowedPlasticity: [0, 0] });
  });

  it('losses are negative values; one that blew up is the worst there is', () => {
    const { minAccuracy, windowedForgetting } = measured([[-1, -2], [-0.1, -2], [NaN, -1], [-Infinity, -0.5]], [1, 3]);
    expect(minAccuracy).toBe(-Infinity);
    expect(windowedForgetting).toEqual([Infinity, 0]);
  });

  it('WF and WP are what every pair within a window says, WC-ACC ≤ mean of the last values', () => {
    const value = fc.integer({ min: -8, max: 8 });
    fc.assert(fc.property(fc.array(fc.tuple(value, value), { minLength: 3, maxLength: 30 }), fc.integer({ min: 2, max: 12 }), fc.nat(), (values, window, at) => {
      const learned = at % (values.length - 2);
      const gap = measured(values, [learned, values.length - 1], window);
      for (const task of [0, 1] as const) {
        const pairs = values.flatMap((later, n) => values.slice(Math.max(0, n - window + 1), n).map((earlier) => later[task] - earlier[task]));
        expect(gap.windowedPlasticity[task]).toBe(Math.max(0, ...pairs));
        expect(gap.windowedForgetting[task]).toBe(Math.max(0, ...pairs.map((rise) => -rise)));
      }
      expect(gap.minAccuracy).toBe(Math.min(...values.slice(learned + 1).map(([first]) => first)));
      const [first, second] = values.at(-1)!;
      expect(gap.worstCase).toBeLessThanOrEqual((first + second) / 2);
    }));
  });
});
