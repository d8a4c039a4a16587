/** Mean-square limits of SGD: the population of exp-000, draws of it, and simulated second moments. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { limitsOf } from '../../src/instruments/limits.js';
import { meanSquareLimit, meanSquareRadius, momentsOf, MOST_WIDTH, SAMPLINGS, type Moments, type Sampling } from '../../src/instruments/meanSquare.js';
import { batchSharpness, gradientSharpness } from '../../src/instruments/sharpness.js';
import { loadExperiment } from '../../src/experiment/load.js';
import { drawTeacher } from '../../src/signal/teacher.js';
import { dense, numbers, point } from './networks.js';

/** Exact moments of independent inputs uniform in [0, 1]: E[Πx] is the product of 1/(multiplicity + 1). */
function uniformMoments(size: number): Moments {
  const moment = (...indices: number[]): number => Array.from({ length: size }, (_, i) => 1 / (indices.filter((index) => index === i).length + 1)).reduce((a, b) => a * b);
  const places = Array.from({ length: size }, (_, i) => Array.from({ length: size - i }, (__, k) => [i, i + k] as const)).flat();
  const scale = ([i, j]: readonly [number, number]): number => (i === j ? 1 : Math.SQRT2);
  return {
    rows: Infinity,
    second: new Matrix(Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => moment(i, j)))),
    fourth: new Matrix(places.map((a) => places.map((b) => scale(a) * scale(b) * moment(...a, ...b)))),
  };
}

const POPULATION = [[1, 1.245], [4, 1.697], [8, 1.774], [32, 1.829], [1e12, 1.846]] as const;

describe('the population of exp-000', () => {
  it.each(POPULATION)('B = %d: stable in the mean square below %d', (batch, limit) => {
    expect(meanSquareLimit(uniformMoments(4), batch, 'withReplacement')).toBeCloseTo(limit, 3);
  });

  it('the radius is below 1 just under the limit, above 1 just over it, and 1 at it', () => {
    for (const [batch] of POPULATION) {
      const moments = uniformMoments(4);
      const limit = meanSquareLimit(moments, batch, 'withReplacement');
      expect(meanSquareRadius(moments, limit, batch, 'withReplacement')).toBeCloseTo(1, 10);
      expect(meanSquareRadius(moments, 0.999 * limit, batch, 'withReplacement')).toBeLessThan(1);
      expect(meanSquareRadius(moments, 1.001 * limit, batch, 'withReplacement')).toBeGreaterThan(1);
    }
  });
});

