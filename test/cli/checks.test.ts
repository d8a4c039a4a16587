/** `qrails baseline` and `qrails check`: recorded, held, and told when it moved. */
import { expect, it } from 'vitest';
import type { Baseline } from '../../src/schema/baseline.js';
import type { Check } from '../../src/schema/check.js';
import { inFolder, profile, type Files } from './qrails.js';
import { schemaErrors } from './schemas.js';

const FILES: Files = { 'p.json': profile({}), 'held/.keep': '' };

it('a run that is recorded passes, and fails when its target changes', () => inFolder(FILES, async (folder) => {
  const recorded = await folder.qrails(['baseline', 'record', '--profile', './p.json', '--throttle', 'gt0/secant', '--about', 'for a test', '-o', 'held/b.json']);
  expect(recorded).toEqual({ code: 0, stdout: '', stderr: 'wrote held/b.json\n' });
  const text = folder.read('held/b.json');
  expect(schemaErrors('baseline', text)).toEqual([]);
  expect(JSON.parse(text) as Baseline).toMatchObject({ about: 'for a test', options: { profile: '../p.json' } });

  const [passed, json, stdin] = await Promise.all([
    folder.qrails(['check', 'held/b.json']), folder.qrails(['check', 'held/b.json', '--json']), folder.qrails(['check', '-'], { stdin: text.replaceAll('../p.json', './p.json') }),
  ]);
  expect(passed).toMatchObject({ code: 0, stderr: '' });
  expect(passed.stdout).toMatch(/^passed/m);
  expect(schemaErrors('check', json.stdout)).toEqual([]);
  expect(JSON.parse(json.stdout) as Check).toMatchObject({ passed: true, rows: [] });
  expect(stdin.code).toBe(0);

  folder.write({ 'p.json': profile({ weight: { wordLength: 12, fractionLength: 7 } }) });
  const [failed, failedJson, filed] = await Promise.all([
    folder.qrails(['check', 'held/b.json']), folder.qrails(['check', 'held/b.json', '--json']), folder.qrails(['check', 'held/b.json', '-q', '-o', 'report.txt']),
  ]);
  expect(failed).toMatchObject({ code: 1, stderr: '' });
  expect(failed.stdout).toMatch(/^failed/m);
  expect(failed.stdout).toMatch(/fixed\.\w+ .* FAILED$/m);
  expect(failedJson.code).toBe(1);
  expect(JSON.parse(failedJson.stdout) as Check).toMatchObject({ passed: false });
  expect(filed).toEqual({ code: 1, stdout: '', stderr: '' });
  expect(folder.read('report.txt')).toBe(failed.stdout);

  // Brought up to date in its place, and only then does it pass.
  expect(folder.read('held/b.json')).toBe(text);
  const updated = await folder.qrails(['baseline', 'update', 'held/b.json']);
  expect(updated.stderr).toBe('wrote held/b.json\n');
  expect(folder.read('held/b.json')).not.toBe(text);
  const { bounds } = (JSON.parse(text) as Baseline).runs[0]!;
  expect((JSON.parse(folder.read('held/b.json')) as Baseline).runs[0]!.bounds).toEqual(bounds);
  const again = await folder.qrails(['check', 'held/b.json', '--json']);
  expect((JSON.parse(again.stdout) as Check).rows.filter(({ heldBy }) => heldBy !== 'bound')).toEqual([]);
}));
