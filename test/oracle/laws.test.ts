/** The controllers of the oracles against numbers worked out by hand, against each other in very fine formats, and what random plans make them do. */
import { describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, ESTIMATORS, REFERENCE_THROTTLE_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES, type Estimator } from '../../src/control/registry.js';
import { sigmoidTable } from '../../src/control/sigmoid.js';
import { ROUNDINGS } from '../../src/format/modes.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import { requiredSiteKeys } from '../../src/site/sites.js';
import type { Observation } from './exact.js';
import { finePlan, fineValue } from './fine.js';
import { largestInside, type Rail } from './fixed-rails.js';
import { runFixed } from './fixed.js';
import { runFloat, sigmoid } from './float.js';
import { constant, format, oneWeight, phase, samples, traceFixed } from './made.js';
import { randomPlan, type PlanOptions } from './plans.js';
import { Random } from './random.js';
import { sigmoidRaws } from './sigmoid.js';
import type { Delivered, StepState } from './state.js';

/** Alphas of the reference. */
function floatAlphas(plan: Plan, deliveries: Delivered[]): number[] {
  const alphas: number[] = [];
  runFloat(plan, deliveries, ({ alpha }) => alphas.push(alpha));
  return alphas;
}

describe('throttle', () => {
  // x = 2, y = 1, η = 0.25, χ = 0.5: C = x² = 4
  const one = samples([2], [1]);
  const deliveries = [one, one, one, one];
  const law = { chi: constant(0.5), rho: constant(0.5), floor: constant(0), firstAlpha: constant(0.5), keepState: false, holdCurvature: true };
  const integrator = { ...law, firstAlpha: constant(0), gain: constant(0.5), momentum: constant(0.5) };

  it('rayleigh: the curvature along the gradient, in the first step', () => {
    // g = −2: S_1 = (2·−2)² = 16, S_2 = 4
    const { states, outcome } = traceFixed(oneWeight({ throttle: { law: 'gt0', estimator: 'rayleigh', ...law } }), deliveries);
    expect(states[0]).toMatchObject({ curvature: 1024n, curvatureMean: 512n, alpha: 128n });
    expect(outcome.counters['squaredNorm']).toMatchObject({ count: 2, min: 4n << 16n, max: 16n << 16n });
    // two samples x = 1, 3 and a bias, w = b = 0, y = 1: e = −1, g = (−2, −1); (−2·1 − 1)² + (−2·3 − 1)² = 58 over 2·5
    const biased = oneWeight({
      phases: [phase(1, { batch: 2 })], throttle: { law: 'gt0', estimator: 'rayleigh', ...law },
      layers: [{ inputs: 1, outputs: 1, activation: 'linear', bias: true }],
      initial: [{ weights: [[0]], bias: [0], weightsRaw: [['0']], biasRaw: ['0'] }],
    });
    const two = samples([1, 3], [1, 1]);
    expect(traceFixed(biased, [two, two]).states[0]!.curvature).toBe(1485n); // 5.8 × 256 = 1484.8
    runFloat(biased, [two, two], ({ curvature }) => { expect(curvature).toBeCloseTo(5.8, 9); });
    // no gradient, no estimate
    const still = samples([2], [0]);
    expect(traceFixed(oneWeight({ throttle: { law: 'gt0', estimator: 'rayleigh', ...law } }), [still, still]).states[0]).toMatchObject({ curvature: 0n, alpha: 256n });
  });

  it('lambda: the largest eigenvalue of the batch, in the reference alone', () => {
    // XᵀX/2 of the rows (2, 1) and (0, 1) is [[2, 1], [1, 1]]: (3 + √5) / 2
    const plan = oneWeight({
      phases: [phase(1, { batch: 2 })], throttle: { law: 'gt0', estimator: 'lambda', ...law },
      layers: [{ inputs: 1, outputs: 1, activation: 'linear', bias: true }],
      initial: [{ weights: [[0]], bias: [0], weightsRaw: [['0']], biasRaw: ['0'] }],
    });
    const two = samples([2, 0], [1, 1]);
    runFloat(plan, [two, two], ({ curvature }) => { expect(curvature).toBeCloseTo((3 + Math.sqrt(5)) / 2, 12); });
    expect(() => runFixed(plan, [two, two])).toThrow(RangeError);
  });

  it('secant-latch keeps the largest', () => {
    // w = 0, 0.25, 0.375; g = −2, −1 and, with x = 1, −0.625: Δg/Δθ = 1/0.25, then 0.375/0.125
    const inputs = [one, one, samples([1], [1]), one];
    const curvatures = (estimator: Estimator) => traceFixed(oneWeight({ phases: [phase(3)], throttle: { law: 'gt0', estimator, ...law } }), inputs).states.map(({ curvature }) => curvature);
    expect(curvatures('secant')).toEqual([0n, 1024n, 768n]);
    expect(curvatures('secant-latch')).toEqual([0n, 1024n, 1024n]);
  });

  it('without holdCurvature a parameter that stands still has moved by one last place', () => {
    // η = 0: Δθ = 0, g = −2, then −4: n_g = 2, n_θ = 1/256
    const inputs = [one, samples([2], [2]), one];
    const run = (holdCurvature: boolean) => traceFixed(oneWeight({ phases: [phase(2, { learningRate: constant(0) })], throttle: { law: 'gt0', estimator: 'secant', ...law, holdCurvature } }), inputs);
    expect(run(true).states[1]!.curvature).toBe(0n);
    expect(run(true).outcome.counters['norm']!.count).toBe(0);
    expect(run(false).states[1]!.curvature).toBe(512n * 256n);
    expect(run(false).outcome.counters['norm']).toMatchObject({ count: 2, min: 0n, max: 512n });
  });

  it('gt1 integrates towards χ = α·η·C, gt2 with momentum', () => {
    // C = 4, k·χ = 0.25, k·η·C = 0.5: v = 0.25 − α/2; with β = 0.5 half the last v more
    const run = (name: 'gt1' | 'gt2') => traceFixed(oneWeight({ phases: [phase(3)], throttle: { law: name, estimator: 'trace', ...integrator } }), deliveries);
    expect(run('gt1').states.map(({ alpha }) => alpha)).toEqual([64n, 96n, 112n]);
    expect(run('gt2').states.map(({ alpha }) => alpha)).toEqual([64n, 128n, 160n]);
    expect(run('gt2').states.map(({ controllers }) => controllers['velocity'])).toEqual([[64n], [64n], [32n]]);
    expect(run('gt2').outcome.counters['throttle']).toMatchObject({ count: 3 });
    expect(floatAlphas(oneWeight({ phases: [phase(3)], throttle: { law: 'gt2', estimator: 'trace', ...integrator } }), deliveries)).toEqual([0.25, 0.5, 0.625]);
    // k·χ = 2 and a floor: 1 and the floor are not rounded
    const jump = traceFixed(oneWeight({ phases: [phase(2)], throttle: { law: 'gt1', estimator: 'trace', ...integrator, floor: constant(0.125), gain: constant(2), chi: constant(1.5) } }), deliveries);
    expect(jump.states.map(({ alpha }) => alpha)).toEqual([256n, 256n]); // v = 3 − 0, then 3 − 2·0.25·1·4 = 1
    const down = traceFixed(oneWeight({ phases: [phase(1)], throttle: { law: 'gt1', estimator: 'trace', ...integrator, floor: constant(0.125), firstAlpha: constant(1), chi: constant(0) } }), deliveries);
    expect(down.states[0]).toMatchObject({ alpha: 128n }); // 1 − 0.5·0.25·1·4
    const far = traceFixed(oneWeight({ phases: [phase(1)], throttle: { law: 'gt1', estimator: 'trace', ...integrator, floor: constant(0.125), firstAlpha: constant(1), gain: constant(1), chi: constant(0) } }), deliveries);
    expect(far.states[0]).toMatchObject({ alpha: 32n }); // 1 − 1
    expect([jump, far].map(({ outcome }) => outcome.counters['throttle']!.count)).toEqual([0, 0]);
  });

  it('gt2-qa stays between what moves a parameter and what is stable', () => {
    // U = 0.5/(0.25·4) = 128/256; L = (1/256) / (0.25·2) = 2/256
    const plan = oneWeight({ phases: [phase(3)], throttle: { law: 'gt2-qa', estimator: 'trace', ...integrator } });
    const { states, outcome } = traceFixed(plan, deliveries);
    expect(states.map(({ alpha, infeasible }) => [alpha, infeasible])).toEqual([[64n, false], [128n, false], [128n, false]]);
    expect(outcome.counters['throttle']).toMatchObject({ count: 9, min: 2n });
    // weights in whole numbers: even α = 1 moves none, L = 1 without a quotient
    const coarse = traceFixed(oneWeight({ throttle: { law: 'gt2-qa', estimator: 'trace', ...integrator } }, { 'layer0.weight': format(true, 16, 0) }), deliveries);
    expect(coarse.states[0]).toMatchObject({ alpha: 128n, infeasible: true });
    expect(coarse.outcome.counters['throttle']!.count).toBe(2);
  });

  it('rails let a weight go as far as its rail and no further', () => {
    // w = 0, a·η·g = −a/2: a ≤ 2·κ = 0.25; then w = κ and nothing moves
    const rails = { ...law, rowRail: constant(0.125), columnRail: constant(4), biasRail: constant(4) };
    const { states, outcome } = traceFixed(oneWeight({ phases: [phase(2)], throttle: { law: 'rails', estimator: 'trace', ...rails } }), deliveries);
    expect(states.map(({ alpha, infeasible }) => [alpha, infeasible])).toEqual([[64n, false], [0n, false]]);
    expect(states[0]!.weights).toEqual([[32n]]);
    expect(outcome.counters['throttle']!.count).toBe(2); // the bound's quotient
    const outside = { initial: [{ weights: [[0.5]], bias: [], weightsRaw: [['128']], biasRaw: [] }] };
    const stuck = oneWeight({ ...outside, throttle: { law: 'rails', estimator: 'trace', ...rails } });
    expect(traceFixed(stuck, deliveries).states[0]).toMatchObject({ alpha: 0n, infeasible: true });
    expect(floatAlphas(stuck, deliveries)).toEqual([0]);
    const [first] = floatAlphas(oneWeight({ throttle: { law: 'rails', estimator: 'trace', ...rails } }), deliveries);
    expect(first).toBeCloseTo(0.25, 12);
  });

  it('rails: the largest of a plain scan', () => {
    const random = new Random(3);
    const seen = { bound: 0, inside: 0, outside: 0 };
    for (let k = 0; k < 400; k++) {
      const top = BigInt(random.integer(1, 60));
      const rails = Array.from({ length: random.integer(1, 3) }, (): Rail => ({
        lines: Array.from({ length: random.integer(1, 4) }, () => ({ w: { n: BigInt(random.integer(-200, 200)), f: random.integer(0, 2) }, step: { n: BigInt(random.integer(-30, 30)), f: random.integer(0, 3) } })),
        limit: { n: BigInt(random.integer(0, 500)), f: 1 },
      }));
      const eighths = ({ n, f }: { n: bigint; f: number }): bigint => n << BigInt(3 - f);
      const inside = (a: bigint): boolean => rails.every(({ lines, limit }) => {
        const sum = lines.reduce((total, { w, step }) => total + BigInt(Math.abs(Number(eighths(w) - a * eighths(step)))), 0n);
        return sum <= eighths(limit);
      });
      let largest: bigint | undefined;
      if (inside(0n)) for (let a = 0n; a <= top; a++) if (inside(a)) largest = a;
      expect(largestInside(rails, top)).toBe(largest);
      seen[largest === undefined ? 'outside' : largest === top ? 'bound' : 'inside']++;
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20);
  });

  it('clip: τ over the norm of the gradient', () => {
    const clip = (tau: number) => traceFixed(oneWeight({ throttle: { law: 'clip', tau: constant(tau), floor: constant(0) } }), deliveries);
    expect(clip(0.5).states[0]).toMatchObject({ alpha: 64n, curvature: 0n }); // ‖g‖ = 2
    expect(clip(2).states[0]).toMatchObject({ alpha: 256n });
    expect([clip(0.5), clip(2)].map(({ outcome }) => outcome.counters['throttle']!.count)).toEqual([1, 0]);
  });
});

