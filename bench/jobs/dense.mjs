import { dot, initialLayer, planOf, setOf, signed, uniform } from '../plans.mjs';

const INPUTS = 64;
const OUTPUTS = 16;
const ROWS = 1024;
/** Into the range of a weight, sfix16_En14. */
const clip = (value) => Math.max(-2, Math.min(2 - 2 ** -14, value));

/** A dense layer 64 → 16 in 16-bit words, B = 32, exact sums quantised at the end. */
export function dense({ quick }) {
  const draw = uniform(0x1b873593);
  const matrix = (size) => Array.from({ length: OUTPUTS }, () => Array.from({ length: INPUTS }, () => size * (2 * draw() - 1)));
  const plan = planOf({
    formats: {
      input: signed(16, 15), weight: signed(16, 14), bias: signed(16, 14), activation: signed(16, 12), error: signed(16, 12), target: signed(16, 12),
      gradient: signed(16, 13), update: signed(16, 14), anchorPull: signed(16, 14),
      accumulator: signed(40, 29), gradientAccumulator: signed(40, 27), loss: signed(48, 24),
    },
    modes: { rounding: 'RND', overflow: 'SAT' },
    accumulate: { accumulator: 'end', gradientAccumulator: 'end' },
    layers: [{ weights: matrix(0.1) }],
    batch: 32,
    rows: ROWS,
    learningRate: 0.05,
  });
  const teacher = matrix(0.5);
  // Almost every weight on a rail.
  const wild = { ...plan, initial: [initialLayer(plan.sites, 0, matrix(20).map((row) => row.map(clip)))] };
  const data = (low, high, gain, plans) => () => {
    const random = uniform(0x9e3779b9);
    const inputs = Array.from({ length: ROWS }, () => Array.from({ length: INPUTS }, () => low + (high - low) * random()));
    const set = setOf(plan, inputs, inputs.map((row) => teacher.map((weights) => gain * dot(weights, row))));
    return { steps: quick ? 64 : 1024, sets: [set], runs: plans.map((each) => ({ set: 0, plan: each })) };
  };
  return { title: 'dense 64 → 16, B = 32, 16-bit words', source: 'dense', peer: 'linear', rows: ROWS, timed: data(-1, 1, 1, [plan]), loud: data(-1, 64, 16, [plan, wild]) };
}
