/** A table as Parquet: Snappy, data pages of version 2, with the smallest and largest value of every column in every row group. */
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { Cell, ColumnKind } from './columns.js';
import type { OpenSink, TableFile } from './sink.js';

/** Cells of a row group: what is held until it is written. */
export const GROUP_CELLS = 2 ** 20;
/** Columns of all row groups of a file: each has an entry of about a kilobyte in the index at the end of the file, held until then. */
export const FILE_CHUNKS = 2 ** 16;
/** One page for each column of a row group. */
const PAGE_BYTES = 2 ** 31;

const TYPES = { integer: 'INT64', number: 'DOUBLE', boolean: 'BOOLEAN', text: 'STRING' } as const satisfies Record<ColumnKind, string>;

/** Cells of one column until they are written: numbers outside the heap, where they would be an object each. */
interface Held {
  put(at: number, cell: Cell): void;
  take(count: number): unknown[] | Float64Array | BigInt64Array;
}

function heldNumbers(rows: number): Held {
  const values = new Float64Array(rows); // NaN where there is none
  return {
    put: (at, cell) => void (values[at] = cell === null ? NaN : (cell as number)),
    take(count) {
      const part = values.subarray(0, count);
      return part.some(Number.isNaN) ? Array.from(part, (value) => (Number.isNaN(value) ? null : value)) : part;
    },
  };
}

function heldIntegers(rows: number): Held {
  const values = new BigInt64Array(rows);
  return { put: (at, cell) => void (values[at] = BigInt(cell as number)), take: (count) => values.subarray(0, count) };
}

function heldOthers(rows: number): Held {
  const values = new Array<Cell>(rows);
  return { put: (at, cell) => void (values[at] = cell), take: (count) => values.slice(0, count) };
}

const HELD: Record<ColumnKind, (rows: number) => Held> = { integer: heldIntegers, number: heldNumbers, boolean: heldOthers, text: heldOthers };

/** How many rows a row group and a file have at the most. */
export function parquetSizes(columns: number, { cells = GROUP_CELLS, chunks = FILE_CHUNKS } = {}): { group: number; file: number } {
  const group = Math.max(1, Math.floor(cells / columns));
  return { group, file: group * Math.max(1, Math.floor(chunks / columns)) };
}

/**
 * A sink that begins another file where one would get too long an index: the name of the last file says how many there are.
 * Bounds, for tests: cells of a row group and columns of all row groups of a file.
 */
export const parquetSink = (bounds?: { cells?: number; chunks?: number }): OpenSink => async (columns, rows, open) => {
  const { group, file: fileRows } = parquetSizes(columns.length, bounds);
  const parts = Math.max(1, Math.ceil(rows / fileRows));
  const described = columns.map(({ name, kind }) => ({ name, type: TYPES[kind], nullable: kind !== 'integer' && kind !== 'boolean', data: [] }));
  const schema = schemaFromColumnData({ columnData: described });
  let part = 0;
  let inFile = 0;
  let current: { file: TableFile; bytes: ByteWriter; writer: ParquetWriter };
  const begin = async (): Promise<void> => {
    const bytes = new ByteWriter();
    current = { file: await open(++part, parts), bytes, writer: new ParquetWriter({ writer: bytes, schema, createdBy: 'qrails' }) };
    inFile = 0;
  };
  const passOn = async (): Promise<void> => {
    const { file, bytes } = current;
    const content = bytes.getBytes().slice();
    bytes.index = 0;
    await file.write(content);
  };
  const finish = async (): Promise<void> => {
    void current.writer.finish(); // into memory: at once
    await passOn();
  };

  const held = columns.map(({ kind }) => HELD[kind](group));
  let filled = 0;
  const flush = async (): Promise<void> => {
    if (inFile === fileRows) {
      await finish();
      await begin();
    }
    const count = filled;
    filled = 0;
    inFile += count;
    // Asked for one after the other, so that one column at a time is copied.
    const columnData = columns.map(({ name }, k) => ({ name, get data() { return held[k]!.take(count); } }));
    void current.writer.write({ columnData, rowGroupSize: count, pageSize: PAGE_BYTES });
    await passOn();
  };
  await begin();
  return {
    add(row) {
      for (let k = 0; k < held.length; k++) held[k]!.put(filled, row[k]!);
      filled++;
      return filled < group ? undefined : flush();
    },
    async end() {
      if (filled > 0) await flush();
      await finish();
    },
  };
};

export const openParquet: OpenSink = parquetSink();
