/** docs/targets.md is fresh, and names every shipped target. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { list } from '../../src/document/catalogue.js';

const root = new URL('../../', import.meta.url);

it('docs/targets.md is what its script writes (node scripts/targets.mjs)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/targets.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

it('has a section and a row in every table for each of them', () => {
  const page = readFileSync(new URL('docs/targets.md', root), 'utf8');
  for (const name of list('profile')) {
    expect(page).toContain(`\n### ${name}\n`);
    expect(page.split(`\n| [${name}](#${name}) | `)).toHaveLength(4);
  }
});
