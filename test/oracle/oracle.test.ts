/** The oracle against numbers worked out by hand: if these hold, a difference to the core is the core's or the page's. */
import { describe, expect, it } from 'vitest';
import { OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import { siteKeys, requiredSiteKeys } from '../../src/site/sites.js';
import { Site, floorDivide, fromBinary64, integerSquareRoot, quantise, railsOf, round, type Draw, type Format, type Quantised } from './exact.js';
import { runFixed } from './fixed.js';
import { runFloat } from './float.js';
import { constant, format, oneWeight, phase, samples, traceFixed } from './made.js';
import { randomPlan, type PlanOptions } from './plans.js';
import type { StepState } from './state.js';
import { widestExact } from './widths.js';
import { fnv1a, mix, word } from './words.js';

/** In the order of the columns below. */
const PLAIN = ['TRN', 'TRN_ZERO', 'RND', 'RND_ZERO', 'RND_INF', 'RND_MIN_INF', 'RND_CONV', 'RND_CONV_ODD', 'JAM', 'JAM_UNBIASED'] as const;

const parsed = (siteFormat: SiteFormat): Format => new Site(siteFormat).format;

describe('rounding', () => {
  it.each([
    // exact value; half up, half towards 0, away from 0, down, to even, to odd; then jammed
    [10n, 4n, [2n, 2n, 3n, 2n, 3n, 2n, 2n, 3n, 3n, 3n]], //   2.5
    [-10n, 4n, [-3n, -2n, -2n, -2n, -3n, -3n, -2n, -3n, -3n, -3n]], // −2.5
    [14n, 4n, [3n, 3n, 4n, 3n, 4n, 3n, 4n, 3n, 3n, 3n]], //   3.5
    [-14n, 4n, [-4n, -3n, -3n, -3n, -4n, -4n, -4n, -3n, -3n, -3n]], // −3.5
    [9n, 4n, [2n, 2n, 2n, 2n, 2n, 2n, 2n, 2n, 3n, 3n]], //    2.25
    [-9n, 4n, [-3n, -2n, -2n, -2n, -2n, -2n, -2n, -2n, -3n, -3n]], // −2.25
    [11n, 4n, [2n, 2n, 3n, 3n, 3n, 3n, 3n, 3n, 3n, 3n]], //   2.75
    [-11n, 4n, [-3n, -2n, -3n, -3n, -3n, -3n, -3n, -3n, -3n, -3n]], // −2.75
    [2n, 4n, [0n, 0n, 1n, 0n, 1n, 0n, 0n, 1n, 1n, 1n]], //    0.5
    [-2n, 4n, [-1n, 0n, 0n, 0n, -1n, -1n, 0n, -1n, -1n, -1n]], //  −0.5
    [-5n, 3n, [-2n, -1n, -2n, -2n, -2n, -2n, -2n, -2n, -1n, -1n]], // −5/3
    [-12n, 4n, [-3n, -3n, -3n, -3n, -3n, -3n, -3n, -3n, -3n, -3n]], // −3 exactly
    [-16n, 4n, [-4n, -4n, -4n, -4n, -4n, -4n, -4n, -4n, -3n, -4n]], // −4 exactly: JAM alone moves it
    [16n, 4n, [4n, 4n, 4n, 4n, 4n, 4n, 4n, 4n, 5n, 4n]], //   4 exactly
    [0n, 4n, [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 1n, 0n]], //    0
  ] as const)('%s/%s', (numerator, denominator, expected) => {
    expect(PLAIN.map((mode) => round(numerator, denominator, 0, mode))).toEqual(expected);
  });

  it('scales by the fraction length first: 1/3 is 5.33 sixteenths, −40 is −2.5 sixteens', () => {
    expect(PLAIN.map((mode) => round(1n, 3n, 4, mode))).toEqual(PLAIN.map(() => 5n));
    expect(PLAIN.map((mode) => round(-40n, 1n, -4, mode))).toEqual([-3n, -2n, -2n, -2n, -3n, -3n, -2n, -3n, -3n, -3n]);
  });

  it('has a column for every mode that draws nothing', () => {
    expect([...PLAIN, 'STOCHASTIC', 'STOCHASTIC_EQUAL'].sort()).toEqual([...ROUNDINGS].sort());
  });
});

describe('random words', () => {
  it('mixes as SplitMix64 does and hashes as FNV-1a does: published values', () => {
    // the first two outputs of SplitMix64 from seed 0; for the first,
    // z = 9e3779b97f4a7c15, after the first line 6f68261b57e7a770, after the second e220a838bf5c9dde
    expect(mix(0x9e3779b97f4a7c15n)).toBe(0xe220a8397b1dcdafn);
    expect(mix(BigInt.asUintN(64, 2n * 0x9e3779b97f4a7c15n))).toBe(0x6e789e6aa1b965f4n);
    expect(['', 'a', 'foobar'].map(fnv1a)).toEqual([0x811c9dc5n, 0xe40c292cn, 0xbf9cf968n]);
  });

  it('word(1, 3, layer0.weight, 2, 1, k)', () => {
    // site                                    6efe2a64
    // G × 2 + 3                       3c6ef372fe94f82d    mixed b3466f8a7b81a989
    // + G × 6efe2a6400000002          03ff4d317a16a1b3    mixed d3a46b2a771f3244
    // + G × 3                         ae4ad856f4fea683    mixed 2bb023360407cd72
    // + G × 4                         4c82521074492298    mixed f37b73401a4ba2eb
    const site = fnv1a('layer0.weight');
    expect(site).toBe(0x6efe2a64n);
    const place = { seed: 1, step: 3, site, element: 2, index: 1 };
    expect([word(place, 0), word(place, 1)]).toEqual([0x2bb023360407cd72n, 0xf37b73401a4ba2ebn]);
    // index 0: + G × 1                71dbe4e3f669ae59    mixed 640eb1ba913ae857; index 2: e063c5e3bcbb951b
    expect(word({ ...place, index: 0 }, 0)).toBe(0x640eb1ba913ae857n);
    expect(word({ ...place, index: 2 }, 0)).toBe(0xe063c5e3bcbb951bn);
  });
});

describe('stochastic rounding', () => {
  // the words of the test above
  const WORDS = [0x2bb023360407cd72n, 0xf37b73401a4ba2ebn] as const;
  const draw = (quotient: boolean, words: readonly [bigint, bigint] = WORDS): Draw => ({ word: (k) => words[k], quotient });

  it.each([
    // R are the top bits of 0010 1011 1011 …: with 4 discarded bits 2, so that 14/16 goes up and 13/16 does not
    [61n, 16n, 3n], // 3 + 13/16: 63 >> 4
    [62n, 16n, 4n], // 3 + 14/16: 64 >> 4
    [31n, 8n, 4n], // the same with the smallest s: R = 1, 32 >> 3
    [-51n, 16n, -4n], // −4 + 13/16: −49 >> 4
    [-50n, 16n, -3n], // −4 + 14/16: −48 >> 4
    [48n, 16n, 3n], // exact
    [-64n, 16n, -4n], // exact
  ] as const)('STOCHASTIC %s/%s is %s', (numerator, denominator, expected) => {
    expect(round(numerator, denominator, 0, 'STOCHASTIC', draw(false))).toBe(expected);
  });

  it('a quotient goes up where word + ⌊d·2^64⌋ reaches 2^64', () => {
    expect(round(5n, 6n, 0, 'STOCHASTIC', draw(true))).toBe(1n); // d5555… + 2bb02… carries
    expect(round(4n, 5n, 0, 'STOCHASTIC', draw(true))).toBe(0n); // ccccc… + 2bb02… = f87ce… does not
    expect(round(-1n, 6n, 0, 'STOCHASTIC', draw(true))).toBe(0n); // −1 + 5/6
    expect(round(-1n, 5n, 0, 'STOCHASTIC', draw(true))).toBe(-1n); // −1 + 4/5
    expect(round(1n, 5n, 2, 'STOCHASTIC', draw(true))).toBe(0n); // 0.8 quarters
  });

  it('up to 128 discarded bits all count, past them and in a quotient 64 do', () => {
    const r = (WORDS[0] << 64n) + WORDS[1];
    const least = (1n << 128n) - r; // the smallest X that R lifts to 2^128
    expect(round(least, 1n << 128n, 0, 'STOCHASTIC', draw(false))).toBe(1n);
    expect(round(least - 1n, 1n << 128n, 0, 'STOCHASTIC', draw(false))).toBe(0n);
    expect(round(least << 9n, 1n << 137n, 0, 'STOCHASTIC', draw(false))).toBe(1n); // s need not be the smallest
    // t = 2^64 − word − 1 for both
    expect(round(least, 1n << 128n, 0, 'STOCHASTIC', draw(true))).toBe(0n);
    expect(round(2n * least + 1n, 1n << 129n, 0, 'STOCHASTIC', draw(false))).toBe(0n);
    expect(round(((1n << 64n) - WORDS[0]) << 1n | 1n, 1n << 65n, 0, 'STOCHASTIC', draw(true))).toBe(1n);
  });

  it('STOCHASTIC_EQUAL asks the top bit, whatever d; constants are rounded to even', () => {
    const up = draw(false, [0xe063c5e3bcbb951bn, 0n]);
    for (const [n, floor] of [[1n, 0n], [15n, 0n], [-1n, -1n], [-31n, -2n]] as const) {
      expect(round(n, 16n, 0, 'STOCHASTIC_EQUAL', draw(false))).toBe(floor);
      expect(round(n, 16n, 0, 'STOCHASTIC_EQUAL', up)).toBe(floor + 1n);
    }
    expect(round(-32n, 16n, 0, 'STOCHASTIC_EQUAL', up)).toBe(-2n);
    for (const mode of ['STOCHASTIC', 'STOCHASTIC_EQUAL'] as const) {
      expect([6n, 10n, 11n, -6n, -9n].map((n) => round(n, 4n, 0, mode))).toEqual([2n, 2n, 3n, -2n, -2n]);
    }
  });

  it('a site draws by its key, the step, the element and the index', () => {
    // 3 + 13/16 under the words of index 0 (R = 6), 1 (2) and 2 (e) of element 2 in step 3
    const site = new Site(format(true, 8, 0, { rounding: 'STOCHASTIC' }), { key: 'layer0.weight', seed: 1 });
    expect([0, 1, 2].map((index) => site.quantise({ n: 61n, f: 4 }, 3, 2, index).n)).toEqual([4n, 3n, 4n]);
    expect(site.counters).toMatchObject({ count: 3, min: 3n, max: 4n });
  });
});

/** What a mode makes of an integer. */
const settled = (siteFormat: SiteFormat, value: bigint): Quantised => quantise(value, 1n, parsed(siteFormat));

describe('overflow', () => {
  it.each([
    [true, 8n, -8n, 'high'],
    [true, 24n, -8n, 'high'],
    [true, -9n, 7n, 'low'],
    [true, -8n, -8n, 'none'],
    [false, 17n, 1n, 'high'],
    [false, -1n, 15n, 'low'],
  ] as const)('WRAP, 4 bits, signed %s: %s becomes %s', (signed, value, raw, overflow) => {
    expect(settled(format(signed, 4, 0, { overflow: 'WRAP' }), value)).toMatchObject({ raw, overflow, rounded: value });
  });

  it.each([
    // signed, ρ, then n = 1, 2, 3, 4
    [true, 9n, [1n, 5n, 7n, 7n]], // 01001: 0|001, 01|01, 011|1, 0111
    [true, 8n, [0n, 4n, 6n, 7n]], // 01000: 0|000, 01|00, 011|0, 0111
    [true, -9n, [-1n, -5n, -7n, -8n]], // …10111: 1|111, 10|11, 100|1, 1000
    [true, 7n, [7n, 7n, 7n, 7n]], // no overflow
    [true, -8n, [-8n, -8n, -8n, -8n]],
    [false, 21n, [13n, 13n, 15n, 15n]], // 10101: 1|101, 11|01, 111|1, 1111
    [false, 16n, [8n, 12n, 14n, 15n]], // 10000: 1|000, 11|00, 111|0, 1111
    [false, -3n, [5n, 1n, 1n, 0n]], // …11101: 0|101, 00|01, 000|1, 0000
    [false, 5n, [5n, 5n, 5n, 5n]],
  ] as const)('WRAP(n), 4 bits, signed %s: %s', (signed, value, expected) => {
    expect([1, 2, 3, 4].map((saturatedBits) => settled(format(signed, 4, 0, { overflow: 'WRAP', saturatedBits }), value).raw)).toEqual(expected);
  });

  it.each([
    // ρ, then n = 0, 1, 2, 3, 4
    [8n, [7n, 7n, 7n, 7n, 7n]], // 01000: bits 4 and 3 differ, 0|~000; bit 3 is 1, not 0: 0|~000; bit 2 is 0, not 1: 01|~00; bit 1: 011|~0
    [9n, [6n, 6n, 6n, 6n, 7n]], // 01001: 0|~001; 0|~001; 01|~01; 011|~1
    [13n, [2n, 2n, 5n, 6n, 7n]], // 01101: 0|~101; 0|~101; bit 2 is 1: 01|01; bit 1 is 0: 011|~1
    [16n, [-1n, 0n, 7n, 7n, 7n]], // 10000: differ, 1|~000; bit 3 is 0: 0|000; 01|~00; 011|~0
    [17n, [-2n, 1n, 6n, 6n, 7n]], // 10001
    [25n, [-7n, 6n, 6n, 6n, 7n]], // 011001: bits 4 and 3 are 1, 1|001; bit 3 is 1: 0|~001; 01|~01; 011|~1
    [32n, [0n, 0n, 7n, 7n, 7n]], // 100000: bits 4 and 3 are 0, 0|000
    [-9n, [-8n, -8n, -8n, -8n, -8n]], // …10111: 1|~111; bit 3 is 0, not 1: 1|~111; bit 2 is 1, not 0: 10|~11; bit 1: 100|~1
    [-13n, [-4n, -4n, -5n, -8n, -8n]], // …10011: 1|~011; 1|~011; bit 2 is 0: 10|11; bit 1 is 1: 100|~1
    [-17n, [0n, -1n, -8n, -8n, -8n]], // …101111: bits 4 and 3 differ, 0|~111; bit 3 is 1: 1|111; 10|~11; 100|~1
    [7n, [7n, 7n, 7n, 7n, 7n]], // no overflow
    [-8n, [-8n, -8n, -8n, -8n, -8n]],
  ] as const)('WRAP_SM, 4 bits: %s', (value, expected) => {
    const modes = [0, 1, 2, 3, 4].map((saturatedBits) => format(true, 4, 0, { overflow: 'WRAP_SM', saturatedBits }));
    expect(modes.map((mode) => settled(mode, value).raw)).toEqual(expected);
  });

  it('no n is n = 0, and WRAP_SM is for signed formats', () => {
    expect(settled(format(true, 4, 0, { overflow: 'WRAP_SM' }), 9n).raw).toBe(6n);
    expect(() => settled(format(false, 4, 0, { overflow: 'WRAP_SM' }), 16n)).toThrow(RangeError);
  });

  it('SAT stops at the rails, and the rounded value is judged; TRAP is the same', () => {
    for (const overflow of ['SAT', 'TRAP'] as const) {
      const tight = parsed(format(true, 4, 0, { rails: ['-5', '6'], rounding: 'RND', overflow }));
      expect(quantise(13n, 2n, tight)).toMatchObject({ rounded: 7n, raw: 6n, overflow: 'high' }); // 6.5
      expect(quantise(25n, 4n, tight)).toMatchObject({ rounded: 6n, raw: 6n, overflow: 'none' }); // 6.25
      expect(quantise(-6n, 1n, tight)).toMatchObject({ raw: -5n, overflow: 'low' });
    }
  });

  it('SAT_SYM has no most negative code: on 2 bits −1, 0 and 1 are left', () => {
    const symmetric = format(true, 2, 0, { overflow: 'SAT_SYM' });
    expect([2n, 1n, 0n, -1n].map((value) => settled(symmetric, value))).toMatchObject([
      { raw: 1n, overflow: 'high' }, { raw: 1n, overflow: 'none' }, { raw: 0n, overflow: 'none' }, { raw: -1n, overflow: 'none' },
    ]);
    expect(settled(symmetric, -2n)).toMatchObject({ raw: -1n, overflow: 'low' });
    const unsigned = format(false, 2, 0, { overflow: 'SAT_SYM' });
    expect([4n, 3n, 0n, -1n].map((value) => settled(unsigned, value).raw)).toEqual([3n, 3n, 0n, 0n]);
    // −127 of −127 is on the rail, −121 near it: 20·121 ≥ 19·127
    const site = new Site(format(true, 8, 0, { overflow: 'SAT_SYM' }));
    for (const n of [-128n, -127n, -121n, -120n]) site.quantise({ n, f: 0 }, 0, 0);
    expect(site.counters).toMatchObject({ overflowLow: 1, nearRail: 3, min: -127n });
  });

  it('SAT_ZERO gives up, which is no underflow', () => {
    const zero = format(true, 4, 0, { overflow: 'SAT_ZERO' });
    expect([8n, 7n, -8n, -9n].map((value) => settled(zero, value))).toMatchObject([
      { raw: 0n, overflow: 'high', underflow: false }, { raw: 7n }, { raw: -8n }, { raw: 0n, overflow: 'low', underflow: false },
    ]);
    expect(quantise(1n, 4n, parsed({ ...zero, rounding: 'TRN' }))).toMatchObject({ raw: 0n, underflow: true });
  });
});

describe('counters', () => {
  it('near a rail from 19/20 on: 121 of 127 and −122 of −128', () => {
    const site = new Site(format(true, 8, 0));
    for (const n of [120n, 121n, -121n, -122n, 127n]) site.quantise({ n, f: 0 }, 0, 0);
    expect(site.counters).toMatchObject({ count: 5, nearRail: 3, min: -122n, max: 127n, overflowHigh: 0, firstOverflow: undefined });
  });

  it('underflow is a non-zero value that became zero without overflow', () => {
    const site = new Site(format(false, 4, 0, { rounding: 'TRN', overflow: 'WRAP' }));
    site.quantise({ n: 1n, f: 2 }, 0, 0); // 0.25 → 0: underflow
    site.quantise({ n: 0n, f: 2 }, 0, 1); // 0: none
    site.quantise({ n: 16n, f: 0 }, 7, 2); // 16 → 0 by wrapping: overflow
    expect(site.counters).toMatchObject({ count: 3, underflow: 1, overflowHigh: 1, firstOverflow: { step: 7, element: 2, wanted: 16n, raw: 0n } });
  });

  it('clips what was wanted to 64 bits', () => {
    const site = new Site(format(true, 4, 0));
    site.quantise({ n: -(1n << 70n), f: 0 }, 0, 0);
    expect(site.counters.firstOverflow).toEqual({ step: 0, element: 0, index: 0, wanted: -(1n << 63n), raw: -8n });
  });
});

describe('integers', () => {
  it('takes binary64 apart', () => {
    expect(fromBinary64(0.1)).toEqual({ n: 3602879701896397n * 2n, f: 56 });
    expect(fromBinary64(-3)).toEqual({ n: -3n << 51n, f: 51 });
    expect(fromBinary64(-0).n).toBe(0n);
    expect(fromBinary64(5e-324)).toEqual({ n: 1n, f: 1074 });
    expect(() => fromBinary64(NaN)).toThrow(RangeError);
  });

  it('floors quotients and roots', () => {
    expect([7n, -7n, -8n].map((n) => floorDivide(n, 4n))).toEqual([1n, -2n, -2n]);
    expect([0n, 1n, 3n, 4n, 8n, 9n, 10n ** 30n - 1n, 10n ** 30n].map(integerSquareRoot)).toEqual([0n, 1n, 1n, 2n, 2n, 3n, 10n ** 15n - 1n, 10n ** 15n]);
  });
});

describe('a step', () => {
  it('one weight, two steps of LMS', () => {
    // x = 1.5, y = 1, η = 0.25, w = 0.
    // 0: ŷ = 0, e = −1, ℓ = 0.5; g = −1.5; u = −0.375; w = 0.375
    // 1: ŷ = 0.5625, e = −0.4375, ℓ = 0.095703125 = 24.5/256, to even: 24; g = −0.65625; u = −0.1640625; w = 0.5390625
    // then: ŷ = 207/256, e = −49/256, ℓ = 2401/512 = 4.69/256, to 5
    const one = samples([1.5], [1]);
    const { states, outcome } = traceFixed(oneWeight({ phases: [phase(2)] }), [one, one, one]);
    expect(states.map(({ loss }) => loss)).toEqual([128n, 24n]);
    expect(states.map(({ gradients }) => gradients)).toEqual([[[-384n]], [[-168n]]]);
    expect(states.map(({ updates }) => updates)).toEqual([[[-96n]], [[-42n]]]);
    expect(states.map(({ weights }) => weights)).toEqual([[[96n]], [[138n]]]);
    expect(states[0]).toMatchObject({ alpha: 256n, rate: 64n, stalled: false, zeroUpdate: false, pulling: false });
    expect(outcome).toMatchObject({ finalWeights: [[138n]], finalLoss: 5n, stalledSteps: 0 });
    // the final loss is counted nowhere, targets never
    expect([outcome.counters['input']!.count, outcome.counters['loss']!.count, outcome.counters['target']!.count]).toEqual([2, 2, 0]);
    expect(outcome.counters['layer0.error']).toMatchObject({ count: 2, min: -256n, max: -112n });

    const reference: StepState<number>[] = [];
    const { finalLoss } = runFloat(oneWeight({ phases: [phase(2)] }), [one, one, one], (state) => reference.push(state));
    expect(reference.map(({ loss }) => loss)).toEqual([0.5, 0.095703125]);
    expect(finalLoss).toBe((49 / 256) ** 2 / 2);
  });

  it('stalls where the weight is too coarse for the update, zero-update where the update is', () => {
    // x = 1, y = 20/256: g = −20/256, u = −5/256, in sixteenths 0.3125: the weight stays
    const coarse = traceFixed(oneWeight({}, { 'layer0.weight': format(true, 16, 4) }), [samples([1], [20 / 256]), samples([1], [0])]);
    expect(coarse.states[0]).toMatchObject({ updates: [[-5n]], weights: [[0n]], stalled: true, zeroUpdate: false });
    // g = −2/256, u = −0.5/256, to even: 0
    const fine = traceFixed(oneWeight({}), [samples([1], [2 / 256]), samples([1], [0])]);
    expect(fine.states[0]).toMatchObject({ gradients: [[-2n]], updates: [[0n]], stalled: true, zeroUpdate: true });
    expect(fine.outcome.counters['layer0.update']).toMatchObject({ underflow: 1 });
    // no gradient, no stall
    const still = traceFixed(oneWeight({}), [samples([1], [0]), samples([1], [0])]);
    expect(still.states[0]).toMatchObject({ stalled: false, zeroUpdate: false });
  });

  it.each([
    // three products of 0.75 and a bias of 0.5 into an integer sum that truncates
    ['each', 0n, 4], // 0.75 → 0 three times, 0.5 → 0
    ['pair', 1n, 3], // 1.5 → 1, 1.75 → 1, 1.5 → 1
    ['end', 2n, 1], // 2.75 → 2
  ] as const)('accumulates %s', (rule, sum, count) => {
    const plan = oneWeight(
      {
        layers: [{ inputs: 3, outputs: 1, activation: 'linear', bias: true }],
        initial: [{ weights: [[0.75, 0.75, 0.75]], bias: [0.5], weightsRaw: [['192', '192', '192']], biasRaw: ['128'] }],
        accumulate: { accumulator: rule, gradientAccumulator: 'end', order: 'ascending' }, divide: { method: 'exact' },
      },
      { 'layer0.accumulator': format(true, 16, 0, { rounding: 'TRN' }) },
    );
    const { counters } = runFixed(plan, [samples([1, 1, 1], [0], 1), samples([1, 1, 1], [0], 1)]);
    expect(counters['layer0.accumulator']).toMatchObject({ count, max: sum });
  });

  it.each([
    // three errors of −1 on x = 1: G = −3
    ['exact', -256n], // −3/3
    ['powerOfTwo', -192n], // −3/4
    ['reciprocal', -255n], // −3·85/256, as 1/3 is 85.33/256
  ] as const)('divides a batch of three: %s', (batchDivision, gradient) => {
    const batch = samples([1, 1, 1], [1, 1, 1]);
    const { states } = traceFixed(oneWeight({ batchDivision, phases: [phase(1, { batch: 3 })] }), [batch, batch]);
    expect(states[0]).toMatchObject({ gradients: [[gradient]], loss: 128n });
  });

  it('masks hidden errors by the raw before ReLU, after counting them', () => {
    // hidden: z = (−1, 1), a = (0, 1); ŷ = 2·0 + 2·1 = 2, y = 1: e = 1; δ = (2, 2) before the mask, (0, 2) after
    const plan = oneWeight({
      layers: [{ inputs: 1, outputs: 2, activation: 'relu', bias: false }, { inputs: 2, outputs: 1, activation: 'linear', bias: false }],
      initial: [
        { weights: [[-1], [1]], bias: [], weightsRaw: [['-256'], ['256']], biasRaw: [] },
        { weights: [[2, 2]], bias: [], weightsRaw: [['512', '512']], biasRaw: [] },
      ],
      sites: Object.fromEntries(requiredSiteKeys(2).map((key) => [key, format(true, 32, 8)])),
    });
    const { states, outcome } = traceFixed(plan, [samples([1], [1]), samples([1], [1])]);
    expect(states[0]!.gradients).toEqual([[0n, 512n], [0n, 256n]]);
    expect(states[0]!.weights).toEqual([[-256n, 128n], [512n, 448n]]);
    expect(outcome.counters['layer0.error']).toMatchObject({ count: 2, min: 512n, max: 512n });
  });
});

describe('throttle', () => {
  // x = 2, y = 1, η = 0.25, χ = 0.5: λ = x² = 4, so α = 0.5 / (0.25·4) = 0.5 and each step halves the error
  const one = samples([2], [1]);
  const deliveries = [one, one, one, one];
  const law = { chi: constant(0.5), rho: constant(0.5), floor: constant(0.125), firstAlpha: constant(0.5), keepState: false };

  it('gt0 with the secant of a parabola finds its curvature', () => {
    const plan = oneWeight({ phases: [phase(3)], throttle: { law: 'gt0', estimator: 'secant', ...law } });
    const { states, outcome } = traceFixed(plan, deliveries);
    expect(states.map(({ alpha }) => alpha)).toEqual([128n, 128n, 128n]);
    expect(states.map(({ curvature }) => curvature)).toEqual([0n, 1024n, 1024n]);
    expect(states.map(({ curvatureMean }) => curvatureMean)).toEqual([0n, 512n, 768n]); // halfway to 4 each step
    expect(states.map(({ weights }) => weights[0]![0])).toEqual([64n, 96n, 112n]);
    // Δθ = 0.25, Δg = 1: norms 64 and 256; then half of that
    expect(outcome.counters['norm']).toMatchObject({ count: 4, min: 32n, max: 256n });
    expect(outcome.counters['squaredNorm']).toMatchObject({ count: 4, max: 65536n, min: 1024n });
    expect(outcome.counters['throttle']!.count).toBe(2); // the first α is not quantised
  });

  it('gt0 with the trace needs no history; the floor holds', () => {
    const plan = oneWeight({ phases: [phase(1)], throttle: { law: 'gt0', estimator: 'trace', ...law, floor: constant(0.75) } });
    const { states, outcome } = traceFixed(plan, deliveries);
    expect(states[0]).toMatchObject({ curvature: 1024n, curvatureMean: 512n, alpha: 192n });
    expect(outcome.counters['throttle']).toMatchObject({ count: 1, min: 128n });
  });

  it('the table takes the largest feasible entry: (a/32)²·η² ≤ χ²·(Δθ/Δg)² at a = 16', () => {
    const plan = oneWeight({ phases: [phase(2)], throttle: { law: 'table', chi: law.chi, firstAlpha: law.firstAlpha, keepState: false } });
    const { states } = traceFixed(plan, deliveries);
    expect(states.map(({ alpha, infeasible }) => [alpha, infeasible])).toEqual([[128n, false], [128n, false]]);
    // χ = 1/256: even a = 1 is too much, as (1/32)²·η²·S_g = 2^−14 and χ²·S_θ = 2^−20
    const throttle = { law: 'table' as const, chi: constant(1 / 256), firstAlpha: law.firstAlpha, keepState: false };
    const tight = oneWeight({ phases: [phase(2)], throttle });
    expect(traceFixed(tight, deliveries).states[1]).toMatchObject({ alpha: 8n, infeasible: true });
  });

  it('forgets in a phase with the throttle off, unless told to keep', () => {
    const phases = [phase(2), phase(1, { throttle: false }), phase(1)];
    const all = [...deliveries, one];
    const forgets = traceFixed(oneWeight({ phases, throttle: { law: 'gt0', estimator: 'secant', ...law } }), all);
    expect(forgets.states.map(({ curvature }) => curvature)).toEqual([0n, 1024n, 1024n, 0n]);
    expect(forgets.states.map(({ alpha }) => alpha)).toEqual([128n, 128n, 256n, 128n]);
    expect(forgets.outcome.counters['curvature']!.count).toBe(1);
    const keeps = traceFixed(oneWeight({ phases, throttle: { law: 'gt0', estimator: 'secant', ...law, keepState: true } }), all);
    expect(keeps.outcome.counters['curvatureMean']!.count).toBe(3);
    // step 2, off: e = −0.25, α = 1, so w = 0.5 and the error is gone; step 3: Δθ = 0.125, Δg = 0.5, C = 4 again, M = 3.5
    expect(keeps.states.map(({ alpha }) => alpha)).toEqual([128n, 128n, 256n, 128n]);
    expect(keeps.states.map(({ curvatureMean }) => curvatureMean)).toEqual([0n, 512n, 768n, 896n]);
    expect(keeps.outcome.counters['throttle']!.count).toBe(2); // steps 1 and 3
  });
});

describe('anchor', () => {
  it('fixed: pulls back a share of the way, and starts anew after a phase without', () => {
    // x = 1, y = 1, η = 0.25, λ = 0.5: w = 0.25 (pull 0 at the anchor); then e = −0.75, u = −0.1875, p = 0.125: w = 0.3125
    const one = samples([1], [1]);
    const plan = oneWeight({ phases: [phase(2), phase(1, { anchor: false }), phase(1)], anchor: { law: 'fixed', lambda: constant(0.5) } });
    const { states, outcome } = traceFixed(plan, [one, one, one, one, one]);
    expect(states.map(({ pulling }) => pulling)).toEqual([true, true, false, true]);
    expect(states.slice(0, 2).map(({ weights }) => weights[0]![0])).toEqual([64n, 80n]);
    expect(outcome.counters['layer0.anchorPull']).toMatchObject({ count: 3, min: 0n, max: 32n }); // 0, 0.125, and 0 at the new anchor
  });

  it('event: calibrates on two losses, fires after two surprising ones, holds two steps and locks again', () => {
    // x = 0, so ℓ = y²/2 and nothing moves. ℓ = 0.5, 2: m = 2.5, V = 2·4.25 − 6.25 = 2.25; κ·w·V = 4.5
    // ℓ = 0.5: (1 − 2.5)² = 2.25, quiet; ℓ = 8: (16 − 2.5)² = 182.25, twice: event. Released for two steps; then locked and calibrating.
    const deliveries = [1, 2, 1, 4, 4, 4, 4, 4].map((y) => samples([0], [y]));
    const anchor: Plan['anchor'] = { law: 'event', lambda: constant(0.5), calibration: 2, window: 1, ratio: constant(2), consecutive: 2, hold: 2 };
    const plan = oneWeight({ phases: [phase(7)], anchor });
    const { states, outcome } = traceFixed(plan, deliveries);
    expect(states.map(({ pulling }) => pulling)).toEqual([true, true, true, true, false, false, true]);
    expect(states.map(({ events }) => events)).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(outcome.counters['lossMean']).toMatchObject({ count: 1, max: 640n });
    expect(outcome.counters['lossVariance']).toMatchObject({ count: 1, max: 147456n });
    expect(outcome.counters['statistic']).toMatchObject({ count: 3, min: 147456n, max: 11943936n });

    const reference: boolean[] = [];
    runFloat(plan, deliveries, ({ pulling }) => reference.push(pulling));
    expect(reference).toEqual(states.map(({ pulling }) => pulling));
  });
});

describe('random bits of a run', () => {
  it('inputs draw by step, the final loss by the step after the last', () => {
    // x = 256.5/256, w = 1, y = 0, η = 0: the loss is raw²/2^17. Top bit of word(1, step, input, 0, 0, 0), with G × f9d86f7b00000000 for the site:
    // step 0: 3c6ef372fe94f82a mixed 6e789e6aa1b965f4, 01c75781a1b965f4 mixed 18b4a31ceea40c75, b6ec1cd66dee888a mixed 435688a5d97baf02: down
    // step 1: 3c6ef372fe94f82b mixed beeb8da1658eec67, 523a46b8658eec67 mixed 46344892b9fbcad6, e46bc24c394646eb mixed b60aeda75b0240a4: up
    // step 2: 3c6ef372fe94f82c mixed bfc846100bfc1e42, 5316ff270bfc1e42 mixed c9b9b28a66307efa, 67f12c43e57afb0f mixed 0625dd567281d472: down
    const one = samples([256.5 / 256], [0]);
    const run = (rounding: 'STOCHASTIC' | 'STOCHASTIC_EQUAL', steps: number) =>
      runFixed(
        oneWeight(
          { phases: [phase(steps, { learningRate: constant(0) })], initial: [{ weights: [[1]], bias: [], weightsRaw: [['256']], biasRaw: [] }] },
          { input: format(true, 32, 8, { rounding }), loss: format(true, 40, 17) },
        ),
        Array.from({ length: steps + 1 }, () => one),
      );
    for (const rounding of ['STOCHASTIC', 'STOCHASTIC_EQUAL'] as const) {
      expect(run(rounding, 2)).toMatchObject({ losses: [65536n, 66049n], finalLoss: 65536n });
      expect(run(rounding, 1)).toMatchObject({ losses: [65536n], finalLoss: 66049n });
    }
  });

  it('targets draw in every step they are delivered in, and are counted nowhere', () => {
    // y = 256.5/256, w = 0: the loss is raw²/2^17. Top bit of word(2, step, target, 0, 0, 0): 0 in steps 0 and 1, then 1
    const one = samples([0], [256.5 / 256]);
    const { losses, finalLoss, counters } = runFixed(
      oneWeight({ seed: 2, phases: [phase(2)] }, { target: format(true, 32, 8, { rounding: 'STOCHASTIC' }), loss: format(true, 40, 17) }),
      [one, one, one],
    );
    expect([...losses, finalLoss]).toEqual([65536n, 65536n, 66049n]);
    expect(counters['target']!.count).toBe(0);
  });

  it.each([
    // top bits of word(6, 0, layer0.accumulator, 0, index, 0): 1, 0, 0, 0; of word(0, …): 1, 0, 1, 1
    ['each', 6, 1n], // 0.5 → 1, 1.5 → 1, 1.5 → 1, then the bias: 1.5 → 1
    ['each', 0, 3n], // 0.5 → 1, 1.5 → 1, 1.5 → 2, then the bias: 2.5 → 3
    ['pair', 0, 2n], // 1 exactly, 1.5 → 1 at index 1, then the bias: 1.5 → 2 at index 2
    ['end', 0, 2n], // 2 exactly
  ] as const)('each quantisation of a running sum has an index of its own: %s, seed %i', (rule, seed, last) => {
    const plan = oneWeight(
      {
        seed,
        layers: [{ inputs: 3, outputs: 1, activation: 'linear', bias: true }],
        initial: [{ weights: [[0.5, 0.5, 0.5]], bias: [0.5], weightsRaw: [['128', '128', '128']], biasRaw: ['128'] }],
        accumulate: { accumulator: rule, gradientAccumulator: 'end', order: 'ascending' }, divide: { method: 'exact' },
      },
      { 'layer0.accumulator': format(true, 16, 0, { rounding: 'STOCHASTIC' }) },
    );
    const { counters } = runFixed(plan, [samples([1, 1, 1], [0], 1), samples([1, 1, 1], [0], 1)]);
    expect(counters['layer0.activation']).toMatchObject({ max: 256n * last, min: 256n * last });
  });
});

describe('trap', () => {
  it('finishes the step, then only the final loss follows', () => {
    // LMS as above with y = 1, 1, 2, 1, η = 0.25, x = 1.5: the errors are −1, −0.4375, then below −1
    const plan = oneWeight({ phases: [phase(2), phase(2)] }, { 'layer0.error': format(true, 32, 8, { overflow: 'TRAP', rails: ['-256', '256'] }) });
    const deliveries = [1, 1, 2, 1, 0.75].map((y) => samples([1.5], [y]));
    const { states, outcome } = traceFixed(plan, deliveries);
    // step 2: ŷ = 207/256, e = −305/256, let through −1; g = −1.5, u = −0.375, w = 138/256 + 96/256
    expect(states.map(({ weights }) => weights[0]![0])).toEqual([96n, 138n, 234n]);
    expect(outcome).toMatchObject({ trapped: 'layer0.error', finalWeights: [[234n]] });
    expect(outcome.losses).toHaveLength(3);
    expect(outcome.counters['layer0.error']).toMatchObject({ count: 3, overflowLow: 1, firstOverflow: { step: 2, wanted: -305n, raw: -256n } });
    // the last delivery: ŷ = 351/256, e = 159/256, ℓ = 25281/512 = 49.4/256
    expect(outcome.finalLoss).toBe(49n);
  });

  it('names the first in the order of the step: the whole batch of inputs before anything else', () => {
    // sample 0 traps at the activation, sample 1 at the input
    const trap = (end: string): SiteFormat => format(true, 32, 8, { overflow: 'TRAP', rails: ['-256', end] });
    const start = { initial: [{ weights: [[1]], bias: [], weightsRaw: [['256']], biasRaw: [] }], phases: [phase(1, { batch: 2 })] };
    const batch = samples([1, 2], [0, 0]);
    const of = (sites: Record<string, SiteFormat>): string | undefined => runFixed(oneWeight(start, sites), [batch, batch]).trapped;
    expect(of({ input: trap('256'), 'layer0.activation': trap('255') })).toBe('input');
    expect(of({ 'layer0.activation': trap('255'), 'layer0.error': trap('100') })).toBe('layer0.activation');
    expect(of({ 'layer0.activation': trap('512') })).toBeUndefined();
  });

  it('a target traps as any signal does; the final loss does not', () => {
    const target = format(true, 32, 8, { overflow: 'TRAP', rails: ['-256', '256'] });
    const of = (targets: number[]) => runFixed(oneWeight({ phases: [phase(2)] }, { target }), targets.map((y) => samples([0], [y])));
    expect(of([2, 1, 1])).toMatchObject({ trapped: 'target', losses: [128n], finalLoss: 128n });
    expect(of([1, 1, 2])).toMatchObject({ trapped: undefined, losses: [128n, 128n], finalLoss: 128n });
  });
});

describe('random plans', () => {
  const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

  it('are a function of the seed', () => {
    expect(randomPlan(7)).toEqual(randomPlan(7));
    expect(randomPlan(8)).not.toEqual(randomPlan(7));
  });

  it.each<[string, PlanOptions, number]>([
    ['sensible', {}, 120],
    ['wild', { wild: true }, 120],
    ['narrow', { narrow: true }, 60],
  ])('%s: run, stay inside their formats and the widths', (_name, options, bits) => {
    for (const seed of SEEDS) {
      const { plan, deliveries } = randomPlan(seed, options);
      expect(widestExact(plan)).toBeLessThanOrEqual(bits);
      expect(Object.keys(plan.sites)).toEqual(expect.arrayContaining(requiredSiteKeys(plan.layers.length)));
      expect(siteKeys(plan.layers.length)).toEqual(expect.arrayContaining(Object.keys(plan.sites)));
      const { counters, losses, trapped } = runFixed(plan, deliveries);
      if (trapped === undefined) expect(losses).toHaveLength(deliveries.length - 1);
      else expect(plan.sites[trapped]!.overflow).toBe('TRAP');
      expect(runFloat(plan, deliveries).losses).toHaveLength(deliveries.length - 1);
      for (const [key, { min, max, count }] of Object.entries(counters)) {
        const [low, high] = plan.sites[key]!.rails.map(BigInt) as [bigint, bigint];
        if (count > 0 && (min! < low || max! > high)) throw new Error(`seed ${seed}, ${key}: ${min}…${max} outside ${low}…${high}`);
      }
    }
  });

  it('use every mode, and only where it is allowed', () => {
    const roundings = new Set<string>();
    const overflows = new Set<string>();
    let saturatedBits = 0;
    for (const seed of SEEDS) {
      for (const [key, site] of Object.entries(randomPlan(seed, { traps: seed % 10 === 0 ? 1 : 0 }).plan.sites)) {
        const { signed, wordLength, rounding, overflow, rails } = site;
        roundings.add(rounding);
        overflows.add(overflow);
        if (site.saturatedBits !== undefined) {
          saturatedBits++;
          expect(['WRAP', 'WRAP_SM'], key).toContain(overflow);
          expect(site.saturatedBits).toBeLessThanOrEqual(wordLength);
        }
        if (overflow === 'WRAP_SM') expect(signed, key).toBe(true);
        if (overflow !== 'SAT' && overflow !== 'TRAP') expect(rails.map(BigInt), key).toEqual(railsOf(overflow, signed, wordLength));
        if (['squaredNorm', 'norm', 'curvature', 'curvatureMean', 'lossMean', 'lossVariance', 'statistic'].includes(key)) expect(overflow).toBe('SAT');
      }
    }
    expect([...roundings].sort()).toEqual([...ROUNDINGS].sort());
    expect([...overflows].sort()).toEqual([...OVERFLOWS].sort());
    expect(saturatedBits).toBeGreaterThan(10);
  });

  it('few have a TRAP site unless asked to, and then many but not all are cut short', () => {
    const hasTrap = (plan: Plan): boolean => Object.values(plan.sites).some(({ overflow }) => overflow === 'TRAP');
    const many = Array.from({ length: 300 }, (_, seed) => hasTrap(randomPlan(seed).plan)).filter(Boolean).length;
    expect(many).toBeGreaterThan(0);
    expect(many).toBeLessThan(30);
    const cut = SEEDS.filter((seed) => {
      const { plan, deliveries } = randomPlan(seed, { traps: 1 });
      expect(hasTrap(plan)).toBe(true);
      return runFixed(plan, deliveries).trapped !== undefined;
    });
    expect(cut.length).toBeGreaterThan(5);
    expect(cut.length).toBeLessThan(SEEDS.length - 5);
  });

  it('sensible ones learn, throttle, stall and fire often enough to test anything', () => {
    const seen = { learnt: 0, throttled: 0, stalled: 0, events: 0, pulled: 0, infeasible: 0 };
    for (const seed of SEEDS) {
      const { plan, deliveries } = randomPlan(seed);
      const { losses, finalLoss, counters, stalledSteps, events, infeasibleSteps } = runFixed(plan, deliveries);
      if (finalLoss * 2n < losses[0]!) seen.learnt++;
      if (counters['throttle']!.count > 0) seen.throttled++;
      if (stalledSteps > 0) seen.stalled++;
      if (events > 0) seen.events++;
      if (counters['layer0.anchorPull']!.count > 0) seen.pulled++;
      if (infeasibleSteps > 0) seen.infeasible++;
    }
    for (const [what, plans] of Object.entries(seen)) expect(plans, what).toBeGreaterThan(0);
    expect(seen.learnt).toBeGreaterThan(10);
    expect(seen.throttled).toBeGreaterThan(10);
  });
});
