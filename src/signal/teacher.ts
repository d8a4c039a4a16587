/** The affine teacher: uniform inputs, y = A·x + bias, optional noise on the targets. Formulas in docs/sensors.md. */
import { QrailsError } from '../errors.js';
import type { TeacherData } from '../schema/experiment.js';
import type { Dataset } from './dataset.js';
import { normal } from './normal.js';
import { randomStream, uniform } from './random.js';
import { checkSize, hashValues } from './values.js';

function refuse(where: string, message: string, found: string, expected: string): never {
  throw new QrailsError({ code: 'invalid', where: `data.${where}`, message, found, expected });
}

/**
 * Draws the rows of a teacher: x = low + (high − low)·u, then y = Σ A[o][i]·x[i] in index order, + bias, + noise; one rounding to
 * binary64 each. The noise has its own stream, so it does not change the inputs.
 *
 * @throws QrailsError `invalid` for weights of uneven length, a bias of another length, an empty range, values that are not finite;
 *   `data` if the rows do not fit in memory
 */
export function drawTeacher({ rows, weights, bias, low = 0, high = 1, noise = 0 }: TeacherData, seed: number): Dataset {
  const targets = weights.length;
  const inputs = weights[0]?.length ?? 0;
  const uneven = weights.findIndex((row) => row.length !== inputs);
  if (uneven >= 0) {
    refuse(`weights[${uneven}]`, 'every row of weights has one weight per input', `${weights[uneven]!.length} weights`, `${inputs}, as in the first row`);
  }
  if (bias !== undefined && bias.length !== targets) refuse('bias', 'one bias per output', `${bias.length}`, `${targets}`);
  if (!(low < high) || !Number.isFinite(high - low)) refuse('low', 'the inputs lie between low and high', `low ${low}, high ${high}`, 'low < high');
  const width = inputs + targets;
  checkSize(rows, width, 'data.rows');

  const data = randomStream(seed, 'data');
  const disturbance = randomStream(seed, 'targets');
  const values = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    for (let i = 0; i < inputs; i++) values[start + i] = low + (high - low) * uniform(data);
    for (let o = 0; o < targets; o++) {
      const weightsOfOutput = weights[o]!;
      let y = 0;
      for (let i = 0; i < inputs; i++) y += weightsOfOutput[i]! * values[start + i]!;
      if (bias !== undefined) y += bias[o]!;
      if (noise > 0) y += noise * normal(disturbance);
      if (!Number.isFinite(y)) refuse(`weights[${o}]`, 'the teacher leaves the range of numbers', `${y} in row ${row}`, 'finite targets');
      values[start + inputs + o] = y;
    }
  }
  const names = [...Array.from({ length: inputs }, (_, i) => `x${i}`), ...Array.from({ length: targets }, (_, o) => `y${o}`)];
  return { rows, inputs, targets, values, sha256: hashValues(values), names };
}
