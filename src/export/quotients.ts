/** Whether the controllers of a plan take quotients (docs/numerics.md §6.4). */
import { ANCHORS, BALANCES, ESTIMATORS, THROTTLES } from '../control/registry.js';
import type { Plan } from '../schema/plan.js';

export const takesQuotients = ({ throttle: { law, estimator }, anchor, balance }: Plan): boolean =>
  THROTTLES[law].divides || (estimator !== undefined && ESTIMATORS[estimator].divides) || ANCHORS[anchor.law].divides || BALANCES[balance?.law ?? 'none'].divides;
