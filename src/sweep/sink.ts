/** Where the rows of a table go. */
import type { Cell, Column } from './columns.js';

/** A file being written, of which nothing is under its name yet. */
export interface TableFile {
  /** `content` may not be changed afterwards. */
  write(content: string | Uint8Array): Promise<void>;
}

/** Rows of one table into the files of one format. `add` and `end` are not called again before what they return is settled. */
export interface TableSink {
  /** A promise only where something was written. */
  add(row: readonly Cell[]): Promise<void> | undefined;
  /** Writes what is left; there are no more rows. */
  end(): Promise<void>;
}

/**
 * Opens the sink of a format.
 *
 * @param rows of the whole table
 * @param open opens a further file of this table: part `part` of `parts`, both from 1
 */
export type OpenSink = (columns: readonly Column[], rows: number, open: (part: number, parts: number) => Promise<TableFile>) => Promise<TableSink>;
