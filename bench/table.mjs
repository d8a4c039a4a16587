/** The report as text: the machine, speeds and ratios, what else was measured of each job, and the start-up. */
import { FLAGS } from './native.mjs';
import { PEERS } from './systemc.mjs';

const thousands = (perSecond) => (perSecond / 1e3).toFixed(perSecond < 1e5 ? 2 : 0);
const ratio = (value, [low, high]) => `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
const more = (value) => `${Math.round((value - 1) * 100)} %`;
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);

function columns(header, lines) {
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)));
  return [header, ...lines].map((line) => line.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}

/** Where nothing was timed. */
export const bitsTable = ({ jobs }) => columns(['job', 'build', 'bits equal'], jobs.map(({ title, build, bitsEqual }) => [title, build, bitsEqual ? 'yes' : 'NO']));

function speeds(jobs) {
  const header = ['job', 'build', 'bits equal', 'core', `gcc ${FLAGS.O3.join(' ')}`, 'ratio', `gcc ${FLAGS.native.join(' ')}`, 'ratio', 'pairs'];
  return columns(header, jobs.map((job) => [
    job.title, job.build, job.bitsEqual ? 'yes' : 'NO', thousands(job.perSecond), thousands(job.perSecondO3), ratio(job.ratioToO3, job.spreadToO3),
    thousands(job.perSecondNative), ratio(job.ratioToNative, job.spreadToNative), String(job.pairs),
  ]));
}

function rest(jobs) {
  const header = ['job', 'build', 'full recorder', 'with the host', ...Object.values(PEERS), 'MiB core', 'MiB C'];
  return columns(header, jobs.map((job) => [
    job.title, job.build, `${more(job.ratioFullRecorder)} more`, thousands(job.perSecondWhole),
    ...Object.keys(PEERS).map((name) => (job.peers ? `${job[`ratioTo${name}`].toFixed(0)}${job.peers[name].bitsEqual ? '' : ' (other bits)'}` : '–')),
    mebibytes(job.peakBytes.core), mebibytes(job.peakBytes.native),
  ]));
}

export function table({ machine: { cpu, cores, node, compiler }, jobs, startUp }) {
  const { qrailsMs, nodeMs, spread } = startUp;
  const pooled = jobs.filter(({ ratioTwoWorkers }) => ratioTwoWorkers !== undefined);
  return [
    `${cpu}, ${cores} cores; Node.js ${node}; ${compiler}`,
    'thousands of steps per second; ratio: core to C, median of the pairs (smallest–largest), above 1 the core is faster',
    '',
    speeds(jobs),
    '',
    'full recorder: time it takes beside the counting one; with the host: thousands of steps per second with all that is around the core;',
    `${Object.values(PEERS).join(', ')}: how many times faster the core is; MiB: largest memory of the process`,
    '',
    rest(jobs),
    '',
    ...jobs.filter(({ ratioSideBySide }) => ratioSideBySide !== undefined).map((job) => `${job.title}: four runs side by side against one after another, ratio ${ratio(job.ratioSideBySide, job.spreadSideBySide)}`),
    ...pooled.map((job) => `${job.title}: ${job.runsPerSecond.toFixed(0)} runs per second on one worker, ${job.runsPerSecondTwoWorkers.toFixed(0)} on two, ratio ${ratio(job.ratioTwoWorkers, job.spreadTwoWorkers)}`),
    `start-up: qrails --version ${qrailsMs.toFixed(0)} ms, node -e 0 ${nodeMs.toFixed(0)} ms, ratio ${ratio(startUp.ratio, spread)}`,
  ].join('\n');
}
