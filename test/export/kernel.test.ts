/** The exported kernel against the core: every row, gradient, update, state and counter of random plans, after every step. */
import { afterAll, beforeEach, describe, it } from 'vitest';
import type { PlanOptions } from '../oracle/plans.js';
import { FULL } from '../oracles/tool.js';
import { CHOICES } from './choices.js';
import { needCommand, Shop } from './kernel/compile.js';
import { runCore, type CoreRun } from './kernel/core.js';
import { expectSame, randomCases, runKernels, type Case, type RunSetup } from './kernel/run.js';

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

/** Cases against the core, bit for bit after every step. */
async function check(shop: Shop, all: readonly Case[], setup: RunSetup): Promise<void> {
  const runs: CoreRun[] = [];
  for (const { plan, deliveries } of all) runs.push(await runCore(plan, deliveries));
  expectSame(all, runs, await runKernels(shop, all, runs, setup), setup.counters);
}

describe.each(SETUPS)('kernels by $compiler $flags', (setup) => {
  const shop = new Shop();
  afterAll(() => shop.close());
  beforeEach((context) => needCommand(context, setup.compiler));

  it.each(KINDS)(`${PLANS} random %s plans, bit for bit after every step`, async (_kind, options, first) => {
    await check(shop, randomCases(options, PLANS, first), setup);
  }, 600_000);
});

describe('kernels with every controller', () => {
  const shop = new Shop();
  afterAll(() => shop.close());
  beforeEach((context) => needCommand(context, 'gcc'));

  it(`${CHOICES.length} random plans, fitting, wild and narrow in turn, bit for bit after every step`, async () => {
    const kinds: PlanOptions[] = [{}, { wild: true }, { narrow: true }];
    const all = CHOICES.flatMap((choice, index) => randomCases({
      ...kinds[index % kinds.length], ...choice, traps: 0, balance: index % 5 === 1, errorRule: index % 4 === 2 ? 'sign' : 'difference', activation: index % 4 === 1 ? 'sigmoid' : 'linear',
    }, 1, 11_001 + 20 * index));
    await check(shop, all, { compiler: 'gcc', flags: ['-std=c99', '-fsanitize=undefined', '-fno-sanitize-recover=all'], counters: true });
  }, 1_800_000);
});
