/**
 * Where a moving mean stands still on a constant input: its fixed points {S : S after x is S}, solved in closed form from the tables of the rounding
 * modes. docs/ema.md §3.
 *
 * A quantiser gives at least n, or at most n, exactly where its exact value lies on one side of a threshold (rounding.ts). Values are linear in S, so
 * with signs and parities fixed, what holds S is a handful of linear inequalities in S: an interval. The ends of the union of all cases are what a
 * mean ends at: its map S → S is monotone, so from below it stops at the smallest fixed point, from above at the largest.
 * Away from the rails; what an overflow mode does there is not looked at.
 */
import { quantise } from '../format/quantise.js';
import type { Rational } from '../format/real.js';
import type { SiteFormat } from '../schema/plan.js';
import { constantBits, type EmaDesign } from './design.js';
import { ceil, floor, minus, negative as negated, plus, rational, scaled, times } from './rational.js';
import { goesUpByHalf, isRandom, reachAbove, reachBelow, type Reach } from './rounding.js';

/** slope·S + offset: an exact value, or an integer, as it depends on S. */
interface Linear {
  readonly slope: Rational;
  readonly offset: Rational;
}

const ZERO = rational(0n);
const ONE = rational(1n);
const constant = (offset: Rational): Linear => ({ slope: ZERO, offset });
const difference = (a: Linear, b: Linear): Linear => ({ slope: minus(a.slope, b.slope), offset: minus(a.offset, b.offset) });
const sum = (a: Linear, b: Linear): Linear => ({ slope: plus(a.slope, b.slope), offset: plus(a.offset, b.offset) });

/** Integers S of one parity that a growing list of inequalities leaves. */
class Interval {
  #low: bigint;
  #high: bigint;
  readonly #odd: boolean;

  constructor([low, high]: readonly [bigint, bigint], odd: boolean) {
    this.#low = low;
    this.#high = high;
    this.#odd = odd;
  }

