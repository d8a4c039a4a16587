/** The moving mean of the core against its statement, on every build: small widths exhausted, wide ones drawn. docs/ema.md. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILDS, loadCore, type Build } from '../../src/core/load.js';
import { designEma, type EmaDesign, type EmaOptions } from '../../src/ema/design.js';
import { EmaFilter, filterEma, filterEmaFloat } from '../../src/ema/filter.js';
import { EMA_FORM_NAMES } from '../../src/ema/forms.js';
import { rawRange } from '../../src/format/format.js';
import { OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import { siteFormat } from '../../src/format/quantise.js';
import type { SiteFormat } from '../../src/schema/plan.js';
import { statedEma } from './statement.js';

const SEED = 20261122;
const every = ([low, high]: readonly [bigint, bigint]): bigint[] => Array.from({ length: Number(high - low) + 1 }, (_, k) => low + BigInt(k));
const stated = (values: readonly bigint[], design: EmaDesign, start = 0n, seed = 0, first = 0): bigint[] => {
  const { form, rhoRaw, fraction, signal, mean, part } = design;
  return statedEma(values, { form, rho: rhoRaw, fraction, signal, mean, part }, start, seed, first);
};
/** The coefficients of a form: ρ as a shift, and one that is none where there is a multiplier. */
const shares = (form: EmaOptions['form']): Pick<EmaOptions, 'rho' | 'shift'>[] => [{ shift: 1 }, { shift: 3 }, ...(form === 'shift' ? [] : [{ rho: '0.3' }, { rho: '0.9' }])];

