/** bench/history.json: the last figures of each machine that recorded any; those recorded last are also in bench/README.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { read, withBlock, write } from '../scripts/page.mjs';
import { table } from './table.mjs';

const FILE = new URL('history.json', import.meta.url);
const PAGE = 'bench/README.md';

/** Puts a report in the place of the last one of the same machine. */
export function record(report) {
  const others = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).filter(({ machine }) => !isDeepStrictEqual(machine, report.machine)) : [];
  writeFileSync(FILE, `${JSON.stringify([...others, report], null, 2)}\n`);
  write(PAGE, withBlock(read(PAGE), 'recorded', `\`\`\`text\n${table(report)}\n\`\`\`\n`));
}
