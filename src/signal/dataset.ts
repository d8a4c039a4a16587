/** The prepared rows a run learns from: drawn from a teacher, or read from a recording. */
import type { Data } from '../schema/experiment.js';
import { loadRecording } from './recording.js';
import { drawTeacher } from './teacher.js';

export interface Dataset {
  readonly rows: number;
  readonly inputs: number;
  readonly targets: number;
  /** rows × (inputs + targets), row-major: inputs then targets. */
  readonly values: Float64Array;
  /** SHA-256 over `values` as little-endian binary64. */
  readonly sha256: string;
  /** Column names for reports: inputs then targets. */
  readonly names: readonly string[];
}

/**
 * Draws or reads the data of an experiment.
 *
 * @param data what the experiment says of them
 * @param options what they depend on besides
 * @param options.seed draws a teacher's rows; a recording does not depend on it
 * @param options.baseDirectory directory the path of a recording is relative to
 * @throws QrailsError `not-found`, `unreadable`, `data` or `invalid`, naming file, line and column where there are such
 * @example await loadDataset({ kind: 'csv', file: 'weather.csv', inputs: ['wind'], targets: ['temp_max'] }, { seed: 42, baseDirectory: '.' })
 */
export async function loadDataset(data: Data, { seed, baseDirectory }: { seed: number; baseDirectory: string }): Promise<Dataset> {
  return data.kind === 'teacher' ? drawTeacher(data, seed) : loadRecording(data, baseDirectory);
}
