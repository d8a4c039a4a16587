/** Laws of the moving mean against what the core does in binary64, and what fixed point adds to them. docs/ema.md §2, §4. */
import { describe, expect, it } from 'vitest';
import { bias } from '../../src/ema/bias.js';
import { designEma, type EmaOptions } from '../../src/ema/design.js';
import { filterEmaFloat } from '../../src/ema/filter.js';
import { EMA_FORM_NAMES } from '../../src/ema/forms.js';
import { measureGain, measureNoise, measureStep } from '../../src/ema/measure.js';
import { emaDeviationRatio, emaResponse } from '../../src/ema/response.js';
import { meanError } from '../../src/ema/rounding.js';
import { DETERMINISTIC_ROUNDINGS, ROUNDINGS } from '../../src/format/modes.js';
import { siteFormat } from '../../src/format/quantise.js';
import { round } from '../oracle/exact.js';
import { Random } from '../oracle/random.js';

const mean = (rounding: (typeof ROUNDINGS)[number], fractionLength = 15) => siteFormat({ signed: true, wordLength: 24, fractionLength, rounding, overflow: 'SAT' });

it('β = 0.99: the numbers everybody knows', () => {
  const { timeConstant, halfLife, settling95, settlingRule, cutoff, cutoffRule, nyquistGain, varianceRatio } = emaResponse(0.01);
  expect(timeConstant).toBe(100);
  expect(halfLife).toBeCloseTo(68.97, 2);
  expect(settlingRule).toBe(300);
  expect(settling95).toBeCloseTo(298.07, 2);
  expect(cutoff).toBeCloseTo(0.0016, 5);
  expect(cutoff! / cutoffRule).toBeCloseTo(1, 4);
  expect(varianceRatio).toBeCloseTo(0.005025, 6);
  expect(1 / Math.sqrt(varianceRatio)).toBeCloseTo(14.1, 1);
  expect(20 * Math.log10(nyquistGain)).toBeCloseTo(-46, 1);
  expect(emaDeviationRatio(0.01, 0) ** 2).toBeCloseTo(varianceRatio, 12);
});

describe.each([0.01, 0.2, 1 / 64, 0.7])('ρ = %d', (rho) => {
  const made = designEma({ form: 'one', rho, mean: mean('RND_CONV'), coefficient: { signed: false, wordLength: 32, fractionLength: 32 } });
  const law = emaResponse(rho);

  it('a step: 1/ρ, the half-life and 95 %', async () => {
    const { float, fixed } = await measureStep(made, 4_000_000n);
    expect(float.timeConstant! / law.timeConstant).toBeCloseTo(1, 6);
    expect(float.halfLife).toBe(Math.ceil(law.halfLife));
    expect(float.settling95).toBe(Math.ceil(law.settling95));
    expect(fixed.halfLife).toBe(float.halfLife);
    expect(fixed.settling95).toBe(float.settling95);
  });

  it('gains at −3 dB and at half a cycle a step', async () => {
    const alternating = await measureGain(made, 0n, 4_000_000n, 0.5);
    expect(alternating.float / law.nyquistGain).toBeCloseTo(1, 4);
    expect(alternating.fixed / law.nyquistGain).toBeCloseTo(1, 3);
    const { float, fixed } = await measureGain(made, 0n, 4_000_000n, law.cutoff!);
    expect(float).toBeCloseTo(Math.SQRT1_2, 2);
    expect(fixed).toBeCloseTo(Math.SQRT1_2, 2);
  });

  it('white noise: the variance ratio, within three of its standard deviations', async () => {
    const { varianceRatio, varianceError } = await measureNoise(made, 0n, 4_000_000n, { seed: 11 });
    expect(Math.abs(varianceRatio.float - law.varianceRatio)).toBeLessThan(3 * varianceError);
    expect(Math.abs(varianceRatio.fixed - law.varianceRatio)).toBeLessThan(3 * varianceError);
  });

  it('correlated noise: the ratio of deviations', async () => {
    const random = new Random(20261122);
    for (const phi of [0.9, -0.5]) {
      let x = 0;
      const values = Float64Array.from({ length: 600_000 }, () => (x = phi * x + random.between(-1, 1)));
      const means = await filterEmaFloat(values, rho);
      const power = (list: Float64Array): number => list.subarray(5000).reduce((sum, value) => sum + value * value, 0);
      // 600 000 values, correlated over up to 100 + 10 steps: two percent is about three standard deviations.
      expect(Math.sqrt(power(means) / power(values)) / emaDeviationRatio(rho, phi)).toBeCloseTo(1, 1.4);
    }
  });
});

it('no frequency is damped by 3 dB where ρ is large', () => {
  expect(emaResponse(0.9).cutoff).toBeNull();
  expect(emaResponse(0.82).cutoff).toBeCloseTo(0.4, 0);
});

it('mean error of a mode = the mean over every value there is', () => {
  for (const rounding of DETERMINISTIC_ROUNDINGS) {
    for (const negative of [false, true]) {
      for (let shift = -1; shift <= 5; shift++) {
        for (const stride of [1, 2, 8, 128]) {
          for (const first of [0, 1, 2, 5].filter((one) => one < stride)) {
            // Values of two last places and all of the stride, away from zero.
            const values = Array.from({ length: 128 }, (_, k) => BigInt(first + k * stride) + (negative ? -1n : 1n) * (1n << 20n));
            const errors = values.map((v) => Number(round(v << 1n, 1n << BigInt(shift + 1), 0, rounding)) - Number(v) * 2 ** -shift);
            expect(meanError(rounding, shift, negative, { first, stride }), `${rounding} ${shift} ${first} + ${stride}m`).toBeCloseTo(errors.reduce((a, b) => a + b, 0) / errors.length, 12);
          }
        }
      }
    }
  }
});

describe.each(ROUNDINGS)('bias under %s', (rounding) => {
  it('noisy input: predicted = measured within four standard deviations, every form and sign', async () => {
    for (const form of EMA_FORM_NAMES) {
      for (const share of [{ shift: 3 }, ...(form === 'shift' ? [] : [{ rho: '0.15' }])] as Pick<EmaOptions, 'rho' | 'shift'>[]) {
        for (const guard of form === 'one' || 'rho' in share ? [0] : form === 'shift' ? [0, 2] : [0, 1, 3, 5]) {
          const s = mean(rounding, 8);
          const part = form === 'one' ? undefined : siteFormat({ ...s, wordLength: 40, fractionLength: 8 + guard });
          const made = designEma({ form, ...share, mean: s, part });
          for (const side of guard === 0 ? [1, -1, 0] as const : [1, -1] as const) {
            const measured = await measureNoise(made, BigInt(side) * 2_000_000n, 1_000_000n, { seed: 5 });
            // Lattices of 2^-16 last places at 0.15 are finer than noise of one run tells: a thousandth of a last place.
            expect(Math.abs(measured.bias - bias(made, side)), `${form} ρ ${made.rhoRaw}/2^${made.fraction} guard ${guard} side ${side}: ${measured.bias} ± ${measured.biasError} for ${bias(made, side)}`)
              .toBeLessThan(4 * measured.biasError + 1e-3);
          }
        }
      }
    }
  });
});
