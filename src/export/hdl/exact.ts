/** Exact values on their way into a site, as hardware holds them: what they can be, and so how many bits they take. docs/numerics.md §5–7. */
import { integrates, keepsHistory, measuresGradient, THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../../control/registry.js';
import { inUse, isPulled } from '../../plan/concernsExact.js';
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
      if (layer === plan.layers.length - 1) {
        const difference = subtracted(raws.raw('activation', layer), raws.raw('target'));
        return plan.balance ? either(difference, product(raws.raw('share'), raws.raw('error', layer))) : difference;
      }
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
      return updateOperand(raws, layer);
    case 'anchorPull': {
      const elastic = plan.anchor.law === 'elastic';
      const rate = raws.raw('anchorRate');
      const pulled = (of: Exact): Exact => (elastic ? product(product(rate, raws.raw('importance', layer)), subtracted(of, raws.raw('average', layer))) : product(rate, subtracted(of, of)));
      return either(...parametersOf(raws, layer).map(pulled));
    }
    case 'importance':
      return importanceOperand(raws, layer);
    case 'average': {
      const average = raws.raw('average', layer);
      return either(...parametersOf(raws, layer).flatMap((theta) => [theta, added(average, product(raws.raw('anchorRate'), subtracted(theta, average)))]));
    }
    case 'weight':
    case 'bias': {
      const moved = subtracted(raws.raw(name, layer), raws.raw('update', layer));
      return isPulled(plan) ? subtracted(moved, raws.raw('anchorPull', layer)) : moved;
    }
    case 'loss':
      return quotient(raws.format(name), repeated(square(raws.raw('error', plan.layers.length - 1)), Math.max(batch, plan.evaluationRows) * plan.layers.at(-1)!.outputs));
    case 'squaredNorm':
      return either(...squaresOf(raws, batch));
    case 'norm':
      return rootOperand(raws);
    case 'curvature':
      // a quotient by at least one last place of the divisor
      switch (plan.throttle.estimator) {
        case 'trace':
          return quotient(raws.format(name), raws.raw('squaredNorm'));
        case 'rayleigh':
          return quotient(raws.format(name), { ...raws.raw('squaredNorm'), fraction: 0 });
        default:
          return quotient(raws.format(name), { ...raws.raw('norm'), fraction: 0 });
      }
    case 'curvatureMean':
      return meanOperand(raws, constantsOf(plan).rho);
    case 'throttle':
      return throttleOperand(raws);
    case 'velocity':
      return velocityOperand(raws);
    case 'rate':
      return product(raws.raw('throttle'), raws.learningRate());
    case 'lossMean':
      return repeated(raws.raw('loss'), plan.anchor.calibration!);
    case 'lossVariance': {
      const n = plan.anchor.calibration!;
      return repeated(square(raws.raw('loss')), n * n);
    }
    case 'measureMean': {
      const [mean, loss] = [raws.raw(name), raws.raw('loss')];
      return either(loss, added(mean, product(raws.raw('meanRate'), subtracted(loss, mean))));
    }
    case 'cusum':
      return subtracted(subtracted(added(raws.raw(name), raws.raw('loss')), raws.raw('measureMean')), raws.constant('loss', BigInt(plan.supervisor.slack!.raw)));
    case 'share':
      // of all the norms, or of all the means
      return quotient(raws.format(name), { fraction: 0, range: range(0n, 2n) });
    case 'shareMean': {
      const mean = raws.raw(name);
      return added(mean, product(raws.raw('meanRate'), subtracted(raws.raw('share'), mean)));
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

/** Weights of a layer and, where it has them, its biases. */
const parametersOf = (raws: Raws, layer: number): Exact[] => [raws.raw('weight', layer), ...(raws.plan.layers[layer]!.bias ? [raws.raw('bias', layer)] : [])];

/** The larger of C and its mean. */
const star = (raws: Raws): Exact => either(raws.raw('curvature'), raws.raw('curvatureMean'));

/** r·g, over the sum of gradients where a gate stands before it: at least one last place. */
function updateOperand(raws: Raws, layer: number): Operand {
  const step = product(raws.raw('rate'), raws.raw('gradient', layer));
  if (raws.plan.anchor.law !== 'gated') return step;
  const gated = quotient(raws.format('update', layer), { ...step, fraction: step.fraction - raws.raw('importance', layer).fraction });
  return { ...either(step, gated), quotient: true };
}

/** s + |g|^p, or F + ν·(φ − F). */
function importanceOperand(raws: Raws, layer: number): Exact {
  const { plan } = raws;
  const own = raws.raw('importance', layer);
  const magnitude = ({ fraction, range: { low, high } }: Exact): Exact => ({ fraction, range: range(0n, -low > high ? -low : high) });
  const gradient = raws.raw('gradient', layer);
  if (plan.anchor.law === 'gated') return added(own, plan.anchor.power === 2 ? square(gradient) : magnitude(gradient));
  const update = raws.raw('update', layer);
  const phi = {
    mas: () => magnitude(update), ewc: () => square(update),
    si: () => either(...parametersOf(raws, layer).map((theta) => magnitude(product(update, subtracted(theta, raws.raw('average', layer)))))),
  }[plan.anchor.importance as 'mas' | 'ewc' | 'si']();
  return added(own, product(raws.raw('anchorRate'), subtracted(phi, own)));
}

/** β·v + k·χ − k·η·α·C*. */
function velocityOperand(raws: Raws): Exact {
  const { gain, momentum, chi } = raws.plan.throttle;
  const k = raws.constant('meanRate', BigInt(gain!.raw));
  const push = subtracted(product(k, raws.constant('throttleTarget', BigInt(chi!.raw))), product(product(k, raws.learningRate()), product(raws.raw('throttle'), star(raws))));
  return momentum === undefined ? push : added(product(raws.constant('meanRate', BigInt(momentum.raw)), raws.raw('velocity')), push);
}

/** A share of the table, a quotient below 1 by exact division and below 2 by the other dividers, or α + v. */
function throttleOperand(raws: Raws): Operand {
  const { law } = raws.plan.throttle;
  if (law === 'table') return shareOperand();
  const bounded = quotient(raws.format('throttle'), { fraction: 0, range: range(0n, 2n) });
  if (!integrates(law)) return bounded;
  const sum = added(raws.raw('throttle'), raws.raw('velocity'));
  return law === 'gt2-qa' ? { ...either(sum, bounded), quotient: true } : sum;
}

/** Every sum of squares that is rounded. */
function squaresOf(raws: Raws, batch: number): Exact[] {
  const { throttle, balance } = raws.plan;
  const along = throttle.estimator === 'rayleigh';
  return [
    ...(throttle.estimator === 'trace' ? [tracedSquares(raws, batch)] : []),
    ...(along ? [alongGradient(raws, batch)] : []),
    ...(keepsHistory(throttle) ? [squaredDifferences(raws)] : []),
    ...(along || measuresGradient(throttle.law) || balance !== undefined ? [squaredGradients(raws)] : []),
  ];
}

/** Σg² over all parameters. */
const squaredGradients = (raws: Raws): Exact => added(...raws.plan.layers.map(({ inputs, outputs, bias }, layer) => repeated(square(raws.raw('gradient', layer)), outputs * (inputs + Number(bias)))));

/** Σ over samples and outputs of (Σ g·x + g_bias)². */
function alongGradient(raws: Raws, batch: number): Exact {
  const { inputs, outputs, bias } = raws.plan.layers[0]!;
  const gradient = raws.raw('gradient');
  const inner = repeated(product(gradient, raws.fed(0)), inputs);
  return repeated(square(bias ? added(inner, gradient) : inner), batch * outputs);
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
