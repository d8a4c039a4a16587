/** Commands that pages mention exist. Links between pages lead somewhere: to a file or folder of the repository, and where they name a heading, to one that is there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { calls, problems } from '../cli/commandLines.js';
import { ROOT } from '../cli/qrails.js';
import { PAGES } from './source.js';

const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8').replace(/^```[^]*?^```$/gm, '');

/** As GitHub makes them: lower case, spaces are dashes, nothing but letters, digits, dashes and underscores; the second of a name has -1. */
function anchors(page: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading] of read(page).matchAll(/^#{1,6} (.*)$/gm)) {
    const plain = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    let name = plain;
    for (let again = 1; found.has(name); again++) name = `${plain}-${again}`;
    found.add(name);
  }
  return found;
}

it.each(PAGES)('links of %s', (page) => {
  const wrong: string[] = [];
  for (const [, target] of read(page).replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target!)) continue;
    const [path, anchor] = target!.split('#') as [string, string | undefined];
    const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
    if (!existsSync(join(ROOT, file))) wrong.push(`${target}: no such file`);
    else if (anchor !== undefined && file.endsWith('.md') && !anchors(file).has(anchor)) wrong.push(`${target}: no such heading`);
  }
  expect(wrong).toEqual([]);
});

const program = createProgram(() => { throw new Error('nothing runs here'); }, () => undefined);

it.each(PAGES)('commands in the text of %s', (page) => {
  const mentioned = [...read(page).matchAll(/`((?:npx )?qrails [^`\n]+)`/g)].map(([, line]) => line!.replaceAll('\\|', '|'));
  const wrong = mentioned.filter((line) => !/[…[{]|COMMAND/.test(line)).flatMap((line) => calls(line).flatMap((words) => problems(program, words)).map((problem) => `${line}: ${problem}`));
  expect(wrong).toEqual([]);
});
