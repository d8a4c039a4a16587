// Puts the real output of `qrails compare` into README.md. A test fails when it is stale.
//   node scripts/readme.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { compare, renderComparison } from '../dist/index.js';

const path = new URL('../README.md', import.meta.url);
const text = readFileSync(path, 'utf8');
const output = renderComparison(await compare(), { program: 'npx qrails' });
writeFileSync(path, text.replace(/(<!-- output of: [^\n]*-->\n```text\n)[\s\S]*?(```\n<!-- end -->)/, (_, head, tail) => `${head}${output}${tail}`));
