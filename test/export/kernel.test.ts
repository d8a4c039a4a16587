/** The exported kernel against the core: every row, gradient, update, state and counter of random plans, after every step. */
import { afterAll, beforeEach, describe, it } from 'vitest';
import type { PlanOptions } from '../oracle/plans.js';
import { FULL } from '../oracles/tool.js';
import { needCommand, Shop } from './kernel/compile.js';
import { runCore, type CoreRun } from './kernel/core.js';
import { expectSame, randomCases, runKernels, type RunSetup } from './kernel/run.js';

const PLANS = FULL ? 150 : 8;

const KINDS: [kind: string, options: PlanOptions, first: number][] = [
  ['fitting', {}, 1],
  ['wild', { wild: true }, 1001],
  ['narrow', { narrow: true }, 2001],
  ['trapping', { traps: 2 }, 3001],
  ['wild trapping', { wild: true, traps: 2 }, 4001],
];

const SETUPS: RunSetup[] = [
  { compiler: 'gcc', flags: ['-std=c99', '-O1'], counters: true },
  { compiler: 'clang', flags: ['-std=c11', '-O1'] },
];

describe.each(SETUPS)('kernels by $compiler $flags', (setup) => {
  const shop = new Shop();
  afterAll(() => shop.close());
  beforeEach((context) => needCommand(context, setup.compiler));

  it.each(KINDS)(`${PLANS} random %s plans, bit for bit after every step`, async (_kind, options, first) => {
    const all = randomCases(options, PLANS, first);
    const runs: CoreRun[] = [];
    for (const { plan, deliveries } of all) runs.push(await runCore(plan, deliveries));
    expectSame(all, runs, await runKernels(shop, all, runs, setup), setup.counters);
  }, 600_000);
});
