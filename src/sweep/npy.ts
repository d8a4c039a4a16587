/** A table as a structured NumPy array: one field a column, but for texts that have no codes. */
import { npyHead, type NpyField } from '../output/npy.js';
import type { Cell, Column, ColumnKind } from './columns.js';
import type { OpenSink } from './sink.js';

interface Element {
  readonly type: string;
  readonly bytes: number;
  readonly write: (buffer: Buffer, at: number, cell: Cell, column: Column) => void;
}

/** Where there is nothing: NaN, or code −1. */
const ELEMENTS: Record<ColumnKind, Element> = {
  integer: { type: '<i8', bytes: 8, write: (buffer, at, cell) => buffer.writeBigInt64LE(BigInt(cell as number), at) },
  number: { type: '<f8', bytes: 8, write: (buffer, at, cell) => buffer.writeDoubleLE((cell as number | null) ?? NaN, at) },
  boolean: { type: '|b1', bytes: 1, write: (buffer, at, cell) => buffer.writeUInt8(Number(cell), at) },
  text: { type: '<i4', bytes: 4, write: (buffer, at, cell, { codes }) => buffer.writeInt32LE(cell === null ? -1 : codes!.get(cell as string)!, at) },
};
/** Columns that an array has. */
const isField = ({ kind, codes }: Column): boolean => kind !== 'text' || codes !== undefined;
/** Fields of the array of a table. */
export const npyFields = (columns: readonly Column[]): NpyField[] => columns.filter(isField).map(({ name, kind }) => [name, ELEMENTS[kind].type]);
/** Bytes written at once, at the least. */
const AT_ONCE = 2 ** 16;

/**
 * `numpy.load` gives an array of rows, `array['fixed.finalLoss']` a column of it. A text is its place among the values its column can have, in the order
 * of the specification or of the verdicts; free text is left out.
 */
export const openNpy: OpenSink = async (columns, rows, open) => {
  const fields: { column: Column; place: number; at: number; element: Element }[] = [];
  let rowBytes = 0;
  for (const [place, column] of columns.entries()) {
    if (!isField(column)) continue;
    const element = ELEMENTS[column.kind];
    fields.push({ column, place, at: rowBytes, element });
    rowBytes += element.bytes;
  }
  const file = await open(1, 1);
  await file.write(npyHead(npyFields(columns), [rows]));
  const size = Math.ceil(AT_ONCE / rowBytes) * rowBytes;
  let buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  const flush = (): Promise<void> => {
    const full = buffer.subarray(0, filled);
    buffer = Buffer.allocUnsafe(size);
    filled = 0;
    return file.write(full);
  };
  return {
    add(row) {
      for (const { column, place, at, element } of fields) element.write(buffer, filled + at, row[place]!, column);
      filled += rowBytes;
      return filled < size ? undefined : flush();
    },
    end: flush,
  };
};
