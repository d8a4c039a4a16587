/** The kernel on processors that are not the host: an AVR with an int of 16 bits in simavr, an ARM of 32 bits in qemu. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { exportKernel } from '../../src/export/kernel/kernel.js';
import { FULL } from '../oracles/tool.js';
import { avrLines, avrMain, MCU } from './kernel/avr.js';
import { needCommand, Shop } from './kernel/compile.js';
import { runCore, type CoreRun } from './kernel/core.js';
import { expectSame, ORIGIN, randomCases, runKernels, type Case } from './kernel/run.js';

const shops: Shop[] = [];
const shop = (): Shop => {
  const made = new Shop();
  shops.push(made);
  return made;
};
afterAll(() => shops.forEach((made) => made.close()));

/** Of these plans those of fewest products, which a simulated controller does in seconds. */
function smallest(all: readonly Case[], count: number): Case[] {
  const products = ({ plan }: Case): number => plan.phases.reduce((sum, { steps, batch }) => sum + steps * batch, 0) * plan.layers.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  return [...all].sort((a, b) => products(a) - products(b)).slice(0, count);
}

describe('kernels on an AVR', () => {
  const count = FULL ? 20 : 3;
  beforeEach((context) => {
    needCommand(context, 'avr-gcc');
    needCommand(context, 'simavr');
  });

  it.each([['narrow', { narrow: true }, 6001], ['wild', { wild: true }, 6101]] as const)(`${count} random %s plans, checksums after every step`, async (_kind, options, first) => {
    const made = shop();
    for (const { name, prefix, plan, deliveries } of smallest(randomCases(options, 4 * count, first), count)) {
      const run = await runCore(plan, deliveries);
      made.write({ ...exportKernel(plan, { prefix, origin: ORIGIN }), 'main.c': avrMain(prefix, run) });
      await made.build('avr-gcc', ['-std=gnu99', `-mmcu=${MCU}`, '-Os'], [`${prefix}_kernel.c`, 'main.c'], `${prefix}.elf`, (source) => (source === 'main.c' ? ['-Wno-conversion', '-Wno-sign-conversion'] : ['-std=c99']));
      const { stdout, stderr } = spawnSync('simavr', ['-m', MCU, '-f', '16000000', `${prefix}.elf`], { cwd: made.dir, encoding: 'utf8', timeout: 60_000 });
      // The simulator colours what the UART prints and marks its line ends with a dot.
      const printed = `${stdout}${stderr}`.replace(/\x1b\[\d+m/g, '').split(/\.?\n/).filter((line) => /^(\d )?[0-9a-f]{8}$/.test(line));
      expect(printed, name).toEqual(avrLines(run));
    }
  }, 900_000);
});

describe('kernels on an ARM', () => {
  const count = FULL ? 40 : 3;
  it(`${count} random plans of each kind, bit for bit after every step`, async (context) => {
    needCommand(context, 'arm-linux-gnueabihf-gcc');
    needCommand(context, 'qemu-arm');
    const all = [...randomCases({}, count, 7001), ...randomCases({ wild: true }, count, 7101), ...randomCases({ narrow: true }, count, 7201)];
    const runs: CoreRun[] = [];
    for (const { plan, deliveries } of all) runs.push(await runCore(plan, deliveries));
    const printed = await runKernels(shop(), all, runs, {
      compiler: 'arm-linux-gnueabihf-gcc', flags: ['-std=c99', '-O1', '-static'], start: (program) => ['qemu-arm', program],
    });
    expectSame(all, runs, printed);
  }, 900_000);
});
