/**
 * Exact arithmetic of the oracle, written from docs/numerics.md §1–2 alone: nothing here comes from the product.
 * Exact values are either dyadic (`Exact`, raw·2^−f) or a quotient numerator / denominator handed straight to `quantise`.
 */
import type { SiteFormat } from '../../src/schema/plan.js';
import { fnv1a, word } from './words.js';

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
  /** n of WRAP and WRAP_SM. */
  readonly saturatedBits: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** The random words of one quantisation, and which of the two rules of §2.1 takes them. */
export interface Draw {
  /** 64 bits: word(…, 0) or word(…, 1). */
  word(k: 0 | 1): bigint;
  /** Not a value with discarded bits but a quotient. */
  readonly quotient: boolean;
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
  readonly index: number;
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
  /** At `weight` and `update` of a layer: steps in which it stood still there although it had a gradient. */
  stalled: number;
}

/** Rails are those of the plan, except where the overflow mode says what they are. */
export function parseFormat(format: SiteFormat): Format {
  const { signed, wordLength, fractionLength, rounding, overflow, saturatedBits = 0 } = format;
  const given: [bigint, bigint] = [BigInt(format.rails[0]), BigInt(format.rails[1])];
  const [low, high] = overflow === 'SAT' || overflow === 'TRAP' ? given : railsOf(overflow, signed, wordLength);
  return { signed, wordLength, fractionLength, rounding, overflow, saturatedBits, low, high };
}

/** Ends of a word: what the rails are unless a profile tightens them. */
export function endsOf(signed: boolean, wordLength: number): readonly [bigint, bigint] {
  const bits = BigInt(wordLength);
  return signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
}

