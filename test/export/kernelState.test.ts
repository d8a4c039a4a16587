/** Saved states: their bytes, and what restore makes of bytes that no run has saved. That a saved run goes on bit for bit is part of every other kernel test. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { stateFields } from '../../src/core/stateFields.js';
import { exportKernel } from '../../src/export/kernel/kernel.js';
import type { Plan } from '../../src/schema/plan.js';
import { CHOICES } from './choices.js';
import { needCommand, Shop } from './kernel/compile.js';
import { runCore } from './kernel/core.js';
import { restoreMain } from './kernel/restoreMain.js';
import { ORIGIN, randomCases } from './kernel/run.js';

/** What a word of a field can be at least and at most, from docs/state.md and the formats alone. */
function ends(plan: Plan, name: string, index: number): [bigint, bigint] {
  const rails = (key: string): [bigint, bigint] => plan.sites[key]!.rails.map(BigInt) as [bigint, bigint];
  const parameters = plan.layers.flatMap(({ inputs, outputs, bias }, l) => [...Array<string>(inputs * outputs).fill(`layer${l}.weight`), ...Array<string>(bias ? outputs : 0).fill(`layer${l}.bias`)]);
  const gradients = plan.layers.flatMap(({ inputs, outputs, bias }, l) => Array<string>(outputs * (inputs + (bias ? 1 : 0))).fill(`layer${l}.gradient`));
  const kept = (site: 'average' | 'importance'): [bigint, bigint] => rails(parameters[index]!.replace(/\w+$/, site));
  const { calibration = 0, window = 0, consecutive = 0, hold = 0 } = plan.anchor;
  const { backoff = 0, recovery = 1, patience = 0 } = plan.supervisor;
  const most = (value: number): [bigint, bigint] => [0n, BigInt(value)];
  const positive = ([, high]: [bigint, bigint]): [bigint, bigint] => [0n, high];
  switch (name) {
    case 'theta': case 'lastTheta': case 'anchor': case 'snapshot': return rails(parameters[index]!);
    case 'average': case 'importance': return kept(name);
    case 'lastGradient': return rails(gradients[index]!);
    case 'window': return rails('loss');
    case 'history': case 'locked': case 'calibrated': case 'known': return most(1);
    case 'lossMean': case 'velocity': case 'measureMean': return rails(name);
    case 'shares': return rails('shareMean');
    case 'curvature': case 'curvatureMean': case 'lossVariance': case 'cusum': return positive(rails(name));
    case 'alpha': return positive(rails('throttle'));
    case 'rejected': return most(patience === 0 ? 2 ** 32 - 1 : patience);
    case 'accepted': return most(recovery - 1);
    case 'halvings': return most(backoff);
    case 'balanced': return most(plan.balance!.warmup!);
    case 'holdLeft': return most(hold);
    case 'seen': return most(Math.max(calibration - 1, window));
    case 'windowAt': return most(window - 1);
    case 'above': return most(consecutive);
    case 'events': return most(2 ** 32 - 1);
    case 'lossSum': return rails('loss').map((end) => end * BigInt(calibration)) as [bigint, bigint];
    case 'squareSum': return [0n, rails('loss').map((end) => end * end).reduce((a, b) => (a > b ? a : b)) * BigInt(calibration)];
    case 'squareSumHigh': return [0n, 0n];
    default: throw new RangeError(name);
  }
}

describe('a state of a kernel', () => {
  const shop = new Shop();
  afterAll(() => shop.close());
  beforeEach((context) => needCommand(context, 'gcc'));

  const choices = CHOICES.map((choice, index) => ({ ...choice, balance: index % 5 === 0, first: 8001 + 10 * index }));
  it.each(choices)('$throttle, $anchor, $supervisor: bytes that cannot be are refused, all others go on without a fault', async ({ first, ...laws }) => {
    const [{ plan, deliveries, prefix }] = randomCases({ narrow: true, traps: 0, ...laws }, 1, first) as [ReturnType<typeof randomCases>[number]];
    const files = exportKernel(plan, { prefix, origin: ORIGIN });
    const steps = plan.phases.reduce((sum, phase) => sum + phase.steps, 0);
    const fields = stateFields(plan);
    const words: { name: string; ends: [bigint, bigint] }[] = [
      { name: 'step', ends: [0n, BigInt(steps)] },
      ...fields.flatMap(({ name, count }) => Array.from({ length: count }, (_, index) => ({ name, ends: ends(plan, name, index) }))),
    ];
    expect(files[`${prefix}_kernel.h`]).toContain(`_STATE_BYTES UINT32_C(${8 * words.length})\n`);

    shop.write({ ...files, 'main.c': restoreMain(prefix, steps >> 1) });
    await shop.build('gcc', ['-std=c99', '-fsanitize=undefined', '-fno-sanitize-recover=all'], ['main.c', `${prefix}_kernel.c`], prefix);
    const { input } = await runCore(plan, deliveries);
    const lines = (await shop.run(prefix, input)).trim().split('\n').map((line) => line.split(' '));
    expect(lines.length).toBe(10 * words.length);
    const taken = new Set<string>();
    for (const [k, value, refused] of lines) {
      const { name, ends: [low, high] } = words[Number(k)]!;
      if (BigInt(value!) < low || BigInt(value!) > high) expect(`${name} ${value}: ${refused}`).toBe(`${name} ${value}: 1`);
      if (refused === '0') taken.add(name);
    }
    // every field takes some word: refusing all would pass for caution
    expect([...taken].sort()).toEqual([...new Set(words.map(({ name }) => name))].sort());
  });
});
