/** Kernels of shipped targets under the sanitiser for undefined behaviour, at several levels of optimisation, against the core. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { list } from '../../src/document/catalogue.js';
import { FULL } from '../oracles/tool.js';
import { needCommand, Shop } from './kernel/compile.js';
import { runCore, type CoreRun } from './kernel/core.js';
import { expectSame, randomCases, runKernels, type Case } from './kernel/run.js';
import { shippedCases } from './kernel/shipped.js';

const SANITISE = ['-std=c99', '-fsanitize=undefined', '-fno-sanitize-recover=all'];
const LEVELS = ['-O0', '-O2', '-O3'];

describe('kernels under the sanitiser', () => {
  const shop = new Shop();
  afterAll(() => shop.close());
  beforeEach((context) => needCommand(context, 'gcc'));

  const check = async (all: readonly Case[], level: string): Promise<void> => {
    const runs: CoreRun[] = [];
    for (const { plan, deliveries } of all) runs.push(await runCore(plan, deliveries));
    expectSame(all, runs, await runKernels(shop, all, runs, { compiler: 'gcc', flags: [...SANITISE, level] }));
  };

  it('the covering set has every pair', async () => {
    const all = await shippedCases(true);
    // Some targets cannot divide.
    expect(all.length).toBeGreaterThan(0.7 * list('profile').length * THROTTLE_NAMES.length);
    const pairs = (first: readonly string[], second: readonly string[]): void => {
      for (const one of first) for (const two of second) expect(all.some(({ name }) => name.split(' ').includes(one) && name.split(' ').includes(two)), `${one} ${two}`).toBe(true);
    };
    pairs(THROTTLE_NAMES.filter((name) => name !== 'none'), ANCHOR_NAMES.filter((name) => name !== 'none'));
    pairs(THROTTLE_NAMES.filter((name) => name !== 'none'), SUPERVISOR_NAMES.filter((name) => name !== 'none'));
    pairs(ANCHOR_NAMES.filter((name) => name !== 'none'), SUPERVISOR_NAMES.filter((name) => name !== 'none'));
  });

  it.each(LEVELS)('shipped targets with throttles and anchors, %s', async (level) => {
    const all = (await shippedCases(FULL)).filter((_, index) => LEVELS[(index + Math.floor(index / THROTTLE_NAMES.length)) % LEVELS.length] === level);
    await check(all, level);
  }, 1_800_000);

  it.each(LEVELS)('random wild plans, %s', async (level) => {
    const count = FULL ? 40 : 3;
    await check(randomCases({ wild: true, traps: 1 }, count, 5001 + 100 * LEVELS.indexOf(level)), level);
  }, 1_800_000);
});
