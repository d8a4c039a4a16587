/**
 * Up to which learning rate SGD on a linear layer is stable in the mean square.
 *
 * Near a solution the error of an output's weights obeys e ← (I − η·H_B)·e with H_B = X_BᵀX_B/B of a batch drawn anew in each step. Its second
 * moment E[eeᵀ] obeys M ← E[(I − ηH_B)·M·(I − ηH_B)] = (I − 2ηC + η²D)(M) with
 *
 *     C(M) = (HM + MH)/2,   D(M) = (1 − p)·HMH + p·E[xxᵀ·M·xxᵀ],   H = E[xxᵀ]
 *
 * and p = (N − B)/(B·(N − 1)) for a batch of B different rows out of N, p = 1/B for rows drawn with replacement or from a population. It shrinks for
 * every M exactly while η < 2/λmax(C⁻¹D) (Mulayoff and Michaeli, "Exact Mean Square Linear Stability Analysis for SGD", COLT 2024). Inputs that
 * are always 0, or always in proportion, span directions in which nothing ever moves; they are left out.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { eigenvaluesOf, matrixOf } from './eigenvalues.js';
import { layerWidth, secondMoment } from './hessian.js';
import type { DenseLayer, Samples } from './network.js';

export const SAMPLINGS = {
  withoutReplacement: 'a batch is B different rows, every such batch as likely',
  withReplacement: 'every row of a batch is drawn from all of them',
} as const;
export type Sampling = keyof typeof SAMPLINGS;

/** Moments of the rows a layer is fed, with 1 for a bias. A symmetric matrix is a vector of its entries i ≤ j, those off the diagonal times √2. */
export interface Moments {
  /** Rows they are of; Infinity for a population. */
  readonly rows: number;
  /** E[xxᵀ]. */
  readonly second: Matrix;
  /** E[s·sᵀ], s the vector of xxᵀ. */
  readonly fourth: Matrix;
}

/** Past this many inputs, a bias counted, the limits are not computed: they take the square of width·(width + 1)/2 entries. */
export const MOST_WIDTH = 16;

/** Relative to the largest: below it an eigenvalue of H is 0. */
const NULL = 1e-12;

/** Places of a symmetric matrix in the order of its vector. */
const placesOf = (size: number): (readonly [number, number])[] => Array.from({ length: size }, (_, i) => Array.from({ length: size - i }, (__, k) => [i, i + k] as const)).flat();
const scaleOf = ([i, j]: readonly [number, number]): number => (i === j ? 1 : Math.SQRT2);

/** Exact moments of some rows; undefined past MOST_WIDTH, or where values are not finite. */
export function momentsOf(layer: DenseLayer, samples: Samples): Moments | undefined {
  const width = layerWidth(layer);
  const { count, inputs } = samples;
  if (width > MOST_WIDTH || !inputs.subarray(0, count * layer.inputs).every(Number.isFinite)) return undefined;
  const places = placesOf(width);
  const scales = places.map(scaleOf);
  const size = places.length;
  const sums = Array.from({ length: size }, () => new Float64Array(size));
  for (let row = 0; row < count; row++) {
    const x = (i: number): number => (i < layer.inputs ? inputs[row * layer.inputs + i]! : 1);
    const s = places.map(([i, j], k) => scales[k]! * x(i) * x(j));
    for (let k = 0; k < size; k++) for (let l = 0; l <= k; l++) sums[k]![l]! += s[k]! * s[l]!;
  }
  const fourth = new Matrix(sums.map((_, k) => sums.map((__, l) => sums[Math.max(k, l)]![Math.min(k, l)]! / count)));
  return { rows: count, second: matrixOf(secondMoment(layer, samples)), fourth };
}

/** p of D: the share of a step that acts as if one row were taken. */
function singleShare({ rows }: Moments, batch: number, sampling: Sampling): number {
  if (sampling === 'withReplacement' || rows === Infinity) return 1 / batch;
  return batch >= rows ? 0 : (rows - batch) / (batch * (rows - 1));
}

/** C and D in the eigenvectors of H, where C is diagonal, without the directions in which nothing moves. */
function operators(moments: Moments, batch: number, sampling: Sampling): { c: number[]; d: Matrix } {
  const { second, fourth } = moments;
  const { realEigenvalues: lambda, eigenvectorMatrix: u } = new EigenvalueDecomposition(second, { assumeSymmetric: true });
  const largest = Math.max(...lambda);
  const p = singleShare(moments, batch, sampling);
  const places = placesOf(second.rows);
  // The rotation M → UᵀMU of symmetric matrices, as a matrix of their vectors.
  const rotation = new Matrix(places.map(([a, b]) =>
    places.map(([i, j]) => (scaleOf([a, b]) / scaleOf([i, j])) * (u.get(i, a) * u.get(j, b) + (i === j ? 0 : u.get(j, a) * u.get(i, b)))),
  ));
  const rotated = rotation.mmul(fourth).mmul(rotation.transpose());
  const kept = places.flatMap(([i, j], k) => (lambda[i]! > NULL * largest && lambda[j]! > NULL * largest ? [k] : []));
  const c = kept.map((k) => (lambda[places[k]![0]]! + lambda[places[k]![1]]!) / 2);
  const d = new Matrix(kept.map((k) =>
    kept.map((l) => (p * (rotated.get(k, l) + rotated.get(l, k))) / 2 + (k === l ? (1 - p) * lambda[places[k]![0]]! * lambda[places[k]![1]]! : 0)),
  ));
  return { c, d };
}

/**
 * The learning rate below which SGD is stable in the mean square.
 *
 * @param batch rows a step
 * @returns Infinity where every row is 0
 * @example meanSquareLimit(momentsOf(layer, rows)!, 1, 'withoutReplacement') // about 1.245 for four inputs uniform in [0, 1]
 */
export function meanSquareLimit(moments: Moments, batch: number, sampling: Sampling): number {
  const { c, d } = operators(moments, batch, sampling);
  if (c.length === 0) return Infinity;
  const scaled = new Matrix(c.map((ck, k) => c.map((cl, l) => d.get(k, l) / Math.sqrt(ck * cl))));
  return 2 / Math.max(...eigenvaluesOf(scaled)!);
}

/** Factor by which E[eeᵀ] grows in a step at the worst: the spectral radius of I − 2ηC + η²D. 0 where nothing moves. */
export function meanSquareRadius(moments: Moments, learningRate: number, batch: number, sampling: Sampling): number {
  const { c, d } = operators(moments, batch, sampling);
  if (c.length === 0) return 0;
  const step = new Matrix(c.map((ck, k) => c.map((_, l) => learningRate ** 2 * d.get(k, l) + (k === l ? 1 - 2 * learningRate * ck : 0))));
  return Math.max(...eigenvaluesOf(step)!.map(Math.abs));
}
