/** Every code block of every page does what it says (blocks.ts says how). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../cli/qrails.js';
import { LANGUAGES, PAGES, parse, typeErrors } from './source.js';
import { runPage, shows } from './blocks.js';

const BLOCKS = PAGES.flatMap((page) => parse(readFileSync(join(ROOT, page), 'utf8')).map((block) => ({ page, ...block })));

it('blocks are found, with what stands before them', () => {
  expect(parse('x\n<!-- file: a.json -->\n```json\n{}\n```\n\n<!-- not run: why -->\n\n```sh\nls\n```\n<!-- output -->\nno\n```text\n```\n')).toEqual([
    { language: 'json', text: '{}\n', line: 3, marks: { file: 'a.json' } },
    { language: 'sh', text: 'ls\n', line: 9, marks: { 'not run': 'why' } },
    { language: 'text', text: '\n', line: 14, marks: {} },
  ]);
});

it('… stands for anything, and nothing else does', () => {
  expect(shows('a … c\n…\nend', 'a b c\n1\n2\nend\n')).toBe(true);
  expect(shows('a.c', 'abc')).toBe(false);
  expect(shows('a', 'a\nb')).toBe(false);
});

it('every block says what it is', () => {
  expect(BLOCKS.filter(({ language }) => !LANGUAGES.includes(language)).map(({ page, line, language }) => `${page}:${line}: ${language}`)).toEqual([]);
});

it('TypeScript of every page has the types of the package', () => {
  const pieces = BLOCKS.filter(({ language, marks }) => language === 'ts' && marks['not run'] === undefined).map(({ page, line, text }) => [`${page}:${line}`, text]);
  expect(pieces.length).toBeGreaterThan(0);
  expect(typeErrors(Object.fromEntries(pieces) as Record<string, string>)).toEqual([]);
});

describe('run from top to bottom', () => {
  it.concurrent.each([...new Set(BLOCKS.map(({ page }) => page))])('%s', async (page) => expect((await runPage(page)).join('\n')).toBe(''), 3_000_000);
});
