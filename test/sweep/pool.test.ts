/** The pool: what is run does not depend on how many workers run it, and stops at once when it must. Workers are the compiled ones: `npm run build`. */
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import type { Sweep } from '../../src/schema/sweep.js';
import { createExecutor } from '../../src/sweep/execute.js';
import { runPool, type PoolOptions } from '../../src/sweep/pool.js';
import { createSpace } from '../../src/sweep/space.js';
import { outcomeOf, type DoneExtent, type Extent, type Interval, type RunResult, type SweepSpace } from '../../src/sweep/types.js';
import { experiment, Folder } from '../cli/qrails.js';

const folder = new Folder({
  'mine.json': experiment({ phases: [{ steps: 10, batch: 4, learningRate: 0.1 }, { steps: 20, batch: 4, learningRate: 0.1, sensor: true }], model: { layers: [{ outputs: 1 }] } }),
  'other.json': experiment({ phases: [{ steps: 20, batch: 4, learningRate: 0.1 }], model: { layers: [{ outputs: 1 }] } }),
  // Runs for minutes.
  'long.json': experiment({ phases: [{ steps: 50_000_000, batch: 4, learningRate: 0.01 }], model: { layers: [{ outputs: 1 }] } }),
});
afterAll(() => folder.remove());

const SPEC: Sweep = {
  name: 'rates', base: { experiment: './mine.json', sensor: 'step-gain-4', throttle: 'none', anchor: 'none' }, seeds: { first: 7, count: 3 },
  axes: [{ path: 'experiment.phases[1].learningRate', values: [0.001, 0.01, 0.1, 0.5, 1e-12, 1.5] }, { path: 'profile.sites.weight.wordLength', values: [12, 14, 16, 20] }],
};
const space = await createSpace(SPEC, folder.path);

/** The results in the lines of an extent, whose outcomes are theirs. */
function read({ from, to, lines, outcomes }: DoneExtent): Extent {
  const results = Buffer.from(lines).toString().trimEnd().split('\n').flatMap((line) => (JSON.parse(line) as { results: RunResult[] }).results);
  expect(results).toHaveLength(to - from);
  expect([...outcomes].flatMap(([outcome, count]) => Array<string>(count).fill(outcome)).sort()).toEqual(results.map(outcomeOf).sort());
  return { from, results };
}

async function pooled(options: Partial<PoolOptions> & { space?: SweepSpace }): Promise<{ extents: Extent[]; results: RunResult[] }> {
  const extents: Extent[] = [];
  const { runs } = options.space ?? space;
  await runPool({ space, directory: folder.path, pending: [{ from: 0, to: runs }], workers: 1, onExtent: (extent) => void extents.push(read(extent)), ...options });
  extents.sort((a, b) => a.from - b.from);
  return { extents, results: extents.flatMap(({ results }) => results) };
}

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (error: unknown) => error);

describe('any number of workers', () => {
  it('gives the results of one run after the other', async () => {
    const { run } = createExecutor(space);
    const alone: RunResult[] = [];
    for (let at = 0; at < space.runs; at++) alone.push(await run(at));
    expect(alone.filter(({ error }) => error !== null)).toHaveLength(12);
    for (const workers of [1, 2, 3]) {
      const { extents, results } = await pooled({ workers });
      expect(results).toEqual(alone);
      let next = 0;
      for (const { from, results: own } of extents) {
        expect(from).toBe(next);
        expect(own.map(({ run: number }) => number)).toEqual(own.map((_, index) => from + index));
        next += own.length;
      }
    }
  });

  it('hands over the beginning of an interval that takes longer than those before it', async () => {
    const slowing = await createSpace({ ...SPEC, axes: [{ path: 'steps', values: [1, 30_000] }], seeds: { count: 16 } }, folder.path);
    const { extents, results } = await pooled({ space: slowing });
    expect(results.map(({ run }) => run)).toEqual(Array.from({ length: 32 }, (_, run) => run));
    expect(extents.filter(({ from }) => from >= 16).length).toBeGreaterThan(1);
  });

  it('runs what is pending, nothing else, with either build', async () => {
    const pending: Interval[] = [{ from: 3, to: 5 }, { from: 5, to: 5 }, { from: 60, to: 72 }];
    const fast = await pooled({ pending });
    expect(fast.results.map(({ run }) => run)).toEqual([3, 4, ...Array.from({ length: 12 }, (_, index) => 60 + index)]);
    expect((await pooled({ pending, build: 'scalar' })).results).toEqual(fast.results);
  });
});

