/** A worker thread of the pool: makes the sweep's space anew, and runs intervals of it. */
import { Tinypool } from 'tinypool';
import { GROUP } from '../core/group.js';
import { QrailsError, type ErrorParts } from '../errors.js';
import type { Sweep } from '../schema/sweep.js';
import { createExecutor, type Executor } from './execute.js';
import { sealExtent } from './extent.js';
import { createSpace } from './space.js';
import { outcomeOf, type DoneExtent, type Interval, type Outcome, type RunResult } from './types.js';

export interface WorkerData {
  readonly spec: Sweep;
  /** Where relative paths of the specification start. */
  readonly directory: string;
  /** Of the space as the thread that began the sweep made it. */
  readonly hash: string;
  readonly module: WebAssembly.Module;
}

/** What a worker answers: the first runs of an interval, at least one, as text, which crosses threads at less cost than objects. Errors of the user's cross them as their parts. */
export type Answer = { readonly done: DoneExtent; readonly milliseconds: number } | { readonly failed: ErrorParts };

let executor: Promise<Executor> | undefined;

/** A worker answers after the run in which so many milliseconds have passed: plans may turn out longer than those before them. */
const LONGEST_MS = 200;

/** Runs an interval, or its beginning where that takes long. */
export default async function runInterval({ from, to }: Interval): Promise<Answer> {
  try {
    const { together } = await (executor ??= begin(Tinypool.workerData as WorkerData));
    const results: RunResult[] = [];
    const began = performance.now();
    let milliseconds = 0;
    for (let at = from; at < to && milliseconds < LONGEST_MS; at += GROUP) {
      results.push(...(await together({ from: at, to: Math.min(at + GROUP, to) })));
      milliseconds = performance.now() - began;
    }
    const outcomes = new Map<Outcome, number>();
    for (const outcome of results.map(outcomeOf)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    return { done: { ...sealExtent({ from, results }), outcomes }, milliseconds };
  } catch (error) {
    if (error instanceof QrailsError) return { failed: error.parts };
    throw error;
  }
}

async function begin({ spec, directory, hash, module }: WorkerData): Promise<Executor> {
  const space = await createSpace(spec, directory);
  if (space.hash !== hash) {
    throw new QrailsError({ code: 'invalid', where: 'sweep', message: 'a document or recording changed since the sweep began', found: `hash ${space.hash}`, expected: hash });
  }
  return createExecutor(space, { module });
}
