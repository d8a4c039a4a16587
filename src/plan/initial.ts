/** Initial weights and biases: what a seed draws of them, and their raws. */
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import { fromDouble } from '../format/real.js';
import type { Experiment } from '../schema/experiment.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { randomStream, uniform } from '../signal/random.js';
import { freeze } from './freeze.js';

type Initial = Plan['initial'];
type Sites = Readonly<Record<string, SiteFormat>>;
/** Without their raws. */
type Reals = Pick<Initial[number], 'weights' | 'bias'>[];
type Stated = NonNullable<Experiment['model']['initial']>;

/** Values that are kept, over all seeds: with their raws some 16 MB. */
const MOST_KEPT = 2 ** 18;

/** What was drawn, by seed: the points of a sweep mostly draw the same, under the same seeds. What was drawn first stays, so that going round the seeds finds it. */
interface Kept {
  /** All that it depends on besides the seed. */
  readonly key: string;
  readonly bySeed: Map<number, Initial>;
  values: number;
}
let kept: Kept | undefined;

/**
 * Initial values of a draft as a function of the seed.
 *
 * @returns a function whose results are frozen, and that throws QrailsError: `invalid` for values of another shape, `format` for one outside its rails
 */
export function initialValues(stated: Stated = { kind: 'glorot' }, layers: Plan['layers'], sites: Sites): (seed: number) => Initial {
  if (stated.kind === 'values') {
    let initial: Initial | undefined;
    return () => (initial ??= frozen(copied(stated, layers), sites));
  }
  const key = JSON.stringify([stated, layers, layers.map((_, layer) => [sites[`layer${layer}.weight`], sites[`layer${layer}.bias`]])]);
  const known: Kept = kept?.key === key ? kept : (kept = { key, bySeed: new Map(), values: 0 });
  return (seed) => {
    let initial = known.bySeed.get(seed);
    if (initial) return initial;
    initial = frozen(drawn(stated, seed, layers), sites);
    known.values += initial.reduce((sum, { weights, bias }) => sum + weights.length * (weights[0]?.length ?? 0) + bias.length, 0);
    if (known.values <= MOST_KEPT) known.bySeed.set(seed, initial);
    return initial;
  };
}

/** Values as the experiment states them, checked against the layers. */
function copied(stated: Extract<Stated, { kind: 'values' }>, layers: Plan['layers']): Reals {
  if (stated.layers.length !== layers.length) {
    throw new QrailsError({ code: 'invalid', where: 'model.initial.layers', message: 'one entry for each layer', found: String(stated.layers.length), expected: String(layers.length) });
  }
  return layers.map(({ inputs, outputs, bias: hasBias }, layer) => {
    const { weights, bias = hasBias ? Array<number>(outputs).fill(0) : [] } = stated.layers[layer]!;
    if (weights.length !== outputs || weights.some((row) => row.length !== inputs) || bias.length !== (hasBias ? outputs : 0)) {
      throw new QrailsError({
        code: 'invalid', where: placeOf(layer), message: 'wrong shape', found: `${weights.length} rows of ${weights.map((row) => row.length).join(', ')} weights, ${bias.length} biases`,
        expected: `${outputs} rows of ${inputs} weights, ${hasBias ? outputs : 0} biases`,
      });
    }
    return { weights: weights.map((row) => [...row]), bias: [...bias] };
  });
}

function drawn(stated: Exclude<Stated, { kind: 'values' }>, seed: number, layers: Plan['layers']): Reals {
  const random = randomStream(seed, 'weights');
  return layers.map(({ inputs, outputs, bias }) => {
    const limit = stated.kind === 'zero' ? 0 : (stated.scale ?? 1) * Math.sqrt(6 / (inputs + outputs));
    return {
      weights: Array.from({ length: outputs }, () => Array.from({ length: inputs }, () => (2 * uniform(random) - 1) * limit)),
      bias: bias ? Array<number>(outputs).fill(0) : [],
    };
  });
}

/** With the raws. */
function frozen(reals: Reals, sites: Sites): Initial {
  const initial = reals.map(({ weights, bias }, layer) => {
    const raw = (value: number, site: 'weight' | 'bias', place: string): string => {
      const format = sites[`layer${layer}.${site}`]!;
      const quantised = quantise(fromDouble(value), format);
      if (quantised.overflow !== 0) {
        throw new QrailsError({ code: 'format', where: `${placeOf(layer)}.${place}`, message: 'an initial value outside its rails', found: String(value), expected: `within ${formatName(format)}`, try: `smaller initial weights, or more integer bits in ${site}` });
      }
      return String(quantised.raw);
    };
    return {
      weights, bias,
      weightsRaw: weights.map((row, o) => row.map((value, i) => raw(value, 'weight', `weights[${o}][${i}]`))),
      biasRaw: bias.map((value, o) => raw(value, 'bias', `bias[${o}]`)),
    };
  });
  freeze(initial);
  return initial;
}

const placeOf = (layer: number): string => `model.initial.layers[${layer}]`;
