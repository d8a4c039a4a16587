// The dead band of the moving mean.
import { deadBand, designEma, emaReport, siteFormat } from '../../dist/index.js';
import { table } from '../page.mjs';
import { figure } from './plot.mjs';
import { powerOfTwo } from './text.mjs';

const SHIFTS = Array.from({ length: 9 }, (_, k) => 2 + k);
const FRACTION = 15;
/** Three tenths of full scale, a raw with both parities and residues near by. */
const INPUT = 9830;
/** Published, in last places: how far below a constant input a rising mean stops, and how far above a falling one. */
const MODES = {
  RND_CONV: { name: 'nearest', rising: (shift) => 2 ** (shift - 1), falling: (shift) => 2 ** (shift - 1), text: ['1/2ρ', '1/2ρ'] },
  TRN: { name: 'truncation', rising: (shift) => 2 ** shift - 1, falling: () => 0, text: ['1/ρ − 1', '0'] },
  STOCHASTIC: { name: 'stochastic', rising: () => 0, falling: () => 0, text: ['0', '0'] },
};
const options = (mode, shift) => ({ form: 'one', rho: `1/${2 ** shift}`, mean: siteFormat({ signed: true, wordLength: FRACTION + 1, fractionLength: FRACTION, rounding: mode, overflow: 'SAT' }) });
const keyOf = (mode, shift) => `average/${mode}/${shift}`;

export const points = Object.keys(MODES).flatMap((mode) => SHIFTS.map((shift) => ({
  key: keyOf(mode, shift), checked: shift === 4, seeds: 1,
  run: async () => {
    const { quantities } = await emaReport({ ...options(mode, shift), input: INPUT / 2 ** FRACTION });
    const of = (name) => quantities.find(({ id }) => id === name).fixed;
    return { rising: of('deadBandRising'), falling: of('deadBandFalling'), bias: of('bias') };
  },
})));

export function render(values) {
  const of = (mode, shift, name) => values.get(`${keyOf(mode, shift)}/${name}`)[0];
  const places = (value) => ({ y: Math.log2(value) });
  const series = [['RND_CONV', 'rising', 0], ['TRN', 'rising', 1]].flatMap(([mode, side, colour]) => [
    { name: `${MODES[mode].name}, ${side}: ${MODES[mode].text[0]}`, colour, law: true, points: SHIFTS.map((shift) => ({ x: shift, ...places(MODES[mode][side](shift)) })) },
    { name: `${MODES[mode].name}, ${side}, measured`, colour, points: SHIFTS.map((shift) => ({ x: shift, ...places(of(mode, shift, side)) })) },
  ]);
  const rows = SHIFTS.map((shift) => [`1/${2 ** shift}`, ...Object.entries(MODES).flatMap(([mode, laws]) => {
    const exact = deadBand(designEma(options(mode, shift)), BigInt(INPUT));
    return [`${of(mode, shift, 'rising')} / ${of(mode, shift, 'falling')}`, `${laws.rising(shift)} / ${laws.falling(shift)}`, `${exact.rising} / ${exact.falling}`];
  })]);
  const cases = Object.keys(MODES).flatMap((mode) => SHIFTS.flatMap((shift) => {
    const exact = deadBand(designEma(options(mode, shift)), BigInt(INPUT));
    return ['rising', 'falling'].map((side) => ({ measured: of(mode, shift, side), published: MODES[mode][side](shift), exact: exact[side] }));
  }));
  const equal = (name) => cases.filter((one) => one.measured === one[name]).length;
  const off = Math.max(...cases.map(({ measured, published }) => Math.abs(measured - published)));
  return {
    figures: { 'average.svg': figure('Dead band of a moving mean', [{ title: 'S ← Q(S + ρ·(x − S)), constant x', x: { label: 'ρ', range: [2, 10, 1], name: (value) => powerOfTwo(-value) }, y: { label: 'dead band, last places', range: [0, 10, 2], name: (value) => String(2 ** value) }, series }]) },
    blocks: { average: `${table(['ρ', ...Object.values(MODES).flatMap(({ name }) => [name, 'published', 'exact'])], rows)}\nRising / falling, last places. Of ${cases.length} bands ${equal('published')} are as published, ${off === 0 ? 'none off' : `the others off by ${off} at most`}; ${equal('exact')} are what the closed form of [ema.md](ema.md#3-dead-band) gives for this input.\n` },
    agreement: [],
  };
}
