import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { validateExperiment } from '../../src/experiment/load.js';
import { QrailsError, type ErrorCode } from '../../src/errors.js';
import type { NpyData } from '../../src/schema/experiment.js';
import { loadDataset, type Dataset } from '../../src/signal/dataset.js';

const directory = mkdtempSync(join(tmpdir(), 'qrails-npy-'));
afterAll(() => rmSync(directory, { recursive: true }));

const read = (data: Partial<NpyData>): Promise<Dataset> =>
  loadDataset({ kind: 'npy', file: 'file.npy', inputs: [0], targets: [1], ...data }, { seed: 1, baseDirectory: directory });

async function load(bytes: Uint8Array, data: Partial<NpyData> = {}): Promise<Dataset> {
  writeFileSync(join(directory, 'file.npy'), bytes);
  return read(data);
}

const rowsOf = ({ rows, inputs, targets, values }: Dataset) =>
  Array.from({ length: rows }, (_, row) => [...values.subarray(row * (inputs + targets), (row + 1) * (inputs + targets))]);

/** The file, byte by byte as the format's definition says. */
function npy(header: string, data: Uint8Array, version = 1): Buffer {
  const lengthBytes = version === 1 ? 2 : 4;
  const total = Math.ceil((6 + 2 + lengthBytes + header.length + 1) / 64) * 64;
  const text = `${header.padEnd(total - 8 - lengthBytes - 1)}\n`;
  const head = Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]), Buffer.alloc(lengthBytes)]);
  head.writeUIntLE(text.length, 8, lengthBytes);
  return Buffer.concat([head, Buffer.from(text, 'latin1'), data]);
}

