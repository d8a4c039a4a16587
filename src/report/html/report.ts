/** Runs a comparison and makes its page. */
import { compare, type CompareOptions } from '../../compare/compare.js';
import { findPartings } from '../../compare/parting.js';
import type { Comparison } from '../../schema/comparison.js';
import type { StabilityMap } from '../../schema/map.js';
import type { TraceRow } from '../../run/trace.js';
import { renderReport, type ReportRun } from './page.js';
import { recordCurves, type RecordedRun } from './record.js';

export interface ReportOptions extends Omit<CompareOptions, 'record' | 'trace'> {
  /** Stability maps to be shown, too. */
  readonly maps?: readonly StabilityMap[] | undefined;
  /** Sees every row of the trace: the page has only some of a long one. */
  readonly onRow?: ((row: TraceRow) => void | Promise<void>) | undefined;
}

export interface Report {
  /** Recorded in full. */
  readonly comparison: Comparison;
  /** One HTML file: docs/report.md. */
  readonly html: string;
}

/**
 * Compares float64 with the target, recorder at `full` and every step traced, and renders the page.
 *
 * @throws QrailsError for input that cannot be run; an AbortError where `signal` was raised
 * @example
 * const { html } = await report({ profile: 'enabol-tight' });
 */
export async function report({ onRow, maps, ...options }: ReportOptions = {}): Promise<Report> {
  const record = recordCurves(onRow);
  const comparison = await compare({ ...options, record: 'full', trace: record.trace });
  const runs: ReportRun[] = [];
  for (const run of record.runs) runs.push(await completed(run, options));
  return { comparison, html: renderReport({ comparison, runs, maps }) };
}

async function completed({ plan, dataset, curves }: RecordedRun, { build, signal }: CompareOptions): Promise<ReportRun> {
  const [parting] = await findPartings([{ plan, kind: 'float' }, { plan, kind: 'fixed' }], [[0, 1]], dataset, { build, signal });
  return { plan, curves: curves(), parting };
}
