/** Widths of what is multiplied and divided, from formats, rails and constants. */
import { abs, spanOf } from '../plan/concernsExact.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import type { Division } from './rows.js';

/** A word as a multiplier sees it. */
export interface Operand {
  readonly bits: number;
  readonly signed: boolean;
}

export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

export const operandOf = ({ wordLength, signed }: Pick<SiteFormat, 'wordLength' | 'signed'>): Operand => ({ bits: wordLength, signed });
/** The difference of two values of one format. */
export const differenceOf = ({ bits }: Operand): Operand => ({ bits: bits + 1, signed: true });
/** Integers from 0 to this one. */
export const positive = (most: bigint): Operand => ({ bits: Math.max(1, bitLength(most)), signed: false });
/** Integers of at most this magnitude. */
export const absolute = (most: bigint, signed: boolean): Operand => ({ bits: Math.max(1, bitLength(most)) + Number(signed), signed });

/** Largest magnitude of a raw of a site. */
export function magnitude(plan: Plan, key: string): bigint {
  const [low, high] = spanOf(plan.sites[key]!).map(abs) as [bigint, bigint];
  return low > high ? low : high;
}

/**
 * One division at a site: numerator and divisor, each a largest magnitude with its fraction length, brought to where their quotient has the site's fraction length.
 */
export function aligned(plan: Plan, key: string, [n, nf]: readonly [bigint, number], [d, df]: readonly [bigint, number]): Division {
  const shift = plan.sites[key]!.fractionLength - nf + df;
  return { numerator: bitLength(n) + Math.max(0, shift), divisor: bitLength(d) + Math.max(0, -shift), count: 1 };
}
