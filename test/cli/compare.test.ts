/** `qrails compare`: its results, where they go, and that nothing but its options changes a bit of them. */
import { describe, expect, it } from 'vitest';
import { list } from '../../src/document/catalogue.js';
import { TRACE_COLUMNS, type TraceRow } from '../../src/run/trace.js';
import type { Comparison } from '../../src/schema/comparison.js';
import { inFolder, profile, type Ended, type Folder } from './qrails.js';
import { schemaErrors } from './schemas.js';

const fine = ({ code, stdout, stderr }: Ended): string => {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};
const ESCAPE = '\u001b';

describe('compare --json', () => {
  const experiments = list('experiment');
  // Every target and every experiment, and with QRAILS_FULL every pair of them.
  const pairs = process.env['QRAILS_FULL']
    ? experiments.flatMap((experiment) => list('profile').map((name) => [experiment, name] as const))
    : [...list('profile').map((name, index) => [experiments[index % experiments.length]!, name] as const), ...experiments.map((experiment) => [experiment, 'enabol-mid'] as const)];
  it.concurrent.each(pairs)('%s on %s is as its schema says', (experiment, name) => inFolder({}, async (folder) => {
    const text = fine(await folder.qrails(['compare', experiment, '--profile', name, '--json']));
    expect(schemaErrors('comparison', text)).toEqual([]);
    const { plan, runs } = JSON.parse(text) as Comparison;
    expect(plan).toMatchObject({ experiment, profile: name });
    for (const { float, fixed } of runs) {
      // Every bin is a number, or null from where the losses are not.
      expect(float.curve.max.includes(null)).toBe(!float.finite);
      expect(float.finalLoss === null).toBe(!Number.isFinite(float.finalLoss ?? NaN));
      expect(fixed.curve.max).not.toContain(null);
    }
  }));

  it('has null for what is not finite', () => inFolder({}, async (folder) => {
    const text = fine(await folder.qrails(['compare', 'exp-000b', '--throttle', 'none', '--json', '--no-tries']));
    const { float, difference } = (JSON.parse(text) as Comparison).runs[0]!;
    expect(float).toMatchObject({ finite: false, finalLoss: null, maxLoss: null, meanLoss: null });
    expect(float.curve.max.at(-1)).toBeNull();
    expect(difference).toMatchObject({ lossRatio: null, weightSqnrDb: null });
    expect(text).not.toMatch(/NaN|Infinity/);
  }));
});

describe('where a result goes', () => {
  it('into a file, whole, and nothing on standard output', () => inFolder({ 'r.json': 'old' }, async (folder) => {
    const [printed, toFile, dashed, quiet] = await Promise.all([
      folder.qrails(['compare', '--json']), folder.qrails(['compare', '--json', '-o', 'r.json']),
      folder.qrails(['compare', '--json', '-o', '-']), folder.qrails(['compare', '-q', '-o', 'quiet.txt']),
    ]);
    const text = fine(printed);
    expect(toFile).toEqual({ code: 0, stdout: '', stderr: 'wrote r.json\n' });
    expect(folder.read('r.json')).toBe(text);
    expect(fine(dashed)).toBe(text);
    expect(quiet).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(folder.read('quiet.txt')).toContain('verdict');
    expect(folder.list()).toEqual(['quiet.txt', 'r.json']);
  }));

  it('to a link, a device or a pipe as it is', () => inFolder({ 'there/r.txt': '', 'link-target': '' }, async (folder) => {
    const [linked, nothing, piped] = await Promise.all([
      folder.shell('ln -s there/r.txt link && qrails compare -o link && test -L link'), folder.shell('qrails compare -o /dev/null && test -c /dev/null'),
      folder.shell('mkfifo pipe && { qrails compare -q -o pipe & cat pipe; wait; } && test -p pipe'),
    ]);
    expect([linked.code, nothing.code, piped.code]).toEqual([0, 0, 0]);
    expect(folder.read('there/r.txt')).toContain('verdict');
    expect(piped.stdout).toBe(folder.read('there/r.txt'));
  }));

  it('has no colours in a pipe or a file, whatever the environment says', () => inFolder({}, async (folder) => {
    const [plain, forced, filed] = await Promise.all([
      folder.qrails(['compare'], { env: { NO_COLOR: '1' } }), folder.qrails(['compare'], { env: { FORCE_COLOR: '1' } }), folder.qrails(['compare', '-o', 'r.txt'], { env: { FORCE_COLOR: '1' } }),
    ]);
    expect(filed.code).toBe(0);
    expect(fine(plain)).not.toContain(ESCAPE);
    expect(fine(forced)).toBe(plain.stdout);
    expect(folder.read('r.txt')).toContain('survives');
    expect(folder.read('r.txt')).not.toContain(ESCAPE);
  }));

  it('shows no control characters of a title', () => inFolder({}, async (folder) => {
    const text = fine(await folder.qrails(['compare', '--no-tries', '--set', `experiment.title="\\u001b]0;owned\\u0007"`]));
    expect(text).toContain('\\u001b]0;owned\\u0007');
    expect(text).not.toContain(ESCAPE);
  }));
});

