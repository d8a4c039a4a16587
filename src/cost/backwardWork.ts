/** What the errors of the last layer are carried back for: hidden errors, and the gradients of the first layers or of all. docs/numerics.md §5. */
import { accumulateGroup } from '../plan/alignment.js';
import { fedBy } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { aligned, magnitude, operandOf } from './operand.js';
import { isPowerOfTwo, product, roundings, type Parts, type Row } from './rows.js';

/** Hidden errors of all layers, gradients of the first `depth`. */
export function backwardWork(plan: Plan, batch: number, depth: number, row: Row): void {
  const { layers } = plan;
  const operand = (key: string) => operandOf(plan.sites[key]!);
  for (let l = layers.length - 2; l >= 0; l--) {
    const values = batch * layers[l]!.outputs;
    const terms = values * layers[l + 1]!.outputs;
    row('backward', siteKey('error', l), {
      products: [product('weight × error', operand(siteKey('weight', l + 1)), operand(siteKey('error', l + 1)), terms)],
      additions: terms, quantisations: values, comparisons: layers[l]!.activation === 'relu' ? values : 0,
    });
  }
  layers.slice(0, depth).forEach(({ inputs, outputs, bias }, l) => {
    const weights = inputs * outputs;
    const parameters = weights + (bias ? outputs : 0);
    const terms = product(`error × ${l === 0 ? 'input' : 'activation'}`, operand(siteKey('error', l)), operandOf(fedBy(plan, l).format), weights * batch);
    const rounded = plan.sites[siteKey('gradientProduct', l)] !== undefined;
    if (rounded) row('backward', siteKey('gradientProduct', l), { products: [terms], quantisations: terms.count });
    row('backward', siteKey('gradientAccumulator', l), {
      products: rounded ? [] : [terms], additions: parameters * batch, quantisations: parameters * roundings(batch, accumulateGroup(plan.accumulate.gradientAccumulator)),
    });
    row('backward', siteKey('gradient', l), { ...mean(plan, l, batch, parameters), quantisations: parameters });
  });
}

/** G / B: a shift, a product with a constant, or a quotient. */
function mean(plan: Plan, layer: number, batch: number, parameters: number): Parts {
  if (isPowerOfTwo(batch) || plan.batchDivision === 'powerOfTwo') return {};
  const key = siteKey('gradientAccumulator', layer);
  const sum = operandOf(plan.sites[key]!);
  if (plan.batchDivision === 'reciprocal') return { products: [{ what: 'sum × 1/batch', operands: [sum, operandOf(plan.sites['reciprocal']!)], count: parameters }] };
  const quotient = aligned(plan, siteKey('gradient', layer), [magnitude(plan, key), plan.sites[key]!.fractionLength], [BigInt(batch), 0]);
  return { divisions: [{ ...quotient, count: parameters }] };
}
