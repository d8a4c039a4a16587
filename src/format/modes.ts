/**
 * Rounding and overflow modes, each defined once. Names and meaning follow SystemC (IEEE 1666) and Vitis HLS; docs/numerics.md §2.
 *
 * A rounding mode is a rule for one decision: the exact value lies between the integers q = ⌊x⌋ and q + 1; go up?
 * `up` answers it for any exact value and is the definition. `addend` is the same rule for a right shift by s ≥ 1, in the
 * branch-free form the core uses: ρ = (x + base + (lsb of x >> s ? lsb : 0) + (x < 0 ? sign : 0)) >> s. A test holds the two together.
 */

/** Where the discarded part d lies: 0 exact, 1 below one half, 2 one half, 3 above. */
export type Discarded = 0 | 1 | 2 | 3;

export interface Addend {
  /** Added always. */
  readonly base: bigint;
  /** Added when the bit that becomes the last one is set. */
  readonly lsb: bigint;
  /** Added when the value is negative. */
  readonly sign: bigint;
}

export interface RoundingMode {
  readonly about: string;
  readonly up: (discarded: Discarded, odd: boolean, negative: boolean) => boolean;
  readonly addend: (shift: bigint) => Addend;
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
  RND_CONV: {
    about: 'nearest, half to even (convergent)',
    up: (discarded, odd) => discarded === 3 || (discarded === 2 && odd),
    addend: (shift) => ({ base: half(shift) - 1n, lsb: 1n, sign: 0n }),
  },
} as const satisfies Record<string, RoundingMode>;

export type Rounding = keyof typeof ROUNDING;
export const ROUNDINGS = Object.keys(ROUNDING) as Rounding[];

/** The rule `up` as sixteen bits, index discarded·4 + odd·2 + negative: what the core reads when it rounds a quotient. */
export function upTable(mode: Rounding): number {
  let bits = 0;
  for (let index = 0; index < 16; index++) {
    const discarded = (index >> 2) as Discarded;
    if ((ROUNDING[mode] as RoundingMode).up(discarded, (index & 2) !== 0, (index & 1) !== 0)) bits |= 1 << index;
  }
  return bits;
}

export const OVERFLOW = {
  SAT: { about: 'saturate at the rails' },
  WRAP: { about: "keep the low bits (two's complement)" },
} as const;

export type Overflow = keyof typeof OVERFLOW;
export const OVERFLOWS = Object.keys(OVERFLOW) as Overflow[];
