/**
 * What is measured: one plan and two data sets for each job. A job's C twin is bench/c/<id>.c, where the same sizes, shifts, rails and
 * learning rate are compile-time constants; whatever disagrees shows as different bits.
 */
import { quantise, siteFormat } from '../dist/format/quantise.js';
import { fromDouble } from '../dist/format/real.js';
import { requiredSiteKeys } from '../dist/site/sites.js';

const signed = (wordLength, fractionLength) => ({ signed: true, wordLength, fractionLength });
const unsigned = (wordLength, fractionLength) => ({ signed: false, wordLength, fractionLength });

/** Of sites that no job quantises at. */
const UNUSED = { signed: true, wordLength: 16, fractionLength: 12 };

/** Formats of the controller sites, the same for every job: they must be present, and with no throttle and no anchor only the first three are used. */
const CONTROLLER_FORMATS = {
  throttle: unsigned(16, 15), rate: unsigned(16, 15), learningRate: unsigned(16, 15),
  squaredNorm: unsigned(64, 32), norm: unsigned(32, 16), curvature: unsigned(32, 16), curvatureMean: unsigned(40, 24),
  lossMean: signed(64, 30), lossVariance: unsigned(64, 32), statistic: unsigned(64, 32),
  throttleTarget: unsigned(16, 14), meanRate: unsigned(16, 15), anchorRate: unsigned(16, 15), eventRatio: unsigned(16, 12), reciprocal: unsigned(16, 16),
};

/** A repeatable stream of numbers in [0, 1): xorshift32. */
function uniform(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const toRaw = (value, format) => Number(quantise(fromDouble(value), format).raw);

/** Quantises rows of real numbers, as a front end would, into one row-major array of raws. */
const toRaws = (rows, format) => Int32Array.from(rows.flat(), (value) => toRaw(value, format));

/** A plan of one linear layer without bias, one phase, no controllers. */
function linearPlan({ formats, modes, accumulate, weights, batch, rows, learningRate }) {
  const outputs = weights.length;
  const inputs = weights[0].length;
  const named = { ...CONTROLLER_FORMATS, ...formats };
  const sites = Object.fromEntries(
    requiredSiteKeys(1).map((key) => {
      const name = key.slice(key.indexOf('.') + 1);
      return [key, siteFormat({ ...(named[name] ?? UNUSED), ...modes })];
    }),
  );
  return {
    plan: 1,
    numerics: 1,
    layers: [{ inputs, outputs, activation: 'linear', bias: false }],
    initial: [{ weights, bias: [], weightsRaw: weights.map((row) => row.map((w) => String(toRaw(w, sites['layer0.weight'])))), biasRaw: [] }],
    data: { rows, inputs, targets: outputs, sha256: '0'.repeat(64) },
    order: 'sequential',
    lastBatch: 'drop',
    seed: 0,
    phases: [{
      steps: 0, batch, throttle: false, anchor: false, supervisor: false, sensor: false,
      learningRate: { value: learningRate, raw: String(toRaw(learningRate, sites.learningRate)) },
    }],
    sensor: {},
    sites,
    accumulate: { order: 'ascending', ...accumulate },
    divide: { method: 'exact' },
    batchDivision: 'exact',
    errorRule: 'difference',
    throttle: { law: 'none' },
    anchor: { law: 'none' },
    supervisor: { law: 'none' },
    divergedLoss: 1e9,
    evaluationRows: batch,
  };
}

/** A job's data: raws of a plan's `input` and `target`, row-major, from rows of reals. */
const dataOf = (plan, inputs, targets) => ({ inputs: toRaws(inputs, plan.sites.input), targets: toRaws(targets, plan.sites.target) });

const dot = (weights, values) => weights.reduce((sum, w, i) => sum + w * values[i], 0);

/** 16-tap LMS in q15: identify a filter from its input and noisy output. The rows are the windows of a delay line. */
function lms() {
  const TAPS = 16;
  const ROWS = 4096;
  const q15 = signed(16, 15);
  const plan = linearPlan({
    formats: {
      input: q15, target: q15, activation: q15, error: q15, gradient: q15, update: q15, anchorPull: q15, weight: q15, bias: q15,
      accumulator: signed(64, 30), gradientAccumulator: signed(64, 30), loss: signed(64, 30),
    },
    modes: { rounding: 'TRN', overflow: 'SAT' },
    accumulate: { accumulator: 'end', gradientAccumulator: 'end' },
    weights: [new Array(TAPS).fill(0)],
    batch: 1,
    rows: ROWS,
    learningRate: 0.05,
  });
  const filter = Array.from({ length: TAPS }, (_, i) => 0.6 * Math.cos(i) * 0.8 ** i);
  const data = (amplitude) => {
    const random = uniform(0x2545f491);
    const signal = Array.from({ length: ROWS + TAPS }, () => amplitude * (2 * random() - 1));
    const windows = Array.from({ length: ROWS }, (_, t) => signal.slice(t, t + TAPS));
    return dataOf(plan, windows, windows.map((window) => [dot(filter, window) + 0.01 * (2 * random() - 1)]));
  };
  return { id: 'lms', title: '16-tap q15 LMS, B = 1', plan, steps: 131_072, timed: data(0.5), loud: data(8) };
}

/** exp-000, nominal phase, with the ENABOL MID precision map: 4 → 2 linear, B = 32, every running sum quantised after each product. */
function exp000() {
  const ROWS = 4096;
  const plan = linearPlan({
    formats: {
      weight: signed(12, 8), bias: signed(12, 8), input: signed(12, 8), activation: signed(12, 7), error: signed(12, 7), target: signed(12, 7),
      gradient: signed(16, 10), update: signed(16, 12), anchorPull: signed(16, 12), accumulator: signed(24, 14), gradientAccumulator: signed(29, 14),
      loss: signed(24, 12),
    },
    modes: { rounding: 'RND', overflow: 'SAT' },
    accumulate: { accumulator: 'each', gradientAccumulator: 'end' },
    weights: [[-0.427, 0.893, -0.733, 0.767], [-0.352, -0.58, -0.048, -0.946]],
    batch: 32,
    rows: ROWS,
    learningRate: 0.05,
  });
  const teacher = [[1.25, -0.75, 0.5, 0.2], [-0.4, 0.9, 1.1, -0.6]];
  const data = (amplitude) => {
    const random = uniform(0x9e3779b9);
    const inputs = Array.from({ length: ROWS }, () => Array.from({ length: 4 }, () => amplitude * random()));
    return dataOf(plan, inputs, inputs.map((row) => teacher.map((weights) => dot(weights, row))));
  };
  return { id: 'exp-000', title: 'exp-000, 4 → 2, B = 32, ENABOL MID', plan, steps: 16_384, timed: data(1), loud: data(16) };
}

/**
 * The jobs. `timed` is data the learner follows, so that rails are rarely met; `loud` drives every site that can overflow into its rails,
 * and is only compared. Rows are taken in order and wrap; `steps` is the number of steps of one repetition.
 */
export const jobs = () => [lms(), exp000()];
