/** Golden values are what an independent implementation computes, and cover what the budget says. */
import { describe, expect, it } from 'vitest';
import { FLAGS } from '../../src/core/abi.js';
import { loadCore } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { stateCrc32 } from '../../src/core/state.js';
import { GOLDEN_BUDGET, GOLDEN_LIMIT, goldenOf, goldenRun, initialState, type Golden } from '../../src/export/golden/run.js';
import { planSteps, runPair } from '../../src/run/pair.js';
import { fromBinary64, Site } from '../oracle/exact.js';
import { runFixed } from '../oracle/fixed.js';
import type { StepState } from '../oracle/state.js';
import { CHOICES } from './choices.js';
import { randomRun, shipped } from './goldenRuns.js';

const texts = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));

describe('golden values of random plans', () => {
  const cases = CHOICES.map((choice, index) => ({ ...choice, seed: 40 + index }));
  it.each(cases)('are those of the oracle: $throttle, $anchor, $supervisor', async ({ seed, ...laws }) => {
    for (const options of [{ traps: 0 }, { traps: 0, wild: true }, { traps: 3 }]) {
      const { plan, deliveries, batches, evaluation } = randomRun(seed, { ...laws, ...options });
      const states: StepState[] = [];
      const { finalLoss, trapped, counters } = runFixed(plan, deliveries, (state) => states.push(state));
      const quantised = (key: 'input' | 'target', values: Float64Array, step: number): number[] => {
        const site = new Site(plan.sites[key]!, { key, seed: plan.seed });
        return Array.from(values, (value, element) => Number(site.quantise(fromBinary64(value), step, element).n));
      };
      const golden = await goldenOf(plan, batches, evaluation);
      expect(golden.steps.length).toBe(states.length);
      golden.steps.forEach(({ row, flags, events, parameters, batch }, step) => {
        const { loss, alpha, rate, curvature, curvatureMean, stalled, zeroUpdate, infeasible, pulling, rejected, weights, events: sofar } = states[step]!;
        expect(texts([row, events, parameters]), `step ${step}`).toBe(texts([{ loss, alpha, rate, curvature, curvatureMean }, sofar, weights.map((layer) => layer.map(Number))]));
        const { throttled } = FLAGS;
        expect(flags & ~throttled).toBe(Object.entries({ stalled, zeroUpdate, infeasible, pulling, rejected }).reduce((sum, [name, on]) => sum + (on ? FLAGS[name as keyof typeof FLAGS] : 0), 0));
        const { count, inputs, targets } = batches[step]!;
        expect(golden.batches[batch]).toEqual({ count, inputs: quantised('input', inputs, step), targets: quantised('target', targets, step) });
      });
      expect(golden.evaluation.loss).toBe(finalLoss);
      const { count, inputs, targets } = evaluation;
      expect(golden.batches[golden.evaluation.batch]).toEqual({ count, inputs: quantised('input', inputs, states.length), targets: quantised('target', targets, states.length) });
      expect(golden.trapped).toBe(trapped);
      const inside = Object.entries(counters).some(([key, { overflowHigh, overflowLow }]) => key !== 'input' && key !== 'target' && plan.sites[key]!.overflow === 'TRAP' && overflowHigh + overflowLow > 0);
      expect(golden.trappedInside).toBe(inside);
      expect(golden.state.step).toBe(states.length);
    }
  });

  it('end in the state of a run in one go, and begin with zeros behind the parameters', async () => {
    for (const seed of [7, 8, 9]) {
      const { plan, batches, evaluation } = randomRun(seed, { throttle: 'gt0/secant', anchor: 'event', traps: 0, balance: false });
      const golden = await goldenOf(plan, batches, evaluation);
      const session = new Session(await loadCore(), plan, 'fixed');
      for (const batch of batches) session.push(batch);
      const { step, values } = session.save('0'.repeat(64));
      expect(golden.state).toEqual({ step, values });
      expect(golden.stateCrc32).toBe(stateCrc32(plan, { step, values }));
      expect(golden.steps.at(-1)!.stateCrc32).toBe(golden.stateCrc32);
      const { theta, ...kept } = (await initialState(plan)).values;
      expect(theta).toEqual(plan.initial.flatMap(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw]));
      expect(new Set(Object.values(kept).flat())).toEqual(new Set(['0']));
    }
  });

  it('of a beginning are the beginning', async () => {
    const { plan, batches, evaluation } = randomRun(21, { throttle: 'table', anchor: 'fixed', traps: 0 });
    const whole = await goldenOf(plan, batches, evaluation);
    const { steps, planSteps: all, state } = await goldenOf(plan, batches, evaluation, { steps: 2 });
    expect(texts(steps)).toBe(texts(whole.steps.slice(0, 2)));
    expect([all, state.step]).toEqual([whole.steps.length, 2]);
    expect((await goldenOf(plan, batches, evaluation, { steps: 1e9 })).steps.length).toBe(whole.steps.length);
  });
});

