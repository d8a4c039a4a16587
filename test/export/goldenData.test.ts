/** CSV, NumPy and NDJSON of golden values hold the same integers, those of the run. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { goldenData } from '../../src/export/golden/data.js';
import { npyTable } from '../../src/export/golden/npy.js';
import { goldenOf, type Golden } from '../../src/export/golden/run.js';
import type { Plan } from '../../src/schema/plan.js';
import { randomRun } from './goldenRuns.js';

const directory = mkdtempSync(join(tmpdir(), 'qrails-npy-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Table = bigint[][];

/** What a `.npy` file of 64-bit integers says, read by the format's definition alone. */
function readTable(bytes: Uint8Array): Table {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(Buffer.from(bytes.subarray(0, 8)).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  const data = 10 + view.getUint16(8, true);
  expect(data % 64).toBe(0);
  const header = Buffer.from(bytes.subarray(10, data)).toString('latin1');
  const [, rows, columns] = /^\{'descr': '<i8', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$/.exec(header)!.map(Number) as [number, number, number];
  expect(bytes.byteLength).toBe(data + 8 * rows * columns);
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => view.getBigInt64(data + 8 * (row * columns + column), true)));
}

function readCsv(text: string): { header: string[]; rows: Table } {
  expect(text).toMatch(/^[\n -~]+\n$/);
  const [header, ...rows] = text.trimEnd().split('\n').map((line) => line.split(','));
  return { header: header!, rows: rows.map((row) => row.map(BigInt)) };
}

async function taken(seed: number): Promise<{ plan: Plan; golden: Golden; content: (name: string) => string | Uint8Array }> {
  const { plan, batches, evaluation } = randomRun(seed, { throttle: 'table', anchor: 'event', wild: seed % 2 === 0, traps: 0 });
  const golden = await goldenOf(plan, batches, evaluation);
  const files = goldenData(plan, golden, 'demo');
  return { plan, golden, content: (name) => files[name]!.content };
}

describe('golden values as data', () => {
  it.each([60, 61, 62, 63])('agree in every format (plan %i)', async (seed) => {
    const { plan, golden, content } = await taken(seed);
    const text = (name: string): string => content(name) as string;
    const table = (name: string): Table => readTable(content(name) as Uint8Array);
    const steps = readCsv(text('demo_golden_steps.csv'));
    const samples = readCsv(text('demo_golden_samples.csv'));
    const lines = text('demo_golden.ndjson').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

    // the run itself
    expect(steps.rows).toEqual(golden.steps.map(({ batch, row, flags, events, parameters, stateCrc32 }, step) => [
      BigInt(step), BigInt(batch), BigInt(golden.batches[batch]!.count), row.loss, row.alpha, row.rate, row.curvature, row.curvatureMean, BigInt(flags), BigInt(events), BigInt(`0x${stateCrc32}`),
      ...parameters.flat().map(BigInt),
    ]));
    expect(steps.header.slice(0, 11)).toEqual(['step', 'batch', 'count', 'loss', 'alpha', 'rate', 'curvature', 'curvatureMean', 'flags', 'events', 'stateCrc32']);
    expect(samples.rows.map((row) => row.slice(2).map(Number))).toEqual(golden.batches.flatMap(({ count, inputs, targets }) =>
      Array.from({ length: count }, (_, k) => [...inputs.slice(k * plan.data.inputs, (k + 1) * plan.data.inputs), ...targets.slice(k * plan.data.targets, (k + 1) * plan.data.targets)])));

    // the formats among each other
    expect(table('demo_golden_rows.npy').map((row, k) => [...row, ...table('demo_golden_parameters.npy')[k]!])).toEqual(steps.rows);
    expect(table('demo_golden_inputs.npy').map((row, k) => [...row, ...table('demo_golden_targets.npy')[k]!])).toEqual(samples.rows.map((row) => row.slice(2)));
    expect(table('demo_golden_batches.npy').flatMap(([first, count], batch) => Array.from({ length: Number(count) }, (_, k) => [Number(first) + k, batch, k]))).toEqual(
      samples.rows.map(([batch, sample], index) => [index, Number(batch), Number(sample)]));
    const kinds = (kind: string): Record<string, unknown>[] => lines.filter((line) => line['kind'] === kind);
    expect(kinds('step').map(({ kind: _, parameters, stateCrc32, ...row }) => [
      ...steps.header.slice(0, 10).map((name) => (name === 'count' ? golden.batches[row['batch'] as number]!.count : row[name])).map((value) => BigInt(value as number)),
      BigInt(`0x${stateCrc32 as string}`), ...steps.header.slice(11).map((name) => BigInt((parameters as Record<string, number>)[name]!)),
    ])).toEqual(steps.rows);
    expect(kinds('batch').flatMap((line) => (line['samples'] as { inputs: number[]; targets: number[] }[]).map(({ inputs, targets }, k) => [line['batch'], k, ...inputs, ...targets]))).toEqual(
      samples.rows.map((row) => row.map(Number)));
    expect(kinds('evaluation')).toEqual([{ kind: 'evaluation', batch: golden.evaluation.batch, loss: String(golden.evaluation.loss), outputs: golden.evaluation.outputs }]);
    expect(kinds('state')).toEqual([{ kind: 'state', step: golden.steps.length, values: golden.state.values, stateCrc32: golden.stateCrc32 }]);
    expect(lines.length).toBe(golden.batches.length + golden.steps.length + 2);
  });

  it('are the same bytes every time', async () => {
    const names = ['demo_golden_steps.csv', 'demo_golden_rows.npy', 'demo_golden.ndjson'];
    const [first, second] = [await taken(64), await taken(64)];
    expect(names.map(first.content)).toEqual(names.map(second.content));
  });

  it('are read by NumPy', async (context) => {
    if (spawnSync('python3', ['-c', 'import numpy']).status !== 0) {
      if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error('python3 with numpy is not installed, and QRAILS_REQUIRE_ORACLES is set');
      context.skip('python3 with numpy is not installed');
    }
    const { content } = await taken(65);
    const ends = npyTable([[-(1n << 63n), (1n << 63n) - 1n]], 2);
    writeFileSync(join(directory, 'ends.npy'), ends);
    const names = ['rows', 'parameters', 'batches', 'inputs', 'targets'].map((name) => `demo_golden_${name}.npy`);
    for (const name of names) writeFileSync(join(directory, name), content(name));
    writeFileSync(join(directory, 'steps.csv'), content('demo_golden_steps.csv'));
    const program = [
      'import json, numpy',
      `print(json.dumps([[str(v) for v in numpy.load(n).reshape(-1)] for n in ${JSON.stringify([...names, 'ends.npy'])}]))`,
      "steps = numpy.loadtxt('steps.csv', delimiter=',', skiprows=1, dtype=numpy.int64, ndmin=2)",
      "assert (steps == numpy.hstack([numpy.load('demo_golden_rows.npy'), numpy.load('demo_golden_parameters.npy')])).all()",
    ].join('\n');
    const { stdout, stderr } = spawnSync('python3', ['-c', program], { cwd: directory, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([...names.map((name) => readTable(content(name) as Uint8Array)), readTable(ends)].map((table) => table.flat().map(String)));
  });
});
