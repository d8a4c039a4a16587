/** The quantiser for arrays of doubles against the exact one: the same raws and the same counters, for every mode. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overflowProblem } from '../../src/format/check.js';
import { OVERFLOWS, ROUNDINGS, type Overflow, type Rounding } from '../../src/format/modes.js';
import { ArrayQuantiser, ERROR_BITS, HISTOGRAM_BINS, newCounters, quantise, siteFormat } from '../../src/format/quantise.js';
import { randomWords, siteStream } from '../../src/format/random.js';
import { fromDouble } from '../../src/format/real.js';
import type { SiteFormat } from '../../src/schema/plan.js';

/** At least 0.95 of the rail on that side. */
function nearRail(raw: bigint, { rails }: SiteFormat): boolean {
  const [low, high] = rails.map(BigInt) as [bigint, bigint];
  return (raw > 0n && 20n * raw >= 19n * high) || (raw < 0n && 20n * raw <= 19n * low);
}

const KEY = 'input';
const MOST = 1n << 63n;
const STOCHASTIC: readonly Rounding[] = ['STOCHASTIC', 'STOCHASTIC_EQUAL'];

/** Counters of docs/numerics.md §2; a recorder may keep more. */
interface Expected {
  count: number;
  overflowHigh: number;
  overflowLow: number;
  underflow: number;
  nearRail: number;
  min: bigint | undefined;
  max: bigint | undefined;
  firstOverflow: { step: number; element: number; wanted: bigint; raw: bigint } | undefined;
}

/** What that page says of a list of numbers: raws and counters, number by number. */
function exactly(values: readonly number[], format: SiteFormat, seed: number, step: number): { raws: number[]; counters: Expected } {
  const counters: Expected = { count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0, min: undefined, max: undefined, firstOverflow: undefined };
  const random = STOCHASTIC.includes(format.rounding);
  const raws = values.map((value, element) => {
    const { raw, rounded, overflow, underflow } = quantise(fromDouble(value), format, random ? randomWords(seed, step, siteStream(KEY), element) : undefined);
    counters.count++;
    if (overflow > 0) counters.overflowHigh++;
    if (overflow < 0) counters.overflowLow++;
    if (overflow !== 0) counters.firstOverflow ??= { step, element, wanted: rounded >= MOST ? MOST - 1n : rounded < -MOST ? -MOST : rounded, raw };
    if (underflow) counters.underflow++;
    if (nearRail(raw, format)) counters.nearRail++;
    counters.min = counters.min === undefined || raw < counters.min ? raw : counters.min;
    counters.max = counters.max === undefined || raw > counters.max ? raw : counters.max;
    return Number(raw);
  });
  return { raws, counters };
}

function fast(values: readonly number[], format: SiteFormat, seed: number, step: number): { raws: number[]; counters: Expected } {
  const quantiser = new ArrayQuantiser(format, { key: KEY, seed });
  const raws = values.map((value, element) => quantiser.one(value, step, element));
  // A whole array at once gives the same raws and counters.
  const together = new ArrayQuantiser(format, { key: KEY, seed });
  const words = new Float64Array(values.length);
  together.into(words, Float64Array.from(values), step);
  expect([...words]).toEqual(raws);
  expect(together.finish()).toEqual(quantiser.finish());
  const { count, overflowHigh, overflowLow, underflow, nearRail: near, min, max, firstOverflow: first } = quantiser.finish();
  const firstOverflow = first && { step: first.step, element: first.element, wanted: first.wanted, raw: first.raw };
  return { raws, counters: { count, overflowHigh, overflowLow, underflow, nearRail: near, min, max, firstOverflow } };
}

interface Modes {
  rounding: Rounding;
  overflow: Overflow;
  saturatedBits: number;
}

const overflows = (wordLength: number, signed: boolean): Omit<Modes, 'rounding'>[] =>
  OVERFLOWS.flatMap((overflow) => [0, 1, 2, wordLength].map((saturatedBits) => ({ overflow, saturatedBits })))
    .filter(({ overflow, saturatedBits }) => overflowProblem({ signed, wordLength }, overflow, saturatedBits) === undefined);

