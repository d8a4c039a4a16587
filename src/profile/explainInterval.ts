/** Exact intervals of reals: what a value of the data path can reach. Every one of them holds 0, as every site does. */
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import { quantise } from '../format/quantise.js';
import type { Rational } from '../format/real.js';
import type { SiteFormat } from '../schema/plan.js';

/** Smallest and largest value, both inside. */
export type Interval = readonly [Rational, Rational];

const times = (a: Rational, b: Rational): Rational => ({ numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator });
const plus = (a: Rational, b: Rational): Rational =>
  ({ numerator: a.numerator * b.denominator + b.numerator * a.denominator, denominator: a.denominator * b.denominator });
const atMost = (a: Rational, b: Rational): boolean => a.numerator * b.denominator <= b.numerator * a.denominator;
const ends = (values: readonly Rational[]): Interval => [values.reduce((a, b) => (atMost(a, b) ? a : b)), values.reduce((a, b) => (atMost(a, b) ? b : a))];

/** raw·2^−F. */
export const real = (raw: bigint, fractionLength: number): Rational =>
  fractionLength >= 0 ? { numerator: raw, denominator: 1n << BigInt(fractionLength) } : { numerator: raw << BigInt(-fractionLength), denominator: 1n };

export const product = ([a, b]: Interval, [c, d]: Interval): Interval => ends([times(a, c), times(a, d), times(b, c), times(b, d)]);
export const sum = (...all: readonly Interval[]): Interval => all.reduce(([a, b], [c, d]) => [plus(a, c), plus(b, d)]);
export const negated = (interval: Interval): Interval => repeated(interval, -1);
/** Sum of a number of such values; the negated interval for −1. */
export const repeated = ([a, b]: Interval, count: number): Interval => ends([a, b].map((end) => times(end, { numerator: BigInt(count), denominator: 1n })));
export const divided = ([a, b]: Interval, divisor: number): Interval => [a, b].map(({ numerator, denominator }) => ({ numerator, denominator: denominator * BigInt(divisor) })) as unknown as Interval;
export const squared = (interval: Interval): Interval => [real(0n, 0), ends(interval.map((end) => times(end, end)))[1]];

/** What a site lets through. */
export const railsOf = ({ rails: [low, high], fractionLength }: SiteFormat): Interval => [real(BigInt(low), fractionLength), real(BigInt(high), fractionLength)];

export interface Settled {
  /** Whether a value of the interval can overflow. */
  readonly overflows: boolean;
  /** What the site can hold afterwards. */
  readonly interval: Interval;
}

/**
 * Rounds an interval into a site.
 *
 * @param slack last places a value may lie further out: one for each rounding before the last
 */
export function settle([low, high]: Interval, format: SiteFormat, slack = 0): Settled {
  const random = (ROUNDING[format.rounding] as RoundingMode).random !== undefined;
  // A random mode may go either way from anywhere.
  const lowest = (random ? floor(low, format) : quantise(low, format).rounded) - BigInt(slack);
  const highest = (random ? -floor(times(high, { numerator: -1n, denominator: 1n }), format) : quantise(high, format).rounded) + BigInt(slack);
  const [railLow, railHigh] = format.rails.map(BigInt) as [bigint, bigint];
  const overflows = lowest < railLow || highest > railHigh;
  if (overflows && (format.overflow === 'WRAP' || format.overflow === 'WRAP_SM')) return { overflows, interval: railsOf(format) };
  const raws = [lowest < railLow ? railLow : lowest, highest > railHigh ? railHigh : highest] as const;
  return { overflows, interval: [real(raws[0], format.fractionLength), real(raws[1], format.fractionLength)] };
}

const floor = (value: Rational, format: SiteFormat): bigint => quantise(value, { ...format, rounding: 'TRN' }).rounded;

/** How many of the largest values of `term`, and how many of the smallest, fit between the rails: the smaller number. Undefined where a term is always 0. */
export function fitting(term: Interval, format: SiteFormat): bigint | undefined {
  const rails = railsOf(format);
  const counts = term.flatMap((end, side) => (end.numerator === 0n ? [] : [(rails[side]!.numerator * end.denominator) / (rails[side]!.denominator * end.numerator)]));
  return counts.length === 0 ? undefined : counts.reduce((a, b) => (a < b ? a : b));
}
