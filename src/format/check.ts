/** Which formats and modes can exist together. docs/numerics.md §1 and §2. */
import type { Format } from './format.js';
import { OVERFLOW, type Overflow, type Rounding } from './modes.js';

/** What the host's exact quantiser takes; a site of a step takes less (docs/numerics.md §1). */
export const FORMAT_LIMITS = {
  wordLength: { minimum: 1, maximum: 64 },
  fractionLength: { minimum: -64, maximum: 128 },
} as const;

/** Modes where nothing states any: those of a profile. */
export const DEFAULT_MODES = { rounding: 'RND', overflow: 'SAT' } as const satisfies { rounding: Rounding; overflow: Overflow };

export interface OverflowProblem {
  readonly key: 'overflow' | 'saturatedBits';
  readonly message: string;
  readonly found: string;
  readonly expected: string;
}

/** What is wrong with an overflow mode and its number of saturated bits for a format; undefined where nothing is. */
export function overflowProblem({ signed, wordLength }: Pick<Format, 'signed' | 'wordLength'>, overflow: Overflow, saturatedBits: number): OverflowProblem | undefined {
  if (overflow === 'WRAP_SM' && !signed) {
    return { key: 'overflow', message: 'WRAP_SM is for signed formats', found: 'an unsigned format', expected: 'another mode, or a signed format' };
  }
  if (saturatedBits > 0 && (!OVERFLOW[overflow].saturatedBits || saturatedBits > wordLength)) {
    return {
      key: 'saturatedBits', message: 'saturated bits that cannot be', found: `${saturatedBits} with ${overflow}`,
      expected: `0 to ${wordLength}, with WRAP or WRAP_SM`,
    };
  }
  return undefined;
}
