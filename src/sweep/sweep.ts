/** Runs a sweep, or a shard of one: what is pending, on all cores, into a journal, and from that the tables. docs/sweep.md. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { writeOutput } from '../output/file.js';
import type { Sweep } from '../schema/sweep.js';
import { TABLE_FORMATS, type SweepResult, type TableFormat } from '../schema/sweepResult.js';
import type { SweepPart, SweepPlan } from '../schema/sweepViews.js';
import { defaultFolder, placed, RESULT_FILE, takeFolder, writeRecord } from './folder.js';
import { Interrupted } from './interrupted.js';
import { openJournal, type Journal } from './journal.js';
import { SWEEP_MEASURE_NAMES } from './measures.js';
import { runPool } from './pool.js';
import { blockPoints, checkCount, checkShard, shardPoints, shardRuns, WHOLE, type Shard } from './shard.js';
import { sortedRuns, type Journals } from './sort.js';
import { createSpace } from './space.js';
import { loadSweep, validateSweep } from './spec.js';
import { writeTables } from './tables.js';
import type { DoneExtent, Outcome, RunResult, SweepSpace } from './types.js';

export const DEFAULT_FORMATS: readonly TableFormat[] = ['csv'];
export const MOST_WORKERS = 1024;

export interface SweepProgress {
  /** Runs in the journal, those of earlier times included. */
  readonly done: number;
  readonly of: number;
  /** Of the runs of this time. */
  readonly outcomes: ReadonlyMap<Outcome, number>;
  /** Runs of this time, a second. */
  readonly perSecond: number;
}

export interface SpaceOptions {
  /** Path of a specification, or one. */
  readonly spec: string | Sweep;
  /** Where relative paths start; default the working directory. */
  readonly directory?: string | undefined;
}

export interface PartOptions extends SpaceOptions {
  /** Folder of the journal; default `NAME.sweep`, or `NAME.shards/i-of-n`. Made if it is not there. */
  readonly output?: string | undefined;
  /** Go on with the journal that is there, if one is; default false: one that is there is refused. */
  readonly resume?: boolean | undefined;
  readonly shard?: Shard | undefined;
  /** Threads; default one a core. Never changes a result. */
  readonly workers?: number | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when the journal is open, before anything is run. */
  readonly onBegin?: ((journal: Pick<Journal, 'dropped' | 'damaged'>) => void) | undefined;
  readonly onProgress?: ((progress: SweepProgress) => void) | undefined;
}

export interface SweepOptions extends Omit<PartOptions, 'shard'> {
  readonly formats?: readonly TableFormat[] | undefined;
  /** While the tables are written. */
  readonly onTables?: ((done: number, of: number) => void) | undefined;
}

/** Reads a specification and makes its space. */
export async function readSpace({ spec, directory = process.cwd() }: SpaceOptions): Promise<{ readonly space: SweepSpace; readonly directory: string }> {
  if (typeof spec !== 'string') return { space: await createSpace(await validateSweep(spec), directory), directory };
  const { value, baseDirectory, file } = await loadSweep(spec, directory);
  return { space: await createSpace(value, baseDirectory, file), directory: baseDirectory };
}

/**
 * Runs every run of a sweep that its journal does not have yet, and writes the tables.
 *
 * @returns the published result, `schema/sweepResult.schema.json`: the same, and the same files, however the sweep was interrupted and with any number of workers
 * @throws QrailsError for a specification that is wrong, a folder that holds something else, a journal without `resume`, or what cannot be written. A plan that
 *   cannot be made or run does not end the sweep: its run has an error.
 * @throws Interrupted, an AbortError, where `signal` was raised: what was done is kept
 * @example const { best } = await sweep({ spec: 'sweep.json', resume: true });
 */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const { formats = DEFAULT_FORMATS, signal, onTables } = options;
  checkFormats(formats);
  return work({ ...options, shard: WHOLE }, ({ space, folder, journal }) => writeResult(folder, space, [journal.path], { formats, signal, onTables }));
}

/**
 * Runs a shard of a sweep, into a journal of its own: `mergeSweep` makes the tables of all of them.
 *
 * @throws as `sweep`; QrailsError `usage` for a shard that cannot be
 * @example await sweepShard({ spec: 'sweep.json', shard: { index: 3, count: 16 } });
 */
export async function sweepShard(options: PartOptions): Promise<SweepPart> {
  return work(options, ({ space, shard }) => {
    const points = shardPoints(space, shard);
    return Promise.resolve({ sweepPart: 1 as const, sweep: space.hash, name: space.spec.name, part: [shard.index, shard.count] as [number, number], points, runs: points * space.seeds });
  });
}

/** Points of a sweep that are looked at by `planSweep`. */
const FIRST_POINTS = 5;

/**
 * What a sweep would run.
 *
 * @param shards number it is divided into
 * @throws QrailsError for a specification that is wrong, or more shards than points
 * @example (await planSweep({ spec: 'sweep.json' })).runs
 */
