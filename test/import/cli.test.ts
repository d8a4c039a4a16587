/** `qrails import` as a program: the page about it says what happens, and nothing ends with a stack. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findProblems } from '../../src/schema/validate.js';
import { WeightImport } from '../../src/schema/import.js';
import { BIN, inFolder, ROOT } from '../cli/qrails.js';

/** Commands of a page with what it shows of each, as far as the `…`. */
function* commandsOf(page: string): Generator<{ readonly command: string; readonly output: string; readonly whole: boolean }> {
  for (const [, block] of readFileSync(`${ROOT}docs/${page}`, 'utf8').matchAll(/```console\n([^]*?)```/g)) {
    for (const part of block!.split(/^\$ /m).slice(1)) {
      const end = part.indexOf('\n') + 1;
      const [output, rest] = part.slice(end).split(/^…\n/m);
      yield { command: part.slice(0, end - 1), output: output!, whole: rest === undefined };
    }
  }
}

it('does what docs/import.md shows', () => inFolder({}, async (folder) => {
  let done = 0;
  for (const { command, output, whole } of commandsOf('import.md')) {
    const [program, ...args] = command.split(' ');
    if (program === 'cat') {
      folder.write({ [args[0]!]: output });
      continue;
    }
    expect(program).toBe('qrails');
    const { code, stdout, stderr } = await folder.qrails(args);
    const shown = `${stdout}${stderr}`;
    expect(whole ? shown : shown.slice(0, output.length)).toBe(output);
    expect(code).toBe(command.includes('bad.c') ? 2 : 0);
    done++;
  }
  expect(done).toBeGreaterThan(8);
  expect(folder.list()).not.toContain('bad.json');
}), 60_000);

it('prints a document of its schema, and writes to standard output', () => inFolder({ 'a.h': 'q15_t a[2] = {16384, -1};' }, async (folder) => {
  const listed = await folder.qrails(['import', 'a.h', '--json']);
  expect([listed.code, listed.stderr]).toEqual([0, '']);
  expect(await findProblems(WeightImport, JSON.parse(listed.stdout))).toEqual([]);
  const done = await folder.qrails(['import', 'a.h', '-o', 'a.json', '--json', '-q']);
  expect([done.code, done.stderr]).toEqual([0, '']);
  expect(await findProblems(WeightImport, JSON.parse(done.stdout))).toEqual([]);
  const printed = await folder.qrails(['import', '-', '--as', 'c', '-o', '-', '-q'], { stdin: folder.read('a.h') });
  expect([printed.code, printed.stderr]).toEqual([0, '']);
  expect(JSON.parse(printed.stdout)).toMatchObject({ name: 'imported', model: { initial: { layers: [{ weights: [[0.5, -(2 ** -15)]] }] } } });
}));

it.each<[string, readonly string[], RegExp]>([
  ['a file that is not there', ['none.h'], /^none\.h: no such file/],
  ['bytes that are no text', ['bytes.c'], /bytes\.c: is not UTF-8 text/],
  ['a file that ends early', ['cut.c', '-o', 'x.json'], /cut\.c, line 1: unexpected text\n {2}found {5}the end of the text/],
  ['macros that grow without end', ['bomb.c'], /macros grow too long/],
  ['prototype names', ['proto.json'], /__proto__/],
  ['NaN', ['nan.csv', '-o', 'x.json'], /nan\.csv, line 1: column 2 is no number/],
  ['an array of objects', ['objects.npy'], /elements of this type are not read/],
  ['two results in one file', ['a.h', '-o', 'x.json', '--profile-out', 'x.json'], /are the same file/],
  ['two results on one stream', ['a.h', '-o', '-', '--json'], /two results on standard output/],
  ['no kind', ['a.xyz'], /what kind of file this is cannot be told/],
])('ends with code 2 and without a stack: %s', (_, args, message) => inFolder({
  'a.h': 'q15_t a[2] = {16384, -1};', 'bytes.c': Buffer.from([0xff, 0xfe, 0, 1]), 'cut.c': 'int8_t a[] = {1, 2', 'proto.json': '{"tables": {"__proto__": {"file": "a"}}, "constants": {}}', 'nan.csv': '1,NaN\n',
  'bomb.c': `#define M0 1,\n${Array.from({ length: 60 }, (__, k) => `#define M${k + 1} M${k} M${k}\n`).join('')}int8_t a[] = {M60};M60;`,
}, async (folder) => {
  folder.write({ 'objects.npy': Buffer.from(`\x93NUMPY\x01\x00v\x00${"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".padEnd(117)}\n`, 'latin1') });
  const { code, stdout, stderr } = await folder.qrails(['import', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(folder.list()).not.toContain('x.json');
  expect(stderr).not.toContain(BIN);
}));
