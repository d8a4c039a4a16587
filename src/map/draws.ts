/** Initial weights other than an experiment's own: everything else of a map stays. */
import { prepareFrom, type Documents, type RunOptions } from '../compare/prepare.js';
import type { Experiment } from '../schema/experiment.js';
import type { MapDraws } from '../schema/map.js';
import type { Dataset } from '../signal/dataset.js';

type Initial = NonNullable<Experiment['model']['initial']>;

/** Documents with other initial weights. */
export function withWeights(documents: Documents, initial: Initial): Documents {
  const { experiment } = documents;
  return { ...documents, experiment: { ...experiment, value: { ...experiment.value, model: { ...experiment.value.model, initial } } } };
}

/**
 * The Glorot weights that a seed draws for the experiment's model, written out, so that the seed draws nothing else. Of the experiment's scale where
 * it draws Glorot weights itself, else of scale 1.
 *
 * @throws QrailsError `format` where they do not fit the target
 */
export async function drawnWeights({ documents, options, dataset }: { documents: Documents; options: RunOptions; dataset: Dataset | undefined }, seed: number): Promise<Initial> {
  const { initial: own } = documents.experiment.value.model;
  const { variants } = await prepareFrom(withWeights(documents, own?.kind === 'glorot' ? own : { kind: 'glorot' }), { ...options, seed }, dataset);
  return { kind: 'values', layers: variants[0]!.plan.initial.map(({ weights, bias }, layer) => ({ weights, ...(variants[0]!.plan.layers[layer]!.bias && { bias }) })) };
}

/** Mean, smallest and largest of some shares. */
export function spreadOf(shares: readonly number[]): MapDraws['divergedShare'] {
  return { mean: shares.reduce((sum, share) => sum + share, 0) / shares.length, min: Math.min(...shares), max: Math.max(...shares) };
}
