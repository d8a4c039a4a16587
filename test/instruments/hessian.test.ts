/** Gradient and Hessian against finite differences, ml-matrix and what is known of a linear layer. */
import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ACTIVATIONS } from '../../src/instruments/activations.js';
import { extremeEigenvalues, iterated, matrixOf, MOST_EXACT, TOLERANCE, type SymmetricOperator } from '../../src/instruments/eigenvalues.js';
import { hessian, hessianExtremes } from '../../src/instruments/hessian.js';
import { dot, expand, lossOf, parameterCount } from '../../src/instruments/network.js';
import { gradientSharpness } from '../../src/instruments/sharpness.js';
import { dense, numbers, point, points, type Point } from './networks.js';

const moved = (parameters: Float64Array, direction: Float64Array, step: number): Float64Array => parameters.map((value, k) => value + step * direction[k]!);

/** A step small enough for central differences, large enough for their rounding. */
const STEP = 1e-5;

/** Whether no ReLU changes side within a step: there finite differences say nothing. */
function awayFromKinks({ layers, parameters, samples }: Point): boolean {
  let fed = Array.from({ length: samples.count }, (_, b) => Array.from(samples.inputs.subarray(b * layers[0]!.inputs, (b + 1) * layers[0]!.inputs)));
  let first = 0;
  for (const { inputs, outputs, bias, activation } of layers) {
    const z = fed.map((x) => Array.from({ length: outputs }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * parameters[first + o * inputs + i]!, bias ? parameters[first + outputs * inputs + o]! : 0)));
    if (activation === 'relu' && z.flat().some((value) => Math.abs(value) < 1e-3)) return false;
    fed = z.map((row) => row.map((value) => ACTIVATIONS[activation].value(value)));
    first += outputs * (inputs + (bias ? 1 : 0));
  }
  return true;
}

describe('activations', () => {
  it.each(Object.entries(ACTIVATIONS))('%s: each function is the derivative of the one before', (_, { integral, value, slope, bend }) => {
    for (const z of [-30, -3, -0.7, 0.4, 2, 30]) {
      const difference = (of: (z: number) => number): number => (of(z + 1e-5) - of(z - 1e-5)) / 2e-5;
      expect(difference(integral)).toBeCloseTo(value(z), 6);
      expect(difference(value)).toBeCloseTo(slope(z), 6);
      expect(difference(slope)).toBeCloseTo(bend(z), 6);
    }
  });

  it('the sigmoid holds at the ends of the range', () => {
    const { integral, value, slope, bend } = ACTIVATIONS.sigmoid;
    expect([value(1e4), value(-1e4), slope(1e4), slope(-1e4), bend(1e4), bend(-1e4), integral(1e4), integral(-1e4)]).toEqual([1, 0, 0, 0, -0, 0, 1e4, 0]);
  });
});

describe('derivatives', () => {
  it('gradient and Hessian-vector product agree with central differences, for every kind of network', () => {
    fc.assert(fc.property(points(), fc.integer({ min: 0, max: 1000 }), (at, seed) => {
      fc.pre(awayFromKinks(at));
      const { layers, parameters, samples } = at;
      const direction = numbers(seed, parameters.length);
      const { gradient, hessianTimes } = expand(layers, parameters, samples);
      const [ahead, behind] = [STEP, -STEP].map((step) => expand(layers, moved(parameters, direction, step), samples));
      expect((ahead!.objective - behind!.objective) / (2 * STEP)).toBeCloseTo(dot(gradient, direction), 7);
      const product = hessianTimes(direction);
      product.forEach((value, k) => expect((ahead!.gradient[k]! - behind!.gradient[k]!) / (2 * STEP)).toBeCloseTo(value, 7));
    }), { numRuns: 300 });
  });

  it('for linear outputs the objective is the loss of a run', () => {
    const at = point([dense(3, 4, 'relu', true), dense(4, 2)], 5, 1);
    expect(expand(at.layers, at.parameters, at.samples).objective).toBeCloseTo(lossOf(at.layers, at.parameters, at.samples), 14);
  });

  it('the Hessian is symmetric', () => {
    fc.assert(fc.property(points(), ({ layers, parameters, samples }) => {
      const { hessianTimes } = expand(layers, parameters, samples);
      const [u, v] = [numbers(7, parameters.length), numbers(8, parameters.length)];
      expect(dot(u, hessianTimes(v))).toBeCloseTo(dot(v, hessianTimes(u)), 11);
    }));
  });

  it('holds the second-order term of the residuals: two linear layers with one weight each', () => {
    // L = ½(w₂w₁x − y)²: H = [[w₂²x², 2w₁w₂x² − xy], [·, w₁²x²]].
    const [w1, w2, x, y] = [0.7, -1.3, 2, 5];
    const h = matrixOf(hessian([dense(1, 1), dense(1, 1)], Float64Array.of(w1, w2), { count: 1, inputs: Float64Array.of(x), targets: Float64Array.of(y) }));
    const off = 2 * w1 * w2 * x * x - x * y;
    expect(h.to2DArray()).toEqual([[expect.closeTo(w2 * w2 * x * x, 12), expect.closeTo(off, 12)], [expect.closeTo(off, 12), expect.closeTo(w1 * w1 * x * x, 12)]]);
  });
});

