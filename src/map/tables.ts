/** The cells of a map as files of numbers. */
import { npyHead } from '../output/npy.js';
import { openParquet } from '../sweep/parquet.js';
import { CELL_STATES, type MapCell, type StabilityMap } from '../schema/map.js';

/** Columns of the CSV behind `throttle`, and numbers of a cell in the array. */
export const CELL_COLUMNS = ['x', 'y', 'state', 'diverged_at', 'final_loss', 'margin'] as const;

const cellsOf = (map: StabilityMap): { throttle: string; cell: MapCell; margin: number | null }[] =>
  map.throttles.flatMap(({ name, cells }) => {
    const nx = map.x.values.length;
    return cells.map((cell, at) => ({ throttle: name, cell, margin: map.theory?.margins[Math.floor(at / nx)]![at % nx] ?? null }));
  });

/** A text as a cell of CSV. */
export const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** CSV with a row for each cell: the two axes under their own paths; empty where there is no number. Numbers read back to the same double. */
export function mapCsv(map: StabilityMap): string {
  const [, , ...rest] = CELL_COLUMNS;
  const rows = cellsOf(map).map(({ throttle, cell: { x, y, state, divergedAt, finalLoss }, margin }) => [throttle, x, y, state, divergedAt ?? '', finalLoss ?? '', margin ?? '']);
  return [['throttle', map.x.path, map.y.path, ...rest].map(quoted), ...rows].map((row) => `${row.join(',')}\n`).join('');
}

/** NumPy array (.npy, version 1.0) of doubles, [throttle][y][x][column]: columns as in the CSV, the state as its index in `CELL_STATES`, NaN where there is no number. */
export function mapNpy(map: StabilityMap): Uint8Array {
  const values = cellsOf(map).flatMap(({ cell: { x, y, state, divergedAt, finalLoss }, margin }) => [x, y, CELL_STATES.indexOf(state), divergedAt ?? NaN, finalLoss ?? NaN, margin ?? NaN]);
  const shape = [map.throttles.length, map.y.values.length, map.x.values.length, CELL_COLUMNS.length];
  const head = npyHead('<f8', shape);
  const bytes = Buffer.alloc(head.length + 8 * values.length);
  bytes.set(head);
  values.forEach((value, index) => bytes.writeDoubleLE(value, head.length + 8 * index));
  return bytes;
}

/** Apache Parquet with the rows and columns of the CSV: null where there is no number. */
export async function mapParquet(map: StabilityMap): Promise<Uint8Array> {
  const [, , state, ...numbers] = CELL_COLUMNS;
  const column = (name: string, kind: 'text' | 'number') => ({ name, kind, about: '' });
  const columns = [column('throttle', 'text'), column(map.x.path, 'number'), column(map.y.path, 'number'), column(state, 'text'), ...numbers.map((name) => column(name, 'number'))];
  const cells = cellsOf(map);
  const parts: Uint8Array[] = [];
  const sink = await openParquet(columns, cells.length, () => Promise.resolve({ write: (content) => Promise.resolve(void parts.push(content as Uint8Array)) }));
  for (const { throttle, cell, margin } of cells) await sink.add([throttle, cell.x, cell.y, cell.state, cell.divergedAt, cell.finalLoss, margin]);
  await sink.end();
  return Buffer.concat(parts);
}
