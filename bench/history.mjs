/** bench/history.json: the last figures of each machine that recorded any. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

const FILE = new URL('history.json', import.meta.url);

/** Puts a report in the place of the last one of the same machine. */
export function record(report) {
  const others = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).filter(({ machine }) => !isDeepStrictEqual(machine, report.machine)) : [];
  writeFileSync(FILE, `${JSON.stringify([...others, report], null, 2)}\n`);
}
