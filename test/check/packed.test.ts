/** The package as it is published, in a project of its own: examples/vitest with the packed tarball. Nothing is fetched. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/vitest');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

let folder: string;
const inProject = (...path: string[]): string => join(folder, 'project', ...path);
const readProject = (name: string): Promise<string> => readFile(inProject(name), 'utf8');
const manifest = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, 'utf8')) as Manifest;

/** A command with none of the variables that this Vitest, or a CI system, has set. */
function execute(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<{ code: number; text: string }> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: { PATH, HOME, NO_COLOR: '1', ...env }, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, text: stdout + stderr });
    });
  });
}

const tool = (path: string, args: readonly string[] = [], env?: NodeJS.ProcessEnv) => execute(process.execPath, [inProject('node_modules', path), ...args], inProject(), env);
const vitest = (args: readonly string[] = [], env?: NodeJS.ProcessEnv) => tool('vitest/vitest.mjs', ['run', ...args], env);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qrails-packed-'));
  await cp(EXAMPLE, inProject(), { recursive: true, filter: (path) => !/node_modules|\.tgz$/.test(path.slice(EXAMPLE.length)) });
  const packed = await execute('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT);
  expect(packed.code, packed.text).toBe(0);
  const [{ filename }] = JSON.parse(packed.text.slice(packed.text.indexOf('['), packed.text.lastIndexOf(']') + 1)) as [{ filename: string }];
  expect(await execute('tar', ['-xzf', filename], folder)).toEqual({ code: 0, text: '' });
  await mkdir(inProject('node_modules'));
  await rename(join(folder, 'package'), inProject('node_modules/qrails'));

  const { dependencies } = await manifest(inProject('node_modules/qrails/package.json'));
  const { devDependencies } = await manifest(inProject('package.json'));
  for (const name of Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name !== 'qrails')) {
    await mkdir(dirname(inProject('node_modules', name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), inProject('node_modules', name));
  }
});
afterAll(() => rm(folder, { recursive: true }));

it('names the versions it is tested with', async () => {
  const { devDependencies: used } = await manifest(join(ROOT, 'package.json'));
  const { qrails: _, ...others } = (await manifest(inProject('package.json'))).devDependencies!;
  expect(used).toMatchObject(others);
});

it('passes under CI, and its types hold', async () => {
  const [types, run] = await Promise.all([tool('typescript/bin/tsc'), vitest([], { CI: 'true' })]);
  expect(types).toEqual({ code: 0, text: '' });
  expect(run.code, run.text).toBe(0);
  expect(run.text).toMatch(/Tests {2}6 passed \(6\)/);
});

it('fails when a parameter changes, and passes when that is recorded with -u', async () => {
  const board = await readProject('board.json');
  const before = await readProject('learner.baseline.json');
  await writeFile(inProject('board.json'), board.replace('"wordLength": 14, "fractionLength": 10', '"wordLength": 15, "fractionLength": 11'));
  const failed = await vitest();
  expect(failed.code).toBe(1);
  expect(failed.text).toMatch(/Tests {2}1 failed \| 5 passed/);
  expect(failed.text).toMatch(/Snapshots {2}1 failed/);
  expect(failed.text).toContain('expect(run).toMatchBaseline("learner.baseline.json")');
  expect(failed.text).toMatch(/sites\.input: .*wordLength 14 → 15/);
  expect(failed.text).toMatch(/fixed\.finalWeightsRaw\[0\]\[0\]\[\d\] .* FAILED/);
  expect(failed.text).toMatch(/fixed {4}[▁-█]{32} {2}survives/);
  expect(await readProject('learner.baseline.json')).toBe(before);

  const updated = await vitest(['-u']);
  expect(updated.code, updated.text).toBe(0);
  expect(updated.text).toMatch(/Snapshots {2}1 updated/);
  expect(await readProject('learner.baseline.json')).not.toBe(before);
  const again = await vitest([], { CI: 'true' });
  expect(again.code, again.text).toBe(0);
});