describe('anchor', () => {
  const one = samples([1], [1]);
  const three = [one, one, one];
  const rates = { averageRate: constant(0.5), importanceRate: constant(0.5), lambda: constant(1) };

  it('decay pulls towards zero', () => {
    const still = samples([0], [0]);
    const start = { initial: [{ weights: [[1]], bias: [], weightsRaw: [['256']], biasRaw: [] }] };
    const { states } = traceFixed(oneWeight({ ...start, phases: [phase(2)], anchor: { law: 'decay', lambda: constant(0.5) } }), [still, still, still]);
    expect(states.map(({ weights, pulling }) => [weights[0]![0], pulling])).toEqual([[128n, true], [64n, true]]);
  });

  it('ema learns as ever and is evaluated at the average', () => {
    // w = 0.25, 0.4375; θ̄ = 0.125, 0.28125: the last loss is 0.71875² / 2 = 66.1/256
    const plan = oneWeight({ phases: [phase(2)], anchor: { law: 'ema', averageRate: constant(0.5) } });
    const { states, outcome } = traceFixed(plan, three);
    expect(states.map(({ weights, controllers }) => [weights[0]![0], controllers['average']])).toEqual([[64n, [32n]], [112n, [72n]]]);
    expect(outcome).toMatchObject({ finalWeights: [[112n]], finalLoss: 66n });
    expect(outcome.counters['layer0.average']).toMatchObject({ count: 3 }); // the start, and each step
    expect(outcome.counters['layer0.weight']).toMatchObject({ count: 2 });
    expect(runFloat(plan, three)).toMatchObject({ finalWeights: [[0.4375]], finalLoss: 0.71875 ** 2 / 2 });
  });

  it.each([
    // u = −0.25, d = 0.25, p = 0; then u = −0.1875, d = 0.3125 of 112/256
    ['mas', [32n, 40n], [64n, 102n], [32n, 67n]], // F = 0.125: p = 10/256; 0.125 + (0.1875 − 0.125)/2
    ['ewc', [8n, 8n], [64n, 110n], [32n, 71n]], // F = 1/32: p = 2.5/256; 8 + (9 − 8)/2 in 1/256
    ['si', [8n, 12n], [64n, 110n], [32n, 71n]], // 8 + (15 − 8)/2
  ] as const)('elastic %s', (importance, weighed, weights, averages) => {
    const { states, outcome } = traceFixed(oneWeight({ phases: [phase(2)], anchor: { law: 'elastic', ...rates, importance } }), three);
    expect(states.map(({ controllers }) => controllers['importance']![0])).toEqual(weighed);
    expect(states.map((state) => state.weights[0]![0])).toEqual(weights);
    expect(states.map(({ controllers }) => controllers['average']![0])).toEqual(averages);
    expect(outcome.counters['layer0.weight']!.count).toBe(4);
  });

  it.each([
    // g = −1: s = 1, u = −0.25; g = −0.75
    [1, [256n, 448n, 448n], [64n, 91n, 91n]], // s = 1.75: u = −27.4/256
    [2, [256n, 400n, 400n], [64n, 102n, 102n]], // s = 1.5625, t = 1.25: u = −38.4/256
  ] as const)('gated, p = %i: closed below τ', (power, sums, weights) => {
    const { states, outcome } = traceFixed(oneWeight({ phases: [phase(3)], anchor: { law: 'gated', threshold: 0.5, power } }), [...three, one]);
    expect(states.map(({ controllers }) => controllers['importance']![0])).toEqual(sums);
    expect(states.map((state) => state.weights[0]![0])).toEqual(weights);
    expect(states[2]).toMatchObject({ updates: [[0n]], zeroUpdate: true, stalled: true });
    for (const [key, count] of [['importance', 2], ['update', 2], ['weight', 3]] as const) expect(outcome.counters[`layer0.${key}`]!.count, key).toBe(count);
    // g² = τ is not above it
    const at = traceFixed(oneWeight({ anchor: { law: 'gated', threshold: 1, power } }), three);
    expect(at.outcome.counters['layer0.update']!.count).toBe(0);
  });
});

