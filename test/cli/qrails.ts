/** Runs the built command line in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const BIN = join(ROOT, 'bin/qrails.js');

/** Runs each command line of argv[1], and prints how they ended. */
const ONE_BY_ONE = `
import { main } from ${JSON.stringify(new URL('../../dist/cli/main.js', import.meta.url).href)};
const print = process.stdout.write.bind(process.stdout);
process.setMaxListeners(0); // each listens to signals
process.stdout.setMaxListeners(0);
const all = [];
for (const line of JSON.parse(process.argv[1])) {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) process[name].write = (text, ...rest) => ((said[name] += text), rest.at(-1)?.(), true);
  process.exitCode = 0;
  await main(line);
  all.push({ code: process.exitCode, ...said });
}
process.exitCode = 0;
print(JSON.stringify(all));
`;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Spawning {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called once it runs. */
  readonly started?: (child: ChildProcess) => void;
}

/** What a program printed and how it ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on('data', (part: Buffer) => parts.stdout.push(part));
  child.stderr?.on('data', (part: Buffer) => parts.stderr.push(part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() }));
  });
}

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A temporary folder, with files in it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'qrails-cli-'));

  constructor(files: Files = {}) {
    this.write(files);
  }

  /** Content by path below the folder; folders are made. */
  write(files: Files): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), content);
    }
  }

  read = (name: string): string => readFileSync(join(this.path, name), 'utf8');

  /** Every file and folder in it, sorted. */
  list = (): string[] => readdirSync(this.path, { recursive: true, encoding: 'utf8' }).sort();

  /** Runs `qrails` with this as its working directory. */
  qrails(args: readonly string[], { stdin = '', env = {}, started }: Spawning = {}): Promise<Ended> {
    const child = spawn(process.execPath, [BIN, ...args], { cwd: this.path, env: { ...process.env, NO_COLOR: undefined, ...env } });
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(stdin);
    started?.(child);
    return ended(child);
  }

  /** Runs command lines one after the other in one process, which is much faster than one each: for what is told before anything is run. */
  async qrailsEach(lines: readonly (readonly string[])[]): Promise<Ended[]> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', ONE_BY_ONE, JSON.stringify(lines)], { cwd: this.path, env: { ...process.env, NO_COLOR: undefined } });
    const { code, stdout, stderr } = await ended(child);
    if (code !== 0 || stderr !== '') throw new Error(`exit code ${code}: ${stderr}`);
    return JSON.parse(stdout) as Ended[];
  }

  /** Runs a line of shell in which `qrails` is the built command line. */
  shell(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const qrails = `qrails() { ${[process.execPath, BIN].map((word) => `'${word}'`).join(' ')} "$@"; }`;
    return ended(spawn('sh', ['-c', `${qrails}\n${line}`], { cwd: this.path, env: { ...process.env, ...env } }));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Does something in a folder that is gone afterwards. */
export async function inFolder<T>(files: Files, work: (folder: Folder) => Promise<T>): Promise<T> {
  const folder = new Folder(files);
  try {
    return await work(folder);
  } finally {
    folder.remove();
  }
}

/** An experiment that takes no time: 2 → 1, 20 rows, 10 steps. Top-level keys can be replaced. */
export const experiment = (changes: object = {}): string => JSON.stringify({
  name: 'mine',
  model: { layers: [{ outputs: 1 }], initial: { kind: 'zero' } },
  data: { kind: 'teacher', rows: 20, weights: [[0.5, -0.25]] },
  phases: [{ steps: 5, batch: 4, learningRate: 0.1 }, { steps: 5, batch: 4, learningRate: 0.1, sensor: true }],
  ...changes,
});

/** One phase with some of its keys replaced. */
export const onePhase = (changes: object): string => experiment({ phases: [{ steps: 5, batch: 4, learningRate: 0.1, ...changes }] });

/** The same learning from a recording `log.csv` with the columns a, b and y. */
export const recorded = (changes: object = {}): string => experiment({ data: { kind: 'csv', file: 'log.csv', inputs: ['a', 'b'], targets: ['y'], ...changes } });

/** A profile that extends a shipped one, with sites replaced. */
export const profile = (sites: object, more: object = {}): string =>
  JSON.stringify({ name: 'mine', extends: 'enabol-mid', source: 'made up for a test', sites, ...more });
