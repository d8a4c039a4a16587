/** `qrails export c`: what it writes is valid C, whole, checks itself, and is as its manifest says. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ExportManifest } from '../../src/schema/listing.js';
import { needCompiler } from '../export/gcc.js';
import { experiment, inFolder, type Folder } from './qrails.js';
import { schemaErrors } from './schemas.js';

const STRICT = '-std=c99 -Wall -Wextra -Wconversion -Wpedantic -Werror';

/** The contract: this builds and runs with nothing else, and ends with the checksum of the core. */
async function selftest(folder: Folder, directory: string): Promise<string> {
  const { code, stdout, stderr } = await folder.shell(`cc ${STRICT} ${directory}/*.c -o selftest && ./selftest`);
  expect([code, stderr]).toEqual([0, '']);
  const { stateCrc32 } = JSON.parse(folder.read(join(directory, 'manifest.json'))) as ExportManifest;
  expect(stdout.split('\n').slice(-2)).toEqual([`crc32 ${stateCrc32}`, '']);
  return stdout;
}

/** The manifest names every file but itself, as it is. */
function checkManifest(folder: Folder, directory: string): ExportManifest {
  const text = folder.read(join(directory, 'manifest.json'));
  expect(schemaErrors('export', text)).toEqual([]);
  const manifest = JSON.parse(text) as ExportManifest;
  expect(folder.list().filter((name) => name.startsWith(join(directory, '/')))).toEqual(['manifest.json', ...manifest.files.map(({ name }) => name)].map((name) => join(directory, name)).sort());
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = readFileSync(join(folder.path, directory, name));
    expect([name, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([name, bytes, sha256]);
  }
  return manifest;
}

it('writes a folder that compiles, checks itself and is described by its manifest', (context) => {
  needCompiler(context, 'gcc');
  return inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['export', 'c', 'stream', '--profile', 'cortex-m4-q15', '--throttle', 'table', '--trained', '--prefix', 'weather', '-o', 'tables', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(folder.read('tables/manifest.json')).toBe(stdout);
    const { files, ...about } = checkManifest(folder, 'tables');
    expect(about).toMatchObject({ export: 2, name: 'weather', experiment: 'stream', profile: 'cortex-m4-q15', sensor: 'thermometer-drift', throttle: 'table', kernel: false, begins: 'initial', steps: { covered: 0 } });
    expect(files.map(({ name }) => name)).toEqual(['weather.h', 'weather.c', 'weather_selftest.c', 'plan.json']);
    expect(await selftest(folder, 'tables')).toContain('weather: tables match their checksums\n');
  });
});

it('writes golden values, says what they cover, and writes the same bytes again', (context) => {
  needCompiler(context, 'gcc');
  return inFolder({}, async (folder) => {
    const first = await folder.qrails(['export', 'c', '--golden', '-o', 'a']);
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toMatch(/^wrote 15 files to a, listed in its manifest\.json \(plan [0-9a-f]{8}, throttle gt0\/secant, anchor none\)\n$/);
    expect(checkManifest(folder, 'a').steps).toEqual({ covered: 120, all: 120 });
    expect(await selftest(folder, 'a')).toContain('qrails_plan: golden values of all 120 steps are whole\n');

    expect((await folder.qrails(['export', 'c', '--golden', '-o', 'b', '-q'])).stderr).toBe('');
    for (const name of folder.list().filter((entry) => entry.startsWith('a/'))) expect([name, folder.read(name.replace(/^a/, 'b'))]).toEqual([name, folder.read(name)]);

    const short = await folder.qrails(['export', 'c', '--golden-steps', '21', '-o', 'c']);
    expect(short.stderr).toMatch(/\ngolden values cover the first 21 of 120 steps\n$/);
    expect(checkManifest(folder, 'c').steps).toEqual({ covered: 21, all: 120 });
    expect(folder.read('c/qrails_plan_golden_steps.csv').split('\n').slice(0, 22)).toEqual(folder.read('a/qrails_plan_golden_steps.csv').split('\n').slice(0, 22));
    await selftest(folder, 'c');
  });
});

