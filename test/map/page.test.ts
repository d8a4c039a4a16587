/** docs/map.md, its figures and its cells are what their script makes. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('docs/map.md is what its script writes (node scripts/map.mjs)', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/map.mjs', '--check'], { cwd: new URL('../../', import.meta.url), encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['', '']);
  expect(status).toBe(0);
});
