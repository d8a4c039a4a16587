/** Plans small enough to work out by hand: one weight, eight fraction bits. */
import type { Constant, Plan, PlanPhase, SiteFormat } from '../../src/schema/plan.js';
import { requiredSiteKeys } from '../../src/site/sites.js';
import { railsOf } from './exact.js';
import { runFixed } from './fixed.js';
import type { Delivered, StepState } from './state.js';

export function format(signed: boolean, wordLength: number, fractionLength: number, more: Partial<SiteFormat> = {}): SiteFormat {
  const [low, high] = railsOf(more.overflow ?? 'SAT', signed, wordLength);
  return { signed, wordLength, fractionLength, rounding: 'RND_CONV', overflow: 'SAT', rails: [`${low}`, `${high}`], ...more };
}

/** Constants with eight fraction bits. */
export const constant = (value: number): Constant => ({ value, raw: `${value * 256}` });

export const phase = (steps: number, more: Partial<PlanPhase> = {}): PlanPhase => ({
  steps, batch: 1, learningRate: constant(0.25), throttle: true, anchor: true, supervisor: true, sensor: false, ...more,
});

/** One weight, no bias, everything sfix32_En8 except squares. */
export function oneWeight(more: Partial<Plan>, sites: Record<string, SiteFormat> = {}): Plan {
  const all = Object.fromEntries(requiredSiteKeys(1).map((key) => [key, format(true, 32, 8)]));
  return {
    plan: 1,
    numerics: 1,
    layers: [{ inputs: 1, outputs: 1, activation: 'linear', bias: false }],
    initial: [{ weights: [[0]], bias: [], weightsRaw: [['0']], biasRaw: [] }],
    data: { rows: 8, inputs: 1, targets: 1, sha256: '0'.repeat(64) },
    order: 'sequential',
    lastBatch: 'keep',
    seed: 1,
    phases: [phase(1)],
    sensor: {},
    sites: { ...all, squaredNorm: format(false, 40, 16), lossVariance: format(false, 40, 16), statistic: format(false, 40, 16), ...sites },
    accumulate: { accumulator: 'end', gradientAccumulator: 'end', order: 'ascending' }, divide: { method: 'exact' },
    batchDivision: 'exact',
    errorRule: 'difference',
    throttle: { law: 'none' },
    anchor: { law: 'none' },
    supervisor: { law: 'none' },
    divergedLoss: 1e6,
    evaluationRows: 1,
    ...more,
  };
}

export const samples = (inputs: number[], targets: number[], count = targets.length): Delivered => ({
  count, inputs: Float64Array.from(inputs), targets: Float64Array.from(targets),
});

export function traceFixed(plan: Plan, deliveries: Delivered[]) {
  const states: StepState[] = [];
  const outcome = runFixed(plan, deliveries, (state) => states.push(state));
  return { states, outcome };
}
