/** The search on a line and over directions, on survivals that are known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { between, bracket, endOfOne, geometric, type Line } from '../../src/margins/bracket.js';
import { gainsAt, searchDirections } from '../../src/margins/directions.js';

const LINE: Line = { outward: [1, 2, 4, 8, 16], inward: [0.5, 0.25, 0.125], between: geometric(0.05) };

describe('a bracket', () => {
  it('holds the end of survival, as close as it is asked to', async () => {
    await fc.assert(fc.asyncProperty(fc.double({ min: 0.13, max: 15.9, noNaN: true }), fc.constantFrom(0.01, 0.05, 0.5), async (end, tolerance) => {
      const asked: number[] = [];
      const { survivesAt, failsAt, again } = await bracket({ ...LINE, between: geometric(tolerance) }, (value) => {
        asked.push(value);
        return Promise.resolve(value <= end);
      });
      expect(survivesAt).toBeLessThanOrEqual(end);
      expect(failsAt).toBeGreaterThan(end);
      // Values have three digits, so that a bracket may stay open by one of the last.
      expect(failsAt! / survivesAt!).toBeLessThanOrEqual(1 + Math.max(tolerance, 0.011));
      expect(again).toEqual([]);
      expect(new Set(asked).size).toBe(asked.length);
    }));
  });

  it('tells survival beyond the first failure, and brackets the failure nearest to the value as it is', async () => {
    const survives = (value: number): Promise<boolean> => Promise.resolve(value < 3 || (value > 6 && value < 10));
    expect(await bracket(LINE, survives)).toMatchObject({ again: [8] });
    const { survivesAt, failsAt } = await bracket(LINE, survives);
    expect([survivesAt! < 3, failsAt! >= 3, failsAt! < 3.2]).toEqual([true, true, true]);
  });

  it('has an open end where nothing fails, or nothing survives', async () => {
    expect(await bracket(LINE, () => Promise.resolve(true))).toEqual({ survivesAt: 16, failsAt: null, again: [] });
    expect(await bracket(LINE, () => Promise.resolve(false))).toEqual({ survivesAt: null, failsAt: 1, again: [] });
    // Inwards it survives only below what was asked; outwards it does all the same.
    expect(await bracket(LINE, (value) => Promise.resolve(value === 8))).toEqual({ survivesAt: null, failsAt: 1, again: [8] });
  });

  it('of whole numbers ends at neighbours, in either direction', async () => {
    const words = (end: number): ReturnType<typeof bracket> => bracket({ outward: [12, 11, 10, 8, 4, 2], inward: [13, 16, 24], between }, (bits) => Promise.resolve(bits >= end));
    for (let end = 3; end <= 24; end++) expect(await words(end)).toEqual({ survivesAt: end, failsAt: end - 1, again: [] });
  });

  it('of offsets below zero, and from zero', async () => {
    const line: Line = { outward: [0, -1, -2, -4], inward: [], between: geometric(0.05) };
    const { survivesAt, failsAt } = await bracket(line, (value) => Promise.resolve(value > -3));
    expect([survivesAt! > -3, failsAt! <= -3, failsAt! / survivesAt! < 1.05]).toEqual([true, true, true]);
    expect(await bracket(line, (value) => Promise.resolve(value > -0.1))).toEqual({ survivesAt: 0, failsAt: -1, again: [] });
  });
});

describe('the direction of drift', () => {
  /** Survives while Σ wᵢ·(gainᵢ − 1) stays below a bound: the worst direction of all is w. */
  const linear = (weights: readonly number[]) => (direction: readonly number[], norm: number): Promise<boolean> =>
    Promise.resolve(gainsAt(direction, norm).reduce((sum, gain, k) => sum + weights[k]! * (gain - 1), 0) < 1);

  it.each([[[1, -1, 1, 1]], [[1, -1]], [[-1, -1, 1, -1, 1, 1]], [[1, 1, -1, -1, 1, -1, 1]]])('is the pattern of signs %j', async (weights) => {
    const [worst] = await searchDirections(weights.length, 0.01, linear(weights));
    const length = Math.sqrt(weights.length);
    expect(worst!.direction).toEqual(weights.map((sign) => sign / length));
    expect(worst!.survivesAt! * length).toBeLessThan(1);
    expect(worst!.failsAt! * length).toBeGreaterThanOrEqual(1);
  });

  it('is one channel where only that one matters, and every direction has length 1', async () => {
    const tried = await searchDirections(4, 0.01, linear([0, 0, -3, 0]));
    expect(tried[0]!.direction).toEqual([0, 0, -1, 0]);
    for (const { direction } of tried) expect(direction.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 12);
    for (const { failsAt, survivesAt } of tried) expect(failsAt ?? survivesAt).toBeGreaterThanOrEqual(tried[0]!.survivesAt!);
    expect(tried).toHaveLength(2 * 4 + 16);
  });

  it('of one channel goes up and down', async () => {
    expect((await searchDirections(1, 0.01, linear([2]))).map(({ direction }) => direction[0])).toEqual([1, -1]);
  });
});

describe('the end of one seed', () => {
  const ends = (line: Parameters<typeof endOfOne>[0], found: Parameters<typeof endOfOne>[1], last: (value: number) => boolean): Promise<number | null> => endOfOne(line, found, (value) => Promise.resolve(last(value)));
  const line = { outward: [1, 2, 4, 8], inward: [0.5, 0.25], between: geometric(0.05) };
  const found = { survivesAt: 3, failsAt: 3.1, again: [] };

  it.each([
    ['beyond that of all', (value: number) => value < 6, 5.66, 6],
    ['within the same two coarse values', (value: number) => value < 2.5, 2.38, 2.5],
    ['before it', (value: number) => value < 1.5, 1.41, 1.5],
    ['before the value as it is', (value: number) => value < 0.4, 0.35, 0.4],
  ])('%s', async (_, survives, least, most) => {
    const end = (await ends(line, found, survives))!;
    expect(survives(end)).toBe(true);
    expect(end).toBeGreaterThanOrEqual(least);
    expect(end).toBeLessThan(most);
    expect(survives(end * 1.06)).toBe(false);
  });

  it('where it never fails, or always does', async () => {
    expect(await ends(line, found, () => true)).toBe(8);
    expect(await ends(line, found, () => false)).toBeNull();
    expect(await ends(line, { survivesAt: 8, failsAt: null, again: [] }, (value) => value < 3)).toBeCloseTo(2.9, 0);
  });

  it('downwards, in whole numbers', async () => {
    const words = { outward: [16, 15, 14, 12, 8, 4, 2], inward: [17, 18, 20], between };
    expect(await ends(words, { survivesAt: 9, failsAt: 8, again: [] }, (bits) => bits >= 11)).toBe(11);
    expect(await ends(words, { survivesAt: 9, failsAt: 8, again: [] }, (bits) => bits >= 5)).toBe(5);
    expect(await ends(words, { survivesAt: 16, failsAt: 15, again: [] }, (bits) => bits >= 19)).toBe(19);
  });
});
