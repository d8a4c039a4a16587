import { dot, initialLayer, MID_FORMATS, oneRun, planOf, setOf, uniform } from '../plans.mjs';

const TEACHER = [[1.25, -0.75, 0.5, 0.2], [-0.4, 0.9, 1.1, -0.6]];

/** exp-000, nominal phase, with the ENABOL MID precision map: 4 → 2 linear, B = 32, every running sum quantised after each product. */
const planOfRows = (rows) =>
  planOf({
    formats: MID_FORMATS,
    modes: { rounding: 'RND', overflow: 'SAT' },
    accumulate: { accumulator: 'each', gradientAccumulator: 'end' },
    layers: [{ weights: [[-0.427, 0.893, -0.733, 0.767], [-0.352, -0.58, -0.048, -0.946]] }],
    batch: 32,
    rows,
    learningRate: 0.05,
  });

function drawn(plan, random, amplitude) {
  const inputs = Array.from({ length: plan.data.rows }, () => Array.from({ length: 4 }, () => amplitude * random()));
  return setOf(plan, inputs, inputs.map((row) => TEACHER.map((weights) => dot(weights, row))));
}

export function exp000({ quick }) {
  const plan = planOfRows(4096);
  const data = (amplitude) => () => oneRun(plan, quick ? 1024 : 16_384, drawn(plan, uniform(0x9e3779b9), amplitude));
  return { title: 'exp-000, 4 → 2, B = 32, ENABOL MID', source: 'exp-000', peer: 'linear', rows: plan.data.rows, timed: data(1), loud: data(16) };
}

/** The same under many seeds, each with rows and initial weights of its own. */
export function seeds({ quick }) {
  const plan = planOfRows(512);
  const data = (amplitude, count) => () => {
    const sets = [], runs = [];
    for (let seed = 1; seed <= count; seed++) {
      const random = uniform(Math.imul(seed, 0x9e3779b1));
      const weights = TEACHER.map((row) => row.map(() => 2 * random() - 1));
      sets.push(drawn(plan, random, amplitude));
      runs.push({ set: seed - 1, plan: { ...plan, initial: [initialLayer(plan.sites, 0, weights)] } });
    }
    return { steps: 256, sets, runs };
  };
  return {
    title: 'exp-000 under 1024 seeds, 256 steps each', source: 'exp-000', peer: 'linear', rows: plan.data.rows, long: true,
    timed: data(1, quick ? 32 : 1024), loud: data(16, 32),
  };
}
