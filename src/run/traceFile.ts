/** A trace as a file. */
import { openRowFile } from '../output/rowFile.js';
import { TRACE_COLUMNS, type TraceRow } from './trace.js';
import { TRACE_TABLE } from './traceTable.js';

export interface TraceFile {
  add(row: TraceRow): Promise<void> | undefined;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Opens a file of a trace, one row a step: CSV, NDJSON, Parquet or a NumPy array, by the ending of its name.
 *
 * @throws as `openRowFile`
 * @example
 * const file = await openTraceFile('run.parquet');
 * await compare({ trace: ({ plan, throttle, anchor }, dataset) => createTrace(plan, dataset, { throttle, anchor }, (row) => file.add(row)) });
 * await file.close();
 */
export async function openTraceFile(path: string, where = '--trace'): Promise<TraceFile> {
  const file = await openRowFile(path, where, TRACE_TABLE);
  return { ...file, add: (row) => file.add(TRACE_COLUMNS.map((name) => row[name] ?? null)) };
}
