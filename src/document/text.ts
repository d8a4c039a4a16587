/** Reads text as hostile input: bounded, regular UTF-8, every failure named. */
import { open } from 'node:fs/promises';
import { QrailsError } from '../errors.js';

/** Largest document read, bytes. */
export const DOCUMENT_LIMIT = 16 * 1024 * 1024;

/** What messages call standard input. */
export const STDIN_LABEL = '(standard input)';

type Chunks = AsyncIterable<Uint8Array | string>;

/**
 * Reads a text file, or standard input for `-`.
 *
 * @param file path, or `-`
 * @param label what messages call it
 * @param limit largest size, bytes; reading stops there, so an endless device is refused too
 * @param stdin stream read for `-`
 * @throws QrailsError `not-found`; `unreadable` for a directory, no permission, too large or not UTF-8; `usage` for standard input read twice
 * @example const text = await readText('mine.json');
 */
export async function readText(
  file: string,
  label = file === '-' ? STDIN_LABEL : file,
  limit = DOCUMENT_LIMIT,
  stdin: Chunks & { readableEnded?: boolean } = process.stdin,
): Promise<string> {
  if (file === '-') {
    if (stdin.readableEnded === true) {
      throw new QrailsError({ code: 'usage', where: '-', message: 'standard input was read already', try: 'give one of the documents as a file' });
    }
    return decode(await collect(stdin, label, limit), label);
  }
  return decode(await readFileBytes(file, label, limit), label);
}

async function readFileBytes(file: string, label: string, limit: number): Promise<Uint8Array> {
  if (file.includes('\0')) throw new QrailsError({ code: 'not-found', where: JSON.stringify(label), message: 'a file name cannot hold a zero byte' });
  try {
    const handle = await open(file, 'r');
    try {
      if ((await handle.stat()).isDirectory()) {
        throw new QrailsError({ code: 'unreadable', where: label, message: 'is a directory', expected: 'a file' });
      }
      // autoClose off: `finally` closes it, also when the limit stops the reading.
      return await collect(handle.createReadStream({ autoClose: false }), label, limit);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof QrailsError ? error : systemError(error, label);
  }
}

async function collect(chunks: Chunks, label: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > limit) {
      throw new QrailsError({ code: 'unreadable', where: label, message: 'is too large', expected: `at most ${limit} bytes` });
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function decode(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new QrailsError({ code: 'unreadable', where: label, message: 'is not UTF-8 text', try: 'save it as UTF-8' });
  }
}

function systemError(error: unknown, label: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new QrailsError({ code: 'not-found', where: label, message: 'no such file' });
  if (code === 'EISDIR') return new QrailsError({ code: 'unreadable', where: label, message: 'is a directory', expected: 'a file' });
  if (code !== undefined) return new QrailsError({ code: 'unreadable', where: label, message: `cannot be read (${code})` });
  return error;
}
