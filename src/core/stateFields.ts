/** What a run carries from one step to the next, in the order of its bytes: parameters first, then what its controllers keep. docs/state.md. */
import { averages, integrates, keepsAlpha, keepsHistory, pulls, weighs } from '../control/registry.js';
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

const whole = (kept: boolean, { layers }: Plan): number => (kept ? parameterCount(layers) : 0);
const arrays: Readonly<Record<string, (plan: Plan) => number>> = {
  theta: (plan) => whole(true, plan),
  lastTheta: (plan) => whole(keepsHistory(plan.throttle), plan),
  lastGradient: (plan) => whole(keepsHistory(plan.throttle), plan),
  anchor: (plan) => whole(pulls(plan.anchor.law) && plan.anchor.law !== 'decay', plan),
  average: (plan) => whole(averages(plan.anchor.law), plan),
  importance: (plan) => whole(weighs(plan.anchor.law), plan),
  snapshot: (plan) => whole(plan.supervisor.law !== 'none', plan),
  shares: ({ balance }) => balance?.outputs?.length ?? 0,
  window: ({ anchor }) => anchor.window ?? 0,
};

const kept = (names: readonly string[], when: (plan: Plan) => boolean): Record<string, (plan: Plan) => boolean> => Object.fromEntries(names.map((name) => [name, when]));
const records: Readonly<Record<string, (plan: Plan) => boolean>> = {
  ...kept(['history'], ({ throttle }) => keepsHistory(throttle)),
  ...kept(['curvature', 'curvatureMean'], ({ throttle }) => throttle.estimator !== undefined),
  ...kept(['alpha'], ({ throttle }) => keepsAlpha(throttle.law)),
  ...kept(['velocity'], ({ throttle }) => integrates(throttle.law)),
  ...kept(
    ['locked', 'holdLeft', 'calibrated', 'seen', 'windowAt', 'above', 'events', 'lossSum', 'squareSum', 'squareSumHigh', 'lossMean', 'lossVariance'],
    ({ anchor }) => anchor.law === 'event',
  ),
  ...kept(['known', 'rejected', 'accepted', 'halvings', 'measureMean'], ({ supervisor }) => supervisor.law !== 'none'),
  ...kept(['balanced'], ({ balance }) => balance !== undefined),
  ...kept(['cusum'], ({ supervisor }) => supervisor.law === 'cusum'),
};

/** The state of a plan's run, field by field; what its controllers do not use is not part of it. */
export function stateFields(plan: Plan): StateField[] {
  return [
    ...Object.entries(arrays).map(([name, count]): StateField => ({ name, place: 'array', count: count(plan), integer: false })),
    ...Object.entries(records).map(([name, when]): StateField => ({
      name, place: 'record', count: when(plan) ? 1 : 0, integer: (RECORDS.STATE.types as Record<string, string>)[name] === 'i32',
    })),
  ].filter(({ count }) => count > 0);
}

const parameterCount = (layers: Plan['layers']): number => layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + (bias ? 1 : 0)), 0);
