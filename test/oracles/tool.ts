/** Tools of the oracle lanes: found, compiled once per run in a temporary folder, run on a text. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** Where Debian and most others put what comes with yosys. */
const YOSYS = '/usr/share/yosys';

/** The cell models of a family that come with yosys. */
export function cells(family: string): string {
  return join(YOSYS, family, 'cells_sim.v');
}

/** How to find out whether a tool is there: this command, fed this text, ends with 0. */
const PROBES = {
  'SystemC': { command: 'g++', args: ['-E', '-x', 'c++', '-'], input: '#if !__has_include(<systemc>)\n#error\n#endif\n' },
  'ghdl': { command: 'ghdl', args: ['--version'], input: '' },
  'clang -ffixed-point': { command: 'clang', args: ['-ffixed-point', '-fsyntax-only', '-x', 'c', '-'], input: '_Sat _Fract f;\n' },
  'arm-linux-gnueabihf-gcc': { command: 'arm-linux-gnueabihf-gcc', args: ['-fsyntax-only', '-x', 'c', '-'], input: '#include <stdio.h>\n' },
  'qemu-arm': { command: 'qemu-arm', args: ['--version'], input: '' },
  'iverilog': { command: 'iverilog', args: ['-V'], input: '' },
  'cell models of yosys': { command: 'test', args: ['-e', cells('xilinx'), '-a', '-e', cells('ice40')], input: '' },
} as const;

export type Tool = keyof typeof PROBES;

const found = new Map<Tool, boolean>();

/** Whether the tool is installed. */
export function hasTool(tool: Tool): boolean {
  let there = found.get(tool);
  if (there === undefined) {
    const { command, args, input } = PROBES[tool];
    there = spawnSync(command, args, { input }).status === 0;
    found.set(tool, there);
  }
  return there;
}

/** Skips the test where a tool is missing, unless QRAILS_REQUIRE_ORACLES says that it must be there. */
export function needTool(context: TestContext, ...tools: Tool[]): void {
  const tool = tools.find((one) => !hasTool(one));
  if (tool === undefined) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${tool} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
  context.skip(`${tool} is not installed: this oracle is not asked`);
}

/** The larger sweeps run only here. */
export const FULL = Boolean(process.env['QRAILS_FULL']);

/** The path of a source in test/oracles/native. */
export const native = (file: string): string => fileURLToPath(new URL(`./native/${file}`, import.meta.url));

/** Programs in a temporary folder of their own; `close` removes it. */
export class Bench {
  readonly #made = new Map<string, string>();
  readonly dir = mkdtempSync(join(tmpdir(), 'qrails-oracle-'));

  /** Makes a program once; its path afterwards. `make` gets the path to write to. */
  program(name: string, make: (path: string) => void): string {
    let path = this.#made.get(name);
    if (path === undefined) {
      path = join(this.dir, name);
      make(path);
      this.#made.set(name, path);
    }
    return path;
  }

  /** A SystemC program of test/oracles/native. */
  systemc(source: string): string {
    return this.program(source.replace(/\.cpp$/, ''), (path) => void this.run('g++', ['-O2', '-Wall', '-Wextra', '-o', path, native(source), '-lsystemc']));
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }

  /** What a command printed; an error with what it said where it fails. */
  run(command: string, args: readonly string[] = [], input: string | Uint8Array = ''): Buffer {
    const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
      cwd: this.dir, input, maxBuffer: 2 ** 30, env: { ...process.env, SYSTEMC_DISABLE_COPYRIGHT_MESSAGE: '1' },
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`${command} ended with ${status ?? signal}\n${String(stderr).slice(0, 4000)}${String(stdout.subarray(0, 2000))}`);
    return stdout;
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
