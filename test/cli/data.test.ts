/** A recording of the user's own, small and large. */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import type { Comparison } from '../../src/schema/comparison.js';
import { BIN, ended, inFolder, recorded } from './qrails.js';

const INPUTS = Array.from({ length: 8 }, (_, index) => `x${index}`);
const ROWS = 100_000;

/** y is a fixed mixture of the inputs; every value is repeatable. */
function largeLog(): string {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const lines = [`${INPUTS.join(',')},y`];
  for (let row = 0; row < ROWS; row++) {
    const x = INPUTS.map(random);
    lines.push(`${x.map((value) => value.toFixed(5)).join(',')},${x.reduce((sum, value, index) => sum + (index % 2 ? -1 : 1) * value, 0).toFixed(5)}`);
  }
  return `${lines.join('\n')}\n`;
}

it('100 000 rows of 8 inputs take some seconds and bounded memory', () => inFolder({ 'log.csv': largeLog() }, async (folder) => {
  const measured = `process.on('exit', () => console.error(process.resourceUsage().maxRSS)); process.argv.splice(1, 0, ''); const { main } = await import(process.argv[2]); await main(process.argv.slice(3));`;
  const main = new URL('../dist/cli/main.js', `file://${BIN}`).href;
  const began = performance.now();
  const { code, stdout, stderr } = await ended(spawn(process.execPath, [
    '--input-type=module', '-e', measured, main, 'compare', '--data', 'log.csv', '--inputs', INPUTS.join(','), '--targets', 'y', '--throttle', 'gt0/trace',
    '--set', 'experiment.data.lags=1', '--set', 'experiment.data.ahead=0', '--json',
  ], { cwd: folder.path }));
  expect(code).toBe(0);
  const { plan, runs } = JSON.parse(stdout) as Comparison;
  expect(plan.steps).toBe(4 * ROWS);
  expect(runs[0]!.float.finalWeights[0]![0]).toHaveLength(INPUTS.length);
  expect(Number(stderr) / 1024).toBeLessThan(600); // maxRSS is in kilobytes
  expect(performance.now() - began).toBeLessThan(20_000);
}));

const small = `a,b,y\n${Array.from({ length: 40 }, (_, row) => `${Math.sin(row)},${Math.cos(row)},${Math.sin(row) - Math.cos(row) / 2}`).join('\n')}\n`;

it('a path in an experiment starts from its file, one in an option from the working directory', () => inFolder(
  { 'sub/e.json': recorded(), 'sub/log.csv': small, 'log.csv': small.replaceAll(',', ' , ').replaceAll('\n', '\r\n') },
  async (folder) => {
    const option = ['--inputs', 'a,b', '--targets', 'y', '--json', '--no-tries'];
    const [own, given] = await Promise.all([folder.qrails(['compare', 'sub/e.json', '--json', '--no-tries']), folder.qrails(['compare', 'sub/e.json', '--data', 'log.csv', ...option])]);
    expect([own.code, own.stderr, given.code, given.stderr]).toEqual([0, '', 0, '']);
    expect(given.stdout).toBe(own.stdout);
  },
));
