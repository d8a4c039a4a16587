/** The closed forms of src/ema/deadBand.ts against every S there is, and against what the core does. docs/ema.md §3. */
import { describe, expect, it } from 'vitest';
import { loadCore } from '../../src/core/load.js';
import { deadBand, fixedPoints } from '../../src/ema/deadBand.js';
import { designEma, type EmaDesign, type EmaOptions } from '../../src/ema/design.js';
import { EmaFilter, filterEma } from '../../src/ema/filter.js';
import { EMA_FORM_NAMES, type EmaForm } from '../../src/ema/forms.js';
import { measureDeadBand } from '../../src/ema/measure.js';
import { DETERMINISTIC_ROUNDINGS, ROUNDINGS, type Rounding } from '../../src/format/modes.js';
import { siteFormat } from '../../src/format/quantise.js';

const RANDOM = ROUNDINGS.filter((mode) => !DETERMINISTIC_ROUNDINGS.some((one) => one === mode));
const meanFormat = (rounding: Rounding, wordLength = 16, fractionLength = 8) => siteFormat({ signed: true, wordLength, fractionLength, rounding, overflow: 'SAT' });
const partFormat = (rounding: Rounding, guard: number, wordLength = 24, fractionLength = 8) =>
  siteFormat({ signed: true, wordLength, fractionLength: fractionLength + guard, rounding, overflow: 'SAT' });
const range = (from: number, to: number): bigint[] => Array.from({ length: to - from + 1 }, (_, k) => BigInt(from + k));
const design = (form: EmaForm, share: Pick<EmaOptions, 'rho' | 'shift'>, rounding: Rounding, guard = 0, partRounding = rounding): EmaDesign =>
  designEma({ form, ...share, mean: meanFormat(rounding), part: form === 'one' ? undefined : partFormat(partRounding, guard) });

it('every fixed point of small means: solved = looked for, all modes, signs, parities and guard bits', async () => {
  const core = await loadCore();
  const problems: string[] = [];
  let compared = 0;
  for (const rounding of DETERMINISTIC_ROUNDINGS) {
    for (const form of EMA_FORM_NAMES) {
      for (const share of [{ shift: 1 }, { shift: 3 }, ...(form === 'shift' ? [] : [{ rho: '5/16' }, { rho: '0.9' }])]) {
        for (const finer of [0, 1]) {
          // The other mode at the part: rounding down there, whatever the mean does.
          for (const [guard, partRounding] of form === 'one' ? [[0, rounding]] as const : [[0, rounding], [2, rounding], [1, 'TRN'], [0, 'JAM']] as const) {
            const options: EmaOptions = {
              form, ...share, mean: meanFormat(rounding, 9, 0), signal: { signed: true, wordLength: 9, fractionLength: finer }, coefficient: { signed: false, wordLength: 6, fractionLength: 6 },
              part: form === 'one' ? undefined : partFormat(partRounding, guard, 20, 0),
            };
            const made = designEma(options);
            const filter = new EmaFilter(core, made, 1);
            for (const x of range(-9, 9)) {
              // 2/ρ last places is the widest band there is: none of these S is near a rail.
              const held = range(-40, 40).filter((s) => filter.run([x], { start: s })[0] === s);
              const { lowest, highest } = fixedPoints(made, x);
              compared++;
              if (lowest !== held[0] || highest !== held.at(-1)) problems.push(`${form} ${rounding}, part ${partRounding} +${guard}, ρ ${made.rhoRaw}/2^${made.fraction}, x ${x}/2^${finer}: ${lowest} … ${highest}, found ${held[0]} … ${held.at(-1)}`);
            }
          }
        }
      }
    }
  }
  expect(compared).toBeGreaterThan(5000);
  expect(problems.slice(0, 10)).toEqual([]);
});

const SHARES = [{ shift: 6 }, { shift: 7 }, { rho: '0.01' }, { rho: '0.2' }] as const;

describe.each(ROUNDINGS)('%s', (rounding) => {
  it('predicted dead band = measured dead band, every form', async () => {
    for (const form of EMA_FORM_NAMES) {
      for (const share of SHARES) {
        if (form === 'shift' && 'rho' in share) continue;
        for (const guard of form === 'one' ? [0] : [0, 3]) {
          const made = design(form, share, rounding, guard);
          for (const x of [5000n, 5001n, -3000n, -2999n, 4987n]) {
            const { rising, falling, fromBelow, fromAbove } = await measureDeadBand(made, x);
            const place = `${form} ${made.rhoRaw}/2^${made.fraction} guard ${guard} x ${x}`;
            if (form === 'two' && rounding === 'STOCHASTIC_EQUAL') {
              expect(deadBand(made, x)).toBeUndefined();
              continue;
            }
            expect({ rising, falling }, place).toEqual(deadBand(made, x));
            if (!RANDOM.includes(rounding)) expect({ lowest: fromBelow, highest: fromAbove }, place).toEqual(fixedPoints(made, x));
          }
        }
      }
    }
  });
});