/** Rails of an overflow mode where a profile does not tighten them: the ends of the word, symmetric ones for SAT_SYM. */
export function railsOf(overflow: Format['overflow'], signed: boolean, wordLength: number): readonly [bigint, bigint] {
  const [low, high] = endsOf(signed, wordLength);
  return [overflow === 'SAT_SYM' && signed ? -high : low, high];
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

export function absolute(a: Exact): Exact {
  return a.n < 0n ? { n: -a.n, f: a.f } : a;
}

export function sum(terms: readonly Exact[]): Exact {
  return terms.reduce(add, ZERO);
}

/** −1, 0 or 1 as a is below, equal to or above b. */
export function compare(a: Exact, b: Exact): number {
  const { n } = subtract(a, b);
  return n < 0n ? -1 : n > 0n ? 1 : 0;
}

export function larger(a: Exact, b: Exact): Exact {
  return compare(a, b) >= 0 ? a : b;
}

export function smaller(a: Exact, b: Exact): Exact {
  return compare(a, b) <= 0 ? a : b;
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

/**
 * ρ: numerator / denominator · 2^F rounded to an integer of unlimited width. `denominator` > 0.
 * Without a draw the value is a constant: stochastic modes round it RND_CONV.
 */
export function round(numerator: bigint, denominator: bigint, fractionLength: number, rounding: Format['rounding'], draw?: Draw): bigint {
  const n = fractionLength > 0 ? numerator << BigInt(fractionLength) : numerator;
  const m = fractionLength < 0 ? denominator << BigInt(-fractionLength) : denominator;
  const q = floorDivide(n, m);
  const rest = n - q * m; // d in units of 1/m
  const half = 2n * rest - m; // below, at or above zero as d is below, at or above ½
  const odd = q % 2n !== 0n;
  const upIf = (up: boolean): bigint => (up ? q + 1n : q);
  switch (rounding) {
    case 'TRN':
      return q;
    case 'TRN_ZERO':
      return upIf(n < 0n && rest > 0n);
    case 'RND':
      return upIf(half >= 0n);
    case 'RND_ZERO':
      return upIf(half > 0n || (half === 0n && n < 0n));
    case 'RND_INF':
      return upIf(half > 0n || (half === 0n && n >= 0n));
    case 'RND_MIN_INF':
      return upIf(half > 0n);
    case 'RND_CONV':
      return upIf(half > 0n || (half === 0n && odd));
    case 'RND_CONV_ODD':
      return upIf(half > 0n || (half === 0n && !odd));
    case 'JAM':
      return upIf(!odd);
    case 'JAM_UNBIASED':
      return upIf(rest > 0n && !odd);
    case 'STOCHASTIC':
      return draw === undefined ? round(numerator, denominator, fractionLength, 'RND_CONV') : roundStochastically(n, m, draw);
    case 'STOCHASTIC_EQUAL':
      if (draw === undefined) return round(numerator, denominator, fractionLength, 'RND_CONV');
      return upIf(rest > 0n && draw.word(0) >> 63n === 1n);
  }
}

/** STOCHASTIC of n / m, docs/numerics.md §2.1. */
function roundStochastically(n: bigint, m: bigint, draw: Draw): bigint {
  const q = floorDivide(n, m);
  const rest = n - q * m;
  if (rest === 0n) return q;
  const discarded = draw.quotient ? undefined : discardedBits(n, m);
  if (discarded === undefined || discarded > 128) return draw.word(0) + (rest << 64n) / m >= 1n << 64n ? q + 1n : q;
  const s = BigInt(discarded);
  const x = (n << s) / m; // exact
  const r = ((draw.word(0) << 64n) + draw.word(1)) >> (128n - s);
  return (x + r) >> s;
}

/** Smallest s for which n / m·2^s is an integer. `m` is a power of two. */
function discardedBits(n: bigint, m: bigint): number {
  let s = 0;
  for (let rest = m; n % rest !== 0n; rest >>= 1n) s++;
  return s;
}

/** A bit of n in two's complement, infinitely extended. */
const bitAt = (n: bigint, at: number): bigint => (n >> BigInt(at)) & 1n;

/** The lowest bits of n as an unsigned number. */
const lowest = (n: bigint, bits: number): bigint => BigInt.asUintN(bits, n);

/** The word of W bits whose top n are the sign of ρ and its inverse n − 1 times; the other bits are those of `others`. */
function signThenInverse(rounded: bigint, others: bigint, wordLength: number, n: number): bigint {
  const sign = rounded < 0n ? 1n : 0n;
  const inverse = sign === 1n ? 0n : (1n << BigInt(n - 1)) - 1n;
  return (((sign << BigInt(n - 1)) | inverse) << BigInt(wordLength - n)) | lowest(others, wordLength - n);
}

/** The W bits a ρ that overflows leaves under WRAP. */
function wrapped(rounded: bigint, { signed, wordLength, saturatedBits: n }: Format): bigint {
  if (n === 0) return lowest(rounded, wordLength);
  if (signed) return signThenInverse(rounded, rounded, wordLength, n);
  const top = rounded < 0n ? 0n : (1n << BigInt(n)) - 1n;
  return (top << BigInt(wordLength - n)) | lowest(rounded, wordLength - n);
}

/** The W bits a ρ that overflows leaves under WRAP_SM. */
function wrappedSignMagnitude(rounded: bigint, { wordLength, saturatedBits: n }: Format): bigint {
  if (n === 0) {
    const deleted = bitAt(rounded, wordLength);
    const others = deleted === bitAt(rounded, wordLength - 1) ? rounded : ~rounded;
    return (deleted << BigInt(wordLength - 1)) | lowest(others, wordLength - 1);
  }
  const plain = signThenInverse(rounded, rounded, wordLength, n);
  return bitAt(rounded, wordLength - n) === bitAt(plain, wordLength - n) ? plain : signThenInverse(rounded, ~rounded, wordLength, n);
}

/** Raw result of a ρ that overflows. */
function overflowed(rounded: bigint, end: bigint, format: Format): bigint {
  const read = (word: bigint): bigint => (format.signed ? BigInt.asIntN(format.wordLength, word) : word);
  switch (format.overflow) {
    case 'SAT':
    case 'SAT_SYM':
    case 'TRAP':
      return end;
    case 'SAT_ZERO':
      return 0n;
    case 'WRAP':
      return read(wrapped(rounded, format));
    case 'WRAP_SM':
      if (!format.signed) throw new RangeError('WRAP_SM is for signed formats');
      return read(wrappedSignMagnitude(rounded, format));
  }
}

/** Applies the overflow mode to ρ. `isZero`: whether the exact value was zero. */
export function settle(rounded: bigint, isZero: boolean, format: Format): Quantised {
  const overflow = rounded > format.high ? 'high' : rounded < format.low ? 'low' : 'none';
  const raw = overflow === 'none' ? rounded : overflowed(rounded, overflow === 'high' ? format.high : format.low, format);
  return { rounded, raw, overflow, underflow: !isZero && raw === 0n && overflow === 'none' };
}

/** Q(numerator / denominator): one rounding, then the overflow mode. `denominator` > 0; without a draw a constant. */
export function quantise(numerator: bigint, denominator: bigint, format: Format, draw?: Draw): Quantised {
  return settle(round(numerator, denominator, format.fractionLength, format.rounding, draw), numerator === 0n, format);
}

const POWERS = Array.from({ length: 4096 }, (_, exponent) => 1n << BigInt(exponent));

/** Q(a) of a dyadic value; without a draw a constant. */
export function quantiseExact(a: Exact, format: Format, draw?: Draw): Quantised {
  return a.f >= 0 ? quantise(a.n, POWERS[a.f] ?? 1n << BigInt(a.f), format, draw) : quantise(a.n << BigInt(-a.f), 1n, format, draw);
}

const INT64 = endsOf(true, 64);

/** One counted quantisation, as an observer sees it. */
export interface Observation {
  readonly key: string;
  readonly step: number;
  readonly element: number;
  readonly index: number;
  readonly outcome: Quantised;
  /** The exact value as numerator and positive denominator; undefined where it is irrational (`norm`). */
  readonly exact: readonly [bigint, bigint] | undefined;
}

/** What a site takes from its run. */
export interface SiteContext {
  readonly key: string;
  readonly seed: number;
  /** Told of every overflow of a TRAP site. */
  readonly onTrap?: (key: string) => void;
  /** Told of every quantisation that counts. */
  readonly onQuantise?: (seen: Observation) => void;
}

/** One site of a run: a format and its counters. */
export class Site {
  readonly format: Format;
  readonly counters: Counters = {
    count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0, min: undefined, max: undefined, firstOverflow: undefined, stalled: 0,
  };
  private readonly hash: bigint;

  constructor(
    format: SiteFormat,
    private readonly context: SiteContext = { key: '', seed: 0 },
  ) {
    this.format = parseFormat(format);
    this.hash = fnv1a(context.key);
  }

  /** Value of a raw of this site. */
  value(raw: bigint): Exact {
    return { n: raw, f: this.format.fractionLength };
  }

  /** Q(a), counted. `index` tells the quantisations of one element in one step apart. */
  quantise(a: Exact, step: number, element: number, index = 0): Exact {
    const outcome = quantiseExact(a, this.format, this.draw(step, element, index, false));
    return this.count(outcome, step, element, index, a.f >= 0 ? [a.n, 1n << BigInt(a.f)] : [a.n << BigInt(-a.f), 1n]);
  }

  /** Q(numerator / denominator), counted. */
  quantiseQuotient([numerator, denominator]: readonly [bigint, bigint], step: number, element: number, index = 0): Exact {
    return this.count(quantise(numerator, denominator, this.format, this.draw(step, element, index, true)), step, element, index, [numerator, denominator]);
  }

  /** Q(a) as `quantise` has it, in no counter; it still traps. */
  quantiseUncounted(a: Exact, step: number, element: number): Exact {
    const { raw, overflow } = quantiseExact(a, this.format, this.draw(step, element, 0, false));
    this.trapIf(overflow !== 'none');
    return this.value(raw);
  }

  private draw(step: number, element: number, index: number, quotient: boolean): Draw {
    const place = { seed: this.context.seed, step, site: this.hash, element, index };
    return { word: (k) => word(place, k), quotient };
  }

  private trapIf(overflow: boolean): void {
    if (overflow && this.format.overflow === 'TRAP') this.context.onTrap?.(this.context.key);
  }

  /** Counts an outcome and returns its value; `exact` is for an observer. */
  count(outcome: Quantised, step: number, element: number, index = 0, exact?: Observation['exact']): Exact {
    const { rounded, raw, overflow, underflow } = outcome;
    const { counters, format: { low, high } } = this;
    this.context.onQuantise?.({ key: this.context.key, step, element, index, outcome, exact });
    this.trapIf(overflow !== 'none');
    counters.count++;
    if (overflow === 'high') counters.overflowHigh++;
    if (overflow === 'low') counters.overflowLow++;
    if (underflow) counters.underflow++;
    if ((raw > 0n && high > 0n && 20n * raw >= 19n * high) || (raw < 0n && low < 0n && 20n * raw <= 19n * low)) counters.nearRail++;
    if (counters.min === undefined || raw < counters.min) counters.min = raw;
    if (counters.max === undefined || raw > counters.max) counters.max = raw;
    if (overflow !== 'none' && counters.firstOverflow === undefined) {
      const wanted = rounded > INT64[1] ? INT64[1] : rounded < INT64[0] ? INT64[0] : rounded;
      counters.firstOverflow = { step, element, index, wanted, raw };
    }
    return this.value(raw);
  }
}
