/** The curves of a run: what they show, from which columns of the trace. */
import { SIDE_COLUMNS, type TraceRow } from '../../run/trace.js';
import type { Scale } from './axis.js';

export type Side = 'float' | 'fixed';
export const SIDES = ['float', 'fixed'] as const satisfies readonly Side[];

export interface Picture {
  readonly title: string;
  readonly about: string;
  readonly scale: Scale;
  /** Null where it is not finite or not there. */
  readonly value: (row: TraceRow, side: Side) => number | null;
  /** A level worth seeing. */
  readonly limit?: { readonly at: number; readonly label: string };
  /** What is said where there is no value at all. */
  readonly none: string;
}

const column = (name: keyof typeof SIDE_COLUMNS) => (row: TraceRow, side: Side): number | null => row[`${side}.${name}`] as number | null;
const unstable = { at: 2, label: 'unstable above 2' };

export const PICTURES = {
  loss: { title: 'Loss', about: SIDE_COLUMNS.loss, scale: 'log', value: column('loss'), none: 'No loss was finite.' },
  alpha: { title: 'Throttle α', about: 'share of the learning rate that the throttle lets through', scale: 'linear', value: column('alpha'), none: 'No α was finite.' },
  margin: {
    title: 'Margin α·η·λmax', about: 'λmax: largest eigenvalue of the Hessian of the batch', scale: 'linear', value: column('throttledMargin'), limit: unstable,
    none: 'A Hessian is taken for one linear layer only.',
  },
  estimate: {
    title: 'Estimated margin α·η·C', about: 'C: the larger of the curvature estimate and its moving mean', scale: 'linear', limit: unstable,
    value: (row, side) => {
      const [rate, curvature, mean] = (['rate', 'curvature', 'curvatureMean'] as const).map((name) => column(name)(row, side));
      return rate == null || curvature == null || mean == null ? null : rate * Math.max(curvature, mean);
    },
    none: 'Nothing estimates the curvature.',
  },
  weightError: { title: 'Weight error', about: SIDE_COLUMNS.weightError, scale: 'log', value: column('weightError'), none: 'There is a least-squares solution to compare with for one linear layer only.' },
} as const satisfies Record<string, Picture>;

export type PictureId = keyof typeof PICTURES;
export const PICTURE_IDS = Object.keys(PICTURES) as PictureId[];
