import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordBaseline, updateBaseline } from '../../src/check/baseline.js';
import { checkBaseline } from '../../src/check/check.js';
import { baselineText, loadBaseline, saveBaseline } from '../../src/check/file.js';
import { Check } from '../../src/schema/check.js';
import type { Baseline } from '../../src/schema/baseline.js';
import { findProblems } from '../../src/schema/validate.js';
import { failure } from '../document/failure.js';
import { edited } from './made.js';

const OPTIONS = { experiment: 'exp-000c', profile: './target.json', throttle: ['none', 'gt0/secant'], anchor: ['none'] };
const MID = { name: 'mine', source: 'test', extends: 'enabol-mid' };

let project: string;
let baseline: Baseline;
const writeTarget = (changes: object = {}) => writeFile(join(project, 'target.json'), JSON.stringify({ ...MID, ...changes }));
const held = () => join(project, 'held');
const metrics = ({ rows }: Check, throttle: string): string[] => rows.filter((row) => row.throttle === throttle && !row.passed).map(({ metric }) => metric);

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'qrails-regression-'));
  await mkdir(held());
  await writeTarget();
  baseline = await recordBaseline({ ...OPTIONS, directory: project }, { folder: held() });
});
afterAll(() => rm(project, { recursive: true }));

it('records gain drift, is read again, and passes from another folder and on every build', async () => {
  expect(baseline.options.profile).toBe('../target.json');
  expect(baseline.runs.map(({ throttle, verdict }) => [throttle, verdict.float])).toEqual([['none', 'diverged'], ['gt0/secant', 'survives']]);
  await saveBaseline(join(held(), 'drift.json'), baseline);
  const loaded = await loadBaseline('held/drift.json', project);
  for (const build of ['scalar', 'simd'] as const) {
    const check = await checkBaseline(loaded.baseline, { directory: loaded.directory, build });
    expect(check).toMatchObject({ passed: true, rows: [], changes: [] });
    expect(check.comparison.now).toBe(loaded.baseline.comparison);
    expect(await findProblems(Check, check)).toEqual([]);
  }
});

it('is the same text every time', async () => {
  expect(baselineText(await recordBaseline({ ...OPTIONS, directory: project }, { folder: held() }))).toBe(baselineText(baseline));
});

describe('a target with two bits less in its weights', () => {
  let check: Check;
  beforeAll(async () => {
    await writeTarget({ sites: { weight: { wordLength: 10, fractionLength: 6 } } });
    check = await checkBaseline(baseline, { directory: held() });
  });
  afterAll(() => writeTarget());

  it('fails: plan, bits and signal-to-noise, with the site named', () => {
    expect(check.passed).toBe(false);
    expect(check.changes).toContainEqual(expect.stringMatching(/^sites\.layer0\.weight: .*wordLength 12 → 10/));
    expect(metrics(check, 'gt0/secant')).toEqual(expect.arrayContaining(['planHash', 'weightSqnrDb', 'fixed.sites.layer0.weight.format']));
    expect(metrics(check, 'gt0/secant').some((metric) => metric.startsWith('fixed.finalWeightsRaw[0]'))).toBe(true);
  });

  it('leaves the float side where it was', () => {
    expect(check.rows.filter(({ heldBy }) => heldBy === 'float')).toEqual([]);
  });

  it('fails by its bounds alone where bits are not held, and passes where those are wide enough', async () => {
    const bounded = edited(({ tolerances }) => delete tolerances.fixed, baseline);
    const strict = await checkBaseline(bounded, { directory: held() });
    expect(strict.rows.filter(({ passed }) => !passed).every(({ heldBy }) => heldBy === 'bound')).toBe(true);
    expect(metrics(strict, 'gt0/secant')).toContain('weightSqnrDb');

    const wide = edited(({ runs }) => runs.forEach((run) => (run.bounds = { weightSqnrDb: { atLeast: -100, why: 'wide' } })), bounded);
    expect((await checkBaseline(wide, { directory: held() })).passed).toBe(true);
  });

  it('is recorded anew by an update, which keeps options, tolerances and bounds', async () => {
    const own = edited(({ runs, tolerances }) => {
      runs[1]!.bounds = { weightSqnrDb: { atLeast: 5, why: 'data sheet' } };
      tolerances.float = { relative: 1e-6, why: 'another engine' };
    }, baseline);
    const updated = await updateBaseline(own, { directory: held() });
    expect(updated.runs[1]!.bounds).toEqual(own.runs[1]!.bounds);
    expect(updated.tolerances).toEqual(own.tolerances);
    expect(updated.options).toEqual(own.options);
    expect(updated.runs[1]!.planHash).not.toBe(own.runs[1]!.planHash);
    const others = (await checkBaseline(updated, { directory: held() })).rows.filter(({ heldBy }) => heldBy !== 'bound');
    expect(others).toEqual([]);
    const elsewhere = await updateBaseline(own, { directory: held(), folder: join(project, 'other/place') });
    expect(elsewhere.options.profile).toBe('../../target.json');
    expect(elsewhere.runs).toEqual(updated.runs);
  });
});

it('a tolerance that is too tight fails with the value it holds', async () => {
  const tight = edited(({ runs }) => (runs[1]!.float.maxLoss! *= 1 + 1e-8), baseline);
  const check = await checkBaseline(tight, { directory: held() });
  expect(check.rows).toMatchObject([{ throttle: 'gt0/secant', metric: 'float.maxLoss', heldBy: 'float', passed: false }]);
  const loose = edited(({ tolerances }) => (tolerances.float!.relative = 1e-7), tight);
  expect(await checkBaseline(loose, { directory: held() })).toMatchObject({ passed: true });
});

it('sums in another order stay within the tolerance of the float side', async () => {
  const check = await checkBaseline(edited(({ options }) => (options.set = ['experiment.order=shuffled']), baseline), { directory: held() });
  expect(check.changes).toEqual(['order "sequential" → "shuffled"']);
  expect(check.rows.filter(({ heldBy, passed }) => heldBy === 'float' && !passed)).toEqual([]);
  expect(metrics(check, 'gt0/secant')).toContain('planHash');
});

it('says where a document is that is gone', async () => {
  expect(await failure('not-found', () => checkBaseline(baseline, { directory: project }))).toContain('../target.json');
});

it('stops when it is told to', async () => {
  await expect(checkBaseline(baseline, { directory: held(), signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

it('the example holds the shipped learner, and would notice a bit', async () => {
  const folder = new URL('../../examples/regression/', import.meta.url);
  const { baseline: example, directory } = await loadBaseline(new URL('learner.baseline.json', folder).pathname);
  const [row] = example.runs[0]!.fixed.finalWeightsRaw[0]!;
  row![0] = String(Number(row![0]) + 1);
  expect(metrics(await checkBaseline(example, { directory }), 'gt0/secant')).toEqual(['fixed.finalWeightsRaw[0][0][0]']);
  expect(await readFile(new URL('learner.baseline.json', folder), 'utf8')).not.toContain('/work');
});
