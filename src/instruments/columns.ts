/** Columns of the instruments: one row a step and side. */
import { FIXED_COLUMNS, SIDE_COLUMNS, type TraceRow } from '../run/trace.js';

/** Quantities of the Hessian, at the side's own parameters before the step and on the batch as that side has it: behind the front end, on the target also quantised. */
export const HESSIAN_COLUMNS = {
  lambdaMin: 'smallest eigenvalue of the Hessian',
  lambdaMax: 'largest eigenvalue of the Hessian',
  lambdaResidual: '‖Hv − λv‖ of the worse of them: an eigenvalue lies that near; 0 where the matrix was decomposed',
  gradientSharpness: 'gᵀHg / gᵀg, g the exact gradient',
} as const;

/** Every value, with what it means. What there is none of, or is not finite, is null. */
export const VALUE_COLUMNS = { ...SIDE_COLUMNS, ...HESSIAN_COLUMNS, ...FIXED_COLUMNS } as const;
export type ValueColumn = keyof typeof VALUE_COLUMNS;
export const VALUE_NAMES = Object.keys(VALUE_COLUMNS) as ValueColumn[];

export const SIDES = ['float', 'fixed'] as const;
export type Side = (typeof SIDES)[number];

/** One step of one side. */
export type InstrumentRow = {
  throttle: string;
  anchor: string;
  /** From 0 over the run. */
  step: number;
  phase: number;
  side: Side;
} & Record<ValueColumn, number | null>;

/** What a row is of. */
export const KEYS = ['throttle', 'anchor', 'step', 'phase', 'side'] as const;

/** A row as one line of CSV. Names are ours and need no quotes; null is empty. */
export const instrumentLine = (row: InstrumentRow): string => `${[...KEYS, ...VALUE_NAMES].map((name) => row[name] ?? '').join(',')}\n`;
export const instrumentHeader = (): string => `${[...KEYS, ...VALUE_NAMES].join(',')}\n`;

/** What a row of the trace says of one side. */
export function sideOf(row: TraceRow, side: Side): Record<ValueColumn, number | null> {
  return Object.fromEntries(VALUE_NAMES.map((name) => [name, (row[`${side}.${name}`] ?? null) as number | null])) as Record<ValueColumn, number | null>;
}
