/** Fixed-point formats: range, names, values. docs/numerics.md §1. */
import { toDouble } from './real.js';

export interface Format {
  readonly signed: boolean;
  /** W, bits. */
  readonly wordLength: number;
  /** F: one last place is 2^−F. May be negative or larger than W. */
  readonly fractionLength: number;
}

/** Smallest and largest raw of a format. */
export function rawRange({ signed, wordLength }: Format): readonly [bigint, bigint] {
  const w = BigInt(wordLength);
  return signed ? [-(1n << (w - 1n)), (1n << (w - 1n)) - 1n] : [0n, (1n << w) - 1n];
}

/** The real value of a raw, as the nearest binary64 number (exact up to 53 bits). */
export function rawToReal(raw: bigint, fractionLength: number): number {
  return fractionLength >= 0
    ? toDouble({ numerator: raw, denominator: 1n << BigInt(fractionLength) })
    : toDouble({ numerator: raw << BigInt(-fractionLength), denominator: 1n });
}

/** `sfix12_En8`, `ufix16_En15`, `sfix8_E3` (F = −3), `sfix8` (F = 0). */
export function formatName({ signed, wordLength, fractionLength: f }: Format): string {
  return `${signed ? 's' : 'u'}fix${wordLength}${f > 0 ? `_En${f}` : f < 0 ? `_E${-f}` : ''}`;
}

/** `ap_fixed<12,4>`: word length and integer bits, the sign included. */
export function apName({ signed, wordLength, fractionLength }: Format): string {
  return `ap_${signed ? '' : 'u'}fixed<${wordLength},${wordLength - fractionLength}>`;
}
