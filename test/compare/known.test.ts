/** Known numbers of the gain-drift experiments. Tolerances: the numbers belong to other draws of the same data, so orders of magnitude are held. */
import { describe, expect, it } from 'vitest';
import { compare, type CompareOptions } from '../../src/compare/compare.js';
import { createTrace, type TraceRow } from '../../src/run/trace.js';
import type { ComparisonRun } from '../../src/schema/comparison.js';

async function run(options: CompareOptions): Promise<ComparisonRun> {
  const { runs } = await compare({ tries: false, anchor: ['none'], ...options });
  expect(runs).toHaveLength(1);
  return runs[0]!;
}

async function traced(options: CompareOptions): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  await run({ ...options, trace: ({ plan, throttle, anchor }, dataset) => createTrace(plan, dataset, { throttle, anchor }, (row) => void rows.push(row)) });
  return rows;
}

const DRIFT = 20;

describe('float64', () => {
  it('000A ends near 1e-12', async () => {
    const { float } = await run({ experiment: 'exp-000a', throttle: ['none'] });
    expect(float.finalLoss).toBeGreaterThan(1e-13);
    expect(float.finalLoss).toBeLessThan(1e-11);
    expect(float.maxLoss).toBeLessThan(10);
  });

  it('000B grows by (ηγ²λmax − 1)² a step and is not finite about 173 drift steps in', async () => {
    const { float, verdict } = await run({ experiment: 'exp-000b', throttle: ['none'] });
    expect(float.finite).toBe(false);
    expect(verdict.float).toBe('diverged');
    const rows = await traced({ experiment: 'exp-000b', throttle: ['none'] });
    const notFinite = rows.findIndex((row) => row['float.finite'] === 0) - DRIFT;
    // log(1.8e308)/log(58.8) = 174; the draw's λmax moves it by a few steps.
    expect(Math.abs(notFinite - 173)).toBeLessThanOrEqual(5);
    const growth = Number(rows[DRIFT + 60]!['float.loss']) / Number(rows[DRIFT + 59]!['float.loss']);
    expect(growth).toBeCloseTo((0.5 * Number(rows[DRIFT + 60]!.lambdaMax) - 1) ** 2, 6);
  });

  it('000C with gt0/secant: one spike, then α within 1 % of χ/(ηγ²λmax) for about eight steps, then near 1e-12', async () => {
    const rows = await traced({ experiment: 'exp-000c', throttle: ['gt0/secant'] });
    const drift = rows.slice(DRIFT);
    // The drifted input is in λmax already.
    const ideal = 1.5 / (0.5 * Number(drift[0]!.lambdaMax));
    expect(ideal).toBeCloseTo(0.173, 2);
    expect(drift[0]!['float.alpha']).toBe(1);
    const near = drift.slice(1).findIndex((row) => Math.abs(Number(row['float.alpha']) / ideal - 1) > 0.01);
    expect(near).toBeGreaterThanOrEqual(6);
    expect(near).toBeLessThanOrEqual(10);
    const { float } = await run({ throttle: ['gt0/secant'] });
    expect(float.maxLoss).toBeGreaterThan(100);
    expect(float.maxLossAt).toBe(DRIFT + 1);
    expect(float.finalLoss).toBeGreaterThan(1e-13);
    expect(float.finalLoss).toBeLessThan(2e-11);
    expect(float.alpha!.last).toBeGreaterThan(0.2);
    expect(float.alpha!.last).toBeLessThan(0.26);
  });

  it.each([
    ['a first α of 1/32', 'throttle.firstAlpha=1/32'],
    ['the estimate kept through the drift', 'throttle.keepState=true'],
  ])('000C with gt0/secant and %s: no spike', async (_, set) => {
    const { float } = await run({ throttle: ['gt0/secant'], set: [set] });
    expect(float.maxLoss).toBeLessThan(5);
    expect(float.finalLoss).toBeLessThan(2e-11);
  });

  it('000C with gt0/trace: no spike, α steady near 0.14, ends near 1e-9', async () => {
    const { float } = await run({ throttle: ['gt0/trace'] });
    expect(float.maxLoss).toBeLessThan(5);
    expect(float.finalLoss).toBeGreaterThan(1e-10);
    expect(float.finalLoss).toBeLessThan(1e-8);
    expect(float.alpha!.median).toBeCloseTo(0.14, 1);
    expect(float.alpha!.max! - float.alpha!.min!).toBeLessThan(1e-6);
  });

  it('000C with the table: 5/32 at first, then 3/16 to 1/4, ends below 1e-10', async () => {
    const rows = (await traced({ throttle: ['table'] })).slice(DRIFT + 1);
    const alphas = rows.map((row) => Number(row['float.alpha']));
    expect(alphas.slice(0, 6)).toEqual(Array(6).fill(5 / 32));
    const later = alphas.slice(6, 40).sort((a, b) => a - b);
    const median = later[Math.floor(later.length / 2)];
    expect(median).toBeGreaterThanOrEqual(3 / 16);
    expect(median).toBeLessThanOrEqual(1 / 4);
    const { float } = await run({ throttle: ['table'] });
    expect(float.finalLoss).toBeLessThan(1e-10);
  });

  it('streaming single samples on the secant dead-locks; the trace works', async () => {
    const single = ['experiment.phases.0.batch=1', 'experiment.phases.1.batch=1', 'experiment.phases.0.steps=2000', 'experiment.phases.1.steps=4000', 'experiment.order=shuffled'];
    const secant = await run({ throttle: ['gt0/secant'], set: single });
    const trace = await run({ throttle: ['gt0/trace'], set: single });
    expect(secant.float.alpha!.median).toBeLessThan(0.05);
    expect(trace.float.finalLoss!).toBeLessThan(secant.float.finalLoss! / 100);
  });

  it('the throttle keeps the direction of the update', async () => {
    const rows = await traced({ throttle: ['gt0/secant'] });
    // 100 steps of float64: the update is −α·η·g up to rounding of θ, coarse only where it is tiny beside θ.
    for (const row of rows.slice(0, DRIFT + 30)) expect(Number(row['float.updateCosine'])).toBeGreaterThan(0.999999);
  });
});

