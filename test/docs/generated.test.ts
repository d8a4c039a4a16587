/** What is generated is fresh. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { renderComparison } from '../../src/report/terminal.js';

const root = new URL('../../', import.meta.url);

it('schemas, assembly/abi.ts and tables in docs are what their lists say (npm run generate)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/generate.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

it('the output in README.md is the real one (node scripts/readme.mjs)', async () => {
  const shown = /<!-- output of: [^\n]*-->\n```text\n([\s\S]*?)```/.exec(readFileSync(new URL('README.md', root), 'utf8'))?.[1];
  expect(shown).toBe(renderComparison(await compare(), { program: 'npx qrails' }));
});

it('the tables of docs/controllers.md are those of the registry (node scripts/controllers.mjs)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/controllers.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

it('figures and measured numbers of docs/explain are what the runs give (node scripts/explain.mjs)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/explain.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

it('the table of measures in docs/sweep.md is that of the list (node scripts/sweep.mjs)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/sweep.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
