/** Runs a sweep's pending runs on worker threads, in short intervals, of which a bounded number is under way at any time. */
import { Tinypool } from 'tinypool';
import { compileCore, type Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import type { DoneExtent, Interval, SweepSpace } from './types.js';
import type { Answer, WorkerData } from './worker.js';

export interface PoolOptions {
  readonly space: SweepSpace;
  /** Where relative paths of the specification start. */
  readonly directory: string;
  /** Runs to be run, in the order they are begun; taken as workers become free, never all at once. */
  readonly pending: Iterable<Interval>;
  /** Threads, at least 1. Never changes a result. */
  readonly workers: number;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** Stops the pool at once; runs under way are lost, finished intervals have been handed over. */
  readonly signal?: AbortSignal | undefined;
  /** MiB of heap a worker may take; default as the engine has it. */
  readonly heap?: number | undefined;
  /**
   * Takes what is finished, in no order. While 2 · `workers` promises are not settled, nothing more is begun.
   */
  readonly onExtent: (extent: DoneExtent) => Promise<void> | void;
}

/** What an interval should take: long beside handing it over, short beside a user's patience after Ctrl-C. */
const INTERVAL_MS = 100;
/** Runs in an interval at the most: with two intervals a worker, what bounds the results in memory. */
export const MOST_RUNS = 256;
/** Intervals under way for each worker: one that runs and one that waits for it. */
const UNDER_WAY = 2;

/** Compiled, also where this file runs from its source: threads run JavaScript. */
const WORKER = new URL('../../dist/sweep/worker.js', import.meta.url);

/**
 * Runs everything pending.
 *
 * @returns when every extent has been taken
 * @throws QrailsError `unsupported` naming the runs at which a worker ran out of memory; `invalid` where a document changed meanwhile; what `onExtent`
 *   throws; the reason of `signal`
 * @example await runPool({ space, directory: '.', pending: [{ from: 0, to: space.runs }], workers: 2, onExtent: (extent) => journal.append(extent) });
 */
export async function runPool({ space, directory, pending, workers, build, signal, heap, onExtent }: PoolOptions): Promise<void> {
  const data: WorkerData = { spec: space.spec, directory, hash: space.hash, module: await compileCore(build) };
  signal?.throwIfAborted();
  const pool = new Tinypool({
    filename: WORKER.href, minThreads: workers, maxThreads: workers, workerData: data, execArgv: [], ...(heap !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heap } }),
  });
  let length = 1;
  const intervals = new Intervals(pending);
  const lane = async (): Promise<void> => {
    for (let interval = intervals.take(length); interval; interval = intervals.take(length)) {
      const { from, to } = interval;
      const answer = await (pool.run(interval) as Promise<Answer>).catch((error: unknown) => blame(error, { from, to }));
      if ('failed' in answer) throw new QrailsError(answer.failed);
      const { done, milliseconds } = answer;
      intervals.giveBack({ from: done.to, to });
      length = Math.max(1, Math.min(MOST_RUNS, Math.floor(((done.to - from) * INTERVAL_MS) / milliseconds)));
      await onExtent(done);
    }
  };
  let aborted: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    aborted = () => reject(signal!.reason as Error);
    pool.on('error', reject); // a worker that ended between two intervals
  });
  signal?.addEventListener('abort', aborted);
  const lanes = Array.from({ length: UNDER_WAY * workers }, lane);
  try {
    await Promise.race([Promise.all(lanes), stopped]);
  } finally {
    signal?.removeEventListener('abort', aborted);
    intervals.close();
    await pool.destroy();
    await Promise.allSettled(lanes);
  }
}

/** Cuts what is pending into intervals, of which parts may come back. */
class Intervals {
  readonly #pending: Iterator<Interval>;
  readonly #begun: Interval[] = [];

  constructor(pending: Iterable<Interval>) {
    this.#pending = pending[Symbol.iterator]();
  }

  /** The next interval, of `length` runs at the most; undefined where there is none now. */
  take(length: number): Interval | undefined {
    let next = this.#begun.pop();
    while (!next) {
      const { value, done } = this.#pending.next() as IteratorResult<Interval, undefined>;
      if (done) return undefined;
      if (value.from < value.to) next = value;
    }
    const { from, to } = next;
    const end = Math.min(to, from + length);
    this.giveBack({ from: end, to });
    return { from, to: end };
  }

  giveBack(rest: Interval): void {
    if (rest.from < rest.to) this.#begun.push(rest);
  }

  /** Nothing more is taken. */
  close(): void {
    this.#begun.length = 0;
    this.#pending.return?.();
  }
}

/** Throws what ended a worker, or was thrown in it, with the runs it was at. */
function blame(error: unknown, { from, to }: Interval): never {
  const where = to - from === 1 ? `run ${from}` : `runs ${from} to ${to - 1}`;
  if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    throw new QrailsError({ code: 'unsupported', where, message: 'a worker ran out of memory', expected: 'plans and data that fit', try: 'fewer workers, or smaller batches and data' });
  }
  throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
