/** Sizes of layers: as the user says, as an experiment has them, or as the arrays show. */
import { printable } from '../document/show.js';
import type { QrailsError } from '../errors.js';
import { ACTIVATIONS, type Activation, type Experiment } from '../schema/experiment.js';
import { teacherSize } from '../signal/teacherStages.js';
import { siteKey } from '../site/sites.js';
import { countOf, type NumberArray } from './array.js';
import type { Placed } from './places.js';
import { refusal } from './refusal.js';

export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
  readonly bias: boolean;
}

const SIZE = new RegExp(`^([1-9][0-9]{0,4})[xX×]([1-9][0-9]{0,3})(?::(${ACTIVATIONS.join('|')}))?$`);

/** Whether a layer may have this activation: ReLU belongs to hidden layers, the sigmoid to the last. */
const belongs = (activation: string, last: boolean): boolean => activation !== (last ? 'relu' : 'sigmoid');

/**
 * Layers as text: inputs × outputs of each, `4x8:relu,8x2`.
 *
 * @throws QrailsError `usage`
 */
export function parseLayers(text: string, placed: readonly Placed[]): Layer[] {
  return text.split(',').slice(0, 100).map((part, index, parts): Layer => {
    const refuse = (message: string, expected: string): never => {
      throw refusal('usage', `--layers ${printable(text)}`, message, part, expected, '4x8:relu,8x2');
    };
    const match = SIZE.exec(part.trim()) ?? refuse('this is no size of a layer', `INPUTSxOUTPUTS, or with :${ACTIVATIONS.join(', :')} behind it`);
    const [, inputs, outputs, activation = 'linear'] = match;
    if (!belongs(activation, index === parts.length - 1)) refuse('ReLU belongs to hidden layers, the sigmoid to the last', 'another activation');
    const bias = placed.some(({ kind, layer }) => kind === 'bias' && layer === index);
    return { inputs: Number(inputs), outputs: Number(outputs), activation: activation as Activation, bias };
  });
}

/** Layers of an experiment; its data say how many inputs the first has. */
export function layersOf({ model, data }: Experiment): Layer[] {
  let inputs = data.kind === 'teacher' ? teacherSize(data).inputs : data.inputs.length * (data.lags ?? 1);
  return model.layers.map(({ outputs, activation = 'linear', bias = false }) => {
    const layer = { inputs, outputs, activation, bias };
    inputs = outputs;
    return layer;
  });
}

/**
 * Layers as the arrays show them: two dimensions are outputs × inputs; of one, a bias says how many outputs there are, else it is one neuron.
 *
 * @throws QrailsError `invalid` for a layer without weights
 */
export function layersFrom(placed: readonly Placed[]): Layer[] {
  const last = Math.max(...placed.map(({ layer }) => layer));
  return Array.from({ length: last + 1 }, (_, layer) => {
    const weight = placed.find((one) => one.layer === layer && one.kind === 'weight');
    const bias = placed.find((one) => one.layer === layer && one.kind === 'bias');
    const place = siteKey('weight', layer);
    if (weight === undefined) throw refusal('invalid', place, 'no array is for these weights', 'none', 'weights of every layer, or --into an experiment that has them', `--array ${place}=NAME`);
    const count = countOf(weight.array);
    const outputs = bias ? countOf(bias.array) : 1;
    const matrix = matrixOf(weight);
    if (weight.array.numbers.kind === 'word' && !matrix && !bias) {
      const repair = `--layers ${count}x1, or --into an experiment`;
      throw refusal('usage', '--layers', 'a memory file does not say how many outputs a layer has', `${count} words`, 'inputs x outputs', repair);
    }
    const [rows, columns] = matrix ?? [outputs, count / outputs];
    if (!Number.isInteger(columns)) throw mismatch(`${weight.array.file}: ${weight.array.name}`, 'its biases', weight.array, `a multiple of ${outputs}, the number of biases`);
    const { activation = 'linear' } = weight.array;
    return { inputs: columns, outputs: rows, activation: belongs(activation, layer === last) ? activation : 'linear', bias: bias !== undefined };
  });
}

/** Outputs and inputs, where an array has two dimensions. */
function matrixOf({ array, order }: Placed): readonly [outputs: number, inputs: number] | undefined {
  const { matrix, shape } = array;
  const sizes = matrix ?? (shape.length > 1 ? ([shape[0]!, countOf(array) / shape[0]!] as const) : undefined);
  return sizes && order === 'column' ? [sizes[1], sizes[0]] : sizes;
}

/** `2 × 4` */
export const shapeText = (shape: readonly number[]): string => shape.join(' × ');
/** `4→8→2` */
export const layersText = (layers: readonly Layer[]): string => [layers[0]?.inputs, ...layers.map(({ outputs }) => outputs)].join('→');

/**
 * Holds arrays to layers.
 *
 * @throws QrailsError `invalid`, with what was found and expected
 */
export function checkShapes(placed: readonly Placed[], layers: readonly Layer[], where: string): void {
  layers.forEach(({ inputs }, index) => {
    const before = layers[index - 1];
    if (before && before.outputs !== inputs) throw refusal('invalid', where, `layer ${index} does not fit the layer before it`, `${inputs} inputs`, `${before.outputs}, its outputs`);
  });
  for (const one of placed) {
    const { layer, kind, array } = one;
    const size = layers[layer];
    const place = `${array.file}: ${printable(array.name)} for ${siteKey(kind, layer)}`;
    if (size === undefined) throw refusal('invalid', place, `${where} has no layer ${layer}`, layersText(layers), `${layer + 1} layers`);
    const { inputs, outputs } = size;
    if (kind === 'bias') {
      if (!size.bias) throw refusal('invalid', place, `in ${where} this layer has no bias`, `${countOf(array)} biases`, 'none', '"bias": true in that layer');
      if (countOf(array) !== outputs) throw mismatch(place, where, array, `${outputs}, one for each output`);
      continue;
    }
    const matrix = matrixOf(one);
    const fits = matrix ? matrix[0] === outputs && matrix[1] === inputs : countOf(array) === inputs * outputs;
    if (!fits) throw mismatch(place, where, array, `${outputs} × ${inputs} (outputs × inputs)`, matrix?.[0] === inputs && matrix[1] === outputs);
  }
}

function mismatch(place: string, where: string, array: NumberArray, expected: string, turned = false): QrailsError {
  const repair = turned ? '--order column, if each column belongs to an output' : '--layers or --into, for another model';
  return refusal('invalid', place, `the shape does not fit ${where}`, shapeText(array.matrix ?? array.shape), expected, repair);
}

/** The place in an array of the weight from `input` to `output`. */
export function indexOf({ order }: Placed, { inputs, outputs }: Layer, output: number, input: number): number {
  switch (order) {
    case 'row': return output * inputs + input;
    case 'column': return input * outputs + output;
    case 'cmsis': return output * inputs + (inputs - 1 - input);
  }
}
