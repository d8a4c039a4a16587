/** A sweep of every kind of axis that takes a second or two, and what a test asks of its folder. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { experiment, type Folder } from '../cli/qrails.js';

export const POINTS = 4 * 5 * 3;
export const SEEDS = 4;
export const RUNS = POINTS * SEEDS;
export const FORMATS = 'csv,ndjson,parquet,npy';

/** `sweep.json` and the experiment it names. One of the learning rates fits no format: its runs have errors. */
export const files = (changes: object = {}, steps = 1000): Record<string, string> => ({
  'mine.json': experiment({ data: { kind: 'teacher', rows: 20, weights: [[0.5, -0.25]], noise: 0.1 }, phases: [{ steps: 5, batch: 4, learningRate: 0.1 }, { steps, batch: 4, learningRate: 0.1, sensor: true }] }),
  'sweep.json': JSON.stringify({
    name: 'small', base: { experiment: './mine.json', sensor: 'step-gain-4' },
    axes: [
      { paths: ['profile.sites.weight.wordLength', 'profile.sites.weight.fractionLength'], values: [[8, 6], [12, 10], [14, 12], [16, 14]] },
      { path: 'sensor.gain[0].value', from: 1, to: 4, draw: 'latin-hypercube' },
      { path: 'experiment.phases[1].learningRate', values: [0.01, 0.1, 0.3, 1, 1e9] },
    ],
    samples: 3, seeds: { count: SEEDS, first: 3 },
    objectives: [{ measure: 'finalLoss', goal: 'minimise' }, { measure: 'parameterBits', goal: 'minimise' }],
    constraints: [{ measure: 'survives', atLeast: 0.5 }],
    ...changes,
  }),
});

/** What must be the same however a sweep was run: every file but the journal, by its hash. */
export const tables = (folder: Folder, path: string): Record<string, string> => Object.fromEntries(
  folder.list().filter((file) => file.startsWith(`${path}/`) && !file.startsWith(`${path}/journal`))
    .map((file) => [file.slice(path.length + 1), createHash('sha256').update(readFileSync(join(folder.path, file))).digest('hex')]),
);

export interface JournalLine {
  readonly from: number;
  readonly to: number;
}

/** Text of a journal, or nothing where there is none yet. */
export const journalText = (folder: Folder, path: string): string => (existsSync(join(folder.path, path, 'journal.ndjson')) ? folder.read(`${path}/journal.ndjson`) : '');

/** Runs in a journal, in the order of its whole lines. */
export const journalled = (text: string): number[] => text.slice(0, text.lastIndexOf('\n') + 1).split('\n').slice(1, -1).flatMap((line) => {
  const { from, to } = JSON.parse(line) as JournalLine;
  return Array.from({ length: to - from }, (_, k) => from + k);
});
