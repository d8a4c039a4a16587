// The table of measures in docs/sweep.md, from the registry of the compiled host.
//   node scripts/sweep.mjs           writes what changed
//   node scripts/sweep.mjs --check   writes nothing; names a stale page and exits with 1
import { SWEEP_MEASURES } from '../dist/sweep/measures.js';
import { keep, read, table, withBlock } from './page.mjs';

const PAGE = 'docs/sweep.md';
keep({ [PAGE]: withBlock(read(PAGE), 'measures', table(['measure', 'what it is'], Object.entries(SWEEP_MEASURES).map(([name, { about }]) => [`\`${name}\``, about]))) });
