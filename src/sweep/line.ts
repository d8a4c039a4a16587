/**
 * Lines of a journal: NDJSON, each an object that ends in the CRC-32 of its own bytes before `,"crc32"`, so that a line that was torn, or damaged later,
 * is told from a whole one without its neighbours. What the objects are is for others to say.
 */
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';

/** Longest line written, and read: a longer one was not written here. */
export const MOST_LINE_BYTES = 64 * 1024;

const sealOf = (body: Uint8Array): string => `,"crc32":"${crc32(body).toString(16).padStart(8, '0')}"}\n`;
/** Most bytes of a line beside the text of its object. */
export const SEAL_BYTES = sealOf(new Uint8Array()).length;

/**
 * The line of an object.
 *
 * @param text its JSON, with a key at least; with `SEAL_BYTES` at most `MOST_LINE_BYTES`
 * @example sealed('{"a":1}').toString() // {"a":1,"crc32":"…"} and a newline
 */
export function sealed(text: string): Buffer {
  const body = Buffer.from(text.slice(0, -1));
  return Buffer.concat([body, Buffer.from(sealOf(body))]);
}

function isWhole(line: Buffer): boolean {
  const body = line.length - SEAL_BYTES;
  return body > 0 && line.toString('latin1', body) === sealOf(line.subarray(0, body));
}

/** The object of a line; undefined where it is none: a good checksum does not make it ours. */
export function parsed(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** File and line, for messages. */
export const whereIn = (path: string, line: number): string => `${printable(path, 400)}: line ${line}`;

export interface ScannedLine {
  /** From 1. */
  readonly number: number;
  /** Offset behind it. */
  readonly end: number;
  /** With its newline; undefined where it is torn or damaged. */
  readonly bytes: Buffer | undefined;
  /** As it is, cut to `MOST_LINE_BYTES`. */
  readonly found: Buffer;
}

/**
 * Every line of a file, whole or not. Memory: three chunks of 64 KiB and a line.
 *
 * @throws QrailsError `not-found`, `unreadable`
 */
export async function* scan(path: string): AsyncGenerator<ScannedLine, void> {
  let parts: Buffer[] = [];
  let [number, end, length] = [0, 0, 0];
  const take = (): ScannedLine => {
    const found = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const line = { number: ++number, end, bytes: length === found.length && isWhole(found) ? found : undefined, found };
    [parts, length] = [[], 0];
    return line;
  };
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: MOST_LINE_BYTES }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        const newline = chunk.indexOf(10, at);
        const stop = newline < 0 ? chunk.length : newline + 1;
        const room = Math.min(stop, at + Math.max(0, MOST_LINE_BYTES - length)); // an endless line is not kept
        if (room > at) parts.push(chunk.subarray(at, room));
        length += stop - at;
        end += stop - at;
        at = stop;
        if (newline >= 0) yield take();
      }
    }
    if (length > 0) yield take();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof QrailsError) throw error;
    throw new QrailsError({ code: code === 'ENOENT' ? 'not-found' : 'unreadable', where: printable(path, 400), message: code === 'ENOENT' ? 'there is no journal' : `cannot be read (${code})` });
  }
}

/** What is kept of a file that is gone on with. */
export interface Kept {
  /** Offset behind the last whole line. */
  readonly end: number;
  /** Lines that are to be cut off the end: torn or damaged. */
  readonly dropped: number;
  /** Damaged lines between whole ones, which are passed over. */
  readonly damaged: number;
}

export const NOTHING: Kept = { end: 0, dropped: 0, damaged: 0 };

/**
 * Reads a file that a process may have been killed in writing. Damaged lines with none whole behind them are its tail, to be cut off; others are passed over.
 *
 * @param head the first line, as it would be written
 * @param takeHead called with the first line, whole or not, unless it is a torn `head`: then nothing is kept
 * @param take called with every other whole line
 */
export async function recover(path: string, head: Buffer, takeHead: (line: ScannedLine) => void, take: (bytes: Buffer, where: string) => void): Promise<Kept> {
  let [end, tail, damaged] = [0, 0, 0];
  for await (const line of scan(path)) {
    if (line.number === 1) {
      // Killed in its first moment: not even the head is there.
      if (line.bytes === undefined && head.subarray(0, line.found.length).equals(line.found)) return { ...NOTHING, dropped: 1 };
      takeHead(line);
    } else if (line.bytes === undefined) {
      tail++;
      continue;
    } else take(line.bytes, whereIn(path, line.number));
    [end, damaged, tail] = [line.end, damaged + tail, 0];
  }
  return { end, dropped: tail, damaged };
}
