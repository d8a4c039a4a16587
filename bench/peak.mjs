// Largest memory of a Node.js process that runs a job on the core.
//   node bench/peak.mjs JOB BUILD [--quick]
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadCore } from '../dist/core/load.js';
import { runCore } from './core.mjs';
import { JOBS } from './jobs.mjs';

const FILE = fileURLToPath(import.meta.url);

/** Bytes that such a process had resident at its largest; one repetition, the counting recorder; of a product on one thread. */
export const corePeak = (id, build, quick) => Number(execFileSync(process.execPath, [FILE, id, build, ...(quick ? ['--quick'] : [])], { encoding: 'utf8' }));

if (process.argv[1] === FILE) {
  const [id, build, quick] = process.argv.slice(2);
  const job = await JOBS[id]({ quick: quick !== undefined });
  if (job.product) await job.product.run(1, build);
  else runCore(await loadCore(build), job.timed(), false);
  console.log(process.resourceUsage().maxRSS * 1024);
}
