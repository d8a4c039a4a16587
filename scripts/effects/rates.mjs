// What rounding adds to the error against the step size: the 1/μ law, and the step size below which nothing is gained.
import { table } from '../page.mjs';
import { decibel, excessAfter, misadjustment, place, POWER, roundoff, stochasticRoundoff, stopping, UNIFORM } from './laws.mjs';
import { apart, excess, FROM_SOLUTION, NOISE, phase, run, START, STEPS, TAPS, weightFormat } from './lms.mjs';
import { mean, slope } from './measure.mjs';
import { figure } from './plot.mjs';
import { agreement, interval, number, power, powerOfTwo, powers, shown, step } from './text.mjs';

const MODES = { RND_CONV: 'nearest', STOCHASTIC: 'stochastic' };
const COLOURS = { RND_CONV: 0, STOCHASTIC: 2 };

/** The law: noise that keeps updates beyond a last place down to μ = 2⁻¹⁰. */
const LAW = { fraction: 14, deviation: 0.1, rates: Array.from({ length: 11 }, (_, k) => 3 + k) };
/** Steps that bring the difference of both sides, from 0, within exp(−6) of its end. */
const settled = (rate) => Math.max(2000, Math.ceil(3 / POWER / step(rate)));
/** Where the mean update is a last place. */
const EDGE = Math.log2((LAW.deviation * Math.sqrt(POWER)) / place(LAW.fraction));
const inside = (rate) => rate < EDGE;

/** The best step size: from zero, as many steps for each. */
const BEST = { fraction: 8, rates: Array.from({ length: 8 }, (_, k) => 3 + k) };

const lawKey = (mode, rate) => `rates/${mode}/${rate}`;
const bestKey = (mode, rate) => `best/${mode}/${rate}`;

export const points = Object.keys(MODES).flatMap((mode) => [
  ...LAW.rates.map((rate) => ({
    key: lawKey(mode, rate), checked: rate === 6,
    run: async (seed) => ({
      apart: apart(await run(seed, {
        ...weightFormat(LAW.fraction, mode), ...phase({ learningRate: step(rate), steps: settled(rate) }), ...FROM_SOLUTION, 'experiment.data.noise': LAW.deviation, 'experiment.data.rows': settled(rate),
      })),
    }),
  })),
  ...BEST.rates.map((rate) => ({
    key: bestKey(mode, rate), checked: false,
    run: async (seed) => {
      const { fixed, float } = await run(seed, { ...weightFormat(BEST.fraction, mode), ...phase({ learningRate: step(rate) }) });
      return { fixed: excess(fixed), ...(mode === 'RND_CONV' && { float: excess(float) }) };
    },
  })),
]);

const lsb = place(LAW.fraction);
const published = (mode, rate) => roundoff(step(rate), TAPS, UNIFORM[mode] * lsb ** 2);
const refined = (rate) => stochasticRoundoff(step(rate), TAPS, lsb, LAW.deviation ** 2);
const after = (mode, rate) => excessAfter(mode, { mu: step(rate), lsb: place(BEST.fraction), taps: TAPS, noise: NOISE, start: START, steps: STEPS });

/** Slope of log power over log μ. With every seed its own line, so that it has an interval. */
function slopes(values, mode, rates) {
  const lists = rates.map((rate) => values.get(`${lawKey(mode, rate)}/apart`));
  return mean(lists[0].map((_, seed) => slope(rates.map((rate, k) => [Math.log(step(rate)), Math.log(lists[k][seed])]))));
}

const lowest = (at) => BEST.rates.reduce((least, rate) => (at(rate) < at(least) ? rate : least));

