/** `qrails baseline show` and `qrails baseline diff`. */
import { expect, it } from 'vitest';
import type { BaselineDiff, BaselineSummary } from '../../src/schema/baselineViews.js';
import { inFolder, profile } from '../cli/qrails.js';
import { schemaErrors } from '../cli/schemas.js';

const RECORD = ['baseline', 'record', '--profile', './p.json', '--throttle', 'gt0/secant', '-q', '-o'];

it('say what is held, and what moved between two files or since one was recorded', () => inFolder({ 'p.json': profile({}) }, async (folder) => {
  expect((await folder.qrails([...RECORD, 'a.json'])).code).toBe(0);
  const text = folder.read('a.json');
  const [shown, shownJson, same, stdin] = await Promise.all([
    folder.qrails(['baseline', 'show', 'a.json']), folder.qrails(['baseline', 'show', 'a.json', '--json']),
    folder.qrails(['baseline', 'diff', 'a.json', '--exit-code']), folder.qrails(['baseline', 'diff', 'a.json', '-'], { stdin: text }),
  ]);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^experiment {2}exp-000c, seed 46$/m);
  expect(schemaErrors('baselineSummary', shownJson.stdout)).toEqual([]);
  expect(JSON.parse(shownJson.stdout) as BaselineSummary).toMatchObject({ names: { profile: 'mine' }, runs: [{ throttle: 'gt0/secant' }] });
  expect(same).toEqual({ code: 0, stdout: 'a.json → now\nno difference\n', stderr: '' });
  expect(stdin).toEqual({ code: 0, stdout: 'a.json → -\nno difference\n', stderr: '' });

  folder.write({ 'p.json': profile({ weight: { wordLength: 14, fractionLength: 10 } }) });
  expect((await folder.qrails([...RECORD, 'b.json'])).code).toBe(0);
  const [files, now, nowJson] = await Promise.all([
    folder.qrails(['baseline', 'diff', 'a.json', 'b.json']), folder.qrails(['baseline', 'diff', 'a.json', '--exit-code']), folder.qrails(['baseline', 'diff', 'a.json', '--json']),
  ]);
  expect(files).toMatchObject({ code: 0, stderr: '' });
  expect(files.stdout).toMatch(/^ {2}sites\.layer0\.weight\.wordLength +12 → 14$/m);
  expect(files.stdout).toMatch(/^ {2}weightSqnrDb .* at least \S+ +-\d+ %$/m);
  expect(now.code).toBe(1);
  expect(now.stdout).toMatch(/^ {2}fixed\.finalWeightsRaw\[0\]\[0\]\[\d\] .* exact/m);
  expect(nowJson.code).toBe(0);
  expect(schemaErrors('baselineDiff', nowJson.stdout)).toEqual([]);
  expect(JSON.parse(nowJson.stdout) as BaselineDiff).toMatchObject({ equal: false, requirements: [], documents: [] });
  expect(folder.read('a.json')).toBe(text);
}));

it('refuse what is no baseline', () => inFolder({ 'p.json': profile({}) }, async (folder) => {
  const answers = await Promise.all([['show', 'p.json'], ['diff', 'p.json'], ['diff', 'gone.json', 'p.json'], ['show', '-']].map((args) => folder.qrails(['baseline', ...args])));
  for (const { code, stdout, stderr } of answers) {
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain(' at ');
  }
}));
