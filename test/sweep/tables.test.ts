import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { VERDICTS } from '../../src/compare/thresholds.js';
import { npyHead } from '../../src/output/npy.js';
import { SweepResult, TABLE_FORMATS, TABLES, type TableName } from '../../src/schema/sweepResult.js';
import { findProblems } from '../../src/schema/validate.js';
import { pointTable, runTable, type Cell, type Column } from '../../src/sweep/columns.js';
import { parquetSink, parquetSizes } from '../../src/sweep/parquet.js';
import { createStatistics } from '../../src/sweep/statistics.js';
import { writeTables } from '../../src/sweep/tables.js';
import type { RunResult, SweepSpace } from '../../src/sweep/types.js';
import { HOSTILE, MADE_POINTS, madeResult, madeResults, madeSide, madeSpace } from './made.js';

const root = mkdtempSync(join(tmpdir(), 'qrails-tables-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
function folder(): string {
  const path = join(root, String(folders++));
  mkdirSync(path);
  return path;
}

const SPACE = madeSpace({
  objectives: [{ measure: 'finalLoss', statistic: 'worst', goal: 'minimise' }, { measure: 'survives', goal: 'maximise' }], constraints: [{ measure: 'stalledShare', side: 'float', statistic: 'mean', atMost: 1e10 }],
});
const ALL = await (async () => {
  const path = folder();
  return { path, result: await writeTables(path, SPACE, madeResults(SPACE.runs), TABLE_FORMATS) };
})();

/** What should be in a table. */
function wanted(table: TableName, space: SweepSpace): { columns: readonly Column[]; rows: Cell[][] } {
  const runs = [...madeResults(space.runs)];
  if (table === 'runs') {
    const { columns, row } = runTable(space);
    return { columns, rows: runs.map((result) => row(result, Math.floor(result.run / space.seeds), space.valuesAt(Math.floor(result.run / space.seeds)))) };
  }
  const { columns, row } = pointTable(space);
  const statistics = createStatistics(space);
  return { columns, rows: Array.from({ length: space.points }, (_, point) => {
    statistics.clear();
    for (const result of runs.slice(point * space.seeds, (point + 1) * space.seeds)) statistics.add(result);
    return row(point, space.valuesAt(point), statistics, (statistics.sides.float!.measures.stalledShare.statistic('mean', true) ?? Infinity) <= 1e10);
  }) };
}
const TABLE = Object.fromEntries(TABLES.map((name) => [name, wanted(name, SPACE)])) as Record<TableName, ReturnType<typeof wanted>>;

const wide = (column: Column | undefined, cell: Cell): unknown => (column?.kind === 'integer' ? BigInt(cell as number) : cell);

describe.each(TABLES)('%s', (table) => {
  const { columns, rows } = TABLE[table];
  const names = columns.map(({ name }) => name);
  const file = (format: string): string => join(ALL.path, `${table}.${format}`);

  it('has values of every kind, infinite ones and missing ones', () => {
    expect(rows).toHaveLength(table === 'runs' ? MADE_POINTS * 5 : MADE_POINTS);
    expect(rows.flat()).toContain(null);
    expect(rows.flat().includes(Infinity)).toBe(table === 'points');
    expect(new Set(columns.map(({ kind }) => kind))).toEqual(new Set(['integer', 'number', 'boolean', 'text']));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain(HOSTILE);
  });

  it('CSV: csv-parse reads the same cells', () => {
    const [head, ...read]: string[][] = parse(readFileSync(file('csv')), { record_delimiter: '\n' });
    expect(head).toEqual(names);
    const back = read.map((row) => row.map((text, k): Cell => {
      const { kind } = columns[k]!;
      if (text === '') return null;
      return kind === 'text' ? text : kind === 'boolean' ? text === 'true' : Number(text);
    }));
    expect(back).toEqual(rows);
  });

  it('NDJSON: an object a line', () => {
    const lines = readFileSync(file('ndjson'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, Cell>);
    expect(lines.map((line) => Object.keys(line)).every((keys) => keys.join('\0') === names.join('\0'))).toBe(true);
    expect(lines.map((line) => Object.values(line))).toEqual(rows.map((row) => row.map((cell) => (cell === Infinity ? null : cell))));
  });

  it('Parquet: hyparquet reads the same cells', async () => {
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(file('parquet')) });
    expect(read.map((row) => names.map((name) => (row as Record<string, unknown>)[name]))).toEqual(rows.map((row) => row.map((cell, k) => wide(columns[k], cell))));
  });

  it('Parquet, CSV and NDJSON: DuckDB reads the same cells', async () => {
    const database = await (await DuckDBInstance.create()).connect();
    const read = async (from: string): Promise<unknown[][]> => (await database.runAndReadAll(`SELECT * FROM ${from}`)).getRowsJS();
    const text = file('parquet').replaceAll("'", "''");
    expect(await read(`'${text}'`)).toEqual(rows.map((row) => row.map((cell, k) => wide(columns[k], cell))));
    const types = { integer: 'BIGINT', number: 'DOUBLE', boolean: 'BOOLEAN', text: 'VARCHAR' } as const;
    const struct = `{${columns.map(({ name, kind }) => `'${name.replaceAll("'", "''")}': '${types[kind]}'`).join(', ')}}`;
    expect(await read(`read_csv('${file('csv')}', header=true, delim=',', quote='"', escape='"', columns=${struct})`)).toEqual(rows.map((row) => row.map((cell, k) => wide(columns[k], cell))));
    expect(await read(`read_json('${file('ndjson')}', format='newline_delimited', columns=${struct})`)).toEqual(rows.map((row) => row.map((cell, k) => (cell === Infinity ? null : wide(columns[k], cell)))));
    // As somebody types it, with what DuckDB guesses.
    const [[count, worst]] = (await read(`(SELECT count(*), max("${table === 'runs' ? 'fixed.finalLoss' : 'fixed.finalLoss.median'}") FROM '${file('csv')}')`)) as [[bigint, number]];
    const place = names.indexOf(table === 'runs' ? 'fixed.finalLoss' : 'fixed.finalLoss.median');
    expect([Number(count), worst]).toEqual([rows.length, Math.max(...rows.map((row) => (row[place] as number | null) ?? 0))]);
  });

  it('NPY: NumPy reads the same numbers, verdicts and values of axes by code', (context) => {
    needNumpy(context);
    const fields = columns.filter(({ kind, codes }) => kind !== 'text' || codes);
    const read = numpy(`a = numpy.load(${JSON.stringify(file('npy'))}); print(json.dumps([list(a.dtype.names), [[float(v).hex() for v in row] for row in a.tolist()]]))`) as [string[], string[][]];
    expect(read[0]).toEqual(fields.map(({ name }) => name));
    expect(read[1].map((row) => row.map(fromHex))).toEqual(rows.map((row) => fields.map((column) => {
      const cell = row[columns.indexOf(column)]!;
      return column.kind === 'text' ? (cell === null ? -1 : column.codes!.get(cell as string)!) : cell === null ? NaN : Number(cell);
    })));
  });
});

/** The double that Python's `float.hex` wrote. */
function fromHex(text: string): number {
  const [all, sign, whole, fraction, exponent] = /^(-?)0x([01])\.([0-9a-f]*)p([+-]\d+)$/.exec(text) ?? [];
  if (all === undefined) return Number({ inf: Infinity, '-inf': -Infinity }[text] ?? NaN);
  const mantissa = Number(`0x${whole}${fraction}`) / 16 ** fraction!.length;
  const power = Number(exponent);
  return (sign === '-' ? -1 : 1) * mantissa * 2 ** Math.floor(power / 2) * 2 ** Math.ceil(power / 2);
}

function needNumpy(context: { skip: (note: string) => void }): void {
  if (spawnSync('python3', ['-c', 'import numpy']).status === 0) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error('python3 with numpy is not installed, and QRAILS_REQUIRE_ORACLES is set');
  context.skip('python3 with numpy is not installed');
}

function numpy(program: string): unknown {
  const { stdout, stderr } = spawnSync('python3', ['-c', `import json, numpy\n${program}`], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

it('NPY: a header too long for version 1.0 is one of version 2.0', (context) => {
  needNumpy(context);
  const fields = Array.from({ length: 3000 }, (_, k) => [`é'\\${k}${'x'.repeat(20)}`, '<i4'] as const);
  const head = npyHead(fields, [2]);
  expect([head[6], head.length % 64]).toEqual([2, 0]);
  const path = join(folder(), 'long.npy');
  writeFileSync(path, Buffer.concat([head, Buffer.from(Int32Array.from({ length: 6000 }, (_, k) => k).buffer)]));
  expect(numpy(`a = numpy.load(${JSON.stringify(path)}, max_header_size=10**6); print(json.dumps([list(a.dtype.names), a[1].tolist()]))`)).toEqual([fields.map(([name]) => name), Array.from({ length: 3000 }, (_, k) => 3000 + k)]);
});

it('NPY: numpy.load takes the tables as they are, without its limit on headers being raised', () => {
  for (const table of TABLES) expect(readFileSync(join(ALL.path, `${table}.npy`)).readUInt16LE(8)).toBeLessThan(10_000);
});

describe('the result', () => {
  it('fits its schema and names every file with its size and hash', async () => {
    const { path, result } = ALL;
    expect(await findProblems(SweepResult, JSON.parse(JSON.stringify(result)))).toEqual([]);
    expect(result.files.map(({ file }) => file).sort()).toEqual(readdirSync(path).sort());
    expect(result.files).toHaveLength(2 * TABLE_FORMATS.length);
    for (const { file, bytes, sha256 } of result.files) {
      const content = readFileSync(join(path, file));
      expect([file, bytes, sha256]).toEqual([file, content.length, createHash('sha256').update(content).digest('hex')]);
    }
    expect(result.tables.runs.map(({ name }) => name)).toEqual(TABLE.runs.columns.map(({ name }) => name));
    expect([result.points, result.runs, result.axes]).toEqual([MADE_POINTS, 5 * MADE_POINTS, SPACE.columns]);
    const runs = [...madeResults(SPACE.runs)];
    for (const side of ['float', 'fixed'] as const) expect(result.verdicts[side]).toEqual(Object.fromEntries(VERDICTS.map((name) => [name, runs.filter((run) => run[side]?.verdict === name).length])));
    expect(result.failed).toBe(runs.filter(({ error }) => error).length);
  });

  it('and the files are the same however the runs come, and for a part where only some come', async () => {
    const path = folder();
    async function* slowly(): AsyncGenerator<RunResult> {
      for (const result of madeResults(SPACE.runs)) {
        if (result.run % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        yield JSON.parse(JSON.stringify(result)) as RunResult;
      }
    }
    expect(await writeTables(path, SPACE, slowly(), [...TABLE_FORMATS].reverse())).toEqual(ALL.result);
    const part = folder();
    const points = [3, 4, 20];
    const { files, ...rest } = await writeTables(part, SPACE, points.flatMap((point) => Array.from({ length: 5 }, (_, k) => madeResult(point * 5 + k))), ['csv'], { points: 3 });
    expect([rest.points, rest.runs, rest.sweep.points, files.length]).toEqual([3, 15, MADE_POINTS, 2]);
    const lines = readFileSync(join(ALL.path, 'points.csv'), 'utf8').split(/\n(?=\d)/);
    expect(readFileSync(join(part, 'points.csv'), 'utf8').trimEnd()).toBe([0, ...points.map((point) => point + 1)].map((k) => lines[k]!.trimEnd()).join('\n'));
    expect(readdirSync(part).sort()).toEqual(['points.csv', 'runs.csv']);
  });

  it('sums up without writing where no format is asked for', async () => {
    const path = folder();
    expect(await writeTables(path, SPACE, madeResults(SPACE.runs), [])).toEqual({ ...ALL.result, files: [] });
    expect(readdirSync(path)).toEqual([]);
  });
});

it('a row is what the run was', () => {
  const fixed = madeSide(3, { verdict: 'dead zone', finalLoss: 0.25, divergedAt: null });
  const { columns, row } = runTable(madeSpace({ numbers: 'fixed' }));
  const cells = row({ run: 13, hash: 'ef'.repeat(32), float: null, fixed, error: null }, 2, SPACE.valuesAt(2));
  const read = new Map(columns.map(({ name }, k) => [name, cells[k]]));
  expect(cells).toHaveLength(columns.length);
  expect(Object.fromEntries(['run', 'point', 'seed', 'profile', 'experiment.phases[0].learningRate', 'experiment.on', HOSTILE, 'planHash', 'error', 'fixed.verdict', 'fixed.finalLoss', 'fixed.divergedAt'].map((name) => [name, read.get(name)]))).toEqual({
    run: 13, point: 2, seed: 10, profile: 'enabol-mid', 'experiment.phases[0].learningRate': 1 / 3, 'experiment.on': true, [HOSTILE]: '{"deep":[1,"x"]}', planHash: 'ef'.repeat(32), error: null,
    'fixed.verdict': 'dead zone', 'fixed.finalLoss': 0.25, 'fixed.divergedAt': null,
  });
});

describe('columns', () => {
  it('are those of the sides that are run, with intervals only where there are several seeds', () => {
    const heads = (space: SweepSpace): string[] => [...runTable(space).columns, ...pointTable(space).columns].map(({ name }) => name);
    expect(heads(madeSpace({ numbers: 'fixed' })).some((name) => name.startsWith('float.'))).toBe(false);
    expect(heads(madeSpace({ numbers: 'float64' })).some((name) => name.startsWith('fixed.'))).toBe(false);
    expect(heads(madeSpace({}, { seeds: 1 })).filter((name) => /\.(low|high)$/.test(name))).toEqual([]);
    expect(heads(SPACE)).toEqual(expect.arrayContaining(['feasible', 'fixed.finalLoss.max', 'float.stalledShare.mean', 'fixed.deadZone.low', 'float.limitCycle', 'failed']));
    expect(heads(madeSpace())).not.toContain('feasible');
  });
});

describe('Parquet', () => {
  it('is cut into row groups and files of bounded size, which hold all rows together', async () => {
    const columns: Column[] = [{ name: 'run', about: '', kind: 'integer' }, { name: 'loss', about: '', kind: 'number' }, { name: 'text', about: '', kind: 'text' }];
    expect(parquetSizes(3, { cells: 30, chunks: 12 })).toEqual({ group: 10, file: 40 });
    for (const rows of [0, 1, 10, 40, 41, 97]) {
      const files: Buffer[][] = [];
      const sink = await parquetSink({ cells: 30, chunks: 12 })(columns, rows, (part, parts) => {
        expect([part, parts]).toEqual([files.length + 1, Math.max(1, Math.ceil(rows / 40))]);
        const chunks: Buffer[] = [];
        files.push(chunks);
        return Promise.resolve({ write: (content) => Promise.resolve(void chunks.push(Buffer.from(content as Uint8Array))) });
      });
      for (let run = 0; run < rows; run++) await sink.add([run, run % 3 === 0 ? null : run / 7, run % 2 === 0 ? 'même' : null]);
      await sink.end();
      const read: unknown[] = [];
      for (const chunks of files) {
        const bytes = Buffer.concat(chunks);
        const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
        const { row_groups: groups } = await parquetMetadataAsync({ byteLength: file.byteLength, slice: (start, end) => file.slice(start, end) });
        expect(groups.length).toBeLessThanOrEqual(4);
        for (const { num_rows: size } of groups) expect(size).toBeLessThanOrEqual(10n);
        read.push(...(await parquetReadObjects({ file })));
      }
      expect(files).toHaveLength(Math.max(1, Math.ceil(rows / 40)));
      expect(read).toEqual(Array.from({ length: rows }, (_, run) => ({ run: BigInt(run), loss: run % 3 === 0 ? null : run / 7, text: run % 2 === 0 ? 'même' : null })));
    }
  });

  it('of billions of rows has a few hundred files', () => {
    const { group, file } = parquetSizes(TABLE.runs.columns.length);
    expect(group).toBeGreaterThan(20_000);
    expect(1e9 / file).toBeLessThan(100);
  });
});

describe('what goes wrong', () => {
  const results = [...madeResults(SPACE.runs)];
  it.each<[string, RunResult[]]>([
    ['a run is missing at the start', results.slice(1)], ['within', results.filter(({ run }) => run !== 8)], ['at the end', results.slice(0, -1)],
    ['a point is missing at the end', results.slice(0, -5)], ['a run comes twice', [...results.slice(0, 3), ...results.slice(2)]], ['a point comes twice', [...results.slice(0, 10), ...results.slice(5)]],
  ])('%s: no file is left', async (_, broken) => {
    const path = folder();
    await expect(writeTables(path, SPACE, broken, TABLE_FORMATS)).rejects.toThrow(/run \d+ is not the next one|runs instead of/);
    expect(readdirSync(path)).toEqual([]);
  });

  it('ends with an AbortError where it is told to, and leaves no file', async () => {
    const path = folder();
    const space = madeSpace({}, { points: 5000, seeds: 2 });
    const stop = new AbortController();
    const seen: number[] = [];
    const writing = writeTables(path, space, madeResults(space.runs), ['csv', 'npy'], { signal: stop.signal, onProgress: (done) => (seen.push(done), stop.abort()) });
    await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toHaveLength(1);
    expect(readdirSync(path)).toEqual([]);
  });

  it('a folder that is not there, or a file in the way, is told as bad input', async () => {
    await expect(writeTables(join(root, 'none'), SPACE, results, ['csv'])).rejects.toMatchObject({ name: 'QrailsError', code: 'output' });
    const path = folder();
    mkdirSync(join(path, 'points.npy'));
    await expect(writeTables(path, SPACE, results, TABLE_FORMATS)).rejects.toMatchObject({ name: 'QrailsError', code: 'output' });
    expect(readdirSync(path)).toEqual(['points.npy']);
  });
});

describe('memory', () => {
  const FULL = Boolean(process.env['QRAILS_FULL']);
  it.each([['csv', 'ndjson', 'npy'], ['parquet']])('holds nothing of what it has written: %s', (...formats) => {
    const path = folder();
    const runs = FULL ? 2_000_000 : 100_000;
    const script = fileURLToPath(new URL('./manyRuns.mjs', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, path, String(runs), formats.join(',')], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    const { held, rows } = JSON.parse(stdout) as { held: number[]; rows: number };
    expect(rows).toBe(runs);
    expect(held.length).toBeGreaterThan(8);
    // What one row more would take shows in the difference: all that may grow is the index of the Parquet file, a kilobyte a column and row group.
    expect(held.at(-1)! - held[1]!).toBeLessThan((formats.includes('parquet') ? 32 : 4) * 2 ** 20);
    expect(Math.max(...held)).toBeLessThan((formats.includes('parquet') ? 96 : 24) * 2 ** 20);
    expect(existsSync(join(path, `runs.${formats[0]}`))).toBe(true);
    rmSync(path, { recursive: true });
  });
});