describe('fixed, 000C', () => {
  it('WIDE without a throttle is driven to its rails; with gt0 it survives', async () => {
    const none = await run({ profile: 'enabol-wide', throttle: ['none'] });
    expect(none.verdict.fixed).toBe('diverged');
    expect(none.verdict.why.join()).toContain('rails');
    expect(none.fixed.sites['layer0.gradient']!.latePressure).toBeGreaterThan(0.9);
    for (const throttle of ['gt0/secant', 'gt0/trace']) expect((await run({ profile: 'enabol-wide', throttle: [throttle] })).verdict.fixed).toBe('survives');
  });

  it('TIGHT without a throttle limit-cycles with the gradient on its rails; with one it ends in a dead zone', async () => {
    const none = await run({ profile: 'enabol-tight', throttle: ['none'] });
    expect(none.verdict.fixed).toBe('limit cycle');
    expect(none.fixed.sites['layer0.gradient']!.latePressure).toBeGreaterThan(0.5);
    for (const throttle of ['gt0/secant', 'gt0/trace']) {
      const { verdict, fixed } = await run({ profile: 'enabol-tight', throttle: [throttle] });
      expect(verdict.fixed).toBe('dead zone');
      expect(fixed.stillFrom).not.toBeNull();
    }
  });
});

describe('anchors', () => {
  it('the event fires once, within a few steps of the gain jump, on both sides', async () => {
    const { float, fixed } = await run({ experiment: 'anchor-event', throttle: ['none'], anchor: ['event'] });
    for (const side of [float, fixed]) {
      expect(side.events).toBe(1);
      expect(side.eventSteps[0]).toBeGreaterThanOrEqual(1200);
      expect(side.eventSteps[0]).toBeLessThan(1210);
    }
  });

  it('a fixed anchor fails the shift that the event anchor follows', async () => {
    const held = await run({ experiment: 'anchor-event', throttle: ['none'], anchor: ['fixed'] });
    const event = await run({ experiment: 'anchor-event', throttle: ['none'], anchor: ['event'] });
    expect(held.fixed.finalLoss!).toBeGreaterThan(3 * event.fixed.finalLoss!);
  });
});
