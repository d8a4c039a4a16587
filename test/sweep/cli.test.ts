/** `qrails sweep`, its plan and its merge. That it survives its ends: durable.test.ts. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SweepResult } from '../../src/schema/sweepResult.js';
import { SweepPlan } from '../../src/schema/sweepViews.js';
import { findProblems } from '../../src/schema/validate.js';
import { createExecutor } from '../../src/sweep/execute.js';
import { createSpace } from '../../src/sweep/space.js';
import { loadSweep } from '../../src/sweep/spec.js';
import { inFolder } from '../cli/qrails.js';
import { files, journalled, journalText, POINTS, RUNS, SEEDS, tables } from './small.js';

const QUICK = files({}, 5);
const refused = (message: RegExp | string): object => ({ code: 2, stdout: '', stderr: expect.stringMatching(message) as string });

describe('sweep', () => {
  it('prints what it came to, or JSON as its schema says, and writes journal, tables and the same JSON into a folder', () => inFolder(QUICK, async (folder) => {
    const text = await folder.qrails(['sweep', 'sweep.json', '--workers', '1']);
    expect([text.code, text.stderr]).toEqual([0, 'wrote small.sweep\n']);
    for (const part of [`${POINTS} points`, `${RUNS} runs`, 'experiment.phases[1].learningRate: does not fit its format', 'best points']) expect(text.stdout).toContain(part);
    expect(folder.list().filter((file) => file.startsWith('small.sweep/')).map((file) => file.slice(12))).toEqual(['journal.ndjson', 'points.csv', 'result.json', 'runs.csv', 'sweep.json']);
    const json = await folder.qrails(['sweep', 'sweep.json', '--workers', '1', '--json', '-o', 'out', '--quiet']);
    expect(json).toMatchObject({ code: 0, stderr: '', stdout: folder.read('small.sweep/result.json') });
    expect(tables(folder, 'out')).toEqual(tables(folder, 'small.sweep'));
    const result = JSON.parse(json.stdout) as SweepResult;
    expect(await findProblems(SweepResult, result)).toEqual([]);
    expect(result).toMatchObject({ points: POINTS, runs: RUNS, failed: RUNS / 5, sweep: { seeds: { first: 3, count: SEEDS } } });
    expect(folder.read('out/runs.csv').trimEnd().split('\n')).toHaveLength(1 + RUNS);
  }));

  it('is read from standard input, and has one run where nothing varies', () => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['sweep', '-', '-o', 'here'], { stdin: '{ "name": "one", "base": { "steps": 20 }, "axes": [] }' });
    expect([code, stderr]).toEqual([0, 'wrote here\n']);
    expect(stdout).toContain('1 point · 1 seed (46) · 1 run ·');
  }));

  const REFUSED: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no file', ['nowhere.json'], /^nowhere\.json: no such file/],
    ['text', ['text.json'], /^text\.json:1:1: malformed JSON/],
    ['a wrong axis', ['axis.json'], /^axis\.json: axes\[0\][^]*gian[^]*gain/],
    ['a part that cannot be', ['sweep.json', '--shard', '4/3'], /^--shard: there is no such part\n {2}found {5}4\/3/],
    ['more parts than points', ['sweep.json', '--shard', '1/61'], /^--shard: more parts than points\n[^]*at most 60/],
    ['no array', ['sweep.json', '--shard', 'auto'], /^--shard auto: this is no task of an array/],
    ['another table', ['sweep.json', '--format', 'csv,xlsx'], /^--format: there is no table of this kind\n {2}found {5}"xlsx"/],
    ['no workers', ['sweep.json', '--workers', '0'], /Expected an integer from 1/],
    ['a folder that holds something else', ['sweep.json', '-o', 'mine'], /^mine: holds something else\n {2}found {5}notes\.txt/],
    ['a folder that is a file', ['sweep.json', '-o', 'sweep.json'], /^sweep\.json: is a file/],
    ['no specification', [], /missing required argument 'spec'/],
  ];
  it('refuses what is wrong and leaves nothing behind', () => inFolder({ ...QUICK, 'text.json': 'grid', 'mine/notes.txt': 'mine', 'axis.json': '{ "name": "a", "axes": [{ "path": "sensor.gian", "values": [1, 2] }] }' }, async (folder) => {
    const before = folder.list();
    const all = await folder.qrailsEach(REFUSED.map(([, args]) => ['sweep', ...args]));
    for (const [k, [what, , message]] of REFUSED.entries()) {
      expect(all[k], what).toMatchObject(refused(message));
      expect(all[k]!.stderr, what).not.toContain('    at ');
    }
    expect(folder.list()).toEqual(before);
  }));

  it('refuses a journal that is there without --resume, and that of another sweep or part with it', () => inFolder({ ...QUICK, 'other.json': files({ samples: 2 }, 5)['sweep.json']! }, async (folder) => {
    expect((await folder.qrails(['sweep', 'sweep.json', '--shard', '1/60', '-o', 'out'])).code).toBe(0);
    const before = tables(folder, 'out');
    const part = ['sweep', 'sweep.json', '--shard', '1/60', '-o', 'out'];
    const [again, other, shard] = await folder.qrailsEach([part, ['sweep', 'other.json', '-o', 'out', '--resume'], ['sweep', 'sweep.json', '--shard', '2/60', '-o', 'out', '--resume']]);
    expect(again).toMatchObject(refused(/^out\/journal\.ndjson: there is a journal already[^]*--resume/));
    expect(other).toMatchObject(refused(/^out: holds another sweep[^]*found {5}hash [^]*expected {2}hash /));
    expect(shard).toMatchObject(refused(/is the journal of another shard\n {2}found {5}shard 1\/60\n {2}expected {2}shard 2\/60/));
    expect(await folder.qrails([...part, '--resume'])).toMatchObject({ code: 0, stderr: '' });
    expect(tables(folder, 'out')).toEqual(before);
  }));

  it('--resume without a journal begins', () => inFolder(QUICK, async (folder) => {
    expect(await folder.qrails(['sweep', 'sweep.json', '--shard', '1/60', '--resume'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^part 1\/60 of small: 1 point, 4 runs, all in small\.shards\/1-of-60\nwhen every part is there: (npx )?qrails sweep merge small\.shards\n$/) as string });
  }));

  it('takes its part from an engine, and says so where it was not asked to', () => inFolder(QUICK, async (folder) => {
    const inPod = await folder.qrails(['sweep', 'sweep.json', '--shard', 'auto/60'], { env: { JOB_COMPLETION_INDEX: '6' } });
    expect([inPod.code, folder.list().filter((file) => file.startsWith('small.shards/'))]).toEqual([0, ['small.shards/7-of-60', 'small.shards/7-of-60/journal.ndjson', 'small.shards/7-of-60/sweep.json']]);
    expect(journalled(journalText(folder, 'small.shards/7-of-60'))).toHaveLength(SEEDS);
    const unasked = await folder.qrails(['sweep', '-', '-o', 'here'], { stdin: '{ "name": "one", "base": { "steps": 20 }, "axes": [] }', env: { PARALLEL_SEQ: '6' } });
    expect([unasked.code, unasked.stderr]).toEqual([0, 'PARALLEL_SEQ is set: --shard auto/n would run the part of this GNU parallel task\nwrote here\n']);
  }));
});

describe('sweep plan', () => {
  it('says what would be run, and runs nothing', () => inFolder({ ...QUICK, 'large.json': '{ "name": "large", "axes": [{ "path": "experiment.phases[1].learningRate", "from": 0.01, "to": 0.3, "draw": "latin-hypercube" }], "samples": 100000000, "seeds": { "count": 10 } }' }, async (folder) => {
    const before = folder.list();
    const [text, json, large] = await folder.qrailsEach([['sweep.json', '--shards', '7'], ['sweep.json', '--shards', '7', '--json'], ['large.json', '--shards', '1000']].map((args) => ['sweep', 'plan', ...args]));
    expect(text).toMatchObject({ code: 0, stderr: '' });
    for (const part of [`points   ${POINTS}\n`, `seeds    ${SEEDS}, 3 to 6\n`, `runs     ${RUNS}\n`, 'parts    7 of about 9 points\n', 'journal  at most ', 'point 0  profile.sites.weight.wordLength 8, ', `${POINTS - 5} more\n`]) expect(text!.stdout).toContain(part);
    const plan = JSON.parse(json!.stdout) as SweepPlan;
    expect(await findProblems(SweepPlan, plan)).toEqual([]);
    expect(plan).toMatchObject({ points: POINTS, runs: RUNS, firstSeed: 3, parts: { count: 7, block: 1 } });
    expect(large!.stdout).toMatch(/points +100000000\n[^]*runs +1000000000\n[^]*1000 of 100000 points, dealt in blocks of 25\n/);
    expect(folder.list()).toEqual(before);
    expect((await folder.qrails(['sweep', 'sweep.json', '-q'])).code).toBe(0);
    expect(journalText(folder, 'small.sweep').length).toBeLessThan(plan.journalBytes);
    expect(journalText(folder, 'small.sweep').length).toBeGreaterThan(plan.journalBytes / 3);
  }));

  it('writes what an engine reads, into a file', () => inFolder(QUICK, async (folder) => {
    const begins = { slurm: '#!/bin/bash\n', kubernetes: '# 7 parts of the sweep small', parallel: 'seq 7 | parallel ' };
    const all = await folder.qrailsEach(Object.keys(begins).map((engine) => ['sweep', 'plan', 'sweep.json', `--${engine}`, '--shards', '7', '-o', engine]));
    expect(all).toEqual(Object.keys(begins).map((engine) => ({ code: 0, stdout: '', stderr: `wrote ${engine}\n` })));
    for (const [engine, begin] of Object.entries(begins)) expect(folder.read(engine)).toMatch(new RegExp(`^${begin}`));
  }));

  it('refuses what does not belong together', () => inFolder(QUICK, async (folder) => {
    const lines: readonly (readonly [readonly string[], RegExp])[] = [
      [['--slurm'], /^--slurm: needs a number of parts/],
      [['--slurm', '--parallel', '--shards', '2'], /^--slurm, --parallel: two engines/],
      [['--slurm', '--shards', '61'], /^--shards: more parts than points/],
      [['--slurm', '--shards', '2', '--json'], /^--json: what Slurm reads is no JSON/],
      [['--image', 'a:1'], /^--image: belongs to --kubernetes/],
      [['--shards', '0'], /Expected an integer from 1/],
      [['--resume'], /unknown option '--resume'/],
    ];
    const all = await folder.qrailsEach(lines.map(([args]) => ['sweep', 'plan', 'sweep.json', ...args]));
    lines.forEach(([args, message], k) => expect(all[k], args.join(' ')).toMatchObject(refused(message)));
  }));
});

describe('sweep merge', () => {
  it('refuses what does not belong together, by name', () => inFolder({ ...QUICK, 'other.json': files({ samples: 2 }, 5)['sweep.json']!, 'goal.json': files({ constraints: [{ measure: 'survives', atLeast: 0.9 }] }, 5)['sweep.json']!, 'mine/notes.txt': 'mine' }, async (folder) => {
    const parts = [['sweep.json', '1/2', 'a'], ['sweep.json', '2/2', 'b'], ['sweep.json', '3/3', 'c'], ['other.json', '2/2', 'd'], ['goal.json', '2/2', 'e']] as const;
    const made = await folder.qrailsEach(parts.map(([spec, shard, out]) => ['sweep', spec, '--shard', shard, '-o', out, '--workers', '1']));
    expect(made.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    const merge = (folders: readonly string[]): string[] => ['sweep', 'merge', ...folders, '-o', 'out'];
    const expected: [string[], RegExp][] = [
      [['a', 'c'], /c: is a part of another division\n {2}found {5}3\/3/],
      [['a', 'd'], /d\/journal\.ndjson: is the journal of another sweep/],
      [['a', 'b', 'a'], /a: is a part that is there already\n {2}found {5}1\/2/],
      [['b'], /^small: parts are missing\n {2}found {5}1 of 2; not 1\/2/],
      [['a', 'e'], /e: has another name, other objectives or other constraints/],
      [['a', 'mine'], /^mine: holds no part of a sweep/],
      [['nowhere'], /^nowhere: there is no such folder/],
    ];
    const all = await folder.qrailsEach(expected.map(([folders]) => merge(folders)));
    expected.forEach(([folders, message], k) => expect(all[k], folders.join(' ')).toMatchObject(refused(message)));
    expect(folder.list()).not.toContain('out');
    expect(await folder.qrails(['sweep', 'merge', 'a', 'b', '-o', 'mine'])).toMatchObject(refused(/^mine: holds something else/));
    expect(await folder.qrails(merge(['a', 'b']))).toMatchObject({ code: 0, stderr: 'wrote out\n' });
    expect((await folder.qrails(['sweep', 'merge', 'a', 'b'])).code).toBe(0);
    expect(tables(folder, 'out')).toEqual(tables(folder, 'small.sweep'));
  }));
});

describe('the examples', () => {
  const folder = new URL('../../examples/sweep/', import.meta.url);
  it.each(readdirSync(folder))('%s can be planned, and its first runs run', async (file) => {
    const { value, baseDirectory } = await loadSweep(fileURLToPath(new URL(file, folder)));
    const space = await createSpace(value, baseDirectory, file);
    const executor = createExecutor(space);
    for (const run of [0, space.runs - 1]) expect((await executor.run(run)).error).toBe(null);
  });
});
