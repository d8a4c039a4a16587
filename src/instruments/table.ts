/** The rows of the instruments as a table: columns with their kinds, and cells in that order. */
import { CONTROLLER_COLUMNS, STEP_COLUMNS } from '../run/traceTable.js';
import { codesOf, type Cell, type Column } from '../sweep/columns.js';
import { KEYS, SIDES, VALUE_COLUMNS, VALUE_NAMES, type InstrumentRow } from './columns.js';

export const INSTRUMENT_TABLE: readonly Column[] = [
  ...CONTROLLER_COLUMNS, ...STEP_COLUMNS, { name: 'side', about: 'float64 or the target', kind: 'text', codes: codesOf(SIDES) },
  ...VALUE_NAMES.map((name): Column => ({ name, about: VALUE_COLUMNS[name], kind: 'number' })),
];

export const instrumentCells = (row: InstrumentRow): Cell[] => [...KEYS, ...VALUE_NAMES].map((name) => row[name]);