export function render(values) {
  const of = (mode, rate) => mean(values.get(`${lawKey(mode, rate)}/apart`));
  const best = (mode, rate, side = 'fixed') => mean(values.get(`${bestKey(mode, rate)}/${side}`));
  const curve = (rates, at) => rates.map((rate) => ({ x: -rate, y: decibel(at(rate)) }));
  const exponent = { label: 'step size μ', name: powerOfTwo };
  const lawPanel = {
    title: `what rounding adds, F = ${LAW.fraction}`, x: { ...exponent, range: [-13, -3, 2] }, y: { label: 'difference to float64, dB', range: [-80, -40, 10] },
    series: [
      ...Object.entries(MODES).flatMap(([mode, name]) => [
        { name: `${name}: 1/μ law`, colour: COLOURS[mode], law: true, points: curve(LAW.rates, (rate) => published(mode, rate)) },
        { name: `${name}, measured`, colour: COLOURS[mode], points: LAW.rates.map((rate) => ({ x: -rate, ...power(of(mode, rate)) })) },
      ]),
      { name: 'stochastic: power of its own roundings', colour: 3, law: true, points: curve(LAW.rates, refined) },
    ],
  };
  const bestPanel = {
    title: `excess error after ${STEPS} steps, F = ${BEST.fraction}`, x: { ...exponent, range: [-10, -3, 1] }, y: { label: 'excess error, dB', range: [-70, 10, 10] },
    series: [
      ...Object.entries(MODES).flatMap(([mode, name]) => [
        { name: `${name}: second-moment model`, colour: COLOURS[mode], law: true, points: curve(BEST.rates, (rate) => after(mode, rate)) },
        { name: `${name}, measured`, colour: COLOURS[mode], points: BEST.rates.map((rate) => ({ x: -rate, ...power(best(mode, rate)) })) },
      ]),
      { name: 'nearest: stopping law', colour: 1, law: true, points: curve(BEST.rates, (rate) => stopping(step(rate), place(BEST.fraction))) },
      { name: 'float64: second-moment model', colour: 4, law: true, points: curve(BEST.rates, (rate) => after('float', rate)) },
      { name: 'float64, measured', colour: 4, points: BEST.rates.map((rate) => ({ x: -rate, ...power(best('RND_CONV', rate, 'float')) })) },
    ],
  };
  const rows = LAW.rates.map((rate) => [powerOfTwo(-rate), number((step(rate) * LAW.deviation * Math.sqrt(POWER)) / lsb, 2), ...Object.keys(MODES).flatMap((mode) => [powers(of(mode, rate)), shown(published(mode, rate))]), shown(refined(rate))]);
  const ranges = { 'updates of a last place and more': LAW.rates.filter((rate) => rate > 4 && inside(rate)), 'below a quarter of one': LAW.rates.filter((rate) => rate > EDGE + 2) };
  const slopeRows = Object.entries(ranges).flatMap(([name, rates]) => Object.entries(MODES).map(([mode, label]) => [
    `${name}: μ = ${powerOfTwo(-rates.at(-1))} … ${powerOfTwo(-rates[0])}`, label, '−1', number(slope(rates.map((rate) => [Math.log(step(rate)), Math.log(mode === 'STOCHASTIC' ? refined(rate) : published(mode, rate))]))), interval(slopes(values, mode, rates)),
  ]));
  const bestRows = BEST.rates.map((rate) => [powerOfTwo(-rate), powers(best('RND_CONV', rate, 'float')), shown(after('float', rate)), shown(misadjustment(step(rate), TAPS) * NOISE), ...Object.keys(MODES).flatMap((mode) => [powers(best(mode, rate)), shown(after(mode, rate))]), shown(stopping(step(rate), place(BEST.fraction)))]);
  const law = (mode, rates, at) => agreement(rates.map((rate) => [of(mode, rate), at(rate)]));
  const wide = LAW.rates.filter(inside);
  return {
    figures: { 'rates.svg': figure('What rounding adds against the step size', [lawPanel, bestPanel]) },
    blocks: {
      rates: `${table(['μ', 'μ·σ_e·σ_x / LSB', 'nearest', '1/μ law', 'stochastic', '1/μ law', 'power of its own roundings'], rows)}\n${table(['slope over', 'rounding', '1/μ law', 'law with its constants', 'measured'], slopeRows)}`,
      best: `${table(['μ', 'float64', 'model', 'misadjustment', 'nearest', 'model', 'stochastic', 'model', 'stopping law'], bestRows)}\nThe smallest error of nearest rounding: measured at μ = ${powerOfTwo(-lowest((rate) => best('RND_CONV', rate).mean))}, by the model at ${powerOfTwo(-lowest((rate) => after('RND_CONV', rate)))}, by stopping law and misadjustment together at ${powerOfTwo(-lowest((rate) => stopping(step(rate), place(BEST.fraction)) + misadjustment(step(rate), TAPS) * NOISE))} or above.\n`,
    },
    agreement: [
      ['1/μ law, nearest, updates of a last place and more', ...law('RND_CONV', wide, (rate) => published('RND_CONV', rate))],
      ['1/μ law, stochastic, updates of a last place and more', ...law('STOCHASTIC', wide, (rate) => published('STOCHASTIC', rate))],
      ['1/μ law, stochastic, every μ', ...law('STOCHASTIC', LAW.rates, (rate) => published('STOCHASTIC', rate))],
      ['power of its own roundings, stochastic, every μ', ...law('STOCHASTIC', LAW.rates, refined)],
      ['best step size: second-moment model, nearest', ...agreement(BEST.rates.map((rate) => [best('RND_CONV', rate), after('RND_CONV', rate)]))],
      ['best step size: second-moment model, stochastic', ...agreement(BEST.rates.map((rate) => [best('STOCHASTIC', rate), after('STOCHASTIC', rate)]))],
      ['best step size: second-moment model, float64', ...agreement(BEST.rates.map((rate) => [best('RND_CONV', rate, 'float'), after('float', rate)]))],
    ],
  };
}
