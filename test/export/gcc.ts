/** A C compiler for tests, in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';

const STRICT = ['-Wall', '-Wextra', '-Wconversion', '-Wpedantic', '-Wshadow', '-Werror'];

/** C90 has no 64-bit type of its own; the header's come from the compiler. */
export const C_STANDARDS = [['-std=c90', '-Wno-long-long'], ['-std=c99'], ['-std=c11']] as const;

/** Skips the test where the compiler is missing, unless QRAILS_REQUIRE_ORACLES says that it must be there. */
export function needCompiler(context: TestContext, command: 'gcc' | 'g++'): void {
  if (spawnSync(command, ['--version']).status === 0) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${command} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
  context.skip(`${command} is not installed: the exported C is not compiled`);
}

/** Files in a temporary folder, compiled and run; removed at the end. */
export class Workshop {
  readonly #dir = mkdtempSync(join(tmpdir(), 'qrails-c-'));

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.#dir, name), content);
  }

  /** What the compiler printed: nothing when all is well, warnings being errors. */
  compile(command: 'gcc' | 'g++', flags: readonly string[], sources: readonly string[], output?: string): string {
    const { status, stdout, stderr } = spawnSync(command, [...flags, ...STRICT, ...(output === undefined ? ['-fsyntax-only'] : ['-o', output]), ...sources], {
      cwd: this.#dir, encoding: 'utf8', maxBuffer: 1e8,
    });
    const said = `${stdout}${stderr}`;
    return status === 0 ? said : `exit ${status}\n${said}`;
  }

  run(program: string): string {
    const { status, stdout, stderr } = spawnSync(join(this.#dir, program), [], { encoding: 'utf8', maxBuffer: 1e8 });
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
    return stdout;
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
