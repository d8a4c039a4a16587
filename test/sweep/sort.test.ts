/** Sorting journals with next to no memory, against sorting them in memory. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VERDICTS } from '../../src/compare/thresholds.js';
import { QrailsError } from '../../src/errors.js';
import { openJournal, sealExtent, type JournalHead } from '../../src/sweep/journal.js';
import { SWEEP_MEASURE_NAMES } from '../../src/sweep/measures.js';
import { SORT_FOLDER, sortedRuns, type Journals, type SortOptions } from '../../src/sweep/sort.js';
import type { Interval, RunResult, SideResult } from '../../src/sweep/types.js';

const root = mkdtempSync(join(tmpdir(), 'qrails-sort-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Hundreds of journals are written here: that they reach the disk is another test's matter. */
beforeAll(async () => {
  const handle = await open(root, 'r');
  const handles = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  for (const method of ['sync', 'datasync'] as const) vi.spyOn(handles, method).mockResolvedValue();
});

const side = (value: number): SideResult => ({ verdict: VERDICTS[value % VERDICTS.length]!, ...Object.fromEntries(SWEEP_MEASURE_NAMES.map((name, index) => [name, value / (index + 3)])) }) as SideResult;
const result = (run: number): RunResult =>
  run % 5 === 0 ? { run, hash: null, float: null, fixed: null, error: { code: 'format', message: `run ${run}` } } : { run, hash: 'ab'.repeat(32), float: null, fixed: side(run), error: null };
const resultsOf = ({ from, to }: Interval): RunResult[] => Array.from({ length: to - from }, (_, index) => result(from + index));

let made = 0;
/** Journals with these extents, in the order given; each in a folder of its own. */
async function journals(extents: readonly (readonly Interval[])[], head: Partial<JournalHead> & { runs: number }): Promise<Journals> {
  const paths: string[] = [];
  for (const [index, intervals] of extents.entries()) {
    const journal = await openJournal(join(root, String(made++)), { sweep: 'ab'.repeat(32), name: 'x', shard: [index + 1, extents.length], points: head.runs, seeds: 1, ...head });
    for (const interval of intervals) await journal.append(sealExtent({ from: interval.from, results: resultsOf(interval) }));
    await journal.close();
    paths.push(journal.path);
  }
  return paths as unknown as Journals;
}

interface Sorted {
  readonly results: readonly RunResult[];
  /** Files that were put away while it lasted. */
  readonly away: number;
  readonly error: unknown;
}

async function sort(paths: Journals, options: SortOptions = {}): Promise<Sorted> {
  const results: RunResult[] = [];
  let [away, error]: [number, unknown] = [0, undefined];
  const folder = join(dirname(paths[0]), SORT_FOLDER);
  const look = (): string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  try {
    for await (const one of sortedRuns(paths, options)) {
      results.push(one);
      if (results.length % 7 === 1) away = Math.max(away, look().length);
    }
  } catch (reason) {
    error = reason;
  }
  expect(readdirSync(dirname(paths[0]))).not.toContain(SORT_FOLDER);
  return { results, away, error };
}

/** Runs 0 … n − 1 cut into extents. */
const cut = (lengths: readonly number[]): Interval[] => {
  let at = 0;
  return lengths.map((length) => ({ from: at, to: (at += length) }));
};
const order = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 60 }).chain((lengths) => {
  const extents = cut(lengths);
  return fc.tuple(fc.shuffledSubarray(extents, { minLength: extents.length }), fc.integer({ min: 1, max: 5 }));
});
const runsOf = (extents: readonly Interval[]): number => Math.max(0, ...extents.map(({ to }) => to));
/** Dealt to several journals. */
const deal = (extents: readonly Interval[], count: number): Interval[][] => Array.from({ length: count }, (_, index) => extents.filter((_, at) => at % count === index));

describe('with bounds of a few lines and files', () => {
  it('any order becomes that of the runs', async () => {
    let away = 0;
    await fc.assert(fc.asyncProperty(order, fc.integer({ min: 0, max: 6000 }), fc.integer({ min: 2, max: 4 }), async ([extents, count], bufferBytes, fanIn) => {
      const expected = extents.flatMap(resultsOf).sort((a, b) => a.run - b.run);
      const sorted = await sort(await journals(deal(extents, count), { runs: runsOf(extents) }), { bufferBytes, fanIn });
      expect(sorted.error).toBeUndefined();
      expect(sorted.results).toEqual(expected);
      away = Math.max(away, sorted.away);
    }), { numRuns: 60, seed: 11 });
    expect(away).toBeGreaterThan(1); // or nothing of it was tried
  }, 60_000);

  it('what is missing and what is there twice is named, whatever the order', async () => {
    await fc.assert(fc.asyncProperty(order, fc.nat(), fc.nat(), fc.boolean(), async ([extents, count], which, where, twice) => {
      const one = extents[which % extents.length]!;
      const changed = twice ? extents.toSpliced(where % extents.length, 0, one) : extents.filter((other) => other !== one);
      // One journal refuses a run twice: the repeated extent comes from a journal of its own.
      const dealt = twice ? [...deal(extents, count), [one]] : deal(changed, count);
      const { results, error } = await sort(await journals(dealt, { runs: runsOf(extents) }), { bufferBytes: 2000, fanIn: 2 });
      expect(error).toBeInstanceOf(QrailsError);
      const name = one.to - one.from === 1 ? `run ${one.from}` : `runs ${one.from} to ${one.to - 1}`;
      expect((error as QrailsError).parts).toMatchObject({ message: 'not every run is there once', found: `${twice ? 'twice' : 'missing'}: ${name}` });
      results.forEach(({ run }, index) => expect(run).toBe(index)); // what was handed out before is right
    }), { numRuns: 60, seed: 12 });
  }, 60_000);
});

