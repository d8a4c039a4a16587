import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baselineText, loadBaseline, saveBaseline, validateBaseline } from '../../src/check/file.js';
import type { Baseline } from '../../src/schema/baseline.js';
import { failure } from '../document/failure.js';
import { edited, RECORDED } from './made.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qrails-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('is written and read again, with the folder its paths start from', async () => {
  await saveBaseline(join(folder, 'kept.json'), RECORDED);
  expect(await loadBaseline('kept.json', folder)).toEqual({ baseline: RECORDED, directory: folder });
  expect(await readFile(join(folder, 'kept.json'), 'utf8')).toBe(baselineText(RECORDED));
});

it('shows a row of weights and a site on a line each, keys sorted', () => {
  const text = baselineText(RECORDED);
  expect(text).toMatch(/^ +"finalWeightsRaw": \[\[\["85", "-51"\]\]\],$/m);
  expect(text).toMatch(/^ +"layer0.weight": \{ "count": 200, "firstOverflow": \{.*\}, .*"underflow": 7 \}$/m);
  expect(text.match(/^ {2}"\w+"/gm)).toEqual([...text.match(/^ {2}"\w+"/gm)!].sort());
  const wide = edited(({ runs }) => (runs[0]!.fixed.finalWeightsRaw = [[Array<string>(400).fill('1'), Array<string>(400).fill('-2')]]));
  expect(baselineText(wide).split('\n').filter((line) => line.includes('"-2", "-2"'))).toHaveLength(1);
});

it('cannot be written into a folder that is not there', async () => {
  expect(await failure('output', () => saveBaseline(join(folder, 'missing/baseline.json'), RECORDED))).toContain('cannot be written');
});

describe('a malformed file', () => {
  const load = async (text: string): Promise<unknown> => {
    await writeFile(join(folder, 'bad.json'), text);
    return loadBaseline('bad.json', folder);
  };
  const loadEdited = (change: (baseline: Baseline) => void) => load(baselineText(edited(change)));

  it('that is missing', async () => expect(await failure('not-found', () => loadBaseline('none.json', folder))).toContain('none.json'));
  it('that is no JSON', async () => expect(await failure('unreadable', () => load('{ "baseline": 1,\n'))).toContain('bad.json:2:1'));
  it('that is cut short', async () => expect(await failure('unreadable', () => load(baselineText(RECORDED).slice(0, 900)))).toContain('bad.json'));
  it('that is another document', async () => expect(await failure('invalid', () => load('{ "plan": 1 }'))).toContain('bad.json'));

  it.each<[string, string, (baseline: Baseline) => void]>([
    ['another version', 'baseline has an unknown value', (b) => (b.baseline = 2 as 1)],
    ['a misspelt throttle', 'gt0/secant', (b) => (b.options.throttle = ['gt0/secnt'])],
    ['standard input as a document', 'options.profile', (b) => (b.options.profile = '-')],
    ['a negative tolerance', 'tolerances.float.relative = -1 is out of range', (b) => (b.tolerances.float!.relative = -1)],
    ['a tolerance without a reason', 'tolerances.fixed.why is missing', (b) => delete (b.tolerances.fixed as { why?: string }).why],
    ['a bound without a reason', 'runs[0].bounds.lossRatio.why', (b) => (b.runs[0]!.bounds.lossRatio = { atMost: 1, why: '' })],
    ['a bound on the wrong side', 'atLeast is not a known key', (b) => (b.runs[0]!.bounds.lossRatio = { atLeast: 1, why: 'mistaken' })],
    ['an unknown bound', 'stalledShare', (b) => Object.assign(b.runs[0]!.bounds, { stalledShares: { atMost: 1, why: 'misspelt' } })],
    ['a raw that is a number', 'finalLossRaw has the wrong type', (b) => (b.runs[0]!.fixed.finalLossRaw = 4 as unknown as string)],
    ['no runs', 'runs has 0 entries', (b) => (b.runs = [])],
    ['a run recorded twice', 'runs[1]: this run is recorded twice', (b) => b.runs.push(b.runs[0]!)],
    ['nothing that could fail', 'nothing is held', (b) => {
      b.tolerances = {};
      b.runs[0]!.bounds = { verdict: { why: 'no side named' } };
    }],
  ])('with %s', async (_, message, change) => {
    const text = await failure('invalid', () => loadEdited(change));
    expect(text).toContain(message);
    expect(text).toContain('bad.json');
  });

  it('is refused by the function too', async () => {
    expect(await failure('invalid', () => validateBaseline({ ...RECORDED, extra: 1 }))).toContain('extra is not a known key');
  });
});