describe('doubles', () => {
  it.each(ROUNDINGS)('%s: every multiple of an eighth LSB in and around every small format, every overflow mode', (rounding) => {
    for (const signed of [true, false]) {
      for (const wordLength of [1, 2, 3, 4, 5]) {
        for (const fractionLength of [-2, 0, 3]) {
          const beyond = 3 * 2 ** wordLength * 8;
          const values = Array.from({ length: 2 * beyond + 1 }, (_, i) => ((i - beyond) / 8) * 2 ** -fractionLength);
          for (const modes of STOCHASTIC.includes(rounding) ? overflows(wordLength, signed).slice(0, 2) : overflows(wordLength, signed)) {
            const format = siteFormat({ signed, wordLength, fractionLength, rounding, ...modes });
            const [a, b] = [fast(values, format, 3, 7), exactly(values, format, 3, 7)];
            expect(a.raws).toEqual(b.raws);
            expect(a.counters).toEqual(b.counters);
          }
        }
      }
    }
  });

  /** Any double, and those that are hard: tied, beside a tie, subnormal, huge, both zeros, at the edge of the fast path. */
  const double = (f: number): fc.Arbitrary<number> => fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((halves) => (halves / 2) * 2 ** -f),
    fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(-1, 1)).map(([halves, side]) => (halves / 2) * (1 + side * Number.EPSILON) * 2 ** -f),
    fc.double({ noNaN: true, min: -4, max: 4 }).map((x) => x * 2 ** (16 - f)),
    fc.integer({ min: -1000, max: 1000 }).map((n) => n * Number.MIN_VALUE),
    fc.tuple(fc.constantFrom(-1, 1), fc.integer({ min: -3, max: 3 }), fc.constantFrom(-1074, -1022, -901, -900, -899, 50, 51, 52, 53, 62, 63, 64, 1000)).map(
      ([sign, ulps, power]) => sign * 2 ** (power - f) * (1 + ulps * Number.EPSILON)),
    fc.constantFrom(0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 0.1, -0.1),
  ).filter(Number.isFinite);

  const situation = fc
    .record({ signed: fc.boolean(), wordLength: fc.integer({ min: 2, max: 32 }), fractionLength: fc.integer({ min: -64, max: 128 }), rounding: fc.constantFrom(...ROUNDINGS) })
    .chain((bare) => fc.tuple(fc.constantFrom(...overflows(bare.wordLength, bare.signed)), fc.array(double(bare.fractionLength), { minLength: 1, maxLength: 20 })).map(([modes, values]) => ({
      format: siteFormat({ ...bare, ...modes }), values,
    })));

  it('random formats, F −64…128, every mode', () => {
    fc.assert(fc.property(situation, fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 1e9 }), ({ format, values }, seed, step) => {
      const [a, b] = [fast(values, format, seed, step), exactly(values, format, seed, step)];
      expect(a.raws).toEqual(b.raws);
      expect(a.counters).toEqual(b.counters);
      expect(a.raws.some((raw) => Object.is(raw, -0))).toBe(false);
    }), { numRuns: 3000 });
  });

  it('tight rails', () => {
    const rails = fc.tuple(fc.integer({ min: -128, max: 0 }), fc.integer({ min: 1, max: 127 }));
    fc.assert(fc.property(rails, fc.constantFrom(...ROUNDINGS), fc.array(double(4), { minLength: 1, maxLength: 20 }), ([low, high], rounding, values) => {
      const format: SiteFormat = { signed: true, wordLength: 8, fractionLength: 4, rounding, overflow: 'SAT', rails: [String(low), String(high)] };
      const [a, b] = [fast(values, format, 1, 2), exactly(values, format, 1, 2)];
      expect(a.raws).toEqual(b.raws);
      expect(a.counters).toEqual(b.counters);
    }), { numRuns: 500 });
  });
});

describe('the full recorder', () => {
  it.each(ROUNDINGS)('%s: bins every result by its magnitude and sums every rounding error, each rounded down to 2^-24 last places', (rounding) => {
    const UNITS = 30n; // values in 2^-30 last places: multiples of an eighth, and the one below and above
    for (const [signed, wordLength, fractionLength] of [[true, 2, -2], [true, 5, 3], [false, 4, 0]] as const) {
      const format = siteFormat({ signed, wordLength, fractionLength, rounding, overflow: 'SAT' });
      const quantiser = new ArrayQuantiser(format, { key: KEY, seed: 3, full: true });
      const beyond = 2 ** wordLength * 8;
      const histogram = Array<number>(HISTOGRAM_BINS).fill(0);
      let error = 0n;
      for (let k = -3 * beyond; k <= 3 * beyond; k++) {
        const units = (BigInt(Math.trunc(k / 3)) << (UNITS - 3n)) + BigInt(k % 3);
        const value = Number(units) * 2 ** -(Number(UNITS) + fractionLength);
        const { raw, rounded } = quantise(fromDouble(value), format, STOCHASTIC.includes(rounding) ? randomWords(3, 0, siteStream(KEY), k + 3 * beyond) : undefined);
        expect(quantiser.one(value, 0, k + 3 * beyond)).toBe(Number(raw));
        histogram[raw === 0n ? 0 : (raw < 0n ? -raw : raw).toString(2).length]!++;
        error += ((rounded << UNITS) - units) >> (UNITS - BigInt(ERROR_BITS));
      }
      expect(quantiser.finish().full).toEqual({ histogram, errorSum: Number(error) * 2 ** -ERROR_BITS });
    }
  });

  it('is off unless asked for, and nothing counted leaves the range open', () => {
    const format = siteFormat({ signed: true, wordLength: 8, fractionLength: 4, rounding: 'RND', overflow: 'SAT' });
    expect(new ArrayQuantiser(format, { key: KEY, seed: 1 }).finish()).toEqual(newCounters());
  });
});
