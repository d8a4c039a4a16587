/** What the silicon makes of a width: passes of its multiplier, registers of its accumulator; and how wide sums become. */
import { keepsHistory, measuresGradient } from '../control/registry.js';
import { alignPlan } from '../plan/alignment.js';
import { bitsOf } from '../plan/concernsExact.js';
import { forwardSum, gradientSums, type Sum } from '../plan/concernsSums.js';
import type { ProductCost, SumCost } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import type { Hardware } from '../schema/profile.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { absolute, bitLength, magnitude } from './operand.js';
import { largestRate, type Product, type Work } from './rows.js';

type Multiplier = NonNullable<Hardware['multiplier']>;

/**
 * Products of a p × q multiplier that one product takes: each operand in parts as wide as its port. Where the multiplier keeps fewer bits than the product has,
 * parts are so narrow that theirs is kept.
 *
 * @param bits of the exact product
 * @example passesOf([16, 16], { operands: [8, 8], product: 16 }, 32) // 4
 */
export function passesOf([a, b]: readonly [number, number], { operands: [p, q], product }: Multiplier, bits: number): number {
  const parts = (first: number, second: number): number => Math.ceil(a / first) * Math.ceil(b / second);
  const [first, second] = bits <= product ? [p, q] : [Math.min(p, Math.max(1, product >> 1)), Math.min(q, Math.max(1, product - (product >> 1)))];
  return Math.min(parts(first, second), parts(second, first));
}

/** Every kind of product of a step, held against the multiplier. */
export function productCosts(work: readonly Work[], { multiplier }: Pick<Hardware, 'multiplier'>): ProductCost[] {
  return work.flatMap(({ site, when, products }) => products.map(({ what, operands: [a, b], count }: Product): ProductCost => {
    // An unsigned operand beside a signed one needs room for a sign.
    const operands: [number, number] = [a.bits + Number(!a.signed && b.signed), b.bits + Number(!b.signed && a.signed)];
    return {
      site, when, what, operands, bits: a.bits + b.bits, count,
      passes: multiplier ? passesOf(operands, multiplier, a.bits + b.bits) : null, kept: multiplier?.product ?? null,
    };
  }));
}

/** Bits of what is added between two roundings of a sum, at its worst, and of the running sum beside it. */
function sumBits({ format, term, fractionLength, count, group, last }: Sum): { terms: number; bits: number } {
  const finest = Math.max(format.fractionLength, fractionLength, last?.fractionLength ?? fractionLength);
  const running = format.wordLength + finest - format.fractionLength;
  const terms = group === 0 ? count : Math.min(count, group);
  // Where no bit is dropped, wrapping once or on the way is the same.
  if (finest === format.fractionLength && format.overflow === 'WRAP' && !format.saturatedBits) return { terms, bits: running };
  const end = (side: 0 | 1): bigint => ((term[side] * BigInt(terms)) << BigInt(finest - fractionLength)) + (group === 0 && last ? last.span[side] << BigInt(finest - last.fractionLength) : 0n);
  return { terms, bits: Math.max(bitsOf([end(0), end(1)], format.signed), group > 0 && count > group ? running : 0) };
}

interface ExactSum {
  readonly site: string;
  readonly terms: number;
  readonly bits: number;
}

/** Sums that are rounded once, at their end, compared or divided by: hidden errors, the loss, squared norms, those between the rails of a throttle, those of a balance. */
function exactSums(plan: Plan, batch: number): ExactSum[] {
  const { layers } = plan;
  const last = layers.length - 1;
  const of = (name: SiteName, layer: number): bigint => magnitude(plan, siteKey(name, layer));
  const hidden = layers.slice(0, last).map((_, l): ExactSum => {
    const terms = layers[l + 1]!.outputs;
    const signed = (['weight', 'error'] as const).some((name) => plan.sites[siteKey(name, l + 1)]!.signed);
    return { site: siteKey('error', l), terms, bits: absolute(of('weight', l + 1) * of('error', l + 1) * BigInt(terms), signed).bits };
  });
  const errors = batch * layers[last]!.outputs;
  const loss = { site: 'loss', terms: errors, bits: bitLength(of('error', last) ** 2n * BigInt(errors)) };
  const widest = (sums: readonly ExactSum[]): ExactSum[] => (sums.length === 0 ? [] : [sums.reduce((most, sum) => (sum.bits > most.bits ? sum : most))]);
  return [...hidden, loss, ...widest(squaredNorms(plan, batch)), ...widest(railSums(plan)), ...widest(balanceSums(plan))];
}