describe.each(Object.keys(BUILDS) as Build[])('core build %s', (build) => {
  it('every S and x of small words, every rounding and overflow', async () => {
    const core = await loadCore(build);
    const problems: string[] = [];
    for (const form of EMA_FORM_NAMES) {
      for (const rounding of ROUNDINGS) {
        for (const overflow of OVERFLOWS) {
          for (const signed of overflow === 'WRAP_SM' ? [true] : [true, false]) {
            for (const share of shares(form)) {
              const mean = siteFormat({ signed, wordLength: 3, fractionLength: 1, rounding, overflow });
              const signal = { signed: true, wordLength: 4, fractionLength: 2 };
              // One more fraction bit than S, and too narrow for every value: its overflow shows as well.
              const part = form === 'one' ? undefined : siteFormat({ signed: true, wordLength: 4, fractionLength: 2, rounding, overflow });
              const design = designEma({ form, ...share, mean, signal, part, coefficient: { signed: false, wordLength: 4, fractionLength: 4 } });
              const filter = new EmaFilter(core, design, 1);
              for (const start of every([BigInt(mean.rails[0]), BigInt(mean.rails[1])])) {
                for (const x of every(rawRange(signal))) {
                  const [got] = filter.run([x], { start, seed: 5 });
                  const [wanted] = stated([x], design, start, 5);
                  if (got !== wanted) problems.push(`${form} ${rounding} ${overflow} signed ${signed} ρ ${design.rhoRaw}/2^${design.fraction}: S ${start}, x ${x}: ${got} for ${wanted}`);
                }
              }
            }
          }
        }
      }
    }
    expect(problems.slice(0, 10)).toEqual([]);
  });

  it('wide words, formats apart, random bits of every step', async () => {
    const format = fc.record({ signed: fc.boolean(), wordLength: fc.integer({ min: 2, max: 63 }), fractionLength: fc.integer({ min: -8, max: 40 }) });
    const modes = fc.record({ rounding: fc.constantFrom(...ROUNDINGS), overflow: fc.constantFrom(...OVERFLOWS) });
    const coefficient = fc.integer({ min: 2, max: 32 }).map((bits) => ({ signed: false, wordLength: bits, fractionLength: bits }));
    const parts = fc.option(fc.record({ guard: fc.integer({ min: 0, max: 9 }), wordLength: fc.integer({ min: 2, max: 63 }) }), { nil: undefined });
    let ran = 0;
    await fc.assert(fc.asyncProperty(
      fc.constantFrom(...EMA_FORM_NAMES), format, format, modes, modes, coefficient, fc.integer({ min: 1, max: 30 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), parts, fc.boolean(),
      fc.integer({ min: 0, max: 4294967295 }), fc.nat(), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      async (form, s, x, sModes, partModes, constants, shift, rho, given, shifted, seed, first, places) => {
        const at = (format: typeof s, { rounding, overflow }: typeof sModes): SiteFormat => siteFormat({ ...format, rounding, overflow: overflow === 'WRAP_SM' && !format.signed ? 'WRAP' : overflow });
        const mean = at(s, sModes);
        const part = form === 'one' || !given ? undefined : at({ signed: true, wordLength: given.wordLength, fractionLength: s.fractionLength + given.guard }, partModes);
        let design: EmaDesign;
        try {
          design = designEma({ form, mean, signal: x, part, coefficient: constants, ...(shifted || form === 'shift' ? { shift } : { rho }) });
        } catch {
          return; // cannot be built: test/ema/design.test.ts
        }
        ran++;
        const pick = ([low, high]: readonly [bigint, bigint], unit: number): bigint => low + ((high - low) * BigInt(Math.round(unit * 2 ** 50))) / (1n << 50n);
        const rails: readonly [bigint, bigint] = [BigInt(mean.rails[0]), BigInt(mean.rails[1])];
        const draws = places.take(25);
        const [unit, ...units] = [...draws] as [number, ...number[]];
        const start = pick(rails, unit);
        const values = units.map((one) => pick(rawRange(x), one));
        const got = [...new EmaFilter(await loadCore(build), design, values.length).run(values, { start, seed, first })];
        expect(got).toEqual(stated(values, design, start, seed, first));
      },
    ), { seed: SEED, numRuns: 600 });
    expect(ran).toBeGreaterThan(200);
  });

  it('binary64: S + ρ·(x − S), one rounding an operation', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }), async (values, rho, start) => {
      let s = start;
      const wanted = values.map((x) => (s = s + rho * (x - s)));
      expect([...(await filterEmaFloat(values, rho, start, build))]).toEqual(wanted);
    }), { seed: SEED, numRuns: 200 });
  });

  it('goes on where it ended, with the random bits of its place', async () => {
    for (const form of EMA_FORM_NAMES) {
      const options = { form, shift: 4, mean: siteFormat({ signed: true, wordLength: 12, fractionLength: 8, rounding: 'STOCHASTIC', overflow: 'SAT' }), seed: 9, build } as const;
      const values = Array.from({ length: 60 }, (_, k) => BigInt((k * 577) % 2000));
      const whole = await filterEma(values, options);
      const before = await filterEma(values.slice(0, 23), options);
      expect([...before, ...(await filterEma(values.slice(23), { ...options, start: before.at(-1)!, first: 23 }))]).toEqual(whole);
    }
  });

  it('counts at both sites and stops at a TRAP', async () => {
    const mean = siteFormat({ signed: true, wordLength: 4, fractionLength: 0, rounding: 'RND', overflow: 'TRAP' });
    const design = designEma({ form: 'one', shift: 1, mean, signal: { signed: true, wordLength: 8, fractionLength: 0 } });
    const filter = new EmaFilter(await loadCore(build), design, 8);
    expect([...filter.run([4n, 100n, 0n])]).toEqual([2n, 7n]);
    expect(filter.counts()).toEqual({ mean: { count: 2, overflowHigh: 1, overflowLow: 0, underflow: 0 } });
    const two = new EmaFilter(await loadCore(build), designEma({ form: 'two', shift: 6, mean: { ...mean, overflow: 'SAT' } }), 8);
    two.run([7n, 7n]);
    expect(two.counts()).toEqual({ mean: { count: 2, overflowHigh: 0, overflowLow: 0, underflow: 0 }, part: { count: 4, overflowHigh: 0, overflowLow: 0, underflow: 2 } });
  });
});
