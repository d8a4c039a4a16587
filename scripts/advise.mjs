// docs/advise.md: proposals against the cheapest of all formats, and against the general rule of the ENABOL path.
//   node scripts/advise.mjs            writes the tables (minutes)
//   node scripts/advise.mjs --check    computes some of them again, names what is stale and exits with 1
import { exhaust, PROBLEMS } from './advise/exhaust.mjs';
import { byRule } from './advise/rule.mjs';
import { keep, read, table, withBlock } from './page.mjs';

const PAGE = 'docs/advise.md';
/** Problems that are computed again by a check: few and small. */
const CHECKED = [0, 1, 4];

const check = process.argv.includes('--check');
const row = ({ problem: { experiment, profile, throttle, sites, maxLoss }, proposed, least, designs, tried }) =>
  [experiment, profile, throttle, sites.join(', '), maxLoss ?? '', String(proposed), String(least), String(designs), String(tried)];
const HEAD = ['experiment', 'target', 'throttle', 'free sites', 'loss at most', 'proposed', 'cheapest', 'designs tried for it', 'runs of advise'];

if (check) {
  const page = read(PAGE);
  const missing = [];
  for (const index of CHECKED) {
    const line = `| ${row(await exhaust(PROBLEMS[index])).join(' | ')} |`;
    if (!page.includes(line)) missing.push(line);
  }
  if (missing.length > 0) {
    console.log(`stale ${PAGE}:\n${missing.join('\n')}`);
    process.exitCode = 1;
  }
} else {
  const rows = [];
  for (const problem of PROBLEMS) {
    rows.push(row(await exhaust(problem)));
    console.log(rows.at(-1).join(' | '));
  }
  const rule = await byRule();
  console.log(rule);
  let text = withBlock(read(PAGE), 'exhausted', table(HEAD, rows));
  text = withBlock(text, 'rule', rule);
  keep({ [PAGE]: text }, 'npm run generate:advise');
}
