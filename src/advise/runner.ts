/** Runs designs in this thread or on a pool of others. Which of both never changes an answer. */
import { Tinypool } from 'tinypool';
import { compileCore, loadCore, type Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import type { Design, Modes } from './design.js';
import { runDesign, type Ran, type Setup } from './scenario.js';

export interface Runner {
  /** Runs that may be under way at a time. */
  readonly workers: number;
  /** @param index of the scenario */
  run(index: number, design: Design, modes: Modes): Promise<Ran>;
  /** Ends the threads; runs under way are lost. */
  close(): Promise<void>;
}

export interface Task {
  readonly index: number;
  readonly design: Design;
  readonly modes: Modes;
}

export interface WorkerData {
  readonly setup: Setup;
  readonly module: WebAssembly.Module;
}

/** Compiled, also where this file runs from its source: threads run JavaScript. */
const WORKER = new URL('../../dist/advise/worker.js', import.meta.url);

/** @param workers threads; with one, runs are made in this thread */
export async function openRunner(setup: Setup, workers: number, build?: Build): Promise<Runner> {
  if (workers === 1) {
    const core = await loadCore(build);
    return { workers, run: (index, design, modes) => runDesign(core, setup, index, design, modes), close: () => Promise.resolve() };
  }
  const workerData: WorkerData = { setup, module: await compileCore(build) };
  const pool = new Tinypool({ filename: WORKER.href, minThreads: workers, maxThreads: workers, workerData, execArgv: [] });
  return { workers, run: (index, design, modes) => (pool.run({ index, design, modes } satisfies Task) as Promise<Ran>).catch(blame), close: () => pool.destroy() };
}

/** Throws what ended a worker. */
function blame(error: unknown): never {
  if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
  throw new QrailsError({ code: 'unsupported', message: 'a worker ran out of memory', expected: 'plans and data that fit', try: 'fewer --workers, or smaller batches and data' });
}
