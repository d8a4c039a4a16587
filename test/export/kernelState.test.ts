/** Saved states: their bytes, and what restore makes of bytes that no run has saved. That a saved run goes on bit for bit is part of every other kernel test. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { stateFields } from '../../src/core/stateFields.js';
import { exportKernel } from '../../src/export/kernel/kernel.js';
import type { Plan } from '../../src/schema/plan.js';
import { needCommand, Shop } from './kernel/compile.js';
import { runCore } from './kernel/core.js';
import { restoreMain } from './kernel/restoreMain.js';
import { ORIGIN, randomCases } from './kernel/run.js';

/** What a word of a field can be at least and at most, from docs/state.md and the formats alone. */
function ends(plan: Plan, name: string, index: number): [bigint, bigint] {
  const rails = (key: string): [bigint, bigint] => plan.sites[key]!.rails.map(BigInt) as [bigint, bigint];
  const parameters = plan.layers.flatMap(({ inputs, outputs, bias }, l) => [...Array<string>(inputs * outputs).fill(`layer${l}.weight`), ...Array<string>(bias ? outputs : 0).fill(`layer${l}.bias`)]);
  const gradients = plan.layers.flatMap(({ inputs, outputs, bias }, l) => Array<string>(outputs * (inputs + (bias ? 1 : 0))).fill(`layer${l}.gradient`));
  const { calibration = 0, window = 0, consecutive = 0, hold = 0 } = plan.anchor;
  const most = (value: number): [bigint, bigint] => [0n, BigInt(value)];
  const positive = ([, high]: [bigint, bigint]): [bigint, bigint] => [0n, high];
  switch (name) {
    case 'theta': case 'lastTheta': case 'anchor': return rails(parameters[index]!);
    case 'lastGradient': return rails(gradients[index]!);
    case 'window': return rails('loss');
    case 'history': case 'locked': case 'calibrated': return most(1);
    case 'lossMean': return rails(name);
    case 'curvature': case 'curvatureMean': case 'lossVariance': return positive(rails(name));
    case 'tableAlpha': return positive(rails('throttle'));
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

  const combinations = THROTTLE_NAMES.flatMap((throttle, t) => ANCHOR_NAMES.map((anchor, a) => [throttle, anchor, 8001 + 10 * (t * ANCHOR_NAMES.length + a)] as const));
  it.each(combinations)('%s, %s: bytes that cannot be are refused, all others go on without a fault', async (throttle, anchor, first) => {
    const [{ plan, deliveries, prefix }] = randomCases({ narrow: true, traps: 0, throttle, anchor }, 1, first) as [ReturnType<typeof randomCases>[number]];
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
