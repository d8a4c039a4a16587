/** Files in a folder of their own, and experiments planned from what was imported out of them. */
import { prepareFrom, readDocuments, type Prepared } from '../../src/compare/prepare.js';
import { importWeights, type Imported, type ImportOptions } from '../../src/import/import.js';
import type { Plan } from '../../src/schema/plan.js';
import { inFolder, ROOT, type Files } from '../cli/qrails.js';

/** Imports files, all of them unless some are named; what is made stands in the folder of the shipped experiments. */
export function imported(files: Files, options: Partial<ImportOptions> = {}): Promise<Imported> {
  return inFolder(files, (folder) => importWeights({ files: Object.keys(files), directory: folder.path, experimentFile: `${ROOT}experiments/imported.json`, ...options }));
}

/** The first plan of an experiment on a target, the experiment in place of the shipped one of this name. */
export async function planOf(experiment: string, profile: string, replaced?: Imported['experiment']): Promise<Prepared & { plan: Plan }> {
  const documents = await readDocuments({ experiment, profile });
  const prepared = await prepareFrom(replaced ? { ...documents, experiment: { ...documents.experiment, value: replaced } } : documents, { throttle: ['none'], anchor: ['none'] });
  return { ...prepared, plan: prepared.variants[0]!.plan };
}

/** What an import must bring back. */
export const rawsOfPlan = ({ initial }: Plan): unknown => initial.map(({ weightsRaw, biasRaw }) => ({ weightsRaw, biasRaw }));

/** The same of an experiment, at the formats of a plan. */
export const statedRaws = ({ model: { initial } }: Imported['experiment'], plan: Plan): unknown => {
  if (initial?.kind !== 'values') throw new Error('the experiment states no values');
  const raw = (kind: 'weight' | 'bias', layer: number) => (value: number): string => String(value * 2 ** plan.sites[`layer${layer}.${kind}`]!.fractionLength);
  return initial.layers.map(({ weights, bias = [] }, layer) => ({ weightsRaw: weights.map((row) => row.map(raw('weight', layer))), biasRaw: bias.map(raw('bias', layer)) }));
};
