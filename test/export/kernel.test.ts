/** The exported kernel against the core: every row, gradient, update and state of random plans, after every step. */
import { afterAll, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { exportKernel } from '../../src/export/kernel/kernel.js';
import type { Plan } from '../../src/schema/plan.js';
import { randomPlan, type PlanOptions } from '../oracle/plans.js';
import type { Delivered } from '../oracle/state.js';
import { FULL } from '../oracles/tool.js';
import { hasCommand, needCommand, Shop, type Compiler } from './kernel/compile.js';
import { runCore, type CoreRun } from './kernel/core.js';
import { driverText, mainText } from './kernel/driver.js';

const PLANS = FULL ? 150 : 10;
const ORIGIN = [' * made by a test'];

interface Case {
  readonly seed: number;
  readonly prefix: string;
  readonly plan: Plan;
  readonly deliveries: Delivered[];
}

/** Random plans the core takes; a few need wider registers and are refused by both. */
function cases(options: PlanOptions, count: number, first: number): Case[] {
  const made: Case[] = [];
  for (let seed = first; made.length < count; seed++) {
    const { plan, deliveries } = randomPlan(seed, options);
    try {
      exportKernel(plan, { prefix: 'p', origin: ORIGIN });
      made.push({ seed, prefix: `p${seed}`, plan, deliveries });
    } catch (error) {
      if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
    }
  }
  return made;
}

const shops: Shop[] = [];
afterAll(() => shops.forEach((shop) => shop.close()));

/** The lines of each kernel's run. */
async function runKernels(all: readonly Case[], runs: readonly CoreRun[], compiler: Compiler, flags: readonly string[], counters: boolean): Promise<string[][]> {
  const shop = new Shop();
  shops.push(shop);
  for (const { prefix, plan } of all) shop.write({ ...exportKernel(plan, { prefix, origin: ORIGIN }), [`${prefix}_driver.c`]: driverText(plan, prefix) });
  shop.write({ 'main.c': mainText(all.map(({ prefix }) => prefix)) });
  const sources = all.flatMap(({ prefix }) => [`${prefix}_kernel.c`, `${prefix}_driver.c`]);
  await shop.build(compiler, flags, ['main.c', ...sources], 'kernels', (source) => (counters && source !== 'main.c' ? [`-D${source.split('_')[0]!.toUpperCase()}_COUNTERS`] : source === 'main.c' ? ['-Wno-missing-prototypes'] : []));
  const printed = (await shop.run('kernels', runs.map(({ input }) => input).join(''))).split('end\n');
  return printed.slice(0, -1).map((text) => text.trimEnd().split('\n'));
}

const KINDS: [kind: string, options: PlanOptions, first: number][] = [
  ['fitting', {}, 1],
  ['wild', { wild: true }, 1001],
  ['narrow', { narrow: true }, 2001],
  ['trapping', { traps: 2 }, 3001],
  ['wild trapping', { wild: true, traps: 2 }, 4001],
];

describe.each<[Compiler, string[], boolean]>([['gcc', ['-std=c99', '-O1'], true], ['clang', ['-std=c11', '-O1'], false]])('kernels by %s %s', (compiler, flags, counters) => {
  it.each(KINDS)(`${PLANS} random plans, bit for bit after every step: %s`, async (kind, options, first) => {
    const all = cases(options, PLANS, first);
    const runs: CoreRun[] = [];
    for (const { plan, deliveries } of all) runs.push(await runCore(plan, deliveries));
    if (!hasCommand(compiler)) return;
    const printed = await runKernels(all, runs, compiler, flags, counters);
    expect(printed.length).toBe(all.length);
    for (const [k, { seed }] of all.entries()) {
      const { lines, counters: counted } = runs[k]!;
      const got = printed[k]!;
      for (const [step, line] of lines.entries()) {
        const seen = line.startsWith('?') ? got[step]!.replace(/^\S+ \S+/, '? ?') : got[step];
        expect(`step ${step}: ${seen}`, `${kind}, seed ${seed}`).toBe(`step ${step}: ${line}`);
      }
      expect(got.slice(lines.length), `${kind}, seed ${seed}`).toEqual(counters ? counted : []);
    }
  });
});
void needCommand;
