/** A recording: columns of a CSV or NPY file, scaled, windowed and paired with targets. docs/sensors.md, "Recordings". */
import { resolve } from 'node:path';
import { QrailsError } from '../errors.js';
import type { CsvData, NpyData, RecordingData } from '../schema/experiment.js';
import { readCsv } from './csv.js';
import type { Dataset } from './dataset.js';
import { readNpy } from './npy.js';
import { scalingOf, type Column, type Scaling } from './scaling.js';
import type { Table } from './table.js';
import { checkSize, hashValues } from './values.js';

const MAX_COLUMNS = 4096;
/** Channels a sensor or a layer can address. */
const MAX_INPUTS = 65536;
export const DEFAULT_DELIMITER = ',';

/** A column as it is used: where it stands in the table, and its scaling. */
interface Use extends Scaling {
  readonly slot: number;
  readonly name: string;
}

/**
 * Reads a recording. Sample r has input column j, lag k (newest first) at index j·lags + k with the value of row r − k, and the targets
 * of row r + ahead; file order is kept.
 *
 * @throws QrailsError for everything that can be wrong with the file, naming the place in it
 */
export async function loadRecording(data: RecordingData, baseDirectory: string): Promise<Dataset> {
  const { file, scaling, lags = 1, ahead = 0 } = data;
  const inputColumns = data.inputs.map(columnOf);
  const targetColumns = data.targets.map(columnOf);
  if (inputColumns.length + targetColumns.length > MAX_COLUMNS) {
    throw new QrailsError({
      code: 'invalid', where: 'data.inputs', message: 'too many columns', found: `${inputColumns.length + targetColumns.length}`,
      expected: `at most ${MAX_COLUMNS} inputs and targets`,
    });
  }
  const inputs = inputColumns.length * lags;
  if (inputs > MAX_INPUTS) {
    throw new QrailsError({
      code: 'invalid', where: 'data.lags', message: 'too many inputs', found: `${inputColumns.length} columns × ${lags} lags`,
      expected: `at most ${MAX_INPUTS}`,
    });
  }

  const keys = [...new Set([...inputColumns, ...targetColumns].map(({ column }) => column))];
  const table = await readTable(data, baseDirectory, keys);
  const use = (column: Column): Use => {
    const slot = keys.indexOf(column.column);
    return { slot, name: nameOf(column), ...scalingOf(column, scaling, table, slot, `${file}, column "${nameOf(column)}"`) };
  };
  const uses = { inputs: inputColumns.map(use), targets: targetColumns.map(use) };

  const samples = samplesOf(table, uses, lags, ahead, file);
  const targets = targetColumns.length;
  checkSize(samples.length, inputs + targets, file);
  const values = fill(table, uses, lags, ahead, samples, file);
  const names = [
    ...inputColumns.flatMap((column) => Array.from({ length: lags }, (_, lag) => (lag === 0 ? nameOf(column) : `${nameOf(column)}[-${lag}]`))),
    ...targetColumns.map((column) => (ahead === 0 ? nameOf(column) : `${nameOf(column)}[+${ahead}]`)),
  ];
  return { rows: samples.length, inputs, targets, values, sha256: hashValues(values), names };
}

const columnOf = (column: RecordingData['inputs'][number]): Column => (typeof column === 'object' ? column : { column });

/** A column of an array has no heading: `c0`, `c1`, … */
const nameOf = ({ column }: Column): string => (typeof column === 'string' ? column : `c${column}`);

const ADVICE = {
  path: 'a path relative to the experiment file; with --data, to the working directory',
  empty: '"missing": "skip" to leave out its samples, or "hold" to keep the value above',
};

function readTable(data: CsvData | NpyData, baseDirectory: string, columns: readonly (string | number)[]): Promise<Table> {
  const { file, missing = 'refuse', limit = Infinity } = data;
  const path = resolve(baseDirectory, file);
  const options = { shown: file, missing, limit, advice: ADVICE };
  return data.kind === 'csv'
    ? readCsv(path, { ...options, columns: columns as readonly string[], delimiter: data.delimiter ?? DEFAULT_DELIMITER, delimiterAt: 'data.delimiter' })
    : readNpy(path, { ...options, columns: columns as readonly number[] });
}

interface Uses {
  readonly inputs: readonly Use[];
  readonly targets: readonly Use[];
}

/** The rows r that give a sample: window and target lie in the recording and touch no empty cell. */
function samplesOf({ rows, values }: Table, { inputs, targets }: Uses, lags: number, ahead: number, where: string): Uint32Array {
  if (lags + ahead > rows) {
    throw new QrailsError({
      code: 'data', where, message: 'the recording is shorter than one sample', found: `${rows} rows`,
      expected: `at least ${lags + ahead} (lags ${lags} + ahead ${ahead})`, try: 'fewer lags, or a longer recording',
    });
  }
  const columns = values.length / rows;
  const isEmptyAt = (row: number) => ({ slot }: Use) => Number.isNaN(values[row * columns + slot]!);
  const samples = new Uint32Array(rows - lags - ahead + 1);
  let count = 0;
  let lastEmpty = -1;
  for (let row = 0; row + ahead < rows; row++) {
    if (inputs.some(isEmptyAt(row))) lastEmpty = row;
    if (row + 1 >= lags && lastEmpty <= row - lags && !targets.some(isEmptyAt(row + ahead))) samples[count++] = row;
  }
  if (count === 0) {
    throw new QrailsError({
      code: 'data', where, message: 'no sample is left: every one touches an empty cell', found: `${rows} rows`,
      try: '"missing": "hold", fewer lags, or other columns',
    });
  }
  return samples.subarray(0, count);
}

/** The prepared values of these samples, row-major, inputs then targets. */
function fill(table: Table, { inputs, targets }: Uses, lags: number, ahead: number, samples: Uint32Array, where: string): Float64Array {
  const { rows, values: cells } = table;
  const columns = cells.length / rows;
  const prepared = ({ slot, offset, scale, name }: Use, row: number): number => {
    const cell = cells[row * columns + slot]!;
    const value = (cell - offset) * scale;
    if (Number.isFinite(value)) return value;
    throw new QrailsError({
      code: 'data', where: `${where}, row ${row + 1}, column "${name}"`, message: 'the scaled value is not a finite number',
      found: `(${cell} − ${offset}) × ${scale}`, try: 'another offset and scale',
    });
  };
  const values = new Float64Array(samples.length * (inputs.length * lags + targets.length));
  let next = 0;
  for (const row of samples) {
    for (const use of inputs) for (let lag = 0; lag < lags; lag++) values[next++] = prepared(use, row - lag);
    for (const use of targets) values[next++] = prepared(use, row + ahead);
  }
  return values;
}
