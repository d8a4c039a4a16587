// Excess error against the fraction length of the weight: stalling, bias, stochastic rounding.
import { table } from '../page.mjs';
import { decibel, excessAfter, misadjustment, place, stopping, truncation } from './laws.mjs';
import { excess, NOISE, phase, run, START, STEPS, TAPS, weightFormat } from './lms.mjs';
import { mean } from './measure.mjs';
import { figure } from './plot.mjs';
import { agreement, number, power, powers, powerOfTwo, shown, step } from './text.mjs';

const RATES = [6, 8];
const FRACTIONS = Array.from({ length: 11 }, (_, k) => 6 + k);
const MODES = { RND_CONV: 'nearest', TRN: 'truncation', STOCHASTIC: 'stochastic' };
const CHECKED = new Set(['6/RND_CONV/8', '6/TRN/10', '8/STOCHASTIC/6']);

const keyOf = (rate, mode, fraction) => `words/${rate}/${mode}/${fraction}`;

export const points = RATES.flatMap((rate) => FRACTIONS.flatMap((fraction) => Object.keys(MODES).map((mode) => ({
  key: keyOf(rate, mode, fraction), checked: CHECKED.has(`${rate}/${mode}/${fraction}`),
  run: async (seed) => {
    const { fixed, float } = await run(seed, { ...weightFormat(fraction, mode), ...phase({ learningRate: step(rate) }) });
    return { fixed: excess(fixed), ...(fraction === FRACTIONS[0] && mode === 'TRN' && { float: excess(float) }) };
  },
}))));

const model = (mode, rate, fraction) => excessAfter(mode, { mu: step(rate), lsb: place(fraction), taps: TAPS, noise: NOISE, start: START, steps: STEPS });
const LAWS = {
  RND_CONV: (rate, fraction) => model('RND_CONV', rate, fraction),
  TRN: (rate, fraction) => truncation(step(rate), TAPS, place(fraction), NOISE),
  STOCHASTIC: (rate, fraction) => model('STOCHASTIC', rate, fraction),
};

export function render(values) {
  const of = (rate, mode, fraction) => mean(values.get(`${keyOf(rate, mode, fraction)}/fixed`));
  const float = (rate) => mean(values.get(`${keyOf(rate, 'TRN', FRACTIONS[0])}/float`));
  const curve = (at) => FRACTIONS.map((fraction) => ({ x: fraction, y: decibel(at(fraction)) }));
  const panels = RATES.map((rate) => ({
    title: `μ = ${powerOfTwo(-rate)}`,
    x: { label: 'fraction bits of the weight', range: [6, 16, 2] }, y: { label: 'excess error, dB', range: [-70, 30, 20] },
    series: [
      ...Object.entries(MODES).flatMap(([mode, name], colour) => [
        { name: `${name}: ${mode === 'TRN' ? 'bias law' : 'second-moment model'}`, colour, law: true, points: curve((fraction) => LAWS[mode](rate, fraction)) },
        { name: `${name}, measured`, colour, points: FRACTIONS.map((fraction) => ({ x: fraction, ...power(of(rate, mode, fraction)) })) },
      ]),
      { name: 'nearest: stopping law', colour: 3, law: true, points: curve((fraction) => stopping(step(rate), place(fraction))) },
      { name: 'float64: misadjustment', colour: 4, law: true, points: curve(() => misadjustment(step(rate), TAPS) * NOISE) },
    ],
  }));
  const blocks = RATES.map((rate) => {
    const rows = FRACTIONS.map((fraction) => [fraction, ...Object.keys(MODES).flatMap((mode) => [
      powers(of(rate, mode, fraction)), shown(LAWS[mode](rate, fraction)), ...(mode === 'RND_CONV' ? [shown(stopping(step(rate), place(fraction)))] : []),
    ]), gain(of(rate, 'RND_CONV', fraction).mean, of(rate, 'STOCHASTIC', fraction).mean), gain(LAWS.RND_CONV(rate, fraction), LAWS.STOCHASTIC(rate, fraction))]);
    return `μ = ${powerOfTwo(-rate)}. float64: ${powers(float(rate))} dB, misadjustment ${shown(misadjustment(step(rate), TAPS) * NOISE)} dB.\n\n${table(['F', 'nearest', 'model', 'stopping law', 'truncation', 'bias law', 'stochastic', 'model', 'gain of stochastic, dB', 'by the models'], rows)}`;
  });
  const needed = RATES.map((rate) => [powerOfTwo(-rate), ...Object.keys(MODES).flatMap((mode) => [
    bitsNeeded((fraction) => of(rate, mode, fraction).mean, float(rate).mean), bitsNeeded((fraction) => LAWS[mode](rate, fraction), misadjustment(step(rate), TAPS) * NOISE),
  ])]);
  const met = Object.entries(MODES).map(([mode, name]) => {
    const pairs = RATES.flatMap((rate) => FRACTIONS.map((fraction) => [of(rate, mode, fraction), LAWS[mode](rate, fraction)]));
    return [`${name}: ${mode === 'TRN' ? 'bias law' : 'second-moment model'}`, ...agreement(pairs)];
  });
  const stalled = RATES.flatMap((rate) => FRACTIONS.filter((fraction) => LAWS.RND_CONV(rate, fraction) > STALLED * misadjustment(step(rate), TAPS) * NOISE).map((fraction) => [rate, fraction]));
  met.unshift([`nearest: stopping law, where the model is ${decibel(STALLED)} dB above float64`, ...agreement(stalled.map(([rate, fraction]) => [of(rate, 'RND_CONV', fraction), stopping(step(rate), place(fraction))]))]);
  return { figures: { 'words.svg': figure('Excess error against fraction bits of the weight', panels) }, blocks: { words: blocks.join('\n'), bits: table(['μ', ...Object.values(MODES).flatMap((name) => [name, 'predicted'])], needed) }, agreement: met };
}

const gain = (nearest, stochastic) => (decibel(nearest) - decibel(stochastic)).toFixed(1).replace('-', '−');

/** Twice the error of float64. */
const ALLOWED = 2;
/** What is called stalled, in errors of float64. */
const STALLED = 10;

/** Fraction bits, between those measured in a straight line of decibels, from which the error stays within what is allowed. */
function bitsNeeded(at, float) {
  const over = FRACTIONS.map((fraction) => decibel(at(fraction) / (ALLOWED * float)));
  const last = over.findLastIndex((excess) => excess > 0);
  if (last === FRACTIONS.length - 1) return `more than ${FRACTIONS.at(-1)}`;
  return last < 0 ? `${FRACTIONS[0]} or fewer` : number(FRACTIONS[last] + over[last] / (over[last] - over[last + 1]));
}
