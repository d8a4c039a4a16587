/** `qrails compare --seeds N`. */
import { describe, expect, it } from 'vitest';
import { SeedComparison } from '../../src/schema/seeds.js';
import { validate } from '../../src/schema/validate.js';
import { experiment, inFolder, recorded } from './qrails.js';

const files = { 'mine.json': experiment(), 'log.json': recorded(), 'log.csv': 'a,b,y\n1,0,1\n0,1,0\n1,1,1\n0,0,0\n' };
const args = ['compare', './mine.json', '--seeds', '7', '--seed', '3', '--throttle', 'none,gt0/trace'];

describe('compare over seeds', () => {
  it('prints text, its document, and rows', () => inFolder(files, async (folder) => {
    const [text, json, filed] = await Promise.all([folder.qrails(args), folder.qrails([...args, '--json']), folder.qrails([...args, '-o', 'r.txt', '--csv', 'seeds.csv'])]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain('7 seeds, 3 to 9, each draws data');
    expect(text.stdout).toMatch(/\n {2}final loss +\S+ \(\S+ … \S+\)/);
    expect(text.stdout).toContain('throttle gt0/trace against no throttle, seed by seed');
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const document = JSON.parse(json.stdout) as SeedComparison;
    await expect(validate(SeedComparison, document, 'result')).resolves.toBeDefined();
    expect(document.runs.map(({ throttle, planHashes }) => [throttle, planHashes.length])).toEqual([['none', 7], ['gt0/trace', 7]]);
    expect(filed).toEqual({ code: 0, stdout: '', stderr: 'wrote r.txt\n' });
    expect(folder.read('r.txt')).toBe(text.stdout);
    const rows = folder.read('seeds.csv').trimEnd().split('\n');
    expect(rows).toHaveLength(1 + 7 * 2 * 2);
    expect(rows[1]).toContain(String(document.runs[0]!.float.values.finalLoss[0]));
  }));

  it.each<[readonly string[], RegExp]>([
    [['--seeds', '1'], /Expected an integer from 2 to 10000: one seed has no spread to make an interval of\./],
    [['--seeds', '10001'], /Expected an integer from 2 to 10000/],
    [['--seeds', 'many'], /Expected an integer/],
    [['--seeds', '2', '--profile', 'enabol-mid,enabol-wide'], /--seeds, --profile: many seeds are run on one target/],
    [['--seeds', '2', '--trace', 'run.csv'], /--seeds, --trace: a trace is of one seed/],
    [['--seeds', '2', '--part', '0.1'], /--seeds, --part: where losses part is told of one seed/],
    [['--seeds', '2', '--csv', 'a.txt', '-o', './a.txt'], /--output, --csv: both name the same file/],
    [['--seeds', '2', '--csv', 'no/a.csv'], /no\/a\.csv: cannot be written/],
    [['--csv', 'a.csv'], /--csv: is for the values of many seeds/],
    [['--seeds', '2', '--set', 'experiment.seed=1'], /--set: sets the seed/],
  ])('refuses %j', (more, message) => inFolder(files, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', './mine.json', ...more]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout, folder.list()]).toEqual([2, '', Object.keys(files).sort()]);
  }));

  it('refuses seeds that draw nothing, and leaves no rows behind', () => inFolder(files, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', './log.json', '--seeds', '3', '--csv', 'seeds.csv']);
    expect(stderr).toMatch(/a seed draws nothing in this experiment/);
    expect([code, stdout, folder.list()]).toEqual([2, '', Object.keys(files).sort()]);
  }));

  it('ends at Ctrl-C with 130 and leaves nothing behind', () => inFolder(files, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', './mine.json', '--seeds', '10000', '--csv', 'seeds.csv', '--json', '-o', 'r.json'], {
      started: (child) => {
        const timer = setInterval(() => {
          if (!folder.list().some((name) => name.startsWith('seeds.csv'))) return;
          clearInterval(timer);
          setTimeout(() => child.kill('SIGINT'), 300);
        }, 20);
      },
    });
    expect({ code, stdout, stderr }).toEqual({ code: 130, stdout: '', stderr: 'interrupted; nothing was left behind\n' });
    expect(folder.list()).toEqual(Object.keys(files).sort());
  }));
});
