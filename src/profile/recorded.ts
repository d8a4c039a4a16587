/** Recorded gains, offsets and voltages: read once, when their sensor is loaded, and from then on curves with values. */
import { resolve } from 'node:path';
import { QrailsError } from '../errors.js';
import { LONGEST_CURVE, type Sensor } from '../schema/sensor.js';
import { readCsv } from '../signal/csv.js';
import { readNpy } from '../signal/npy.js';
import { DEFAULT_DELIMITER } from '../signal/recording.js';
import type { Table } from '../signal/table.js';

type AnyTerm = NonNullable<Sensor['gain' | 'offset']>[number] | NonNullable<Sensor['supply']>['terms'][number];
type Recorded = Extract<AnyTerm, { kind: 'recorded' }>;

const ADVICE = { path: 'a path relative to the sensor file', empty: 'fill it in, or leave the row out: a curve has no gaps' };

/**
 * The terms with every recorded one read.
 *
 * @param directory where their paths start
 * @param where what messages call the list
 * @throws QrailsError `not-found`, `unreadable`, `data` or `invalid`, naming the place in the file
 */
export async function readTerms<T extends AnyTerm>(terms: readonly T[], directory: string, where: string): Promise<T[]> {
  return Promise.all(terms.map(async (term, index) => (term.kind === 'recorded' ? ((await readTerm(term, directory, `${where}[${index}]`)) as T) : term)));
}

async function readTerm({ file, column, delimiter = DEFAULT_DELIMITER, offset = 0, scale = 1, ...rest }: Recorded, directory: string, where: string): Promise<AnyTerm> {
  const { values: cells } = await readColumn(resolve(directory, file), file, column, delimiter, where);
  if (cells.length > LONGEST_CURVE) {
    throw new QrailsError({ code: 'data', where: file, message: 'this curve is too long', expected: `at most ${LONGEST_CURVE} rows`, try: 'fewer rows, with "every" steps between them' });
  }
  const values = [...cells].map((cell) => (cell - offset) * scale);
  const beyond = values.findIndex((value) => !Number.isFinite(value));
  if (beyond >= 0) {
    throw new QrailsError({
      code: 'data', where, message: 'a value of this curve is not a finite number', found: `(${cells[beyond]} − ${offset}) × ${scale}`, try: 'another offset and scale',
    });
  }
  return { ...rest, kind: 'curve', values };
}

/** One column, and one row more than a curve may have, to tell that it is too long. */
async function readColumn(path: string, shown: string, column: string | number | undefined, delimiter: string, where: string): Promise<Table> {
  const options = { shown, missing: 'refuse', limit: LONGEST_CURVE + 1, advice: ADVICE } as const;
  if (shown.endsWith('.npy')) {
    if (typeof column !== 'string') return readNpy(path, { ...options, columns: column === undefined ? undefined : [column] });
    throw new QrailsError({ code: 'invalid', where: `${where}.column`, message: 'the columns of an array have no headings', found: JSON.stringify(column), expected: 'a number, from 0' });
  }
  if (typeof column !== 'number') return readCsv(path, { ...options, columns: column === undefined ? undefined : [column], delimiter, delimiterAt: `${where}.delimiter` });
  throw new QrailsError({ code: 'invalid', where: `${where}.column`, message: 'the columns of a CSV file are named by their headings', found: `${column}`, expected: 'text' });
}
