// Medians with intervals, shares, tables.
import { medianRanks, resamplingStream } from '../../dist/compare/bootstrap.js';
import * as bootstrap from '../../dist/compare/bootstrap.js';

export const sorted = (values) => [...values].sort((a, b) => a - b);

/** Median with the 95 % percentile bootstrap interval; not a number where a run was refused. */
export function median(values, key = 'page') {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  const ordered = sorted(known.map((value) => (Number.isNaN(value) ? Infinity : value)));
  return bootstrap.medianInterval(ordered, medianRanks(ordered.length, resamplingStream(`${key}/${ordered.length}`)), bootstrap.mean);
}

export function figure(value) {
  if (value === undefined || value === null) return '—';
  if (!Number.isFinite(value)) return '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) return value.toExponential(1).replace('e+', 'e');
  return String(Number(value.toPrecision(3)));
}

/** `median [low, high]` of the values of the seeds. */
export function shown(values) {
  const of = median(values);
  if (!of) return 'refused';
  const { median: middle, low, high } = of;
  return figure(low) === figure(high) ? figure(middle) : `${figure(middle)} [${figure(low)}, ${figure(high)}]`;
}

export const share = (values, test) => values.filter((value) => value !== undefined && test(value)).length / values.length;
export const percent = (part) => `${Math.round(100 * part)} %`;
export { table } from '../page.mjs';
