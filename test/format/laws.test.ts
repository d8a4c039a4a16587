/** Laws every rounding and overflow mode keeps, on random exact values; and that the three forms of a rounding rule are one rule. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overflowProblem } from '../../src/format/check.js';
import { rawRange } from '../../src/format/format.js';
import { DETERMINISTIC_ROUNDINGS, OVERFLOWS, ROUNDING, ROUNDINGS, upTable, type Discarded, type Rounding, type RoundingMode } from '../../src/format/modes.js';
import { quantise, siteFormat } from '../../src/format/quantise.js';
import { randomWords, type RandomWords } from '../../src/format/random.js';
import type { Rational } from '../../src/format/real.js';
import type { SiteFormat } from '../../src/schema/plan.js';

const RUNS = { numRuns: 1500 };
const WIDE = { signed: true, wordLength: 64, fractionLength: 0, overflow: 'SAT' } as const;

/** Values near a small format: whole, tied, just beside both, and any fraction; far outside too. */
const value: fc.Arbitrary<Rational> = fc.oneof(
  fc.tuple(fc.bigInt({ min: -4096n, max: 4096n }), fc.integer({ min: 0, max: 12 })).map(([n, s]) => ({ numerator: n, denominator: 1n << BigInt(s) })),
  fc.tuple(fc.bigInt({ min: -300n, max: 300n }), fc.constantFrom(-1n, 0n, 1n), fc.integer({ min: 1, max: 120 })).map(([halves, offset, s]) => ({
    numerator: (halves << BigInt(s)) + offset, denominator: 2n << BigInt(s),
  })),
  fc.tuple(fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n }), fc.bigInt({ min: 1n, max: 10n ** 5n })).map(([numerator, denominator]) => ({ numerator, denominator })),
  fc.tuple(fc.bigInt({ min: -(1n << 300n), max: 1n << 300n }), fc.bigInt({ min: 1n, max: 1n << 250n })).map(([numerator, denominator]) => ({ numerator, denominator })),
);

const format: fc.Arbitrary<SiteFormat> = fc
  .tuple(
    fc.record({ signed: fc.boolean(), wordLength: fc.integer({ min: 1, max: 64 }), fractionLength: fc.integer({ min: -8, max: 72 }) }),
    fc.constantFrom(...ROUNDINGS), fc.constantFrom(...OVERFLOWS), fc.integer({ min: 0, max: 5 }),
  )
  .filter(([bare, , overflow, n]) => overflowProblem(bare, overflow, n) === undefined)
  .map(([bare, rounding, overflow, saturatedBits]) => siteFormat({ ...bare, rounding, overflow, saturatedBits }));

const random = fc.integer({ min: 0, max: 1000 }).map((element): RandomWords => randomWords(1, 0, 0, element));
const negated = ({ numerator, denominator }: Rational): Rational => ({ numerator: -numerator, denominator });
const real = (raw: bigint, f: number): Rational => (f >= 0 ? { numerator: raw, denominator: 1n << BigInt(f) } : { numerator: raw << BigInt(-f), denominator: 1n });
const scaled = ({ numerator, denominator }: Rational, k: number): Rational =>
  k >= 0 ? { numerator: numerator << BigInt(k), denominator } : { numerator, denominator: denominator << BigInt(-k) };
const compare = (a: Rational, b: Rational): bigint => a.numerator * b.denominator - b.numerator * a.denominator;

