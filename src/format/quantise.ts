/** The exact quantiser, and its fast path for binary64 data. docs/numerics.md §2. */
import type { SiteFormat } from '../schema/plan.js';
import { rawRange } from './format.js';
import { ROUNDING, upTable, type Discarded, type Overflow, type RoundingMode } from './modes.js';
import { randomWords, siteStream, type RandomWords } from './random.js';
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

/** Past this many discarded bits a value draws as a quotient does. */
const MOST_DRAWN_BITS = 128n;
/** Overflow modes that take what lies beyond a rail to it. */
const SATURATING: ReadonlySet<Overflow> = new Set(['SAT', 'SAT_SYM', 'TRAP']);
/** Below 2^-1000 the scaling itself could round. */
const TINY = 2 ** -900;
/** Raws up to this magnitude are whole numbers of 32 bits, with one to spare for rounding up. */
const MOST_FAST = 2 ** 30;

/**
 * Rounds an exact value into a format, then applies the overflow mode, once. Never through a double.
 *
 * @param random bits of a stochastic mode; without, it rounds RND_CONV, as constants do
 * @example
 * quantise(parseReal('0.1'), { signed: true, wordLength: 8, fractionLength: 4, rounding: 'RND', overflow: 'SAT', rails: ['-128', '127'] }).raw // 2n
 */
export function quantise({ numerator, denominator }: Rational, format: SiteFormat, random?: RandomWords): Quantised {
  const f = BigInt(format.fractionLength);
  const n = f >= 0n ? numerator << f : numerator;
  const d = f >= 0n ? denominator : denominator << -f;
  let q = n / d;
  let rest = n - q * d;
  if (rest < 0n) {
    q -= 1n;
    rest += d;
  }
  return settle(goesUp(q, rest, d, n < 0n, format.rounding, random) ? q + 1n : q, numerator !== 0n, format);
}

/** Whether q + rest/d, 0 ≤ rest < d, is rounded up. */
function goesUp(q: bigint, rest: bigint, d: bigint, negative: boolean, rounding: SiteFormat['rounding'], random: RandomWords | undefined): boolean {
  const mode: RoundingMode = ROUNDING[rounding];
  if (mode.random !== undefined && random) {
    if (rest === 0n) return false;
    if (mode.random === 'equal') return random(0) >> 63n === 1n;
    const bits = BigInt(d.toString(2).length - 1);
    if (d === 1n << bits && bits <= MOST_DRAWN_BITS) return ((((random(0) << 64n) | random(1)) >> (MOST_DRAWN_BITS - bits)) + rest) >> bits === 1n;
    return (random(0) + ((rest << 64n) / d)) >> 64n === 1n;
  }
  const discarded: Discarded = rest === 0n ? 0 : 2n * rest < d ? 1 : 2n * rest === d ? 2 : 3;
  return deterministic(rounding)(discarded, (q & 1n) === 1n, negative);
}

/** The rule of a mode; that of RND_CONV for a random one. */
const deterministic = (rounding: SiteFormat['rounding']): NonNullable<RoundingMode['up']> => (ROUNDING[rounding] as RoundingMode).up ?? ROUNDING.RND_CONV.up;

function settle(rounded: bigint, nonzero: boolean, format: SiteFormat): Quantised {
  const low = BigInt(format.rails[0]);
  const high = BigInt(format.rails[1]);
  const overflow = rounded > high ? 1 : rounded < low ? -1 : 0;
  const raw = overflow === 0 ? rounded : overflowed(rounded, overflow > 0, low, high, format);
  return { raw, rounded, overflow, underflow: overflow === 0 && raw === 0n && nonzero };
}

/** What an overflow mode makes of a value outside its rails. */
function overflowed(rounded: bigint, above: boolean, low: bigint, high: bigint, { overflow, signed, wordLength, saturatedBits = 0 }: SiteFormat): bigint {
  const w = BigInt(wordLength);
  const n = BigInt(saturatedBits);
  const read = (bits: bigint): bigint => (signed ? BigInt.asIntN(wordLength, bits) : BigInt.asUintN(wordLength, bits));
  switch (overflow) {
    case 'SAT':
    case 'SAT_SYM':
    case 'TRAP':
      return above ? high : low;
    case 'SAT_ZERO':
      return 0n;
    case 'WRAP':
    case 'WRAP_SM': {
      const magnitude = overflow === 'WRAP_SM';
      const bit = (index: bigint): bigint => (rounded >> index) & 1n;
      const sign = above ? 0n : 1n;
      const ones = (1n << w) - 1n;
      if (n === 0n) {
        if (!magnitude) return read(rounded);
        const flip = bit(w) === bit(w - 1n) ? 0n : ones >> 1n;
        return read((bit(w) << (w - 1n)) | ((rounded ^ flip) & (ones >> 1n)));
      }
      // The n top bits say which rail: all of them for unsigned, the sign and its inverses for signed.
      const kept = w - n;
      const top = signed ? (sign << (n - 1n)) | (sign === 1n ? 0n : (1n << (n - 1n)) - 1n) : sign === 1n ? 0n : (1n << n) - 1n;
      const flip = magnitude && bit(kept) !== (top & 1n) ? (1n << kept) - 1n : 0n;
      return read((top << kept) | ((rounded ^ flip) & ((1n << kept) - 1n)));
    }
  }
}

