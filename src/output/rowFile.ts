/** Rows as they are made, into one file of the format its name ends in: whole or not at all, in memory that does not grow with the rows. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { TABLE_FORMATS, type TableFormat } from '../schema/sweepResult.js';
import type { Cell, Column } from '../sweep/columns.js';
import { openCsv, openNdjson } from '../sweep/lines.js';
import { npyFields, openNpy } from '../sweep/npy.js';
import { openParquet, parquetSizes } from '../sweep/parquet.js';
import type { OpenSink } from '../sweep/sink.js';
import { openOutput } from './file.js';
import { npyHead } from './npy.js';

export interface RowFile {
  /** A promise only where something was written. Not called again before that is settled. */
  add(row: readonly Cell[]): Promise<void> | undefined;
  close(): Promise<void>;
  discard(): Promise<void>;
}

const SINKS: Record<TableFormat, OpenSink> = { csv: openCsv, ndjson: openNdjson, parquet: openParquet, npy: openNpy };

/** The format that a name ends in. */
export const formatOf = (path: string): TableFormat | undefined => TABLE_FORMATS.find((format) => path.endsWith(`.${format}`));

/**
 * Opens a file for rows whose number nobody knows yet.
 *
 * Texts without codes are left out of an array (.npy). A Parquet file has at most 2^16 column chunks, some 24 million rows of 50 columns, so that its
 * index fits into memory; one row more is refused.
 *
 * @param where option that names the file, for messages
 * @throws QrailsError `usage` for a name with another ending, or an array into a device or pipe; `output` where it cannot be made
 * @example
 * const file = await openRowFile('run.parquet', '--trace', TRACE_TABLE);
 * await file.add(row); await file.close();
 */
export async function openRowFile(path: string, where: string, columns: readonly Column[]): Promise<RowFile> {
  const format = formatOf(path);
  if (format === undefined) {
    throw new QrailsError({ code: 'usage', where, message: 'an unknown kind of file', found: printable(path, 400), expected: `a name that ends in ${TABLE_FORMATS.map((name) => `.${name}`).join(', ')}` });
  }
  const output = await openOutput(path);
  // The head of an array says how many rows it has: it is written again when they are counted.
  const unknown = Number.MAX_SAFE_INTEGER;
  const headOf = (rows: number): Buffer => npyHead(npyFields(columns), [rows], npyHead(npyFields(columns), [unknown]).length);
  try {
    if (format === 'npy' && !output.rewritable) throw new QrailsError({ code: 'usage', where, message: 'an array begins with its length, which is known at the end', found: printable(path, 400), expected: 'a file; or .csv, .ndjson, .parquet' });
    const sink = await SINKS[format](columns, format === 'npy' ? unknown : 0, (part) => {
      if (part === 1) return Promise.resolve(output);
      throw new QrailsError({ code: 'output', where: printable(path, 400), message: 'has more rows than a Parquet file can index', expected: `at most ${parquetSizes(columns.length).file} rows`, try: 'a name that ends in .csv' });
    });
    let rows = 0;
    return {
      add(row) {
        rows++;
        return sink.add(row);
      },
      async close() {
        await sink.end();
        await (format === 'npy' ? output.close(headOf(rows)) : output.close());
      },
      discard: () => output.discard(),
    };
  } catch (error) {
    await output.discard();
    throw error;
  }
}
