/** The journal against what happens to files and processes: torn lines, flipped bytes, kill -9, full disks, foreign files, two processes at once. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { VERDICTS } from '../../src/compare/thresholds.js';
import { QrailsError } from '../../src/errors.js';
import { Intervals } from '../../src/sweep/intervals.js';
import { JOURNAL_FILE, LOCK_FILE, MOST_LINE_BYTES, journalLines, lockFolder, openJournal, parseExtent, readHead, sealExtent, type Journal, type JournalHead } from '../../src/sweep/journal.js';
import { SWEEP_MEASURE_NAMES } from '../../src/sweep/measures.js';
import { sortedRuns } from '../../src/sweep/sort.js';
import type { Extent, Interval, RunResult, SideResult } from '../../src/sweep/types.js';
import { ROOT, ended } from '../cli/qrails.js';

const root = mkdtempSync(join(tmpdir(), 'qrails-journal-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let file: string;
let made = 0;
beforeEach(() => {
  folder = join(root, String(made++));
  file = join(folder, JOURNAL_FILE);
});

const headOf = (runs: number): JournalHead => ({ sweep: 'ab'.repeat(32), name: 'näme', shard: [2, 3], points: runs / 2, seeds: 2, runs });
const HEAD = headOf(1000);

/** Short, so that every byte of a line can be tried. */
const refused = (run: number): RunResult => ({ run, hash: null, float: null, fixed: null, error: { code: 'format', message: `no ${run}` } });
const extent = ({ from, to }: Interval, result = refused): Extent => ({ from, results: Array.from({ length: to - from }, (_, index) => result(from + index)) });
const side = (values: readonly (number | null)[]): SideResult =>
  ({ verdict: VERDICTS[1], ...Object.fromEntries(SWEEP_MEASURE_NAMES.map((name, index) => [name, values[index % values.length]!])) }) as SideResult;
const full = (run: number): RunResult => ({ run, hash: 'c'.repeat(64), float: side([run / 3, null]), fixed: side([1e-300 * run, 7]), error: null });

const resumed = (head = HEAD): Promise<Journal> => openJournal(folder, head, { resume: true });

const append = async (journal: Journal, of: Extent): Promise<void> => journal.append(sealExtent(of));

/** A journal with these extents. */
async function write(intervals: readonly Interval[], head = HEAD): Promise<void> {
  const journal = await openJournal(folder, head);
  for (const interval of intervals) await append(journal, extent(interval));
  await journal.close();
}

async function resultsIn(path = file): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for await (const line of journalLines(path, () => undefined)) results.push(...parseExtent(line).results);
  return results;
}

async function failureOf(work: Promise<unknown>): Promise<QrailsError> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(QrailsError);
  return error as QrailsError;
}

/** A test that opens many journals, and is not about what reaches the disk. */
const withoutSync = (test: () => Promise<void>) => async (): Promise<void> => {
  const handles = await prototypeOfHandles();
  for (const method of ['sync', 'datasync'] as const) vi.spyOn(handles, method).mockResolvedValue();
  await test().finally(() => vi.restoreAllMocks());
};

/** CRC-32 of IEEE 802.3, bit by bit. */
function crc(bytes: Uint8Array): string {
  let register = ~0;
  for (const byte of bytes) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0);
  }
  return (~register >>> 0).toString(16).padStart(8, '0');
}
const seal = (body: string): string => `${body},"crc32":"${crc(Buffer.from(body))}"}\n`;