/** The full-range form of a format with its modes; rails at the ends (symmetric ones under SAT_SYM). */
export function siteFormat(format: Omit<SiteFormat, 'rails'>): SiteFormat {
  return { ...format, rails: endRails(format) };
}

/** Rails of a format that states none. */
export function endRails(format: Pick<SiteFormat, 'signed' | 'wordLength' | 'fractionLength' | 'overflow'>): [string, string] {
  const [low, high] = rawRange(format);
  return [String(format.overflow === 'SAT_SYM' && format.signed ? -high : low), String(high)];
}

export interface FirstOverflow {
  step: number;
  element: number;
  /** Which quantisation of the element in the step it was. */
  index: number;
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
  /** Steps in which a layer stood still here although it had a gradient: no parameter moved (weight), every update was zero (update). */
  stalled: number;
  /** Undefined below the recorder's level `full`. */
  full: FullCounters | undefined;
}

/** Counters that add up: of two states of a site the difference is what lies between. */
export const TALLIED = ['count', 'overflowHigh', 'overflowLow', 'underflow', 'nearRail'] as const;
export type Tally = Pick<Counters, (typeof TALLIED)[number]>;

/** Bins of a histogram: bin 0 counts zeros, bin k raws with 2^(k − 1) ≤ |raw| < 2^k. */
export const HISTOGRAM_BINS = 65;
/** Rounding errors, result minus exact value, are summed exactly where at most 24 bits are discarded, else each rounded down to 2^-24 last places. */
export const ERROR_BITS = 24;

/** What the full recorder adds. */
export interface FullCounters {
  /** Bin 0: zeros; bin k: results with 2^(k − 1) ≤ |raw| < 2^k. */
  histogram: number[];
  /** Sum of result minus exact value over all quantisations, before overflow, in last places (ERROR_BITS). */
  errorSum: number;
}

/** Counters as they stand now: what is counted later does not change them. */
export const copyCounters = (counters: Counters): Counters => ({
  ...counters, firstOverflow: counters.firstOverflow && { ...counters.firstOverflow }, full: counters.full && { ...counters.full, histogram: [...counters.full.histogram] },
});

export const newCounters = (): Counters => ({
  count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0, min: undefined, max: undefined, firstOverflow: undefined, stalled: 0, full: undefined,
});

/**
 * Quantises arrays of binary64 numbers at one site, exactly, and counts. Scaling a double by a power of two is exact, so up to 2^51 the whole
 * rule can be done in doubles; anything else goes through the exact quantiser. Word lengths up to 32 bits.
 */
export class ArrayQuantiser {
  readonly counters = newCounters();
  readonly #format: SiteFormat;
  readonly #scale: number;
  readonly #up: NonNullable<RoundingMode['up']>;
  /** The same as a table: bit discarded·4 + odd·2 + negative. */
  readonly #upBits: number;
  /** Set for a stochastic mode: every value draws. */
  readonly #draw: ((step: number, element: number) => RandomWords) | undefined;
  readonly #low: number;
  readonly #high: number;
  /** What lies beyond a rail becomes the rail. */
  readonly #saturates: boolean;
  readonly #nearLow: number;
  readonly #nearHigh: number;
  #min = Infinity;
  #max = -Infinity;

  /** @param stream site key and seed, for the random bits of a stochastic mode */
  constructor(format: SiteFormat, stream: { key: string; seed: number; full?: boolean }) {
    this.#format = format;
    if (stream.full) this.counters.full = { histogram: Array<number>(HISTOGRAM_BINS).fill(0), errorSum: 0 };
    const site = siteStream(stream.key);
    if ((ROUNDING[format.rounding] as RoundingMode).random !== undefined) this.#draw = (step, element) => randomWords(stream.seed, step, site, element);
    this.#scale = 2 ** format.fractionLength;
    this.#up = deterministic(format.rounding);
    this.#upBits = upTable(this.#draw ? 'RND_CONV' : format.rounding);
    this.#low = Number(format.rails[0]);
    this.#high = Number(format.rails[1]);
    this.#saturates = SATURATING.has(format.overflow);
    this.#nearLow = this.#low < 0 ? -Math.ceil((-this.#low * 19) / 20) : -Infinity;
    this.#nearHigh = this.#high > 0 ? Math.ceil((this.#high * 19) / 20) : Infinity;
  }

