/** The rules of a profile in words, and what they cost. */
import { ROUNDING, type Discarded, type Rounding, type RoundingMode } from '../format/modes.js';
import type { Accumulate } from '../schema/profile.js';
import type { ProfileRules } from './rules.js';

/** When a running sum is quantised, in words. */
export function whenQuantised(accumulate: Accumulate): string {
  if (typeof accumulate === 'number') return accumulate === 1 ? 'after every product' : `after every ${accumulate} products`;
  return { each: 'after every product', pair: 'after every two products', end: 'once, at the end' }[accumulate];
}

/** How a controller divides, in words. */
export function dividerText({ divider, dividerBits: bits }: Pick<ProfileRules, 'divider' | 'dividerBits'>): string {
  switch (divider) {
    case 'exact':
      return 'exact quotient, rounded once';
    case 'table':
      return `times a reciprocal from a table of ${2 ** bits!} entries: within ${figurePercent(tableError(bits!))} of the quotient`;
    case 'powerOfTwo':
      return 'a shift: the divisor is taken as the next power of two, so the quotient is up to half too small';
    case 'none':
      return 'none: laws that need a quotient are refused';
  }
}

const figurePercent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;

/** Largest relative error of a quotient by the table of reciprocals. docs/numerics.md §6.4. */
export function tableError(bits: number): number {
  let worst = 0;
  for (let m = 2 ** bits; m < 2 ** (bits + 1); m++) {
    const reciprocal = Math.floor((Math.floor(2 ** (2 * bits + 3) / (2 * m + 1)) + 1) / 2);
    for (const divisor of [m, m + 1]) worst = Math.max(worst, Math.abs((reciprocal * divisor) / 2 ** (2 * bits + 1) - 1));
  }
  return worst;
}

/**
 * Mean of result minus exact value, in last places, where the discarded bits are evenly spread and the bit above them is 0 or 1 alike.
 *
 * @param shift number of discarded bits
 * @returns for values below and above 0
 * @example roundingBias('RND', 1) // [0.25, 0.25]: with one discarded bit every inexact value is half way, and goes up
 */
export function roundingBias(rounding: Rounding, shift: number): [number, number] {
  const { up }: RoundingMode = ROUNDING[rounding];
  if (up === undefined) return [0, 0];
  const s = Math.max(0, shift);
  const step = 2 ** -s;
  // Shares of values that discard nothing, less than half, half, more than half.
  const shares = s === 0 ? [1, 0, 0, 0] : [step, 0.5 - step, step, 0.5 - step];
  const discarded = (1 - step) / 2;
  return [true, false].map((negative) => {
    const ups = shares.reduce((all, share, kind) => all + (share * [true, false].filter((odd) => up(kind as Discarded, odd, negative)).length) / 2, 0);
    return ups - discarded;
  }) as [number, number];
}
