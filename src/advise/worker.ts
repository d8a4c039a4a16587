/** A worker thread: runs designs of one setup. */
import { Tinypool } from 'tinypool';
import { loadCore, type CoreExports } from '../core/load.js';
import type { Task, WorkerData } from './runner.js';
import { runDesign, type Ran } from './scenario.js';

let core: Promise<CoreExports> | undefined;

export default async function run({ index, design, modes }: Task): Promise<Ran> {
  const { setup, module } = Tinypool.workerData as WorkerData;
  return runDesign(await (core ??= loadCore(undefined, module)), setup, index, design, modes);
}
