/**
 * Exact arithmetic of the oracle, written from docs/numerics.md §1–2 alone: nothing here comes from the product.
 * Exact values are either dyadic (`Exact`, raw·2^−f) or a quotient numerator / denominator handed straight to `quantise`.
 */
import type { SiteFormat } from '../../src/schema/plan.js';

/** A dyadic rational n·2^−f; f may be negative. */
export interface Exact {
  readonly n: bigint;
  readonly f: number;
}

/** A `SiteFormat` whose rails are numbers already. */
export interface Format {
  readonly signed: boolean;
  readonly wordLength: number;
  readonly fractionLength: number;
  readonly rounding: SiteFormat['rounding'];
  readonly overflow: SiteFormat['overflow'];
  readonly low: bigint;
  readonly high: bigint;
}

export interface Quantised {
  /** ρ: rounded, before the overflow mode. */
  readonly rounded: bigint;
  readonly raw: bigint;
  readonly overflow: 'none' | 'high' | 'low';
  readonly underflow: boolean;
}

export interface FirstOverflow {
  readonly step: number;
  readonly element: number;
  readonly wanted: bigint;
  readonly raw: bigint;
}

/** Counters of a site, docs/numerics.md §2. */
export interface Counters {
  count: number;
  overflowHigh: number;
  overflowLow: number;
  underflow: number;
  nearRail: number;
  min: bigint | undefined;
  max: bigint | undefined;
  firstOverflow: FirstOverflow | undefined;
}

export function parseFormat(format: SiteFormat): Format {
  const { signed, wordLength, fractionLength, rounding, overflow } = format;
  return { signed, wordLength, fractionLength, rounding, overflow, low: BigInt(format.rails[0]), high: BigInt(format.rails[1]) };
}

/** Ends of a word: what the rails are unless a profile tightens them. */
export function endsOf(signed: boolean, wordLength: number): readonly [bigint, bigint] {
  const bits = BigInt(wordLength);
  return signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
}

export const ZERO: Exact = { n: 0n, f: 0 };
export const ONE: Exact = { n: 1n, f: 0 };

/** The integer that stands for `a` at fraction length f ≥ a.f. */
export function rawAt(a: Exact, f: number): bigint {
  if (f < a.f) throw new RangeError(`fraction length ${f} cannot hold ${a.n}·2^-${a.f} exactly`);
  return a.n << BigInt(f - a.f);
}

export function add(a: Exact, b: Exact): Exact {
  const f = Math.max(a.f, b.f);
  return { n: rawAt(a, f) + rawAt(b, f), f };
}

export function subtract(a: Exact, b: Exact): Exact {
  const f = Math.max(a.f, b.f);
  return { n: rawAt(a, f) - rawAt(b, f), f };
}

export function multiply(a: Exact, b: Exact): Exact {
  return { n: a.n * b.n, f: a.f + b.f };
}

export function square(a: Exact): Exact {
  return { n: a.n * a.n, f: 2 * a.f };
}

export function sum(terms: readonly Exact[]): Exact {
  return terms.reduce(add, ZERO);
}

/** −1, 0 or 1 as a is below, equal to or above b. */
export function compare(a: Exact, b: Exact): number {
  const { n } = subtract(a, b);
  return n < 0n ? -1 : n > 0n ? 1 : 0;
}

/** a / b as numerator and positive denominator. `b` must be above zero. */
export function quotient(a: Exact, b: Exact): readonly [bigint, bigint] {
  if (b.n <= 0n) throw new RangeError('quotient: the denominator must be above zero');
  const f = Math.max(a.f, b.f);
  return [rawAt(a, f), rawAt(b, f)];
}