describe('one linear layer', () => {
  it.each([[false], [true]])('the Hessian is I ⊗ XᵀX/N (bias %j), whatever the parameters and targets', (bias) => {
    const layer = dense(3, 2, 'linear', bias);
    const { parameters, samples } = point([layer], 7, 11);
    const rows = Array.from({ length: 7 }, (_, b) => [...samples.inputs.subarray(3 * b, 3 * b + 3), ...(bias ? [1] : [])]);
    const x = new Matrix(rows);
    const gram = x.transpose().mmul(x).div(7);
    const whole = matrixOf(hessian([layer], parameters, samples));
    // Parameters are weights row by row, then biases: the place of input i of output o.
    const at = (o: number, i: number): number => (i < 3 ? 3 * o + i : 6 + o);
    for (let o = 0; o < 2; o++) for (let p = 0; p < 2; p++) for (let i = 0; i < gram.rows; i++) for (let j = 0; j < gram.rows; j++) {
      expect(whole.get(at(o, i), at(p, j))).toBeCloseTo(o === p ? gram.get(i, j) : 0, 13);
    }
    const values = new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues;
    const extremes = hessianExtremes([layer], parameters, samples)!;
    expect(extremes.max).toBeCloseTo(Math.max(...values), 13);
    expect(extremes.min).toBeCloseTo(Math.min(...values), 13);
    expect(extremes.residual).toBe(0);
  });

  it('a sigmoid output is no linear layer: its curvature is that of the logistic loss', () => {
    const { samples } = point([dense(2, 1, 'sigmoid')], 4, 3);
    // At zero weights σ′ = ¼ everywhere.
    const linear = hessianExtremes([dense(2, 1)], new Float64Array(2), samples)!;
    const logistic = hessianExtremes([dense(2, 1, 'sigmoid')], new Float64Array(2), samples)!;
    expect([4 * logistic.min, 4 * logistic.max]).toEqual([expect.closeTo(linear.min, 12), expect.closeTo(linear.max, 12)]);
  });
});

/** A symmetric operator with these eigenvalues, turned by a random rotation (Householder reflections). */
function withEigenvalues(values: readonly number[], seed: number): SymmetricOperator {
  const size = values.length;
  const mirrors = [0, 1, 2].map((k) => numbers(seed + k, size));
  const reflect = (vector: Float64Array, mirror: Float64Array): Float64Array => {
    const along = (2 * dot(mirror, vector)) / dot(mirror, mirror);
    return vector.map((value, k) => value - along * mirror[k]!);
  };
  return { size, times: (vector) => [...mirrors].reverse().reduce(reflect, mirrors.reduce(reflect, vector).map((value, k) => value * values[k]!)) };
}

