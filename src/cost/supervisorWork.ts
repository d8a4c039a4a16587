/** What a supervisor computes in a step whose parameters it accepts. docs/numerics.md §7.1. */
import type { Plan } from '../schema/plan.js';
import { absolute, positive } from './operand.js';
import { product, scaleOf, type Row } from './rows.js';

export function supervisorWork(plan: Plan, row: Row): void {
  const { law, rate } = plan.supervisor;
  if (law === 'none') return;
  const [loss, mean] = [scaleOf(plan, 'loss'), scaleOf(plan, 'measureMean')];
  const finest = Math.max(loss[1], mean[1]);
  const excess = absolute((loss[0] << BigInt(finest - loss[1])) + (mean[0] << BigInt(finest - mean[1])), true);
  // the sum without anything below zero, and whether it is zero
  if (law === 'cusum') row('supervisor', 'cusum', { additions: 3, comparisons: 2, quantisations: 1 });
  const margin = law === 'rollback' ? 1 : 0;
  row('supervisor', 'measureMean', {
    products: [product('a × (loss − mean)', positive(BigInt(rate!.raw)), excess)], additions: 2 + margin, comparisons: margin, quantisations: 1,
  });
}