describe('every mode', () => {
  it('gives a raw within the rails', () => {
    fc.assert(fc.property(value, format, random, (x, f, words) => {
      const { raw } = quantise(x, f, words);
      expect(raw >= BigInt(f.rails[0]) && raw <= BigInt(f.rails[1])).toBe(true);
    }), RUNS);
  });

  it('rounds at unlimited width, then applies overflow to what was rounded', () => {
    fc.assert(fc.property(value, format, random, (x, f, words) => {
      const once = quantise(x, f, words);
      // The rounded value is the same whatever overflow mode and word length follow,
      expect(quantise(x, siteFormat({ ...f, signed: true, wordLength: 64, overflow: 'SAT', saturatedBits: 0 }), words).rounded).toBe(once.rounded);
      // and overflow sees nothing but it.
      const again = quantise(real(once.rounded, f.fractionLength), f, words);
      expect([again.raw, again.overflow]).toEqual([once.raw, once.overflow]);
      expect(once.overflow).toBe(once.rounded > BigInt(f.rails[1]) ? 1 : once.rounded < BigInt(f.rails[0]) ? -1 : 0);
      if (once.overflow === 0) expect(once.raw).toBe(once.rounded);
      expect(once.underflow).toBe(x.numerator !== 0n && once.rounded === 0n);
    }), RUNS);
  });

  it('is idempotent, except that JAM moves an even rail', () => {
    fc.assert(fc.property(value, format, random, (x, f, words) => {
      const { raw } = quantise(x, f, words);
      const again = quantise(real(raw, f.fractionLength), f, words).raw;
      const moved = f.rounding === 'JAM' && raw % 2n === 0n;
      if (!moved) expect(again).toBe(raw);
    }), RUNS);
  });

  it('commutes with scaling by a power of two', () => {
    fc.assert(fc.property(value, format, random, fc.integer({ min: -50, max: 50 }), (x, f, words, k) => {
      expect(quantise(scaled(x, k), { ...f, fractionLength: f.fractionLength - k }, words)).toEqual(quantise(x, f, words));
    }), RUNS);
  });
});

describe('monotonicity', () => {
  it('a larger value never gives a smaller raw where the mode saturates and rounds by rule', () => {
    const saturating = format.filter(({ overflow, rounding }) => ['SAT', 'SAT_SYM', 'TRAP'].includes(overflow) && (DETERMINISTIC_ROUNDINGS as string[]).includes(rounding));
    fc.assert(fc.property(value, value, saturating, (x, y, f) => {
      const [low, high] = compare(x, y) <= 0n ? [x, y] : [y, x];
      expect(quantise(low, f).raw <= quantise(high, f).raw).toBe(true);
    }), RUNS);
  });

  it('and WRAP breaks it, so that the law says something', () => {
    const wrap = siteFormat({ signed: true, wordLength: 4, fractionLength: 0, rounding: 'TRN', overflow: 'WRAP' });
    expect(quantise(real(8n, 0), wrap).raw).toBe(-8n);
  });
});

describe('symmetry', () => {
  const SYMMETRIC: readonly Rounding[] = ['TRN_ZERO', 'RND_ZERO', 'RND_INF', 'RND_CONV', 'RND_CONV_ODD', 'JAM_UNBIASED'];

  it.each(SYMMETRIC)('%s: Q(−x) = −Q(x), rails included, under SAT_SYM', (rounding) => {
    fc.assert(fc.property(value, format, (x, bare) => {
      const f = siteFormat({ ...bare, signed: true, rounding, overflow: 'SAT_SYM', saturatedBits: 0 });
      expect(quantise(negated(x), f).raw).toBe(-quantise(x, f).raw);
    }), { numRuns: 500 });
  });

  it.each(DETERMINISTIC_ROUNDINGS.filter((rounding) => !SYMMETRIC.includes(rounding)))('%s is not symmetric', (rounding) => {
    const f = siteFormat({ ...WIDE, rounding });
    const asymmetric = [{ numerator: 1n, denominator: 2n }, { numerator: 2n, denominator: 1n }].some((x) => quantise(negated(x), f).raw !== -quantise(x, f).raw);
    expect(asymmetric).toBe(true);
  });
});

