/** `qrails instruments`. */
import { describe, expect, it } from 'vitest';
import { instrumentHeader } from '../../src/instruments/columns.js';
import type { Instruments } from '../../src/schema/instruments.js';
import { inFolder, experiment } from '../cli/qrails.js';
import { schemaErrors } from '../cli/schemas.js';

const QUICK = ['instruments', '--steps', '24', '--throttle', 'gt0/secant'];

describe('instruments', () => {
  it('prints CSV with a summary beside it, the same CSV into a file, or JSON as its schema says', () => inFolder({}, async (folder) => {
    const [csv, filed, json, quiet] = await Promise.all([
      folder.qrails([...QUICK, '--every', '4']), folder.qrails([...QUICK, '--every', '4', '-o', 'steps.csv']), folder.qrails([...QUICK, '--every', '4', '--json']), folder.qrails([...QUICK, '-q', '-o', '-']),
    ]);
    expect(csv.code).toBe(0);
    const lines = csv.stdout.split('\n');
    expect(`${lines[0]!}\n`).toBe(instrumentHeader());
    expect(lines).toHaveLength(1 + 6 * 2 + 1);
    expect(lines[1]).toMatch(/^gt0\/secant,none,0,0,float,/);
    expect(lines[2]).toMatch(/^gt0\/secant,none,0,0,fixed,/);
    expect(csv.stderr).toMatch(/Gain drift with a throttle \(exp-000c\) on enabol-mid[^]*measured every 4 steps[^]*margin η·λmax +0\.54 … 8\.7/);
    expect(filed).toEqual({ code: 0, stdout: '', stderr: `${csv.stderr}wrote steps.csv\n` });
    expect(folder.read('steps.csv')).toBe(csv.stdout);
    expect(schemaErrors('instruments', json.stdout)).toEqual([]);
    const { runs, every } = JSON.parse(json.stdout) as Instruments;
    expect([every, runs.map(({ rows }) => rows.length)]).toEqual([4, [12]]);
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
    expect(quiet.stdout.split('\n')).toHaveLength(1 + 24 * 2 + 1);
  }));

  it.each([
    [['--every', '0'], /Expected an integer from 1/],
    [['--window', '1'], /Expected an integer from 2/],
    [['--throttle', 'gt9'], /--throttle: there is none of this name/],
    [['--json', '--steps', '10000000'], /--every: too many rows/],
    [['-o', 'nowhere/a.csv'], /nowhere\/a\.csv: cannot be written/],
    [['bad.json', '-o', 'a.csv'], /bad\.json/],
  ])('refuses %j and leaves nothing behind', (args, message) => inFolder({ 'bad.json': experiment({ phases: [] }) }, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['instruments', ...args]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout, folder.list()]).toEqual([2, '', ['bad.json']]);
  }));

  it('a reader that has seen enough is no error', () => inFolder({}, async (folder) => {
    const { code, stdout } = await folder.shell('qrails instruments --steps 2000 -q | head -1');
    expect([code, stdout]).toEqual([0, instrumentHeader()]);
  }));
});