describe('supervisor', () => {
  const rollback = { law: 'rollback' as const, margin: constant(0.5), rate: constant(0.5), backoff: 4, recovery: 2, patience: 0 };
  const flat = (...targets: number[]): Delivered[] => targets.map((y) => samples([0], [y])); // ℓ = y²/2, nothing moves

  it('rollback takes a step back, halves α, and forgives', () => {
    // w = 0, 0.25, 0.4375; at y = 4 ℓ = 3.5625²/2 = 1624.5/256 and w is 0.25 again; then half the rate: u = −24/256
    const deliveries = [1, 1, 4, 1, 1, 1].map((y) => samples([1], [y]));
    const { states, outcome } = traceFixed(oneWeight({ phases: [phase(5)], supervisor: rollback }), deliveries);
    expect(outcome.losses.slice(0, 4)).toEqual([128n, 72n, 1624n, 72n]);
    expect(states.map(({ rejected }) => rejected)).toEqual([false, false, true, false, false]);
    expect(states.slice(0, 4).map(({ weights }) => weights[0]![0])).toEqual([64n, 112n, 64n, 88n]);
    expect(states.map(({ alpha }) => alpha)).toEqual([256n, 256n, 0n, 128n, 256n]); // two accepted steps undo a halving
    expect(states.slice(0, 4).map(({ controllers }) => controllers['measureMean'])).toEqual([[128n], [100n], [100n], [86n]]);
    expect(states[2]).toMatchObject({ rate: 0n, gradients: [[0n]], updates: [[0n]] });
    expect(outcome).toMatchObject({ rejectedSteps: 1 });
    expect(outcome.counters['layer0.gradient']!.count).toBe(4);
  });

  it('gives in after `patience` rejections', () => {
    const { states } = traceFixed(oneWeight({ phases: [phase(3)], supervisor: { ...rollback, patience: 1 } }), flat(1, 3, 3, 0));
    expect(states.map(({ rejected }) => rejected)).toEqual([false, true, false]);
    expect(states.map(({ controllers }) => controllers['measureMean'])).toEqual([[128n], [128n], [1152n]]);
  });

  it('cusum waits while the excess adds up', () => {
    // ŷ = 0.5, ℓ = 1.125: 0.375 more each step
    const supervisor = { law: 'cusum' as const, slack: constant(0.25), limit: constant(1), rate: constant(0.5), backoff: 0, recovery: 1, patience: 0 };
    const { states } = traceFixed(oneWeight({ phases: [phase(5)], supervisor }), flat(1, 1.5, 1.5, 1.5, 1, 0));
    expect(states.map(({ rejected }) => rejected)).toEqual([false, false, false, true, false]);
    expect(states.map(({ controllers }) => controllers['cusum'])).toEqual([[0n], [96n], [192n], [0n], [0n]]);
    expect(states[4]).toMatchObject({ alpha: 256n }); // no back-off
  });

  it('starts anew after a phase without, which it leaves alone', () => {
    const phases = [phase(2), phase(1, { supervisor: false }), phase(2)];
    const { states } = traceFixed(oneWeight({ phases, supervisor: rollback }), flat(1, 3, 3, 3, 3, 0));
    expect(states.map(({ rejected }) => rejected)).toEqual([false, true, false, false, false]);
    expect(states.map(({ alpha }) => alpha)).toEqual([256n, 0n, 256n, 256n, 256n]);
  });
});

