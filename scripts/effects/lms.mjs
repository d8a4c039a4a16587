// Runs of experiments/lms-16.json by the public API: what is measured of one seed.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { loadExperiment, prepare, runPair } from '../../dist/index.js';
import { POWER } from './laws.mjs';

const { value: LMS } = await loadExperiment('lms-16');
export const WEIGHTS = LMS.data.weights[0];
export const TAPS = WEIGHTS.length;
export const NOISE = LMS.data.noise ** 2;
export const STEPS = LMS.phases[0].steps;
/** E δ² of a tap while all weights are zero. */
export const START = WEIGHTS.reduce((sum, weight) => sum + weight ** 2, 0) / TAPS;
/** Whole bits of a weight, its sign included: room for what truncation does to it. */
const WHOLE_BITS = 5;

const set = (path, value) => `${path}=${typeof value === 'object' ? JSON.stringify(value) : value}`;
/** Data of the run before, which the next one of the same seed takes again. */
let kept = {};

/** As the public API takes them: what is set, by path, on the target on which everything is fine. */
const optionsOf = (seed, assignments) => ({
  experiment: 'lms-16', profile: 'docs/effects/fine.json', directory: fileURLToPath(new URL('../../', import.meta.url)), throttle: ['none'], anchor: ['none'], seed,
  set: Object.entries(assignments).map(([path, value]) => set(path, value)),
});

async function preparedFor(seed, assignments) {
  const key = JSON.stringify([seed, Object.entries(assignments).filter(([path]) => path.startsWith('experiment.data'))]);
  const prepared = await prepare(optionsOf(seed, assignments), kept.key === key ? kept.dataset : undefined);
  kept = { key, dataset: prepared.dataset };
  return prepared;
}

/** Runs both sides. */
export async function run(seed, assignments) {
  const { variants, dataset } = await preparedFor(seed, assignments);
  return runPair(variants[0].plan, dataset);
}

/** The same with one input and its fifteen values before it: the first input and the noise of the drawn rows, through the system as a filter. */
export async function runDelayLine(seed, assignments) {
  const { dataset: drawn } = await preparedFor(seed, assignments);
  const { rows: drawnRows, values: from } = drawn;
  const rows = drawnRows - TAPS + 1;
  const values = new Float64Array(rows * (TAPS + 1));
  for (let row = 0; row < rows; row++) {
    const at = (row + TAPS - 1) * (TAPS + 1);
    let noise = from[at + TAPS];
    let answer = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      noise -= WEIGHTS[tap] * from[at + tap];
      const sample = from[at - tap * (TAPS + 1)];
      values[row * (TAPS + 1) + tap] = sample;
      answer += WEIGHTS[tap] * sample;
    }
    values[row * (TAPS + 1) + TAPS] = answer + noise;
  }
  const dataset = { ...drawn, rows, values, sha256: createHash('sha256').update(values).digest('hex') };
  const { variants } = await prepare(optionsOf(seed, assignments), dataset);
  return runPair(variants[0].plan, dataset);
}

export const weightFormat = (fraction, rounding) => ({
  'profile.sites.weight.wordLength': fraction + WHOLE_BITS, 'profile.sites.weight.fractionLength': fraction, 'profile.sites.weight.rounding': rounding,
});
export const phase = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [`experiment.phases.0.${name}`, value]));
export const FROM_SOLUTION = { 'experiment.model.initial': { kind: 'values', layers: [{ weights: [WEIGHTS] }] } };

const difference = (a, b) => POWER * a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);
/** Output power that the final weights of a side are beside the system by: the excess error, as inputs are white. */
export const excess = ({ parameters }) => difference(parameters[0], WEIGHTS);
/** Output power that both sides are apart by. */
export const apart = ({ float, fixed }) => difference(fixed.parameters[0], float.parameters[0]);
