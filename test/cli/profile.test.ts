/** `qrails profile new | diff | explain` through the real command line. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataPath, ProfileDiff } from '../../src/schema/profileViews.js';
import { findProblems } from '../../src/schema/validate.js';
import { loadProfile } from '../../src/profile/load.js';
import { experiment, inFolder, profile, type Ended, type Folder, type Spawning } from './qrails.js';

const UTF8 = { LC_ALL: 'C.UTF-8' };
const run = (folder: Folder, args: readonly string[], spawning: Spawning = {}): Promise<Ended> => folder.qrails(['profile', ...args], { ...spawning, env: { ...UTF8, ...spawning.env } });
const fine = ({ code, stdout, stderr }: Ended): string => {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};

describe('profile new', () => {
  it('writes a profile that loads and runs', () => inFolder({ 'e.json': experiment() }, async (folder) => {
    const made = await run(folder, ['new', 'mine.json', '--weight', 'ap_fixed<16,4,AP_RND,AP_SAT>', '--divider', 'table', '--table-bits', '5', '--yes']);
    expect(made).toEqual({ code: 0, stdout: '', stderr: 'wrote mine.json\nlook at it with: qrails profile explain mine.json\n' });
    expect(folder.list()).toEqual(['e.json', 'mine.json']);
    expect((await loadProfile('./mine.json', folder.path)).value).toMatchObject({ name: 'mine', divide: { method: 'table', bits: 5 }, sites: { weight: { wordLength: 16, fractionLength: 12 } } });
    expect(fine(await run(folder, ['validate', 'mine.json']))).toBe('mine.json: valid profile mine\n');
    const ran = await folder.qrails(['compare', './e.json', '-p', 'mine.json', '--throttle', 'gt0/secant', '--json', '-q']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ plan: { profile: 'mine' } });
    expect(fine(await run(folder, ['explain', 'mine.json']))).toContain('table of 32 entries');
  }));

  it('needs nothing from a terminal that every option gives', () => inFolder({}, async (folder) => {
    const options = ['--name', 'all', '--extends', 'cortex-m4-q15', '--weight', 'Q2.14', '--q', 'arm', '--input', 'sfix16_En15', '--accumulator', 'sfix64_En29', '--rounding', 'Nearest', '--overflow', 'Saturate',
      '--accumulate', 'end', '--batch-division', 'powerOfTwo', '--divider', 'exact', '--source', 'measured'];
    const made = await run(folder, ['new', ...options]);
    expect(made).toMatchObject({ code: 0, stdout: '' });
    expect(folder.list()).toEqual(['all.json']);
    expect(JSON.parse(folder.read('all.json'))).toEqual({
      name: 'all', extends: 'cortex-m4-q15', source: 'measured', defaults: { rounding: 'RND', overflow: 'SAT', source: 'measured' },
      sites: { accumulator: { wordLength: 64, fractionLength: 29, source: 'measured' }, weight: { wordLength: 16, fractionLength: 14, source: 'measured' } },
    });
  }));

  it.each([[['--json']], [['-o', '-']], [['-']]])('%o prints it and writes nothing', (args) => inFolder({}, async (folder) => {
    const printed = fine(await run(folder, ['new', '--name', 'printed', '--yes', ...args]));
    expect(JSON.parse(printed)).toMatchObject({ name: 'printed' });
    expect(printed).not.toContain('$schema');
    expect(folder.list()).toEqual([]);
    expect(fine(await run(folder, ['validate', '-'], { stdin: printed }))).toBe('-: valid profile printed\n');
  }));

  it('says which options are missing, and writes nothing', () => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await run(folder, ['new', 'mine.json', '--weight', 'sfix16']);
    expect([code, stdout]).toEqual([2, '']);
    for (const text of ['--name', '--accumulator', '--source', '--yes']) expect(stderr).toContain(text);
    expect(stderr).not.toContain('--weight');
    expect(folder.list()).toEqual([]);
  }));

  it('refuses a file that is there, unless told', () => inFolder({ 'mine.json': 'precious' }, async (folder) => {
    mkdirSync(join(folder.path, 'folder.json'));
    symlinkSync('nowhere', join(folder.path, 'link.json'));
    for (const path of ['mine.json', 'folder.json', 'link.json']) {
      const { code, stderr } = await run(folder, ['new', path, '--yes']);
      expect([code, stderr]).toEqual([2, `${path}: is there already\n  try       --force replaces it\n`]);
    }
    // The same where the name of the profile names the file.
    expect(await run(folder, ['new', '--name', 'mine', '--yes'])).toMatchObject({ code: 2, stderr: expect.stringContaining('mine.json: is there already') });
    expect(folder.read('mine.json')).toBe('precious');
    expect((await run(folder, ['new', 'folder.json', '--yes', '--force'])).stderr).toContain('it is a folder');
    expect((await run(folder, ['new', 'mine.json', '--yes', '--force'])).code).toBe(0);
    expect(JSON.parse(folder.read('mine.json'))).toMatchObject({ name: 'mine' });
  }));

  it.each<[readonly string[], RegExp]>([
    [['new', 'a/b/c.json', '--yes'], /a\/b\/c.json: cannot be written[^]*the folder is not there/],
    [['new', 'a.json', '-o', 'b.json', '--yes'], /the file is given twice/],
    [['new', '--name', '../up', '--yes'], /--name: not a name/],
    [['new', '--name', '\u001b[2J', '--yes'], /--name: not a name\n {2}found {5}\\u001b\[2J/],
    [['new', '--extends', 'nothing-like-it', '--yes'], /--extends: not a shipped target/],
    [['new', '--weight', 'sfix99', '--yes'], /--weight: sfix99/],
    [['new', '--accumulate', '0', '--yes'], /--accumulate: out of range/],
    [['new', '--table-bits', '3', '--yes'], /--table-bits: belongs to another answer/],
    [['new', '--frobnicate'], /unknown option/],
    [['diff', 'enabol-mid'], /missing required argument/],
    [['diff', 'enabol-mid', './nowhere.json'], /no such file/],
    [['explain', 'enabol-midd'], /try {7}enabol-mid/],
    [['explain', 'enabol-mid', '--layers', '17'], /from 1 to 16/],
    [['explain', 'enabol-mid', '--inputs', '1e9'], /from 1 to 1000000/],
    [['diff', 'enabol-mid', 'enabol-mid', '--batch', '0'], /from 1 to/],
  ])('%o', (args, says) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await run(folder, args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|\n +at /);
    expect(folder.list()).toEqual([]);
  }));

  it('hostile names of files are written and told as text', () => inFolder({}, async (folder) => {
    const { code, stderr } = await run(folder, ['new', '\u001b]0;x\u0007.json', '--yes']);
    expect(code).toBe(0);
    expect(stderr).toContain('wrote \\u001b]0;x\\u0007.json');
    // A name that cannot be that of a profile is not taken from the file.
    expect(JSON.parse(folder.read('\u001b]0;x\u0007.json'))).toMatchObject({ name: 'my-target' });
    const plain = await run(folder, ['new', 'plain', '--yes']);
    expect(plain.stderr).toContain('profile explain ./plain');
    expect(fine(await run(folder, ['validate', './plain']))).toContain('valid profile plain');
  }));
});

describe('profile diff', () => {
  it('tells what differs, as text and as a document', () => inFolder({ 'p.json': profile({ weight: { wordLength: 10 } }) }, async (folder) => {
    const text = fine(await run(folder, ['diff', 'enabol-mid', './p.json']));
    for (const part of ['enabol-mid → mine', '- sfix12_En8 RND SAT', '+ sfix10_En8 RND SAT', '1/4 of the range', 'guard bits: 3 → 5', 'no rules']) expect(text.includes(part), part).toBe(part !== 'no rules');
    expect(text.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
    const json = fine(await run(folder, ['diff', 'enabol-mid', './p.json', '--json', '--layers', '2', '--batch', '10']));
    expect(await findProblems(ProfileDiff, JSON.parse(json))).toEqual([]);
    expect(JSON.parse(json)).toMatchObject({ a: 'enabol-mid', b: 'mine', equal: false, dimensions: { layers: 2, inputs: 16, batch: 10 } });
  }));

  it('ends with 1 only where it is asked to', () => inFolder({}, async (folder) => {
    const codes = await Promise.all([['enabol-mid', 'enabol-tight'], ['enabol-mid', 'enabol-tight', '--exit-code'], ['enabol-mid', 'enabol-mid', '--exit-code']].map(async (args) => (await run(folder, ['diff', ...args])).code));
    expect(codes).toEqual([0, 1, 0]);
    expect(fine(await run(folder, ['diff', 'enabol-mid', 'enabol-mid']))).toContain('no difference');
  }));
});

describe('profile explain', () => {
  it('draws, as text and as a graph', () => inFolder({}, async (folder) => {
    const text = fine(await run(folder, ['explain', 'cortex-m4-q15']));
    for (const part of ['┌─ accumulator ─', '33 guard bits', '≫ 15 · TRN · SAT', 'raises Q', 'one pass of the 16 × 16', 'what the profile leaves out']) expect(text).toContain(part);
    expect(text.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
    expect(text).not.toContain('\u001b');
    const json = fine(await run(folder, ['explain', 'cortex-m4-q15', '--json', '--inputs', '64']));
    expect(await findProblems(DataPath, JSON.parse(json))).toEqual([]);
    expect(JSON.parse(json)).toMatchObject({ profile: 'cortex-m4-q15', dimensions: { layers: 1, inputs: 64, batch: 1 } });
  }));

  it('keeps to ASCII where it is asked, or the locale has no more', () => inFolder({}, async (folder) => {
    const [asked, located, other] = (await Promise.all([
      run(folder, ['explain', 'loihi-8bit', '--ascii']), run(folder, ['explain', 'loihi-8bit'], { env: { LC_ALL: 'C' } }), run(folder, ['explain', 'loihi-8bit'], { env: { LC_ALL: '', LC_CTYPE: '', LANG: '' } }),
    ])).map(fine) as [string, string, string];
    expect(asked).toMatch(/^[\x20-\x7e\n]+$/);
    expect(located).toBe(asked);
    expect(other).toContain('┌─ input');
  }));

  it('reads standard input and writes a file', () => inFolder({}, async (folder) => {
    const stdin = fine(await run(folder, ['show', 'enabol-tight', '--json']));
    expect(await run(folder, ['explain', '-', '-o', 'picture.txt'], { stdin })).toEqual({ code: 0, stdout: '', stderr: 'wrote picture.txt\n' });
    expect(folder.read('picture.txt')).toBe(fine(await run(folder, ['explain', 'enabol-tight'])));
  }));
});

it('profile show names divider, order and hardware', () => inFolder({}, async (folder) => {
  const text = fine(await run(folder, ['show', 'dsp48e1']));
  for (const part of ['order: ascending', 'divider: times a reciprocal from a table of 64 entries', 'hardware multiplier: 25 × 18 bits, 43 of the product kept', 'hardware flag OVERFLOW: high for one cycle, raised by accumulator, gradientAccumulator']) expect(text).toContain(part);
}));
