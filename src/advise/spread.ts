/** How rows of data are spread: smallest and largest of every column, and along their principal axes. */
import { EVD, Matrix } from 'ml-matrix';
import type { Batch } from '../core/session.js';

/** Past this many columns no axes are looked for: what depends on them is only less tight. */
const MOST_COLUMNS = 64;

/** Directions, and how far rows reach along them. */
interface Axes {
  readonly directions: number[][];
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Two passes over the same rows: `add` all, then `project` all. */
export class Spread {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly #sum: Float64Array;
  readonly #products: Float64Array | undefined;
  #rows = 0;
  #axes: Axes | undefined;

  constructor(readonly columns: number) {
    this.low = new Float64Array(columns).fill(Infinity);
    this.high = new Float64Array(columns).fill(-Infinity);
    this.#sum = new Float64Array(columns);
    if (columns <= MOST_COLUMNS) this.#products = new Float64Array(columns * columns);
  }

  add(batch: Batch): void {
    for (const row of rowsOf(batch)) {
      this.#rows++;
      for (let i = 0; i < this.columns; i++) {
        const value = row[i]!;
        this.low[i] = Math.min(this.low[i]!, value);
        this.high[i] = Math.max(this.high[i]!, value);
        this.#sum[i]! += value;
        if (this.#products) for (let j = 0; j <= i; j++) this.#products[i * this.columns + j]! += value * row[j]!;
      }
    }
  }

  project(batch: Batch): void {
    if (!this.#products) return;
    const axes = (this.#axes ??= this.#findAxes(this.#products));
    for (const row of rowsOf(batch)) {
      axes.directions.forEach((direction, k) => {
        const at = direction.reduce((sum, part, i) => sum + part * row[i]!, 0);
        axes.low[k] = Math.min(axes.low[k]!, at);
        axes.high[k] = Math.max(axes.high[k]!, at);
      });
    }
  }

  /**
   * Every row as centre + Σ generator·ε with −1 ≤ ε ≤ 1.
   *
   * @returns undefined for more columns than axes are looked for in
   */
  generators(): { readonly centre: number[]; readonly vectors: number[][] } | undefined {
    const axes = this.#axes;
    if (!axes) return undefined;
    const columns = Array.from({ length: this.columns }, (_, i) => i);
    return {
      centre: columns.map((i) => axes.directions.reduce((sum, direction, k) => sum + (direction[i]! * (axes.low[k]! + axes.high[k]!)) / 2, 0)),
      vectors: axes.directions.map((direction, k) => direction.map((part) => (part * (axes.high[k]! - axes.low[k]!)) / 2)),
    };
  }

  /** Principal axes: orthonormal, so that a row is the sum of its projections. */
  #findAxes(products: Float64Array): Axes {
    const n = this.columns;
    const mean = this.#sum.map((sum) => sum / this.#rows);
    const covariance = Matrix.zeros(n, n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const value = products[i * n + j]! / this.#rows - mean[i]! * mean[j]!;
        covariance.set(i, j, value);
        covariance.set(j, i, value);
      }
    }
    const directions = new EVD(covariance, { assumeSymmetric: true }).eigenvectorMatrix.transpose().to2DArray();
    return { directions, low: new Float64Array(n).fill(Infinity), high: new Float64Array(n).fill(-Infinity) };
  }
}

/** Inputs, then targets, of every row; the array is reused. */
function* rowsOf({ inputs, targets, count }: Batch): Generator<Float64Array> {
  const [m, n] = [inputs.length / count, targets.length / count];
  const row = new Float64Array(m + n);
  for (let k = 0; k < count; k++) {
    row.set(inputs.subarray(k * m, (k + 1) * m));
    row.set(targets.subarray(k * n, (k + 1) * n), m);
    yield row;
  }
}
