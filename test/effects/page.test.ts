/** docs/effects.md, its figures and its values are what their script makes: a few runs again, the rest from the stored values. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('docs/effects.md is what its script writes (npm run effects)', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/effects.mjs', '--check'], { cwd: new URL('../../', import.meta.url), encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['', '']);
  expect(status).toBe(0);
});