/** The exact value of a finite binary64 number. */
export function fromBinary64(value: number): Exact {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no exact value`);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : fraction | (1n << 52n);
  return { n: bits >> 63n === 1n ? -magnitude : magnitude, f: 1075 - Math.max(exponent, 1) };
}

/** ⌊numerator / denominator⌋ for a positive denominator. */
export function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const towardsZero = numerator / denominator;
  return numerator < 0n && towardsZero * denominator !== numerator ? towardsZero - 1n : towardsZero;
}

/** ⌊√n⌋ for n ≥ 0, by Newton's method from above. */
export function integerSquareRoot(n: bigint): bigint {
  if (n < 0n) throw new RangeError('square root of a negative integer');
  if (n === 0n) return 0n;
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** ρ: numerator / denominator · 2^F rounded to an integer of unlimited width. `denominator` > 0. */
export function round(numerator: bigint, denominator: bigint, fractionLength: number, rounding: Format['rounding']): bigint {
  const n = fractionLength > 0 ? numerator << BigInt(fractionLength) : numerator;
  const m = fractionLength < 0 ? denominator << BigInt(-fractionLength) : denominator;
  const q = floorDivide(n, m);
  const d2 = 2n * (n - q * m); // 2·d in units of 1/m: d ≥ ½ where d2 ≥ m
  switch (rounding) {
    case 'TRN':
      return q;
    case 'TRN_ZERO':
      return n < 0n && d2 > 0n ? q + 1n : q;
    case 'RND':
      return d2 >= m ? q + 1n : q;
    case 'RND_CONV':
      return d2 > m || (d2 === m && q % 2n !== 0n) ? q + 1n : q;
  }
}

/** Applies the overflow mode to ρ. `isZero`: whether the exact value was zero. */
export function settle(rounded: bigint, isZero: boolean, format: Format): Quantised {
  const overflow = rounded > format.high ? 'high' : rounded < format.low ? 'low' : 'none';
  const raw =
    format.overflow === 'WRAP' ? (format.signed ? BigInt.asIntN(format.wordLength, rounded) : BigInt.asUintN(format.wordLength, rounded))
    : overflow === 'high' ? format.high
    : overflow === 'low' ? format.low
    : rounded;
  return { rounded, raw, overflow, underflow: !isZero && raw === 0n && overflow === 'none' };
}

/** Q(numerator / denominator): one rounding, then the overflow mode. `denominator` > 0. */
export function quantise(numerator: bigint, denominator: bigint, format: Format): Quantised {
  return settle(round(numerator, denominator, format.fractionLength, format.rounding), numerator === 0n, format);
}

const POWERS = Array.from({ length: 4096 }, (_, exponent) => 1n << BigInt(exponent));

/** Q(a) of a dyadic value. */
export function quantiseExact(a: Exact, format: Format): Quantised {
  return a.f >= 0 ? quantise(a.n, POWERS[a.f] ?? 1n << BigInt(a.f), format) : quantise(a.n << BigInt(-a.f), 1n, format);
}

const INT64 = endsOf(true, 64);

/** One site of a run: a format and its counters. */
export class Site {
  readonly format: Format;
  readonly counters: Counters = {
    count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0, min: undefined, max: undefined, firstOverflow: undefined,
  };

  constructor(format: SiteFormat) {
    this.format = parseFormat(format);
  }

  /** Value of a raw of this site. */
  value(raw: bigint): Exact {
    return { n: raw, f: this.format.fractionLength };
  }

  /** Q(a), counted. */
  quantise(a: Exact, step: number, element: number): Exact {
    return this.count(quantiseExact(a, this.format), step, element);
  }

  /** Q(numerator / denominator), counted. */
  quantiseQuotient([numerator, denominator]: readonly [bigint, bigint], step: number, element: number): Exact {
    return this.count(quantise(numerator, denominator, this.format), step, element);
  }

  /** Counts an outcome and returns its value. */
  count({ rounded, raw, overflow, underflow }: Quantised, step: number, element: number): Exact {
    const { counters, format: { low, high } } = this;
    counters.count++;
    if (overflow === 'high') counters.overflowHigh++;
    if (overflow === 'low') counters.overflowLow++;
    if (underflow) counters.underflow++;
    if ((raw > 0n && high > 0n && 20n * raw >= 19n * high) || (raw < 0n && low < 0n && 20n * raw <= 19n * low)) counters.nearRail++;
    if (counters.min === undefined || raw < counters.min) counters.min = raw;
    if (counters.max === undefined || raw > counters.max) counters.max = raw;
    if (overflow !== 'none' && counters.firstOverflow === undefined) {
      const wanted = rounded > INT64[1] ? INT64[1] : rounded < INT64[0] ? INT64[0] : rounded;
      counters.firstOverflow = { step, element, wanted, raw };
    }
    return this.value(raw);
  }
}
