/** The report as text: the machine, then one line for each job and build. */
import { FLAGS } from './native.mjs';

const millions = (perSecond) => (perSecond / 1e6).toFixed(2);
const ratio = (value, [low, high]) => `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;

export function table({ machine: { cpu, cores, node, compiler }, pairs, jobs }) {
  const header = ['job', 'build', 'bits equal', 'core', `gcc ${FLAGS.O3.join(' ')}`, 'ratio', `gcc ${FLAGS.native.join(' ')}`, 'ratio', 'full recorder takes'];
  const lines = jobs.map((job) => [
    job.title, job.build, job.bitsEqual ? 'yes' : 'NO', millions(job.perSecond),
    millions(job.perSecondO3), ratio(job.ratioToO3, job.spreadToO3), millions(job.perSecondNative), ratio(job.ratioToNative, job.spreadToNative),
    `${Math.round((job.ratioFullRecorder - 1) * 100)} % more`,
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)));
  const text = (line) => line.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd();
  return [
    `${cpu}, ${cores} cores; Node.js ${node}; ${compiler}`,
    `speeds in millions of steps per second; ratio: core to C, median of ${pairs} pairs (smallest–largest), above 1 the core is faster`,
    '',
    text(header),
    ...lines.map(text),
  ].join('\n');
}
