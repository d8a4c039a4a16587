/** What the table of a rounding mode (src/format/modes.ts) says of results, read backwards: which exact values become at least, or at most, an integer. */
import { ROUNDING, type Discarded, type Rounding, type RoundingMode } from '../format/modes.js';
import type { Rational } from '../format/real.js';
import { rational } from './rational.js';

const CLASSES: readonly Discarded[] = [0, 1, 2, 3];
const rule = (rounding: Rounding): RoundingMode['up'] => (ROUNDING[rounding] as RoundingMode).up;
export const isRandom = (rounding: Rounding): boolean => rule(rounding) === undefined;
/** Whether what is inexact goes up as often as not, however little it is. */
export const goesUpByHalf = (rounding: Rounding): boolean => (ROUNDING[rounding] as RoundingMode).random === 'equal';

/** How far below an integer values are still rounded up to it or beyond, and whether the farthest is. */
export interface Reach {
  readonly reach: Rational;
  readonly closed: boolean;
}

/**
 * ρ(v) ≥ n exactly where v ≥ n − reach (closed), or v > n − reach, for integers n of one parity and values v of one sign.
 * All modes are monotone and go up by at most one, so the first class of discarded parts above n − 1 that goes up decides.
 * Of a random mode: where every outcome is at least n, v ≥ n.
 */
export function reachBelow(rounding: Rounding, odd: boolean, negative: boolean): Reach {
  const up = rule(rounding);
  switch (up && CLASSES.find((discarded) => up(discarded, !odd, negative))) {
    case undefined: return { reach: rational(0n), closed: true };
    case 0: return { reach: rational(1n), closed: true };
    case 1: return { reach: rational(1n), closed: false };
    case 2: return { reach: rational(1n, 2n), closed: true };
    case 3: return { reach: rational(1n, 2n), closed: false };
  }
}

/** ρ(v) ≤ n exactly where v ≤ n + reach (closed), or v < n + reach: where it is not at least n + 1. */
export function reachAbove(rounding: Rounding, odd: boolean, negative: boolean): Reach {
  if (isRandom(rounding)) return { reach: rational(0n), closed: true };
  const { reach, closed } = reachBelow(rounding, !odd, negative);
  return { reach: rational(reach.denominator - reach.numerator, reach.denominator), closed: !closed };
}

/** Integers X that a value X/2^s can have, all equally frequent: first + stride·m. The stride is a power of two. */
export interface Lattice {
  readonly first: number;
  readonly stride: number;
}

export const ALL: Lattice = { first: 0, stride: 1 };
const ODD: Lattice = { first: 1, stride: 2 };

/** 2^places·X. */
export const spread = ({ first, stride }: Lattice, places: number): Lattice => ({ first: first * 2 ** places, stride: stride * 2 ** places });
/** X + Y. */
export const together = (a: Lattice, b: Lattice): Lattice => ({ first: a.first + b.first, stride: Math.min(a.stride, b.stride) });

/** Whether a mode sets the lowest bit of what is inexact; the same of what is exact. */
const setsLowestBit = (rounding: Rounding, exact: boolean): boolean => {
  const up = rule(rounding);
  return up !== undefined && (exact ? CLASSES.slice(0, 1) : CLASSES.slice(1)).every((discarded) => up(discarded, false, false) && !up(discarded, true, false));
};

/** The results of a mode for values X/2^shift of a lattice; a shift below zero discards nothing. */
export function resultsOf(rounding: Rounding, shift: number, lattice: Lattice): Lattice {
  if (shift > 0) return setsLowestBit(rounding, false) ? ODD : ALL;
  const exact = spread(lattice, -shift);
  if (!setsLowestBit(rounding, true)) return exact;
  return exact.stride === 1 ? ODD : { ...exact, first: exact.first | 1 };
}

/**
 * Mean of result minus exact value, in last places, over values X/2^s of one sign whose X is uniform over its lattice: what a mode adds to busy data.
 * The random modes add nothing: one goes up by the discarded part itself, the other by ½, the mean of those that are not zero.
 *
 * @param shift s, discarded bits; 0 and below: nothing is discarded
 * @example meanError('TRN', 2, false, ALL) // −3/8: the mean of 0, ¼, ½, ¾, taken away
 */
export function meanError(rounding: Rounding, shift: number, negative: boolean, lattice: Lattice): number {
  const up = rule(rounding);
  if (!up) return 0;
  const { first: start, stride } = shift < 0 ? spread(lattice, -shift) : lattice;
  const size = 2 ** Math.max(0, shift);
  // Which parities the floor has: both, unless X comes from one side of every other last place.
  const parities = stride < 2 * size ? [false, true] : [Math.floor(start / size) % 2 === 1];
  const goesUp = (discarded: Discarded): number => parities.filter((odd) => up(discarded, odd, negative)).length / parities.length;
  if (size === 1) return goesUp(0);
  const step = Math.min(stride, size);
  const first = start % step;
  /** Members of the lattice among from … to − 1. */
  const members = (from: number, to: number): number => Math.ceil((to - first) / step) - Math.ceil((from - first) / step);
  const counts = [members(0, 1), members(1, size / 2), members(size / 2, size / 2 + 1), members(size / 2 + 1, size)];
  const total = members(0, size);
  const discarded = (first + ((total - 1) * step) / 2) / size; // mean of an arithmetic series
  return CLASSES.reduce<number>((sum, kind) => sum + goesUp(kind) * counts[kind]!, 0) / total - discarded;
}
