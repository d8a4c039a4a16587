import { dot, oneRun, planOf, setOf, signed, uniform } from '../plans.mjs';

const TAPS = 16;
const ROWS = 4096;

/** 16-tap LMS in q15: identify a filter from its input and noisy output. The rows are the windows of a delay line. */
export function lms({ quick }) {
  const q15 = signed(16, 15);
  const plan = planOf({
    formats: {
      input: q15, target: q15, activation: q15, error: q15, gradient: q15, update: q15, anchorPull: q15, weight: q15, bias: q15,
      accumulator: signed(64, 30), gradientAccumulator: signed(64, 30), loss: signed(64, 30),
    },
    modes: { rounding: 'TRN', overflow: 'SAT' },
    accumulate: { accumulator: 'end', gradientAccumulator: 'end' },
    layers: [{ weights: [new Array(TAPS).fill(0)] }],
    batch: 1,
    rows: ROWS,
    learningRate: 0.05,
  });
  const filter = Array.from({ length: TAPS }, (_, i) => 0.6 * Math.cos(i) * 0.8 ** i);
  const data = (amplitude) => () => {
    const random = uniform(0x2545f491);
    const signal = Array.from({ length: ROWS + TAPS }, () => amplitude * (2 * random() - 1));
    const windows = Array.from({ length: ROWS }, (_, t) => signal.slice(t, t + TAPS));
    return oneRun(plan, quick ? 8192 : 131_072, setOf(plan, windows, windows.map((window) => [dot(filter, window) + 0.01 * (2 * random() - 1)])));
  };
  return { title: '16-tap q15 LMS, B = 1', source: 'lms', peer: 'linear', rows: ROWS, timed: data(0.5), loud: data(8) };
}
