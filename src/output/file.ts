/** Writes a file under a temporary name and renames it, so that nothing half-written is ever left under its name. */
import { once } from 'node:events';
import { constants, rmSync } from 'node:fs';
import { access, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';

/** A file being written in pieces. Nothing is under its name before `close`; `discard` leaves nothing behind. */
export interface OutputFile {
  write(content: string | Uint8Array): Promise<void>;
  /** @param head written over the first bytes; only where `rewritable` */
  close(head?: Uint8Array): Promise<void>;
  discard(): Promise<void>;
  /** False for a device or pipe. */
  readonly rewritable: boolean;
}

const reasons: Record<string, string> = {
  ENOENT: 'the folder is not there', EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file', EISDIR: 'it is a folder', ENOSPC: 'no space left', ENAMETOOLONG: 'the name is too long',
};

/** Turns a file system error into a message for the user; anything else passes. */
export function outputError(path: string, error: unknown): unknown {
  if (error instanceof QrailsError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) return error;
  return new QrailsError({
    code: 'output', where: path === '' ? '""' : printable(path, 400), message: 'cannot be written', found: reasons[code] ?? code,
    expected: 'a file in a folder that exists and can be written to',
  });
}

/** Throws a file system error as a message for the user. */
export function fail(path: string, error: unknown): never {
  throw outputError(path, error);
}

/** Temporary files of this process: removed also where it ends without `close` or `discard`. */
let unfinished: Set<string> | undefined;

function removeAtExit(path: string): void {
  if (unfinished === undefined) {
    const left = (unfinished = new Set());
    process.once('exit', () => left.forEach((file) => rmSync(file, { force: true })));
  }
  unfinished.add(path);
}

/**
 * Opens a file for writing. A link stays a link, a device or pipe is written to as it is, and a file that is replaced keeps its permissions.
 *
 * @throws QrailsError `output` where the file cannot be made
 */
export async function openOutput(path: string): Promise<OutputFile> {
  const given = resolve(path);
  const target = await realpath(given).catch(() => given);
  const existing = await stat(target).catch(() => undefined);
  if (existing?.isDirectory()) throw outputError(path, { code: 'EISDIR' });
  const replaceable = existing === undefined || existing.isFile();
  const written = replaceable ? `${target}.${process.pid}.part` : target;
  const refuse = (error: unknown): never => {
    throw outputError(path, error);
  };
  if (existing) await access(target, constants.W_OK).catch(refuse);
  const handle = await open(written, replaceable ? 'wx' : 'w', (existing?.mode ?? 0o666) & 0o777).catch(refuse);
  if (replaceable) removeAtExit(written);
  const remove = async (): Promise<void> => {
    if (!replaceable) return;
    await rm(written, { force: true });
    unfinished?.delete(written);
  };
  const stream = handle.createWriteStream();
  let failure: unknown;
  stream.on('error', (error) => (failure = error));
  const fail = async (error: unknown): Promise<never> => {
    await remove();
    return refuse(error);
  };
  return {
    rewritable: replaceable,
    async write(content) {
      if (failure !== undefined) await fail(failure); // of a write that nobody waited for
      if (!stream.write(content)) await once(stream, 'drain').catch(fail);
    },
    async close(head) {
      stream.end();
      await finished(stream).catch(fail);
      if (!replaceable) return;
      if (head) await overwrite(written, head).catch(fail);
      await rename(written, target).catch(fail);
      unfinished?.delete(written);
    },
    async discard() {
      if (!stream.destroyed) await new Promise<void>((closed) => stream.once('close', closed).destroy());
      await remove();
    },
  };
}

async function overwrite(path: string, head: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.write(head, 0, head.length, 0);
  } finally {
    await handle.close();
  }
}

/** Writes a whole text, or nothing. */
export async function writeOutput(path: string, text: string): Promise<void> {
  const file = await openOutput(path);
  await file.write(text);
  await file.close();
}