describe('eigenvalues', () => {
  it.each([
    ['a large negative one', [3, 1, -20, 0]],
    ['a pair ±λ', [5, -5, 1, 0.5]],
    ['all negative', [-1, -2, -7, -3]],
    ['all positive', [1, 2, 7, 3]],
    ['nothing at all', [0, 0, 0, 0]],
    ['one many times', [4, 4, 4, -1]],
    ['a narrow spectrum', [1, 0.99, 0.98, 0.97]],
    ['a narrow spectrum below 0', [-1, -0.99, -0.98, -0.97]],
  ])('by decomposition and by power iteration: %s', (_, values) => {
    const operator = withEigenvalues(values, 5);
    for (const extremes of [extremeEigenvalues(operator)!, iterated(operator)!]) {
      expect(extremes.min).toBeCloseTo(Math.min(...values), 8);
      expect(extremes.max).toBeCloseTo(Math.max(...values), 8);
    }
  });

  it('past the size that is decomposed, power iteration finds both ends and says how well', () => {
    const values = Array.from({ length: MOST_EXACT + 72 }, (_, k) => (k === 50 ? 9 : k === 51 ? -11 : Math.sin(k)));
    const extremes = extremeEigenvalues(withEigenvalues(values, 9))!;
    expect(extremes.residual).toBeGreaterThan(0);
    expect(extremes.residual).toBeLessThan(20 * TOLERANCE);
    expect([extremes.min, extremes.max]).toEqual([expect.closeTo(-11, 8), expect.closeTo(9, 8)]);
  });

  it('an eigenvalue lies within the residual also where the iteration was cut short', () => {
    const values = Array.from({ length: 200 }, (_, k) => 1 + k / 1e5);
    const { max, min, residual } = extremeEigenvalues(withEigenvalues(values, 9))!;
    for (const found of [min, max]) expect(Math.min(...values.map((value) => Math.abs(value - found)))).toBeLessThanOrEqual(residual + 1e-12);
  });

  it('no value where there is none', () => {
    const layers = [dense(2, 2, 'relu'), dense(2, 1)];
    const { samples } = point(layers, 3, 1);
    expect(hessianExtremes(layers, new Float64Array(6).fill(NaN), samples)).toBeUndefined();
    expect(iterated(hessian(layers, new Float64Array(6).fill(1e200), samples))).toBeUndefined();
    expect(hessianExtremes([dense(2, 1)], new Float64Array(2), { ...samples, inputs: samples.inputs.map(() => Infinity) })).toBeUndefined();
  });

  it('λmin ≤ any Rayleigh quotient ≤ λmax, of the gradient too; power iteration agrees with the decomposition', () => {
    fc.assert(fc.property(points(), fc.integer({ min: 0, max: 1000 }), ({ layers, parameters, samples }, seed) => {
      const { min, max } = hessianExtremes(layers, parameters, samples)!;
      const operator = hessian(layers, parameters, samples);
      const slack = 1e-9 * (1 + Math.abs(min) + Math.abs(max));
      for (let k = 0; k < 5; k++) {
        const v = numbers(seed + k, parameterCount(layers));
        const quotient = dot(v, operator.times(v)) / dot(v, v);
        expect(quotient).toBeLessThanOrEqual(max + slack);
        // A linear layer's own eigenvalues are those of all of its outputs.
        expect(quotient).toBeGreaterThanOrEqual(min - slack);
      }
      const sharpness = gradientSharpness(layers, parameters, samples);
      if (!Number.isNaN(sharpness)) {
        expect(sharpness).toBeLessThanOrEqual(max + slack);
        expect(sharpness).toBeGreaterThanOrEqual(min - slack);
      }
      const again = iterated(operator)!;
      const values = new EigenvalueDecomposition(matrixOf(operator), { assumeSymmetric: true }).realEigenvalues;
      for (const found of [again.min, again.max]) expect(Math.min(...values.map((value) => Math.abs(value - found)))).toBeLessThanOrEqual(again.residual + slack);
      // Never outside, and short of an end only by what eigenvalues close to each other hide from 1000 steps.
      const near = 3e-2 * Math.max(Math.abs(min), Math.abs(max)) + slack;
      expect(again.max).toBeLessThanOrEqual(max + slack);
      expect(again.min).toBeGreaterThanOrEqual(min - slack);
      expect(max - again.max).toBeLessThanOrEqual(near);
      expect(again.min - min).toBeLessThanOrEqual(near);
    }), { numRuns: 100 });
  });
});