describe('golden values of experiments', () => {
  const wordsOf = ({ steps, batches, state }: Golden): number =>
    steps.reduce((sum, { parameters }) => sum + 5 + 2 + 1 + 1 + parameters.flat().length, 0) +
    batches.reduce((sum, { inputs, targets }) => sum + inputs.length + targets.length + 2, 0) + 1 + Object.values(state.values).flat().length;

  it('keep exp-000c whole, its two batches once, and end with its final loss', async () => {
    const { plan, dataset } = await shipped({});
    const golden = await goldenRun(plan, dataset);
    expect(golden.steps.map(({ batch }) => batch)).toEqual([...Array<number>(20).fill(0), ...Array<number>(100).fill(1)]);
    expect(golden.batches.map(({ count }) => count)).toEqual([1000, 1000]);
    const { finalLossRaw, parametersRaw } = (await runPair(plan, dataset)).fixed;
    expect(golden.evaluation).toMatchObject({ batch: 1, loss: finalLossRaw });
    expect(golden.steps.at(-1)!.parameters).toEqual(parametersRaw);
    expect(golden.words).toBe(wordsOf(golden));
  });

  it('find batches again that come back in every pass', async () => {
    const { plan, dataset } = await shipped({ experiment: 'anchor-event', steps: 200 });
    const { steps, batches } = await goldenRun(plan, dataset);
    expect(steps.length).toBe(200);
    expect(batches.length).toBeLessThanOrEqual(Math.ceil(1000 / 16) + 1);
  });

  it('cover as many steps as fit', async () => {
    const { plan, dataset } = await shipped({ experiment: 'exp-000c', set: ['experiment.order=shuffled', 'experiment.phases.0.batch=500', 'experiment.phases.1.batch=500'] });
    const golden = await goldenRun(plan, dataset);
    expect(golden.steps.length).toBeLessThan(planSteps(plan));
    expect(golden.words).toBe(wordsOf(golden));
    expect(golden.words).toBeLessThanOrEqual(GOLDEN_BUDGET);
    expect(golden.words + 500 * 6 + 2 + 9 + 8).toBeGreaterThan(GOLDEN_BUDGET);
    // more are taken when asked for
    const more = await goldenRun(plan, dataset, { steps: golden.steps.length + 2 });
    expect(more.steps.length).toBe(golden.steps.length + 2);
    expect(texts(more.steps.slice(0, golden.steps.length))).toBe(texts(golden.steps));
  });

  it('cover a first step that is larger than the budget, and refuse what is out of reach', async () => {
    const large = Math.ceil(GOLDEN_BUDGET / 6);
    const { plan, dataset } = await shipped({ set: [`experiment.data.rows=${large}`] });
    expect((await goldenRun(plan, dataset)).steps.length).toBe(1);
    const sets = [`experiment.data.rows=${Math.ceil(GOLDEN_LIMIT / 6)}`];
    const tooLarge = await shipped({ set: sets });
    await expect(goldenRun(tooLarge.plan, tooLarge.dataset)).rejects.toThrow(/golden values of 1 step are too many/);
    const many = await shipped({ set: [`experiment.data.rows=${Math.ceil(GOLDEN_LIMIT / 36)}`, 'experiment.order=shuffled'] });
    await expect(goldenRun(many.plan, many.dataset, { steps: 6 })).rejects.toThrow(/golden values of 6 steps are too many[^]*--golden-steps 5/);
  });
});
