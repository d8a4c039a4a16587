/** Chosen columns of a file of numbers, and what becomes of the cells that are missing in it. */
import { QrailsError } from '../errors.js';

/** rows × columns, row-major, columns in the order asked for. NaN stands for an empty cell (`skip` only). */
export interface Table {
  readonly rows: number;
  readonly values: Float64Array;
}

/** An empty cell: an error, NaN in the table, or the value above it. */
export type Missing = 'refuse' | 'skip' | 'hold';

export interface TableOptions {
  /** The file as the user wrote it, for messages. */
  readonly shown: string;
  readonly missing: Missing;
  /** Rows after which reading stops. */
  readonly limit: number;
  /** Repairs that depend on who reads the file: where its path starts, and what to do about an empty cell. */
  readonly advice: { readonly path: string; readonly empty: string };
}

/**
 * The value of an empty cell.
 *
 * @param above the value above it; undefined in the first row
 * @throws QrailsError `data` where there is none
 */
export function emptyCell({ missing, advice }: TableOptions, above: number | undefined, where: string): number {
  if (missing === 'skip') return NaN;
  if (missing === 'refuse') throw new QrailsError({ code: 'data', where, message: 'this cell is empty', expected: 'a number', try: advice.empty });
  if (above !== undefined) return above;
  throw new QrailsError({
    code: 'data', where, message: 'this cell is empty and there is no value above it to hold',
    try: 'begin the recording with a complete row, or "missing": "skip"',
  });
}
