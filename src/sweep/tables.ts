/** From the runs of a sweep, in order, to its tables and what it comes to; one pass, nothing held but what is being written. docs/sweep.md. */
import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { openOutput, type OutputFile } from '../output/file.js';
import { TABLE_FORMATS, type SweepResult, type TableFormat, type TableName } from '../schema/sweepResult.js';
import { pointTable, runTable, type Cell, type Column } from './columns.js';
import { openCsv, openNdjson } from './lines.js';
import { openNpy } from './npy.js';
import { openParquet } from './parquet.js';
import type { OpenSink, TableFile, TableSink } from './sink.js';
import { createStatistics, sidesOf } from './statistics.js';
import { createSummary } from './summary.js';
import type { AxisValue, RunResult, SweepSpace } from './types.js';

const SINKS: Record<TableFormat, OpenSink> = { csv: openCsv, ndjson: openNdjson, parquet: openParquet, npy: openNpy };
/** Runs between two looks at whether to stop. */
const BREATH = 4096;

export interface TableOptions {
  /** Points whose runs come, all seeds of each; default all of the sweep. */
  readonly points?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

interface Opened {
  readonly name: string;
  readonly table: TableName;
  readonly format: TableFormat;
  readonly output: OutputFile;
  readonly sha256: Hash;
  bytes: number;
}

/**
 * Writes `runs.*` and `points.*` into a folder that is there, each in every format, and adds up what the sweep comes to. The files are the same bytes
 * for the same runs; none is under its name before all are written. Parquet goes on in `runs-0002-of-0003.parquet` and so on where it has too many rows.
 *
 * Memory: some 64 kB for each file of text or array; for Parquet 2^20 cells of each table and an index of at most 2^16 entries of about a kilobyte;
 * 8 bytes for each seed, side and measure of one point; 1010 points of the summary. Nothing grows with the number of runs.
 *
 * @param results every run once, in order
 * @param formats none writes no file, and still sums up
 * @returns the published result, `schema/sweepResult.schema.json`
 * @throws QrailsError `output` where a file cannot be written; an AbortError where `signal` was raised: then nothing is left behind
 * @example await writeTables('out', space, sortedRuns(journals), ['csv', 'parquet'])
 */
export async function writeTables(
  folder: string, space: SweepSpace, results: AsyncIterable<RunResult> | Iterable<RunResult>, formats: readonly TableFormat[], { points = space.points, signal, onProgress }: TableOptions = {},
): Promise<SweepResult> {
  const { seeds, spec } = space;
  const sides = sidesOf(space);
  const tables = { runs: runTable(space), points: pointTable(space) };
  const statistics = createStatistics(space);
  const summary = createSummary(space, sides);
  const files: Opened[] = [];
  try {
    const open = async (table: TableName, columns: readonly Column[], rows: number): Promise<TableSink[]> => {
      const sinks: TableSink[] = [];
      for (const format of TABLE_FORMATS) {
        if (formats.includes(format)) sinks.push(await SINKS[format](columns, rows, (part, parts) => openFile(files, folder, table, format, part, parts)));
      }
      return sinks;
    };
    const runSinks = await open('runs', tables.runs.columns, points * seeds);
    const pointSinks = await open('points', tables.points.columns, points);
    let done = 0;
    let point = -1;
    let values: readonly AxisValue[] = [];
    for await (const result of results) {
      const { run } = result;
      if (done % seeds === 0 ? run % seeds !== 0 || Math.floor(run / seeds) <= point : run !== point * seeds + (done % seeds)) throw new Error(`run ${run} is not the next one`);
      if (done % seeds === 0) {
        point = run / seeds;
        values = space.valuesAt(point);
      }
      statistics.add(result);
      summary.addRun(result);
      await addTo(runSinks, tables.runs.row(result, point, values));
      if (++done % seeds === 0) {
        const feasible = summary.addPoint(point, values, statistics);
        if (pointSinks.length > 0) await addTo(pointSinks, tables.points.row(point, values, statistics, feasible));
        statistics.clear();
      }
      if (done % BREATH === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        onProgress?.(done, points * seeds);
      }
    }
    if (done !== points * seeds) throw new Error(`${done} runs instead of ${points * seeds}`);
    for (const sink of [...runSinks, ...pointSinks]) await sink.end();
    for (const { output } of files) await output.close();
  } catch (error) {
    for (const { output } of files) await output.discard();
    throw error;
  }
  const about = ({ columns }: { columns: readonly Column[] }): { name: string; about: string }[] => columns.map(({ name, about: text }) => ({ name, about: text }));
  return {
    sweepResult: 1,
    sweep: {
      name: spec.name, title: spec.title ?? spec.name, hash: space.hash, numbers: spec.numbers ?? 'both', points: space.points, seeds: { first: space.firstSeed, count: seeds },
    },
    axes: [...space.columns],
    ...summary.result(),
    tables: { runs: about(tables.runs), points: about(tables.points) },
    files: files.map(({ name, table, format, bytes, sha256 }) => ({ file: name, table, format, bytes, sha256: sha256.digest('hex') })),
  };
}

/** Waits only where something is written. */
async function addTo(sinks: readonly TableSink[], row: readonly Cell[]): Promise<void> {
  for (const sink of sinks) {
    const written = sink.add(row);
    if (written) await written;
  }
}

async function openFile(files: Opened[], folder: string, table: TableName, format: TableFormat, part: number, parts: number): Promise<TableFile> {
  const number = (k: number): string => String(k).padStart(4, '0');
  const name = `${table}${parts === 1 ? '' : `-${number(part)}-of-${number(parts)}`}.${format}`;
  const file: Opened = { name, table, format, output: await openOutput(join(folder, name)), sha256: createHash('sha256'), bytes: 0 };
  files.push(file);
  return {
    write(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      file.sha256.update(bytes);
      file.bytes += bytes.length;
      return file.output.write(bytes);
    },
  };
}
