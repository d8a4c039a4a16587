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
const HOST_MEASURED: readonly (string | number | undefined)[] = ['weightError'];

/** The tolerance a place of a side is held by, for what the host measures the wider of the two; undefined where the side is not held. */
export function toleranceAt(side: Side, path: Path, { fixed, float }: Tolerances): Tolerance | undefined {
  if (side === 'float') return float;
  return fixed && float && HOST_MEASURED.includes(path[0]) && float.relative > fixed.relative ? float : fixed;
}

/** Significant digits a value needs so that writing it down costs a thousandth of its tolerance at most. */
function digits({ relative }: Tolerance): number {
  return relative === 0 ? 17 : Math.min(17, Math.ceil(-Math.log10(relative)) + 3);
}

/** A number as it is recorded under a tolerance; as it is where that is 0. */
export function rounded(value: number, tolerance: Tolerance): number {
  return Number(value.toPrecision(digits(tolerance)));
}
