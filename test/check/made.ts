/** A comparison made by hand: one linear 2→1 layer, one run that survives and one that diverges in float64. */
import { makeBaseline, type Compared } from '../../src/check/baseline.js';
import type { Baseline } from '../../src/schema/baseline.js';
import type { ComparisonRun, SiteCounters } from '../../src/schema/comparison.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';

const site = (wordLength: number, fractionLength: number): SiteFormat => {
  const half = 2n ** BigInt(wordLength - 1);
  return { signed: true, wordLength, fractionLength, rounding: 'RND', overflow: 'SAT', rails: [String(-half), String(half - 1n)] };
};

export const PLAN: Plan = {
  plan: 1,
  numerics: 1,
  layers: [{ inputs: 2, outputs: 1, activation: 'linear', bias: false }],
  initial: [{ weights: [[0.5, 0.25]], bias: [], weightsRaw: [['128', '64']], biasRaw: [] }],
  data: { rows: 10, inputs: 2, targets: 1, sha256: '0'.repeat(64) },
  order: 'sequential',
  lastBatch: 'keep',
  seed: 42,
  phases: [{ steps: 100, batch: 1, learningRate: { value: 0.5, raw: '128' }, throttle: true, anchor: true, supervisor: false, sensor: true }],
  sensor: {},
  sites: { 'layer0.weight': site(12, 8), loss: site(24, 12) },
  accumulate: { accumulator: 'each', gradientAccumulator: 'end', order: 'ascending' }, divide: { method: 'exact' },
  batchDivision: 'exact',
  errorRule: 'difference',
  throttle: { law: 'table', chi: { value: 1.5, raw: '24576' } },
  anchor: { law: 'none' },
  supervisor: { law: 'none' },
  divergedLoss: 1e6,
  evaluationRows: 10,
};

const counters: SiteCounters = {
  format: 'sfix12_En8', count: 200, overflowHigh: 3, overflowLow: 0, underflow: 7, nearRail: 4, min: -1, max: 7.5,
  firstOverflow: { step: 4, element: 1, index: 0, wanted: '2100', raw: '2047' }, latePressure: 0, stalledSteps: 0, full: null,
};
const idle: SiteCounters = {
  format: 'sfix12_En8', count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0, min: null, max: null, firstOverflow: null, latePressure: 0, stalledSteps: 0, full: null,
};
const { latePressure: _late, stalledSteps: _stalled, full: _full, ...targets } = counters;

const side = () => ({
  steps: 100, finite: true, divergedAt: null, finalLoss: 0.001, maxLoss: 2, maxLossAt: 5, meanLoss: 0.1,
  alpha: { first: 1, median: 0.5, last: 0.25, min: 0.25, max: 1 },
  stalledSteps: 0, zeroUpdateSteps: 0, stillFrom: null, infeasibleSteps: 0, rejectedSteps: 0, events: 0, eventSteps: [], weightError: 1 / 3,
  finalWeights: [[[1 / 3, -0.2]]], finalBiases: [[]], curve: { min: [0], max: [2], last: [0.001] },
});

export const RUN: ComparisonRun = {
  planHash: 'a'.repeat(64), throttle: 'table', anchor: 'none',
  float: side(),
  fixed: {
    ...side(), finalLoss: 0.0009765625, maxLoss: 2.5, stalledSteps: 10, finalWeights: [[[0.33203125, -0.19921875]]],
    finalLossRaw: '4', trapped: null, finalWeightsRaw: [[['85', '-51']]], finalBiasesRaw: [[]],
    sites: { 'layer0.weight': counters, 'layer0.bias': idle }, targets,
  },
  difference: { lossRatio: 0.9765625, weightSqnrDb: 47.123456789, partedAt: null },
  verdict: { float: 'survives', fixed: 'survives', why: ['fixed: no parameter moved from step 90 on'], try: [] },
};

export const DIVERGING: ComparisonRun = {
  ...RUN, planHash: 'b'.repeat(64), throttle: 'none',
  float: { ...side(), finite: false, finalLoss: null, maxLoss: null, meanLoss: null, alpha: null, weightError: null, finalWeights: [[[null, null]]] },
  difference: { lossRatio: null, weightSqnrDb: null, partedAt: 8 },
  verdict: { float: 'diverged', fixed: 'limit cycle', why: ['float64: the loss is not finite from step 50 on'], try: [] },
};

export const compared = (...runs: ComparisonRun[]): Compared => ({
  comparison: {
    comparison: 1,
    plan: { hash: 'c'.repeat(64), experiment: 'made', title: 'made', profile: 'made', sensor: 'none', supervisor: 'none', seed: 42, steps: 100, stressFrom: 0, recorder: { level: 'counts', stripFrom: [] } },
    runs,
    concerns: [],
  },
  plans: runs.map(({ throttle }) => (throttle === 'none' ? { ...PLAN, throttle: { law: 'none' } } : PLAN)),
});

export const RECORDED = makeBaseline(compared(RUN), { experiment: 'made.json' });

/** A copy of a run with one change made to it. */
export function changed(change: (run: ComparisonRun) => void, run: ComparisonRun = RUN): ComparisonRun {
  const copy = JSON.parse(JSON.stringify(run)) as ComparisonRun; // parts of it are shared, which structuredClone would keep
  change(copy);
  return copy;
}

export function edited(change: (baseline: Baseline) => void, baseline: Baseline = RECORDED): Baseline {
  const copy = structuredClone(baseline);
  change(copy);
  return copy;
}
