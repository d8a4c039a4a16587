// A sum of sixteen products that saturates at each product, or at its end.
import { table } from '../page.mjs';
import { beyond, decibel } from './laws.mjs';
import { FROM_SOLUTION, phase, run, STEPS, WEIGHTS } from './lms.mjs';
import { mean } from './measure.mjs';
import { figure } from './plot.mjs';
import { agreement, interval, number, power, powers, shown, step } from './text.mjs';

const RAILS = [0.25, 0.5, 0.75, 1, 1.25, 1.5];
const WRAPPED = [0.25, 0.5, 1, 2];
const RULES = { end: ['end', 'ascending'], each: ['each', 'ascending'], reversed: ['each', 'descending'] };
const NAMES = { end: 'at the end', each: 'at each product', reversed: 'at each product, last tap first' };
const FRACTION = 50;
const RATE = 6;

const format = (rule, site) => ({ ...site, 'profile.accumulate.accumulator': RULES[rule][0], 'profile.accumulate.order': RULES[rule][1] });
const saturated = (rule, rail) => format(rule, { 'profile.sites.accumulator.rails': [-rail, rail] });
const wrapped = (rule, rail) => format(rule, { 'profile.sites.accumulator.wordLength': FRACTION + 1 + Math.log2(rail), 'profile.sites.accumulator.overflow': 'WRAP' });
/** The system's own taps, all rows in one step that moves nothing. */
const still = { ...FROM_SOLUTION, ...phase({ steps: 1, batch: 'all', learningRate: 0 }), 'experiment.data.noise': 0, 'experiment.evaluation': { rows: STEPS } };
const learning = { ...phase({ learningRate: step(RATE) }), 'experiment.data.noise': 0, 'experiment.evaluation': { rows: STEPS } };

const keyOf = (kind, rule, rail) => `sums/${kind}/${rule}/${rail}`;
const norm = (weights) => Math.sqrt(weights.reduce((sum, weight) => sum + weight ** 2, 0));
const measured = (kind, rule, rail, assignments, checked) => ({
  key: keyOf(kind, rule, rail), checked,
  run: async (seed) => {
    const { fixed } = await run(seed, assignments);
    const { count, overflowHigh, overflowLow } = fixed.counters['layer0.accumulator'];
    return { power: 2 * fixed.finalLoss, ...(kind === 'still' && { clipped: (overflowHigh + overflowLow) / count }), ...(kind === 'learned' && { norm: norm(fixed.parameters[0]) }) };
  },
});

export const points = [
  ...RAILS.flatMap((rail) => Object.keys(RULES).flatMap((rule) => [
    measured('still', rule, rail, { ...still, ...saturated(rule, rail) }, rail === 1), measured('learned', rule, rail, { ...learning, ...saturated(rule, rail) }, false),
  ])),
  ...WRAPPED.flatMap((rail) => Object.keys(RULES).map((rule) => measured('wrapped', rule, rail, { ...still, ...wrapped(rule, rail) }, false))),
];

export function render(values) {
  const of = (kind, rule, rail, name = 'power') => mean(values.get(`${keyOf(kind, rule, rail)}/${name}`));
  const law = (rail) => beyond(WEIGHTS, rail);
  const ratio = (rule, rail) => mean(values.get(`${keyOf('still', rule, rail)}/power`).map((value, k) => value / values.get(`${keyOf('still', 'end', rail)}/power`)[k]));
  const panel = (title, kind) => ({
    title, x: { label: 'rail of the sum', range: [0.25, 1.5, 0.25] }, y: { label: 'output error, dB', range: [-60, 0, 10] },
    series: [
      ...(kind === 'still' ? [{ name: 'at the end: what lies beyond the rail', colour: 0, law: true, points: RAILS.map((rail) => ({ x: rail, y: decibel(law(rail).power) })) }, { name: 'at each product: twice that, at most', colour: 1, law: true, points: RAILS.map((rail) => ({ x: rail, y: decibel(2 * law(rail).power) })) }] : []),
      ...Object.entries(NAMES).map(([rule, name], colour) => ({ name: `${name}, measured`, colour, ...(kind === 'learned' && { joined: true }), points: RAILS.map((rail) => ({ x: rail, ...power(of(kind, rule, rail)) })) })),
    ],
  });
  const rows = RAILS.map((rail) => [number(rail), `${interval(scaled(of('still', 'end', rail, 'clipped'), 100))} %`, `${number(100 * law(rail).share)} %`, powers(of('still', 'end', rail)), shown(law(rail).power), ...['each', 'reversed'].map((rule) => interval(ratio(rule, rail)))]);
  const learned = RAILS.map((rail) => [number(rail), ...Object.keys(RULES).flatMap((rule) => [powers(of('learned', rule, rail)), interval(of('learned', rule, rail, 'norm'))])]);
  const same = WRAPPED.map((rail) => {
    const lists = Object.keys(RULES).map((rule) => values.get(`${keyOf('wrapped', rule, rail)}/power`));
    return [number(rail), powers(mean(lists[0])), `${lists[0].filter((value, k) => lists.every((list) => list[k] === value)).length} of ${lists[0].length}`];
  });
  return {
    figures: { 'sums.svg': figure('Output error against the rail of the sum', [panel("the system's own taps", 'still'), panel('after learning with it', 'learned')]) },
    blocks: {
      sums: `${table(['rail', 'sums beyond it', 'law', 'error at the end, dB', 'law', 'each product ÷ end', 'last tap first ÷ end'], rows)}\nThe sum wraps instead:\n\n${table(['rail', 'error, dB', 'seeds in which each product, both orders, and the end give the same'], same)}\nAfter learning, output error in dB, and the norm of the weights (the system has ${number(norm(WEIGHTS))}):\n\n${table(['rail', ...Object.values(NAMES).flatMap((name) => [name, 'norm'])], learned)}`,
    },
    agreement: [['sum beyond its rail, at the end', ...agreement(RAILS.map((rail) => [of('still', 'end', rail), law(rail).power]))]],
  };
}

const scaled = ({ mean: middle, low, high }, factor) => ({ mean: middle * factor, low: low * factor, high: high * factor });
