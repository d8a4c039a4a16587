/** One job: first the bits of all builds and programs, then paired times. */
import { loadCore } from '../dist/core/load.js';
import { runCore } from './core.mjs';
import { differences } from './differences.mjs';
import { compile, FLAGS, nativeResults, nativeTimes, writeData } from './native.mjs';
import { corePeak } from './peak.mjs';
import { clocked, median, range, rounds } from './statistics.mjs';
import { measurePeers } from './systemc.mjs';

/** Runs of one side within one pair; the median counts. */
const REPETITIONS = 5;
/** Of a job that takes long. */
const LONG = { repetitions: 1, pairs: 3 };
/** Runs of a job before the clock counts. */
const WARM_UP = 8;
/** Differences that are printed. */
const SHOWN = 20;

/**
 * Speeds and ratios of a job, one entry for each build that is timed. A long job is timed, and all of it compared, with the first build only; the others
 * are held to the loud data. Peers are compared with the first build. With 0 pairs only bits are compared.
 */
export async function measure(id, job, { builds, pairs, quick, systemc, directory }) {
  const data = { timed: job.timed(), loud: job.loud() };
  const { compared = Object.keys(data) } = job;
  const programs = Object.fromEntries(Object.keys(FLAGS).map((flagSet) => [flagSet, compile(job, flagSet, directory)]));
  const files = Object.fromEntries(Object.keys(data).map((name) => [name, writeData(`${id}-${name}`, data[name], directory)]));
  const amount = job.long ? { ...LONG, pairs: Math.min(pairs, LONG.pairs) } : { repetitions: REPETITIONS, pairs };
  const results = [];
  for (const build of builds) {
    const core = await loadCore(build);
    const first = build === builds[0];
    let bitsEqual = true;
    for (const name of compared.filter((each) => each === 'loud' || first || !job.long)) {
      const levels = job.long && name === 'timed' ? ['counts'] : ['counts', 'full'];
      if (!sameBits(`${id}, ${build} core, ${name} data`, core, data[name], levels, programs, files[name])) bitsEqual = false;
    }
    if (job.product && !(await sameLosses(id, build, job.product, nativeResults(programs.O3, files.loud)))) bitsEqual = false;
    if (!first && job.long) {
      results[0].bitsEqual &&= bitsEqual;
      continue;
    }
    if (pairs === 0) {
      results.push({ id, title: job.title, build, bitsEqual });
      continue;
    }
    const { peakBytes, ...times } = await time(core, data.timed, programs, files.timed, amount);
    results.push({
      id, title: job.title, build, bitsEqual, ...times,
      ...(job.product && (await timeProduct(job.product, build, times, amount.pairs))),
      peakBytes: { core: corePeak(id, build, quick), ...peakBytes },
      ...(systemc && first ? await measurePeers(core, job.peer, data, pairs, directory) : { peers: null }),
    });
  }
  return results;
}

/** The core at some levels of the recorder, and every program, on the same data; what differs is printed by name. */
function sameBits(where, core, data, levels, programs, file) {
  const [[reference, expected], ...others] = levels.map((level) => [`the ${level} recorder`, runCore(core, data, true, level).results]);
  const sides = [...others, ...Object.entries(programs).map(([flagSet, program]) => [`C ${FLAGS[flagSet].join(' ')}`, nativeResults(program, file)])];
  const different = sides.filter(([name, results]) => tell(`${where}: ${reference} and ${name}`, differences(expected, results)));
  return different.length === 0;
}

async function sameLosses(id, build, product, runs) {
  const losses = (await product.losses(build)).map(String);
  return !tell(`${id}, ${build} core: the final losses of the product and C -O3`, differences(losses, runs.map(({ lastLoss }) => lastLoss)));
}

/** Prints differences; whether there are any. */
function tell(where, found) {
  if (found.length > 0) console.error(`${where} differ in ${found.length} places:\n  ${found.slice(0, SHOWN).join('\n  ')}`);
  return found.length > 0;
}

/** Steps a second of the core, at two levels of the recorder, and of the programs; ratios within each round. */
async function time(core, data, programs, file, { repetitions, pairs }) {
  let steps = 0;
  const peakBytes = {};
  let together = false;
  const onCore = (level, apart = false) => () => {
    const repeated = Array.from({ length: repetitions }, () => runCore(core, data, false, level, data.runs, apart));
    ({ steps } = repeated[0]);
    return { core: median(repeated.map(({ nanoseconds }) => nanoseconds)), whole: median(repeated.map(({ whole }) => whole)) };
  };
  const native = (flagSet) => () => {
    const { nanoseconds, peakBytes: bytes } = nativeTimes(programs[flagSet], file, repetitions);
    peakBytes[flagSet] = bytes;
    return { core: median(nanoseconds) };
  };
  for (const level of ['counts', 'full']) together = runCore(core, data, false, level, data.runs.slice(0, WARM_UP)).together || together;
  const measured = await rounds(pairs, {
    counts: onCore('counts'), full: onCore('full'), ...(together && { apart: onCore('counts', true) }), ...Object.fromEntries(Object.keys(programs).map((flagSet) => [flagSet, native(flagSet)])),
  });
  const perSecond = (side, what = 'core') => (steps * 1e9) / median(measured.map((round) => round[side][what]));
  /** Speed of a side over that of another. */
  const ratios = (side, other, what = 'core') => measured.map((round) => round[other].core / round[side][what]);
  return {
    runs: data.runs.length, steps, pairs, repetitions,
    perSecond: perSecond('counts'), perSecondWhole: perSecond('counts', 'whole'), perSecondO3: perSecond('O3'), perSecondNative: perSecond('native'),
    ratioToO3: median(ratios('counts', 'O3')), ratioToNative: median(ratios('counts', 'native')), ratioToNativeWhole: median(ratios('counts', 'native', 'whole')),
    spreadToO3: range(ratios('counts', 'O3')), spreadToNative: range(ratios('counts', 'native')),
    ratioFullRecorder: median(ratios('counts', 'full')), spreadFullRecorder: range(ratios('counts', 'full')),
    ...(together && { ratioSideBySide: median(ratios('counts', 'apart')), spreadSideBySide: range(ratios('counts', 'apart')) }),
    ratioToNativeFullRecorder: median(ratios('full', 'native')),
    peakBytes,
  };
}

/** The product on one thread and on two, in pairs; its speed on one takes the place of that of the bare runs. */
async function timeProduct(product, build, { runs, steps, perSecondNative }, pairs) {
  const measured = await rounds(pairs, { one: () => clocked(() => product.run(1, build)), two: () => clocked(() => product.run(2, build)) });
  const ratios = measured.map(({ one, two }) => one / two);
  const nanoseconds = (side) => median(measured.map((round) => round[side]));
  const perSecondWhole = (steps * 1e9) / nanoseconds('one');
  return {
    perSecondWhole, ratioToNativeWhole: perSecondWhole / perSecondNative,
    runsPerSecond: (runs * 1e9) / nanoseconds('one'), runsPerSecondTwoWorkers: (runs * 1e9) / nanoseconds('two'),
    ratioTwoWorkers: median(ratios), spreadTwoWorkers: range(ratios),
  };
}