  /** Whether the same value always gives the same raw. */
  get repeatable(): boolean {
    return this.#draw === undefined;
  }

  /**
   * Quantises the first `count` numbers of step `step` into words from `at` on; `place` is what a raw is multiplied by. The same raws and counters as one by
   * one: most values round within 31 bits, away from the rails, and only these are done here.
   */
  into(words: Int32Array | Float64Array, values: Float64Array, step: number, place = 1, at = 0, count = values.length): void {
    const scale = this.#scale;
    const up = this.#upBits;
    // Strictly inside what is near a rail or beyond.
    const low = Math.max(this.#nearLow, this.#low - 1, -MOST_FAST), high = Math.min(this.#nearHigh, this.#high + 1, MOST_FAST);
    const fast = this.#draw === undefined && this.counters.full === undefined && Number.isFinite(scale);
    let [min, max, counted, underflow] = [this.#min, this.#max, 0, 0];
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      const scaled = value * scale;
      // Written so that what is no number is not fast.
      if (fast && scaled > low && scaled < high && (scaled > TINY || scaled < -TINY || value === 0)) {
        const whole = Math.floor(scaled);
        const half = whole + 0.5;
        let raw = whole | 0;
        // Counted, not chosen: which of the four it is no branch could predict.
        const discarded = Number(scaled !== whole) + Number(scaled >= half) + Number(scaled > half);
        raw += (up >> ((discarded << 2) | ((raw & 1) << 1) | Number(scaled < 0))) & 1;
        if (raw > low && raw < high) {
          counted++;
          if (raw === 0 && value !== 0) underflow++;
          if (raw < min) min = raw;
          if (raw > max) max = raw;
          words[at + i] = raw * place;
          continue;
        }
      }
      words[at + i] = this.one(value, step, i) * place;
    }
    this.counters.count += counted;
    this.counters.underflow += underflow;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  /** Quantises one number of step `step`, element `element`. */
  one(value: number, step: number, element: number): number {
    const counters = this.counters;
    counters.count++;
    const scaled = value * this.#scale;
    let raw: number;
    let rounded: number;
    let overflow = 0;
    let wanted: bigint | undefined;
    if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > TINY || value === 0) && Number.isFinite(this.#scale)) {
      raw = Math.floor(scaled);
      const half = raw + 0.5;
      if (this.#up(raw === scaled ? 0 : scaled < half ? 1 : scaled === half ? 2 : 3, raw % 2 !== 0, scaled < 0)) raw += 1;
      rounded = raw;
      if (raw > this.#high || raw < this.#low) {
        overflow = raw > this.#high ? 1 : -1;
        raw = !this.#saturates ? Number(settle(BigInt(raw), true, this.#format).raw) : overflow > 0 ? this.#high : this.#low;
      }
    } else {
      const exact = quantise(fromDouble(value), this.#format, this.#draw?.(step, element));
      raw = Number(exact.raw);
      rounded = Number(exact.rounded);
      overflow = exact.overflow;
      wanted = exact.rounded;
    }
    if (raw === 0) raw = 0; // never −0
    if (counters.full) {
      counters.full.histogram[raw === 0 ? 0 : Math.floor(Math.log2(Math.abs(raw))) + 1]!++;
      counters.full.errorSum += Math.floor((rounded - scaled) * 2 ** ERROR_BITS) * 2 ** -ERROR_BITS;
    }
    if (overflow !== 0) {
      if (overflow > 0) counters.overflowHigh++;
      else counters.overflowLow++;
      if (counters.firstOverflow === undefined) {
        wanted ??= BigInt(rounded);
        counters.firstOverflow = { step, element, index: 0, wanted: BigInt.asIntN(64, wanted) === wanted ? wanted : wanted < 0n ? -(1n << 63n) : (1n << 63n) - 1n, raw: BigInt(raw) };
      }
    } else if (raw === 0 && value !== 0) counters.underflow++;
    if (raw >= this.#nearHigh || raw <= this.#nearLow) counters.nearRail++; // neither takes in 0
    if (raw < this.#min) this.#min = raw;
    if (raw > this.#max) this.#max = raw;
    return raw;
  }

  /** Goes on from counters that were read before. */
  resume(counters: Counters): void {
    Object.assign(this.counters, counters);
    if (counters.min !== undefined) this.#min = Number(counters.min);
    if (counters.max !== undefined) this.#max = Number(counters.max);
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
