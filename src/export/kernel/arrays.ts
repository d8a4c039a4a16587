/** The arrays of parameters in the state, in the order of docs/state.md. */
import type { Kernel } from './context.js';
import type { Exact } from './exact.js';

export interface ParameterArray {
  /** Its field of the state. */
  readonly name: string;
  /** One of its raws. */
  readonly raw: Exact;
  /** C text of its length, and the length. */
  readonly length: string;
  readonly count: number;
}

/** Weights and biases of every layer. */
export function parameterArrays(kernel: Kernel): ParameterArray[] {
  return kernel.layers.flatMap((layer) => {
    const { index, weights, outputs, bias } = layer;
    const array = (name: 'weight' | 'bias', length: string, count: number): ParameterArray => ({ name: `layer${index}_${name}`, raw: kernel.raw(name, index, ''), length, count });
    return [array('weight', kernel.size(layer, 'WEIGHTS'), weights), ...(bias ? [array('bias', kernel.size(layer, 'OUTPUTS'), outputs)] : [])];
  });
}

/** Gradients of every layer, weights before biases. */
export function gradientArrays(kernel: Kernel): ParameterArray[] {
  return kernel.layers.map((layer) => ({
    name: `layer${layer.index}_gradient`, raw: kernel.raw('gradient', layer.index, ''), length: kernel.size(layer, 'PARAMETERS'), count: layer.parameters,
  }));
}

/** A loop that copies an array of the state into another. */
export const copyLoop = ({ name, length }: ParameterArray, suffix: string): string => `for (uint32_t k = 0; k < ${length}; k++) s->${name}_${suffix}[k] = s->${name}[k];`;