describe('what is under way', () => {
  it('is bounded, however much is pending, and waits for what it hands over', async () => {
    let taken = 0;
    let handed = 0;
    let waiting = 0;
    let most = 0;
    function* pending(): Generator<Interval> {
      for (let at = 0; at < space.runs; at++, taken++) yield { from: at, to: at + 1 };
    }
    await runPool({
      space, directory: folder.path, workers: 2, pending: pending(),
      onExtent: async () => {
        waiting++;
        // Each lane has one interval at the most, begun or handed over.
        most = Math.max(most, taken + 1 - handed);
        await after(2);
        waiting--;
        handed++;
      },
    });
    expect([handed, waiting]).toEqual([space.runs, 0]);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('stops where what it hands over is refused', async () => {
    let closed = false;
    function* pending(): Generator<Interval> {
      try {
        yield { from: 0, to: space.runs };
      } finally {
        closed = true;
      }
    }
    let calls = 0;
    const refused = new Error('a full disk');
    const error = await failure(pooled({ workers: 2, pending: pending(), onExtent: () => (++calls === 2 ? Promise.reject(refused) : Promise.resolve()) }));
    expect(error).toBe(refused);
    expect(closed).toBe(true);
    const after2 = calls;
    await after(50);
    expect(calls).toBe(after2);
  });

  it('is left at once when it is aborted, and what was finished has been handed over', async () => {
    const long = await createSpace({ ...SPEC, axes: [{ path: 'experiment', values: ['./mine.json', './long.json'] }], seeds: { count: 8 } }, folder.path);
    const abort = new AbortController();
    const extents: Extent[] = [];
    const began = performance.now();
    const pending = [{ from: 0, to: 8 }, { from: 8, to: 16 }];
    const error = await failure(pooled({ space: long, pending, workers: 2, signal: abort.signal, onExtent: (extent) => {
      extents.push(read(extent));
      if (extents.flatMap(({ results }) => results).length === 8) setTimeout(() => abort.abort(), 200);
    } }));
    expect(error).toBe(abort.signal.reason);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(extents.flatMap(({ results }) => results).map(({ run }) => run).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await failure(pooled({ signal: abort.signal }))).toBe(abort.signal.reason);
  });
});

describe('a worker', () => {
  it('that runs out of memory ends the sweep, and names the runs', async () => {
    const error = await failure(pooled({ heap: 6 }));
    expect(error).toBeInstanceOf(QrailsError);
    expect((error as QrailsError).parts).toMatchObject({ code: 'unsupported', message: 'a worker ran out of memory' });
    expect((error as QrailsError).parts.where).toMatch(/^runs? \d/);
  });

  it('that finds other documents than the sweep began with says so', async () => {
    const error = await failure(pooled({ space: { ...space, hash: 'f'.repeat(64) } }));
    expect((error as QrailsError).parts).toMatchObject({ code: 'invalid', message: 'a document or recording changed since the sweep began' });
  });

  it('in which something is thrown ends the sweep with the runs it was at', async () => {
    const error = await failure(pooled({ pending: [{ from: Number.MAX_SAFE_INTEGER - 1, to: Number.MAX_SAFE_INTEGER }] }));
    expect(error).not.toBeInstanceOf(QrailsError);
    expect((error as Error).message).toMatch(/^run 9007199254740990: /);
  });
});
