/** Stands in for src/signal/npy.ts in the page, with which no array is shipped. */
import { QrailsError } from '../../errors.js';
import type { NpyOptions } from '../../signal/npy.js';
import type { Table } from '../../signal/table.js';

export function readNpy(_path: string, { shown }: NpyOptions): Promise<Table> {
  return Promise.reject(new QrailsError({ code: 'not-found', where: shown, message: 'this page does not have the array', try: 'qrails on the command line' }));
}