describe('the last layer', () => {
  it('learns from the sign of its error, and the loss is that of the error', () => {
    const plan = oneWeight({ phases: [phase(1)], errorRule: 'sign', errorOne: constant(1) });
    const run = (y: number) => traceFixed(plan, [samples([2], [y]), samples([2], [y])]).states[0];
    expect(run(4)).toMatchObject({ gradients: [[-512n]], loss: 8n * 256n });
    expect(run(-0.25)).toMatchObject({ gradients: [[512n]], loss: 8n });
    expect(run(0)).toMatchObject({ gradients: [[0n]] });
  });

  it('looks up the sigmoid in sixteenths, clipped', () => {
    const weight = (w: number): Partial<Plan> => ({
      layers: [{ inputs: 1, outputs: 1, activation: 'sigmoid', bias: false }], sigmoid: sigmoidRaws(format(true, 32, 8)),
      initial: [{ weights: [[w]], bias: [], weightsRaw: [[`${w * 256}`]], biasRaw: [] }],
    });
    // y = 0, x = 1: g is the output. σ(1/32) = 130.0/256, σ(−1/32) = 126.0/256, σ(1 + 1/32) = 188.7, σ(±(8 − 1/32)) = 255.9 and 0.09
    const output = (w: number): bigint => traceFixed(oneWeight(weight(w)), [samples([1], [0]), samples([1], [0])]).states[0]!.gradients[0]![0]!;
    expect([0, 0.0625 - 1 / 256, -1 / 256, 1, 20, -20].map(output)).toEqual([130n, 130n, 126n, 189n, 256n, 0n]);
  });

  it('the table is that of the host, in every rounding mode', () => {
    const random = new Random(11);
    for (const rounding of ROUNDINGS) {
      for (let k = 0; k < 3; k++) {
        const wordLength = random.integer(2, 32);
        const siteFormat: SiteFormat = format(random.chance(0.5), wordLength, wordLength + random.integer(-4, 2), { rounding, overflow: random.chance(0.3) ? 'WRAP' : 'SAT' });
        expect(sigmoidTable(siteFormat)).toEqual(sigmoidRaws(siteFormat));
      }
    }
  });

  it('the sigmoid of the reference is close to that of the library', () => {
    for (let z = -40; z <= 40; z += 0.37) expect(Math.abs(sigmoid(z) * (1 + Math.exp(-z)) - 1)).toBeLessThan(1e-12);
    expect([sigmoid(0), sigmoid(1e300), sigmoid(NaN)]).toEqual([0.5, 1, NaN]);
    expect(sigmoid(-1e300)).toBeLessThan(1e-300);
  });
});

