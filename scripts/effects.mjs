// docs/effects.md: published effects of finite precision, measured beside their laws by the compiled host and core.
//   npm run effects                    measures everything (minutes), writes docs/effects/measured.csv, figures and tables
//   node scripts/effects.mjs --stored  figures and tables from the stored values
//   node scripts/effects.mjs --check   writes nothing: measures a few runs again, makes figures and tables from the stored values, names what is stale and exits with 1
import * as average from './effects/average.mjs';
import * as line from './effects/line.mjs';
import { measure, parse } from './effects/measure.mjs';
import * as rates from './effects/rates.mjs';
import * as slowdown from './effects/slowdown.mjs';
import * as sums from './effects/sums.mjs';
import { AGREEMENT } from './effects/text.mjs';
import * as words from './effects/words.mjs';
import { keep, read, table, withBlock } from './page.mjs';

const PAGE = 'docs/effects.md';
const FILE = 'docs/effects/measured.csv';
const SECTIONS = { words, slowdown, rates, line, average, sums };
/** Seeds that are measured again by a check. */
const CHECKED_SEEDS = 1;

const check = process.argv.includes('--check');
const stored = check || process.argv.includes('--stored');

async function measureAll() {
  const lines = [];
  for (const [name, { points }] of Object.entries(SECTIONS)) lines.push(await measure(points, undefined, (seed) => process.stderr.write(`${name}: seed ${seed}\n`)));
  return lines.join('');
}

/** Keys whose stored values do not begin with what is measured now. */
async function outdated(known) {
  const now = parse(await measure(Object.values(SECTIONS).flatMap(({ points }) => points.filter(({ checked }) => checked)), CHECKED_SEEDS));
  return [...now].filter(([key, values]) => values.some((value, k) => value !== known.get(key)?.[k])).map(([key]) => key);
}

const text = stored ? read(FILE) : await measureAll();
const values = parse(text);
const differing = check ? await outdated(values) : [];
if (differing.length > 0) {
  console.log(`stale ${FILE}: ${differing.join(', ')}`);
  console.error('run: npm run effects');
  process.exitCode = 1;
} else {
  const files = { [FILE]: text };
  const rows = [];
  let page = read(PAGE);
  for (const { render } of Object.values(SECTIONS)) {
    const { figures, blocks, agreement } = render(values);
    for (const [name, figure] of Object.entries(figures)) files[`docs/effects/${name}`] = figure;
    for (const [name, block] of Object.entries(blocks)) page = withBlock(page, name, block);
    rows.push(...agreement);
  }
  files[PAGE] = withBlock(page, 'agreement', table(AGREEMENT, rows));
  keep(files, 'npm run effects');
}
