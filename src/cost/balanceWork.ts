/** What a balance computes in a step after its warm-up: a pass back for every loss, shares of the losses, the errors weighed by them. docs/numerics.md §7.2. */
import type { Plan } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { backwardWork } from './backwardWork.js';
import { absolute, operandOf, positive } from './operand.js';
import { joined, product, quotientOf, repeated, scaleOf, squared, type Parts, type Row } from './rows.js';

/** The work of a balance whose gradients are not all zero. Errors of the other losses are zeros in a pass, and multiplied like any. */
export function balanceWork(plan: Plan, batch: number, row: Row): void {
  if (!plan.balance) return;
  const losses = plan.balance.outputs!.length;
  const last = plan.layers.length - 1;
  backwardWork(plan, batch, last, (_, site, parts) => row('balance', site, repeated(parts, losses)));

  const shared = plan.layers.slice(0, last).map(({ inputs, outputs, bias }) => outputs * (inputs + Number(bias)));
  row('balance', 'squaredNorm', repeated({
    products: shared.map((count, l) => squared('gradient²', operandOf(plan.sites[siteKey('gradient', l)]!), count)),
    additions: shared.reduce((sum, count) => sum + count, 0), quantisations: 1,
  }, losses));
  row('balance', 'norm', { roots: losses, quantisations: losses });
  row('balance', 'share', shares(plan, losses));

  const [share, mean] = [scaleOf(plan, 'share'), scaleOf(plan, 'shareMean')];
  const finest = Math.max(share[1], mean[1]);
  const away = absolute((share[0] << BigInt(finest - share[1])) + (mean[0] << BigInt(finest - mean[1])), true);
  row('balance', 'shareMean', {
    products: [product('ρ × (share − mean)', positive(BigInt(plan.balance.shareRate!.raw)), away, losses)], additions: 2 * losses, quantisations: losses,
  });
  const error = siteKey('error', last);
  const errors = batch * plan.layers[last]!.outputs;
  row('balance', error, { products: [product('share × error', operandOf(plan.sites['share']!), operandOf(plan.sites[error]!), errors)], quantisations: errors });
}

/** (S − n)/((K − 1)·S) of every norm, then f/Σf of every mean that is not below the floor; whether either sum is zero, and the warm-up over. */
function shares(plan: Plan, losses: number): Parts {
  const { warmup } = plan.balance!;
  const [others, count] = [BigInt(losses - 1), BigInt(losses)];
  const [[norm, normF], [mean, meanF]] = [scaleOf(plan, 'norm'), scaleOf(plan, 'shareMean')];
  // with two losses that factor is 1
  const factor: Parts = losses === 2 ? {} : { products: [product('(losses − 1) × sum of norms', positive(others), positive(count * norm))] };
  const sums: Parts = { additions: 3 * losses, comparisons: losses + 2 + Number(warmup! > 0), quantisations: 2 * losses };
  return joined(joined(sums, factor), joined(
    quotientOf(plan, 'share', [others * norm, normF], [others * count * norm, normF], losses),
    quotientOf(plan, 'share', [mean, meanF], [count * mean, meanF], losses),
  ));
}