it.each([
  // hidden 1, outputs 1 and 3, e = (−1, −1): n = (1, 3), λ = (0.75, 0.25), m = (0.625, 0.375)
  [0, [-160n, -96n], -448n], // e = (−0.625, −0.375): −0.625 − 3·0.375
  [1, [-128n, -128n], -512n], // equal shares
] as const)('balance, warmup %i: the loss with the smaller gradient has the larger say', (warmup, last, shared) => {
  const plan = oneWeight({
    layers: [{ inputs: 1, outputs: 1, activation: 'linear', bias: false }, { inputs: 1, outputs: 2, activation: 'linear', bias: false }],
    initial: [
      { weights: [[1]], bias: [], weightsRaw: [['256']], biasRaw: [] },
      { weights: [[1], [3]], bias: [], weightsRaw: [['256'], ['768']], biasRaw: [] },
    ],
    sites: { ...Object.fromEntries(requiredSiteKeys(2).map((key) => [key, format(true, 32, 8)])), squaredNorm: format(false, 40, 16) },
    balance: { law: 'norms', outputs: [1, 1], firstShare: constant(0.5), firstMean: constant(0.5), shareRate: constant(0.5), floor: constant(0.125), warmup },
  });
  const one: Delivered = { count: 1, inputs: Float64Array.of(1), targets: Float64Array.of(2, 4) };
  const { states, outcome } = traceFixed(plan, [one, one]);
  expect(states[0]!.gradients).toEqual([[shared], last]);
  expect(states[0]!.controllers).toMatchObject({ shares: [160n, 96n] });
  expect(outcome.counters['layer0.error']!.count).toBe(3); // for each loss, then for all
  expect(outcome.counters['share']!.count).toBe(warmup === 0 ? 4 : 2);
  runFloat(plan, [one, one], ({ gradients }) => gradients.flat().forEach((g, k) => { expect(g).toBeCloseTo(Number([shared, ...last][k]) / 256, 9); }));
});

