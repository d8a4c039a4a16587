/** Simulators and compilers for exports of hardware, each in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { prepare, type RunOptions } from '../../src/compare/prepare.js';
import { benchFrom, type HdlBench } from '../../src/export/hdl/fill.js';
import type { LanguageOptions } from '../../src/export/hdl/languages.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Dataset } from '../../src/signal/dataset.js';
import type { PlanOptions } from '../oracle/plans.js';
import { randomRun } from './goldenRuns.js';

const VERSION_OPTION: Readonly<Record<string, string>> = { iverilog: '-V', yosys: '-V' };
const found = new Map<string, boolean>();

/** Skips the test where a tool is missing, unless QRAILS_REQUIRE_ORACLES says that it must be there. */
export function needCommand(context: TestContext, ...commands: ('iverilog' | 'verilator' | 'ghdl' | 'yosys' | 'rustc' | 'python3')[]): void {
  for (const command of commands) {
    let there = found.get(command);
    if (there === undefined) found.set(command, (there = spawnSync(command, [VERSION_OPTION[command] ?? '--version']).status === 0));
    if (there) continue;
    if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${command} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
    context.skip(`${command} is not installed`);
  }
}

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface Ended {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly said: string;
}

/** Files in a temporary folder, and programs run in it. */
export class HdlFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'qrails-hdl-'));

  constructor(readonly files: Files) {
    this.write(files);
  }

  write(files: Files): void {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.dir, name), content);
  }

  /** Names of files that end like this. */
  ending(...ends: readonly string[]): string[] {
    return ends.flatMap((end) => Object.keys(this.files).filter((name) => name.endsWith(end)));
  }

  run(command: string, args: readonly string[]): Ended {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: this.dir, encoding: 'utf8', maxBuffer: 1e8 });
    if (error) throw error;
    return { code: status, said: `${stdout}${stderr}` };
  }

  /** Compiles and runs the SystemVerilog bench; what the compiler said first. */
  iverilog(): Ended {
    const made = this.run('iverilog', ['-g2012', '-Wall', '-o', 'bench', ...this.ending('_pkg.sv', '_prim.sv', '_tb.sv')]);
    return made.code === 0 && made.said === '' ? this.run('vvp', ['bench']) : made;
  }

  /** Analyses and runs the VHDL bench. */
  ghdl(): Ended {
    const made = this.run('ghdl', ['-a', '--std=08', ...this.ending('_pkg.vhd', '_prim.vhd', '_tb.vhd')]);
    return made.code === 0 && made.said === '' ? this.ghdlAgain() : made;
  }

  /** Runs what was analysed. */
  ghdlAgain(): Ended {
    return this.run('ghdl', ['-r', '--std=08', 'demo_tb']);
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Runs in a folder that is removed afterwards. */
export function inFolderOf<T>(files: Files, visit: (folder: HdlFolder) => T): T {
  const folder = new HdlFolder(files);
  try {
    return visit(folder);
  } finally {
    folder.close();
  }
}

export interface Exported {
  readonly plan: Plan;
  readonly dataset: Dataset;
  readonly names: LanguageOptions;
}

/** The last variant of gain drift with batches short enough for a quick bench. */
export async function driftOf(options: RunOptions, batch = 12): Promise<Exported> {
  const prepared = await prepare({ ...options, set: [...(options.set ?? []), ...[0, 1].map((phase) => `experiment.phases.${phase}.batch=${batch}`)] });
  const { plan, hash, throttle, anchor } = prepared.variants.at(-1)!;
  return {
    plan, dataset: prepared.dataset,
    names: {
      name: 'demo', title: 'gain drift', experiment: prepared.experiment.name, profile: prepared.profile.name, sensor: prepared.sensor.name, throttle, anchor, planHash: hash, toolVersion: '0.1.0',
    },
  };
}

export const drift = {
  /** 8 to 14 bits, saturating. */
  narrow: { profile: 'enabol-tight', throttle: ['gt0/secant'] },
  /** A 48-bit accumulator that wraps, the mean of a batch by shifts. */
  slice: { profile: 'dsp48e1', throttle: ['gt0/trace'] },
  table: { profile: 'enabol-tight', throttle: ['table'] },
} as const satisfies Record<string, RunOptions>;

/** A random plan with its bench. */
export async function randomBench(seed: number, options: PlanOptions): Promise<{ plan: Plan; bench: HdlBench }> {
  const { plan, batches } = randomRun(seed, options);
  return { plan, bench: await benchFrom(plan, batches.map((batch, step) => ({ ...batch, step, unchanged: false }))) };
}

/** The same text with one bit of the hexadecimal digit at `place` the other way round. */
export function flipDigit(text: string, place: number, bit = 0): string {
  return `${text.slice(0, place)}${(Number.parseInt(text[place]!, 16) ^ (1 << bit)).toString(16).toUpperCase()}${text.slice(place + 1)}`;
}
