/** Rows of traces, instruments and maps as Parquet and NumPy arrays: hyparquet, DuckDB and NumPy read what stands in the CSV. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { SIDES } from '../../src/instruments/columns.js';
import { INSTRUMENT_TABLE } from '../../src/instruments/table.js';
import { TRACE_COLUMNS } from '../../src/run/trace.js';
import { TRACE_TABLE } from '../../src/run/traceTable.js';
import { experiment, inFolder, profile, type Ended, type Folder } from './qrails.js';

type Value = string | number | bigint | null;

function fine({ code, stderr }: Ended): void {
  expect([code, stderr]).toEqual([0, '']);
}

/** A CSV as it reads in a Parquet file: texts as they are, integers where the table has them. */
function csvRows(text: string, isText: (name: string) => boolean, isInteger: (name: string) => boolean): Record<string, Value>[] {
  const rows: Record<string, string>[] = parse(text, { columns: true });
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell === '' ? null : isText(name) ? cell : isInteger(name) ? BigInt(cell) : Number(cell)])));
}

const duckDb = async (query: string): Promise<unknown[]> => (await (await (await DuckDBInstance.create()).connect()).runAndReadAll(query)).getRowObjectsJS();
const parquet = async (path: string): Promise<unknown[]> => parquetReadObjects({ file: await asyncBufferFromFile(path) });

const NUMPY = spawnSync('python3', ['-c', 'import numpy']).status === 0;
/** Rows of an array as objects; numbers as their shortest decimals. */
function numpy(path: string): { names: string[]; rows: string[][] } {
  const { stdout, stderr } = spawnSync('python3', ['-c', `import json, numpy, sys\na = numpy.load(sys.argv[1])\nprint(json.dumps([list(a.dtype.names), [[repr(v) for v in row] for row in a.tolist()]]))`, path], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  expect(stderr).toBe('');
  const [names, rows] = JSON.parse(stdout) as [string[], string[][]];
  return { names, rows };
}

/** A value as `repr` writes it in Python, read again. */
const fromRepr = (text: string): number => (text === 'nan' ? NaN : Number(text));

const RUN = ['exp-000c', '--steps', '40', '--throttle', 'none,gt0/secant', '-q'];
const asText = (names: readonly string[]) => (name: string): boolean => names.includes(name);

async function same(folder: Folder, name: string, rows: Record<string, Value>[]): Promise<void> {
  const path = join(folder.path, name);
  expect(await parquet(path)).toEqual(rows);
  expect(await duckDb(`SELECT * FROM '${path}'`)).toEqual(rows);
}

describe('a trace', () => {
  // Two layers: there is no Hessian, and so no value in its columns.
  it('is the same rows in every format', () => inFolder({ 'deep.json': experiment({ model: { layers: [{ outputs: 3, activation: 'relu' }, { outputs: 1 }] } }) }, async (folder) => {
    for (const format of ['csv', 'ndjson', 'parquet', 'npy']) fine(await folder.qrails(['compare', './deep.json', '--throttle', 'none,gt0/secant', '-q', '--no-tries', '--trace', `t.${format}`]));
    const rows = csvRows(folder.read('t.csv'), asText(['throttle', 'anchor']), asText(['step', 'phase']));
    expect(rows).toHaveLength(20);
    expect(Object.keys(rows[0]!)).toEqual(TRACE_COLUMNS);
    expect(rows.some((row) => Object.values(row).includes(null))).toBe(true);
    await same(folder, 't.parquet', rows);
    expect(folder.read('t.ndjson').trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(rows.map((row) => ({ ...row, step: Number(row['step']), phase: Number(row['phase']) })));
    // As somebody types it.
    const [found] = await duckDb(`SELECT throttle, count(*) AS steps, max("fixed.loss") AS worst FROM '${join(folder.path, 't.parquet')}' WHERE throttle = 'gt0/secant' GROUP BY ALL`);
    expect(found).toEqual({ throttle: 'gt0/secant', steps: 10n, worst: Math.max(...rows.filter(({ throttle }) => throttle === 'gt0/secant').map((row) => Number(row['fixed.loss']))) });
    if (!NUMPY && process.env['QRAILS_REQUIRE_ORACLES'] !== '1') return;
    const array = numpy(join(folder.path, 't.npy'));
    expect(array.names).toEqual(TRACE_COLUMNS);
    expect(array.rows.map((row) => row.map(fromRepr))).toEqual(rows.map((row) => TRACE_COLUMNS.map((name) => {
      const value = row[name]!;
      return name === 'throttle' ? THROTTLE_NAMES.indexOf(value as string) : name === 'anchor' ? ANCHOR_NAMES.indexOf(value as never) : value === null ? NaN : Number(value);
    })));
  }), 60_000);

  it('has a column in the table for each of its own, each with what it is', () => {
    expect(TRACE_TABLE.map(({ name }) => name)).toEqual(TRACE_COLUMNS);
    for (const { name, about } of [...TRACE_TABLE, ...INSTRUMENT_TABLE]) expect(about, name).toMatch(/\w/);
  });

  it.each([
    [['--trace', 't.txt'], /--trace: an unknown kind of file[^]*\.csv, \.ndjson, \.parquet, \.npy/],
    [['--trace', '-'], /--trace: standard output has the result/],
    [['--report', '-'], /--report: standard output has the result/],
    [['--trace', 'nowhere/t.parquet'], /nowhere\/t\.parquet: cannot be written/],
    [['--trace', 't.parquet', '--profile', 'no-such-target'], /no-such-target/],
  ])('refuses %j and leaves nothing behind', (args, says) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', ...RUN, ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(folder.list()).toEqual([]);
  }));
});

