/** The trace as a table: its columns with their kinds. */
import { ANCHOR_NAMES, THROTTLE_NAMES } from '../control/registry.js';
import { codesOf, type Column } from '../sweep/columns.js';
import { FIXED_COLUMNS, SHARED_COLUMNS, SIDE_COLUMNS, TRACE_COLUMNS } from './trace.js';

/** Columns that name the controllers of a row. In an array they are places in these lists. */
export const CONTROLLER_COLUMNS: readonly Column[] = [
  { name: 'throttle', about: 'throttle', kind: 'text', codes: codesOf(THROTTLE_NAMES) },
  { name: 'anchor', about: 'anchor', kind: 'text', codes: codesOf(ANCHOR_NAMES) },
];
/** Columns that say when. */
export const STEP_COLUMNS: readonly Column[] = [{ name: 'step', about: 'from 0 over the run', kind: 'integer' }, { name: 'phase', about: 'from 0', kind: 'integer' }];

const KNOWN: ReadonlyMap<string, Column> = new Map([...CONTROLLER_COLUMNS, ...STEP_COLUMNS].map((column) => [column.name, column]));
const ABOUT: Readonly<Record<string, string>> = { ...SHARED_COLUMNS, ...SIDE_COLUMNS, ...FIXED_COLUMNS };

/** Columns of the trace in its order. */
export const TRACE_TABLE: readonly Column[] = TRACE_COLUMNS.map((name) => KNOWN.get(name) ?? { name, about: ABOUT[name.replace(/^(float|fixed)\./, '')]!, kind: 'number' });
