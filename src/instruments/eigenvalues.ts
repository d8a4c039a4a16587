/**
 * Smallest and largest eigenvalue of a symmetric operator: of its matrix where that is small, else by power iteration.
 *
 * Power iteration starts from a fixed vector and ends when ‖Hv − λv‖ ≤ TOLERANCE·‖Hv‖ or after its last step. By itself it finds the
 * eigenvalue of the largest magnitude, whatever its sign. The spectrum is then shifted to one side of 0, so that the other end is found, and
 * so that neither a large negative eigenvalue nor a pair ±λ is taken for the algebraically largest.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { dot } from './network.js';

export interface SymmetricOperator {
  readonly size: number;
  readonly times: (vector: Float64Array) => Float64Array;
}

export interface Extremes {
  readonly min: number;
  readonly max: number;
  /** ‖Hv − λv‖ of the worse of the two: an eigenvalue lies within this distance. 0 where the matrix was decomposed. */
  readonly residual: number;
}

/** Operators up to this size are written out and decomposed. */
export const MOST_EXACT = 128;
export const TOLERANCE = 1e-6;
/** Steps of a power iteration at the most; the first look, which need not end, takes fewer. */
export const MOST_STEPS = 1000;
const FIRST_LOOK = 100;
/** ‖Hv‖ is at most the largest magnitude; by so much it may fall short of it after the first look. */
const SLACK = 1.1;

/**
 * @returns undefined where the operator gives values that are not finite
 * @example extremeEigenvalues({ size: 2, times: ([x, y]) => Float64Array.of(3 * x, -5 * y) }) // { min: -5, max: 3, residual: 0 }
 */
export function extremeEigenvalues(operator: SymmetricOperator): Extremes | undefined {
  return operator.size <= MOST_EXACT ? decomposed(operator) : iterated(operator);
}

/** Eigenvalues of a symmetric matrix; undefined where it holds values that are not finite. */
export function eigenvaluesOf(matrix: Matrix): number[] | undefined {
  return matrix.to1DArray().every(Number.isFinite) ? new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues : undefined;
}

/** The matrix of an operator, column by column; made symmetric to the last bit. */
export function matrixOf({ size, times }: SymmetricOperator): Matrix {
  const columns = Array.from({ length: size }, (_, k) => times(new Float64Array(size).fill(1, k, k + 1)));
  return new Matrix(columns.map((column, i) => Array.from(column, (value, j) => (value + columns[j]![i]!) / 2)));
}

function decomposed(operator: SymmetricOperator): Extremes | undefined {
  const values = eigenvaluesOf(matrixOf(operator));
  return values && { min: Math.min(...values), max: Math.max(...values), residual: 0 };
}

/** By power iteration, whatever the size. */
export function iterated(operator: SymmetricOperator): Extremes | undefined {
  const first = dominant(operator, 0, FIRST_LOOK);
  if (!first) return undefined;
  const up = first.value >= 0;
  // The end on the side of 0 to which the spectrum leans is found at once, or else last: seen from the other end it stands out best.
  const found = first.residual <= TOLERANCE * first.norm;
  const aside = found ? -first.value : (up ? -SLACK : SLACK) * first.norm;
  const near = dominant(operator, aside, MOST_STEPS);
  const far = found ? first : near && dominant(operator, -near.value, MOST_STEPS);
  return near && far && { min: up ? near.value : far.value, max: up ? far.value : near.value, residual: Math.max(near.residual, far.residual) };
}

interface Dominant {
  readonly value: number;
  readonly residual: number;
  /** ‖(H + shift·I)v‖: close to the largest magnitude even where two eigenvalues share it. */
  readonly norm: number;
}

/** The eigenvalue of `operator` that is farthest from −shift. */
function dominant({ size, times }: SymmetricOperator, shift: number, steps: number): Dominant | undefined {
  let vector = unit(startVector(size));
  for (let step = 1; ; step++) {
    const image = times(vector);
    for (let k = 0; k < size; k++) image[k]! += shift * vector[k]!;
    const norm = Math.sqrt(dot(image, image));
    if (!Number.isFinite(norm)) return undefined;
    const value = dot(vector, image);
    const residual = Math.sqrt(image.reduce((sum, entry, k) => sum + (entry - value * vector[k]!) ** 2, 0));
    if (residual <= TOLERANCE * norm || step === steps) return { value: value - shift, residual, norm };
    vector = unit(image);
  }
}

/** Multiples of the golden ratio modulo 1, less ½: no symmetry of a network is likely to be at right angles to it. */
const startVector = (size: number): Float64Array => Float64Array.from({ length: size }, (_, k) => (((k + 1) * 0.6180339887498949) % 1) - 0.5);

function unit(vector: Float64Array): Float64Array {
  const norm = Math.sqrt(dot(vector, vector));
  return vector.map((entry) => entry / norm);
}
