/** Curvature along the gradient: what a step meets, as against λmax, which it may never meet. */
import { dot, expand, type DenseLayer, type Samples } from './network.js';

/** gᵀHg / gᵀg at some parameters; NaN where the gradient is 0 or not finite. */
export function gradientSharpness(layers: readonly DenseLayer[], parameters: Float64Array, samples: Samples): number {
  const { gradient, hessianTimes } = expand(layers, parameters, samples);
  return dot(gradient, hessianTimes(gradient)) / dot(gradient, gradient);
}

export interface BatchSharpness {
  /** E[g_Bᵀ·H_B·g_B] / E[g_Bᵀg_B]; NaN where every gradient is 0. Steps at the edge of stability hover at 2/η. */
  readonly value: number;
  /** Batches the means are over. */
  readonly batches: number;
}

/**
 * Batch sharpness (Andreyev and Beneventano, "Edge of Stochastic Stability", arXiv 2412.20553) at fixed parameters, over the batches into which the
 * rows fall in order; rows left over by the last whole batch are not used.
 *
 * @param batch rows of a batch, at most those there are
 */
export function batchSharpness(layers: readonly DenseLayer[], parameters: Float64Array, samples: Samples, batch: number): BatchSharpness {
  const batches = Math.floor(samples.count / batch);
  const inputs = layers[0]!.inputs;
  const targets = layers.at(-1)!.outputs;
  let curved = 0;
  let squares = 0;
  for (let k = 0; k < batches; k++) {
    const part = {
      count: batch,
      inputs: samples.inputs.subarray(k * batch * inputs, (k + 1) * batch * inputs),
      targets: samples.targets.subarray(k * batch * targets, (k + 1) * batch * targets),
    };
    const { gradient, hessianTimes } = expand(layers, parameters, part);
    curved += dot(gradient, hessianTimes(gradient));
    squares += dot(gradient, gradient);
  }
  return { value: curved / squares, batches };
}