describe('intervals', () => {
  const interval = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 8 })).map(([from, length]) => ({ from, to: from + length }));

  it('are the set of their runs', () => {
    fc.assert(fc.property(fc.array(interval, { maxLength: 30 }), fc.array(interval, { maxLength: 5 }), (added, wanted) => {
      const intervals = new Intervals();
      const runs = new Set<number>();
      const numbers = ({ from, to }: Interval): number[] => Array.from({ length: to - from }, (_, index) => from + index);
      for (const one of added) {
        const free = numbers(one).every((run) => !runs.has(run));
        expect(intervals.add(one)).toBe(free);
        if (free) numbers(one).forEach((run) => runs.add(run));
      }
      expect([...intervals].flatMap(numbers)).toEqual([...runs].sort((a, b) => a - b));
      expect(intervals.runs).toBe(runs.size);
      const merged = [...intervals];
      expect(merged).toHaveLength(intervals.count);
      merged.slice(1).forEach(({ from }, index) => expect(from).toBeGreaterThan(merged[index]!.to));
      for (let run = 0; run < 50; run++) expect(intervals.has(run)).toBe(runs.has(run));
      expect([...intervals.missing(wanted)].flatMap(numbers)).toEqual(wanted.flatMap(numbers).filter((run) => !runs.has(run)));
    }), { numRuns: 500 });
  });

  it('grow while what is missing is asked for', () => {
    const intervals = new Intervals();
    intervals.add({ from: 4, to: 6 });
    const handed: Interval[] = [];
    for (const one of intervals.missing([{ from: 0, to: 5e15 }])) {
      handed.push(one);
      intervals.add(one);
    }
    expect(handed).toEqual([{ from: 0, to: 4 }, { from: 6, to: 5e15 }]);
    expect([...intervals]).toEqual([{ from: 0, to: 5e15 }]);
  });

  it.each([[3, 3], [4, 3], [-1, 3], [0.5, 3], [0, 2 ** 53], [NaN, 3]])('%d to %d is none', (from, to) => {
    expect(() => new Intervals().add({ from, to })).toThrow(RangeError);
  });
});

