import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordBaseline } from '../../src/check/baseline.js';
import { checkBaseline } from '../../src/check/check.js';
import { baselineText, loadBaseline, saveBaseline } from '../../src/check/file.js';
import { simulate, type SimulateOptions } from '../../src/vitest/index.js';
import { compared, RUN } from '../check/made.js';
import { failed } from './failure.js';

type Mode = 'new' | 'all' | 'none';
const COUNTERS = ['added', 'updated', 'matched', 'unmatched'] as const;

let folder: string;
const file = () => join(folder, 'learner.baseline.json');
const read = () => readFile(file(), 'utf8');
const { snapshotState } = expect.getState();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qrails-vitest-'));
  await writeFile(join(folder, 'board.json'), JSON.stringify({ name: 'board', source: 'made up for a test', extends: 'enabol-mid' }));
});
afterEach(async () => {
  expect.setState({ snapshotState });
  await rm(folder, { recursive: true });
});

/** Vitest as it is when it was called plainly, with `-u`, or under CI; what it counts is in the list. */
function vitestIn(mode: Mode): string[] {
  const told: string[] = [];
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, { increment: () => told.push(name) }]));
  expect.setState({ snapshotState: { snapshotUpdateState: mode, ...counters } as unknown as typeof snapshotState });
  return told;
}

const learn = (options: SimulateOptions = {}) => simulate({ profile: './board.json', directory: folder, tries: false, ...options });
/** One last place more in the input: other bits, and better ones. */
const FINER = { set: ['profile.sites.input.wordLength=13', 'profile.sites.input.fractionLength=9'] };
const COARSE = { set: ['profile.sites.weight.wordLength=9', 'profile.sites.weight.fractionLength=5'] };

describe('toMatchBaseline', () => {
  it('makes a file that is not there, which qrails check reads, and holds the next run against it', async () => {
    const run = await learn();
    const told = vitestIn('new');
    await expect(run).toMatchBaseline(file());
    const { baseline, directory } = await loadBaseline(file());
    expect(baseline.options).toEqual({ profile: './board.json', throttle: ['gt0/secant'], anchor: ['none'] });
    expect(await checkBaseline(baseline, { directory })).toMatchObject({ passed: true, rows: [] });
    expect(await read()).toBe(baselineText(await recordBaseline({ ...baseline.options, directory: folder }, { folder })));
    await expect(run).toMatchBaseline(file());
    expect(told).toEqual(['added', 'matched']);
  });

  it('makes none under CI', async () => {
    const told = vitestIn('none');
    const text = await failed(async () => expect(await learn()).toMatchBaseline(file()));
    expect(text).toContain('there is no such file, and none is made under CI');
    expect(text).toMatch(/float64 {2}[▁-█]{32} {2}survives/);
    await expect(read()).rejects.toThrow('ENOENT');
    expect(told).toEqual(['unmatched']);
  });

  it.each<Mode>(['new', 'none'])('fails in mode %s with what moved and what changed, and leaves the file', async (mode) => {
    vitestIn('new');
    await expect(await learn()).toMatchBaseline(file());
    const before = await read();
    const told = vitestIn(mode);
    const text = await failed(async () => expect(await learn(FINER)).toMatchBaseline(file()));
    expect(text).toContain('sites.input: ');
    expect(text).toMatch(/fixed\.finalWeightsRaw\[0\]\[\d\]\[\d\] .* FAILED/);
    expect(text).toMatch(/fixed {4}[▁-█]{32} {2}survives/);
    expect(text).toContain('record it again with -u');
    expect(await read()).toBe(before);
    expect(told).toEqual(['unmatched']);
  });

  it('records again with -u, and leaves bounds and reasons', async () => {
    vitestIn('new');
    await expect(await learn()).toMatchBaseline(file());
    const { baseline } = await loadBaseline(file());
    baseline.about = 'the board in the greenhouse';
    baseline.runs[0]!.bounds = { weightSqnrDb: { atLeast: 30, why: 'data sheet' } };
    await saveBaseline(file(), baseline);
    const told = vitestIn('all');
    const run = await learn(FINER);
    await expect(run).toMatchBaseline(file());
    const { baseline: after } = await loadBaseline(file());
    expect(after).toMatchObject({ about: baseline.about, runs: [{ bounds: baseline.runs[0]!.bounds, planHash: run.planHash }], options: FINER });
    const updated = await read();
    await expect(run).toMatchBaseline(file());
    expect(await read()).toBe(updated);
    expect(told).toEqual(['updated', 'matched']);
  });

  it('a bound is not moved by -u', async () => {
    vitestIn('new');
    await expect(await learn()).toMatchBaseline(file());
    const told = vitestIn('all');
    const text = await failed(async () => expect(await learn(COARSE)).toMatchBaseline(file()));
    expect(text).toMatch(/weightSqnrDb .* FAILED/);
    expect(text).toContain('a bound is a requirement, which -u leaves');
    expect(told).toEqual(['unmatched']);
  });

  it('holds its own run of a file with several, which -u leaves', async () => {
    await saveBaseline(file(), await recordBaseline({ profile: './board.json', directory: folder }));
    const before = await read();
    const told = vitestIn('all');
    await expect(await learn()).toMatchBaseline(file());
    const text = await failed(async () => expect(await learn(FINER)).toMatchBaseline(file()));
    expect(text).toContain(`npx qrails baseline update ${file()}`);
    expect(await failed(async () => expect(await learn({ throttle: 'gt0/trace' })).toMatchBaseline(file()))).toContain('no such run any more');
    expect(await read()).toBe(before);
    expect(told).toEqual(['matched', 'unmatched', 'unmatched']);
  });

  it('reads a path from the folder of the test', async () => {
    vitestIn('none');
    const relativeFile = relative(import.meta.dirname, file());
    const run = await learn();
    expect(await failed(() => expect(run).toMatchBaseline(relativeFile))).toContain('no such file');
    await saveBaseline(file(), await recordBaseline({ ...run.options, directory: run.directory }, { folder }));
    await expect(run).toMatchBaseline(relativeFile);
  });

  it('says what is wrong with a file', async () => {
    vitestIn('all');
    await writeFile(file(), '{ "baseline": 2 }');
    expect(await failed(async () => expect(await learn()).toMatchBaseline(file()))).toContain('learner.baseline.json: ');
    expect(await read()).toBe('{ "baseline": 2 }');
  });

  it('throws at once where it could tell nothing', async () => {
    const run = await learn();
    expect(() => void expect(run).not.toMatchBaseline(file())).toThrow('cannot be used with not');
    expect(() => void expect(compared(RUN).comparison).toMatchBaseline(file())).toThrow('simulate({');
    expect(() => void expect(run).toMatchBaseline('')).toThrow('takes a file');
    const inside = (expect as unknown as { toMatchBaseline: (file: string) => unknown }).toMatchBaseline(file());
    expect(() => expect({ run }).toEqual({ run: inside })).toThrow('await expect(run).toMatchBaseline(file)');
  });
});
