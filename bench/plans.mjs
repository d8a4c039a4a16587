/** What the jobs' plans and data are made of. */
import { ArrayQuantiser, quantise, siteFormat } from '../dist/format/quantise.js';
import { fromDouble } from '../dist/format/real.js';
import { requiredSiteKeys } from '../dist/site/sites.js';

export const signed = (wordLength, fractionLength) => ({ signed: true, wordLength, fractionLength });
export const unsigned = (wordLength, fractionLength) => ({ signed: false, wordLength, fractionLength });

/** Of sites that no job quantises at. */
const UNUSED = signed(16, 12);

/** Formats of the controller sites, the same for every job: they must be present; with no throttle and no anchor only the first three are used. */
const CONTROLLER_FORMATS = {
  throttle: unsigned(16, 15), rate: unsigned(16, 15), learningRate: unsigned(16, 15),
  squaredNorm: unsigned(64, 32), norm: unsigned(32, 16), curvature: unsigned(32, 16), curvatureMean: unsigned(40, 24),
  lossMean: signed(64, 30), lossVariance: unsigned(64, 32), statistic: unsigned(64, 32),
  throttleTarget: unsigned(16, 14), meanRate: unsigned(16, 15), anchorRate: unsigned(16, 15), eventRatio: unsigned(16, 12), reciprocal: unsigned(16, 16),
};

/** The ENABOL MID precision map, as hw-profiles/targets/enabol-mid.json resolves it. */
export const MID_FORMATS = {
  weight: signed(12, 8), bias: signed(12, 8), input: signed(12, 8), activation: signed(12, 7), error: signed(12, 7), target: signed(12, 7),
  gradient: signed(16, 10), update: signed(16, 12), anchorPull: signed(16, 12), accumulator: signed(24, 14), gradientAccumulator: signed(29, 14), loss: signed(24, 12),
};

/** A repeatable stream of numbers in [0, 1): xorshift32. */
export function uniform(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Raw of one constant. */
export const toRaw = (value, format) => Number(quantise(fromDouble(value), format).raw);

/** Quantises real numbers, as a front end would. */
function toRaws(values, key, format) {
  const quantiser = new ArrayQuantiser(format, { key, seed: 0, full: false });
  return Int32Array.from(values, (value, index) => quantiser.one(value, 0, index));
}

/** A set of data: raws of a plan's `input` and `target`, row-major, from rows of reals. */
export const setOf = ({ sites }, inputs, targets) => ({ inputs: toRaws(inputs.flat(), 'input', sites.input), targets: toRaws(targets.flat(), 'target', sites.target) });

export const dot = (weights, values) => weights.reduce((sum, w, i) => sum + w * values[i], 0);

/** Initial parameters of a layer as a plan has them. */
export function initialLayer(sites, layer, weights, bias = []) {
  const text = (values, name) => values.map((value) => String(toRaw(value, sites[`layer${layer}.${name}`])));
  return { weights, bias, weightsRaw: weights.map((row) => text(row, 'weight')), biasRaw: text(bias, 'bias') };
}

/**
 * A plan of one phase, every site in the same modes.
 *
 * @param layers `weights`, and where there are any `bias` and `activation`, of each layer
 * @param throttle a plan's throttle with raws still to be made; default none
 */
export function planOf({ formats, modes, accumulate, layers, batch, rows, learningRate, throttle }) {
  const named = { ...CONTROLLER_FORMATS, ...formats };
  const sites = Object.fromEntries(
    requiredSiteKeys(layers.length).map((key) => {
      const name = key.slice(key.indexOf('.') + 1);
      return [key, siteFormat({ ...(named[name] ?? UNUSED), ...modes })];
    }),
  );
  const constant = (value, site) => ({ value, raw: String(toRaw(value, sites[site])) });
  return {
    plan: 1,
    numerics: 1,
    layers: layers.map(({ weights, bias, activation = 'linear' }) => ({ inputs: weights[0].length, outputs: weights.length, activation, bias: bias !== undefined })),
    initial: layers.map(({ weights, bias }, layer) => initialLayer(sites, layer, weights, bias)),
    data: { rows, inputs: layers[0].weights[0].length, targets: layers.at(-1).weights.length, sha256: '0'.repeat(64) },
    order: 'sequential',
    lastBatch: 'drop',
    seed: 0,
    phases: [{
      steps: 0, batch, throttle: throttle !== undefined, anchor: false, supervisor: false, sensor: false, learningRate: constant(learningRate, 'learningRate'),
    }],
    sensor: {},
    sites,
    accumulate: { order: 'ascending', ...accumulate },
    divide: { method: 'exact' },
    batchDivision: 'exact',
    errorRule: 'difference',
    throttle: throttle ? throttle(constant, sites) : { law: 'none' },
    anchor: { law: 'none' },
    supervisor: { law: 'none' },
    divergedLoss: 1e9,
    evaluationRows: batch,
  };
}

/** Data of one run on one set. */
export const oneRun = (plan, steps, set) => ({ steps, sets: [set], runs: [{ set: 0, plan }] });
