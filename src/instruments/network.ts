/**
 * A network's loss, gradient and Hessian-vector product in float64, without any quantisation. The product is exact (Pearlman 1994): it
 * differentiates the gradient along a direction, forward and then backward, with the second-order terms of residuals and activations.
 */
import { ACTIVATIONS, type Activation, type ActivationName } from './activations.js';

export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: ActivationName;
  readonly bias: boolean;
}

/** Rows of inputs and targets, row-major. */
export interface Samples {
  readonly count: number;
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
}

export const parameterCount = (layers: readonly DenseLayer[]): number => layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + (bias ? 1 : 0)), 0);

/** Half mean squared error of the outputs, Σ(ŷ − y)²/(2N): the loss a run reports. */
export function lossOf(layers: readonly DenseLayer[], parameters: Float64Array, { count, inputs, targets }: Samples): number {
  let first = 0;
  let fed = inputs;
  for (const layer of layers) {
    fed = affine(layer, parameters, first, fed, count).map(ACTIVATIONS[layer.activation].value);
    first += parameterCount([layer]);
  }
  return fed.reduce((sum, output, k) => sum + (output - targets[k]!) ** 2, 0) / (2 * count);
}

/** A network at one point, on some samples. */
export interface Expansion {
  /** What the gradient is of: Σ(A(z) − y·z + y²/2)/N over the outputs. Half the mean squared error for linear outputs, the logistic loss (plus a constant) for sigmoid ones. */
  readonly objective: number;
  /** Of the objective, in the order of the parameters. */
  readonly gradient: Float64Array;
  /** H·v of the objective. */
  readonly hessianTimes: (direction: Float64Array) => Float64Array;
}

/** What a layer leaves behind, sample by sample. */
interface Pass {
  readonly layer: DenseLayer;
  /** Index of its first parameter: weights row by row, then biases. */
  readonly first: number;
  readonly fed: Float64Array;
  readonly slopes: Float64Array;
  readonly bends: Float64Array;
  /** Derivative of the objective by the output, before the activation is passed; empty for the last layer. */
  readonly upstream: Float64Array;
  /** Derivative of the objective by the pre-activation. */
  readonly errors: Float64Array;
}

/**
 * Expands a network around its parameters.
 *
 * @param parameters of all layers: weights row by row (output·inputs + input), then biases
 * @returns values that are not finite where the parameters are not, or overflow
 * @example
 * const { gradient, hessianTimes } = expand(plan.layers, theta, { count, inputs, targets });
 * const curvature = dot(gradient, hessianTimes(gradient)) / dot(gradient, gradient);
 */
export function expand(layers: readonly DenseLayer[], parameters: Float64Array, { count, inputs, targets }: Samples): Expansion {
  const passes: Pass[] = [];
  let first = 0;
  let fed = inputs;
  let objective = 0;
  for (const [index, layer] of layers.entries()) {
    const last = index === layers.length - 1;
    const activation: Activation = ACTIVATIONS[layer.activation];
    const size = count * layer.outputs;
    const z = affine(layer, parameters, first, fed, count);
    const pass: Pass = {
      layer, first, fed, slopes: z.map(activation.slope), bends: last ? new Float64Array() : z.map(activation.bend),
      upstream: new Float64Array(last ? 0 : size), errors: new Float64Array(size),
    };
    fed = z.map(activation.value);
    if (last) {
      for (let k = 0; k < size; k++) {
        const error = fed[k]! - targets[k]!;
        pass.errors[k] = error;
        objective += activation.integral(z[k]!) - targets[k]! * z[k]! + targets[k]! ** 2 / 2;
      }
    }
    passes.push(pass);
    first += parameterCount([layer]);
  }
  for (let l = passes.length - 2; l >= 0; l--) {
    const { upstream, errors, slopes } = passes[l]!;
    const behind = passes[l + 1]!;
    addTransposed(behind.layer, parameters, behind.first, behind.errors, upstream);
    for (let k = 0; k < errors.length; k++) errors[k] = upstream[k]! * slopes[k]!;
  }
  const gradient = new Float64Array(first);
  for (const pass of passes) addOuter(pass, pass.errors, pass.fed, gradient, true);
  return { objective: objective / count, gradient: scaled(gradient, 1 / count), hessianTimes: (direction) => hessianTimes(passes, parameters, direction, count) };
}

function hessianTimes(passes: readonly Pass[], parameters: Float64Array, direction: Float64Array, count: number): Float64Array {
  // Forward: how pre-activations and outputs change along the direction.
  const dz: Float64Array[] = [];
  const dFed: (Float64Array | undefined)[] = [];
  let changed: Float64Array | undefined;
  for (const { layer, first, fed, slopes } of passes) {
    dFed.push(changed);
    const change = affine(layer, direction, first, fed, count);
    if (changed) {
      const through = affine({ ...layer, bias: false }, parameters, first, changed, count);
      for (let k = 0; k < change.length; k++) change[k]! += through[k]!;
    }
    dz.push(change);
    changed = change.map((value, k) => value * slopes[k]!);
  }
  // Backward: how errors change. The last layer's is that of its output.
  const result = new Float64Array(parameters.length);
  let dErrors = changed!;
  for (let l = passes.length - 1; l >= 0; l--) {
    const pass = passes[l]!;
    addOuter(pass, dErrors, pass.fed, result, true);
    if (dFed[l]) addOuter(pass, pass.errors, dFed[l]!, result, false);
    if (l === 0) break;
    const before = passes[l - 1]!;
    const dUpstream = new Float64Array(before.upstream.length);
    addTransposed(pass.layer, direction, pass.first, pass.errors, dUpstream);
    addTransposed(pass.layer, parameters, pass.first, dErrors, dUpstream);
    dErrors = dUpstream.map((value, k) => value * before.slopes[k]! + before.upstream[k]! * before.bends[k]! * dz[l - 1]![k]!);
  }
  return scaled(result, 1 / count);
}

/** W·x + b for every sample. */
function affine({ inputs, outputs, bias }: DenseLayer, parameters: Float64Array, first: number, fed: Float64Array, count: number): Float64Array {
  const result = new Float64Array(count * outputs);
  for (let b = 0; b < count; b++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias ? parameters[first + inputs * outputs + o]! : 0;
      for (let i = 0; i < inputs; i++) sum += parameters[first + o * inputs + i]! * fed[b * inputs + i]!;
      result[b * outputs + o] = sum;
    }
  }
  return result;
}

/** sum += Wᵀ·e for every sample. */
function addTransposed({ inputs, outputs }: DenseLayer, parameters: Float64Array, first: number, errors: Float64Array, sum: Float64Array): void {
  const count = errors.length / outputs;
  for (let b = 0; b < count; b++) {
    for (let o = 0; o < outputs; o++) {
      const error = errors[b * outputs + o]!;
      for (let i = 0; i < inputs; i++) sum[b * inputs + i]! += parameters[first + o * inputs + i]! * error;
    }
  }
}

/** sum += Σ_b e·xᵀ at the layer's weights, and Σ_b e at its biases where `withBias` says so. */
function addOuter({ layer: { inputs, outputs, bias }, first }: Pass, errors: Float64Array, fed: Float64Array, sum: Float64Array, withBias: boolean): void {
  const count = errors.length / outputs;
  for (let b = 0; b < count; b++) {
    for (let o = 0; o < outputs; o++) {
      const error = errors[b * outputs + o]!;
      for (let i = 0; i < inputs; i++) sum[first + o * inputs + i]! += error * fed[b * inputs + i]!;
      if (bias && withBias) sum[first + inputs * outputs + o]! += error;
    }
  }
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
