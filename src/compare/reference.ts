/** What one linear layer could do at best: the least-squares solution of a batch. */
import { Matrix, SVD } from 'ml-matrix';
import type { Batch } from '../core/session.js';
import type { Plan } from '../schema/plan.js';

export interface Reference {
  /** [output][input], then the bias as a last column where the layer has one. */
  readonly weights: readonly (readonly number[])[];
  /** Half mean squared error of these weights on the batch. */
  readonly loss: number;
}

/** Past this many inputs the reference is not computed. */
export const REFERENCE_INPUTS = 256;

/**
 * Least squares on a batch for a network of one linear layer; undefined for any other network, or where the front end gave no finite value.
 * By the normal equations and an SVD of XᵀX: among the minimisers it takes the one of smallest norm.
 */
export function leastSquares(plan: Plan, { inputs, targets, count }: Batch): Reference | undefined {
  const [layer, ...behind] = plan.layers;
  if (layer?.activation !== 'linear' || behind.length > 0 || layer.inputs > REFERENCE_INPUTS) return undefined;
  const width = layer.inputs + (layer.bias ? 1 : 0);
  const x = (row: number, column: number): number => (column < layer.inputs ? inputs[row * layer.inputs + column]! : 1);
  const normal = Matrix.zeros(width, width);
  const right = Matrix.zeros(width, layer.outputs);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) {
      const xi = x(row, i);
      for (let j = i; j < width; j++) normal.set(i, j, normal.get(i, j) + xi * x(row, j));
      for (let o = 0; o < layer.outputs; o++) right.set(i, o, right.get(i, o) + xi * targets[row * layer.outputs + o]!);
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) normal.set(i, j, normal.get(j, i));
  if (!normal.to1DArray().every(Number.isFinite)) return undefined;
  const solution = new SVD(normal, { autoTranspose: true }).solve(right);
  let squares = 0;
  for (let row = 0; row < count; row++) {
    for (let o = 0; o < layer.outputs; o++) {
      let error = -targets[row * layer.outputs + o]!;
      for (let i = 0; i < width; i++) error += x(row, i) * solution.get(i, o);
      squares += error * error;
    }
  }
  return { weights: solution.transpose().to2DArray(), loss: squares / (2 * count) };
}

/** ‖W − W_ref‖_F of a layer's parameters (weights row by row, then biases); NaN where they are not finite. */
export function weightError(plan: Plan, reference: Reference, parameters: readonly number[]): number {
  const { inputs, outputs, bias } = plan.layers[0]!;
  let sum = 0;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) sum += (parameters[o * inputs + i]! - reference.weights[o]![i]!) ** 2;
    if (bias) sum += (parameters[outputs * inputs + o]! - reference.weights[o]![inputs]!) ** 2;
  }
  return Math.sqrt(sum);
}