describe('error', () => {
  /** Bounds of ρ − x·2^F in last places; `open` where the bound itself does not occur. */
  const BOUNDS: Record<Rounding, { low: [number, 'open' | 'closed']; high: [number, 'open' | 'closed'] }> = {
    TRN: { low: [-1, 'open'], high: [0, 'closed'] },
    TRN_ZERO: { low: [-1, 'open'], high: [1, 'open'] },
    RND: { low: [-0.5, 'open'], high: [0.5, 'closed'] },
    RND_ZERO: { low: [-0.5, 'closed'], high: [0.5, 'closed'] },
    RND_INF: { low: [-0.5, 'closed'], high: [0.5, 'closed'] },
    RND_MIN_INF: { low: [-0.5, 'closed'], high: [0.5, 'open'] },
    RND_CONV: { low: [-0.5, 'closed'], high: [0.5, 'closed'] },
    RND_CONV_ODD: { low: [-0.5, 'closed'], high: [0.5, 'closed'] },
    STOCHASTIC: { low: [-1, 'open'], high: [1, 'open'] },
    STOCHASTIC_EQUAL: { low: [-1, 'open'], high: [1, 'open'] },
    JAM: { low: [-1, 'open'], high: [1, 'closed'] },
    JAM_UNBIASED: { low: [-1, 'open'], high: [1, 'open'] },
  };

  it.each(ROUNDINGS)('%s stays within its bounds', (rounding) => {
    const { low, high } = BOUNDS[rounding];
    fc.assert(fc.property(value, fc.integer({ min: -8, max: 72 }), random, (x, fractionLength, words) => {
      const { rounded } = quantise(x, siteFormat({ ...WIDE, fractionLength, rounding }), words);
      const { numerator, denominator } = scaled(x, fractionLength);
      const twice = 2n * (rounded * denominator - numerator); // twice the error, over the denominator
      const above = twice - BigInt(2 * low[0]) * denominator;
      const below = BigInt(2 * high[0]) * denominator - twice;
      expect(low[1] === 'open' ? above > 0n : above >= 0n).toBe(true);
      expect(high[1] === 'open' ? below > 0n : below >= 0n).toBe(true);
    }), { numRuns: 600 });
  });

  it.each(DETERMINISTIC_ROUNDINGS)('%s comes as close to its bounds as they say', (rounding) => {
    const { low, high } = BOUNDS[rounding];
    const f = siteFormat({ ...WIDE, rounding });
    const errors = Array.from({ length: 8 * 64 + 1 }, (_, i) => BigInt(i - 4 * 64)).map((numerator) => Number(quantise({ numerator, denominator: 64n }, f).rounded) - Number(numerator) / 64);
    expect(Math.min(...errors)).toBe(low[0] + (low[1] === 'open' ? 1 / 64 : 0));
    expect(Math.max(...errors)).toBe(high[0] - (high[1] === 'open' ? 1 / 64 : 0));
  });
});

describe('three forms of one rule', () => {
  const MODES = ROUNDINGS.map((mode) => [mode, ROUNDING[mode] as RoundingMode] as const);

  /** ⌊x / 2^s⌋, gone up by the rule. */
  function byRule(x: bigint, s: bigint, up: NonNullable<RoundingMode['up']>): bigint {
    const q = x >> s;
    const rest = x - (q << s);
    const half = 1n << (s - 1n);
    const discarded: Discarded = rest === 0n ? 0 : rest < half ? 1 : rest === half ? 2 : 3;
    return up(discarded, (q & 1n) === 1n, x < 0n) ? q + 1n : q;
  }

  it.each(MODES.filter(([, { addend }]) => addend !== undefined))('%s: the addend form rounds as the rule, for shifts 1…20', (_, { up, addend }) => {
    const wrong: string[] = [];
    for (let s = 1n; s <= 20n; s++) {
      const { base, lsb, sign } = addend!(s);
      const byAddend = (x: bigint): bigint => (x + base + (((x >> s) & 1n) === 1n ? lsb : 0n) + (x < 0n ? sign : 0n)) >> s;
      const check = (x: bigint): void => {
        if (byAddend(x) !== byRule(x, s, up!)) wrong.push(`${x} >> ${s}`);
      };
      for (let x = -520n; x <= 520n; x++) check(x);
      // Around every half last place of the result.
      for (let halves = -40n; halves <= 40n; halves++) for (let offset = -2n; offset <= 2n; offset++) check((halves << (s - 1n)) + offset);
    }
    expect(wrong).toEqual([]);
  });

  it.each(MODES)('%s: the table of sixteen bits is the rule', (mode, { up }) => {
    const table = upTable(mode);
    for (const discarded of [0, 1, 2, 3] as const) {
      for (const odd of [false, true]) {
        for (const negative of [false, true]) {
          const bit = ((table >> (discarded * 4 + (odd ? 2 : 0) + (negative ? 1 : 0))) & 1) === 1;
          expect(bit).toBe(up?.(discarded, odd, negative) ?? false);
        }
      }
    }
    expect(table >> 16).toBe(0);
  });

  it.each(MODES.filter(([, { up }]) => up !== undefined))('%s: the quantiser rounds as the rule', (rounding, { up }) => {
    for (let s = 1n; s <= 6n; s++) {
      for (let x = -260n; x <= 260n; x++) {
        expect(quantise({ numerator: x, denominator: 1n << s }, siteFormat({ ...WIDE, rounding })).rounded).toBe(byRule(x, s, up!));
      }
    }
  });

  it('every deterministic mode has a rule, every other says what it draws', () => {
    for (const [, { up, random: draws }] of MODES) expect((up === undefined) !== (draws === undefined)).toBe(true);
  });
});

