/** The oracle against numbers worked out by hand: if these hold, a difference to the core is the core's or the page's. */
import { describe, expect, it } from 'vitest';
import type { Constant, Plan, PlanPhase, SiteFormat } from '../../src/schema/plan.js';
import { siteKeys } from '../../src/site/sites.js';
import { Site, endsOf, floorDivide, fromBinary64, integerSquareRoot, quantise, round, type Format } from './exact.js';
import { runFixed } from './fixed.js';
import { runFloat } from './float.js';
import { randomPlan, type PlanOptions } from './plans.js';
import type { Delivered, StepState } from './state.js';
import { widestExact } from './widths.js';

const ROUNDINGS = ['TRN', 'TRN_ZERO', 'RND', 'RND_CONV'] as const;

function format(signed: boolean, wordLength: number, fractionLength: number, more: Partial<SiteFormat> = {}): SiteFormat {
  const [low, high] = endsOf(signed, wordLength);
  return { signed, wordLength, fractionLength, rounding: 'RND_CONV', overflow: 'SAT', rails: [`${low}`, `${high}`], ...more };
}

const parsed = (siteFormat: SiteFormat): Format => new Site(siteFormat).format;

describe('rounding', () => {
  it.each([
    // exact value, then TRN, TRN_ZERO, RND, RND_CONV
    [10n, 4n, [2n, 2n, 3n, 2n]], //   2.5
    [-10n, 4n, [-3n, -2n, -2n, -2n]], // −2.5
    [14n, 4n, [3n, 3n, 4n, 4n]], //   3.5
    [-14n, 4n, [-4n, -3n, -3n, -4n]], // −3.5
    [9n, 4n, [2n, 2n, 2n, 2n]], //    2.25
    [-9n, 4n, [-3n, -2n, -2n, -2n]], // −2.25
    [11n, 4n, [2n, 2n, 3n, 3n]], //   2.75
    [-11n, 4n, [-3n, -2n, -3n, -3n]], // −2.75
    [2n, 4n, [0n, 0n, 1n, 0n]], //    0.5
    [-2n, 4n, [-1n, 0n, 0n, 0n]], //  −0.5
    [-5n, 3n, [-2n, -1n, -2n, -2n]], // −5/3
    [-12n, 4n, [-3n, -3n, -3n, -3n]], // −3 exactly
  ] as const)('%s/%s', (numerator, denominator, expected) => {
    expect(ROUNDINGS.map((mode) => round(numerator, denominator, 0, mode))).toEqual(expected);
  });

  it('scales by the fraction length first: 1/3 is 5.33 sixteenths, 40 is 2.5 sixteens', () => {
    expect(ROUNDINGS.map((mode) => round(1n, 3n, 4, mode))).toEqual([5n, 5n, 5n, 5n]);
    expect(ROUNDINGS.map((mode) => round(-40n, 1n, -4, mode))).toEqual([-3n, -2n, -2n, -2n]);
  });
});

describe('overflow', () => {
  it.each([
    [true, 8n, -8n, 'high'],
    [true, 24n, -8n, 'high'],
    [true, -9n, 7n, 'low'],
    [true, -8n, -8n, 'none'],
    [false, 17n, 1n, 'high'],
    [false, -1n, 15n, 'low'],
  ] as const)('WRAP, 4 bits, signed %s: %s becomes %s', (signed, value, raw, overflow) => {
    expect(quantise(value, 1n, parsed(format(signed, 4, 0, { overflow: 'WRAP' })))).toMatchObject({ raw, overflow, rounded: value });
  });

  it('SAT stops at the rails, and the rounded value is judged', () => {
    const tight = parsed(format(true, 4, 0, { rails: ['-5', '6'], rounding: 'RND' }));
    expect(quantise(13n, 2n, tight)).toMatchObject({ rounded: 7n, raw: 6n, overflow: 'high' }); // 6.5
    expect(quantise(25n, 4n, tight)).toMatchObject({ rounded: 6n, raw: 6n, overflow: 'none' }); // 6.25
    expect(quantise(-6n, 1n, tight)).toMatchObject({ raw: -5n, overflow: 'low' });
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
    expect(site.counters.firstOverflow).toEqual({ step: 0, element: 0, wanted: -(1n << 63n), raw: -8n });
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

/** Constants with eight fraction bits. */
const constant = (value: number): Constant => ({ value, raw: `${value * 256}` });

const phase = (steps: number, more: Partial<PlanPhase> = {}): PlanPhase => ({
  steps, batch: 1, learningRate: constant(0.25), throttle: true, anchor: true, sensor: false, ...more,
});

/** One weight, no bias, everything sfix32_En8 except squares. */
function oneWeight(more: Partial<Plan>, sites: Record<string, SiteFormat> = {}): Plan {
  const all = Object.fromEntries(siteKeys(1).map((key) => [key, format(true, 32, 8)]));
  return {
    plan: 1,
    numerics: 1,
    layers: [{ inputs: 1, outputs: 1, activation: 'linear', bias: false }],
    initial: [{ weights: [[0]], bias: [], weightsRaw: [['0']], biasRaw: [] }],
    data: { rows: 8, inputs: 1, targets: 1, sha256: '0'.repeat(64) },
    order: 'sequential',
    lastBatch: 'keep',
    seed: 1,
    phases: [phase(1)],
    sensor: {},
    sites: { ...all, squaredNorm: format(false, 40, 16), lossVariance: format(false, 40, 16), statistic: format(false, 40, 16), ...sites },
    accumulate: { accumulator: 'end', gradientAccumulator: 'end' },
    batchDivision: 'exact',
    throttle: { law: 'none' },
    anchor: { law: 'none' },
    divergedLoss: 1e6,
    evaluationRows: 1,
    ...more,
  };
}

const samples = (inputs: number[], targets: number[], count = targets.length): Delivered => ({
  count, inputs: Float64Array.from(inputs), targets: Float64Array.from(targets),
});

function traceFixed(plan: Plan, deliveries: Delivered[]) {
  const states: StepState[] = [];
  const outcome = runFixed(plan, deliveries, (state) => states.push(state));
  return { states, outcome };
}

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
        accumulate: { accumulator: rule, gradientAccumulator: 'end' },
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
      sites: Object.fromEntries(siteKeys(2).map((key) => [key, format(true, 32, 8)])),
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
      expect(Object.keys(plan.sites).sort()).toEqual(siteKeys(plan.layers.length).sort());
      const { counters, losses } = runFixed(plan, deliveries);
      expect(losses).toHaveLength(deliveries.length - 1);
      expect(runFloat(plan, deliveries).losses).toHaveLength(deliveries.length - 1);
      for (const [key, { min, max, count }] of Object.entries(counters)) {
        const [low, high] = plan.sites[key]!.rails.map(BigInt) as [bigint, bigint];
        if (count > 0 && (min! < low || max! > high)) throw new Error(`seed ${seed}, ${key}: ${min}…${max} outside ${low}…${high}`);
      }
    }
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
