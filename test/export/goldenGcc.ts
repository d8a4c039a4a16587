/** An export, compiled unit by unit, so that one of them can be changed and the rest kept. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

const STRICT = ['-Wall', '-Wextra', '-Wconversion', '-Wpedantic', '-Wshadow', '-Werror'];

/** How a program ended, and the lines it printed. */
export interface Said {
  readonly code: number | null;
  readonly lines: string[];
}

export class BuiltExport {
  readonly #dir = mkdtempSync(join(tmpdir(), 'qrails-golden-'));
  readonly #units: readonly string[];

  /** Compiles every C file of the export, warnings being errors. */
  constructor(files: Readonly<Record<string, string | Uint8Array>>, options: readonly string[] = []) {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.#dir, name), content);
    this.#units = Object.keys(files).filter((name) => name.endsWith('.c'));
    for (const unit of this.#units) this.#gcc(['-std=c99', ...STRICT, ...options, '-c', unit, '-o', `${unit}.o`]);
    this.#gcc([...this.#units.map((unit) => `${unit}.o`), '-o', 'selftest']);
  }

  run = (): Said => this.#run('selftest');

  /** What it says with another text in the place of one unit. */
  with(unit: string, text: string): Said {
    writeFileSync(join(this.#dir, 'changed.c'), text);
    this.#gcc(['-std=c99', '-w', '-c', 'changed.c', '-o', 'changed.o']);
    this.#gcc([...this.#units.map((name) => (name === unit ? 'changed.o' : `${name}.o`)), '-o', 'changed']);
    return this.#run('changed');
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #gcc(args: readonly string[]): void {
    const { status, stderr } = spawnSync('gcc', args, { cwd: this.#dir, encoding: 'utf8', maxBuffer: 1e8 });
    expect([status, stderr]).toEqual([0, '']);
  }

  #run(program: string): Said {
    const { status, stdout } = spawnSync(join(this.#dir, program), [], { encoding: 'utf8', maxBuffer: 1e8 });
    return { code: status, lines: stdout.split('\n').slice(0, -1) };
  }
}
