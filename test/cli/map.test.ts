/** `qrails map`. */
import { describe, expect, it } from 'vitest';
import type { StabilityMap } from '../../src/schema/map.js';
import { inFolder } from './qrails.js';
import { schemaErrors } from './schemas.js';

const QUICK = ['map', '--grid', '3', '--steps', '20'];

describe('map', () => {
  it('prints a picture, or JSON as its schema says, and writes every kind of file', () => inFolder({}, async (folder) => {
    const files = ['--svg', 'm.svg', '--png', 'm.png', '--csv', 'm.csv', '--npy', 'm.npy'];
    const [text, json, filed] = await Promise.all([folder.qrails(QUICK), folder.qrails([...QUICK, '--json']), folder.qrails([...QUICK, ...files, '-o', 'm.txt'])]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain('Stability map of learning rate and gain (exp-001)');
    expect(text.stdout).toMatch(/none +gt0\/secant/);
    expect(schemaErrors('map', json.stdout)).toEqual([]);
    const { throttles, x, y } = JSON.parse(json.stdout) as StabilityMap;
    expect(throttles.map(({ name }) => name)).toEqual(['none', 'gt0/secant']);
    expect([x.values.length, y.values.length, throttles[0]!.cells.length]).toEqual([3, 3, 9]);
    for (const { divergedShare, stalledShare } of throttles) expect(divergedShare + stalledShare).toBeLessThanOrEqual(1);
    expect(filed).toEqual({ code: 0, stdout: '', stderr: ['m.svg', 'm.png', 'm.csv', 'm.npy', 'm.txt'].map((file) => `wrote ${file}\n`).join('') });
    expect(folder.list()).toEqual(['m.csv', 'm.npy', 'm.png', 'm.svg', 'm.txt']);
    expect(folder.read('m.txt')).toBe(text.stdout);
    expect(folder.read('m.csv').split('\n')).toHaveLength(2 + 2 * 9);
    expect(folder.read('m.svg')).toMatch(/^<svg [^]*<\/svg>\n$/);
  }));

  it('takes axes, throttles, draws and float64', () => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails([
      'map', 'exp-000c', '--float', '--steps', '30', '--throttle', 'table', '--x', 'throttle.chi=lin:0.5:1.5:3', '--y', 'experiment.phases[1].learningRate=log:0.1:1:2', '--draws', '2', '--json', '-q',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(schemaErrors('map', stdout)).toEqual([]);
    const map = JSON.parse(stdout) as StabilityMap;
    expect([map.numbers, map.x.values, map.y.values]).toEqual(['float64', [0.5, 1, 1.5], [0.1, 1]]);
    expect(map.throttles).toMatchObject([{ name: 'table', draws: { count: 2, each: [{ seed: 1 }, { seed: 2 }] } }]);
  }));

  it('takes in float64 what only the reference can run, and says so', () => inFolder({}, async (folder) => {
    const only = ['map', '--grid', '3', '--steps', '20', '--throttle', 'gt0/lambda', '--json', '-q'];
    const [float, fixed, help] = await Promise.all([folder.qrails([...only, '--float']), folder.qrails(only), folder.qrails(['map', '--help'])]);
    expect(float).toMatchObject({ code: 0, stderr: '' });
    expect((JSON.parse(float.stdout) as StabilityMap).throttles.map(({ name }) => name)).toEqual(['gt0/lambda']);
    expect([fixed.code, fixed.stderr]).toEqual([2, expect.stringContaining('gt0/lambda')]);
    expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain('with --float also gt0/lambda');
  }));

  it.each([
    [['--x', 'sensor.gain[0].value=log:NaN:4:5'], /--x: a bound that is not a number/],
    [['--x', 'sensor.gain[0].value=log:1:4:1000000000'], /--x: a wrong number of values/],
    [['--grid', '1000000000'], /Expected an integer from 2 to 512/],
    [['--y', 'sensor.gian[0].value=log:1:4:3'], /--y [^]*gian[^]*gain/],
    [['--draws', '0'], /Expected an integer from 1/],
    [['--svg', 'a', '--png', './a'], /--svg, --png: both name the same file/],
    [['--svg', 'a', '-o', 'a'], /both name the same file/],
    [['--csv', 'nowhere/a.csv', '--svg', 'a.svg'], /nowhere\/a\.csv: cannot be written/],
    [['--throttle', 'gt9'], /--throttle: there is none of this name/],
  ])('refuses %j and leaves nothing behind', (args, message) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails([...QUICK, ...args]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout, folder.list()]).toEqual([2, '', []]);
  }));

  it('ends at Ctrl-C with 130 and leaves nothing behind', () => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['map', '--grid', '101', '--png', 'm.png', '--csv', 'm.csv', '--json', '-o', 'm.json'], {
      started: (child) => {
        const waiting = setInterval(() => {
          if (folder.list().length < 3) return;
          clearInterval(waiting);
          setTimeout(() => child.kill('SIGINT'), 300);
        }, 20);
      },
    });
    expect([code, stdout, stderr]).toEqual([130, '', 'interrupted; nothing was left behind\n']);
    expect(folder.list()).toEqual([]);
  }));

  it('explains itself', () => inFolder({}, async (folder) => {
    const { code, stdout } = await folder.qrails(['map', '--help']);
    expect(code).toBe(0);
    for (const part of ['[experiment]', 'exp-001', '--x', '--y', '--grid', '--float', '--draws', '--throttle', '--svg', '--png', '--csv', '--npy', 'Examples:']) expect(stdout).toContain(part);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain("one anchor (default: the experiment's)");
  }));
});
