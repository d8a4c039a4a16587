/** How a column of a recording becomes a number near one: (cell − offset) × scale. */
import { QrailsError } from '../errors.js';
import type { RecordingData } from '../schema/experiment.js';
import type { Table } from './table.js';

export interface Scaling {
  readonly offset: number;
  readonly scale: number;
}

/** A column of a recording, by heading or position, with the scaling it states. */
export interface Column {
  readonly column: string | number;
  readonly offset?: number | undefined;
  readonly scale?: number | undefined;
}

const NONE: Scaling = { offset: 0, scale: 1 };

/**
 * Offset and scale of one column: its own if it states either (the other is then 0 or 1); else as `scaling` says.
 *
 * Measured on the cells that are not empty in the first `rows` rows, sums in row order: `standard` offset = mean = Σx / n,
 * scale = 1 / √(Σ(x − mean)² / n); `range` offset = min + (max − min) / 2, scale = 2 / (max − min).
 *
 * @param slot column of the table
 * @throws QrailsError `data`: prefix longer than the recording, nothing in it, or a column that is constant there
 */
export function scalingOf(column: Column, scaling: RecordingData['scaling'], table: Table, slot: number, where: string): Scaling {
  if (column.offset !== undefined || column.scale !== undefined) return { offset: column.offset ?? NONE.offset, scale: column.scale ?? NONE.scale };
  if (scaling === undefined || scaling.method === 'declared') return NONE;
  if (scaling.rows > table.rows) {
    throw new QrailsError({
      code: 'data', where, message: 'the scaling is to be measured on more rows than there are', found: `scaling.rows ${scaling.rows}`,
      expected: `at most ${table.rows}`, try: `fewer rows, those a device would have seen before it starts to learn: --set experiment.data.scaling.rows=${table.rows}`,
    });
  }
  const columns = table.values.length / table.rows;
  const cells: number[] = [];
  for (let row = 0; row < scaling.rows; row++) {
    const cell = table.values[row * columns + slot]!;
    if (!Number.isNaN(cell)) cells.push(cell);
  }
  const low = cells.reduce((a, b) => Math.min(a, b), Infinity);
  const high = cells.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(low < high)) {
    throw new QrailsError({
      code: 'data', where, message: 'the scaling cannot be measured: the column does not vary',
      found: cells.length === 0 ? `no value in the first ${scaling.rows} rows` : `always ${low} in the first ${scaling.rows} rows`,
      expected: 'at least two different values', try: 'more scaling.rows, or an offset and scale of its own for this column',
    });
  }
  if (scaling.method === 'range') return { offset: low + (high - low) / 2, scale: 2 / (high - low) };
  const mean = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
  const variance = cells.reduce((sum, cell) => sum + (cell - mean) * (cell - mean), 0) / cells.length;
  return { offset: mean, scale: 1 / Math.sqrt(variance) };
}