describe('known bands', () => {
  const band = (form: EmaForm, share: Pick<EmaOptions, 'rho' | 'shift'>, rounding: Rounding, x = 5000n) => deadBand(design(form, share, rounding), x);

  it('rounding to nearest: half of 1/ρ on either side', () => {
    expect(band('one', { shift: 6 }, 'RND')).toEqual({ rising: 31, falling: 32 });
    expect(band('one', { shift: 7 }, 'RND')).toEqual({ rising: 63, falling: 64 });
    expect(band('shift', { shift: 6 }, 'RND')).toEqual({ rising: 31, falling: 32 });
    // ρ = 655/2^16: 0.5/ρ = 50.03
    expect(band('one', { rho: '0.01' }, 'RND')).toEqual({ rising: 50, falling: 50 });
  });
  it('truncation: 1/ρ − 1 below a rising input, nothing above a falling one', () => {
    expect(band('one', { shift: 6 }, 'TRN')).toEqual({ rising: 63, falling: 0 });
    expect(band('shift', { shift: 7 }, 'TRN')).toEqual({ rising: 127, falling: 0 });
    // ρ = 655/2^16: 1/ρ = 100.05
    expect(band('one', { rho: '0.01' }, 'TRN')).toEqual({ rising: 100, falling: 0 });
  });
  it('halves to even: the last place decides', () => {
    expect(band('one', { shift: 6 }, 'RND_CONV', 5000n)).toEqual({ rising: 32, falling: 32 });
    expect(band('one', { shift: 6 }, 'RND_CONV', 5001n)).toEqual({ rising: 31, falling: 31 });
  });
  it('two truncated products: twice as far, where the input loses nearly a last place', () => {
    // ρ·x = 79 − 1/64: fixed where ρ·(x − S) is from 1 − 1/64 to less than 2 − 1/64
    expect(band('two', { shift: 6 }, 'TRN', 79n * 64n - 1n)).toEqual({ rising: 126, falling: 0 });
    expect(band('two', { shift: 6 }, 'TRN', 79n * 64n)).toEqual({ rising: 63, falling: 0 });
  });
  it('guard bits that hold the products make them one rounding', async () => {
    for (const rounding of RANDOM) {
      const made = design('two', { shift: 6 }, rounding, 6);
      expect(deadBand(made, 4987n)).toEqual({ rising: 0, falling: 0 });
      expect(await measureDeadBand(made, 4987n)).toEqual({ rising: 0, falling: 0, fromBelow: 4987n, fromAbove: 4987n });
    }
    expect(deadBand(design('two', { shift: 6 }, 'TRN', 6), 79n * 64n - 1n)).toEqual({ rising: 63, falling: 0 });
  });
});

it('a random mode stays at an input it has reached, and leaves every other place', async () => {
  for (const rounding of RANDOM) {
    for (const form of ['one', 'shift'] as const) {
      const made = design(form, { shift: 6 }, rounding);
      expect(fixedPoints(made, 1234n)).toEqual({ lowest: 1234n, highest: 1234n });
      const values = Array<bigint>(5000).fill(1234n);
      const options = { form, shift: 6, mean: made.mean, part: made.part, seed: 3 };
      expect(new Set(await filterEma(values, { ...options, start: 1234n }))).toEqual(new Set([1234n]));
      expect((await filterEma(values, { ...options, start: 1233n })).at(-1)).toBe(1234n);
    }
  }
});

it('two products that go up by half wander where they do not drift', async () => {
  const made = design('two', { shift: 4 }, 'STOCHASTIC_EQUAL');
  for (const x of [5000n, 5003n, 5009n, 5023n]) {
    const f = Number(x % 16n) / 16; // the discarded part of ρ·x
    const means = (await filterEma(Array<bigint>(400_000).fill(x), { form: 'two', shift: 4, mean: made.mean, part: made.part, seed: 3, start: x })).map((s) => Number(x - s));
    // E S moves by 1 or −1 outside (f − 1)/ρ < x − S < f/ρ, by nothing inside, where ρ·x is inexact: its middle is the bias.
    const average = means.reduce((a, b) => a + b, 0) / means.length;
    expect(Math.abs(average - (f - 0.5) * 16), `x ${x}: ${average}`).toBeLessThan(1);
    expect(means).toContain(0);
  }
});