it('instruments: the same rows in every format, also where a trap ends the run of the target', () => inFolder({ 'trap.json': profile({ update: { overflow: 'TRAP' } }) }, async (folder) => {
  const args = ['instruments', '--steps', '30', '--throttle', 'none', '--profile', './trap.json', '-q'];
  for (const format of ['csv', 'ndjson', 'parquet', 'npy']) fine(await folder.qrails([...args, '-o', `i.${format}`]));
  const names = INSTRUMENT_TABLE.map(({ name }) => name);
  const rows = csvRows(folder.read('i.csv'), asText(['throttle', 'anchor', 'side']), asText(['step', 'phase']));
  expect(rows.filter(({ side }) => side === 'float')).toHaveLength(30);
  expect(rows.filter(({ side }) => side === 'fixed').length).toBeLessThan(30);
  expect(Object.keys(rows[0]!)).toEqual(names);
  await same(folder, 'i.parquet', rows);
  expect(folder.read('i.ndjson').trimEnd().split('\n')).toHaveLength(rows.length);
  if (!NUMPY && process.env['QRAILS_REQUIRE_ORACLES'] !== '1') return;
  const array = numpy(join(folder.path, 'i.npy'));
  expect([array.names, array.rows.length]).toEqual([names, rows.length]);
  expect(array.rows.map((row) => fromRepr(row[names.indexOf('side')]!))).toEqual(rows.map(({ side }) => SIDES.indexOf(side as 'float')));
  expect(array.rows.map((row) => fromRepr(row[names.indexOf('loss')]!))).toEqual(rows.map(({ loss }) => (loss === null ? NaN : Number(loss))));
}), 60_000);

it('a map: the cells of the CSV', () => inFolder({}, async (folder) => {
  fine(await folder.qrails(['map', '--grid', '3', '--steps', '20', '--csv', 'm.csv', '--parquet', 'm.parquet', '-q', '-o', 'm.txt']));
  const rows = csvRows(folder.read('m.csv'), asText(['throttle', 'state']), () => false);
  expect(rows).toHaveLength(18);
  expect(rows.some(({ diverged_at: at }) => at === null)).toBe(true);
  await same(folder, 'm.parquet', rows);
}), 60_000);
