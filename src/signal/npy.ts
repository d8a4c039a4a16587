/**
 * Reads chosen columns of a NumPy array file (.npy, versions 1 to 3) as doubles. The header is a Python literal; it is matched against the one
 * form a plain array has and never evaluated. Format: numpy.lib.format in NumPy's documentation.
 */
import type { FileHandle } from 'node:fs/promises';
import { printable } from '../document/show.js';
import { QrailsError, type ErrorParts } from '../errors.js';
import { openRegular } from './file.js';
import { emptyCell, type Table, type TableOptions } from './table.js';
import { checkSize } from './values.js';

const MAGIC = '\x93NUMPY';
/** Longest header read, bytes; that of a plain array has 118. */
const MAX_HEADER = 65535;
const MAX_COLUMNS = 65536;
/** Bytes read at once. */
const BLOCK = 2 ** 20;

/** One entry of the header's dictionary with the comma behind it, or the end before the brace. */
const ENTRY = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^'\\]*)'|(True|False)|\(([\d\s,]*)\))\s*(?:,|(?=\}))/y;
const PLAIN = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000, 3), }";

interface Element {
  readonly bytes: number;
  readonly read: (buffer: Buffer, at: number) => number;
}

/** Elements that are read, each to the nearest double. */
const ELEMENTS = new Map<string, Element>(Object.entries({
  '<f4': { bytes: 4, read: (buffer, at) => buffer.readFloatLE(at) },
  '<f8': { bytes: 8, read: (buffer, at) => buffer.readDoubleLE(at) },
  '|i1': { bytes: 1, read: (buffer, at) => buffer.readInt8(at) },
  '<i2': { bytes: 2, read: (buffer, at) => buffer.readInt16LE(at) },
  '<i4': { bytes: 4, read: (buffer, at) => buffer.readInt32LE(at) },
  '<i8': { bytes: 8, read: (buffer, at) => Number(buffer.readBigInt64LE(at)) },
  '|u1': { bytes: 1, read: (buffer, at) => buffer.readUInt8(at) },
  '<u2': { bytes: 2, read: (buffer, at) => buffer.readUInt16LE(at) },
  '<u4': { bytes: 4, read: (buffer, at) => buffer.readUInt32LE(at) },
  '<u8': { bytes: 8, read: (buffer, at) => Number(buffer.readBigUInt64LE(at)) },
} satisfies Record<string, Element>));

export interface NpyOptions extends TableOptions {
  /** Columns to read, each once; undefined for the only one there is. */
  readonly columns: readonly number[] | undefined;
}

interface NpyHeader {
  readonly element: Element;
  /** Columns stand one after another, not rows. */
  readonly fortranOrder: boolean;
  readonly rows: number;
  readonly columns: number;
  /** Byte the first element starts at. */
  readonly start: number;
}

/**
 * Reads a one-dimensional array (one column) or a two-dimensional one (rows × columns). NaN is an empty cell.
 *
 * @throws QrailsError `not-found` (no such file, no such column), `unreadable` (not a plain array), `invalid` (no column named where there are
 *   several) or `data` (its content), naming file, row and column as Python counts them, from 0
 */
export async function readNpy(path: string, options: NpyOptions): Promise<Table> {
  const { shown, limit } = options;
  const { file, size } = await openRegular(path, shown, options.advice.path);
  try {
    const header = await readHeader(file, size, shown);
    const columns = chosen(options.columns, header, shown);
    const rows = Math.min(header.rows, limit);
    checkSize(rows, columns.length, shown);
    return { rows, values: await readColumns(file, header, columns, rows, options) };
  } finally {
    await file.close();
  }
}

/** Reads exactly so many bytes. */
async function readBytes(file: FileHandle, position: number, length: number, shown: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new QrailsError({ code: 'unreadable', where: shown, message: 'the file ends early', try: 'save the array again' });
    filled += bytesRead;
  }
  return buffer;
}

