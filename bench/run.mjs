// Compares the core with C written for one job at a time: first the bits, then the speed. See bench/README.md.
//   node bench/run.mjs [--pairs N] [--json FILE] [--record]
// Exit code 1: the bits differ somewhere. 2: wrong arguments, or no gcc.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bestBuild, loadCore } from '../dist/core/load.js';
import { runCore } from './core.mjs';
import { differences } from './differences.mjs';
import { record } from './history.mjs';
import { jobs } from './jobs.mjs';
import { machine } from './machine.mjs';
import { compile, compilerVersion, FLAGS, runNative, writeData } from './native.mjs';
import { range, median } from './statistics.mjs';
import { table } from './table.mjs';

/** Runs of one side within one pair; the median counts. */
const REPETITIONS = 5;

const { pairs, json, record: keep } = options();
const compiler = compilerVersion();
if (!compiler) {
  console.error('bench: no gcc on this machine; it compiles the C the core is compared with. Install gcc and run again.');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'qrails-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));

const builds = bestBuild() === 'simd' ? ['simd', 'scalar'] : ['scalar'];
const results = [];
for (const job of jobs()) {
  const programs = Object.fromEntries(Object.keys(FLAGS).map((flagSet) => [flagSet, compile(job.id, flagSet, directory)]));
  const files = Object.fromEntries(['timed', 'loud'].map((data) => [data, writeData(`${job.id}-${data}`, job, job[data], directory)]));
  for (const build of builds) results.push(measure(job, build, await loadCore(build), programs, files));
}

const report = { machine: machine(compiler), pairs, jobs: results };
console.log(table(report));
if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
if (results.some(({ bitsEqual }) => !bitsEqual)) process.exitCode = 1;
else if (keep) record(report);

function options() {
  try {
    const { values } = parseArgs({ options: { pairs: { type: 'string', default: '7' }, json: { type: 'string' }, record: { type: 'boolean', default: false } } });
    const count = Number(values.pairs);
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`--pairs ${values.pairs}: a whole number of at least 1 is expected`);
    return { ...values, pairs: count };
  } catch (error) {
    console.error(`bench: ${error.message}`);
    return process.exit(2);
  }
}

/** Bits on both data sets, then paired times on the first. */
function measure(job, build, core, programs, files) {
  let bitsEqual = true;
  for (const data of ['timed', 'loud']) {
    const { result } = runCore(core, job, job[data], true);
    const full = differences(result, runCore(core, job, job[data], true, 'full').result);
    if (full.length > 0) {
      bitsEqual = false;
      console.error(`${job.id}, ${build} core, ${data} data: the full recorder changed something:\n  ${full.join('\n  ')}`);
    }
    for (const flagSet of Object.keys(programs)) {
      const found = differences(result, runNative(programs[flagSet], files[data], 1).result);
      if (found.length > 0) {
        bitsEqual = false;
        console.error(`${job.id}, ${build} core and C ${FLAGS[flagSet].join(' ')}, ${data} data differ (core, C):\n  ${found.join('\n  ')}`);
      }
    }
  }
  const perSecond = (nanoseconds) => (job.steps * 1e9) / median(nanoseconds);
  const timed = (level) => () => perSecond(Array.from({ length: REPETITIONS }, () => runCore(core, job, job.timed, false, level).nanoseconds));
  const sides = {
    core: timed('counts'),
    full: timed('full'),
    ...Object.fromEntries(
      Object.entries(programs).map(([flagSet, program]) => [flagSet, () => perSecond(runNative(program, files.timed, REPETITIONS).nanoseconds)]),
    ),
  };
  // Each round runs every side once, every other round in reverse, so that a drift of the machine favours none.
  const rounds = Array.from({ length: pairs }, (_, round) => {
    const order = Object.keys(sides);
    if (round % 2 === 1) order.reverse();
    return Object.fromEntries(order.map((side) => [side, sides[side]()]));
  });
  const speeds = (side) => rounds.map((round) => round[side]);
  const ratios = (side) => rounds.map((round) => round.core / round[side]);
  return {
    id: job.id, title: job.title, build, bitsEqual, steps: job.steps,
    perSecond: median(speeds('core')), perSecondO3: median(speeds('O3')), perSecondNative: median(speeds('native')),
    ratioToO3: median(ratios('O3')), ratioToNative: median(ratios('native')),
    spreadToO3: range(ratios('O3')), spreadToNative: range(ratios('native')),
    ratioFullRecorder: median(ratios('full')), spreadFullRecorder: range(ratios('full')),
    ratioToNativeFullRecorder: median(rounds.map((round) => round.full / round.native)),
  };
}
