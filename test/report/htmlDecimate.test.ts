/** Decimation hides nothing: extremes, ends and gaps stay, points are real ones, and their number is bounded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimator, MOST_POINTS, thinned, type Points } from '../../src/report/html/decimate.js';

type Series = (number | null)[];

function decimated(series: readonly Series[], most?: number): Points {
  const length = series[0]!.length;
  const decimator = new Decimator(length, series.length, most);
  for (let step = 0; step < length; step++) decimator.add(step, series.map((values) => values[step]!));
  return decimator.points();
}

const value = fc.oneof({ weight: 8, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) }, { weight: 1, arbitrary: fc.constant(null) });
const pairs = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 400 });

describe('decimation', () => {
  it('keeps, of every stretch and series, smallest and largest, first and last, and the first gap', () => {
    fc.assert(fc.property(pairs, fc.integer({ min: 8, max: 120 }), (rows, most) => {
      const series = [rows.map(([a]) => a), rows.map(([, b]) => b)];
      const points = decimated(series, most);
      expect(points.steps.length).toBeLessThanOrEqual(Math.max(8, most));
      expect(points.of).toBe(rows.length);
      expect(points.steps).toEqual([...new Set(points.steps)].sort((a, b) => a - b));
      points.steps.forEach((step, k) => expect(points.values.map((values) => values[k])).toEqual(series.map((values) => values[step])));
      for (let from = 0; from < rows.length; from += points.every) {
        const to = Math.min(rows.length, from + points.every);
        const kept = points.steps.filter((step) => step >= from && step < to);
        expect(kept[0]).toBe(from);
        expect(kept.at(-1)).toBe(to - 1);
        for (const values of series) {
          const finite = (list: Series): number[] => list.filter((one) => one !== null);
          const [all, some] = [finite(values.slice(from, to)), finite(kept.map((step) => values[step]!))];
          if (all.length > 0) expect([Math.min(...some), Math.max(...some)]).toEqual([Math.min(...all), Math.max(...all)]);
          const gap = values.slice(from, to).indexOf(null);
          if (gap >= 0) expect(kept).toContain(from + gap);
        }
      }
    }));
  });

  it('keeps every step of a run that is short enough', () => {
    const values = Array.from({ length: MOST_POINTS }, (_, step) => step % 7);
    expect(decimated([values])).toEqual({ steps: values.map((_, step) => step), values: [values], of: MOST_POINTS, every: 1 });
  });

  it('takes a million steps in no time and keeps a spike of one step', () => {
    const decimator = new Decimator(1_000_000, 2);
    const began = performance.now();
    for (let step = 0; step < 1_000_000; step++) decimator.add(step, [Math.sin(step / 5000), step === 765_432 ? 1e9 : 1]);
    const points = decimator.points();
    expect(performance.now() - began).toBeLessThan(3000);
    expect(points.steps.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(points.steps.length).toBeGreaterThan(500);
    expect(points.values[1]![points.steps.indexOf(765_432)]).toBe(1e9);
    expect([points.steps[0], points.steps.at(-1)]).toEqual([0, 999_999]);
  });

  it('thinning again keeps the extremes of the whole', () => {
    fc.assert(fc.property(pairs, (rows) => {
      const points = decimated([rows.map(([a]) => a), rows.map(([, b]) => b)]);
      const few = thinned(points, 16);
      expect(few.steps.length).toBeLessThanOrEqual(16);
      points.values.forEach((values, k) => {
        const [all, some] = [values, few.values[k]!].map((list) => list.filter((one) => one !== null));
        expect([Math.min(...some!), Math.max(...some!)]).toEqual([Math.min(...all!), Math.max(...all!)]);
      });
    }));
  });
});
