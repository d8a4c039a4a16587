/** `qrails export sv|vhdl|mem|coe|mif|rust|numpy`: a folder that is whole, described by its manifest, the same every time. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '../../src/cli/command.js';
import { afterAll, expect, it, vi } from 'vitest';
import { addLanguages } from '../../src/cli/exportHdl.js';
import { QrailsError } from '../../src/errors.js';
import { LANGUAGE_NAMES } from '../../src/export/hdl/languages.js';
import { ExportManifest } from '../../src/schema/listing.js';
import { validate } from '../../src/schema/validate.js';

const dir = mkdtempSync(join(tmpdir(), 'qrails-hdl-cli-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function run(...args: string[]): Promise<string> {
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  try {
    const program = new Command().exitOverride();
    addLanguages(program, () => ({ signal: new AbortController().signal }) as never);
    await program.parseAsync(args, { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return said.join('');
}

const SHORT = ['--set', 'experiment.phases.0.batch=4', '--set', 'experiment.phases.1.batch=4'];

it.each(LANGUAGE_NAMES)('%s: whole, with a manifest, and the same again', async (language) => {
  const [first, second] = ['a', 'b'].map((name) => join(dir, `${language}-${name}`)) as [string, string];
  expect(await run(language, '-p', 'enabol-tight', '-o', first, '--name', 'demo', '--trained', ...SHORT)).toMatch(/^wrote \d+ files to .*, listed in its manifest\.json \(plan [0-9a-f]{8}, throttle gt0\/secant, anchor none\)\n$/);
  expect(await run(language, '-p', 'enabol-tight', '-o', second, '--name', 'demo', '--trained', '-q', ...SHORT)).toBe('');
  const names = readdirSync(first).sort();
  expect(readdirSync(second).sort()).toEqual(names);
  for (const name of names) expect([name, readFileSync(join(first, name))]).toEqual([name, readFileSync(join(second, name))]);
  const manifest = await validate(ExportManifest, JSON.parse(readFileSync(join(first, 'manifest.json'), 'utf8')), 'manifest');
  expect(manifest).toMatchObject({ name: 'demo', profile: 'enabol-tight', kernel: false, steps: { covered: ['sv', 'vhdl'].includes(language) ? 120 : 0, all: 120 } });
  expect(['manifest.json', ...manifest.files.map(({ name }) => name)].sort()).toEqual(names);
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = readFileSync(join(first, name));
    expect([name, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([name, bytes, sha256]);
  }
  expect(createHash('sha256').update(readFileSync(join(first, 'plan.json'))).digest('hex')).toBe(manifest.planHash);
  // weights after the run are among what is said
  expect(names.some((name) => readFileSync(join(first, name), 'latin1').toLowerCase().includes('layer0_weight_final')) || names.some((name) => name.includes('layer0_weight_final'))).toBe(true);
  await expect(run(language, '-o', first)).rejects.toThrow(/exists already/);
  await run(language, '-p', 'enabol-tight', '-o', first, '--name', 'demo', '--trained', '--force', '-q', ...SHORT);
});

it.each([
  [['-t', 'none,table'], '--throttle: an export is of one plan'],
  [['--name', '../x'], 'cannot be part of a C identifier'],
  [['-p', 'no-such-target'], 'no-such-target'],
])('refuses %o and writes nothing', async (args, message) => {
  const target = join(dir, 'refused');
  const error = await run('sv', '-o', target, ...args).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(QrailsError);
  expect((error as Error).message).toContain(message);
  expect(existsSync(target)).toBe(false);
});
