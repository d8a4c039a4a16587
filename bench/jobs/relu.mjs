import { dot, initialLayer, MID_FORMATS, planOf, setOf, signed, uniform } from '../plans.mjs';

const ROWS = 1024;
const BATCH = 16;
/** Into the range of a weight, sfix16_En12. */
const clip = (value) => Math.max(-8, Math.min(8 - 2 ** -12, value));

/** A 4-8-2 ReLU network with biases learns from another, throttled by gt0 on the secant estimate. ENABOL MID, weights with four more fraction bits. */
export function relu({ quick }) {
  const draw = uniform(0x85ebca6b);
  const list = (length, size) => Array.from({ length }, () => size * (2 * draw() - 1));
  const layers = (size) => [
    { weights: Array.from({ length: 8 }, () => list(4, size)), bias: list(8, size / 8), activation: 'relu' },
    { weights: Array.from({ length: 2 }, () => list(8, size)), bias: list(2, size / 8) },
  ];
  const plan = planOf({
    formats: { ...MID_FORMATS, weight: signed(16, 12), bias: signed(16, 12), gradientAccumulator: signed(28, 14) },
    modes: { rounding: 'RND', overflow: 'SAT' },
    accumulate: { accumulator: 'each', gradientAccumulator: 'end' },
    layers: layers(0.7),
    batch: BATCH,
    rows: ROWS,
    learningRate: 0.05,
    throttle: (constant, { throttle }) => ({
      law: 'gt0', estimator: 'secant', chi: constant(0.25, 'throttleTarget'), rho: constant(0.05, 'meanRate'),
      floor: { value: 2 ** -throttle.fractionLength, raw: '1' }, firstAlpha: constant(1, 'throttle'), keepState: false, holdCurvature: true,
    }),
  });
  const teacher = layers(0.7);
  // Almost every weight on a rail.
  const wild = { ...plan, initial: layers(80).map(({ weights, bias }, layer) => initialLayer(plan.sites, layer, weights.map((row) => row.map(clip)), bias.map(clip))) };
  const answer = (row) => teacher[1].weights.map((weights) => dot(weights, teacher[0].weights.map((hidden) => Math.max(0, dot(hidden, row)))));
  const data = (amplitude, plans) => () => {
    const random = uniform(0xc2b2ae35 | 0);
    const inputs = Array.from({ length: ROWS }, () => Array.from({ length: 4 }, () => amplitude * random()));
    return { steps: quick ? 512 : 8192, sets: [setOf(plan, inputs, inputs.map(answer))], runs: plans.map((each) => ({ set: 0, plan: each })) };
  };
  return { title: '4-8-2 ReLU, B = 16, gt0/secant', source: 'relu', peer: 'relu', rows: ROWS, timed: data(1, [plan]), loud: data(16, [plan, wild]) };
}
