/** What is kept of every run of a comparison over seeds, once: schema, table and CSV are made from this list. */
import type { Recording } from '../run/pair.js';

interface SeedMeasure {
  readonly label: string;
  readonly about: string;
  /** Whether a run that diverged counts as +∞: its value, if it has one, says where it was stopped, not how well it learned. */
  readonly unbounded: boolean;
  /** `weightError`: NaN where there is no reference. */
  readonly of: (recording: Recording, weightError: number) => number;
}

export const SEED_MEASURES = {
  finalLoss: { label: 'final loss', about: 'final loss', unbounded: true, of: ({ finalLoss }) => finalLoss },
  meanLoss: { label: 'mean loss', about: 'mean loss of the steps', unbounded: true, of: ({ recorder }) => recorder.meanLoss },
  maxLoss: { label: 'worst loss', about: 'largest loss of a step', unbounded: true, of: ({ recorder }) => recorder.maxLoss },
  weightError: { label: 'weight error', about: '‖W − W_ref‖, W_ref the least-squares solution of the evaluation batch; for one linear layer', unbounded: true, of: (_, weightError) => weightError },
  stalledShare: { label: 'steps stalled', about: 'share of the steps run in which no parameter moved although there is a gradient', unbounded: false, of: ({ recorder }) => recorder.stalledSteps / recorder.steps },
} as const satisfies Record<string, SeedMeasure>;

export type SeedMeasureName = keyof typeof SEED_MEASURES;
export const SEED_MEASURE_NAMES = Object.keys(SEED_MEASURES) as SeedMeasureName[];

/** What a seed may draw, and in what words. */
export const DRAWN = { data: 'rows of the teacher', weights: 'initial weights', order: 'order of the rows', noise: 'noise and random walks of the sensor', rounding: 'random bits of stochastic rounding' } as const;
export type Drawn = keyof typeof DRAWN;