async function readHeader(file: FileHandle, size: number, shown: string): Promise<NpyHeader> {
  const refuse = (parts: Omit<ErrorParts, 'code' | 'where'>): never => {
    throw new QrailsError({ code: 'unreadable', where: shown, ...parts });
  };
  const plain = 'numpy.save of a plain array of numbers';
  const prelude = await readBytes(file, 0, Math.min(size, 12), shown);
  if (prelude.toString('latin1', 0, 6) !== MAGIC || size < 12) return refuse({ message: 'this is not a NumPy array file', expected: plain });
  const [major, minor] = [prelude[6]!, prelude[7]!];
  if (major < 1 || major > 3 || minor !== 0) return refuse({ message: 'unknown version of the NumPy format', found: `${major}.${minor}`, expected: '1.0, 2.0 or 3.0' });
  const [length, at] = major === 1 ? [prelude.readUInt16LE(8), 10] : [prelude.readUInt32LE(8), 12];
  const start = at + length;
  if (length > MAX_HEADER || start > size) return refuse({ message: 'the header of this array is too long', found: `${length} bytes`, expected: plain });

  const text = (await readBytes(file, at, length, shown)).toString('latin1');
  const entries = new Map<string, string>();
  let end = text.startsWith('{') ? 1 : 0;
  for (ENTRY.lastIndex = end; end > 0;) {
    const match = ENTRY.exec(text);
    if (match === null) break;
    const [, key, string, boolean, tuple] = match;
    if (entries.has(key!)) return refuse({ message: `the header of this array states ${key} twice` });
    entries.set(key!, string ?? boolean ?? tuple!);
    end = ENTRY.lastIndex;
  }
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map((key) => entries.get(key));
  if (!/^\s*\}\s*$/.test(text.slice(end)) || descr === undefined || (order !== 'True' && order !== 'False') || shape === undefined) {
    return refuse({ message: 'the header of this array is not that of plain numbers', found: printable(text.trim()), expected: PLAIN, try: plain });
  }
  const element = ELEMENTS.get(descr) ?? ELEMENTS.get(descr.replace('<', '|'));
  if (element === undefined) {
    return refuse({ message: 'elements of this type are not read', found: printable(descr), expected: `one of ${[...ELEMENTS.keys()].join(', ')}`, try: "array.astype('<f8')" });
  }
  const sizes = shape.trim() === '' ? [] : shape.replace(/,\s*$/, '').split(',').map((part) => (/^\s*\d{1,15}\s*$/.test(part) ? Number(part) : NaN));
  const [rows = NaN, columns = 1] = sizes;
  if (sizes.length > 2 || !(rows >= 1) || !(columns >= 1) || columns > MAX_COLUMNS) {
    return refuse({ message: 'this array is not a table', found: `shape (${printable(shape)})`, expected: `rows, or rows × columns, of at most ${MAX_COLUMNS} columns`, try: 'array.reshape' });
  }
  const needed = start + rows * columns * element.bytes;
  if (needed !== size) return refuse({ message: 'the file does not have the size its header says', found: `${size} bytes`, expected: `${needed}`, try: 'save the array again' });
  return { element, fortranOrder: order === 'True', rows, columns, start };
}

function chosen(wanted: readonly number[] | undefined, { columns }: NpyHeader, shown: string): readonly number[] {
  if (wanted === undefined && columns > 1) {
    throw new QrailsError({ code: 'invalid', where: shown, message: 'there is more than one column', found: `${columns}`, try: 'say which with "column", from 0' });
  }
  const missing = wanted?.find((column) => column >= columns);
  if (missing === undefined) return wanted ?? [0];
  throw new QrailsError({
    code: 'not-found', where: shown, message: `there is no column ${missing}`, expected: columns === 1 ? '0: the array has one column' : `0 to ${columns - 1}`,
  });
}

async function readColumns(file: FileHandle, header: NpyHeader, columns: readonly number[], rows: number, options: NpyOptions): Promise<Float64Array> {
  const { element: { bytes, read }, fortranOrder, start } = header;
  const width = columns.length;
  const values = new Float64Array(rows * width);

  const take = (buffer: Buffer, at: number, row: number, slot: number): void => {
    const place = row * width + slot;
    const value = read(buffer, at);
    if (Number.isFinite(value)) {
      values[place] = value;
      return;
    }
    const where = `${options.shown}[${row}, ${columns[slot]}]`;
    if (!Number.isNaN(value)) throw new QrailsError({ code: 'data', where, message: 'this cell is not a finite number', found: `${value}`, expected: 'a finite number' });
    values[place] = emptyCell(options, row === 0 ? undefined : values[place - width], where);
  };
  /** Reads `rows` runs of bytes that follow one another, in blocks. */
  const eachRow = async (position: number, rowBytes: number, visit: (buffer: Buffer, at: number, row: number) => void): Promise<void> => {
    const atOnce = Math.max(1, Math.floor(BLOCK / rowBytes));
    for (let row = 0; row < rows; row += atOnce) {
      const count = Math.min(atOnce, rows - row);
      const buffer = await readBytes(file, position + row * rowBytes, count * rowBytes, options.shown);
      for (let i = 0; i < count; i++) visit(buffer, i * rowBytes, row + i);
    }
  };

  if (fortranOrder) {
    for (const [slot, column] of columns.entries()) {
      await eachRow(start + column * header.rows * bytes, bytes, (buffer, at, row) => take(buffer, at, row, slot));
    }
  } else {
    await eachRow(start, header.columns * bytes, (buffer, at, row) => {
      for (let slot = 0; slot < width; slot++) take(buffer, at + columns[slot]! * bytes, row, slot);
    });
  }
  return values;
}
