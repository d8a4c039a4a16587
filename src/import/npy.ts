/** NumPy arrays of one or two dimensions. */
import { open } from 'node:fs/promises';
import { QrailsError } from '../errors.js';
import { fromDouble } from '../format/real.js';
import { readNpy } from '../signal/npy.js';
import type { NumberArray } from './array.js';
import { refusal } from './refusal.js';
import { checkCount } from './text.js';

/** Bytes of a file in which its type and shape stand. */
const HEAD = 4096;
const SHAPE = /'shape':\s{0,8}\((\d{1,15}),?\s{0,8}(?:(\d{1,15}),?\s{0,8})?\)/;
const INTEGERS = /'descr':\s{0,8}'[<|=]?[iu]\d'/;

/**
 * Reads every column of an array. Integers are raws; they must lie within ±2^53, up to which doubles are exact.
 *
 * @param label what messages call the file
 * @throws QrailsError as `readNpy` does; `data` for integers beyond 2^53, empty cells and too many numbers
 */
export async function readNpyArray(path: string, label: string, name: string): Promise<NumberArray> {
  const head = await readHead(path, label);
  const [, rows, columns = '1'] = SHAPE.exec(head) ?? [];
  const width = Number(columns);
  if (rows !== undefined) checkCount(Number(rows) * width, label);
  const options = { shown: label, limit: Infinity, missing: 'refuse', advice: { path: 'name a file that is there', empty: 'fill it in' } } as const;
  // What is no header of one or two dimensions is refused, and explained, by the reader.
  const table = await readNpy(path, { ...options, columns: rows === undefined ? undefined : Array.from({ length: Math.min(width, 65536) }, (_, column) => column) });
  const values = [...table.values];
  const shape = width === 1 ? [table.rows] : [table.rows, width];
  if (!INTEGERS.test(head)) return { name, file: label, shape, numbers: { kind: 'real', values: values.map(fromDouble) } };
  const beyond = values.findIndex((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER);
  if (beyond >= 0) {
    throw refusal('data', `${label}[${Math.floor(beyond / width)}, ${beyond % width}]`, 'an integer that is not read exactly', String(values[beyond]), 'within ±2^53');
  }
  return { name, file: label, shape, numbers: { kind: 'raw', values: values.map(BigInt) } };
}

async function readHead(path: string, label: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return ''; // told by the reader
  try {
    if (!(await file.stat()).isFile()) return '';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } catch {
    throw new QrailsError({ code: 'unreadable', where: label, message: 'the file cannot be read' });
  } finally {
    await file.close();
  }
}