/** Plans under every throttle with an anchor and a supervisor of its own. */
function* drawn(throttles: readonly string[], rounds: number, options: PlanOptions = {}): Generator<ReturnType<typeof randomPlan>> {
  for (let k = 0; k < throttles.length * rounds; k++) {
    yield randomPlan(1000 + k, { throttle: throttles[k % throttles.length]!, anchor: ANCHOR_NAMES[k % ANCHOR_NAMES.length]!, supervisor: SUPERVISOR_NAMES[(k >> 1) % SUPERVISOR_NAMES.length]!, ...options });
  }
}

describe('in very fine formats both oracles are the same', () => {
  const COUNTS = ['known', 'rejected', 'accepted', 'halvings', 'balanced'];
  const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * Math.max(1e-2, Math.abs(a), Math.abs(b));

  function alike(fixed: StepState, float: StepState<number>): boolean {
    const values = (['loss', 'alpha', 'curvature', 'curvatureMean'] as const).every((name) => close(fineValue(fixed[name]), float[name]));
    const flags = (['infeasible', 'rejected', 'pulling', 'events'] as const).every((name) => fixed[name] === float[name]);
    const state = Object.entries(float.controllers).every(([name, all]) =>
      all.every((value, at) => close(COUNTS.includes(name) ? Number(fixed.controllers[name]![at]) : fineValue(fixed.controllers[name]![at]!), value)),
    );
    return values && flags && state;
  }

  /** Share of plans whose every step is the same. */
  function share(throttles: readonly string[], rounds: number): number {
    let [same, all] = [0, 0];
    for (const { plan, deliveries } of drawn(throttles, rounds, { activation: 'linear', balance: false })) {
      const fine = finePlan(plan);
      const steps: StepState<number>[] = [];
      const { finalLoss } = runFloat(fine, deliveries, (state) => steps.push(state));
      let at = 0;
      let equal = true;
      const outcome = runFixed(fine, deliveries, (state) => { equal &&= alike(state, steps[at++]!); });
      if (equal && close(fineValue(outcome.finalLoss), finalLoss)) same++;
      all++;
    }
    return same / all;
  }

  const compares = (name: string): boolean => name === 'table' || /secant/.test(name);

  it('in nearly every plan without a history: what is left hangs on ε, or on a rail that is met exactly', () => {
    expect(share(THROTTLE_NAMES.filter((name) => !compares(name)), 5)).toBeGreaterThan(0.9);
  });

  it('mostly with one: where parameters hardly move ε is more than a last place', () => {
    expect(share(THROTTLE_NAMES.filter(compares), 4)).toBeGreaterThan(0.5);
  });
});

