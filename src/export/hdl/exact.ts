/** Exact values on their way into a site, as hardware holds them: what they can be, and so how many bits they take. docs/numerics.md §5–7. */
import { THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../../control/registry.js';
import { inUse } from '../../plan/concernsExact.js';
import { accumulateGroup } from '../../plan/alignment.js';
import { trainedSizes } from '../../plan/trainedSizes.js';
import type { Plan, SiteFormat } from '../../schema/plan.js';
import { SITES, siteKey, siteKeys, type SiteName } from '../../site/sites.js';
import { siteOf } from '../../compare/stepOrder.js';
import { formatAt } from '../cSites.js';
import { needsReciprocal } from '../cReciprocals.js';
import { hull, minus, plus, range, shiftedLeft, squared, summed, times, type Range } from '../kernel/range.js';
import { constantsOf } from './controllers.js';

/** An integer x of this range stands for x·2^−fraction. */
export interface Exact {
  readonly fraction: number;
  readonly range: Range;
}

/** What is rounded at a site. */
export interface Operand extends Exact {
  /** A quotient: its lowest bit is set if anything lies below, the one above it is the first discarded one or finer. */
  readonly quotient?: true;
}

/** Bits below the last place that a quotient needs: one that says whether half a place is reached, one for whatever else there is. */
const QUOTIENT_BITS = 2;
/** Fraction and integer bits by which what is delivered to `input` and `target` may exceed them. */
const GUARD_BITS = { fraction: 8, integer: 2 } as const;

const ZERO = range(0n, 0n);

/** The smallest two's complement that holds every integer of a range. */
export function signedBits({ low, high }: Range): number {
  const bits = (value: bigint): number => (value < 0n ? ~value : value).toString(2).length + 1;
  return Math.max(bits(low), bits(high));
}

/** A value at a finer fraction length. */
const at = ({ fraction, range: of }: Exact, finest: number): Range => shiftedLeft(of, finest - fraction);
/** The finest fraction length of some values. */
export const finestOf = (...values: readonly Exact[]): number => Math.max(...values.map(({ fraction }) => fraction));

export const product = (a: Exact, b: Exact): Exact => ({ fraction: a.fraction + b.fraction, range: times(a.range, b.range) });
export const repeated = ({ fraction, range: each }: Exact, count: number): Exact => ({ fraction, range: summed(each, count) });
const square = ({ fraction, range: of }: Exact): Exact => ({ fraction: 2 * fraction, range: squared(of) });

export function added(...terms: readonly Exact[]): Exact {
  const fraction = finestOf(...terms);
  return { fraction, range: terms.map((term) => at(term, fraction)).reduce(plus) };
}

export function subtracted(a: Exact, b: Exact): Exact {
  const fraction = finestOf(a, b);
  return { fraction, range: minus(at(a, fraction), at(b, fraction)) };
}

/** What may be one or the other. */
function either(...values: readonly Exact[]): Exact {
  const fraction = finestOf(...values);
  return { fraction, range: hull(...values.map((value) => at(value, fraction))) };
}

/** The raws of a plan as exact values. */
export class Raws {
  constructor(readonly plan: Plan) {}

  format(name: SiteName, layer = 0): SiteFormat {
    return formatAt(this.plan, name, layer);
  }

  /** A raw of a site, anywhere between its rails. */
  raw(name: SiteName, layer = 0): Exact {
    const { fractionLength, rails } = this.format(name, layer);
    return { fraction: fractionLength, range: range(BigInt(rails[0]), BigInt(rails[1])) };
  }

  /** What a layer is fed. */
  fed(layer: number): Exact {
    if (layer === 0) return this.raw('input');
    const { fraction, range: of } = this.raw('activation', layer - 1);
    return { fraction, range: this.plan.layers[layer - 1]!.activation === 'relu' ? range(0n, of.high) : of };
  }

  /** The learning rates of all phases. */
  learningRate(): Exact {
    const raws = this.plan.phases.map(({ learningRate }) => BigInt(learningRate.raw));
    return { fraction: this.format('learningRate').fractionLength, range: hull(...raws.map((raw) => range(raw, raw))) };
  }

  constant(name: SiteName, raw: bigint): Exact {
    return { fraction: this.format(name).fractionLength, range: range(raw, raw) };
  }

  /** A product as it is added: exact, or as its own site leaves it. */
  term(name: 'product' | 'gradientProduct', layer: number): Exact {
    if (this.plan.sites[siteKey(name, layer)]) return this.raw(name, layer);
    return product(name === 'product' ? this.raw('weight', layer) : this.raw('error', layer), this.fed(layer));
  }

  /** What is rounded in a running sum of at most `count` terms, a single value after them. */
  sum(name: 'accumulator' | 'gradientAccumulator', layer: number, term: Exact, count: number, single?: Exact): Exact {
    const group = accumulateGroup(this.plan.accumulate[name]);
    if (group === 0) return single ? added(repeated(term, count), either(single, { ...single, range: ZERO })) : repeated(term, count);
    const sum = this.raw(name, layer);
    return either(added(sum, repeated(term, Math.min(group, count))), ...(single ? [added(sum, single)] : []));
  }
}

/**
 * What reaches each site of the plan that hardware rounds at: all but constants, by key in the order of a step. A site whose value is a quotient and
 * which draws random bits is left out: what it draws needs the divisor (docs/numerics.md §2.1).
 */
export function operandsOf(plan: Plan): Map<string, Operand> {
  const raws = new Raws(plan);
  const found = new Map<string, Operand>();
  for (const key of siteKeys(plan.layers.length)) {
    const { name, layer } = siteOf(key);
    if (SITES[name].kind === 'constant' || !inUse(plan, key)) continue;
    const operand = operandOf(raws, name, layer);
    if (operand.quotient && plan.sites[key]!.rounding.startsWith('STOCHASTIC')) continue;
    // Never coarser than the site: rounding is a right shift.
    const fraction = Math.max(operand.fraction, raws.format(name, layer).fractionLength);
    found.set(key, { ...operand, fraction, range: at(operand, fraction) });
  }
  return found;
}

/** Samples of the largest batch of a step. */
export const largestBatch = ({ phases }: Plan): number => Math.max(...phases.map(({ batch }) => batch));

function operandOf(raws: Raws, name: SiteName, layer: number): Operand {
  const { plan } = raws;
  const { inputs, bias } = plan.layers[layer]!;
  const batch = largestBatch(plan);
  switch (name) {
    case 'input':
    case 'target': {
      const { fraction, range: of } = raws.raw(name);
      return { fraction: fraction + GUARD_BITS.fraction, range: shiftedLeft(of, GUARD_BITS.fraction + GUARD_BITS.integer) };
    }
    case 'product':
      return product(raws.raw('weight', layer), raws.fed(layer));
    case 'accumulator':
      return raws.sum(name, layer, raws.term('product', layer), inputs, bias ? raws.raw('bias', layer) : undefined);
    case 'activation':
      return raws.raw('accumulator', layer);
    case 'error': {
      if (layer === plan.layers.length - 1) return subtracted(raws.raw('activation', layer), raws.raw('target'));
      return repeated(product(raws.raw('weight', layer + 1), raws.raw('error', layer + 1)), plan.layers[layer + 1]!.outputs);
    }
    case 'gradientProduct':
      return product(raws.raw('error', layer), raws.fed(layer));
    case 'gradientAccumulator': {
      const weights = raws.sum(name, layer, raws.term('gradientProduct', layer), batch);
      return bias ? either(weights, raws.sum(name, layer, raws.raw('error', layer), batch)) : weights;
    }
    case 'gradient':
      return gradientOperand(raws, layer);
    case 'update':
      return product(raws.raw('rate'), raws.raw('gradient', layer));
    case 'anchorPull': {
      const pulled = (of: Exact): Exact => product(raws.raw('anchorRate'), subtracted(of, of));
      return either(pulled(raws.raw('weight', layer)), ...(bias ? [pulled(raws.raw('bias', layer))] : []));
    }
    case 'weight':
    case 'bias': {
      const moved = subtracted(raws.raw(name, layer), raws.raw('update', layer));
      return plan.anchor.law === 'none' ? moved : subtracted(moved, raws.raw('anchorPull', layer));
    }
    case 'loss':
      return quotient(raws.format(name), repeated(square(raws.raw('error', plan.layers.length - 1)), Math.max(batch, plan.evaluationRows) * plan.layers.at(-1)!.outputs));
    case 'squaredNorm':
      return plan.throttle.estimator === 'trace' ? tracedSquares(raws, batch) : squaredDifferences(raws);
    case 'norm':
      return rootOperand(raws);
    case 'curvature':
      // a quotient by at least one last place of the divisor
      return quotient(raws.format(name), plan.throttle.estimator === 'trace' ? raws.raw('squaredNorm') : { ...raws.raw('norm'), fraction: 0 });
    case 'curvatureMean':
      return meanOperand(raws, constantsOf(plan).rho);
    case 'throttle':
      if (plan.throttle.law === 'table') return shareOperand();
      // below 1 by exact division, below 2 by the other dividers
      return quotient(raws.format(name), { fraction: 0, range: range(0n, 2n) });
    case 'rate':
      return product(raws.raw('throttle'), raws.learningRate());
    case 'lossMean':
      return repeated(raws.raw('loss'), plan.anchor.calibration!);
    case 'lossVariance': {
      const n = plan.anchor.calibration!;
      return repeated(square(raws.raw('loss')), n * n);
    }
    case 'statistic':
      return repeated(square(subtracted(repeated(raws.raw('loss'), plan.anchor.calibration!), raws.raw('lossMean'))), plan.anchor.window!);
    default:
      throw new RangeError(`${name} is no site of a step`);
  }
}

/** A quotient of no larger magnitude than the numerator, with the bits that decide its rounding. */
function quotient({ fractionLength }: SiteFormat, numerator: Exact): Operand {
  const fraction = fractionLength + QUOTIENT_BITS;
  const places = fraction - numerator.fraction;
  const of = places >= 0 ? shiftedLeft(numerator.range, places) : range(numerator.range.low >> BigInt(-places), numerator.range.high >> BigInt(-places));
  return { fraction, range: range(of.low, of.high | 1n), quotient: true };
}

/** G / B for every size of batch in the run, as the profile divides. */
function gradientOperand(raws: Raws, layer: number): Operand {
  const { plan } = raws;
  const sum = raws.raw('gradientAccumulator', layer);
  const sizes = trainedSizes(plan);
  const shifts = sizes.map((size) => shiftFor(plan, size)).filter((shift) => shift !== undefined);
  const others = shifts.length < sizes.length;
  const values: Exact[] = shifts.map((shift) => ({ fraction: sum.fraction + shift, range: sum.range }));
  if (others && plan.batchDivision === 'reciprocal') values.push(product(sum, raws.raw('reciprocal')));
  const exact = others && plan.batchDivision === 'exact' && !raws.format('gradient', layer).rounding.startsWith('STOCHASTIC');
  if (exact) values.push(quotient(raws.format('gradient', layer), sum));
  return { ...either(...(values.length > 0 ? values : [sum])), ...(values.length === 1 && exact && { quotient: true as const }) };
}

/** Bits by which a batch mean is a shift; undefined where it is none. */
export function shiftFor({ batchDivision }: Plan, size: number): number | undefined {
  return needsReciprocal(size) && batchDivision !== 'powerOfTwo' ? undefined : Math.ceil(Math.log2(size));
}

/** Σd² over all parameters, of parameters or of gradients. */
function squaredDifferences(raws: Raws): Exact {
  const difference = (name: SiteName, layer: number): Exact => square(subtracted(raws.raw(name, layer), raws.raw(name, layer)));
  const sums = (of: (layer: number, bias: boolean) => SiteName): Exact =>
    added(...raws.plan.layers.flatMap(({ inputs, outputs, bias }, layer) => [
      repeated(difference(of(layer, false), layer), inputs * outputs),
      ...(bias ? [repeated(difference(of(layer, true), layer), outputs)] : []),
    ]));
  return either(sums((_, bias) => (bias ? 'bias' : 'weight')), sums(() => 'gradient'));
}

/** Σ over layers and samples of Σa² + 1. */
function tracedSquares(raws: Raws, batch: number): Exact {
  return added(...raws.plan.layers.flatMap(({ inputs, bias }, layer) => [
    repeated(square(raws.fed(layer)), inputs * batch),
    ...(bias ? [{ fraction: 0, range: range(0n, BigInt(batch)) }] : []),
  ]));
}

/** ⌊√S⌋: an integer already. */
function rootOperand(raws: Raws): Exact {
  const { fraction: f } = raws.raw('norm');
  const { fraction, range: of } = raws.raw('squaredNorm');
  const bits = Math.max(1, signedBits(of) - 1 + 2 * f - fraction);
  return { fraction: f, range: range(0n, 1n << BigInt((bits + 1) >> 1)) };
}

/** M + ρ·(C − M). */
export function meanOperand(raws: Raws, rho: bigint): Exact {
  const mean = raws.raw('curvatureMean');
  return added(mean, product(raws.constant('meanRate', rho), subtracted(raws.raw('curvature'), mean)));
}

/** A share of the table throttle. */
export function shareOperand(): Exact {
  return { fraction: THROTTLE_TABLE_FRACTION_LENGTH, range: range(0n, BigInt(THROTTLE_TABLE[0])) };
}