it('writes a kernel that repeats the run, and one that goes on with trained weights', (context) => {
  needCompiler(context, 'gcc');
  return inFolder({}, async (folder) => {
    expect((await folder.qrails(['export', 'c', '--kernel', '--golden', '--name', 'demo', '-o', 'learner'])).code).toBe(0);
    expect(checkManifest(folder, 'learner')).toMatchObject({ kernel: true, begins: 'initial', steps: { covered: 120, all: 120 } });
    expect(await selftest(folder, 'learner')).toBe(`demo: kernel matches all 120 steps, saved and resumed half way, evaluation\ncrc32 ${checkManifest(folder, 'learner').stateCrc32}\n`);
    const values = folder.read('learner/demo_golden.c');
    const [, place] = /golden_layer0_weight\[[^]*?step 21 \*\/ (-?\d+),/.exec(values)!;
    folder.write({ 'learner/demo_golden.c': values.replace(/(golden_layer0_weight\[[^]*?step 21 \*\/ )(-?\d+),/, '$1($2 ^ 1),') });
    const { code, stdout } = await folder.shell('cc -std=c99 learner/*.c -o selftest && ./selftest');
    expect([code, stdout]).toEqual([1, `step 21, layer0.weight[0][0]: ${place} expected ${Number(place) ^ 1}\n`]);

    expect((await folder.qrails(['export', 'c', '--kernel', '--trained', '-o', 'trained'])).code).toBe(0);
    expect(checkManifest(folder, 'trained')).toMatchObject({ kernel: true, begins: 'trained', steps: { covered: 0, all: 120 } });
    expect(await selftest(folder, 'trained')).toContain('qrails_plan: kernel begins with the tables, saves and restores\n');
  });
});

it('hands every variant of the tables on', (context) => {
  needCompiler(context, 'gcc');
  return inFolder({ 'mine.json': experiment() }, async (folder) => {
    expect((await folder.qrails(['export', 'c', 'mine.json', '--single-header', '-o', 'single'])).code).toBe(0);
    expect(checkManifest(folder, 'single').files.map(({ name }) => name)).not.toContain('qrails_plan.c');
    await selftest(folder, 'single');
    expect((await folder.qrails(['export', 'c', 'mine.json', '--progmem', '--cmsis-order', '--attribute', '__attribute__((aligned(8)))', '--golden', '-o', 'avr'])).code).toBe(0);
    const header = folder.read('avr/qrails_plan.h');
    for (const text of ['_weight_cmsis[', 'pgm_read_word', '__attribute__((aligned(8)))']) expect(header).toContain(text);
    expect(folder.read('avr/qrails_plan_golden.h')).toContain('QRAILS_PLAN_GOLDEN_PROGMEM');
    await selftest(folder, 'avr');
  });
});

it('replaces a folder when forced only, and trains only when asked', () => inFolder({}, async (folder) => {
  expect((await folder.qrails(['export', 'c', '-o', 'tables'])).code).toBe(0);
  const files = folder.list();
  const initial = folder.read('tables/qrails_plan.c');
  const again = await folder.qrails(['export', 'c', '-o', 'tables', '--trained']);
  expect(again).toMatchObject({ code: 2, stdout: '' });
  expect(again.stderr).toMatch(/^tables: exists already\n[^]*--force/);
  expect([folder.list(), folder.read('tables/qrails_plan.c')]).toEqual([files, initial]);
  expect(await folder.qrails(['export', 'c', '-o', 'tables', '--force', '-q'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(folder.read('tables/qrails_plan.c')).toBe(initial);
  expect((await folder.qrails(['export', 'c', '-o', 'tables', '--force', '--trained'])).code).toBe(0);
  expect(folder.read('tables/qrails_plan.c')).not.toBe(initial);
  expect(folder.list()).toEqual(files);
}));

it.each([
  [['--trained', '--golden'], /^--trained: golden values are of a run from its beginning/],
  [['--trained', '--golden-steps', '3'], /^--trained: golden values are of a run from its beginning/],
  [['--golden-steps', '0'], /Expected an integer from 1 to/],
  [['--golden-steps', '3x'], /Expected an integer from 1 to/],
  [['--name', 'a', '--prefix', 'b'], /^--prefix: is the same as --name/],
  [['--name', 'stdint'], /^name: stdint\.h is a name with a meaning of its own/],
  [['--attribute', '; int evil'], /^attribute: /],
  [['--golden', '--set', 'experiment.data.rows=800000', '--set', 'experiment.evaluation.rows=800000'], /^export c --golden: golden values of 1 step are too many/],
  [['--throttle', 'none,table'], /^--throttle: an export is of one plan/],
])('refuses %j and leaves nothing behind', (args, message) => inFolder({}, async (folder) => {
  const { code, stdout, stderr } = await folder.qrails(['export', 'c', '-o', 'out', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(folder.list()).toEqual([]);
}));
