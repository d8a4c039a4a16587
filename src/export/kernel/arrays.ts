/** The arrays of parameters in the state, in the order of docs/state.md. */
import type { Kernel, LayerShape } from './context.js';
import type { Exact } from './exact.js';

export interface ParameterArray {
  readonly layer: LayerShape;
  readonly kind: 'weight' | 'bias';
  /** Its field of the state. */
  readonly name: string;
  /** One of its raws. */
  readonly raw: Exact;
  /** C text of its length, and the length. */
  readonly length: string;
  readonly count: number;
  /** C text of the number of parameter k of it among those of its layer: weights before biases. */
  readonly element: string;
}

/** Weights and biases of every layer. `site`: what is kept beside each, at a format of its own. */
export function parameterArrays(kernel: Kernel, site?: 'average' | 'importance'): ParameterArray[] {
  return kernel.layers.flatMap((layer) => {
    const { index, weights, outputs, bias } = layer;
    const array = (kind: 'weight' | 'bias', length: string, count: number, element: string): ParameterArray => ({
      layer, kind, name: `layer${index}_${kind}`, raw: kernel.raw(site ?? kind, index, ''), length, count, element,
    });
    return [
      array('weight', kernel.size(layer, 'WEIGHTS'), weights, 'k'),
      ...(bias ? [array('bias', kernel.size(layer, 'OUTPUTS'), outputs, `${kernel.size(layer, 'WEIGHTS')} + k`)] : []),
    ];
  });
}

/** An array of the state with a raw for every parameter of a layer, weights before biases. */
export type LayerArray = Pick<ParameterArray, 'name' | 'raw' | 'length' | 'count'>;

const layerArrays = (kernel: Kernel, what: 'gradient' | 'update'): LayerArray[] =>
  kernel.layers.map((layer) => ({
    name: `layer${layer.index}_${what}`, raw: kernel.raw(what, layer.index, ''), length: kernel.size(layer, 'PARAMETERS'), count: layer.parameters,
  }));

/** Gradients of every layer, and updates. */
export const gradientArrays = (kernel: Kernel): LayerArray[] => layerArrays(kernel, 'gradient');
export const updateArrays = (kernel: Kernel): LayerArray[] => layerArrays(kernel, 'update');

/** A loop that copies an array of the state into another. */
export const copyLoop = ({ name, length }: LayerArray, suffix: string): string => `for (uint32_t k = 0; k < ${length}; k++) s->${name}_${suffix}[k] = s->${name}[k];`;
/** And back. */
export const copyBackLoop = ({ name, length }: LayerArray, suffix: string): string => `for (uint32_t k = 0; k < ${length}; k++) s->${name}[k] = s->${name}_${suffix}[k];`;
export const clearLoop = ({ name, length }: LayerArray, suffix = ''): string => `for (uint32_t k = 0; k < ${length}; k++) s->${name}${suffix}[k] = 0;`;

/** Literals as lines of an initialiser. */
export const tableLines = (literals: readonly string[]): string[] =>
  Array.from({ length: Math.ceil(literals.length / 12) }, (_, line) => `    ${literals.slice(12 * line, 12 * line + 12).join(', ')},`);
