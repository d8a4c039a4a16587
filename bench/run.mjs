// Compares the core with C written for one job at a time: first the bits, then the speed. See bench/README.md.
//   node bench/run.mjs [--jobs ID,ID] [--pairs N] [--quick] [--without-peers] [--json FILE] [--record]
// --pairs 0 compares bits only; --quick makes every run short, for a look at whether all is well.
// Exit code 1: the bits differ somewhere. 2: wrong arguments, or no gcc.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bestBuild } from '../dist/core/load.js';
import { record } from './history.mjs';
import { JOBS } from './jobs.mjs';
import { machine } from './machine.mjs';
import { measure } from './measure.mjs';
import { compilerVersion } from './native.mjs';
import { measureStartUp } from './startUp.mjs';
import { systemcPresent } from './systemc.mjs';
import { bitsTable, table } from './table.mjs';

const { ids, pairs, quick, peers, json, record: keep } = options();
const compiler = compilerVersion('gcc');
if (!compiler) {
  console.error('bench: no gcc on this machine; it compiles the C the core is compared with. Install gcc and run again.');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'qrails-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));

const systemc = peers && pairs > 0 && systemcPresent();
if (peers && pairs > 0 && !systemc) console.error('bench: no g++ or no SystemC library on this machine (Debian: libsystemc-dev); its peers are left out.');

const builds = bestBuild() === 'simd' ? ['simd', 'scalar'] : ['scalar'];
const jobs = [];
for (const id of ids) {
  console.error(`bench: ${id}`);
  jobs.push(...(await measure(id, await JOBS[id]({ quick }), { builds, pairs, quick, systemc, directory })));
}

const report = { machine: machine(compiler), pairs, jobs, ...(pairs > 0 && { startUp: await measureStartUp(pairs) }) };
console.log(pairs > 0 ? table(report) : bitsTable(report));
if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
if (jobs.some(({ bitsEqual }) => !bitsEqual)) process.exitCode = 1;
else if (keep) record(report);

function options() {
  try {
    const { values } = parseArgs({
      options: {
        jobs: { type: 'string', default: Object.keys(JOBS).join(',') },
        pairs: { type: 'string', default: '7' },
        quick: { type: 'boolean', default: false },
        'without-peers': { type: 'boolean', default: false },
        json: { type: 'string' },
        record: { type: 'boolean', default: false },
      },
    });
    const count = Number(values.pairs);
    if (!/^\d{1,6}$/.test(values.pairs)) throw new RangeError(`--pairs ${values.pairs}: a whole number is expected, 0 to compare bits only`);
    const chosen = values.jobs.split(',');
    const unknown = chosen.find((id) => !Object.hasOwn(JOBS, id));
    if (unknown !== undefined) throw new RangeError(`--jobs ${unknown}: there is none of this name; expected some of ${Object.keys(JOBS).join(',')}`);
    const partly = values.quick || values['without-peers'] || count === 0 || chosen.length < Object.keys(JOBS).length;
    if (values.record && partly) throw new RangeError('--record keeps whole measurements only: without --quick, --without-peers, --jobs and --pairs 0');
    return { ...values, ids: chosen, pairs: count, peers: !values['without-peers'] };
  } catch (error) {
    console.error(`bench: ${error.message}`);
    return process.exit(2);
  }
}
