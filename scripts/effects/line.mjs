// The same on a delay line: inputs that are not independent from step to step.
import { table } from '../page.mjs';
import { excessAfter, misadjustment, place, truncation } from './laws.mjs';
import { excess, NOISE, phase, runDelayLine, START, STEPS, TAPS, weightFormat } from './lms.mjs';
import { mean } from './measure.mjs';
import { agreement, powers, shown, step } from './text.mjs';

const RATE = 6;
const FRACTIONS = [6, 8, 10, 12];
const MODES = { RND_CONV: 'nearest', TRN: 'truncation', STOCHASTIC: 'stochastic' };

const keyOf = (mode, fraction) => `line/${mode}/${fraction}`;

export const points = FRACTIONS.flatMap((fraction) => Object.keys(MODES).map((mode) => ({
  key: keyOf(mode, fraction), checked: fraction === 8 && mode === 'RND_CONV',
  run: async (seed) => {
    const { fixed, float } = await runDelayLine(seed, { ...weightFormat(fraction, mode), ...phase({ learningRate: step(RATE) }) });
    return { fixed: excess(fixed), ...(mode === 'TRN' && fraction === FRACTIONS[0] && { float: excess(float) }) };
  },
})));

const law = (mode, fraction) => (mode === 'TRN'
  ? truncation(step(RATE), TAPS, place(fraction), NOISE)
  : excessAfter(mode, { mu: step(RATE), lsb: place(fraction), taps: TAPS, noise: NOISE, start: START, steps: STEPS }));

export function render(values) {
  const of = (mode, fraction, side = 'fixed') => mean(values.get(`${keyOf(mode, fraction)}/${side}`));
  const rows = FRACTIONS.map((fraction) => [fraction, ...Object.keys(MODES).flatMap((mode) => [powers(of(mode, fraction)), shown(law(mode, fraction))])]);
  return {
    figures: {},
    blocks: {
      line: `${table(['F', 'nearest', 'model', 'truncation', 'bias law', 'stochastic', 'model'], rows)}\nfloat64: ${powers(of('TRN', FRACTIONS[0], 'float'))} dB, misadjustment ${shown(misadjustment(step(RATE), TAPS) * NOISE)} dB.\n`,
    },
    agreement: [['delay line: laws and models of all three', ...agreement(Object.keys(MODES).flatMap((mode) => FRACTIONS.map((fraction) => [of(mode, fraction), law(mode, fraction)])))]],
  };
}
