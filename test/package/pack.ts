/** The package as it would be published, unpacked into the node_modules of an empty project. Nothing is fetched. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../cli/qrails.js';

export interface Packed {
  readonly folder: string;
  readonly tarball: string;
  /** Bytes. */
  readonly size: number;
  readonly unpackedSize: number;
  /** Paths in the package. */
  readonly files: readonly string[];
}

/** A command with none of the variables that this Vitest, or a CI system, has set. */
export function execute(command: string, args: readonly string[], cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: { PATH, HOME, NO_COLOR: '1' }, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }));
  });
}

export async function pack(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), 'qrails-package-'));
  const { code, stdout, stderr } = await execute('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT);
  if (code !== 0) throw new Error(`npm pack: ${stderr}`);
  const [{ filename, size, unpackedSize, files }] = JSON.parse(stdout) as [{ filename: string; size: number; unpackedSize: number; files: { path: string }[] }];
  const tarball = join(folder, filename);
  await execute('tar', ['-xzf', tarball], folder);
  mkdirSync(join(folder, 'node_modules'));
  renameSync(join(folder, 'package'), join(folder, 'node_modules/qrails'));
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'node_modules/qrails/package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  return { folder, tarball, size, unpackedSize, files: files.map(({ path }) => path) };
}

export const remove = ({ folder }: Packed): void => rmSync(folder, { recursive: true, force: true });
