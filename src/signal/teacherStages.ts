/** What a teacher answers by, from which row on: docs/sensors.md, "A teacher". */
import { QrailsError } from '../errors.js';
import type { TeacherData } from '../schema/experiment.js';

export interface Affine {
  readonly weights: readonly (readonly number[])[];
  readonly bias?: readonly number[] | undefined;
}

/** The teacher between two changes. */
export interface TeacherStage {
  /** First row it holds for. */
  readonly from: number;
  readonly hidden?: Affine | undefined;
  readonly output: Affine;
}

export function refuse(where: string, message: string, found: string, expected: string): never {
  throw new QrailsError({ code: 'invalid', where: `data.${where}`, message, found, expected });
}

/**
 * Numbers in a row of a teacher's data.
 *
 * @example teacherSize({ kind: 'teacher', rows: 1, weights: [[1, 2, 3]] }) // { inputs: 3, targets: 1 }
 */
export function teacherSize({ hidden, weights }: Pick<TeacherData, 'hidden' | 'weights'>): { readonly inputs: number; readonly targets: number } {
  return { inputs: (hidden ?? { weights }).weights[0]!.length, targets: weights.length };
}

/**
 * The stages of a teacher in rising order; the first holds from row 0 on.
 *
 * @throws QrailsError `invalid` where shapes do not fit together or stay, or a change is at no row of the data, out of order or empty
 */
export function teacherStages(data: TeacherData): readonly TeacherStage[] {
  const { rows, hidden, weights, bias, changes = [] } = data;
  const { inputs, targets } = teacherSize(data);
  const neurons = hidden?.weights.length;
  const check = (at: string, stated: Partial<Pick<TeacherData, 'hidden' | 'weights' | 'bias'>>): void => {
    if (stated.hidden) checkAffine(`${at}hidden.`, stated.hidden, inputs, neurons!);
    checkAffine(at, stated, neurons ?? inputs, targets);
  };
  check('', data);

  const stages: TeacherStage[] = [{ from: 0, hidden, output: { weights, bias } }];
  changes.forEach((change, index) => {
    const at = `changes[${index}]`;
    const before = stages.at(-1)!;
    if (change.row <= before.from || change.row >= rows) {
      refuse(`${at}.row`, 'changes come one after the other, at rows of the data', `${change.row}`, before.from < rows - 1 ? `${before.from + 1} to ${rows - 1}` : 'no more changes');
    }
    if (change.hidden && !hidden) refuse(`${at}.hidden`, 'the teacher has no hidden layer to change', 'one', 'none, or one in the teacher itself');
    if (!(change.hidden ?? change.weights ?? change.bias)) refuse(at, 'changes nothing', 'a row alone', 'weights, bias or hidden');
    check(`${at}.`, change);
    stages.push({
      from: change.row,
      hidden: change.hidden ?? before.hidden,
      output: { weights: change.weights ?? before.output.weights, bias: change.bias ?? before.output.bias },
    });
  });
  return stages;
}

function checkAffine(at: string, { weights, bias }: Partial<Affine>, inputs: number, outputs: number): void {
  if (weights && weights.length !== outputs) refuse(`${at}weights`, 'a change keeps the size of the teacher', `${weights.length} rows`, `${outputs}`);
  const uneven = weights?.findIndex((row) => row.length !== inputs) ?? -1;
  if (uneven >= 0) refuse(`${at}weights[${uneven}]`, 'one weight for each of its inputs', `${weights![uneven]!.length} weights`, `${inputs}`);
  if (bias && bias.length !== outputs) refuse(`${at}bias`, 'one bias for each of its outputs', `${bias.length}`, `${outputs}`);
}
