/** A sweep comes to the same bytes however often it was ended, over how many threads, and in how many parts. Through the built command line. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SweepPart } from '../../src/schema/sweepViews.js';
import { findProblems } from '../../src/schema/validate.js';
import { Folder, type Ended } from '../cli/qrails.js';
import { Random } from '../oracle/random.js';
import { files, FORMATS, journalled, journalText, RUNS, tables } from './small.js';

/** As an address, which an option of Node.js can hold whatever the path. */
const STRIKE = new URL('strike.mjs', import.meta.url).href;
const SWEEP = ['sweep', 'sweep.json', '--format', FORMATS];
const KILLS = 4;
/** Steps of a run: so many that there is much to be in the middle of. */
const LONG = 6000;
const ALL = Array.from({ length: RUNS }, (_, run) => run);
const sorted = (runs: readonly number[]): number[] => [...runs].sort((a, b) => a - b);

let folder: Folder;
let whole: Record<string, string>;
beforeAll(async () => {
  folder = new Folder(files({}, LONG));
  const { code, stderr } = await folder.qrails([...SWEEP, '--workers', '2']);
  expect([code, stderr]).toEqual([0, 'wrote small.sweep\n']);
  whole = tables(folder, 'small.sweep');
  expect(Object.keys(whole)).toHaveLength(10); // two tables in four formats, the result, the record
  expect(sorted(journalled(journalText(folder, 'small.sweep')))).toEqual(ALL);
});
afterAll(() => folder.remove());

/** Runs until the journal has so many bytes, where a signal ends it. */
const endedAt = (bytes: number, signal: NodeJS.Signals, args: readonly string[]): Promise<Ended> =>
  folder.qrails(args, { env: { NODE_OPTIONS: `--import=${STRIKE}`, QRAILS_STRIKE: signal, QRAILS_STRIKE_BYTES: String(bytes) } });

