/**
 * Loaded into a sweep before it begins (`node --import`): ends it at a byte of its journal, which no watcher from outside can do for certain.
 * SIGKILL cuts the write that reaches QRAILS_STRIKE_BYTES at that byte; any other signal comes as soon as that write is done.
 */
import { syncBuiltinESMExports } from 'node:module';
import promises from 'node:fs/promises';

const { QRAILS_STRIKE: signal, QRAILS_STRIKE_BYTES: bytes } = process.env;
const { open } = promises;
promises.open = async (path, ...how) => {
  const handle = await open(path, ...how);
  if (!String(path).endsWith('journal.ndjson')) return handle;
  const append = handle.appendFile.bind(handle);
  handle.appendFile = async (batch) => {
    const room = Number(bytes) - (await handle.stat()).size;
    const reached = room <= batch.length;
    await append(reached && signal === 'SIGKILL' ? batch.subarray(0, Math.max(0, room)) : batch);
    if (reached) process.kill(process.pid, signal);
  };
  return handle;
};
syncBuiltinESMExports();
