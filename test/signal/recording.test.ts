import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { QrailsError, type ErrorCode } from '../../src/errors.js';
import type { CsvData } from '../../src/schema/experiment.js';
import { loadDataset, type Dataset } from '../../src/signal/dataset.js';

const directory = mkdtempSync(join(tmpdir(), 'qrails-signal-'));
afterAll(() => rmSync(directory, { recursive: true }));

const read = (data: Partial<CsvData>): Promise<Dataset> =>
  loadDataset({ kind: 'csv', file: 'file.csv', inputs: ['a'], targets: ['y'], ...data }, { seed: 1, baseDirectory: directory });

async function load(text: string | Uint8Array, data: Partial<CsvData> = {}): Promise<Dataset> {
  writeFileSync(join(directory, 'file.csv'), text);
  return read(data);
}

const rowsOf = ({ rows, inputs, targets, values }: Dataset) =>
  Array.from({ length: rows }, (_, row) => [...values.subarray(row * (inputs + targets), (row + 1) * (inputs + targets))]);

const ABY = 'a,b,y\n1,10,100\n2,20,200\n3,30,300\n4,40,400\n5,50,500\n';

describe('values', () => {
  test('columns as chosen, rows in file order', async () => {
    const data = await load(ABY, { inputs: ['b', 'a'], targets: ['y', 'b'] });
    expect(rowsOf(data).slice(0, 2)).toEqual([[10, 1, 100, 10], [20, 2, 200, 20]]);
    expect(data).toMatchObject({ rows: 5, inputs: 2, targets: 2, names: ['b', 'a', 'y', 'b'] });
  });

  test('the hash is over little-endian doubles', async () => {
    const { sha256 } = await load('a,y\n1.5,-2\n');
    const bytes = Buffer.alloc(16);
    bytes.writeDoubleLE(1.5, 0);
    bytes.writeDoubleLE(-2, 8);
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test.each<[string, string, Partial<CsvData>]>([
    ['BOM and CRLF', '\uFEFFa,y\r\n1,2\r\n3,4\r\n', {}],
    ['BOM before a quote', '\uFEFF"a","y"\n1,2\n3,4\n', {}],
    ['CR alone', 'a,y\r1,2\r3,4', {}],
    ['quotes, with delimiter, newline and quote inside', '"a","n,""o\nte",y\n"1","x,\n""z",2\n3,,"4"\n', {}],
    ['spaces and blank lines', 'a , y\n\n 1 ,\t2\n\n3,4\n\n', {}],
    ['semicolons', 'a;y\n1;2\n3;4', { delimiter: ';' }],
    ['tabs', 'a\ty\n1\t2\n3\t4', { delimiter: '\t' }],
    ['text in other columns', 'when,a,y\nmonday,1,2\nnever,3,4\n', {}],
    ['duplicate headings nobody asked for', 'a,z,z,y\n1,x,x,2\n3,,,4\n', {}],
    ['mixed line ends', 'a,y\n1,2\r\n3,4\r\n', {}],
  ])('%s', async (_, text, data) => {
    expect(rowsOf(await load(text, data))).toEqual([[1, 2], [3, 4]]);
  });

  test('numbers in every decimal spelling', async () => {
    const data = await load('a,y\n+1.,.5\n-0.25e2,1E-3\n0.1,123456789012345678901234567890\n');
    expect(rowsOf(data)).toEqual([[1, 0.5], [-25, 0.001], [0.1, 123456789012345678901234567890]]);
  });

  test('lags newest first, input by input; ahead', async () => {
    const data = await load(ABY, { inputs: ['a', 'b'], lags: 3, ahead: 1 });
    expect(rowsOf(data)).toEqual([[3, 2, 1, 30, 20, 10, 400], [4, 3, 2, 40, 30, 20, 500]]);
    expect(data.names).toEqual(['a', 'a[-1]', 'a[-2]', 'b', 'b[-1]', 'b[-2]', 'y[+1]']);
  });

  test('lags and ahead may use up all rows but one sample', async () => {
    expect(rowsOf(await load(ABY, { lags: 3, ahead: 2 }))).toEqual([[3, 2, 1, 500]]);
  });

  test('limit: no further, whatever is there', async () => {
    const text = `${ABY}oops\n6,"60,600\n`;
    expect((await load(text, { limit: 2 })).rows).toBe(2);
    expect((await load(text, { limit: 5 })).rows).toBe(5);
    await expect(load(text, { limit: 6 })).rejects.toThrow(/line 7/);
  });

  test('limit stops reading a long file', async () => {
    const text = `a,y\n${'1,2\n'.repeat(400_000)}`;
    const start = performance.now();
    expect((await load(text, { limit: 10 })).rows).toBe(10);
    expect(performance.now() - start).toBeLessThan(300);
  });
});

describe('missing', () => {
  const HOLES = 'a,b,y\n1,10,100\n2,,200\n3,30,300\n4,40,\n5,50,500\n6,60,600\n';

  test('skip drops each sample that touches an empty cell', async () => {
    expect(rowsOf(await load(HOLES, { inputs: ['b'], missing: 'skip' }))).toEqual([[10, 100], [30, 300], [50, 500], [60, 600]]);
    expect(rowsOf(await load(HOLES, { inputs: ['a'], missing: 'skip' }))).toEqual([[1, 100], [2, 200], [3, 300], [5, 500], [6, 600]]);
    expect(rowsOf(await load(HOLES, { inputs: ['b'], lags: 2, missing: 'skip' }))).toEqual([[50, 40, 500], [60, 50, 600]]);
    expect(rowsOf(await load(HOLES, { inputs: ['b'], lags: 2, ahead: 1, missing: 'skip' }))).toEqual([[40, 30, 500], [50, 40, 600]]);
  });

  test('hold keeps the value above', async () => {
    expect(rowsOf(await load(HOLES, { inputs: ['b'], missing: 'hold' }))).toEqual([[10, 100], [10, 200], [30, 300], [40, 300], [50, 500], [60, 600]]);
    expect(rowsOf(await load('a,y\n7,1\n,2\n,3\n', { missing: 'hold' }))).toEqual([[7, 1], [7, 2], [7, 3]]);
  });

  test('measured scaling leaves empty cells out', async () => {
    const data = await load('a,y\n1,0\n,0\n3,0\n', { missing: 'skip', scaling: { method: 'range', rows: 3 }, targets: [{ column: 'y', offset: 0 }] });
    expect(rowsOf(data)).toEqual([[-1, 0], [1, 0]]);
  });
});

describe('scaling', () => {
  test('declared: (cell − offset) × scale; the one not stated is 0 or 1', async () => {
    const inputs = [{ column: 'a', offset: 0.1, scale: 0.7 }, { column: 'a', scale: 3 }, { column: 'a', offset: 3 }, 'a'];
    const data = await load(ABY, { inputs, scaling: { method: 'declared' } });
    expect(rowsOf(data)[2]).toEqual([(3 - 0.1) * 0.7, 9, 0, 3, 300]);
  });

  test('standard and range are measured on the prefix alone', async () => {
    const standard = rowsOf(await load(ABY, { scaling: { method: 'standard', rows: 3 }, targets: [{ column: 'y', scale: 1 }] }));
    const deviation = Math.sqrt(2 / 3);
    expect(standard.map(([a]) => a)).toEqual([1, 2, 3, 4, 5].map((a) => (a - 2) * (1 / deviation)));
    const range = rowsOf(await load(ABY, { scaling: { method: 'range', rows: 3 } }));
    expect(range).toEqual([[-1, -1], [0, 0], [1, 1], [2, 2], [3, 3]]);
    const own = rowsOf(await load(ABY, { inputs: ['a', { column: 'a', offset: 0 }], scaling: { method: 'range', rows: 5 } }));
    expect(own[4]).toEqual([1, 5, 1]);
  });
});

describe('refuses, naming the place', () => {
  const cases: [string, string | Uint8Array, Partial<CsvData>, ErrorCode, RegExp][] = [
    ['an empty file', '', {}, 'data', /file\.csv: the file is empty/],
    ['a file of blank lines', '\n\r\n \n', {}, 'data', /empty/],
    ['a header only', 'a,y\n', {}, 'data', /no rows/],
    ['an unknown column', 'time,temp_max,y\n0,1,2\n', { inputs: ['temp_mx'] }, 'not-found', /line 1.*"temp_mx"\n.*"time", "temp_max", "y"\n.*did you mean "temp_max"/],
    ['a column in other case', 'A,y\n1,2\n', {}, 'not-found', /did you mean "A"/],
    ['an unknown column with nothing near', 'alpha,y\n1,2\n', { inputs: ['pressure'] }, 'not-found', /"alpha", "y"$/],
    ['no headings', '1,2\n3,4\n', {}, 'not-found', /headings/],
    ['another delimiter', 'a;y\n1;2\n', {}, 'not-found', /delimiter/],
    ['a duplicate heading', 'a,y,a\n1,2,3\n', {}, 'data', /line 1: the heading "a" occurs more than once/],
    ['a cell of text', 'a,y\n1,2\nwarm,4\n', {}, 'data', /file\.csv, line 3, column "a".*\n.*"warm"/],
    ['NaN', 'a,y\n1,2\n3,NaN\n', {}, 'data', /line 3, column "y"/],
    ['NaN where cells may be missing', 'a,y\n1,2\n3,NaN\n', { missing: 'skip' }, 'data', /line 3, column "y"/],
    ['Infinity', 'a,y\nInfinity,2\n', {}, 'data', /line 2, column "a"/],
    ['a number beyond doubles', 'a,y\n1e999,2\n', {}, 'data', /line 2, column "a"/],
    ['hexadecimal', 'a,y\n0x10,2\n', {}, 'data', /line 2, column "a"/],
    ['a decimal comma', 'a;y\n1;2\n3,5;2\n', { delimiter: ';' }, 'data', /line 3, column "a".*[^]*decimal point/],
    ['an empty cell', 'a,y\n1,2\n3,\n', {}, 'data', /line 3, column "y".*empty[^]*skip/],
    ['an empty cell with nothing to hold', 'a,y\n,2\n3,4\n', { missing: 'hold' }, 'data', /line 2, column "a".*no value above/],
    ['a short row', 'a,b,y\n1,2,3\n4,5\n', {}, 'data', /line 3: this row.*\n.*2\n.*3/],
    ['a long row', 'a,y\n1,2\n3,4,5\n', {}, 'data', /line 3: this row/],
    ['the line after a cell of two lines', 'a,n,y\n1,"x\ny",2\nbad,z,4\n', {}, 'data', /line 4, column "a"/],
    ['the line in a CRLF file', 'a,y\r\n1,2\r\n\r\nbad,4\r\n', {}, 'data', /line 4, column "a"/],
    ['more lags than rows', ABY, { lags: 6 }, 'data', /shorter than one sample[^]*5 rows[^]*at least 6/],
    ['lags and ahead beyond the rows', ABY, { lags: 3, ahead: 3 }, 'data', /at least 6/],
    ['a constant column under standard', 'a,y\n0.1,1\n0.1,2\n0.1,3\n0.2,3\n', { scaling: { method: 'standard', rows: 3 } }, 'data', /column "a".*not vary[^]*always 0\.1/],
    ['a constant column under range', 'a,y\n1,1\n1,2\n', { scaling: { method: 'range', rows: 2 } }, 'data', /column "a".*not vary/],
    ['a prefix without values', 'a,y\n,1\n,2\n3,3\n', { missing: 'skip', scaling: { method: 'range', rows: 2 } }, 'data', /no value in the first 2 rows/],
    ['a prefix longer than the data', ABY, { scaling: { method: 'range', rows: 6 } }, 'data', /rows 6[^]*at most 5/],
    ['a prefix longer than the limit', ABY, { limit: 3, scaling: { method: 'range', rows: 4 } }, 'data', /at most 3/],
    ['a scaled value beyond doubles', 'a,y\n1,2\n1e300,2\n', { inputs: [{ column: 'a', scale: 1e10 }] }, 'data', /row 2, column "a".*finite/],
    ['no sample left', 'a,y\n1,\n,2\n', { missing: 'skip' }, 'data', /no sample is left/],
    ['a binary file', Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 256), {}, 'unreadable', /binary/],
    ['UTF-16', Buffer.from('\uFEFFa,y\n1,2\n', 'utf16le'), {}, 'unreadable', /UTF-16/],
    ['a quote inside a cell', 'a,y\n1,2"3\n', {}, 'data', /line 2: the quotes/],
    ['text after a closing quote', 'a,y\n"1"2,3\n', {}, 'data', /line 2: the quotes/],
    ['a quote never closed', 'a,y\n1,2\n"3,4\n5,6\n', {}, 'data', /ends inside a quoted cell/],
    ['an endless line', `a,y\n${'1'.repeat(2 ** 20 + 10)},2\n`, {}, 'data', /line 2: this line is too long/],
    ['a useless delimiter', ABY, { delimiter: '"' }, 'invalid', /delimiter/],
    ['too many columns', ABY, { inputs: new Array<string>(4096).fill('a') }, 'invalid', /too many columns/],
    ['too many channels', ABY, { inputs: new Array<string>(20).fill('a'), lags: 4096 }, 'invalid', /too many inputs/],
    ['more values than fit', `a,y\n${'1,2\n'.repeat(20_000)}`, { inputs: ['a', 'a'], lags: 4000 }, 'data', /file\.csv: too many values/],
  ];

  test.each(cases)('%s', async (_, text, data, code, message) => {
    const error: unknown = await load(text, data).then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(QrailsError);
    expect((error as QrailsError).code).toBe(code);
    expect((error as QrailsError).message).toMatch(message);
  });

  test('a file that is not there, a directory, a path through a file', async () => {
    await expect(read({ file: 'nowhere.csv' })).rejects.toThrow(/nowhere\.csv: no such file/);
    mkdirSync(join(directory, 'folder'));
    await expect(read({ file: 'folder' })).rejects.toThrow(/folder: this is a directory/);
    writeFileSync(join(directory, 'plain.csv'), ABY);
    await expect(read({ file: 'plain.csv/x' })).rejects.toThrow(/no such file/);
    await expect(read({ file: '/dev/zero' })).rejects.toThrow(/not a regular file/);
  });
});

describe('real and large', () => {
  test('the shipped weather of Seattle', async () => {
    const data = await loadDataset(
      {
        kind: 'csv', file: 'seattle-weather.csv', inputs: ['temp_max', 'temp_min', 'wind'], targets: ['temp_max'],
        lags: 3, ahead: 1, scaling: { method: 'standard', rows: 365 },
      },
      { seed: 1, baseDirectory: new URL('../../examples/data/', import.meta.url).pathname },
    );
    expect(data).toMatchObject({ rows: 1461 - 3, inputs: 9, targets: 1 });
    // Tomorrow's target is tomorrow's input.
    const width = 10;
    for (let row = 0; row + 1 < data.rows; row++) expect(data.values[row * width + 9]).toBe(data.values[(row + 1) * width]);
    expect(data.values.every((v) => Math.abs(v) < 6)).toBe(true);
  });

  test('100,000 rows × 8 inputs in well under two seconds, over chunk borders', async () => {
    const lines = ['t,a,b,c,d,e,f,g,h,y'];
    const cell = (row: number, column: number) => ((row * 7919 + column * 104729) % 200_003) / 1000;
    for (let row = 0; row < 100_000; row++) {
      lines.push(`${row},${Array.from({ length: 9 }, (_, column) => cell(row, column)).join(',')}`);
    }
    writeFileSync(join(directory, 'large.csv'), lines.join('\r\n'));
    const start = performance.now();
    const { rows, values } = await read({ file: 'large.csv', inputs: [...'abcdefgh'], targets: ['y'] });
    expect(performance.now() - start).toBeLessThan(2000);
    expect(rows).toBe(100_000);
    let wrong = 0;
    for (let i = 0; i < values.length; i++) if (values[i] !== cell(Math.floor(i / 9), i % 9)) wrong++;
    expect(wrong).toBe(0);
  });
});
