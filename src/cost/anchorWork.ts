/** What anchors compute in a step: the event detector after the loss, and what moves parameters or follows them. docs/numerics.md §7. */
import { averages } from '../control/registry.js';
import { isPulled } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { absolute, differenceOf, magnitude, operandOf, positive, type Operand } from './operand.js';
import { product, quotientOf, scaleOf, squared, type Parts, type Product, type Row } from './rows.js';

/** The detector of the `event` anchor. Steps in which it calibrates instead of watching have rows of their own. */
export function detectorWork(plan: Plan, row: Row): void {
  const { anchor } = plan;
  if (anchor.law !== 'event') return;
  const [n, window] = [BigInt(anchor.calibration!), BigInt(anchor.window!)];
  const loss = operandOf(plan.sites['loss']!);
  const largest = magnitude(plan, 'loss');
  const variance = operandOf(plan.sites['lossVariance']!);
  row('anchor', 'lossMean', { when: 'calibrating', additions: 1 });
  row('anchor', 'lossVariance', { when: 'calibrating', products: [squared('loss²', loss, 1)], additions: 1 });
  row('anchor', 'lossMean', { when: 'calibrated', quantisations: 1 });
  row('anchor', 'lossVariance', {
    when: 'calibrated', additions: 1, comparisons: 1, quantisations: 1,
    products: [product('n × Σ loss²', positive(n), positive(n * largest ** 2n)), squared('(Σ loss)²', absolute(n * largest, loss.signed), 1)],
  });
  const fraction = Math.max(plan.sites['loss']!.fractionLength, plan.sites['lossMean']!.fractionLength);
  const at = (key: string, value: bigint): bigint => value << BigInt(fraction - plan.sites[key]!.fractionLength);
  const distance = absolute(at('loss', n * largest) + at('lossMean', magnitude(plan, 'lossMean')), true);
  const width = Number(window);
  row('anchor', 'statistic', {
    additions: 2 * width, comparisons: 1, quantisations: 1,
    products: [
      product('n × loss', positive(n), loss, width), squared('(n × loss − mean)²', distance, width),
      product('κ·w × variance', positive(BigInt(anchor.ratio!.raw) * window), variance),
    ],
  });
}

/** Weights of a layer and, where it has them, its biases. */
export type Arrays = readonly (readonly [name: 'weight' | 'bias', count: number])[];

/** rate × gradient, or what the gate makes of it: all gates open. */
export function updateWork(plan: Plan, layer: number, count: number, row: Row): void {
  const key = siteKey('update', layer);
  const gradient = operandOf(plan.sites[siteKey('gradient', layer)]!);
  const step = product('rate × gradient', operandOf(plan.sites['rate']!), gradient, count);
  if (plan.anchor.law !== 'gated') {
    row('update', key, { products: [step], quantisations: count });
    return;
  }
  const importance = siteKey('importance', layer);
  const root = plan.anchor.power === 2;
  const [rate, gradients] = [scaleOf(plan, 'rate'), scaleOf(plan, siteKey('gradient', layer))];
  const { products = [], ...quotient } = quotientOf(plan, key, [rate[0] * gradients[0], rate[1] + gradients[1]], scaleOf(plan, importance), count, true);
  row('update', importance, { products: root ? [squared('gradient²', gradient, count)] : [], additions: count, comparisons: count, roots: root ? count : 0, quantisations: count });
  // the divisor against one last place
  row('update', key, { ...quotient, products: [step, ...products], comparisons: count, quantisations: count });
}

/** θ − θ̄ of a parameter. */
function distanceOf(plan: Plan, name: 'weight' | 'bias', layer: number): Operand {
  const [theta, average] = [scaleOf(plan, siteKey(name, layer)), scaleOf(plan, siteKey('average', layer))];
  const finest = Math.max(theta[1], average[1]);
  return absolute((theta[0] << BigInt(finest - theta[1])) + (average[0] << BigInt(finest - average[1])), true);
}

/** What pulls parameters, the parameters themselves, and what follows them. */
export function parameterWork(plan: Plan, layer: number, arrays: Arrays, row: Row): void {
  const { law, lambda, averageRate } = plan.anchor;
  const all = arrays.reduce((sum, [, count]) => sum + count, 0);
  const own = (name: 'weight' | 'bias'): Operand => operandOf(plan.sites[siteKey(name, layer)]!);
  const rate = (constant: { readonly raw: string } | undefined): Operand => positive(BigInt(constant!.raw));
  const each = (make: (name: 'weight' | 'bias', count: number) => Product): Product[] => arrays.map(([name, count]) => make(name, count));
  const pulled = isPulled(plan);
  const elastic = law === 'elastic';
  if (pulled) {
    const importance = elastic ? scaleOf(plan, siteKey('importance', layer))[0] : 0n;
    const pull: Parts =
      elastic ? {
        products: [
          product('λ × importance', rate(lambda), positive(importance), all),
          ...each((name, count) => product(`that × (${name} − average)`, positive(BigInt(lambda!.raw) * importance), distanceOf(plan, name, layer), count)),
        ],
        additions: all,
      }
      : law === 'decay' ? { products: each((name, count) => product(`λ × ${name}`, rate(lambda), own(name), count)) }
      : { products: each((name, count) => product(`λ × (${name} − anchor)`, rate(lambda), differenceOf(own(name)), count)), additions: all };
    row('update', siteKey('anchorPull', layer), { ...pull, quantisations: all });
  }
  // elastic takes its pull off a parameter that has been rounded already
  for (const [name, count] of arrays) row('update', siteKey(name, layer), { additions: count * (pulled ? 2 : 1), quantisations: count * (elastic ? 2 : 1) });
  if (elastic) importanceWork(plan, layer, arrays, row);
  if (averages(law)) row('update', siteKey('average', layer), { products: each((name, count) => product(`μ × (${name} − average)`, rate(averageRate), distanceOf(plan, name, layer), count)), additions: 2 * all, quantisations: all });
}

/** F + ν·(φ − F). */
function importanceWork(plan: Plan, layer: number, arrays: Arrays, row: Row): void {
  const { importance: kind, importanceRate } = plan.anchor;
  const all = arrays.reduce((sum, [, count]) => sum + count, 0);
  const update = operandOf(plan.sites[siteKey('update', layer)]!);
  const [[u, updateF], [f, ownF], [, averageF]] = [scaleOf(plan, siteKey('update', layer)), scaleOf(plan, siteKey('importance', layer)), scaleOf(plan, siteKey('average', layer))];
  const phi = (name: 'weight' | 'bias'): readonly [bigint, number] => {
    if (kind === 'mas') return [u, updateF];
    if (kind === 'ewc') return [u * u, 2 * updateF];
    return [u * (1n << BigInt(distanceOf(plan, name, layer).bits - 1)), updateF + Math.max(plan.sites[siteKey(name, layer)]!.fractionLength, averageF)];
  };
  row('update', siteKey('importance', layer), {
    products: arrays.flatMap(([name, count]) => {
      const [largest, fraction] = phi(name);
      const finest = Math.max(fraction, ownF);
      const away = absolute((largest << BigInt(finest - fraction)) + (f << BigInt(finest - ownF)), true);
      return [
        ...(kind === 'ewc' ? [squared('update²', update, count)] : kind === 'si' ? [product(`update × (${name} − average)`, update, distanceOf(plan, name, layer), count)] : []),
        product('ν × (φ − importance)', positive(BigInt(importanceRate!.raw)), away, count),
      ];
    }),
    additions: 2 * all, quantisations: all,
  });
}
