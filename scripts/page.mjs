// What scripts that write pages share: blocks between marks, and what `--check` does.
import { readFileSync, writeFileSync } from 'node:fs';

const path = (file) => new URL(`../${file}`, import.meta.url);

/** The text of a file of the repository; empty where there is none. */
export function read(file) {
  try {
    return readFileSync(path(file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

export const write = (file, text) => writeFileSync(path(file), text);

/** A text with the block between `<!-- name … -->` and `<!-- end -->` replaced. */
export function withBlock(text, name, block) {
  const place = new RegExp(`(<!-- ${name} [^\\n]*-->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!place.test(text)) throw new Error(`there is no block "${name}"`);
  return text.replace(place, (_, head, tail) => `${head}${block}${tail}`);
}

export const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');

/** Writes files whose text changed, by name; with `--check` writes nothing, names them as stale and ends with 1. */
export function keep(texts, command = 'npm run generate') {
  const check = process.argv.includes('--check');
  const changed = Object.entries(texts).filter(([file, text]) => text !== read(file));
  for (const [file, text] of changed) {
    console.log(`${check ? 'stale' : 'wrote'} ${file}`);
    if (!check) write(file, text);
  }
  if (check && changed.length > 0) {
    console.error(`run: ${command}`);
    process.exitCode = 1;
  }
}
