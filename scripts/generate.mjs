// Writes every generated file of the package, from the compiled host in dist/.
//   node scripts/generate.mjs           writes what changed
//   node scripts/generate.mjs --check   writes nothing; names stale files and exits with 1
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERDICT_THRESHOLDS } from '../dist/compare/thresholds.js';
import { abiSource } from '../dist/core/abi.js';
import { spelling, VOCABULARIES } from '../dist/format/aliases.js';
import { OVERFLOWS, ROUNDINGS } from '../dist/format/modes.js';
import { NOTATIONS } from '../dist/format/notations.js';
import { parseFormat, printFormat } from '../dist/format/text.js';
import { SCHEMA_FILES } from '../dist/schema/index.js';
import { MODE_FILES } from './modes.mjs';
import { read, table, withBlock } from './page.mjs';

/** Each with `file`, a path in the package, and `text()`, its content. */
const GENERATED = [
  ...SCHEMA_FILES,
  { file: 'assembly/abi.ts', text: abiSource },
  { file: 'docs/verdicts.md', text: () => withBlock(read('docs/verdicts.md'), 'thresholds', table(['name', 'default', 'meaning'], Object.entries(VERDICT_THRESHOLDS).map(([name, { default: value, about }]) => [`\`${name}\``, value, about]))) },
  { file: 'docs/formats.md', text: () => withBlock(withBlock(read('docs/formats.md'), 'notations', notations()), 'aliases', aliases()) },
  ...MODE_FILES,
];

/** Every notation, with Q15 in it. */
function notations() {
  const example = parseFormat('sfix16_En15');
  return table(['notation', 'whose', 'Q15'], Object.entries(NOTATIONS).map(([name, { form, about }]) => [code(form), about, code(printFormat(example, name))]));
}

/** Every mode, as other tools call it. */
function aliases() {
  const vocabularies = Object.values(VOCABULARIES);
  const rows = (kind, modes) => modes.map((mode) => [code(mode), ...vocabularies.map((vocabulary) => spelling(vocabulary[kind], mode)).map((name) => (name === undefined ? '' : code(name)))]);
  return table(['mode', ...vocabularies.map(({ about }) => about)], [...rows('rounding', ROUNDINGS), ...rows('overflow', OVERFLOWS)]);
}

/** Code in a table cell. */
function code(text) {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

const check = process.argv.includes('--check');
const stale = [];

for (const { file, text } of GENERATED) {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const wanted = text();
  const present = await readFile(path, 'utf8').catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (present === wanted) continue;
  stale.push(file);
  if (!check) await replace(path, wanted);
}

if (stale.length > 0) console.log(stale.map((file) => `${check ? 'stale' : 'wrote'} ${file}`).join('\n'));
if (check && stale.length > 0) {
  console.error('run: npm run generate');
  process.exitCode = 1;
}

/** A reader sees the old file or the new one, never half of it. */
async function replace(path, text) {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