describe('rows', () => {
  it('a draw of 1000 rows comes within its spread of the population, and the whole set is gradient descent', async () => {
    const { value } = await loadExperiment('exp-000c');
    if (value.data.kind !== 'teacher') throw new Error('not drawn');
    const { rows, inputs, targets, values } = drawTeacher(value.data, value.seed!);
    const pick = (from: number, width: number): Float64Array => Float64Array.from({ length: rows * width }, (_, k) => values[Math.floor(k / width) * (inputs + targets) + from + (k % width)]!);
    const samples = { count: rows, inputs: pick(0, inputs), targets: pick(inputs, targets) };
    const moments = momentsOf(dense(4, 2), samples)!;
    // λmax of a draw has a standard deviation of 0.0182, 1.7 %: three of them.
    for (const [batch, limit] of POPULATION.slice(0, -1)) expect(Math.abs(meanSquareLimit(moments, batch, 'withoutReplacement') / limit - 1)).toBeLessThan(0.05);
    const limits = limitsOf([dense(4, 2)], samples, rows)!;
    expect(limits.lambdaMax).toBeCloseTo(1.082, 3);
    expect(limits.gradientDescent).toBeCloseTo(2 / limits.lambdaMax, 12);
    expect(limits.meanSquare!.withoutReplacement).toBeCloseTo(limits.gradientDescent, 10);
    expect(limits.meanSquare!.withReplacement).toBeLessThan(limits.gradientDescent);
    expect(Math.abs(limits.traceBound / 1.5 - 1)).toBeLessThan(0.05);
  });

  it.each(Object.keys(SAMPLINGS) as Sampling[])('%s: the radius is that of E[(I − ηH_B) ⊗ (I − ηH_B)] over every batch there is', (sampling) => {
    const layer = dense(2, 1, 'linear', true);
    const count = 4;
    const samples = point([layer], count, 21).samples;
    const x = (row: number): number[] => [samples.inputs[2 * row]!, samples.inputs[2 * row + 1]!, 1];
    for (const batch of [1, 2, 3]) {
      const all = Array.from({ length: count ** batch }, (_, k) => Array.from({ length: batch }, (__, place) => Math.floor(k / count ** place) % count));
      const batches = sampling === 'withReplacement' ? all : all.filter((rows) => new Set(rows).size === batch);
      for (const eta of [0.3, 1.1, 2.4]) {
        const steps = batches.map((rows) => new Matrix(Array.from({ length: 3 }, (_, i) => Array.from({ length: 3 }, (__, j) =>
          (i === j ? 1 : 0) - (eta * rows.reduce((sum, row) => sum + x(row)[i]! * x(row)[j]!, 0)) / batch))));
        // The second moment of any start grows by the radius a step in the end.
        let m = Matrix.eye(3, 3);
        let growth = 0;
        for (let k = 0; k < 3000; k++) {
          const next = steps.reduce((sum, a) => sum.add(a.mmul(m).mmul(a)), Matrix.zeros(3, 3)).div(steps.length);
          growth = next.trace() / m.trace();
          m = next.div(next.trace());
          if (k > 400) break;
        }
        expect(meanSquareRadius(momentsOf(layer, samples)!, eta, batch, sampling)).toBeCloseTo(growth, 6);
      }
    }
  });

  it('inputs that are always 0 or in proportion leave the limit as it is without them', () => {
    const inputs = numbers(4, 12);
    const wide = Float64Array.from({ length: 24 }, (_, k) => [inputs[2 * Math.floor(k / 4)]!, inputs[2 * Math.floor(k / 4) + 1]!, 0, 0][k % 4]!);
    const own = momentsOf(dense(2, 1), { count: 6, inputs, targets: new Float64Array() })!;
    const padded = momentsOf(dense(4, 1), { count: 6, inputs: wide, targets: new Float64Array() })!;
    expect(meanSquareLimit(padded, 2, 'withoutReplacement')).toBeCloseTo(meanSquareLimit(own, 2, 'withoutReplacement'), 10);
    expect(meanSquareRadius(padded, 0.4, 2, 'withoutReplacement')).toBeCloseTo(meanSquareRadius(own, 0.4, 2, 'withoutReplacement'), 10);
    const twice = momentsOf(dense(2, 1), { count: 3, inputs: Float64Array.of(1, 2, -3, -6, 2, 4), targets: new Float64Array() })!;
    // x = t·(1, 2): one direction of length √5 with E[x²] = 5·E[t²], E[x⁴] = 25·E[t⁴]; for B = 1 the limit is 2·E[x²]/E[x⁴].
    expect(meanSquareLimit(twice, 1, 'withReplacement')).toBeCloseTo((2 * 5 * (14 / 3)) / (25 * (98 / 3)), 10);
  });

  it('nothing to say of zeros, of values that are not finite, and of too many inputs', () => {
    const zeros = { count: 2, inputs: new Float64Array(4), targets: new Float64Array(2) };
    expect(meanSquareLimit(momentsOf(dense(2, 1), zeros)!, 1, 'withReplacement')).toBe(Infinity);
    expect(meanSquareRadius(momentsOf(dense(2, 1), zeros)!, 1, 1, 'withReplacement')).toBe(0);
    expect(limitsOf([dense(2, 1)], zeros, 1)).toBeUndefined();
    expect(momentsOf(dense(2, 1), { ...zeros, inputs: Float64Array.of(1, 2, NaN, 4) })).toBeUndefined();
    expect(limitsOf([dense(2, 2, 'relu'), dense(2, 1)], point([dense(2, 1)], 2, 1).samples, 1)).toBeUndefined();
    const many = dense(MOST_WIDTH + 1, 1);
    const { samples } = point([many], 40, 1);
    expect(limitsOf([many], samples, 4)).toMatchObject({ meanSquare: null, rows: 40 });
  });
});

describe('batch sharpness', () => {
  const layers = [dense(3, 4, 'relu', true), dense(4, 2)];
  const { parameters, samples } = point(layers, 12, 31);

  it('of one batch is the curvature along its gradient', () => {
    expect(batchSharpness(layers, parameters, samples, 12)).toEqual({ value: gradientSharpness(layers, parameters, samples), batches: 1 });
  });

  it('is a ratio of means over the batches in order, without what is left over', () => {
    // One linear weight: H_B is the batch mean of x², the gradient cancels where it is the same for all.
    const one = { count: 5, inputs: Float64Array.of(1, 2, 3, 1, 9), targets: new Float64Array(5) };
    // w = 1: g_B = mean x², so Σ h³/Σ h² over h = 2.5 and 5.
    expect(batchSharpness([dense(1, 1)], Float64Array.of(1), one, 2)).toEqual({ value: expect.closeTo((2.5 ** 3 + 5 ** 3) / (2.5 ** 2 + 5 ** 2), 12) as number, batches: 2 });
  });

  it('is NaN at a solution, where there is no gradient', () => {
    expect(batchSharpness([dense(1, 1)], new Float64Array(1), { count: 2, inputs: Float64Array.of(1, 2), targets: new Float64Array(2) }, 1).value).toBeNaN();
  });
});