describe('the same files', () => {
  it.each([1, 3])('with %i workers', async (workers) => {
    const out = `workers-${workers}`;
    expect(await folder.qrails([...SWEEP, '--workers', String(workers), '-o', out, '-q'])).toMatchObject({ code: 0, stderr: '' });
    expect(tables(folder, out)).toEqual(whole);
  });

  it('in three parts, one of which was ended, merged', async () => {
    const part = (index: number): string[] => ['sweep', 'sweep.json', '--shard', `${index}/3`, '--workers', '1', '-q'];
    const [first, second] = await Promise.all([folder.qrails([...part(1), '--json']), endedAt(2000, 'SIGKILL', part(2))]);
    expect([first.code, second.code]).toEqual([0, null]);
    expect(await findProblems(SweepPart, JSON.parse(first.stdout))).toEqual([]);
    expect(JSON.parse(first.stdout)).toMatchObject({ name: 'small', part: [1, 3], points: 20, runs: RUNS / 3 });

    const early = await folder.qrails(['sweep', 'merge', 'small.shards', '-o', 'merged']);
    expect([early.code, early.stderr]).toEqual([2, expect.stringMatching(/^small: parts are missing\n {2}found {5}2 of 3; not 3\/3\n/)]);
    expect((await folder.qrails([...part(3)])).stdout).toContain('qrails sweep merge small.shards\n');
    const undone = await folder.qrails(['sweep', 'merge', 'small.shards', '-o', 'merged']);
    expect([undone.code, undone.stderr]).toEqual([2, expect.stringMatching(/^small: parts are not done\n {2}found {5}2\/3\n/)]);
    expect(folder.list()).not.toContain('merged');

    expect((await folder.qrails([...part(2), '--resume'])).code).toBe(0);
    const parts = [1, 2, 3].map((index) => journalled(journalText(folder, `small.shards/${index}-of-3`)));
    expect(sorted(parts.flat())).toEqual(ALL);
    const merged = await folder.qrails(['sweep', 'merge', 'small.shards', '-o', 'merged', '--format', FORMATS]);
    expect([merged.code, merged.stderr]).toEqual([0, 'wrote merged\n']);
    expect(tables(folder, 'merged')).toEqual(whole);
    const byName = await folder.qrails(['sweep', 'merge', ...[3, 1, 2].map((index) => `small.shards/${index}-of-3`), '-o', 'named', '--format', FORMATS, '-q']);
    expect(byName).toMatchObject({ code: 0, stderr: '', stdout: merged.stdout });
    expect(tables(folder, 'named')).toEqual(whole);
  });

  it('killed at random, again and again, then gone on with: nothing done is lost, and nothing is run twice', async () => {
    const random = new Random(7);
    const size = statSync(join(folder.path, 'small.sweep/journal.ndjson')).size;
    let kept = '';
    for (let kill = 1; kill <= KILLS; kill++) {
      const bytes = Math.floor(((kill - random.unit() / 2) * size) / (KILLS + 1));
      const { code } = await endedAt(bytes, 'SIGKILL', [...SWEEP, '-o', 'killed', '--resume', '--workers', '2']);
      const text = journalText(folder, 'killed');
      expect([code, text.length]).toEqual([null, bytes]);
      expect(text.startsWith(kept)).toBe(true);
      kept = text.slice(0, text.lastIndexOf('\n') + 1);
    }
    expect(journalled(kept).length).toBeGreaterThan(0);
    expect(journalled(kept).length).toBeLessThan(RUNS);
    const last = await folder.qrails([...SWEEP, '-o', 'killed', '--resume']);
    expect(last.code).toBe(0);
    expect(journalText(folder, 'killed').startsWith(kept)).toBe(true);
    expect(sorted(journalled(journalText(folder, 'killed')))).toEqual(ALL);
    expect(tables(folder, 'killed')).toEqual(whole);
  });

  it('after a torn last line and a damaged one, which are told and run again', async () => {
    folder.write({ 'torn/sweep.json': folder.read('small.sweep/sweep.json') });
    const bytes = readFileSync(join(folder.path, 'small.sweep/journal.ndjson'));
    const second = bytes.indexOf('\n', bytes.indexOf('\n') + 1);
    bytes[second - 40]! ^= 1;
    writeFileSync(join(folder.path, 'torn/journal.ndjson'), bytes.subarray(0, bytes.length - 10));
    const { code, stderr } = await folder.qrails([...SWEEP, '-o', 'torn', '--resume']);
    expect([code, stderr]).toEqual([0, 'the journal ended in a line torn in writing: cut off, and run again\nthe journal has a line damaged since: passed over, and run again\nwrote torn\n']);
    expect(tables(folder, 'torn')).toEqual(whole);
  });

  it('interrupted: exit code 130, and the line to go on with', async () => {
    const { code, stdout, stderr } = await endedAt(2000, 'SIGINT', [...SWEEP, '-o', 'it stopped', '--workers', '1']);
    const [, done, line] = /^interrupted; (\d+) of 240 runs are done and kept\n {2}go on {5}(?:npx )?qrails (.*)\n$/.exec(stderr) ?? [];
    expect([code, stdout, line]).toEqual([130, '', `sweep sweep.json -o 'it stopped' --format ${FORMATS} --resume`]);
    const kept = journalText(folder, 'it stopped');
    expect(journalled(kept)).toHaveLength(Number(done));
    expect(folder.list().filter((file) => file.startsWith('it stopped/')).sort()).toEqual(['it stopped/journal.ndjson', 'it stopped/sweep.json']);
    expect((await folder.shell(`qrails ${line}`)).code).toBe(0);
    expect(journalText(folder, 'it stopped').startsWith(kept)).toBe(true);
    expect(tables(folder, 'it stopped')).toEqual(whole);
  });

  it('after a full disk', async () => {
    const full = await folder.shell(`trap '' XFSZ; ulimit -f 40; qrails ${SWEEP.join(' ')} -o full`);
    expect([full.code, full.stderr]).toEqual([2, expect.stringMatching(/^full\/journal\.ndjson|journal\.ndjson: cannot be written[^]*--resume/)]);
    const kept = journalText(folder, 'full');
    expect((await folder.qrails([...SWEEP, '-o', 'full', '--resume', '-q'])).code).toBe(0);
    expect(journalText(folder, 'full').startsWith(kept.slice(0, kept.lastIndexOf('\n') + 1))).toBe(true);
    expect(sorted(journalled(journalText(folder, 'full')))).toEqual(ALL);
    expect(tables(folder, 'full')).toEqual(whole);
  });

  it('made again from a journal that is done, with other objectives: nothing is run', async () => {
    const kept = journalText(folder, 'workers-1');
    folder.write({ 'other.json': files({ objectives: [{ measure: 'weightError', goal: 'minimise' }] }, LONG)['sweep.json']! });
    const { code } = await folder.qrails(['sweep', 'other.json', '-o', 'workers-1', '--resume', '--format', FORMATS]);
    expect(code).toBe(0);
    expect(journalText(folder, 'workers-1')).toBe(kept);
    expect(tables(folder, 'workers-1')['runs.csv']).toBe(whole['runs.csv']);
    expect(tables(folder, 'workers-1')['result.json']).not.toBe(whole['result.json']);
  });
});
