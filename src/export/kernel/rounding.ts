/** The rounding modes as C conditions: go up from the floor? docs/numerics.md §2; src/format/modes.ts holds the same rules. */
import { ROUNDING, type DeterministicRounding, type Rounding, type RoundingMode } from '../../format/modes.js';

/** What a rule asks, as C conditions. */
export interface Discarded {
  /** d > 0 */
  readonly inexact: string;
  /** d ≥ ½ */
  readonly atLeastHalf: string;
  /** d = ½ */
  readonly half: string;
  /** d > ½ */
  readonly aboveHalf: string;
  /** The floor is odd, or even. */
  readonly odd: string;
  readonly even: string;
  /** The value is below zero; undefined where it cannot be. */
  readonly negative: string | undefined;
  readonly notNegative: string;
}

/** Undefined: never goes up. */
const UP: Record<DeterministicRounding, (d: Discarded) => string | undefined> = {
  TRN: () => undefined,
  TRN_ZERO: ({ inexact, negative }) => negative && `${inexact} && ${negative}`,
  RND: ({ atLeastHalf }) => atLeastHalf,
  RND_ZERO: ({ aboveHalf, half, negative }) => (negative ? `${aboveHalf} || (${half} && ${negative})` : aboveHalf),
  RND_INF: ({ atLeastHalf, aboveHalf, half, negative, notNegative }) => (negative ? `${aboveHalf} || (${half} && ${notNegative})` : atLeastHalf),
  RND_MIN_INF: ({ aboveHalf }) => aboveHalf,
  RND_CONV: ({ aboveHalf, half, odd }) => `${aboveHalf} || (${half} && ${odd})`,
  RND_CONV_ODD: ({ aboveHalf, half, even }) => `${aboveHalf} || (${half} && ${even})`,
  JAM: ({ even }) => even,
  JAM_UNBIASED: ({ inexact, even }) => `${inexact} && ${even}`,
};

/** The condition of a deterministic mode. */
export const upCondition = (rounding: DeterministicRounding, discarded: Discarded): string | undefined => UP[rounding](discarded);

/** How a mode draws; undefined for a deterministic one. */
export const randomKind = (rounding: Rounding): 'fraction' | 'equal' | undefined => (ROUNDING[rounding] as RoundingMode).random;

/** Whether a mode may change an integer. */
export const roundsIntegers = (rounding: Rounding): boolean => (ROUNDING[rounding] as RoundingMode).up?.(0, false, false) === true;
