/** Exported kernels of many plans, compiled into one program and run. */
import { expect } from 'vitest';
import { QrailsError } from '../../../src/errors.js';
import { exportKernel } from '../../../src/export/kernel/kernel.js';
import type { Plan } from '../../../src/schema/plan.js';
import { randomPlan, type PlanOptions } from '../../oracle/plans.js';
import type { Delivered } from '../../oracle/state.js';
import type { Compiler, Shop } from './compile.js';
import type { CoreRun } from './core.js';
import { driverText, mainText } from './driver.js';

export const ORIGIN = [' * made by a test'];

export interface Case {
  /** What messages call it. */
  readonly name: string;
  readonly prefix: string;
  readonly plan: Plan;
  readonly deliveries: readonly Delivered[];
}

/** Random plans the kernel takes; a few need wider registers and are refused as by the core. */
export function randomCases(options: PlanOptions, count: number, first: number): Case[] {
  const made: Case[] = [];
  for (let seed = first; made.length < count; seed++) {
    const { plan, deliveries } = randomPlan(seed, options);
    try {
      exportKernel(plan, { prefix: 'p', origin: ORIGIN });
      made.push({ name: `seed ${seed}`, prefix: `p${seed}`, plan, deliveries });
    } catch (error) {
      if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
    }
  }
  return made;
}

export interface RunSetup {
  readonly compiler: Compiler;
  readonly flags: readonly string[];
  /** With the counters of the sites compiled in. */
  readonly counters?: boolean;
  /** A change of the source of a kernel. */
  readonly edit?: (source: string, prefix: string) => string;
  /** How to start the program, by its path. */
  readonly start?: (program: string) => readonly [string, ...string[]];
}

/** The lines each kernel printed. */
export async function runKernels(shop: Shop, all: readonly Case[], runs: readonly CoreRun[], { compiler, flags, counters = false, edit = (source) => source, start }: RunSetup): Promise<string[][]> {
  for (const { prefix, plan } of all) {
    const { [`${prefix}_kernel.c`]: source, ...others } = exportKernel(plan, { prefix, origin: ORIGIN });
    shop.write({ ...others, [`${prefix}_kernel.c`]: edit(source!, prefix), [`${prefix}_driver.c`]: driverText(plan, prefix) });
  }
  shop.write({ 'main.c': mainText(all.map(({ prefix }) => prefix)) });
  const sources = all.flatMap(({ prefix }) => [`${prefix}_kernel.c`, `${prefix}_driver.c`]);
  // What is around the kernel is compiled plainly, to be quick.
  const own = (source: string): string[] => [
    ...(counters && source !== 'main.c' ? [`-D${source.split('_')[0]!.toUpperCase()}_COUNTERS`] : []), ...(source.endsWith('_kernel.c') ? [] : ['-O0', '-fno-sanitize=all']),
  ];
  await shop.build(compiler, flags, ['main.c', ...sources], 'kernels', own);
  const printed = (await shop.run('kernels', runs.map(({ input }) => input).join(''), start)).split('end\n');
  return printed.slice(0, -1).map((text) => text.trimEnd().split('\n'));
}

/** Holds what kernels printed to the core, line by line. */
export function expectSame(all: readonly Case[], runs: readonly CoreRun[], printed: readonly string[][], counters = false): void {
  expect(printed.length).toBe(all.length);
  for (const [k, { name }] of all.entries()) {
    const { lines, counters: counted } = runs[k]!;
    const got = printed[k]!;
    for (const [step, line] of lines.entries()) {
      const seen = line.startsWith('?') ? got[step]!.replace(/^\S+ \S+/, '? ?') : got[step];
      expect(`step ${step}: ${seen}`, name).toBe(`step ${step}: ${line}`);
    }
    expect(got.slice(lines.length), name).toEqual(counters ? counted : []);
  }
}
