/** Shards: every point in exactly one of them, and about as many in each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockPoints, MOST_BLOCKS, parseShard, shardPoints, shardRuns, WHOLE } from '../../src/sweep/shard.js';

const sizes = fc.record({ points: fc.integer({ min: 1, max: 5000 }), seeds: fc.integer({ min: 1, max: 7 }) });
const shards = (count: number) => Array.from({ length: count }, (_, k) => ({ index: k + 1, count }));

describe('shards', () => {
  it('have every run once together, in order each, and differ by a block at the most', () => {
    fc.assert(fc.property(sizes, fc.integer({ min: 1, max: 40 }), (size, wanted) => {
      const count = Math.min(wanted, size.points);
      const runs = shards(count).map((shard) => [...shardRuns(size, shard)]);
      for (const intervals of runs) for (const [k, { from, to }] of intervals.entries()) expect(from < to && (k === 0 || from > intervals[k - 1]!.to)).toBe(true);
      const all = runs.flat().sort((a, b) => a.from - b.from);
      expect([all[0]!.from, ...all.map(({ to }) => to)]).toEqual([...all.map(({ from }) => from), size.points * size.seeds]);
      const points = shards(count).map((shard) => shardPoints(size, shard));
      expect(Math.max(...points) - Math.min(...points)).toBeLessThanOrEqual(blockPoints(size, count));
    }));
  });

  it('of 10^12 points are a few thousand intervals of much the same size', () => {
    const size = { points: 1e12, seeds: 3 };
    const count = 1000;
    const [first, last] = [1, count].map((index) => [...shardRuns(size, { index, count })]) as [{ from: number; to: number }[], { from: number; to: number }[]];
    expect(first.length).toBeLessThanOrEqual(MOST_BLOCKS + 1);
    const [a, b] = [first, last].map((runs) => runs.reduce((sum, { from, to }) => sum + to - from, 0)) as [number, number];
    expect(Math.abs(a - b) / a).toBeLessThan(1 / 4000);
    expect([...shardRuns(size, WHOLE)]).toEqual([{ from: 0, to: 3e12 }]);
  });

  it('are what they were: a change would mix old and new shards', () => {
    const size = { points: 12, seeds: 2 };
    expect(shards(3).map((shard) => [...shardRuns(size, shard)].map(({ from, to }) => `${from}–${to}`).join(' '))).toMatchInlineSnapshot(`
      [
        "0–2 8–10 14–16 20–22",
        "2–4 10–12 16–18 22–24",
        "4–8 12–14 18–20",
      ]
    `);
  });

  it.each([3, 4, 8])('give every value of an axis to every shard: %i values, as many shards', (count) => {
    const size = { points: count * 400, seeds: 1 };
    for (const shard of shards(count)) {
      const seen = new Array<number>(count).fill(0);
      for (const { from, to } of shardRuns(size, shard)) for (let point = from; point < to; point++) seen[point % count]!++;
      for (const times of seen) expect(Math.abs(times - 400 / count)).toBeLessThan(5 * Math.sqrt(400 / count));
    }
  });

  it.each(['0/3', '4/3', '1/0', '1', '1/2/3', '-1/2', '1/100001', 'a/b', '', '1 / 2'])('refuses %j', (text) => {
    expect(() => parseShard(text)).toThrow(/--shard/);
  });

  it('refuses more shards than points', () => {
    expect(() => shardRuns({ points: 3, seeds: 9 }, { index: 1, count: 4 })).toThrow(/more parts than points[^]*at most 3/);
  });
});
