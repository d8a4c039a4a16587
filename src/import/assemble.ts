/** Imported values in an experiment. */
import { relative, resolve } from 'node:path';
import { Experiment } from '../schema/experiment.js';
import { validate } from '../schema/validate.js';
import { siteKey } from '../site/sites.js';
import { indexOf, layersText, type Layer } from './layers.js';
import { refusal } from './refusal.js';
import type { PlacedValues } from './values.js';

type InitialLayer = Extract<NonNullable<Experiment['model']['initial']>, { kind: 'values' }>['layers'][number];

/** A path in a document of one folder as a document of another has it; names stay. */
export function movedPath(path: string, from: string, to: string): string {
  if (!/[\\/]/.test(path) && !path.endsWith('.json')) return path;
  const moved = relative(to, resolve(from, path)).replaceAll('\\', '/');
  return moved.includes('/') ? moved : `./${moved}`;
}

/** The experiment as it stands in another folder: data, target and sensor named from there. */
export function moved(experiment: Experiment, from: string, to: string): Experiment {
  const { $schema: _, data, profile, sensor, ...rest } = experiment;
  return {
    ...rest,
    data: data.kind === 'teacher' ? data : { ...data, file: relative(to, resolve(from, data.file)).replaceAll('\\', '/') },
    ...(profile !== undefined && { profile: movedPath(profile, from, to) }),
    ...(sensor !== undefined && { sensor: movedPath(sensor, from, to) }),
  };
}

/**
 * An experiment whose model begins with the imported values. Layers that nothing was imported for keep the values the experiment states.
 *
 * @throws QrailsError `invalid` for a layer without any values, or a model the schema does not allow
 */
export async function withInitial(experiment: Experiment, layers: readonly Layer[], placed: readonly PlacedValues[], about: string): Promise<Experiment> {
  const stated = experiment.model.initial?.kind === 'values' ? experiment.model.initial.layers : [];
  const initial = layers.map((size, layer): InitialLayer => {
    const { inputs, outputs, bias: hasBias } = size;
    const find = (kind: 'weight' | 'bias'): PlacedValues | undefined => placed.find((one) => one.layer === layer && one.kind === kind);
    const [weight, bias, before] = [find('weight'), find('bias'), stated[layer]];
    if (weight === undefined && before === undefined) {
      const place = siteKey('weight', layer);
      throw refusal('invalid', place, 'nothing was imported for these weights, and the experiment states none', 'none', 'weights of every layer', `--array ${place}=NAME`);
    }
    const weights = weight
      ? Array.from({ length: outputs }, (_, output) => Array.from({ length: inputs }, (__, input) => weight.values[indexOf(weight, size, output, input)]!))
      : before!.weights;
    const biases = bias ? [...bias.values] : (before?.bias ?? Array<number>(outputs).fill(0));
    return { weights, ...(hasBias && { bias: biases }) };
  });
  const made: Experiment = {
    ...experiment,
    about: [experiment.about, about].filter((text) => text !== undefined).join(' ').slice(-4000),
    model: { ...experiment.model, initial: { kind: 'values', layers: initial } },
  };
  return (await validate(Experiment, made, 'the experiment with what was imported')) as Experiment;
}

/**
 * The experiment with a model of other layers, learning from a teacher of their size: rows of its own teacher again and again, until the user puts other
 * data in.
 */
export function standIn(experiment: Experiment, layers: readonly Layer[]): Experiment {
  const { data } = experiment;
  if (data.kind !== 'teacher') throw new RangeError('only an experiment with a teacher stands in');
  const pattern = data.weights;
  const { rows, low, high, noise } = data;
  const weights = Array.from({ length: layers.at(-1)!.outputs }, (_, output) =>
    Array.from({ length: layers[0]!.inputs }, (__, input) => pattern[output % pattern.length]![input % pattern[0]!.length]!));
  return {
    ...experiment,
    title: `Imported weights, ${layersText(layers)}`,
    about: 'Data are those of a teacher that stands in: put your own in "data".',
    model: { layers: layers.map(({ outputs, activation, bias }) => ({ outputs, ...(activation !== 'linear' && { activation }), ...(bias && { bias }) })) },
    data: { kind: 'teacher', rows, weights, ...(low !== undefined && { low }), ...(high !== undefined && { high }), ...(noise !== undefined && { noise }) },
  };
}
