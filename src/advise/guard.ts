/** Integer bits with which no site can overflow, whatever data come, from the rails of what feeds it. Exact, on integers. */
import { fedBy, layerOf, products, rounded, spanOf, wider, within, type Span } from '../plan/concernsExact.js';
import { forwardSum, gradientSums, reach, type Sum } from '../plan/concernsSums.js';
import { fullRate, isGated } from '../plan/concernsMoves.js';
import { scaled } from '../format/real.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey, siteName } from '../site/sites.js';
import { withDesign, type Design } from './design.js';

export const GUARDS = {
  measured: 'nothing overflows in any of the runs',
  interval: 'besides, sums, activations, errors, gradients and updates cannot overflow for any data within the rails of the inputs and any parameters within theirs',
} as const;
export type Guard = keyof typeof GUARDS;
export const GUARD_NAMES = Object.keys(GUARDS) as Guard[];

/** What a site is given at its worst: raws at a fraction length, before its rounding. */
interface Given {
  readonly span: Span;
  readonly fractionLength: number;
}

const fits = (given: Given) => (format: SiteFormat): boolean => given.span.every((raw) => within(rounded(scaled(raw, given.fractionLength), format), spanOf(format)));

/** Sums by site, in both ends. */
const fitsSums = (sums: readonly Sum[]) => (format: SiteFormat): boolean => sums.every((sum) => ([0, 1] as const).every((end) => within(reach({ ...sum, format }, end), spanOf(format))));

/**
 * Lengthens the formats of a design, site after site in the order of a step, until none can overflow. Inputs and parameters keep theirs: data within the rails is
 * the premise, and what learning makes of parameters has no bound. An update behind a gate has none either.
 *
 * @param plan any of the design's: formats of other sites, shapes, batches and rates are taken from it
 * @returns undefined where the longest word of a site is too short
 */
export function guardedBy(plan: Plan, design: Design): Design | undefined {
  let now = withDesign(plan, design);
  let guarded: Design = design;
  const widen = (key: string, holds: (format: SiteFormat) => boolean): boolean => {
    const format = now.sites[key];
    if (!format || !(key in design) || holds(format)) return true;
    const wide = wider(key, format, holds);
    if (!wide || wide.fractionLength !== format.fractionLength) return false;
    guarded = { ...guarded, [key]: { ...design[key]!, whole: wide.wordLength - wide.fractionLength, fraction: wide.fractionLength } };
    now = withDesign(plan, guarded);
    return true;
  };
  const last = plan.layers.length - 1;
  const held = (key: string): Given => ({ span: spanOf(now.sites[key]!), fractionLength: now.sites[key]!.fractionLength });
  const product = (a: string, b: Given): Given => ({ span: products(held(a).span, b.span), fractionLength: held(a).fractionLength + b.fractionLength });
  const fed = (layer: number): Given => {
    const { span, format } = fedBy(now, layer);
    return { span, fractionLength: format.fractionLength };
  };
  for (const layer of plan.layers.keys()) {
    const sum = siteKey('accumulator', layer);
    if (!widen(siteKey('product', layer), fits(product(siteKey('weight', layer), fed(layer))))) return undefined;
    if (!widen(sum, (format) => fitsSums([forwardSum(now, layer)])(format))) return undefined;
    const total = forwardSum(now, layer);
    const worst: Given = { span: [reach(total, 0), reach(total, 1)], fractionLength: now.sites[sum]!.fractionLength };
    if (!widen(siteKey('activation', layer), fits(worst))) return undefined;
  }
  for (let layer = last; layer >= 0; layer--) {
    const error = siteKey('error', layer);
    if (!widen(error, fits(layer === last ? difference(held(siteKey('activation', last)), held('target')) : backward(now, layer)))) return undefined;
    const exact = product(error, fed(layer));
    if (!widen(siteKey('gradientProduct', layer), fits(exact))) return undefined;
    if (!widen(siteKey('gradientAccumulator', layer), (format) => fitsSums(gradientSums(now, layer))(format))) return undefined;
    if (!widen(siteKey('gradient', layer), (format) => gradientSums(now, layer).every((sum) => fits(meanOf(now, sum))(format)))) return undefined;
    const gradient = held(siteKey('gradient', layer));
    const rates = plan.phases.flatMap((_, phase) => (isGated(plan, phase) ? [] : [fullRate(now, phase)]));
    const rate = rates.reduce((a, b) => (a > b ? a : b), 0n);
    const update: Given = { span: [gradient.span[0] * rate, gradient.span[1] * rate], fractionLength: gradient.fractionLength + now.sites['rate']!.fractionLength };
    if (!widen(siteKey('update', layer), fits(update))) return undefined;
  }
  return guarded;
}

/** Whether the sum behind an accumulator stays within its rails for anything its operands can be. */
export function cannotOverflow(plan: Plan, key: string): boolean {
  const layer = layerOf(key);
  return fitsSums(siteName(key) === 'accumulator' ? [forwardSum(plan, layer)] : gradientSums(plan, layer))(plan.sites[key]!);
}

/** a − b. */
function difference(a: Given, b: Given): Given {
  const fractionLength = Math.max(a.fractionLength, b.fractionLength);
  const at = ({ span, fractionLength: own }: Given, end: 0 | 1): bigint => span[end] << BigInt(fractionLength - own);
  return { span: [at(a, 0) - at(b, 1), at(a, 1) - at(b, 0)], fractionLength };
}

/** Σ weight × error over the outputs of the layer above, zero where a ReLU is off. */
function backward(plan: Plan, layer: number): Given {
  const [weight, error] = [plan.sites[siteKey('weight', layer + 1)]!, plan.sites[siteKey('error', layer + 1)]!];
  const [low, high] = products(spanOf(weight), spanOf(error));
  const terms = BigInt(plan.layers[layer + 1]!.outputs);
  return { span: [low * terms, high * terms], fractionLength: weight.fractionLength + error.fractionLength };
}

/**
 * A sum over the batch divided by its size: no further out than its largest term, and what rounding adds to each. A quantised reciprocal may be a little larger than
 * the quotient it stands for.
 */
function meanOf(plan: Plan, { term, fractionLength, format }: Sum): Given {
  const finest = Math.max(fractionLength, format.fractionLength);
  const place = 1n << BigInt(finest - format.fractionLength);
  const mean = (raw: bigint, sign: bigint): bigint => (raw << BigInt(finest - fractionLength)) + sign * place;
  const span: Span = [mean(term[0], -1n), mean(term[1], 1n)];
  if (plan.batchDivision !== 'reciprocal') return { span, fractionLength: finest };
  const f = BigInt(plan.sites['reciprocal']!.fractionLength);
  const batch = BigInt(Math.max(...plan.phases.map((phase) => phase.batch)));
  const times = (1n << f) + batch;
  return { span: [span[0] * times, span[1] * times], fractionLength: finest + Number(f) };
}
