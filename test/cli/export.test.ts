/** `qrails export c`: what it writes is valid C, whole, and as its manifest says. */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ExportManifest } from '../../src/schema/listing.js';
import { needCompiler } from '../export/gcc.js';
import { inFolder } from './qrails.js';
import { schemaErrors } from './schemas.js';

it('writes a header and a source a compiler accepts', (context) => {
  needCompiler(context, 'gcc');
  return inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['export', 'c', 'stream', '--profile', 'cortex-m4-q15', '--throttle', 'table', '--trained', '--name', 'weather', '-o', 'tables', '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(schemaErrors('export', stdout)).toEqual([]);
    const { directory, files } = JSON.parse(stdout) as ExportManifest;
    expect(directory).toBe('tables');
    expect(folder.list()).toEqual(['tables', ...files.map(({ name }) => join('tables', name))].sort());
    for (const { name, bytes, sha256 } of files) {
      const text = folder.read(join('tables', name));
      expect([Buffer.byteLength(text), createHash('sha256').update(text).digest('hex')]).toEqual([bytes, sha256]);
    }
    const compiled = spawnSync('gcc', ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-c', 'tables/weather.c', '-o', 'weather.o'], { cwd: folder.path, encoding: 'utf8' });
    expect(compiled.stderr).toBe('');
    expect(compiled.status).toBe(0);
  });
});

it('says what it wrote, replaces it when forced, and trains only when asked', () => inFolder({}, async (folder) => {
  const first = await folder.qrails(['export', 'c', '-o', 'tables']);
  expect(first).toMatchObject({ code: 0, stdout: '' });
  expect(first.stderr).toMatch(/^wrote tables\/qrails_plan\.h, tables\/qrails_plan\.c \(plan [0-9a-f]{8}, throttle gt0\/secant, anchor none\)\n$/);
  const initial = folder.read('tables/qrails_plan.c');
  expect(await folder.qrails(['export', 'c', '-o', 'tables', '--force', '-q'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(folder.read('tables/qrails_plan.c')).toBe(initial);
  expect((await folder.qrails(['export', 'c', '-o', 'tables', '--force', '--trained'])).code).toBe(0);
  expect(folder.read('tables/qrails_plan.c')).not.toBe(initial);
  expect(folder.list()).toEqual(['tables', 'tables/qrails_plan.c', 'tables/qrails_plan.h']);
}));
