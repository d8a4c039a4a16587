/** Stands in for src/signal/csv.ts in the page: shipped recordings, parsed when the page was built. */
import { RECORDINGS } from 'virtual:qrails/files';
import { QrailsError } from '../../errors.js';
import type { CsvOptions } from '../../signal/csv.js';
import { emptyCell, type Table } from '../../signal/table.js';

/** @throws QrailsError `not-found` for a recording or column that was not shipped with the page; `data` for an empty cell, as told */
export function readCsv(path: string, options: CsvOptions): Promise<Table> {
  return Promise.resolve().then(() => {
    const { shown, limit } = options;
    const recording = Object.hasOwn(RECORDINGS, path) ? RECORDINGS[path] : undefined;
    if (recording === undefined) throw new QrailsError({ code: 'not-found', where: shown, message: 'this page does not have the recording', try: 'qrails on the command line' });
    const columns = (options.columns ?? Object.keys(recording)).map((column) => {
      if (Object.hasOwn(recording, column)) return recording[column]!;
      throw new QrailsError({ code: 'not-found', where: shown, message: 'there is no column of numbers of this name', found: JSON.stringify(column), expected: Object.keys(recording).join(', ') });
    });
    const rows = Math.min(columns[0]!.length, limit);
    const values = new Float64Array(rows * columns.length);
    for (let row = 0; row < rows; row++) {
      columns.forEach((cells, slot) => {
        const place = row * columns.length + slot;
        values[place] = cells[row] ?? emptyCell(options, row === 0 ? undefined : values[place - columns.length], `${shown}, row ${row + 1}`);
      });
    }
    return { rows, values };
  });
}
