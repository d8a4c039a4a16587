/** The laws of docs/effects.md against what is known of them without a run. */
import { beforeAll, describe, expect, it } from 'vitest';

interface Laws {
  readonly UNIFORM: Record<'RND_CONV' | 'STOCHASTIC', number>;
  misadjustment(mu: number, taps: number): number;
  roundoff(mu: number, taps: number, power: number): number;
  stochasticPower(mu: number, lsb: number, power: number): number;
  stochasticRoundoff(mu: number, taps: number, lsb: number, noise: number): number;
  excessAfter(rounding: string, run: { mu: number; lsb: number; taps: number; noise: number; start: number; steps: number }): number;
  beyond(weights: readonly number[], rail: number): { share: number; power: number };
}
interface Statistics {
  mean(values: readonly number[]): { mean: number; low: number; high: number };
  slope(points: readonly (readonly [number, number])[]): number;
}

const script = (name: string): string => new URL(`../../scripts/effects/${name}.mjs`, import.meta.url).href;
let laws: Laws;
let statistics: Statistics;
beforeAll(async () => {
  laws = (await import(script('laws'))) as Laws;
  statistics = (await import(script('measure'))) as Statistics;
});

const RUN = { mu: 2 ** -7, taps: 16, noise: 1e-4, start: 0.05 };

describe('the second-moment model', () => {
  it('is the misadjustment where nothing is rounded away', () => {
    for (const rounding of ['float', 'RND_CONV', 'STOCHASTIC']) {
      const found = laws.excessAfter(rounding, { ...RUN, lsb: 2 ** -24, steps: 40_000 });
      expect(found / (laws.misadjustment(RUN.mu, RUN.taps) * RUN.noise)).toBeCloseTo(1, 1);
    }
  });

  it('stands still where updates never reach half of a last place, and learns where they are drawn', () => {
    const run = { ...RUN, lsb: 1, steps: 10_000 };
    expect(laws.excessAfter('RND_CONV', run)).toBeCloseTo((RUN.taps * RUN.start) / 3, 12);
    expect(laws.excessAfter('STOCHASTIC', { ...run, lsb: 2 ** -8 })).toBeLessThan((RUN.taps * RUN.start) / 30);
  });
});

describe('the power of stochastic roundings', () => {
  it('is a sixth of a squared last place for large updates, and the mean update for small ones', () => {
    expect(laws.stochasticPower(0.1, 2 ** -14, 1) / 2 ** -28).toBeCloseTo(laws.UNIFORM.STOCHASTIC, 2);
    // E|e| = √(2/π), E|x| = ½.
    expect(laws.stochasticPower(2 ** -12, 1, 1)).toBeCloseTo(2 ** -12 * Math.sqrt(2 / Math.PI) * 0.5, 6);
  });

  it('gives the 1/μ law for small last places', () => {
    const lsb = 2 ** -20;
    expect(laws.stochasticRoundoff(2 ** -8, 16, lsb, 1e-2) / laws.roundoff(2 ** -8, 16, lsb ** 2 / 6)).toBeCloseTo(1, 2);
    expect(laws.roundoff(2 ** -12, 16, 1) / laws.roundoff(2 ** -11, 16, 1)).toBeCloseTo(2, 2);
  });
});

describe('sums beyond a rail', () => {
  it('of one product is known in closed form', () => {
    const { share, power } = laws.beyond([1], 0.5);
    expect(share).toBeCloseTo(0.5, 2);
    expect(power).toBeCloseTo(1 / 24, 3);
  });

  it('of two equal products is that of a triangle', () => {
    const { share, power } = laws.beyond([1, -1], 1);
    expect(share).toBeCloseTo(0.25, 2);
    expect(power).toBeCloseTo(1 / 24, 3);
  });
});

describe('statistics', () => {
  it('has the interval of Student', () => {
    // 25 values of deviation 1 around 0: ± 2.064/√25.
    const values = [...Array.from({ length: 24 }, (_, k) => (k % 2 === 0 ? 1 : -1)), 0];
    const { mean, low, high } = statistics.mean(values);
    expect(mean).toBe(0);
    expect(high).toBeCloseTo(0.4128, 4);
    expect(low).toBeCloseTo(-0.4128, 4);
  });

  it('fits a line', () => {
    expect(statistics.slope([[0, 1], [1, -1], [2, -3]])).toBeCloseTo(-2, 12);
  });
});
