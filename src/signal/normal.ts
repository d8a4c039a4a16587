/**
 * Normal deviates from integers: 12 random bits look up one of 4096 quantiles. The table is made with + − × ÷ √ alone and rounded to
 * 24 fraction bits, so every machine, and every other implementation that is accurate to 1e-11, gets the same doubles.
 */
import type { RandomStream } from './random.js';

const SIZE = 4096;
const FRACTION = 2 ** 24;

/** Density φ(z) and area Φ(z) − ½ for z ≥ 0. All terms of both series are positive: nothing cancels. */
function density(z: number): { density: number; area: number } {
  const square = z * z;
  let exponential = 1;
  for (let term = 1, k = 1; exponential + term !== exponential || k === 1; k++) exponential += term *= square / (2 * k);
  let sum = z;
  for (let term = z, k = 3; sum + (term *= square / k) !== sum; k += 2) sum += term;
  const height = 1 / (exponential * Math.sqrt(2 * Math.PI));
  return { density: height, area: height * sum };
}

function makeTable(): Float64Array {
  const half = SIZE / 2;
  const quantiles = new Float64Array(half);
  let z = 0;
  for (let i = 0; i < half; i++) {
    const wanted = (i + 0.5) / SIZE;
    // Newton from the left of the root of a concave function: it rises monotonically and squares its error each time.
    for (let iteration = 0; iteration < 10; iteration++) {
      const at = density(z);
      z += (wanted - at.area) / at.density;
    }
    quantiles[i] = z;
  }
  let squares = 0;
  for (const quantile of quantiles) squares += quantile * quantile;
  const scale = 1 / Math.sqrt(squares / half);
  const table = new Float64Array(SIZE);
  quantiles.forEach((quantile, i) => {
    const rounded = Math.round(quantile * scale * FRACTION) / FRACTION;
    table[half + i] = rounded;
    table[half - 1 - i] = -rounded;
  });
  return table;
}

/** Midpoint quantiles of the normal distribution in rising order, scaled to variance 1: entry i belongs to the probability (i + ½) / 4096. */
export const NORMAL_TABLE: Float64Array = makeTable();

/** One normal deviate: the table at the upper 12 bits of one draw. Between −3.67 and 3.67. */
export function normal(stream: RandomStream): number {
  return NORMAL_TABLE[stream.next() >>> 20]!;
}
