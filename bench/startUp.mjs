/** What it takes until the command line answers: `qrails --version` against a bare Node.js, a new process each time. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { clocked, median, range, rounds } from './statistics.mjs';

const QRAILS = fileURLToPath(new URL('../bin/qrails.js', import.meta.url));
/** More than for jobs: a process start is short and scatters. */
const PAIRS_EACH = 3;

/** Milliseconds of both and their ratio, medians of pairs. */
export async function measureStartUp(pairs) {
  const started = (...args) => async () => (await clocked(() => execFileSync(process.execPath, args))) / 1e6;
  const sides = { qrails: started(QRAILS, '--version'), node: started('-e', '0') };
  await rounds(1, sides); // files into the cache of the system
  const measured = await rounds(pairs * PAIRS_EACH, sides);
  const ratios = measured.map(({ qrails, node }) => qrails / node);
  return { qrailsMs: median(measured.map(({ qrails }) => qrails)), nodeMs: median(measured.map(({ node }) => node)), ratio: median(ratios), spread: range(ratios) };
}
