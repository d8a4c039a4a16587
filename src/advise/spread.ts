/** How rows of data are spread: smallest and largest of every column, and what of it the columns before do not tell. */
import type { Batch } from '../core/session.js';

/** Past this many columns nothing is looked for between them: what depends on it is only less tight. */
const MOST_COLUMNS = 64;
/** A column with less than this share of its variance left is told by those before it. */
const TOLD = 1e-12;

/** Each column as its mean, a share of what was new in the columns before, and what is new in it. */
interface Regression {
  readonly mean: Float64Array;
  /** Unit lower triangular: column j follows what was new in column k by `[j * columns + k]`. */
  readonly follows: Float64Array;
  /** Smallest and largest of what is new. */
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
  #regression: Regression | undefined;

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
    const { mean, follows, low, high } = (this.#regression ??= this.#regress(this.#products));
    const fresh = new Float64Array(this.columns);
    for (const row of rowsOf(batch)) {
      for (let j = 0; j < this.columns; j++) {
        fresh[j] = row[j]! - mean[j]!;
        for (let k = 0; k < j; k++) fresh[j]! -= follows[j * this.columns + k]! * fresh[k]!;
        low[j] = Math.min(low[j]!, fresh[j]!);
        high[j] = Math.max(high[j]!, fresh[j]!);
      }
    }
  }

  /**
   * Every row as centre + Σ vector·ε with −1 ≤ ε ≤ 1.
   *
   * @returns undefined for more columns than are looked at together
   */
  generators(): { readonly centre: number[]; readonly vectors: number[][] } | undefined {
    if (!this.#regression) return undefined;
    const { mean, follows, low, high } = this.#regression;
    const columns = Array.from({ length: this.columns }, (_, j) => j);
    const part = (j: number, k: number): number => (j === k ? 1 : k < j ? follows[j * this.columns + k]! : 0);
    return {
      centre: columns.map((j) => columns.reduce((sum, k) => sum + (part(j, k) * (low[k]! + high[k]!)) / 2, mean[j]!)),
      vectors: columns.map((k) => columns.map((j) => (part(j, k) * (high[k]! - low[k]!)) / 2)),
    };
  }

  /** The covariance as L·D·Lᵀ. */
  #regress(products: Float64Array): Regression {
    const n = this.columns;
    const mean = this.#sum.map((sum) => sum / this.#rows);
    const follows = new Float64Array(n * n);
    const fresh = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      for (let k = 0; k <= j; k++) {
        let left = products[j * n + k]! / this.#rows - mean[j]! * mean[k]!;
        for (let m = 0; m < k; m++) left -= follows[j * n + m]! * follows[k * n + m]! * fresh[m]!;
        if (k < j) follows[j * n + k] = fresh[k] === 0 ? 0 : left / fresh[k]!;
        else fresh[j] = left > TOLD * (products[j * n + j]! / this.#rows) ? left : 0;
      }
    }
    return { mean, follows, low: new Float64Array(n).fill(Infinity), high: new Float64Array(n).fill(-Infinity) };
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
