/**
 * Rounding and overflow modes, each defined once. Names and meaning follow SystemC (IEEE 1666) and Vitis HLS; docs/numerics.md §2.
 *
 * A rounding mode is a rule for one decision: the exact value lies at or above the integer q = ⌊x⌋ and below q + 1; go up?
 * `up` answers it and is the definition; a random mode says instead what it draws. `addend` is the same rule for a right shift by s ≥ 1, in the
 * branch-free form of the core's fast path: ρ = (x + base + (lsb of x >> s ? lsb : 0) + (x < 0 ? sign : 0)) >> s. Tests hold the two together.
 */

/** Where the discarded part d lies: 0 exact, 1 below one half, 2 one half, 3 above. */
export type Discarded = 0 | 1 | 2 | 3;

export interface Addend {
  /** Added always. */
  readonly base: bigint;
  /** Added when the bit that becomes the last one is set: 0 or 1. */
  readonly lsb: bigint;
  /** Added when the value is negative. */
  readonly sign: bigint;
}

export interface RoundingMode {
  readonly about: string;
  /** Undefined for a random mode. */
  readonly up?: (discarded: Discarded, odd: boolean, negative: boolean) => boolean;
  /** `fraction`: up with probability d; `equal`: with probability ½ unless exact. Bits: docs/numerics.md §2.1. */
  readonly random?: 'fraction' | 'equal';
  /** Absent where the mode has no such form. */
  readonly addend?: (shift: bigint) => Addend;
}

const half = (shift: bigint): bigint => 1n << (shift - 1n);

export const ROUNDING = {
  TRN: {
    about: 'truncate: towards minus infinity (floor)',
    up: () => false,
    addend: () => ({ base: 0n, lsb: 0n, sign: 0n }),
  },
  TRN_ZERO: {
    about: 'truncate towards zero',
    up: (discarded, _odd, negative) => negative && discarded > 0,
    addend: (shift) => ({ base: 0n, lsb: 0n, sign: (1n << shift) - 1n }),
  },
  RND: {
    about: 'nearest, half towards plus infinity',
    up: (discarded) => discarded >= 2,
    addend: (shift) => ({ base: half(shift), lsb: 0n, sign: 0n }),
  },
  RND_ZERO: {
    about: 'nearest, half towards zero',
    up: (discarded, _odd, negative) => discarded === 3 || (discarded === 2 && negative),
    addend: (shift) => ({ base: half(shift) - 1n, lsb: 0n, sign: 1n }),
  },
  RND_INF: {
    about: 'nearest, half away from zero',
    up: (discarded, _odd, negative) => discarded === 3 || (discarded === 2 && !negative),
    addend: (shift) => ({ base: half(shift), lsb: 0n, sign: -1n }),
  },
  RND_MIN_INF: {
    about: 'nearest, half towards minus infinity',
    up: (discarded) => discarded === 3,
    addend: (shift) => ({ base: half(shift) - 1n, lsb: 0n, sign: 0n }),
  },
  RND_CONV: {
    about: 'nearest, half to even (convergent)',
    up: (discarded, odd) => discarded === 3 || (discarded === 2 && odd),
    addend: (shift) => ({ base: half(shift) - 1n, lsb: 1n, sign: 0n }),
  },
  RND_CONV_ODD: {
    about: 'nearest, half to odd',
    up: (discarded, odd) => discarded === 3 || (discarded === 2 && !odd),
  },
  STOCHASTIC: { about: 'up with probability equal to the discarded fraction', random: 'fraction' },
  STOCHASTIC_EQUAL: { about: 'up or down with probability ½ when inexact', random: 'equal' },
  JAM: { about: 'lowest bit set to 1, always (von Neumann)', up: (_discarded, odd) => !odd },
  JAM_UNBIASED: { about: 'lowest bit set to 1 when something was discarded', up: (discarded, odd) => discarded > 0 && !odd },
} as const satisfies Record<string, RoundingMode>;

export type Rounding = keyof typeof ROUNDING;
export const ROUNDINGS = Object.keys(ROUNDING) as Rounding[];

/** Modes that always round the same value the same way. */
export type DeterministicRounding = { [M in Rounding]: (typeof ROUNDING)[M] extends { up: unknown } ? M : never }[Rounding];
export const DETERMINISTIC_ROUNDINGS = ROUNDINGS.filter((mode): mode is DeterministicRounding => 'up' in ROUNDING[mode]);

/** The rule `up` as sixteen bits, index discarded·4 + odd·2 + negative: what the core reads when it rounds a quotient. */
export function upTable(mode: Rounding): number {
  const { up } = ROUNDING[mode] as RoundingMode;
  let bits = 0;
  for (let index = 0; index < 16; index++) {
    const discarded = (index >> 2) as Discarded;
    if (up?.(discarded, (index & 2) !== 0, (index & 1) !== 0)) bits |= 1 << index;
  }
  return bits;
}

/** Overflow modes. `saturatedBits`: whether the mode takes a number n of most significant bits that saturate (SystemC's n_bits). */
export const OVERFLOW = {
  SAT: { about: 'saturate at the rails', saturatedBits: false },
  SAT_ZERO: { about: 'become zero', saturatedBits: false },
  SAT_SYM: { about: 'saturate at symmetric rails: the most negative code does not occur', saturatedBits: false },
  WRAP: { about: "keep the low bits (two's complement); with n > 0 the top n bits saturate", saturatedBits: true },
  WRAP_SM: { about: 'wrap in sign and magnitude; with n > 0 the top n bits saturate', saturatedBits: true },
  TRAP: { about: 'stop the run and say where', saturatedBits: false },
} as const;

export type Overflow = keyof typeof OVERFLOW;
export const OVERFLOWS = Object.keys(OVERFLOW) as Overflow[];