const headerOf = (descr: string, shape: string, fortran = false) => `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
const doubles = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => bytes.writeDoubleLE(value, 8 * i));
  return bytes;
};
const TABLE = npy(headerOf('<f8', '(3, 2)'), doubles(1.5, 10, -2, 20, 3e-300, 30));

describe('values', () => {
  test('columns as chosen, rows in file order, names by position', async () => {
    expect(rowsOf(await load(TABLE))).toEqual([[1.5, 10], [-2, 20], [3e-300, 30]]);
    const data = await load(TABLE, { inputs: [1, 0], targets: [1], lags: 2, ahead: 1, limit: 3 });
    expect(rowsOf(data)).toEqual([[20, 10, -2, 1.5, 30]]);
    expect(data.names).toEqual(['c1', 'c1[-1]', 'c0', 'c0[-1]', 'c1[+1]']);
  });

  test('versions 1, 2 and 3, and Fortran order', async () => {
    for (const version of [1, 2, 3]) expect(rowsOf(await load(npy(headerOf('<f8', '(1, 2)'), doubles(4, 5), version)))).toEqual([[4, 5]]);
    const fortran = npy(headerOf('<f8', '(3, 2)', true), doubles(1, 2, 3, 10, 20, 30));
    expect(rowsOf(await load(fortran, { limit: 2 }))).toEqual([[1, 10], [2, 20]]);
  });

  test('keys in any order, and one column', async () => {
    expect(rowsOf(await load(npy("{'shape': (2,), 'fortran_order': False, 'descr': '<f8'}", doubles(7, 8)), { targets: [0] }))).toEqual([[7, 7], [8, 8]]);
  });

  test.each<[string, number[], number[]]>([
    ['<f4', [0xcd, 0xcc, 0xcc, 0x3d, 0, 0, 0x80, 0xc0], [0.10000000149011612, -4]],
    ['|i1', [0x80, 0x7f], [-128, 127]],
    ['<i1', [0x80, 0x7f], [-128, 127]],
    ['|u1', [0x80, 0xff], [128, 255]],
    ['<i2', [0x01, 0x80, 0xff, 0x7f], [-32767, 32767]],
    ['<u2', [0x01, 0x80, 0xff, 0xff], [32769, 65535]],
    ['<i4', [0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff], [-(2 ** 31), -1]],
    ['<u4', [0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff], [2 ** 31, 2 ** 32 - 1]],
    ['<i8', [0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0x20, 0], [-(2 ** 63), 2 ** 53]],
    ['<u8', [0, 0, 0, 0, 0, 0, 0, 0x80, 3, 0, 0, 0, 0, 0, 0x20, 0], [2 ** 63, 2 ** 53 + 4]],
  ])('%s, to the nearest double', async (descr, bytes, wanted) => {
    expect(rowsOf(await load(npy(headerOf(descr, '(1, 2)'), Buffer.from(bytes))))).toEqual([wanted]);
  });

  test('NaN is an empty cell', async () => {
    const holes = npy(headerOf('<f8', '(4, 2)'), doubles(1, 10, NaN, 20, 3, NaN, 4, 40));
    expect(rowsOf(await load(holes, { missing: 'skip' }))).toEqual([[1, 10], [4, 40]]);
    expect(rowsOf(await load(holes, { missing: 'hold' }))).toEqual([[1, 10], [1, 20], [3, 20], [4, 40]]);
    const fortran = npy(headerOf('<f8', '(2, 2)', true), doubles(1, NaN, 10, 20));
    expect(rowsOf(await load(fortran, { missing: 'hold' }))).toEqual([[1, 10], [1, 20]]);
  });

  test('scaled as a CSV recording is', async () => {
    const csv = await (async () => {
      writeFileSync(join(directory, 'same.csv'), 'a,y\n1.5,10\n-2,20\n3e-300,30\n');
      return loadDataset({ kind: 'csv', file: 'same.csv', inputs: ['a'], targets: [{ column: 'y', scale: 0.1 }], scaling: { method: 'standard', rows: 3 } }, { seed: 1, baseDirectory: directory });
    })();
    const array = await load(TABLE, { targets: [{ column: 1, scale: 0.1 }], scaling: { method: 'standard', rows: 3 } });
    expect(array.sha256).toBe(csv.sha256);
  });

  test('blocks: many rows, wide rows', async () => {
    const long = npy(headerOf('<u2', '(700000, 2)'), Buffer.from(Uint16Array.from({ length: 1_400_000 }, (_, i) => (i * 7919) & 0xffff).buffer));
    const { values } = await load(long);
    let wrong = 0;
    for (let i = 0; i < values.length; i++) if (values[i] !== ((i * 7919) & 0xffff)) wrong++;
    expect(wrong).toBe(0);
    const wide = npy(headerOf('<u4', '(9, 60000)'), Buffer.from(Uint32Array.from({ length: 540_000 }, (_, i) => i).buffer));
    expect(rowsOf(await load(wide, { inputs: [59999], targets: [0] }))).toEqual(Array.from({ length: 9 }, (_, row) => [row * 60000 + 59999, row * 60000]));
  });
});

describe('refuses, naming the place', () => {
  const bad = (header: string, data: Uint8Array = doubles(1, 2)) => npy(header, data);
  test.each<[string, Uint8Array, Partial<NpyData>, ErrorCode, RegExp]>([
    ['an empty file', Buffer.alloc(0), {}, 'unreadable', /file\.npy: this is not a NumPy array file/],
    ['a CSV file', Buffer.from('a,b\n1,2\n3,4\n5,6\n'), {}, 'unreadable', /not a NumPy array/],
    ['a cut magic', TABLE.subarray(0, 9), {}, 'unreadable', /not a NumPy array/],
    ['another version', Buffer.concat([TABLE.subarray(0, 6), Buffer.from([4, 0]), TABLE.subarray(8)]), {}, 'unreadable', /version[^]*4\.0/],
    ['a header longer than the file', Buffer.concat([TABLE.subarray(0, 8), Buffer.from([0xff, 0xff]), TABLE.subarray(10)]), {}, 'unreadable', /header of this array is too long[^]*65535/],
    ['a header of gigabytes', Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(200, 0x20)]), {}, 'unreadable', /too long[^]*4294967295/],
    ['code in the header', bad("{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1, 2), }"), {}, 'unreadable', /not that of plain numbers/],
    ['text after the header', bad(`${headerOf('<f8', '(1, 2)')} or 1`), {}, 'unreadable', /not that of plain numbers/],
    ['a list', bad("['descr', '<f8']"), {}, 'unreadable', /not that of plain numbers/],
    ['a structured array', bad("{'descr': [('a', '<f8'), ('b', '<f8')], 'fortran_order': False, 'shape': (1,), }"), {}, 'unreadable', /not that of plain numbers/],
    ['a key twice', bad("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }"), {}, 'unreadable', /descr twice/],
    ['a missing key', bad("{'descr': '<f8', 'shape': (1, 2), }"), {}, 'unreadable', /not that of plain numbers/],
    ['a key that is not known', bad("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), 'more': True, }"), {}, 'unreadable', /not that of plain numbers/],
    ['a shape that is a number', bad("{'descr': '<f8', 'fortran_order': False, 'shape': 2, }"), {}, 'unreadable', /not that of plain numbers/],
    ['an order that is not one', bad("{'descr': '<f8', 'fortran_order': '1', 'shape': (1, 2), }"), {}, 'unreadable', /not that of plain numbers/],
    ['a header of escape sequences', bad("{'descr': '\u001b[2J', 'fortran_order': False, 'shape': (1, 2), }"), {}, 'unreadable', /^(?![^]*\u001b)[^]*type/],
    ...(['|O', '>f8', '<f2', '<c16', '<U4', '<m8[ns]', '|b1', 'toString', ''].map((descr) => [`elements ${descr}`, bad(headerOf(descr, '(1, 2)')), {}, 'unreadable', /elements of this type[^]*astype/] as [string, Uint8Array, object, ErrorCode, RegExp])),
    ...(['()', '(0, 2)', '(1, 0)', '(1, 2, 1)', '(1 2)', '(,)', '(1,,2)', '(1, 65537)', '(9999999999999999, 2)'].map((shape) => [`shape ${shape}`, bad(headerOf('<f8', shape)), {}, 'unreadable', /not a table[^]*shape/] as [string, Uint8Array, object, ErrorCode, RegExp])),
    ['a file cut off', TABLE.subarray(0, -1), {}, 'unreadable', /size its header says[^]*175 bytes[^]*176/],
    ['bytes behind the array', Buffer.concat([TABLE, Buffer.from([0])]), {}, 'unreadable', /size its header says/],
    ['a shape beyond memory', bad(headerOf('<f8', '(999999999999999, 2)')), {}, 'unreadable', /size its header says/],
    ['a column that is not there', TABLE, { inputs: [2] }, 'not-found', /no column 2[^]*0 to 1/],
    ['a second column of one', npy(headerOf('<f8', '(2,)'), doubles(1, 2)), {}, 'not-found', /no column 1[^]*one column/],
    ['NaN', npy(headerOf('<f8', '(2, 2)'), doubles(1, 2, 3, NaN)), {}, 'data', /file\.npy\[1, 1\]: this cell is empty[^]*skip/],
    ['NaN with nothing to hold', npy(headerOf('<f8', '(2, 2)'), doubles(NaN, 2, 3, 4)), { missing: 'hold' }, 'data', /file\.npy\[0, 0\].*no value above/],
    ['Infinity, whatever is said of empty cells', npy(headerOf('<f8', '(2, 2)'), doubles(1, 2, 3, -Infinity)), { missing: 'skip' }, 'data', /file\.npy\[1, 1\].*finite[^]*-Infinity/],
    ['a constant column', npy(headerOf('<f8', '(2, 2)'), doubles(1, 2, 1, 4)), { scaling: { method: 'range', rows: 2 } }, 'data', /column "c0".*not vary/],
    ['more lags than rows', TABLE, { lags: 4 }, 'data', /shorter than one sample/],
  ])('%s', async (_, bytes, data, code, message) => {
    const error: unknown = await load(bytes, data).then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(QrailsError);
    expect((error as QrailsError).code).toBe(code);
    expect((error as QrailsError).message).toMatch(message);
  });

  test('a file that is not there, a directory, a device', async () => {
    await expect(read({ file: 'nowhere.npy' })).rejects.toThrow(/nowhere\.npy: no such file/);
    mkdirSync(join(directory, 'folder.npy'));
    await expect(read({ file: 'folder.npy' })).rejects.toThrow(/this is a directory/);
    await expect(read({ file: '/dev/zero' })).rejects.toThrow(/not a regular file/);
  });

  test('any damage: a dataset or a message, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(TABLE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(TABLE.length), async (changes, length) => {
        const damaged = Buffer.from(TABLE.subarray(0, length));
        for (const [place, byte] of changes) if (place < length) damaged[place] = byte;
        const result = await load(damaged).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(QrailsError);
        else expect((result as Dataset).values.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

test('the schema takes positions, not headings', async () => {
  const experiment = (inputs: unknown[]) => ({
    name: 'mine', model: { layers: [{ outputs: 1 }] }, data: { kind: 'npy', file: 'a.npy', inputs, targets: [1] },
    phases: [{ steps: 1, batch: 1, learningRate: 0.1 }],
  });
  await validateExperiment(experiment([0, { column: 2, scale: 3 }]));
  for (const wrong of ['a', -1, 0.5, { column: 'a' }]) await expect(validateExperiment(experiment([wrong]))).rejects.toThrow(/data\.inputs\[0\]/);
});

const python = spawnSync('python3', ['-c', 'import numpy; print(numpy.__version__)'], { encoding: 'utf8' });
test.skipIf(python.status !== 0)('as NumPy writes them', async () => {
  const script = `
import json, numpy, sys
rng = numpy.random.default_rng(7)
wanted = {}
for kind in 'f4 f8 i1 i2 i4 i8 u1 u2 u4 u8'.split():
    for order in 'CF':
        for version in ((1, 0), (2, 0), (3, 0)):
            raw = rng.integers(0, 2**16, (5, 3)) if kind[0] != 'f' else rng.normal(size=(5, 3))
            table = numpy.array(raw.astype('<' + kind), order=order)
            name = f'{kind}-{order}-{version[0]}.npy'
            with open(sys.argv[1] + '/' + name, 'wb') as file:
                numpy.lib.format.write_array(file, table, version=version)
            wanted[name] = [[float(x) for x in row] for row in table[:, [2, 0]]]
print(json.dumps(wanted))`;
  const { stdout, status } = spawnSync('python3', ['-W', 'ignore', '-c', script, directory], { encoding: 'utf8' });
  expect(status).toBe(0);
  const wanted = JSON.parse(stdout) as Record<string, number[][]>;
  expect(Object.keys(wanted)).toHaveLength(60);
  for (const [file, rows] of Object.entries(wanted)) expect(rowsOf(await read({ file, inputs: [2], targets: [0] })), file).toEqual(rows);
});
