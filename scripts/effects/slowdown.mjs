// Nearest rounding against the number of steps: it does not stop, it slows down.
import { table } from '../page.mjs';
import { decibel, excessAfter, place, stopping } from './laws.mjs';
import { excess, NOISE, phase, run, START, TAPS, weightFormat } from './lms.mjs';
import { mean } from './measure.mjs';
import { figure } from './plot.mjs';
import { agreement, power, powerOfTwo, powers, shown, step } from './text.mjs';

const RATE = 6;
const FRACTIONS = [7, 8, 9];
const LENGTHS = [10, 12, 14, 16, 18];

const keyOf = (fraction, length) => `slowdown/${fraction}/${length}`;

export const points = FRACTIONS.flatMap((fraction) => LENGTHS.map((length) => ({
  key: keyOf(fraction, length), checked: fraction === 8 && length === 14,
  run: async (seed) => {
    const { fixed } = await run(seed, { ...weightFormat(fraction, 'RND_CONV'), ...phase({ learningRate: step(RATE), steps: 2 ** length }), 'experiment.data.rows': Math.max(1000, 2 ** length) });
    return { fixed: excess(fixed), stalled: fixed.recorder.stalledSteps / 2 ** length };
  },
})));

const model = (fraction, length) => excessAfter('RND_CONV', { mu: step(RATE), lsb: place(fraction), taps: TAPS, noise: NOISE, start: START, steps: 2 ** length });
const LINE = Array.from({ length: 33 }, (_, k) => 10 + k / 4);

export function render(values) {
  const of = (fraction, length) => mean(values.get(`${keyOf(fraction, length)}/fixed`));
  const series = FRACTIONS.flatMap((fraction, colour) => [
    { name: `${fraction} fraction bits: second-moment model`, colour, law: true, points: LINE.map((length) => ({ x: length, y: decibel(model(fraction, length)) })) },
    { name: `${fraction} fraction bits, measured`, colour, points: LENGTHS.map((length) => ({ x: length, ...power(of(fraction, length)) })) },
    { ...(colour === 0 && { name: 'stopping law, one line for each' }), colour: 3, law: true, points: LINE.map((length) => ({ x: length, y: decibel(stopping(step(RATE), place(fraction))) })) },
  ]);
  const rows = LENGTHS.map((length) => [String(2 ** length), ...FRACTIONS.flatMap((fraction) => [
    powers(of(fraction, length)), shown(model(fraction, length)), `${(100 * mean(values.get(`${keyOf(fraction, length)}/stalled`)).mean).toFixed(2)} %`,
  ])]);
  const head = ['steps', ...FRACTIONS.flatMap((fraction) => [`F = ${fraction}`, 'model', 'steps stalled'])];
  return {
    figures: { 'slowdown.svg': figure('Excess error of nearest rounding against steps', [{ title: `nearest rounding, μ = ${powerOfTwo(-RATE)}`, x: { label: 'steps', range: [10, 18, 2], name: powerOfTwo }, y: { label: 'excess error, dB', range: [-50, 0, 10] }, series }]) },
    blocks: { slowdown: `${table(head, rows)}\nStopping law: ${FRACTIONS.map((fraction) => `${shown(stopping(step(RATE), place(fraction)))} dB for F = ${fraction}`).join(', ')}.\n` },
    agreement: [['nearest, by steps: second-moment model', ...agreement(FRACTIONS.flatMap((fraction) => LENGTHS.map((length) => [of(fraction, length), model(fraction, length)])))]],
  };
}