  /** Keeps S with slope·S + offset ≥ 0, or > 0 where it is not closed. */
  keep({ slope, offset }: Linear, closed = true): this {
    if (slope.numerator === 0n) {
      if (offset.numerator < 0n || (offset.numerator === 0n && !closed)) this.#high = this.#low - 1n;
      return this;
    }
    const root = negated(rational(offset.numerator * slope.denominator, offset.denominator * slope.numerator));
    const at = root.denominator < 0n ? rational(-root.numerator, -root.denominator) : root;
    const low = closed ? ceil(at) : floor(at) + 1n;
    const high = closed ? floor(at) : ceil(at) - 1n;
    if (slope.numerator > 0n && low > this.#low) this.#low = low;
    if (slope.numerator < 0n && high < this.#high) this.#high = high;
    return this;
  }

  /** Keeps S whose exact value v is quantised to at least n. */
  atLeast(v: Linear, n: Linear, { reach, closed }: Reach): this {
    return this.keep(sum(difference(v, n), constant(reach)), closed);
  }
  atMost(v: Linear, n: Linear, { reach, closed }: Reach): this {
    return this.keep(sum(difference(n, v), constant(reach)), closed);
  }

  /** Smallest and largest that are left. */
  ends(): readonly [bigint, bigint] | undefined {
    const low = this.#low + ((this.#low & 1n) === 1n === this.#odd ? 0n : 1n);
    const high = this.#high - ((this.#high & 1n) === 1n === this.#odd ? 0n : 1n);
    return low <= high ? [low, high] : undefined;
  }
}

/** Where a mean ends on a constant input. Of a random mode: where it ends for certain. */
export interface FixedPoints {
  /** Smallest and largest fixed point inside the rails; both undefined where there is none. */
  readonly lowest: bigint | undefined;
  readonly highest: bigint | undefined;
}

/**
 * The ends of the fixed points of a design.
 *
 * @param input x, a raw of the signal
 * @example fixedPoints(designEma({ form: 'shift', shift: 6, mean }), 100n) // under TRN: 37 … 100
 */
export function fixedPoints(design: EmaDesign, input: bigint): FixedPoints {
  const found: (readonly [bigint, bigint])[] = [];
  const rails: readonly [bigint, bigint] = [BigInt(design.mean.rails[0]), BigInt(design.mean.rails[1])];
  for (const odd of [false, true]) {
    for (const below of [false, true]) {
      for (const partBelow of design.part ? [false, true] : [false]) {
        const ends = CASES[design.form](design, input, new Interval(rails, odd), { odd, below, partBelow }).ends();
        if (ends) found.push(ends);
      }
    }
  }
  const least = (values: bigint[]): bigint | undefined => values.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
  const lowest = least(found.map(([low]) => low));
  const highest = least(found.map(([, high]) => -high));
  return { lowest, highest: highest === undefined ? undefined : -highest };
}

interface Case {
  /** Parity of S. */
  readonly odd: boolean;
  /** Whether the exact value at S is below zero. */
  readonly below: boolean;
  /** Whether the exact value at the part is. */
  readonly partBelow: boolean;
}

/** Adds what a case asks to the interval. */
type Solve = (design: EmaDesign, input: bigint, interval: Interval, of: Case) => Interval;

/** Keeps S for which v is on its side of zero. */
const onSide = (interval: Interval, v: Linear, below: boolean): Interval =>
  below ? interval.keep(difference(constant(ZERO), v), false) : interval.keep(v);

/** x in last places of S. */
const inputOf = ({ signal, mean }: EmaDesign, input: bigint): Rational => scaled(input, mean.fractionLength - signal.fractionLength);
const rhoOf = ({ rhoRaw, fraction }: EmaDesign): Rational => scaled(rhoRaw, -fraction);
const mean: Linear = { slope: ONE, offset: ZERO };

const one: Solve = (design, input, interval, { odd, below }) => {
  const { rounding } = design.mean;
  const rho = rhoOf(design);
  const v: Linear = { slope: minus(ONE, rho), offset: times(rho, inputOf(design, input)) };
  return onSide(interval, v, below).atLeast(v, mean, reachBelow(rounding, odd, below)).atMost(v, mean, reachAbove(rounding, odd, below));
};

/** Last places of the part in one of S, as a power of two. */
const guard = ({ mean: s, part }: EmaDesign): number => part!.fractionLength - s.fractionLength;
/** S in last places of the part. */
const meanInPart = (design: EmaDesign): Linear => ({ slope: scaled(1n, guard(design)), offset: ZERO });

/** Offsets from S, in last places of the part, that round back to S: from the least to the most, both included. */
function heldOffsets(design: EmaDesign, { odd, below }: Case): readonly [bigint, bigint] {
  const { rounding } = design.mean;
  const unit = scaled(1n, guard(design));
  const down = reachBelow(rounding, odd, below);
  const up = reachAbove(rounding, odd, below);
  const least = negated(times(down.reach, unit));
  const most = times(up.reach, unit);
  return [down.closed ? ceil(least) : floor(least) + 1n, up.closed ? floor(most) : ceil(most) - 1n];
}

/** Keeps S whose exact value v at the part gives an integer from `least` to `most` that is on the case's side of `zero`, what adds up to nothing at S. */
function held(design: EmaDesign, interval: Interval, of: Case, v: Linear, least: Linear, most: Linear, zero: readonly [Linear, Linear]): Interval {
  const { rounding } = design.part!;
  /** Parity of an integer that depends on S. */
  const isOdd = ({ slope, offset }: Linear): boolean => ((slope.numerator / slope.denominator) * (of.odd ? 1n : 0n) + offset.numerator / offset.denominator) % 2n !== 0n;
  const atLeast = (n: Linear): Interval => interval.atLeast(v, n, reachBelow(rounding, isOdd(n), of.partBelow));
  const atMost = (n: Linear): Interval => interval.atMost(v, n, reachAbove(rounding, isOdd(n), of.partBelow));
  onSide(interval, v, of.partBelow);
  atLeast(least);
  atMost(most);
  return of.below ? atMost(difference(zero[1], constant(ONE))) : atLeast(zero[0]);
}

const two: Solve = (design, input, interval, of) => {
  const part = design.part!;
  const s = meanInPart(design);
  const rho = rhoOf(design);
  const unit = scaled(1n, guard(design));
  const v: Linear = { slope: times(minus(ONE, rho), unit), offset: ZERO };
  const [low, high] = outcomes(times(rho, times(inputOf(design, input), unit)), part).map((drive) => constant(rational(drive))) as [Linear, Linear];
  const [least, most] = heldOffsets(design, of).map((offset) => sum(s, constant(rational(offset)))) as [Linear, Linear];
  return held(design, interval, of, v, difference(least, low), difference(most, high), [difference(constant(ZERO), low), difference(constant(ZERO), high)]);
};

/** What a value, in last places of a site, can be quantised to: the least and the most. */
function outcomes(value: Rational, site: SiteFormat): [bigint, bigint] {
  if (isRandom(site.rounding)) return [floor(value), ceil(value)];
  const { raw } = quantise(value, { ...site, fractionLength: 0 });
  return [raw, raw];
}

const shift: Solve = (design, input, interval, of) => {
  const s = meanInPart(design);
  const unit = times(rhoOf(design), scaled(1n, guard(design)));
  const v: Linear = { slope: negated(unit), offset: times(unit, inputOf(design, input)) };
  const [least, most] = heldOffsets(design, of).map((offset) => constant(rational(offset))) as [Linear, Linear];
  const zero = difference(constant(ZERO), s);
  return held(design, interval, of, v, least, most, [zero, zero]);
};

const CASES = { one, two, shift };

/** How far from a constant input a mean stays. */
export interface DeadBand {
  /** x − S in last places of S, where a mean that climbed to x ended; 0 where it ended at x or beyond. */
  readonly rising: number;
  /** S − x, where one that fell to x ended. */
  readonly falling: number;
}

/** The dead band of a mean that ends at `lowest` from below and at `highest` from above. */
export function deadBandOf(design: EmaDesign, input: bigint, lowest: bigint, highest: bigint): DeadBand {
  const x = inputOf(design, input);
  const beyond = ({ numerator, denominator }: Rational): number => (numerator > 0n ? Number(numerator) / Number(denominator) : 0);
  return { rising: beyond(minus(x, rational(lowest))), falling: beyond(minus(rational(highest), x)) };
}

/**
 * The dead band on a constant input, in last places of S. Where every rounding is random there is none: away from x every step may move S towards it.
 *
 * @returns undefined where no fixed point lies inside the rails; where one rounding is random and one is not; and for two inexact products
 * under STOCHASTIC_EQUAL, which wander without drift over a band of 1/ρ last places (docs/ema.md §3)
 */
export function deadBand(design: EmaDesign, input: bigint): DeadBand | undefined {
  const roundings = [design.mean, ...(design.part ? [design.part] : [])].map(({ rounding }) => rounding);
  if (roundings.some(isRandom)) {
    const wanders = design.form === 'two' && goesUpByHalf(design.part!.rounding) && constantBits(design) > guard(design);
    return roundings.every(isRandom) && !wanders ? { rising: 0, falling: 0 } : undefined;
  }
  const { lowest, highest } = fixedPoints(design, input);
  return lowest === undefined ? undefined : deadBandOf(design, input, lowest, highest!);
}
