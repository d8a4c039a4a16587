/** Limits of the learning rate that theory sets a linear layer on some rows. */
import { hessianExtremes, isLinearLayer, layerWidth } from './hessian.js';
import { meanSquareLimit, momentsOf, SAMPLINGS, type Sampling } from './meanSquare.js';
import type { DenseLayer, Samples } from './network.js';

export interface Limits {
  /** Rows they are of. */
  readonly rows: number;
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  /** tr(XᵀX/N): of one output. */
  readonly trace: number;
  /** 2/λmax: gradient descent on all rows at once is stable below it. */
  readonly gradientDescent: number;
  /** 2/tr(XᵀX/N), a simple bound for SGD one row at a time. */
  readonly traceBound: number;
  /** Below it SGD is stable in the mean square, by how batches are drawn; null for more inputs than it is computed for. */
  readonly meanSquare: Readonly<Record<Sampling, number>> | null;
}

/**
 * @param batch rows a step
 * @returns undefined for any network but one linear layer, and for rows that are not finite or all 0
 */
export function limitsOf(layers: readonly DenseLayer[], samples: Samples, batch: number): Limits | undefined {
  const [layer] = layers;
  if (!layer || !isLinearLayer(layers)) return undefined;
  const extremes = hessianExtremes(layers, new Float64Array(), samples);
  if (!extremes || !(extremes.max > 0)) return undefined;
  const { count, inputs } = samples;
  let trace = layerWidth(layer) - layer.inputs;
  for (let k = 0; k < count * layer.inputs; k++) trace += inputs[k]! ** 2 / count;
  const moments = momentsOf(layer, samples);
  return {
    rows: count, lambdaMin: extremes.min, lambdaMax: extremes.max, trace,
    gradientDescent: 2 / extremes.max,
    traceBound: 2 / trace,
    meanSquare: moments
      ? (Object.fromEntries(Object.keys(SAMPLINGS).map((sampling) => [sampling, meanSquareLimit(moments, batch, sampling as Sampling)])) as Record<Sampling, number>)
      : null,
  };
}