describe('a journal', () => {
  it('is lines that anybody can read and check', async () => {
    await write([{ from: 10, to: 12 }, { from: 0, to: 1 }]);
    const { sweep, name } = HEAD;
    expect(readFileSync(file, 'utf8')).toBe([
      seal(`{"journal":1,"sweep":"${sweep}","name":"${name}","shard":[2,3],"points":500,"seeds":2,"runs":1000`),
      seal(`{"from":10,"to":12,"results":[${JSON.stringify(refused(10))},${JSON.stringify(refused(11))}]`),
      seal(`{"from":0,"to":1,"results":[${JSON.stringify(refused(0))}]`),
    ].join(''));
    expect(await readHead(file)).toEqual(HEAD);
  });

  it('gives back every number and text as it was', async () => {
    const value = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0 || 0)); // JSON has no −0
    const text = fc.string({ unit: 'binary' });
    const any = fc.record({
      hash: fc.option(text), float: fc.option(fc.array(value, { minLength: 1 }).map(side)), fixed: fc.option(fc.array(value, { minLength: 1 }).map(side)),
      error: fc.option(fc.record({ code: text, message: text })),
    });
    const results = fc.sample(any, { numRuns: 300, seed: 7 }).map((result, run) => ({ run, ...result }));
    const journal = await openJournal(folder, HEAD);
    for (let from = 0; from < results.length; from += 50) await append(journal, { from, results: results.slice(from, from + 50) });
    await journal.close();
    expect(await resultsIn()).toEqual(results);
  });

  it('keeps what was appended to several of its runs', async () => {
    await write([{ from: 0, to: 10 }, { from: 20, to: 30 }]);
    const second = await resumed();
    expect([...second.finished]).toEqual([{ from: 0, to: 10 }, { from: 20, to: 30 }]);
    expect([second.dropped, second.damaged]).toEqual([0, 0]);
    await append(second, extent({ from: 10, to: 20 }));
    await second.close();
    const third = await resumed();
    expect([...third.finished]).toEqual([{ from: 0, to: 30 }]);
    await third.close();
  });

  it('begins anew where there is none to resume', async () => {
    await (await resumed()).close();
    expect(await readHead(file)).toEqual(HEAD);
  });

  it('divides an extent into lines of bounded length', async () => {
    const head = headOf(100_000);
    const journal = await openJournal(folder, head);
    await append(journal, extent({ from: 0, to: 2000 }, full));
    await journal.close();
    const lines = readFileSync(file).toString().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(Buffer.byteLength(line) + 1).toBeLessThanOrEqual(MOST_LINE_BYTES);
    expect(await resultsIn()).toEqual(extent({ from: 0, to: 2000 }, full).results);
    const again = await resumed(head);
    await expect(append(again, extent({ from: 2000, to: 2001 }, (run) => ({ ...refused(run), hash: 'é'.repeat(MOST_LINE_BYTES / 2) })))).rejects.toThrow(RangeError);
    await again.close();
  });

  it('takes every run once, and none that is not its', async () => {
    const journal = await openJournal(folder, HEAD);
    await append(journal, extent({ from: 5, to: 8 }));
    await expect(append(journal, extent({ from: 7, to: 9 }))).rejects.toThrow('runs 7 to 8: journalled already');
    await expect(append(journal, extent({ from: 999, to: 1001 }))).rejects.toThrow('not to be journalled');
    await expect(append(journal, { from: 20, results: [refused(21)] })).rejects.toThrow('not to be journalled');
    await append(journal, { from: 20, results: [] });
    await journal.close();
    await journal.close();
    await expect(append(journal, extent({ from: 30, to: 31 }))).rejects.toThrow('not to be journalled');
    expect((await resultsIn()).map(({ run }) => run)).toEqual([5, 6, 7]);
  });

  it('is synced by the batch, and holds back who is faster than the disk', async () => {
    const handles = await prototypeOfHandles();
    const written = vi.spyOn(handles, 'appendFile');
    const sync = vi.spyOn(handles, 'datasync');
    try {
      const head = headOf(100_000);
      const journal = await openJournal(folder, head);
      written.mockClear();
      sync.mockClear();
      for (let from = 0; from < 20_000; from += 10) await append(journal, extent({ from, to: from + 10 }, full));
      await journal.flush();
      const sizes = written.mock.calls.map(([bytes]) => (bytes as Buffer).length);
      expect(sync.mock.calls.length).toBe(sizes.length);
      expect(sizes.length).toBeLessThan(60); // of 2000 extents, about 20 MB
      expect(Math.max(...sizes)).toBeLessThan(1.1 * 2 ** 20 + MOST_LINE_BYTES);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(statSync(file).size - readFileSync(file).indexOf('\n') - 1);
      written.mockClear();
      await append(journal, extent({ from: 20_000, to: 20_001 })); // alone: written by the clock
      await vi.waitFor(() => expect(written).toHaveBeenCalledTimes(1), { timeout: 5000 });
      await journal.close();
      expect(written).toHaveBeenCalledTimes(1);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('a torn end', () => {
  const intervals = [{ from: 0, to: 2 }, { from: 4, to: 5 }, { from: 2, to: 4 }];

  it('is recognised wherever it was torn', withoutSync(async () => {
    await write(intervals);
    const whole = readFileSync(file);
    const ends = [...whole.keys()].filter((at) => whole[at] === 10).map((at) => at + 1); // behind the head and each of the lines
    expect(ends).toHaveLength(4);
    for (let size = ends[1]!; size < whole.length; size++) {
      writeFileSync(file, whole.subarray(0, size));
      const kept = intervals.slice(0, ends.filter((end) => end <= size).length - 1);
      const journal = await resumed();
      expect(journal.dropped).toBe(ends.includes(size) ? 0 : 1);
      expect(statSync(file).size).toBe(Math.max(...ends.filter((end) => end <= size)));
      expect(journal.finished.runs).toBe(kept.reduce((sum, { from, to }) => sum + to - from, 0));
      for (const missing of [...journal.finished.missing(intervals)]) await append(journal, extent(missing));
      await journal.close();
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  }));

  it('of the head alone begins anew', withoutSync(async () => {
    await write([]);
    const whole = readFileSync(file);
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(file, whole.subarray(0, size));
      await (await resumed()).close();
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  }));

  it('of several damaged lines, or of zeros a power failure left, is cut off', async () => {
    await write(intervals);
    const whole = readFileSync(file);
    for (const junk of [Buffer.alloc(5000), Buffer.from('\n\n{"from":9}\nx'), Buffer.alloc(3 * MOST_LINE_BYTES, 'a'), Buffer.alloc(3 * MOST_LINE_BYTES, 'a\n')]) {
      writeFileSync(file, Buffer.concat([whole, junk]));
      const journal = await resumed();
      expect(journal.dropped).toBe(junk.toString().split('\n').length - (junk.at(-1) === 10 ? 1 : 0));
      expect(journal.finished.runs).toBe(5);
      await journal.close();
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  });
});

describe('flipped bits', () => {
  it.each([['in the middle', 2], ['at the end', 3]] as const)('%s cost the line they are in, and no other', (_, line) => withoutSync(async () => {
    const intervals = [{ from: 0, to: 2 }, { from: 2, to: 3 }, { from: 3, to: 4 }];
    await write(intervals);
    const whole = readFileSync(file);
    const ends = [...whole.keys()].filter((at) => whole[at] === 10).map((at) => at + 1);
    const flips = fc.sample(fc.integer({ min: 1, max: 255 }), { numRuns: ends[line]! - ends[line - 1]!, seed: 3 });
    for (const [index, flip] of flips.entries()) {
      const at = ends[line - 1]! + index;
      const bytes = Buffer.from(whole);
      bytes[at]! ^= flip;
      writeFileSync(file, bytes);
      const journal = await resumed();
      const joined = at === ends[line]! - 1 && line === 2; // its newline: one line with the next
      expect([...journal.finished]).toEqual(line === 3 ? [{ from: 0, to: 3 }] : joined ? [{ from: 0, to: 2 }] : [{ from: 0, to: 2 }, { from: 3, to: 4 }]);
      expect(journal.dropped + journal.damaged).toBeGreaterThan(0);
      expect(journal.damaged > 0).toBe(line === 2 && !joined);
      for (const missing of [...journal.finished.missing([{ from: 0, to: 4 }])]) await append(journal, extent(missing));
      await journal.close();
      expect((await resultsIn()).sort((a, b) => a.run - b.run)).toEqual(extent({ from: 0, to: 4 }).results);
    }
  })());

  it('in the head are told, and nothing is touched', async () => {
    await write([{ from: 0, to: 2 }]);
    const whole = readFileSync(file);
    for (let at = 0; at <= whole.indexOf('\n'); at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1 << (at % 8);
      writeFileSync(file, bytes);
      expect(await failureOf(resumed())).toMatchObject({ code: 'invalid', parts: { message: 'is no journal of a sweep' } });
      expect(readFileSync(file).equals(bytes)).toBe(true);
    }
  });
});

describe('refused', () => {
  it('a journal that is there, without resume', async () => {
    await write([]);
    expect(await failureOf(openJournal(folder, HEAD))).toMatchObject({ code: 'output', parts: { message: 'there is a journal already', try: expect.stringContaining('--resume') } });
    await (await resumed()).close(); // and the folder is free again
  });

  it.each<[string, Partial<JournalHead>, string, string]>([
    ['another sweep', { sweep: 'cd'.repeat(32), name: 'its name' }, `hash ${'ab'.repeat(32)}`, `hash ${'cd'.repeat(32)}, of "its name"`],
    ['another shard', { shard: [1, 3] }, 'shard 2/3', 'shard 1/3'],
    ['another division', { shard: [2, 4] }, 'shard 2/3', 'shard 2/4'],
    ['other points', { points: 499 }, 'number of points 500', 'number of points 499, of "näme"'],
    ['other runs', { runs: 998 }, 'number of runs 1000', 'number of runs 998, of "näme"'],
  ])('%s', async (_, changes, found, expected) => {
    await write([{ from: 0, to: 2 }]);
    const before = readFileSync(file);
    expect(await failureOf(resumed({ ...HEAD, ...changes }))).toMatchObject({ code: 'invalid', parts: { found, expected } });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('not a sweep of another title', async () => {
    await write([{ from: 0, to: 2 }]);
    const journal = await resumed({ ...HEAD, name: 'renamed' });
    expect(journal.finished.runs).toBe(2);
    await journal.close();
  });

  const line = (from: number, to: number, results: unknown): string => seal(`{"from":${from},"to":${to},"results":${JSON.stringify(results)}`);
  const good = line(0, 1, [refused(0)]);

  it.each<[string, readonly string[], string]>([
    ['a run twice', [good, line(1, 3, [refused(1), refused(2)]), line(2, 3, [refused(2)])], 'line 4: run 2: there already'],
    ['runs beyond the sweep', [line(999, 1001, [refused(999), refused(1000)])], 'line 2: is whole, but nothing'],
    ['no runs', [line(3, 3, [])], 'line 2: is whole, but nothing'],
    ['runs beyond the integers', [line(1, 9999999999999999, [])], 'line 2: is whole, but nothing'],
    ['a line of another kind', [seal('{"results":[]')], 'line 2: is whole, but nothing'],
  ])('%s', async (_, lines, message) => {
    await write([]);
    writeFileSync(file, readFileSync(file, 'utf8') + lines.join(''));
    expect((await failureOf(resumed())).message).toContain(message);
  });

  it.each<[string, unknown]>([
    ['too few results', []], ['no results', 7], ['another run', [refused(1)]], ['no object', [null]], ['a key more', [{ ...refused(0), more: 1 }]],
    ['a number for a hash', [{ ...refused(0), hash: 1 }]], ['an error without a code', [{ ...refused(0), error: { message: '' } }]],
    ['no such verdict', [{ ...refused(0), fixed: { ...side([1]), verdict: 'fine' } }]],
    ['a text for a measure', [{ ...refused(0), fixed: { ...side([1]), finalLoss: '1' } }]],
    ['a measure less', [{ ...refused(0), fixed: { verdict: VERDICTS[0] } }]],
  ])('results with a good checksum: %s', async (_, results) => {
    await write([]);
    writeFileSync(file, readFileSync(file, 'utf8') + line(0, 1, results));
    expect(await failureOf(resultsIn())).toMatchObject({ code: 'invalid', parts: { where: `${file}: line 2` } });
  });

  it.each<[string, string, string]>([
    ['another file', '{"some":"json"}\n', 'is no journal of a sweep'], ['a short text', 'x', 'is no journal of a sweep'], ['a checksum alone', seal('{"a":1'), 'is no journal of a sweep'],
    ['no JSON', seal('hello'), 'is no journal of a sweep'], ['a newer version', seal('{"journal":2'), 'is a journal of another version'], ['an endless line', 'x'.repeat(300_000), 'is no journal of a sweep'],
  ])('%s under its name', async (_, text, message) => {
    await write([]);
    writeFileSync(file, text);
    expect((await failureOf(resumed())).parts.message).toBe(message);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('a folder that cannot be one, and a journal that is not there', async () => {
    await write([]);
    expect(await failureOf(openJournal(file, HEAD))).toMatchObject({ code: 'output' });
    expect(await failureOf(openJournal(join(file, 'below'), HEAD))).toMatchObject({ code: 'output', parts: { found: 'a part of its path is a file' } });
    expect(await failureOf(readHead(join(root, 'none')))).toMatchObject({ code: 'not-found' });
    expect(await failureOf(readHead(folder))).toMatchObject({ code: 'unreadable' });
  });
});

// ---- real processes, on the built files ----

/** Goes on with the journal in argv[1] and says what is on the disk: `flushed RUNS`, `done`, or the code and the text of an error. */
const CHILD = `
import { openJournal, sealExtent } from ${JSON.stringify(`file://${join(ROOT, 'dist/sweep/journal.js')}`)};
const [folder, head, seed, names] = [process.argv[1], JSON.parse(process.argv[2]), Number(process.argv[3]), JSON.parse(process.argv[4])];
let state = seed;
const below = (n) => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
const measures = (run) => ({ verdict: 'survives', ...Object.fromEntries(names.map((name, k) => [name, run / (k + 3)])) });
const result = (run) => ({ run, hash: 'c'.repeat(64), float: measures(run), fixed: measures(-run), error: null });
try {
  const journal = await openJournal(folder, head, { resume: true });
  process.stdout.write('flushed ' + journal.finished.runs + '\\n');
  for (const { from, to } of journal.finished.missing([{ from: 0, to: head.runs }])) {
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + 1 + below(60));
      await journal.append(sealExtent({ from: at, results: Array.from({ length: end - at }, (_, k) => result(at + k)) }));
      at = end;
      if (below(10) === 0) {
        await journal.flush();
        process.stdout.write('flushed ' + journal.finished.runs + '\\n');
      }
    }
  }
  if (process.argv[5] === 'hold') { process.stdout.write('holding\\n'); await new Promise((resolve) => setTimeout(resolve, 1e6)); }
  await journal.close();
  process.stdout.write('done\\n');
} catch (error) {
  process.stdout.write(error.code + ' ' + error.message + '\\n');
  process.exitCode = 3;
}`;
const childArgs = (head: JournalHead, seed: number, at = folder): string[] => ['--input-type=module', '-e', CHILD, at, JSON.stringify(head), String(seed), JSON.stringify(SWEEP_MEASURE_NAMES)];

const lastFlushed = (stdout: string): number => Number([...stdout.matchAll(/^flushed (\d+)$/gm)].at(-1)?.[1] ?? 0);
const allRuns = (runs: number): number[] => Array.from({ length: runs }, (_, run) => run);
async function sortedNumbers(): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { run } of sortedRuns([file])) numbers.push(run);
  return numbers;
}

describe('a process killed with SIGKILL while it writes', () => {
  it.each(allRuns(process.env['QRAILS_FULL'] ? 20 : 3))('loses nothing that was flushed and repeats nothing (seed %i)', async (seed) => {
    const head = headOf(20_000);
    const moments = fc.sample(fc.record({ flushes: fc.integer({ min: 2, max: 5 }), delay: fc.integer({ min: 0, max: 4 }) }), { numRuns: 10, seed });
    let [kills, flushed] = [0, 0];
    for (const [turn, { flushes, delay }] of [...moments, { flushes: Infinity, delay: 0 }].entries()) {
      const child = spawn(process.execPath, childArgs(head, seed * 100 + turn));
      let told = 0;
      child.stdout.on('data', (text: Buffer) => {
        told += text.toString().split('\n').length - 1;
        if (told >= flushes) setTimeout(() => child.kill('SIGKILL'), delay); // ms; it writes all the time
      });
      const { code, stdout, stderr } = await ended(child);
      expect(stdout + stderr).toMatch(/^flushed /); // the lock of the one before was recognised
      if (code === null) {
        kills++;
        expect(lastFlushed(stdout)).toBeGreaterThan(flushed);
      } else expect(stdout).toMatch(/done\n$/);
      const results = await resultsIn();
      const there = new Set(results.map(({ run }) => run));
      expect(there.size).toBe(results.length);
      flushed = lastFlushed(stdout);
      expect(there.size).toBeGreaterThanOrEqual(flushed);
      for (let run = 0; run < flushed; run++) expect(there.has(run)).toBe(true); // it went through them in order
    }
    expect(kills).toBeGreaterThan(3);
    expect(await sortedNumbers()).toEqual(allRuns(head.runs));
  });
});

describe('a full disk', () => {
  const head = headOf(8000);

  async function resumesAfter(stdout: string, code: string): Promise<void> {
    expect(stdout).toContain(`${JOURNAL_FILE}: cannot be written`);
    expect(stdout).toContain(code);
    expect(stdout).toContain('--resume');
    const flushed = lastFlushed(stdout);
    expect(flushed).toBeGreaterThan(0);
    const journal = await resumed(head);
    expect(journal.finished.runs).toBeGreaterThanOrEqual(flushed);
    expect(journal.finished.runs).toBeLessThan(head.runs);
    for (const missing of [...journal.finished.missing([{ from: 0, to: head.runs }])]) await append(journal, extent(missing));
    await journal.close();
    expect(await sortedNumbers()).toEqual(allRuns(head.runs));
  }

  it('a limit on the size of files ends a write in the middle', async () => {
    const { code, stdout } = await ended(spawn('sh', ['-c', 'ulimit -f 5000; exec "$0" "$@"', process.execPath, ...childArgs(head, 5)]));
    expect(code).toBe(3);
    await resumesAfter(stdout, 'EFBIG');
  });

  const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt']).status === 0;
  it.runIf(canMount)('a file system without room', async () => {
    await write([], head);
    rmSync(folder, { recursive: true });
    const disk = mkdtempSync(join(root, 'disk-'));
    const script = 'mount -t tmpfs -o size=1m none "$0" && mkdir "$0/j" && "$@"; code=$?; cp -r "$0/j" "$SAVED"; exit $code';
    const child = spawn('unshare', ['-rm', 'sh', '-c', script, disk, process.execPath, ...childArgs(head, 6, join(disk, 'j'))], { env: { ...process.env, SAVED: folder } });
    const { code, stdout } = await ended(child);
    expect(code).toBe(3);
    await resumesAfter(stdout, 'no space left');
  });

  it('that is found by a write, or by the sync after it: everybody is told, and the folder is free', async () => {
    const handles = await prototypeOfHandles();
    for (const method of ['appendFile', 'datasync'] as const) {
      const at = join(folder, method);
      const journal = await openJournal(at, HEAD);
      await append(journal, extent({ from: 0, to: 2 }));
      await journal.flush();
      await append(journal, extent({ from: 2, to: 4 }));
      const broken = vi.spyOn(handles, method).mockImplementation(async function (this: { write(bytes: Buffer): Promise<unknown> }, bytes?: unknown) {
        if (Buffer.isBuffer(bytes)) await this.write(bytes.subarray(0, bytes.length >> 1));
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      });
      try {
        const error = await failureOf(journal.flush());
        expect(error).toMatchObject({ code: 'output', parts: { found: 'no space left', try: expect.stringContaining('--resume') } });
        await expect(append(journal, extent({ from: 4, to: 6 }))).rejects.toBe(error);
        await expect(journal.close()).rejects.toBe(error);
      } finally {
        broken.mockRestore();
      }
      const again = await openJournal(at, HEAD, { resume: true });
      expect([...again.finished]).toEqual([{ from: 0, to: method === 'appendFile' ? 2 : 4 }]);
      expect(again.dropped).toBe(method === 'appendFile' ? 1 : 0);
      await again.close();
    }
  });
});

describe('a folder', () => {
  const lock = (): string => join(folder, LOCK_FILE);
  const ours = async (): Promise<{ place: string; pid: number; start: string | null }> => {
    const held = await lockFolder(folder);
    const holder = JSON.parse(readFileSync(lock(), 'utf8')) as { place: string; pid: number; start: string | null };
    await held.release();
    return holder;
  };

  it('is one process’s, until that ends or is killed', async () => {
    const child = spawn(process.execPath, [...childArgs(headOf(100), 1), 'hold']);
    const stopped = ended(child);
    await new Promise<void>((holding) => child.stdout.on('data', (text: Buffer) => text.includes('holding') && holding()));
    const error = await failureOf(resumed(headOf(100)));
    expect(error).toMatchObject({ code: 'output', parts: { message: 'another process works on this folder', found: `process ${child.pid} on ${hostname()}` } });
    const second = await ended(spawn(process.execPath, childArgs(headOf(100), 2)));
    expect(second.stdout).toContain('another process works on this folder');
    child.kill('SIGKILL');
    await stopped;
    const journal = await resumed(headOf(100));
    expect(await failureOf(resumed(headOf(100)))).toMatchObject({ parts: { message: 'another process works on this folder' } }); // twice in one process
    await journal.close();
    expect(() => statSync(lock())).toThrow('ENOENT');
  });

  it('of several that start at once, one has it', async () => {
    await write([], headOf(30_000));
    writeFileSync(lock(), JSON.stringify({ ...(await ours()), pid: 2 ** 30 })); // of one that died, which all want to take over
    const children = await Promise.all([1, 2, 3, 4].map((seed) => ended(spawn(process.execPath, [...childArgs(headOf(30_000), seed)]))));
    const [done, others] = [children.filter(({ code }) => code === 0), children.filter(({ code }) => code !== 0)];
    expect(done.length).toBeGreaterThan(0);
    for (const { stdout } of others) expect(stdout).toContain('another process works on this folder');
    expect(await sortedNumbers()).toEqual(allRuns(30_000));
  });

  it('is free where a new process has the number of the one that died', async () => {
    await write([]);
    const holder = await ours();
    const impostor = holder.start === null ? { ...holder, pid: 2 ** 30 } : { ...holder, start: '1' };
    writeFileSync(lock(), JSON.stringify(impostor));
    await (await resumed()).close();
  });

  it.each([
    ['of another machine', (holder: object) => JSON.stringify({ ...holder, place: 'elsewhere' })], ['that is empty', () => ''], ['of another kind', () => '{"pid":-1}'],
  ])('a lock %s is taken over when it shows no life, and not before', async (_, text) => {
    await write([]);
    writeFileSync(lock(), text(await ours()));
    let beat = 1e9;
    const alive = setInterval(() => utimesSync(lock(), ++beat, beat), 50);
    try {
      expect(await failureOf(openJournal(folder, HEAD, { resume: true, patience: 2000 }))).toMatchObject({ parts: { message: 'another process works on this folder' } });
    } finally {
      clearInterval(alive);
    }
    const journal = await openJournal(folder, HEAD, { resume: true, patience: 300 });
    await journal.close();
  });

  it('a lock shows life', async () => {
    const held = await lockFolder((await write([]), folder));
    const before = statSync(lock()).mtimeMs;
    await vi.waitFor(() => expect(statSync(lock()).mtimeMs).toBeGreaterThan(before), { timeout: 10_000 });
    await held.release();
  });

  it('that was taken away is written to no more', async () => {
    const journal = await openJournal(folder, HEAD);
    await append(journal, extent({ from: 0, to: 2 }));
    await journal.flush();
    const before = readFileSync(file);
    rmSync(lock());
    const other = await lockFolder(folder);
    await append(journal, extent({ from: 2, to: 4 }));
    expect(await failureOf(journal.flush())).toMatchObject({ parts: { message: 'another process works on this folder' } });
    await failureOf(journal.close());
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(statSync(lock()).isFile()).toBe(true); // it is the other's
    await other.release();
  });
});

/** What all file handles have in common. */
async function prototypeOfHandles(): Promise<Awaited<ReturnType<typeof open>>> {
  const handle = await open(ROOT, 'r');
  await handle.close();
  return Object.getPrototypeOf(handle) as typeof handle;
}
