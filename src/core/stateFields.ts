/** What a run carries from one step to the next, in the order of its bytes: parameters first, then what its controllers keep. docs/state.md. */
import type { Plan } from '../schema/plan.js';
import { RECORDS } from './abi.js';

export interface StateField {
  readonly name: string;
  /** Where it lies in the core: a field of the record STATE, or the array to which this field of the header points. */
  readonly place: 'record' | 'array';
  /** Values; 1 for a field of the record. */
  readonly count: number;
  /** Integer counts are the same in the reference; values are its doubles. */
  readonly integer: boolean;
}

const arrays = {
  theta: ({ layers }: Plan) => parameterCount(layers),
  lastTheta: ({ layers, throttle }: Plan) => (keepsDifferences(throttle) ? parameterCount(layers) : 0),
  lastGradient: ({ layers, throttle }: Plan) => (keepsDifferences(throttle) ? parameterCount(layers) : 0),
  anchor: ({ layers, anchor }: Plan) => (anchor.law === 'none' ? 0 : parameterCount(layers)),
  window: ({ anchor }: Plan) => anchor.window ?? 0,
} as const;

const records: Readonly<Record<string, (plan: Plan) => boolean>> = {
  history: ({ throttle }) => keepsDifferences(throttle),
  curvature: ({ throttle }) => throttle.estimator !== undefined,
  curvatureMean: ({ throttle }) => throttle.estimator !== undefined,
  tableAlpha: ({ throttle }) => throttle.law === 'table',
  ...Object.fromEntries(
    ['locked', 'holdLeft', 'calibrated', 'seen', 'windowAt', 'above', 'events', 'lossSum', 'squareSum', 'squareSumHigh', 'lossMean', 'lossVariance'].map((name) => [
      name, ({ anchor }: Plan) => anchor.law === 'event',
    ]),
  ),
};

/** The state of a plan's run, field by field; what its controllers do not use is not part of it. */
export function stateFields(plan: Plan): StateField[] {
  return [
    ...Object.entries(arrays).map(([name, count]): StateField => ({ name, place: 'array', count: count(plan), integer: false })),
    ...Object.entries(records).map(([name, kept]): StateField => ({
      name, place: 'record', count: kept(plan) ? 1 : 0, integer: (RECORDS.STATE.types as Record<string, string>)[name] === 'i32',
    })),
  ].filter(({ count }) => count > 0);
}

const keepsDifferences = ({ law, estimator }: Plan['throttle']): boolean => law === 'table' || estimator === 'secant';

const parameterCount = (layers: Plan['layers']): number => layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + (bias ? 1 : 0)), 0);
