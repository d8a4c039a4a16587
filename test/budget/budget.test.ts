/** The error budget against runs made by hand and against what must hold of any. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { errorBudget } from '../../src/budget/budget.js';
import { renderBudget } from '../../src/budget/text.js';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { loadCore } from '../../src/core/load.js';
import { runMixed } from '../../src/run/mixed.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';

const SMALL = { experiment: 'exp-000c', throttle: ['gt0/secant'], set: ['experiment.phases[0].batch=32', 'experiment.phases[1].batch=32'], steps: 60 };

describe('a budget', async () => {
  const budget = await errorBudget({ ...SMALL, profile: 'enabol-mid', seeds: 3 });
  const site = (key: string): (typeof budget.sites)[number] => budget.sites.find((one) => one.key === key)!;

  it('is valid, and lists every site that rounds once, dearest first', async () => {
    expect(await findProblems(SCHEMAS.budget, structuredClone(budget))).toEqual([]);
    const keys = budget.sites.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of ['input', 'target', 'layer0.weight', 'layer0.accumulator', 'norm', 'throttle', 'loss']) expect(keys).toContain(key);
    // No bias, no product of its own, no anchor; 1.5 and 0.5 fit their formats.
    for (const key of ['layer0.bias', 'layer0.product', 'layer0.anchorPull', 'throttleTarget', 'learningRate']) expect(keys).not.toContain(key);
    const prices = budget.sites.map(({ alone }) => alone.excess.median ?? Infinity);
    expect(prices).toEqual([...prices].sort((a, b) => b - a));
  });

  it('gives what runs of single seeds give, and the float64 of compare', async () => {
    const core = await loadCore();
    const losses: { float: number; alone: number; without: number }[] = [];
    for (const seed of [46, 47, 48]) {
      const { variants: [variant], dataset } = await prepare({ ...SMALL, profile: 'enabol-mid', anchor: ['none'], seed });
      const { plan } = variant!;
      const keys = budget.sites.map(({ key }) => key);
      losses.push({
        float: runMixed(core, plan, dataset, []).loss,
        alone: runMixed(core, plan, dataset, ['layer0.weight']).loss,
        without: runMixed(core, plan, dataset, keys.filter((key) => key !== 'layer0.weight')).loss,
      });
    }
    const middle = (values: number[]): number => values.sort((a, b) => a - b)[1]!;
    expect(budget.float.median).toBe(middle(losses.map(({ float }) => float)));
    expect(site('layer0.weight').alone.loss.median).toBe(middle(losses.map(({ alone }) => alone)));
    expect(site('layer0.weight').alone.lossDb.median).toBe(middle(losses.map(({ alone, float }) => 10 * Math.log10(alone / float))));
    expect(site('layer0.weight').withoutIt.loss.median).toBe(middle(losses.map(({ without }) => without)));
    const { runs: [run] } = await compare({ ...SMALL, anchor: ['none'], tries: false });
    // The same sum in another order.
    expect(losses[0]!.float / run!.float.finalLoss! - 1).toBeCloseTo(0, 9);
  });

  it('tries every rounding of a site alone, the target\'s own among them', () => {
    for (const { rounding, alone, roundings } of budget.sites) expect(roundings.find((one) => one.rounding === rounding)!.lossDb).toEqual(alone.lossDb);
    // Truncation biases what feeds the weights; rounding does not.
    const db = (key: string, rounding: string): number => site(key).roundings.find((one) => one.rounding === rounding)!.lossDb.median!;
    expect(db('layer0.gradient', 'TRN')).toBeGreaterThan(db('layer0.gradient', 'RND'));
  });

  it('is the same again, and prints every site that costs something', async () => {
    expect(await errorBudget({ ...SMALL, profile: 'enabol-mid', seeds: 3 })).toEqual(budget);
    const text = renderBudget(budget);
    for (const { key } of budget.sites) expect(text).toContain(key);
    expect(text).toContain('medians of 3 seeds');
  });
});

it('wide formats and a rate that fits cost nothing, and then nothing fails to add up', async () => {
  const wide = (name: string, wordLength: number, fractionLength: number): string => `profile.sites.${name}=${JSON.stringify({ wordLength, fractionLength, source: 'wide' })}`;
  const set = [
    'experiment.phases[0].batch=32', 'experiment.phases[0].learningRate=1/16', wide('accumulator', 60, 40), wide('loss', 60, 40),
    ...['input', 'activation', 'gradient', 'update', 'weight'].map((name) => wide(name, 32, 24)),
  ];
  const { float, all, sites } = await errorBudget({ experiment: 'exp-000a', throttle: ['none'], profile: 'enabol-mid', steps: 60, set, seeds: 1 });
  const nothing = 1e-4 * float.median!;
  expect(Math.abs(all.excess.median!)).toBeLessThan(nothing);
  for (const { key, alone } of sites) expect(Math.abs(alone.excess.median!), key).toBeLessThan(nothing);
});

it('refuses what makes no budget', async () => {
  await expect(errorBudget({ ...SMALL, throttle: ['none', 'gt0/secant'] })).rejects.toMatchObject({ message: expect.stringContaining('a budget is of one throttle') as string });
  await expect(errorBudget({ ...SMALL, seeds: 0 })).rejects.toMatchObject({ exitCode: 2 });
  const aborted = AbortSignal.abort();
  await expect(errorBudget({ ...SMALL, seeds: 1, signal: aborted })).rejects.toMatchObject({ name: 'AbortError' });
});

it('runs from the command line', () => {
  const run = (...args: string[]): string => execFileSync(process.execPath, ['bin/qrails.js', 'budget', '--steps', '20', '--seeds', '1', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  expect(JSON.parse(run('exp-000a', '--json'))).toMatchObject({ budget: 1, plan: { experiment: 'exp-000a', throttle: 'none', seeds: 1 } });
  expect(run('exp-000a')).toMatch(/^site +format +rounding/m);
});
