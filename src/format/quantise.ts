/** The exact quantiser, and its fast path for binary64 data. docs/numerics.md §2. */
import type { SiteFormat } from '../schema/plan.js';
import { rawRange } from './format.js';
import { ROUNDING, type Discarded, type RoundingMode } from './modes.js';
import { fromDouble, type Rational } from './real.js';

export interface Quantised {
  readonly raw: bigint;
  /** The value after rounding and before overflow handling. */
  readonly rounded: bigint;
  /** −1 below the low rail, 1 above the high rail, 0 inside. */
  readonly overflow: -1 | 0 | 1;
  /** A non-zero value that became zero without overflow. */
  readonly underflow: boolean;
}

/**
 * Rounds an exact value into a format, then applies the overflow mode, once. Never through a double.
 *
 * @example
 * quantise(parseReal('0.1'), { signed: true, wordLength: 8, fractionLength: 4, rounding: 'RND', overflow: 'SAT', rails: ['-128', '127'] }).raw // 2n
 */
export function quantise({ numerator, denominator }: Rational, format: SiteFormat): Quantised {
  const f = BigInt(format.fractionLength);
  const n = f >= 0n ? numerator << f : numerator;
  const d = f >= 0n ? denominator : denominator << -f;
  let q = n / d;
  let rest = n - q * d;
  if (rest < 0n) {
    q -= 1n;
    rest += d;
  }
  const discarded: Discarded = rest === 0n ? 0 : 2n * rest < d ? 1 : 2n * rest === d ? 2 : 3;
  const mode: RoundingMode = ROUNDING[format.rounding];
  return settle(mode.up(discarded, (q & 1n) === 1n, n < 0n) ? q + 1n : q, numerator !== 0n, format);
}

function settle(rounded: bigint, nonzero: boolean, format: SiteFormat): Quantised {
  const low = BigInt(format.rails[0]);
  const high = BigInt(format.rails[1]);
  const overflow = rounded > high ? 1 : rounded < low ? -1 : 0;
  const raw =
    overflow === 0 ? rounded
    : format.overflow === 'SAT' ? (overflow > 0 ? high : low)
    : format.signed ? BigInt.asIntN(format.wordLength, rounded)
    : BigInt.asUintN(format.wordLength, rounded);
  return { raw, rounded, overflow, underflow: overflow === 0 && raw === 0n && nonzero };
}

/** Whether a raw counts as near a rail: at least 0.95 of it, on that side. */
export function nearRail(raw: bigint, format: SiteFormat): boolean {
  const low = BigInt(format.rails[0]);
  const high = BigInt(format.rails[1]);
  return (raw > 0n && 20n * raw >= 19n * high) || (raw < 0n && 20n * raw <= 19n * low);
}

/** The full-range form of a format with its modes; rails at the ends. */
export function siteFormat(format: { signed: boolean; wordLength: number; fractionLength: number; rounding: SiteFormat['rounding']; overflow: SiteFormat['overflow'] }): SiteFormat {
  const [low, high] = rawRange(format);
  return { ...format, rails: [String(low), String(high)] };
}

export interface FirstOverflow {
  step: number;
  element: number;
  wanted: bigint;
  raw: bigint;
}

/** Counters of a site as the host reads and keeps them. docs/numerics.md §2. */
export interface Counters {
  count: number;
  overflowHigh: number;
  overflowLow: number;
  underflow: number;
  nearRail: number;
  /** Undefined while nothing has been counted. */
  min: bigint | undefined;
  max: bigint | undefined;
  firstOverflow: FirstOverflow | undefined;
}

export const newCounters = (): Counters => ({
  count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0, min: undefined, max: undefined, firstOverflow: undefined,
});

/**
 * Quantises arrays of binary64 numbers at one site, exactly, and counts. Scaling a double by a power of two is exact, so up to 2^51 the whole
 * rule can be done in doubles; anything else goes through the exact quantiser. Word lengths up to 32 bits.
 */
export class ArrayQuantiser {
  readonly counters = newCounters();
  readonly #format: SiteFormat;
  readonly #scale: number;
  readonly #up: RoundingMode['up'];
  readonly #low: number;
  readonly #high: number;
  readonly #nearLow: number;
  readonly #nearHigh: number;
  #min = Infinity;
  #max = -Infinity;

  constructor(format: SiteFormat) {
    this.#format = format;
    this.#scale = 2 ** format.fractionLength;
    this.#up = ROUNDING[format.rounding].up;
    this.#low = Number(format.rails[0]);
    this.#high = Number(format.rails[1]);
    this.#nearLow = this.#low < 0 ? -Math.ceil((-this.#low * 19) / 20) : -Infinity;
    this.#nearHigh = this.#high > 0 ? Math.ceil((this.#high * 19) / 20) : Infinity;
  }

  /** Quantises one number of step `step`, element `element`. */
  one(value: number, step: number, element: number): number {
    const counters = this.counters;
    counters.count++;
    const scaled = value * this.#scale;
    let raw: number;
    let overflow = 0;
    let wanted = 0n;
    // Below 2^-1000 the scaling itself could round.
    if (Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {
      raw = Math.floor(scaled);
      if (raw !== scaled) {
        const half = raw + 0.5;
        if (this.#up(scaled < half ? 1 : scaled === half ? 2 : 3, raw % 2 !== 0, scaled < 0)) raw += 1;
      }
      if (raw > this.#high || raw < this.#low) {
        wanted = BigInt(raw);
        overflow = raw > this.#high ? 1 : -1;
        raw = Number(settle(wanted, true, this.#format).raw);
      }
    } else {
      const exact = quantise(fromDouble(value), this.#format);
      raw = Number(exact.raw);
      overflow = exact.overflow;
      wanted = exact.rounded;
    }
    if (raw === 0) raw = 0; // never −0
    if (overflow !== 0) {
      if (overflow > 0) counters.overflowHigh++;
      else counters.overflowLow++;
      counters.firstOverflow ??= { step, element, wanted: BigInt.asIntN(64, wanted) === wanted ? wanted : wanted < 0n ? -(1n << 63n) : (1n << 63n) - 1n, raw: BigInt(raw) };
    } else if (raw === 0 && value !== 0) counters.underflow++;
    if (raw > 0 ? raw >= this.#nearHigh : raw <= this.#nearLow && raw < 0) counters.nearRail++;
    if (raw < this.#min) this.#min = raw;
    if (raw > this.#max) this.#max = raw;
    return raw;
  }

  /** The counters, with the range filled in. */
  finish(): Counters {
    if (this.counters.count > 0) {
      this.counters.min = BigInt(this.#min);
      this.counters.max = BigInt(this.#max);
    }
    return this.counters;
  }
}