/** Every squared norm that throttle and balance take. */
function squaredNorms(plan: Plan, batch: number): ExactSum[] {
  const { layers, throttle } = plan;
  const of = (name: SiteName, layer: number): bigint => magnitude(plan, siteKey(name, layer));
  const { norms } = alignPlan(plan);
  const squares = (parts: readonly (readonly [count: number, magnitude: bigint, left: number])[]): ExactSum => ({
    site: 'squaredNorm', terms: parts.reduce((sum, [count]) => sum + count, 0),
    bits: bitLength(parts.reduce((sum, [count, most, left]) => sum + ((BigInt(count) * most ** 2n) << BigInt(left)), 0n)),
  });
  const gradients = (times: bigint, taken = layers): ExactSum =>
    squares(taken.map(({ inputs, outputs, bias }, l) => [outputs * (inputs + Number(bias)), times * of('gradient', l), norms[l]!.gradient] as const));
  const found: ExactSum[] = [];
  if (throttle.estimator === 'trace') {
    found.push(squares(layers.flatMap(({ inputs, bias }, l) => [
      [batch * inputs, l === 0 ? of('input', 0) : of('activation', l - 1), norms[l]!.activation], [bias ? batch : 0, 1n, norms[l]!.one],
    ] as const)));
  }
  if (throttle.estimator === 'rayleigh') {
    const { inputs, outputs, bias } = layers[0]!;
    const one = bias ? 1n << BigInt(Math.max(0, plan.sites['input']!.fractionLength)) : 0n;
    found.push(squares([[batch * outputs, of('gradient', 0) * (of('input', 0) * BigInt(inputs) + one), norms[0]!.inner]]));
  }
  // A difference reaches twice the magnitude of its terms.
  if (keepsHistory(throttle)) {
    found.push(squares(layers.flatMap(({ inputs, outputs, bias }, l) => [
      [inputs * outputs, 2n * of('weight', l), norms[l]!.weight], ...(bias ? [[outputs, 2n * of('bias', l), norms[l]!.bias] as const] : []),
    ] as const)), gradients(2n));
  }
  if (throttle.estimator === 'rayleigh' || measuresGradient(throttle.law)) found.push(gradients(1n));
  if (plan.balance) found.push(gradients(1n, layers.slice(0, -1)));
  return found;
}

/** Σ|w − α·η·g| of the rails throttle over the longest row or column of each layer. */
function railSums(plan: Plan): ExactSum[] {
  if (plan.throttle.law !== 'rails') return [];
  const { parameters } = alignPlan(plan);
  return plan.layers.map(({ inputs, outputs }, l) => {
    const { railWeight, railProduct } = parameters[l]!;
    const step = magnitude(plan, 'throttle') * largestRate(plan) * magnitude(plan, siteKey('gradient', l));
    const terms = Math.max(inputs, outputs);
    return { site: 'throttle', terms, bits: bitLength(BigInt(terms) * ((magnitude(plan, siteKey('weight', l)) << BigInt(railWeight)) + (step << BigInt(railProduct)))) };
  });
}

/** Σn and Σf of a balance. */
function balanceSums(plan: Plan): ExactSum[] {
  const terms = plan.balance?.outputs?.length ?? 0;
  return terms === 0 ? [] : (['norm', 'shareMean'] as const).map((name) => ({ site: 'share', terms, bits: bitLength(BigInt(terms) * magnitude(plan, name)) }));
}

/** Every sum of a step, held against the accumulator, in the order of the rows. */
export function sumCosts(plan: Plan, work: readonly Work[], batch: number, { accumulator }: Pick<Hardware, 'accumulator'>): SumCost[] {
  const running = plan.layers.flatMap((_, layer) => [forwardSum(plan, layer), gradientSums(plan, layer)[0]!].map((sum) => ({ site: sum.key, ...sumBits(sum) })));
  const order = ({ site }: ExactSum): number => work.findIndex((row) => row.site === site);
  return [...running, ...exactSums(plan, batch)].sort((a, b) => order(a) - order(b))
    .map((sum) => ({ ...sum, registers: accumulator ? Math.ceil(sum.bits / accumulator.wordLength) : null }));
}
