/** `qrails compare --profile a,b,c`. */
import { describe, expect, it } from 'vitest';
import type { TargetComparison } from '../../src/schema/targets.js';
import { experiment, inFolder, profile } from './qrails.js';
import { schemaErrors } from './schemas.js';

describe('compare on several targets', () => {
  it('prints a row for each, and where they part, as text and as its schema says', () => inFolder({}, async (folder) => {
    const args = ['compare', '--profile', 'enabol-wide, enabol-mid', '--throttle', 'none'];
    const [text, json, scalar, filed] = await Promise.all([
      folder.qrails(args), folder.qrails([...args, '--json']), folder.qrails([...args, '--json', '--core', 'scalar']), folder.qrails([...args, '-o', 'r.txt', '--no-tries']),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/\n {2}target +weight +accumulator +final loss +× float64 +verdict +first overflow +stalled\n {2}float64 .*\n {2}enabol-wide .*\n {2}enabol-mid /);
    expect(text.stdout).toContain('enabol-wide against float64');
    expect(text.stdout).toContain('enabol-mid against enabol-wide');
    for (const line of text.stdout.split('\n').slice(3, 7)) expect([...line].length).toBeLessThanOrEqual(110);
    expect(filed).toEqual({ code: 0, stdout: '', stderr: 'wrote r.txt\n' });
    expect(folder.read('r.txt')).toBe(text.stdout);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(scalar.stdout).toBe(json.stdout);
    expect(schemaErrors('targets', json.stdout)).toEqual([]);
    const { plan, targets, parts } = JSON.parse(json.stdout) as TargetComparison;
    expect(plan.throttle).toBe('none');
    expect([targets.length, parts.length]).toEqual([2, 2]);
  }));

  it('takes a profile from standard input, and ends well where only some refuse', () => inFolder({ 'mine.json': experiment(), 'one.json': profile({}, { name: 'one', batch: { sizes: 'one' } }) }, async (folder) => {
    const ended = await folder.qrails(['compare', './mine.json', '--profile', './one.json,-,enabol-mid'], { stdin: profile({}, { name: 'piped' }) });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/one +refused: .*cannot run this batch/);
    expect(ended.stdout).toContain('enabol-mid against piped');
  }));

  it.each([
    ['enabol-mid,enabol-wdie', [], /"enabol-wdie"[^]*try +enabol-wide/],
    ['enabol-mid,enabol-mid', [], /named twice/],
    ['enabol-mid,', [], /an entry of the list is empty/],
    ['enabol-mid,enabol-wide', ['--throttle', 'none,table'], /--throttle: several targets are compared under one controller/],
    ['enabol-mid,enabol-wide', ['--trace', 'run.csv'], /--trace: takes one target/],
  ])('refuses %s %j', (list, more, message) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', '--profile', list, ...more]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout, folder.list()]).toEqual([2, '', []]);
  }));
});
