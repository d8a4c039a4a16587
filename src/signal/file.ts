/** Opens files of numbers: regular ones only, every failure named. */
import { open, type FileHandle } from 'node:fs/promises';
import { QrailsError } from '../errors.js';

/** What went wrong with a file, in words. `advice` says where a path starts. */
export function fileError(error: unknown, where: string, advice: string): QrailsError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new QrailsError({ code: 'not-found', where, message: 'no such file', try: advice });
  return new QrailsError({ code: 'unreadable', where, message: 'the file cannot be read', found: message });
}

/** @throws QrailsError `not-found`; `unreadable` for what is not a regular file that may be read */
export async function openRegular(path: string, where: string, advice: string): Promise<{ readonly file: FileHandle; readonly size: number }> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw fileError(error, where, advice);
  });
  const stat = await file.stat();
  if (stat.isFile()) return { file, size: stat.size };
  await file.close();
  throw stat.isDirectory()
    ? new QrailsError({ code: 'unreadable', where, message: 'this is a directory', try: 'name the file in it' })
    : new QrailsError({ code: 'unreadable', where, message: 'this is not a regular file', try: 'write the recording to a file first' });
}
