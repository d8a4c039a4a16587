/** Two ways to compute with ranges: intervals, and affine forms, which remember what varies together. In binary64: bounds, not proofs. */
import type { Range } from './observe.js';

/** What a bound is worked out with. */
export interface Arithmetic<T> {
  readonly constant: (value: number) => T;
  readonly add: (a: T, b: T) => T;
  readonly subtract: (a: T, b: T) => T;
  readonly multiply: (a: T, b: T) => T;
  /** max(a, 0) */
  readonly rectify: (a: T) => T;
  readonly range: (a: T) => Range;
  /** What is only known to lie in a range. */
  readonly within: (range: Range) => T;
}

export const INTERVAL: Arithmetic<Range> = {
  constant: (value) => [value, value],
  add: (a, b) => [a[0] + b[0], a[1] + b[1]],
  subtract: (a, b) => [a[0] - b[1], a[1] - b[0]],
  multiply(a, b) {
    const all = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
    return [Math.min(...all), Math.max(...all)];
  },
  rectify: ([low, high]) => [Math.max(0, low), Math.max(0, high)],
  range: (a) => a,
  within: (range) => range,
};

/** centre + Σ part·ε + rest·ε′ with every ε between −1 and 1; ε′ is of this form alone. J. Stolfi, L. H. de Figueiredo, Self-Validated Numerical Methods (1997). */
export interface Affine {
  readonly centre: number;
  readonly parts: ReadonlyMap<number, number>;
  readonly rest: number;
}

const radius = ({ parts, rest }: Affine): number => {
  let sum = rest;
  for (const part of parts.values()) sum += Math.abs(part);
  return sum;
};

/** a·p + b·q + centre, with `rest` more. */
function combined(a: Affine, p: number, b: Affine, q: number, centre: number, rest: number): Affine {
  const parts = new Map<number, number>();
  for (const [symbol, part] of a.parts) parts.set(symbol, part * p);
  for (const [symbol, part] of b.parts) parts.set(symbol, (parts.get(symbol) ?? 0) + part * q);
  return { centre, parts, rest: a.rest * Math.abs(p) + b.rest * Math.abs(q) + rest };
}

const ZERO: Affine = { centre: 0, parts: new Map(), rest: 0 };
const reach = (a: Affine): Range => [a.centre - radius(a), a.centre + radius(a)];

export const AFFINE: Arithmetic<Affine> = {
  constant: (value) => ({ ...ZERO, centre: value }),
  add: (a, b) => combined(a, 1, b, 1, a.centre + b.centre, 0),
  subtract: (a, b) => combined(a, 1, b, -1, a.centre - b.centre, 0),
  multiply: (a, b) => combined(a, b.centre, b, a.centre, a.centre * b.centre, radius(a) * radius(b)),
  rectify(a) {
    const [low, high] = reach(a);
    if (low >= 0) return a;
    if (high <= 0) return ZERO;
    // Between the chord and the parallel through the corner.
    const slope = high / (high - low);
    const half = (-slope * low) / 2;
    return combined(a, slope, ZERO, 0, slope * a.centre + half, half);
  },
  range: reach,
  within: ([low, high]) => ({ ...ZERO, centre: (low + high) / 2, rest: (high - low) / 2 }),
};

/** A form of one symbol. */
export const symbol = (index: number, [low, high]: Range): Affine => ({ centre: (low + high) / 2, parts: new Map([[index, (high - low) / 2]]), rest: 0 });
