import { dot, initialLayer, MID_FORMATS, planOf, setOf, signed, uniform } from '../plans.mjs';

const ROWS = 1024;
/** Into the range of a weight, sfix16_En12. */
const clip = (value) => Math.max(-8, Math.min(8 - 2 ** -12, value));

/** ENABOL MID, weights with four more fraction bits; throttled by gt0 on the secant estimate. */
const planOfLayers = (layers, batch, rows) =>
  planOf({
    formats: { ...MID_FORMATS, weight: signed(16, 12), bias: signed(16, 12), gradientAccumulator: signed(28, 14) },
    modes: { rounding: 'RND', overflow: 'SAT' },
    accumulate: { accumulator: 'each', gradientAccumulator: 'end' },
    layers, batch, rows,
    learningRate: 0.05,
    throttle: (constant, { throttle }) => ({
      law: 'gt0', estimator: 'secant', chi: constant(0.25, 'throttleTarget'), rho: constant(0.05, 'meanRate'),
      floor: { value: 2 ** -throttle.fractionLength, raw: '1' }, firstAlpha: constant(1, 'throttle'), keepState: false, holdCurvature: true,
    }),
  });

/** Weights and biases of 4-8-2, as a stream draws them. */
const layersOf = (draw, size) => {
  const list = (length, most) => Array.from({ length }, () => most * (2 * draw() - 1));
  return [
    { weights: Array.from({ length: 8 }, () => list(4, size)), bias: list(8, size / 8), activation: 'relu' },
    { weights: Array.from({ length: 2 }, () => list(8, size)), bias: list(2, size / 8) },
  ];
};
const answerOf = (teacher) => (row) => teacher[1].weights.map((weights) => dot(weights, teacher[0].weights.map((hidden) => Math.max(0, dot(hidden, row)))));
const inputsOf = (random, rows, amplitude) => Array.from({ length: rows }, () => Array.from({ length: 4 }, () => amplitude * random()));
const initialOf = (plan, layers) => layers.map(({ weights, bias }, layer) => initialLayer(plan.sites, layer, weights.map((row) => row.map(clip)), bias.map(clip)));

/** A 4-8-2 ReLU network with biases learns from another. */
export function relu({ quick }) {
  const draw = uniform(0x85ebca6b);
  const plan = planOfLayers(layersOf(draw, 0.7), 16, ROWS);
  const answer = answerOf(layersOf(draw, 0.7));
  // Almost every weight on a rail.
  const wild = { ...plan, initial: initialOf(plan, layersOf(draw, 80)) };
  const data = (amplitude, plans) => () => {
    const inputs = inputsOf(uniform(0xc2b2ae35 | 0), ROWS, amplitude);
    return { steps: quick ? 512 : 8192, sets: [setOf(plan, inputs, inputs.map(answer))], runs: plans.map((each) => ({ set: 0, plan: each })) };
  };
  return { title: '4-8-2 ReLU, B = 16, gt0/secant', source: 'relu', peer: 'relu', rows: ROWS, timed: data(1, [plan]), loud: data(16, [plan, wild]) };
}

/** The same online, one sample a step, under many seeds with teacher, rows and initial weights of their own: what goes side by side four runs at a time. */
export function online({ quick }) {
  const rows = 512;
  const drafted = planOfLayers(layersOf(uniform(1), 0.7), 1, rows);
  const plan = { ...drafted, phases: drafted.phases.map((phase) => ({ ...phase, steps: rows })) };
  const data = (amplitude, size, count) => () => {
    const sets = [], runs = [];
    for (let seed = 1; seed <= count; seed++) {
      const random = uniform(Math.imul(seed, 0x9e3779b1));
      const inputs = inputsOf(random, rows, amplitude);
      sets.push(setOf(plan, inputs, inputs.map(answerOf(layersOf(random, 0.7)))));
      runs.push({ set: seed - 1, plan: { ...plan, initial: initialOf(plan, layersOf(random, size)) } });
    }
    return { steps: rows, sets, runs };
  };
  return {
    title: '4-8-2 ReLU online, B = 1, under 512 seeds', source: 'relu', peer: 'relu', rows, defines: ['LOG_B=0'], long: true,
    timed: data(1, 0.7, quick ? 32 : 512), loud: data(16, 20, 32),
  };
}