describe('random plans', () => {
  it('draw what they are asked for', () => {
    for (const throttle of REFERENCE_THROTTLE_NAMES) {
      const { plan } = randomPlan(5, { throttle, reference: true, anchor: 'elastic', supervisor: 'cusum', errorRule: 'difference', activation: 'sigmoid' });
      const { law, estimator, rho } = plan.throttle;
      if (throttle === 'nlms') expect([law, estimator, rho!.value]).toEqual(['gt0', 'trace', 0]);
      else expect([law, ...(estimator ? [estimator] : [])].join('/')).toBe(throttle);
      if (estimator && 'singleLayer' in ESTIMATORS[estimator]) expect(plan.layers).toHaveLength(1);
      expect([plan.anchor.law, plan.supervisor.law, plan.errorRule, plan.layers[plan.layers.length - 1]!.activation]).toEqual(['elastic', 'cusum', 'difference', 'sigmoid']);
      expect(plan.sigmoid).toHaveLength(256);
    }
  });

  /** Plans of 20 in which something happened. */
  function times(options: PlanOptions, happened: (plan: Plan, states: StepState[], seen: Observation[]) => boolean): number {
    let count = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { plan, deliveries } = randomPlan(seed, { traps: 0, ...options });
      const states: StepState[] = [];
      const seen: Observation[] = [];
      runFixed(plan, deliveries, (state) => states.push(state), (one) => seen.push(one));
      if (happened(plan, states, seen)) count++;
    }
    return count;
  }

  const parametersOf = ({ initial }: Plan): number => initial.reduce((sum, { weightsRaw, biasRaw }) => sum + weightsRaw.flat().length + biasRaw.length, 0);
  const value = (plan: Plan, { key, outcome }: Observation): number => Number(outcome.raw) * 2 ** -plan.sites[key]!.fractionLength;

  it.each<[string, PlanOptions, (plan: Plan, states: StepState[], seen: Observation[]) => boolean, number]>([
    ['rejections', { supervisor: 'rollback' }, (_, states) => states.some(({ rejected }) => rejected), 6],
    ['rejections after an excess that waited', { supervisor: 'cusum' }, (_, states) => states.some(({ rejected }) => rejected) && states.some(({ controllers }) => (controllers['cusum']?.[0] ?? 0n) > 0n), 3],
    ['halved α in a step that goes on', { supervisor: 'rollback' }, (_, states) => states.some(({ rejected, controllers }) => !rejected && (controllers['halvings']?.[0] ?? 0n) > 0n), 3],
    ['accepted after `patience` rejections', { supervisor: 'rollback' }, (plan, states) =>
      states.some(({ rejected, controllers }, step) => !rejected && plan.supervisor.patience! > 0 && controllers['rejected']?.[0] === 0n && states[step - 1]?.controllers['rejected']?.[0] === BigInt(plan.supervisor.patience!)), 2],
    ['rails that bind', { throttle: 'rails/trace', supervisor: 'none' }, (plan, states, seen) => {
      const one = 1n << BigInt(plan.sites['throttle']!.fractionLength);
      const floor = BigInt(plan.throttle.floor!.raw);
      const quotients = new Map(seen.filter(({ key }) => key === 'throttle').map(({ step, outcome }) => [step, outcome.raw > floor ? outcome.raw : floor]));
      return states.some(({ step, alpha, infeasible }) => !infeasible && alpha > 0n && alpha < (quotients.get(step) ?? one) && alpha < one);
    }, 1],
    ['rails that are passed from the start', { throttle: 'rails/trace' }, (_, states) => states.some(({ infeasible }) => infeasible), 1],
    ['infeasible steps of gt2-qa', { throttle: 'gt2-qa/secant' }, (_, states) => states.some(({ infeasible }) => infeasible), 1],
    ['feasible steps of gt2-qa', { throttle: 'gt2-qa/trace' }, (plan, states) => plan.phases.some(({ throttle }) => throttle) && states.some(({ infeasible }) => !infeasible), 7],
    ['an integrator inside its bounds', { throttle: 'gt2/trace' }, (_, __, seen) => seen.filter(({ key }) => key === 'throttle').length > 3, 3],
    ['clipped gradients', { throttle: 'clip' }, (_, __, seen) => seen.some(({ key }) => key === 'throttle'), 5],
    ['gates closed and open', { anchor: 'gated', supervisor: 'none' }, (plan, states, seen) => {
      const updates = seen.filter(({ key }) => /^layer\d\.update$/.test(key)).length;
      return updates < states.length * parametersOf(plan) && seen.some(({ key }) => /importance/.test(key));
    }, 5],
    ['elastic pulls that are not zero', { anchor: 'elastic' }, (_, __, seen) => seen.some(({ key, outcome }) => /anchorPull/.test(key) && outcome.raw !== 0n), 3],
    ['a C that is held', { throttle: 'gt0/secant' }, (plan, _, seen) =>
      plan.throttle.holdCurvature === true && seen.some(({ key, index, outcome }) => (key === 'squaredNorm' && index === 0 && outcome.raw === 0n)), 1],
    ['a step of no length that is divided by', { throttle: 'gt0/secant' }, (plan, _, seen) =>
      plan.throttle.holdCurvature === false && seen.some(({ key, outcome }) => key === 'norm' && outcome.raw === 0n), 1],
    ['sigmoids clipped', { activation: 'sigmoid' }, (plan, _, seen) =>
      seen.some((one) => one.key === `layer${plan.layers.length - 1}.activation` && Math.abs(value(plan, one)) > 8), 1],
    ['signs of both kinds', { errorRule: 'sign' }, (plan) => plan.errorRule === 'sign', 10],
    ['balanced losses', { balance: true }, (_, __, seen) => new Set(seen.filter(({ key }) => key === 'share').map(({ outcome }) => outcome.raw)).size > 4, 3],
    ['stochastic sites of the controllers', {}, (plan) =>
      Object.entries(plan.sites).some(([key, { rounding }]) => /velocity|average|importance|measureMean|cusum|share/.test(key) && rounding.startsWith('STOCHASTIC')), 7],
    ['negative fractions of the controllers', {}, (plan) =>
      Object.entries(plan.sites).some(([key, { fractionLength }]) => /velocity|average|importance|measureMean|cusum|normRail/.test(key) && fractionLength < 0), 1],
  ])('%s', (_what, options, happened, least) => {
    expect(times(options, happened)).toBeGreaterThanOrEqual(least);
  });
});
