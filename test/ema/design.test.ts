/** What a moving mean is built of: constants, formats, refusals. docs/ema.md §1. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { designEma, type EmaOptions } from '../../src/ema/design.js';
import { EmaFilter, EMA_MOST_VALUES, filterEma } from '../../src/ema/filter.js';
import { loadCore } from '../../src/core/load.js';
import { QrailsError } from '../../src/errors.js';
import { siteFormat } from '../../src/format/quantise.js';

const mean = siteFormat({ signed: true, wordLength: 16, fractionLength: 15, rounding: 'RND', overflow: 'SAT' });
const coefficient = (bits: number) => ({ signed: false, wordLength: bits, fractionLength: bits });

it('β and ρ are exactly one, ρ to nearest', () => {
  fc.assert(fc.property(fc.constantFrom('one', 'two'), fc.double({ min: 1e-4, max: 0.9999, noNaN: true }), fc.integer({ min: 16, max: 32 }), (form, rho, bits) => {
    const { rhoRaw, betaRaw, fraction } = designEma({ form, rho, mean, coefficient: coefficient(bits) });
    expect(rhoRaw + betaRaw).toBe(1n << BigInt(fraction));
    expect(Math.abs(Number(rhoRaw) - rho * 2 ** bits)).toBeLessThanOrEqual(0.5 + 1e-6);
  }), { seed: 20261122 });
});

it('ρ of 0.01 in 16 bits; a shift by its exponent or by its value', () => {
  expect(designEma({ form: 'one', rho: '0.01', mean })).toMatchObject({ rhoRaw: 655n, betaRaw: 64881n, fraction: 16 });
  expect(designEma({ form: 'shift', rho: '1/64', mean })).toEqual(designEma({ form: 'shift', shift: 6, mean }));
  expect(designEma({ form: 'shift', shift: 6, mean }).part).toMatchObject({ signed: true, wordLength: 17, fractionLength: 15, overflow: 'SAT' });
  expect(designEma({ form: 'two', shift: 6, mean }).part).toMatchObject({ signed: true, wordLength: 16, fractionLength: 15 });
});

it('a default part never overflows', async () => {
  for (const signed of [true, false]) {
    for (const form of ['two', 'shift'] as const) {
      const s = siteFormat({ signed, wordLength: 8, fractionLength: 3, rounding: 'RND_INF', overflow: 'SAT' });
      for (const signal of [s, { signed: true, wordLength: 12, fractionLength: 5 }, { signed: false, wordLength: 9, fractionLength: 1 }]) {
        const made = designEma({ form, shift: 1, mean: s, signal });
        const filter = new EmaFilter(await loadCore(), made, 1);
        const ends = signal.signed ? [-(1n << BigInt(signal.wordLength - 1)), (1n << BigInt(signal.wordLength - 1)) - 1n] : [0n, (1n << BigInt(signal.wordLength)) - 1n];
        for (const start of s.rails.map(BigInt)) for (const x of ends) filter.run([x], { start });
        expect(filter.counts().part).toMatchObject({ overflowHigh: 0, overflowLow: 0 });
      }
    }
  }
});

const refused: [name: string, options: Partial<EmaOptions>, code: string, words: RegExp][] = [
  ['no ρ', {}, 'usage', /is missing/],
  ['two of them', { rho: '0.1', shift: 3 }, 'usage', /stated twice/],
  ['ρ = 0', { rho: 0 }, 'invalid', /more than 0/],
  ['ρ = 1', { rho: '1' }, 'invalid', /less than 1/],
  ['ρ below zero', { rho: '-1/2' }, 'invalid', /more than 0/],
  ['no number', { rho: 'x' }, 'format', /not a real number/],
  ['a shift of 0', { shift: 0 }, 'invalid', /1 to 62/],
  ['a shift that is none', { shift: 1.5 }, 'invalid', /integer/],
  ['no power of two', { form: 'shift', rho: '0.3' }, 'invalid', /is no shift/],
  ['ρ that becomes zero', { rho: '1e-9' }, 'format', /cannot hold/],
  ['ρ that becomes one', { rho: '0.9999999' }, 'format', /cannot hold/],
  ['a coefficient without fraction', { rho: '0.6', coefficient: { signed: true, wordLength: 8, fractionLength: 0 } }, 'format', /cannot hold/],
  ['β beyond its format', { rho: '0.01', coefficient: { signed: false, wordLength: 8, fractionLength: 16 } }, 'format', /cannot hold/],
  ['a coefficient of 40 bits', { rho: '0.01', coefficient: coefficient(40) }, 'format', /2 to 32/],
  ['a mean of 64 bits', { shift: 3, mean: siteFormat({ ...mean, wordLength: 64 }) }, 'unsupported', /2 to 63/],
  ['a signal of 1 bit', { shift: 3, signal: { signed: false, wordLength: 1, fractionLength: 0 } }, 'unsupported', /2 to 63/],
  ['a coarser product', { form: 'two', shift: 3, part: siteFormat({ ...mean, fractionLength: 14 }) }, 'unsupported', /coarser/],
  ['more than 127 bits', { shift: 3, mean: siteFormat({ ...mean, wordLength: 63, fractionLength: 128 }), signal: { signed: true, wordLength: 63, fractionLength: -64 } }, 'unsupported', /127/],
];
it.each(refused)('refuses %s', (_, options, code, words) => {
  const make = (): unknown => designEma({ form: 'one', mean, ...options });
  expect(make).toThrow(QrailsError);
  expect(make).toThrow(expect.objectContaining({ code }));
  expect(make).toThrow(words);
});

it('refuses raws outside their formats, and too many', async () => {
  const options = { form: 'one', shift: 3, mean } as const;
  await expect(filterEma([40000n], options)).rejects.toThrow(/values\[0\].*40000/s);
  await expect(filterEma([1n], { ...options, start: 1n << 15n })).rejects.toThrow(/start/);
  const core = await loadCore();
  expect(() => new EmaFilter(core, designEma(options), EMA_MOST_VALUES + 1)).toThrow(/too many/);
});
