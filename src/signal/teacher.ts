/** The teacher: uniform inputs, answers of an affine map or a network with one hidden layer, as numbers or labels. Formulas in docs/sensors.md. */
import type { TeacherData } from '../schema/experiment.js';
import type { Dataset } from './dataset.js';
import { normal } from './normal.js';
import { randomStream, uniform } from './random.js';
import { refuse, teacherSize, teacherStages, type Affine } from './teacherStages.js';
import { checkSize, hashValues } from './values.js';

/**
 * Draws the rows of a teacher: x = low + (high − low)·u, then y = Σ A[o][i]·x[i] in index order, + bias, + noise; one rounding to
 * binary64 each. With a hidden layer its outputs, max(h, 0), stand in the place of x. Then labels, and those that are flipped. Noise and
 * flips have streams of their own, so they do not change the inputs.
 *
 * @throws QrailsError `invalid` for shapes that do not fit, changes or flips at rows that are not there, flips without labels, an empty
 *   range, values that are not finite; `data` if the rows do not fit in memory
 * @example drawTeacher({ kind: 'teacher', rows: 640, weights: [[1, -1]], low: -1, labels: true, flips: [{ share: 0.1 }] }, 42)
 */
export function drawTeacher(data: TeacherData, seed: number): Dataset {
  const { rows, low = 0, high = 1, noise = 0, labels = false, flips } = data;
  const { inputs, targets } = teacherSize(data);
  const stages = teacherStages(data);
  if (!(low < high) || !Number.isFinite(high - low)) refuse('low', 'the inputs lie between low and high', `low ${low}, high ${high}`, 'low < high');
  checkFlips(data);
  const width = inputs + targets;
  checkSize(rows, width, 'data.rows');

  const drawn = randomStream(seed, 'data');
  const disturbance = randomStream(seed, 'targets');
  const flipping = randomStream(seed, 'flips');
  const values = new Float64Array(rows * width);
  const neurons = new Float64Array(data.hidden?.weights.length ?? 0);
  let [stage, next] = [stages[0]!, 1];
  for (let row = 0; row < rows; row++) {
    if (stages[next]?.from === row) stage = stages[next++]!;
    const start = row * width;
    for (let i = 0; i < inputs; i++) values[start + i] = low + (high - low) * uniform(drawn);

    const { hidden, output } = stage;
    if (hidden) for (let o = 0; o < neurons.length; o++) neurons[o] = Math.max(answer(hidden, o, values, start), 0);
    const share = flips?.findLast(({ from = 0, to = rows }) => row >= from && row < to)?.share ?? 0;
    for (let o = 0; o < targets; o++) {
      let y = hidden ? answer(output, o, neurons, 0) : answer(output, o, values, start);
      if (noise > 0) y += noise * normal(disturbance);
      if (!Number.isFinite(y)) refuse(`weights[${o}]`, 'the teacher leaves the range of numbers', `${y} in row ${row}`, 'finite targets');
      if (labels) y = y > 0 ? 1 : 0;
      if (flips && uniform(flipping) < share) y = 1 - y;
      values[start + inputs + o] = y;
    }
  }
  const names = [...Array.from({ length: inputs }, (_, i) => `x${i}`), ...Array.from({ length: targets }, (_, o) => `y${o}`)];
  return { rows, inputs, targets, values, sha256: hashValues(values), names };
}

/** One output of a layer: Σ w·x in index order from 0, bias last. */
function answer({ weights, bias }: Affine, output: number, x: Float64Array, from: number): number {
  const row = weights[output]!;
  let y = 0;
  for (let i = 0; i < row.length; i++) y += row[i]! * x[from + i]!;
  return bias ? y + bias[output]! : y;
}

function checkFlips({ rows, labels = false, flips = [] }: TeacherData): void {
  if (flips.length > 0 && !labels) refuse('flips', 'only labels can be flipped', 'numbers', '"labels": true');
  flips.forEach(({ from = 0, to = rows }, index) => {
    if (from >= to || to > rows) refuse(`flips[${index}]`, 'flips labels of rows that are there', `rows ${from} to ${to}`, `from below to, at most ${rows}`);
  });
}
