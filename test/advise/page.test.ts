/** docs/advise.md says what its script measures. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('proposals beside the cheapest of all are what they are said to be (node scripts/advise.mjs --check)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/advise.mjs', '--check'], { cwd: new URL('../../', import.meta.url), encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