describe('the same input', () => {
  const args = ['compare', '--throttle', 'none,gt0/secant,table', '--anchor', 'none,event', '--steps', '200', '--json'];
  it('gives the same bytes on every run and with every build of the core', () => inFolder({}, async (folder) => {
    const texts = (await Promise.all([[], ['--core', 'debug'], ['--core', 'scalar'], ['--core', 'simd']].map((more) => folder.qrails([...args, ...more])))).map(fine);
    expect(new Set(texts).size).toBe(1);
    expect(fine(await folder.qrails(args))).toBe(texts[0]);
  }));

  it('gives other results with another seed', () => inFolder({}, async (folder) => {
    const [one, other] = await Promise.all(['1', '2'].map((seed) => folder.qrails(['compare', '--no-tries', '--json', '--seed', seed])));
    expect(fine(one!)).not.toBe(fine(other!));
  }));

  it('comes from a shipped name, a path, or standard input', () => inFolder({ 'sub/mine.json': profile({}, { extends: './base.json' }), 'sub/base.json': profile({ weight: { wordLength: 14, fractionLength: 10 } }) }, async (folder) => {
    const [path, stdin, set] = await Promise.all([
      folder.qrails(['compare', '--json', '--profile', 'sub/mine.json']),
      folder.qrails(['compare', '--json', '--profile', '-'], { stdin: profile({ weight: { wordLength: 14, fractionLength: 10 } }) }),
      folder.qrails(['compare', '--json', '--set', 'profile.sites.weight.wordLength=14', '--set', 'profile.sites.weight.fractionLength=10', '--no-tries']),
    ]);
    const fixed = (ended: Ended): unknown => (JSON.parse(fine(ended)) as Comparison).runs.map((run) => run.fixed);
    expect(fixed(path)).toEqual(fixed(stdin));
    expect(fixed(path)).toEqual(fixed(set));
  }));
});

describe('compare --trace', () => {
  const args = ['compare', 'anchor-event', '--profile', 'enabol-mid', '--throttle', 'none,gt0/secant', '--anchor', 'none,event', '--steps', '250', '--json', '--no-tries'];
  const STEPS = 250;
  const csvRows = (folder: Folder): TraceRow[] => {
    const [head, ...lines] = folder.read('run.csv').trimEnd().split('\n').map((line) => line.split(','));
    expect(head).toEqual(TRACE_COLUMNS);
    for (const line of lines) expect(line).toHaveLength(TRACE_COLUMNS.length);
    return lines.map((line) => Object.fromEntries(line.map((cell, index) => {
      const name = TRACE_COLUMNS[index]!;
      return [name, name === 'throttle' || name === 'anchor' ? cell : cell === '' ? null : Number(cell)];
    })));
  };

  it('has one row a step of every combination, in both kinds of file, and changes no bit', () => inFolder({}, async (folder) => {
    const [bare, csv, ndjson] = await Promise.all([folder.qrails(args), folder.qrails([...args, '--trace', 'run.csv']), folder.qrails([...args, '--trace', 'run.ndjson'])]);
    const text = fine(bare);
    expect(fine(csv)).toBe(text);
    expect(fine(ndjson)).toBe(text);

    const rows = csvRows(folder);
    const { runs } = JSON.parse(text) as Comparison;
    expect(rows.map(({ throttle, anchor, step }) => [throttle, anchor, step])).toEqual(runs.flatMap(({ throttle, anchor }) => Array.from({ length: STEPS }, (_, step) => [throttle, anchor, step])));
    expect(folder.read('run.ndjson').trimEnd().split('\n').map((line) => JSON.parse(line) as TraceRow)).toEqual(rows);
    for (const [index, { float, fixed }] of runs.entries()) {
      const own = rows.slice(index * STEPS, (index + 1) * STEPS);
      for (const [side, name] of [[float, 'float'], [fixed, 'fixed']] as const) {
        expect(Math.max(...own.map((row) => Number(row[`${name}.loss`])))).toBe(side.maxLoss);
        expect(own.filter((row) => row[`${name}.stalled`] === 1)).toHaveLength(side.stalledSteps);
        expect(own.at(-1)![`${name}.events`]).toBe(side.events);
      }
    }
    expect(folder.list()).toEqual(['run.csv', 'run.ndjson']);
  }));
});