describe('drawn bits: just enough to go up, and one too few', () => {
  /** The 128 bits r as the words of a draw. */
  const drawn = (r: bigint): RandomWords => (k) => (k === 0 ? r >> 64n : r & ((1n << 64n) - 1n));
  const rounded = (rounding: Rounding, q: bigint, rest: bigint, denominator: bigint, r: bigint): bigint =>
    quantise({ numerator: q * denominator + rest, denominator }, siteFormat({ ...WIDE, rounding }), drawn(r)).rounded - q;

  it('STOCHASTIC takes as many of the 128 bits as are discarded', () => {
    for (let s = 1n; s <= 128n; s++) {
      const one = 1n << s;
      for (const q of [-3n, 0n, 4n]) {
        for (const rest of [1n, one / 3n | 1n, one >> 1n, one - 1n]) {
          const enough = (one - rest) << (128n - s);
          expect([rounded('STOCHASTIC', q, rest, one, enough), rounded('STOCHASTIC', q, rest, one, enough - 1n)], `${rest} / 2^${s}`).toEqual([1n, 0n]);
        }
      }
    }
  });

  it('STOCHASTIC takes word 0 against the first 64 bits of a quotient, and of a value with more than 128 bits discarded', () => {
    for (const d of [3n, 49n, 10n ** 30n, 1n << 129n, 1n << 200n]) {
      for (const q of [-3n, 0n, 4n]) {
        for (const rest of [1n, d / 3n, d / 2n, d - 1n]) {
          const least = (1n << 64n) - (rest << 64n) / d; // the least word 0 that goes up, 2^64 where none does
          if (least < 1n << 64n) expect(rounded('STOCHASTIC', q, rest, d, least << 64n), `${rest} / ${d}`).toBe(1n);
          expect(rounded('STOCHASTIC', q, rest, d, (least << 64n) - 1n), `${rest} / ${d}`).toBe(0n);
        }
      }
    }
  });

  it('STOCHASTIC_EQUAL asks for the top bit and for something discarded', () => {
    for (const d of [2n, 3n, 1n << 200n]) {
      for (const q of [-3n, 0n, 4n]) {
        for (const rest of [1n, d / 2n, d - 1n]) {
          expect([rounded('STOCHASTIC_EQUAL', q, rest, d, 1n << 127n), rounded('STOCHASTIC_EQUAL', q, rest, d, (1n << 127n) - 1n)]).toEqual([1n, 0n]);
        }
        expect(rounded('STOCHASTIC_EQUAL', q, 0n, d, (1n << 128n) - 1n)).toBe(0n);
      }
    }
  });
});

it('rails of a format are its ends, symmetric under SAT_SYM', () => {
  for (const signed of [true, false]) {
    for (let wordLength = 1; wordLength <= 64; wordLength++) {
      const bare = { signed, wordLength, fractionLength: 0 };
      const [low, high] = rawRange(bare);
      for (const overflow of OVERFLOWS) {
        expect(siteFormat({ ...bare, rounding: 'TRN', overflow }).rails).toEqual([String(overflow === 'SAT_SYM' ? -high * BigInt(signed) : low), String(high)]);
      }
    }
  }
});
