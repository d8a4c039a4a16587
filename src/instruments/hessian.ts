/** The Hessian of a network's loss, as an operator, and the ends of its spectrum. */
import { extremeEigenvalues, type Extremes, type SymmetricOperator } from './eigenvalues.js';
import { expand, type DenseLayer, type Samples } from './network.js';

/** A single linear layer: its Hessian is I ⊗ XᵀX/N, the same at every point. */
export const isLinearLayer = ([layer, ...behind]: readonly DenseLayer[]): boolean => behind.length === 0 && layer?.activation === 'linear';

/** Inputs of a layer as its weights see them: a bias is one more input of 1. */
export const layerWidth = ({ inputs, bias }: Pick<DenseLayer, 'inputs' | 'bias'>): number => inputs + (bias ? 1 : 0);

/** XᵀX/N with a column of ones for a bias: the Hessian of one output of a linear layer. */
export function secondMoment(layer: DenseLayer, { count, inputs }: Samples): SymmetricOperator {
  const size = layerWidth(layer);
  return {
    size,
    times: (vector) => {
      const sum = new Float64Array(size);
      for (let row = 0; row < count; row++) {
        const start = row * layer.inputs;
        let along = layer.bias ? vector[layer.inputs]! : 0;
        for (let i = 0; i < layer.inputs; i++) along += inputs[start + i]! * vector[i]!;
        for (let i = 0; i < layer.inputs; i++) sum[i]! += inputs[start + i]! * along;
        if (layer.bias) sum[layer.inputs]! += along;
      }
      return sum.map((value) => value / count);
    },
  };
}

/** The Hessian of the objective at some parameters, of all of them. */
export function hessian(layers: readonly DenseLayer[], parameters: Float64Array, samples: Samples): SymmetricOperator {
  return { size: parameters.length, times: expand(layers, parameters, samples).hessianTimes };
}

/**
 * λmin and λmax of the Hessian. For one linear layer from XᵀX/N, for any other network from Hessian-vector products.
 *
 * @returns undefined where values are not finite
 * @example hessianExtremes(plan.layers, theta, batch)?.max // λmax: gradient descent is stable while η·λmax < 2
 */
export function hessianExtremes(layers: readonly DenseLayer[], parameters: Float64Array, samples: Samples): Extremes | undefined {
  return extremeEigenvalues(isLinearLayer(layers) ? secondMoment(layers[0]!, samples) : hessian(layers, parameters, samples));
}