export async function planSweep(options: SpaceOptions, shards = 1): Promise<SweepPlan> {
  const { space } = await readSpace(options);
  checkShard({ index: 1, count: shards }, '--shards');
  checkCount(space, shards, '--shards');
  const { points, seeds, firstSeed, runs, columns, spec, hash } = space;
  return {
    sweepPlan: 1, sweep: hash, name: spec.name, points, seeds, firstSeed, runs, columns: [...columns],
    first: Array.from({ length: Math.min(points, FIRST_POINTS) }, (_, point) => [...space.valuesAt(point)]),
    parts: { count: shards, points: points / shards, block: blockPoints(space, shards) },
    journalBytes: runs * runBytes(space),
  };
}

/** Bytes of a run in a journal at the most: a line of its own, and every number as long as one can be. Errors are as long as their message. */
function runBytes({ spec: { numbers = 'both' }, hash, runs }: SweepSpace): number {
  const longest = -1.2345678901234567e-300;
  const side = { verdict: 'survives' as const, ...Object.fromEntries(SWEEP_MEASURE_NAMES.map((name) => [name, longest])) } as NonNullable<RunResult['fixed']>;
  const result: RunResult = { run: runs, hash, float: numbers === 'fixed' ? null : side, fixed: numbers === 'float64' ? null : side, error: null };
  return JSON.stringify({ from: runs, to: runs, results: [result], crc32: '00000000' }).length + 1;
}

interface Worked {
  readonly space: SweepSpace;
  readonly shard: Shard;
  readonly folder: string;
  readonly journal: Journal;
}

/** Runs what is pending, then does something while the folder is still locked. */
async function work<T>(options: PartOptions, then: (worked: Worked) => Promise<T>): Promise<T> {
  const { shard = WHOLE, signal, resume = false, workers = availableParallelism(), build } = options;
  checkShard(shard);
  checkWorkers(workers);
  const { space, directory } = await readSpace(options);
  const { points, seeds, runs, spec: { name }, hash } = space;
  const wanted = shardRuns(space, shard);
  const of = shardPoints(space, shard) * seeds;
  const folder = placed(options.directory, options.output ?? defaultFolder(name, shard));
  await takeFolder(folder, hash);
  const journal = await openJournal(folder, { sweep: hash, name, shard: [shard.index, shard.count], points, seeds, runs }, { resume });
  const { finished } = journal;
  try {
    try {
      await writeRecord(folder, space);
      options.onBegin?.(journal);
      const left = of - finished.runs;
      if (left > 0) {
        const watch = watched(of, journal, options.onProgress);
        const pending = finished.missing(wanted);
        await runPool({ space, directory, pending, workers: Math.min(workers, left), build, signal, onExtent: async (extent) => {
          await journal.append(extent);
          watch(extent);
        } });
        await journal.flush();
      }
      return await then({ space, shard, folder, journal });
    } finally {
      await journal.close();
    }
  } catch (error) {
    if (signal?.aborted && error instanceof Error && error.name === 'AbortError') throw new Interrupted(`${finished.runs} of ${of} runs are done and kept`, '--resume');
    throw error;
  }
}

/** Counts what comes in and tells it. */
function watched(of: number, { finished }: Journal, onProgress: PartOptions['onProgress']): (extent: DoneExtent) => void {
  const outcomes = new Map<Outcome, number>();
  const began = performance.now();
  let ran = 0;
  return ({ from, to, outcomes: added }) => {
    for (const [outcome, count] of added) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
    ran += to - from;
    onProgress?.({ done: finished.runs, of, outcomes, perSecond: (1000 * ran) / (performance.now() - began) });
  };
}

interface ResultOptions {
  readonly formats: readonly TableFormat[];
  readonly signal?: AbortSignal | undefined;
  readonly onTables?: SweepOptions['onTables'];
}

/** Tables and result from journals that have every run. The caller holds the folder's lock. */
export async function writeResult(folder: string, space: SweepSpace, journals: Journals, { formats, signal, onTables }: ResultOptions): Promise<SweepResult> {
  const result = await writeTables(folder, space, sortedRuns(journals, { folder }), formats, { signal, onProgress: onTables });
  await writeOutput(join(folder, RESULT_FILE), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

export function checkFormats(formats: readonly string[], where = '--format'): void {
  const unknown = formats.find((format) => !(TABLE_FORMATS as readonly string[]).includes(format));
  if (unknown === undefined) return;
  throw new QrailsError({ code: 'usage', where, message: 'there is no table of this kind', found: JSON.stringify(unknown), expected: `of ${TABLE_FORMATS.join(', ')}` });
}

function checkWorkers(workers: number): void {
  if (Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS) return;
  throw new QrailsError({ code: 'usage', where: '--workers', message: 'so many threads cannot be', found: String(workers), expected: `1 to ${MOST_WORKERS}` });
}