describe('in nearly the right order', () => {
  it('nothing is put away: extents finished by several workers', async () => {
    const extents = cut(Array<number>(400).fill(5));
    for (let at = 0; at + 8 <= extents.length; at += 8) extents.splice(at, 8, ...extents.slice(at, at + 8).reverse());
    const { results, away } = await sort(await journals([extents], { runs: 2000 }), { bufferBytes: 30_000 });
    expect(away).toBe(0);
    expect(results.map(({ run }) => run)).toEqual(Array.from({ length: 2000 }, (_, run) => run));
  });

  it('nothing is put away: shards read side by side', async () => {
    const paths = await journals(deal(cut(Array<number>(400).fill(5)), 7), { runs: 2000 });
    const { results, away } = await sort([...paths].reverse() as unknown as Journals, { bufferBytes: 0, fanIn: 7 });
    expect(away).toBe(0);
    expect(results).toHaveLength(2000);
    expect((await sort(paths, { bufferBytes: 0, fanIn: 3 })).away).toBeGreaterThan(0); // which is due to reading them side by side
  });

  it('what would not fit is put away', async () => {
    const extents = cut(Array<number>(400).fill(5));
    const { results, away } = await sort(await journals([[...extents.slice(1), extents[0]!]], { runs: 2000 }), { bufferBytes: 30_000 });
    expect(away).toBeGreaterThan(5);
    expect(results).toHaveLength(2000);
  });
});

describe('an error', () => {
  it('names the first few of many, and damaged lines', async () => {
    const extents = cut(Array<number>(40).fill(2));
    const [path] = await journals([extents.filter((_, index) => index % 2 === 0)], { runs: 80 });
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `${text.slice(0, -10)}\n`);
    const { error } = await sort([path]);
    expect((error as QrailsError).parts).toMatchObject({
      where: path, expected: 'runs 0 to 79, each once', try: expect.stringContaining('--resume'),
      found: `missing: ${[2, 6, 10, 14, 18, 22, 26, 30].map((run) => `runs ${run} to ${run + 1}`).join(', ')} and 11 more; damaged lines: 1`,
    });
  });

  it('of fewer runs than asked for, or more', async () => {
    const paths = await journals([cut([10, 10])], { runs: 20 });
    expect((await sort(paths, { runs: 25 })).error).toMatchObject({ parts: { found: 'missing: runs 20 to 24' } });
    expect((await sort(paths, { runs: 15 })).error).toMatchObject({ code: 'invalid', parts: { found: 'runs 10 to 19', expected: 'runs below 15' } });
    expect((await sort(await journals([[]], { runs: 20 }))).error).toMatchObject({ parts: { found: 'missing: runs 0 to 19' } });
  });

  it('of extents that overlap in part', async () => {
    const paths = await journals([[{ from: 0, to: 6 }], [{ from: 4, to: 10 }]], { runs: 10 });
    for (const bufferBytes of [0, 1e6]) expect((await sort(paths, { bufferBytes })).error).toMatchObject({ parts: { found: 'twice: runs 4 to 5' } });
    const waiting = await journals([[{ from: 1, to: 3 }, { from: 6, to: 10 }], [{ from: 1, to: 6 }], [{ from: 0, to: 1 }]], { runs: 10 });
    for (const bufferBytes of [0, 1e6]) expect((await sort(waiting, { bufferBytes, fanIn: 2 })).error).toMatchObject({ parts: { found: 'twice: runs 1 to 2' } });
  });

  it('of different sweeps', async () => {
    const [mine] = await journals([cut([10])], { runs: 10 });
    const [other] = await journals([cut([10])], { runs: 10, sweep: 'cd'.repeat(32) });
    const { error, results } = await sort([mine, other]);
    expect(error).toMatchObject({ code: 'invalid', parts: { where: other, found: `hash ${'cd'.repeat(32)}` } });
    expect(results).toEqual([]);
  });

  it('leaves nothing behind, nor does who stops listening', async () => {
    const extents = cut(Array<number>(100).fill(3)).reverse();
    const paths = await journals([extents], { runs: 300 });
    for await (const { run } of sortedRuns(paths, { bufferBytes: 1000 })) {
      expect(readdirSync(dirname(paths[0]))).toContain(SORT_FOLDER);
      if (run === 3) break;
    }
    expect(readdirSync(dirname(paths[0]))).not.toContain(SORT_FOLDER);
    const away = join(dirname(paths[0]), SORT_FOLDER);
    writeFileSync(away, 'in the way');
    const { results } = await sort(paths, { bufferBytes: 1000 }); // what was left there is removed first
    expect(results).toHaveLength(300);
    expect((await sort(paths, { bufferBytes: 1000, folder: paths[0] })).error).toMatchObject({ code: 'output' });
  });

  it('of a file that was damaged after it was put away', async () => {
    const paths = await journals([cut(Array<number>(100).fill(3)).reverse()], { runs: 300 });
    const away = join(dirname(paths[0]), SORT_FOLDER);
    const spoil = async (): Promise<void> => {
      for await (const { run } of sortedRuns(paths, { bufferBytes: 30_000 })) {
        if (run > 0) continue;
        for (const name of readdirSync(away)) {
          const bytes = readFileSync(join(away, name));
          bytes[bytes.length - 30]! ^= 1;
          writeFileSync(join(away, name), bytes);
        }
      }
    };
    // The files are small: what is read ahead may hide it, the lines handed out then are right.
    await spoil().then(() => undefined, (error: unknown) => expect(error).toMatchObject({ code: 'unreadable' }));
    expect(readdirSync(dirname(paths[0]))).not.toContain(SORT_FOLDER);
  });
});
