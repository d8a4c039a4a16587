/** Writes a file under a temporary name and renames it, so that nothing half-written is ever left under its name. */
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { QrailsError } from '../errors.js';

/** A file being written in pieces. Nothing is under its name before `close`; `discard` leaves nothing behind. */
export interface OutputFile {
  write(text: string): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

const reasons: Record<string, string> = {
  ENOENT: 'the folder is not there', EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file', EISDIR: 'it is a folder', ENOSPC: 'no space left', ENAMETOOLONG: 'the name is too long',
};

/** Turns a file system error into a message for the user; anything else passes. */
export function outputError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) return error;
  return new QrailsError({ code: 'output', where: path, message: 'cannot be written', found: reasons[code] ?? code, expected: 'a file in a folder that exists and can be written to' });
}

/** @throws QrailsError `output` where the file cannot be made */
export async function openOutput(path: string): Promise<OutputFile> {
  const target = resolve(path);
  if (await stat(target).then((found) => found.isDirectory(), () => false)) throw outputError(path, { code: 'EISDIR' });
  const temporary = `${target}.${process.pid}.part`;
  await open(temporary, 'wx').then((handle) => handle.close(), (error: unknown) => { throw outputError(path, error); });
  const stream = createWriteStream(temporary);
  let failure: unknown;
  stream.on('error', (error) => (failure = error));
  const fail = async (error: unknown): Promise<never> => {
    await rm(temporary, { force: true });
    throw outputError(path, error);
  };
  return {
    async write(text) {
      if (failure !== undefined) await fail(failure);
      if (!stream.write(text)) await new Promise<void>((drained) => { stream.once('drain', drained); stream.once('error', () => drained()); });
      if (failure !== undefined) await fail(failure);
    },
    async close() {
      stream.end();
      await finished(stream).catch(fail);
      await rename(temporary, target).catch(fail);
    },
    async discard() {
      stream.destroy();
      await rm(temporary, { force: true });
    },
  };
}

/** Writes a whole text, or nothing. */
export async function writeOutput(path: string, text: string): Promise<void> {
  const file = await openOutput(path);
  await file.write(text);
  await file.close();
}

