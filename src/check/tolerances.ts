/** How far a value may lie from the recorded one, and which tolerance holds it. */
import type { Path } from '../document/show.js';
import type { Tolerance, Tolerances } from '../schema/baseline.js';

export const DEFAULT_TOLERANCES = {
  fixed: { relative: 0, why: 'the arithmetic is defined bit for bit: the same plan gives the same raws and the same counts on any machine' },
  float: {
    relative: 1e-9,
    why:
      'float64 gives the same bits for the same plan, so 0 would hold too. 1e-9 lets the same sums be taken in another order (about 1e-13 over a batch of 1000, ' +
      'some more over many steps) and is still finer than the last place of a 29 bit word (2^-29 = 1.9e-9)',
  },
} as const satisfies Required<Tolerances>;

export type Side = 'fixed' | 'float';

/** What the host measures of both sides in float64, whatever the side computes in. */
const HOST_MEASURED: readonly (string | number | undefined)[] = ['weightError', 'crossEntropy'];

/** Digits a float64 value is recorded with, and the smallest tolerance for which these are enough; under a smaller one it is recorded in full. */
const DIGITS = 12;
const SMALLEST = 1e-11;

/** How a value is held: within what, and as what it is written down. */
export interface Holding extends Tolerance {
  readonly recorded: (value: number) => number;
}

/**
 * How a place of a side is held: what the host measures under the wider tolerance of the two. Undefined where the side is not held.
 * Fixed-point values are recorded in full.
 */
export function holdingAt(side: Side, path: Path, { fixed, float }: Tolerances): Holding | undefined {
  const measured = side === 'fixed' && HOST_MEASURED.includes(path[0]);
  const tolerance = side === 'float' ? float : fixed && float && measured && float.relative > fixed.relative ? float : fixed;
  if (tolerance === undefined) return undefined;
  const short = (side === 'float' || measured) && tolerance.relative >= SMALLEST;
  return { ...tolerance, recorded: short ? (value) => Number(value.toPrecision(DIGITS)) : (value) => value };
}
