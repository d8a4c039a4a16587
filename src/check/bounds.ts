/** What of float against fixed can be bounded: each metric once, with the bound that is proposed for it. */
import { isDeepStrictEqual } from 'node:util';
import type { ComparisonRun } from '../schema/comparison.js';

export type Limit = 'atMost' | 'atLeast';

/** What a bound reads of a run. */
export type Measurable = Pick<ComparisonRun, 'float' | 'fixed' | 'difference'>;

interface BoundDefinition {
  readonly limit: Limit;
  readonly about: string;
  /** Null where there is no finite value; a bound then fails, unless the value is missing because it is better than any. */
  readonly measure: (run: Measurable) => number | null;
  readonly perfect?: (run: Measurable) => boolean;
  /** `lossStep`: one last place of the loss. */
  readonly propose: (recorded: number, run: Measurable, lossStep: number) => number;
  /** How far the proposal lies from what was recorded, and why. */
  readonly margin: string;
}

/** Half a bit of word length: quantisation noise has twice the power. A whole bit lost (four times, 6 dB) is caught. */
const HALF_BIT = 2;
const STALLED_MARGIN = 0.05;

export const BOUNDS = {
  lossRatio: {
    limit: 'atMost',
    about: 'final loss, fixed over float',
    measure: ({ fixed, float }) => ratio(fixed.finalLoss, float.finalLoss),
    propose: (_, { fixed, float }, lossStep) => (HALF_BIT * fixed.finalLoss! + lossStep) / float.finalLoss!,
    margin: 'twice the recorded fixed loss (half a bit of word length; a whole bit makes it four times) and one last place of the loss, below which it cannot be told',
  },
  maxLossRatio: {
    limit: 'atMost',
    about: 'largest loss of any step, fixed over float',
    measure: ({ fixed, float }) => ratio(fixed.maxLoss, float.maxLoss),
    propose: (_, { fixed, float }, lossStep) => (HALF_BIT * fixed.maxLoss! + lossStep) / float.maxLoss!,
    margin: 'twice the recorded largest fixed loss and one last place of the loss: a higher transient would need another bit in front of the point',
  },
  stalledShare: {
    limit: 'atMost',
    about: 'share of the steps in which no parameter of the fixed side moved',
    measure: ({ fixed }) => fixed.stalledSteps / fixed.steps,
    propose: (recorded) => Math.min(1, recorded + STALLED_MARGIN),
    margin: `${STALLED_MARGIN * 100} % of the steps more than recorded: one last place more or less of an update shifts where a dead zone begins`,
  },
  weightSqnrDb: {
    limit: 'atLeast',
    about: 'power of the float weights over that of their difference from the fixed ones, dB',
    measure: ({ difference }) => difference.weightSqnrDb,
    perfect: ({ float, fixed }) => isDeepStrictEqual([fixed.finalWeights, fixed.finalBiases], [float.finalWeights, float.finalBiases]) && fixed.finite && float.finite,
    propose: (recorded) => recorded - 10 * Math.log10(HALF_BIT),
    margin: '3 dB below what was recorded: half a bit of word length; a whole bit is 6 dB',
  },
} as const satisfies Record<string, BoundDefinition>;

export type BoundMetric = keyof typeof BOUNDS;
export const BOUND_METRICS = Object.keys(BOUNDS) as BoundMetric[];

/** Definition of a metric, without the literal types of the table. */
export const boundDefinition = (metric: BoundMetric): BoundDefinition => BOUNDS[metric];

/** `at most 3`. */
export function boundText(metric: BoundMetric, bound: { readonly [L in Limit]?: number }): string {
  const { limit } = BOUNDS[metric];
  return `${limit === 'atMost' ? 'at most' : 'at least'} ${bound[limit]}`;
}

/** Whether a run keeps a bound; `flawless` where it has no finite value because it has no difference at all. */
export function holdBound(metric: BoundMetric, edge: number, run: Measurable): { readonly passed: boolean; readonly value: number | null; readonly flawless: boolean } {
  const { limit, measure, perfect } = boundDefinition(metric);
  const value = measure(run);
  const flawless = value === null && perfect?.(run) === true;
  return { passed: flawless || (value !== null && (limit === 'atMost' ? value <= edge : value >= edge)), value, flawless };
}

function ratio(fixed: number | null, float: number | null): number | null {
  if (fixed === null || float === null) return null;
  if (float === 0) return fixed === 0 ? 1 : null;
  const value = fixed / float;
  return Number.isFinite(value) ? value : null;
}
