/** C compilers for the kernel's tests, several sources at a time, in a folder of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';

export type Compiler = 'gcc' | 'clang' | 'avr-gcc' | 'arm-linux-gnueabihf-gcc';

export const STRICT = ['-Wall', '-Wextra', '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wpedantic', '-Werror'];

const found = new Map<string, boolean>();

function hasCommand(command: string): boolean {
  let there = found.get(command);
  // simavr knows no --version, and ends with 1 after --help
  if (there === undefined) found.set(command, (there = spawnSync(command, [command === 'simavr' ? '--list-cores' : '--version']).error === undefined));
  return there;
}

/** Skips the test where the command is missing, unless QRAILS_REQUIRE_ORACLES says that it must be there. */
export function needCommand(context: TestContext, command: string): void {
  if (hasCommand(command)) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${command} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
  context.skip(`${command} is not installed: the exported kernel is not compiled`);
}

/** What a command did. */
interface Done {
  readonly status: number | null;
  readonly stdout: string;
  readonly said: string;
}

export class Shop {
  readonly dir = mkdtempSync(join(tmpdir(), 'qrails-kernel-'));

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.dir, name), content);
  }

  /**
   * Compiles and links; a warning is an error.
   *
   * @param flags for every source, and for each of some
   */
  async build(compiler: Compiler, flags: readonly string[], sources: readonly string[], program: string, flagsOf: (source: string) => readonly string[] = () => []): Promise<void> {
    const objects = sources.map((source) => `${program}-${source}.o`);
    const jobs = sources.map((source, k) => async () => {
      const { status, said } = await this.#run(compiler, [...STRICT, ...flags, ...flagsOf(source), '-c', source, '-o', objects[k]!]);
      if (status !== 0 || said !== '') throw new Error(`${compiler} ${flags.join(' ')} ${source}\n${said.slice(0, 4000)}`);
    });
    await inParallel(jobs);
    const { status, said } = await this.#run(compiler, [...flags, ...objects, '-o', program]);
    if (status !== 0) throw new Error(said);
  }

  /** What a program printed. A report of the sanitiser ends it. */
  async run(program: string, input: string, start: (path: string) => readonly [string, ...string[]] = (path) => [path]): Promise<string> {
    const [command, ...args] = start(join(this.dir, program));
    const { status, stdout, said } = await this.#run(command, args, input);
    if (status !== 0 || said !== '') throw new Error(`${program} ended with ${status}\n${said.slice(0, 4000)}${stdout.slice(-500)}`);
    return stdout;
  }

  /** What a tool such as nm printed. */
  tool(command: string, args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: this.dir, encoding: 'utf8', maxBuffer: 1e8 });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  }

  #run(command: string, args: readonly string[], input = ''): Promise<Done> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: this.dir });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (data: Buffer) => out.push(data));
      child.stderr.on('data', (data: Buffer) => err.push(data));
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout: String(Buffer.concat(out)), said: String(Buffer.concat(err)) }));
      child.stdin.on('error', () => undefined); // a program that ends early closes it
      child.stdin.end(input);
    });
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function inParallel(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = left.shift(); job; job = left.shift()) await job();
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
}
