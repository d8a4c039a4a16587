/**
 * How the terms of every exact value line up, and how many bits that value can need.
 *
 * Before a site rounds, its exact value is a sum of terms with different fraction lengths. All are shifted left to the finest of them (or to
 * the site's own, if that is finer still), so that the rounding is always one right shift. Since nothing is lost by a left shift, the choice
 * of alignment never shows in a bit. The bounds come from the formats, the rails and the numbers of terms alone; docs/numerics.md §10.
 */
import { QrailsError } from '../errors.js';
import { fromDouble } from '../format/real.js';
import {
  averages, integrates, keepsHistory, measuresGradient, pulls, SIGMOID, THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH, weighs,
} from '../control/registry.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import type { Accumulate } from '../schema/profile.js';
import { siteKey, siteName, SITES, type SiteName } from '../site/sites.js';
import { ofDraft } from './drawn.js';

export interface SiteAlignment {
  /** Left shifts of the kinds of terms, in the order of the comments on kinds below. */
  readonly left: readonly number[];
  /** Right shift of the rounding. */
  readonly shift: number;
  /** Bits of the largest magnitude an exact value can have here, with what its rounding adds; of layers' sites. */
  readonly bits?: number;
  /** Of a running sum: bits of what one step adds to it before it is rounded, or of the raw that comes of it, whichever are more. */
  readonly stepBits?: number;
}

export interface Alignment {
  readonly sites: Readonly<Record<string, SiteAlignment>>;
  /** Per layer: shifts of squares inside a squared norm. */
  readonly norms: readonly Readonly<Record<SquareKind, number>>[];
  /** Per layer: shifts of what controllers take of single parameters; fields of the core's LAYER record. */
  readonly parameters: readonly Readonly<Record<ParameterShift, number>>[];
  /** Per layer: largest raw magnitude of a gradient that the gate keeps out. */
  readonly gates: readonly bigint[];
  /** Shifts of the controllers: fields of the core's HEADER record. */
  readonly control: Readonly<Record<ControlShift, number>>;
  /** K of `divisor.left`: bits kept below a sum for its division (Session, `divisor`). */
  readonly batchBits: number;
  /** Exact values inside the layers fit 63 bits: the fast instance of the step may run. */
  readonly narrow: boolean;
}

export type SquareKind = 'gradient' | 'weight' | 'bias' | 'activation' | 'one' | 'inner';
export type ParameterShift =
  | 'innerBias' | 'railWeight' | 'railBias' | 'railProduct' | 'railLimit'
  | 'distanceWeight' | 'distanceBias' | 'distanceAverage' | 'gateLeftDividend' | 'gateLeftDivisor' | 'gateFraction';
export type ControlShift =
  | 'starLeftC' | 'starLeftM' | 'compareLeftChi' | 'compareLeftEta' | 'boundLeftChi' | 'boundLeftEta'
  | 'normCompareLeft' | 'normCompareRight' | 'normLeftTarget' | 'normLeftNorm'
  | 'tableLeftGradient' | 'tableLeftTheta' | 'eventLeftLoss' | 'eventLeftMean' | 'eventLeftStatistic' | 'eventLeftVariance'
  | 'shareLeftNumerator' | 'shareLeftDivisor' | 'measureLeftLoss' | 'marginLeftLoss' | 'marginLeftMean' | 'limitLeftCusum' | 'limitLeftLoss' | 'sigmoidShift';

/** Fraction length of the smallest step that moves a parameter everywhere: the last place of `update` or of the parameter, whichever is larger, over all layers. */
export function quantumFraction({ layers, sites }: Pick<Plan, 'layers' | 'sites'>): number {
  const names = (bias: boolean): SiteName[] => (bias ? ['update', 'weight', 'bias'] : ['update', 'weight']);
  return Math.min(...layers.flatMap(({ bias }, layer) => names(bias).map((name) => sites[siteKey(name, layer)]!.fractionLength)));
}

/** ⌊√(τ·2^(2F))⌋: the largest raw |g| with g² ≤ τ. */
function gateOf(threshold: number, fractionLength: number): bigint {
  const { numerator, denominator } = fromDouble(threshold);
  const shift = 2 * fractionLength;
  const square = shift >= 0 ? (numerator << BigInt(shift)) / denominator : numerator / (denominator << BigInt(-shift));
  let low = 0n;
  let high = 1n << 33n; // no gradient is larger
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle * middle <= square) low = middle;
    else high = middle;
  }
  return low;
}

/** Bits of the fast instance's exact values, their rounding included. */
const NARROW_BITS = 63;
const WIDE_BITS = 127;
/** What a controller keeps in one register. */
const REGISTER_BITS = 63;

/** All digits but the first have four bits. */
const bitLength = (magnitude: bigint): number => {
  const digits = magnitude.toString(16);
  return 4 * digits.length - Math.clz32(parseInt(digits[0]!, 16)) + 28;
};
/** Rounded down where n is negative. */
const shl = (value: bigint, n: number): bigint => value << BigInt(n);
const ceilLog2 = (n: number): number => Math.ceil(Math.log2(n));

/** Products between quantisations of a running sum; 0 = all. */
export const accumulateGroup = (accumulate: Accumulate): number => (typeof accumulate === 'number' ? accumulate : { each: 1, pair: 2, end: 0 }[accumulate]);

/**
 * The alignment of a plan, worked out once for those of one draft.
 *
 * @throws QrailsError `unsupported` where an exact value could need more than 127 bits
 */
export const alignPlan: (plan: Plan) => Alignment = ofDraft(alignmentOf);

function alignmentOf(plan: Plan): Alignment {
  const layers = plan.layers.length;
  const maxBatch = Math.max(...plan.phases.map((phase) => phase.batch), plan.evaluationRows);
  const trainBatch = Math.max(...plan.phases.map((phase) => phase.batch));
  const format = (name: SiteName, layer = 0) => plan.sites[siteKey(name, layer)]!;
  const f = (name: SiteName, layer = 0): number => format(name, layer).fractionLength;
  const magnitudes = new Map<SiteFormat, bigint>();
  /** Largest magnitude of a raw of the site. */
  const mag = (name: SiteName, layer = 0): bigint => {
    const site = format(name, layer);
    const known = magnitudes.get(site);
    if (known !== undefined) return known;
    const low = BigInt(site.rails[0]), high = BigInt(site.rails[1]);
    const most = -low > high ? -low : high;
    magnitudes.set(site, most);
    return most;
  };
  // The fast instance stores words as i32.
  let narrow = Object.entries(plan.sites).every(
    ([key, { signed, wordLength }]) => SITES[siteName(key)].kind !== 'signal' || signed || wordLength < 32,
  );

  const sites: Record<string, SiteAlignment> = {};
  const refuse = (place: string, bits: number, limit = WIDE_BITS): never => {
    throw new QrailsError({
      code: 'unsupported',
      where: place,
      message: `an exact value here could need ${bits} bits`,
      expected: `at most ${limit}`,
      try: 'shorter words, fraction lengths closer together, or fewer terms',
    });
  };
  /** Checks a sum of magnitudes (already aligned) that is then shifted right by `shift`. */
  const check = (place: string, magnitude: bigint, shift: number, inLayers: boolean): number => {
    const bits = bitLength(magnitude + (shift > 0 ? shl(1n, shift) : 0n));
    if (bits > WIDE_BITS || shift > WIDE_BITS - 1) refuse(place, Math.max(bits, shift + 1));
    if (inLayers && (bits > NARROW_BITS - 1 || shift > NARROW_BITS - 1)) narrow = false;
    return bits;
  };
  /** Aligns the fraction lengths of the kinds of terms and bounds each use, a list of magnitudes by kind. */
  const align = (name: SiteName, layer: number, fractions: number[], uses: bigint[][], inLayers = true): SiteAlignment => {
    const key = siteKey(name, layer);
    if (uses.length === 0) return (sites[key] = { left: fractions.map(() => 0), shift: 0 }); // nothing is rounded here
    const own = f(name, layer);
    const finest = Math.max(own, ...fractions);
    const left = fractions.map((fraction) => finest - fraction);
    for (const shift of left) if (shift > WIDE_BITS) refuse(key, shift);
    const needed = uses.map((use) => check(key, use.reduce((sum, magnitude, kind) => sum + (magnitude === 0n ? 0n : shl(magnitude, left[kind]!)), 0n), finest - own, inLayers));
    // Gradients are aligned once for weights and once for biases.
    return (sites[key] = { ...sites[key], left, shift: finest - own, bits: Math.max(sites[key]?.bits ?? 0, ...needed) });
  };
  /** Alignment of a quotient n·2^−nf / d·2^−df: shifts of numerator and divisor. */
  const quotient = (name: SiteName, layer: number, numerator: number, divisor: number, magnitude: bigint, divisorMagnitude: bigint, tableBits = 0): number[] => {
    const shift = f(name, layer) - numerator + divisor;
    const left = [Math.max(0, shift), Math.max(0, -shift)];
    if (Math.max(...left) > WIDE_BITS) refuse(siteKey(name, layer), Math.max(...left));
    // A reciprocal has tableBits + 1 bits, and as many are shifted out after the product.
    check(siteKey(name, layer), shl(magnitude, left[0]! + tableBits), 0, false);
    check(siteKey(name, layer), shl(divisorMagnitude, left[1]! + tableBits), 0, false);
    return left;
  };

  /**
   * A running sum of `products` products and `singles` single values. Returns the largest magnitude its raw can reach: the whole sum of
   * magnitudes with one last place for each quantisation, or the rail.
   */
  const accumulation = (name: SiteName, layer: number, fractions: number[], product: bigint, single: bigint, products: number, singles: number, group: number): bigint => {
    const own = f(name, layer);
    const finest = Math.max(own, ...fractions);
    const total = (n: number, m: number): bigint =>
      shl(product * BigInt(n), finest - fractions[0]!) + shl(single * BigInt(m), finest - fractions[1]!);
    const reach = (total(products, singles) >> BigInt(finest - own)) + BigInt(products + singles + 1);
    // An unsigned sum that wraps below zero comes out at the top.
    const { signed, overflow } = format(name, layer);
    const climbs = !signed && (overflow === 'WRAP' || overflow === 'WRAP_SM');
    const sum = reach < mag(name, layer) && !climbs ? reach : mag(name, layer);
    const share = (n: number): number => (group === 0 ? n : Math.min(n, group));
    // kinds: product, single value, running sum
    align(name, layer, [...fractions, own], group === 0
      ? [[product * BigInt(products), single * BigInt(singles), 0n]]
      : [[product * BigInt(share(products)), 0n, sum], [0n, single * BigInt(share(singles)), sum]]);
    if (group > 0) {
      const terms = [total(share(products), 0), total(0, share(singles))].reduce((a, b) => (a > b ? a : b)) + shl(1n, finest - own);
      const { stepBits = 0, ...aligned } = sites[siteKey(name, layer)]!;
      sites[siteKey(name, layer)] = { ...aligned, stepBits: Math.max(stepBits, bitLength(terms), bitLength(sum + (terms >> BigInt(finest - own)) + 1n)) };
    }
    return sum;
  };

  /** Fraction length and largest magnitude of a product as it is added: exact, or as its own site leaves it. */
  const productTerm = (name: 'product' | 'gradientProduct', layer: number, fraction: number, magnitude: bigint): [number, bigint] => {
    if (!plan.sites[siteKey(name, layer)]) return [fraction, magnitude];
    align(name, layer, [fraction], [[magnitude]]);
    return [f(name, layer), mag(name, layer)];
  };

  const register = (place: string, magnitude: bigint): void => {
    if (bitLength(magnitude) > REGISTER_BITS) refuse(place, bitLength(magnitude), REGISTER_BITS);
  };
  const parameters = plan.layers.map((): Record<ParameterShift, number> => ({
    innerBias: 0, railWeight: 0, railBias: 0, railProduct: 0, railLimit: 0,
    distanceWeight: 0, distanceBias: 0, distanceAverage: 0, gateLeftDividend: 0, gateLeftDivisor: 0, gateFraction: 0,
  }));
  const tableBits = plan.divide.method === 'exact' ? 0 : 2 + (plan.divide.bits ?? 0);

  const { accumulate, batchDivision } = plan;
  const powerBits = batchDivision === 'powerOfTwo' ? ceilLog2(trainBatch) : Math.floor(Math.log2(trainBatch));
  const batchBits = batchDivision === 'reciprocal' ? Math.max(powerBits, f('reciprocal')) : powerBits;

  plan.layers.forEach(({ inputs, bias }, layer) => {
    const fIn = layer === 0 ? f('input') : f('activation', layer - 1);
    const magIn = layer === 0 ? mag('input') : mag('activation', layer - 1);
    const biasMagnitude = bias ? mag('bias', layer) : 0n;
    const [productF, product] = productTerm('product', layer, f('weight', layer) + fIn, mag('weight', layer) * magIn);
    const sum = accumulation('accumulator', layer, [productF, bias ? f('bias', layer) : productF], product, biasMagnitude, inputs, 1, accumulateGroup(accumulate.accumulator));
    align('activation', layer, [f('accumulator', layer)], [[sum]]);
    if (layer === layers - 1) {
      // kinds: output, target; share × error
      const shared = plan.balance ? f('share') + f('error', layer) : f('target');
      align('error', layer, [f('activation', layer), f('target'), shared],
        [[mag('activation', layer), mag('target'), 0n], ...(plan.balance ? [[0n, 0n, mag('share') * mag('error', layer)]] : [])]);
    } else {
      const behind = mag('weight', layer + 1) * mag('error', layer + 1) * BigInt(plan.layers[layer + 1]!.outputs);
      align('error', layer, [f('weight', layer + 1) + f('error', layer + 1)], [[behind]]);
    }
    const errorF = f('error', layer);
    const [gradientF, gradientProduct] = productTerm('gradientProduct', layer, errorF + fIn, mag('error', layer) * magIn);
    const sumMagnitude = [
      accumulation('gradientAccumulator', layer, [gradientF, bias ? errorF : gradientF], gradientProduct, 0n, trainBatch, 0, accumulateGroup(accumulate.gradientAccumulator)),
      bias ? accumulation('gradientAccumulator', layer, [gradientF, errorF], 0n, mag('error', layer), 0, trainBatch, accumulateGroup(accumulate.gradientAccumulator)) : 0n,
    ].reduce((a, b) => (a > b ? a : b));
    // kinds: G shifted by batchBits; as a quotient: numerator, divisor
    const sumF = f('gradientAccumulator', layer);
    // A sum of n samples is at most n times what one adds, with a last place for each rounding, and it is divided by n: 2^−batchBits of it at the least is kept.
    const { signed, overflow } = format('gradientAccumulator', layer);
    const climbs = !signed && (overflow === 'WRAP' || overflow === 'WRAP_SM');
    const perSample = [shl(gradientProduct, sumF - gradientF), bias ? shl(mag('error', layer), sumF - errorF) : 0n].reduce((a, b) => (a > b ? a : b)) + 3n;
    const kept = climbs || perSample > sumMagnitude ? sumMagnitude : perSample;
    const shifted = align('gradient', layer, [sumF + batchBits],
      [[shl(kept, Math.max(0, batchBits))], ...(batchDivision === 'reciprocal' ? [[shl(sumMagnitude * mag('reciprocal'), batchBits - f('reciprocal'))]] : [])]);
    sites[siteKey('gradient', layer)] = {
      ...shifted,
      left: [shifted.left[0]!, ...quotient('gradient', layer, sumF, 0, sumMagnitude, BigInt(trainBatch))],
    };
    align('update', layer, [f('rate') + f('gradient', layer)], [[mag('rate') * mag('gradient', layer)]]);
    const pulling = pulls(plan.anchor.law), elastic = plan.anchor.law === 'elastic';
    const shifts = parameters[layer]!;
    // Distance of a parameter from its average, in a register
    const biasF = bias ? f('bias', layer) : f('weight', layer);
    const distanceF = Math.max(f('average', layer), f('weight', layer), biasF);
    shifts.distanceWeight = distanceF - f('weight', layer);
    shifts.distanceBias = distanceF - biasF;
    shifts.distanceAverage = distanceF - f('average', layer);
    const own = (name: 'weight' | 'bias'): bigint => shl(mag(name, layer), name === 'weight' ? shifts.distanceWeight : shifts.distanceBias);
    const furthest = bias && own('bias') > own('weight') ? own('bias') : own('weight');
    const distance = averages(plan.anchor.law) ? furthest + shl(mag('average', layer), shifts.distanceAverage) : 0n;
    register(siteKey('average', layer), distance);
    const constant = (name: 'lambda' | 'averageRate' | 'importanceRate'): bigint => BigInt(plan.anchor[name]?.raw ?? 0);
    const [lambda, averageRate, importanceRate] = [constant('lambda'), constant('averageRate'), constant('importanceRate')];
    // kinds: average, rate × distance, distance
    const rateF = f('anchorRate');
    align('average', layer, [f('average', layer), rateF + distanceF, distanceF], averages(plan.anchor.law) ? [[mag('average', layer), averageRate * distance, 0n], [0n, 0n, furthest]] : []);
    // kinds: λ × weight distance, λ × bias distance; λ × importance × distance
    const importance = mag('importance', layer);
    register(siteKey('importance', layer), elastic ? lambda * importance : 0n);
    align('anchorPull', layer,
      elastic ? [rateF + f('importance', layer) + distanceF, 0] : [rateF + f('weight', layer), rateF + biasF],
      elastic ? [[lambda * importance * distance, 0n]]
      : pulling ? [[2n * mag('weight', layer) * lambda, 0n], [0n, bias ? 2n * mag('bias', layer) * lambda : 0n]]
      : []);
    // kinds: importance, rate × φ, rate × importance; or sum, |g| or g²
    const [phiF, phi] =
      plan.anchor.importance === 'si' ? [f('update', layer) + distanceF, mag('update', layer) * distance]
      : plan.anchor.importance === 'ewc' ? [2 * f('update', layer), mag('update', layer) ** 2n]
      : [f('update', layer), mag('update', layer)];
    const power = plan.anchor.power ?? 1;
    if (weighs(plan.anchor.law)) {
      const gradientMagnitude = mag('gradient', layer) ** BigInt(power);
      register(siteKey('importance', layer), elastic ? phi : gradientMagnitude);
      if (elastic) align('importance', layer, [f('importance', layer), rateF + phiF, rateF + f('importance', layer)], [[importance, importanceRate * phi, importanceRate * importance]]);
      else align('importance', layer, [f('importance', layer), power * f('gradient', layer)], [[importance, gradientMagnitude]]);
    }
    if (plan.anchor.law === 'gated') {
      const fraction = f('importance', layer);
      if (power === 2 && (fraction < 0 || fraction > 31)) {
        throw new QrailsError({ code: 'unsupported', where: siteKey('importance', layer), message: 'the gate takes a root here', found: `fraction length ${fraction}`, expected: '0 to 31' });
      }
      const [dividend, divisor] = quotient('update', layer, f('rate') + f('gradient', layer), fraction, mag('rate') * mag('gradient', layer), importance, tableBits);
      shifts.gateLeftDividend = dividend!;
      shifts.gateLeftDivisor = divisor!;
      shifts.gateFraction = fraction;
    }
    for (const name of ['weight', 'bias'] as const) {
      // kinds: parameter, update, pull
      const pulled = pulling || elastic;
      align(name, layer, [f(name, layer), f('update', layer), pulled ? f('anchorPull', layer) : f('update', layer)],
        name === 'bias' && !bias ? [] : [[mag(name, layer), mag('update', layer), pulled ? mag('anchorPull', layer) : 0n]]);
    }
  });

  // Loss: Σe² / 2B
  const last = layers - 1;
  const errorSquares = mag('error', last) ** 2n * BigInt(maxBatch * plan.layers[last]!.outputs);
  sites['loss'] = { left: quotient('loss', 0, 2 * f('error', last), 0, errorSquares, BigInt(2 * maxBatch)), shift: 0 };

  // Squared norms: one alignment for everything the throttle squares
  const { throttle, anchor } = plan;
  const differences = keepsHistory(throttle);
  const traced = throttle.estimator === 'trace', along = throttle.estimator === 'rayleigh';
  const squares: { layer: number; kind: SquareKind; fraction: number; magnitude: bigint }[] = [];
  plan.layers.forEach(({ inputs, outputs, bias }, layer) => {
    const weights = BigInt(inputs * outputs);
    const count = weights + (bias ? BigInt(outputs) : 0n);
    if (differences || along || measuresGradient(throttle.law) || plan.balance) {
      squares.push({ layer, kind: 'gradient', fraction: 2 * f('gradient', layer), magnitude: (2n * mag('gradient', layer)) ** 2n * count });
    }
    if (differences) {
      squares.push({ layer, kind: 'weight', fraction: 2 * f('weight', layer), magnitude: (2n * mag('weight', layer)) ** 2n * weights });
      if (bias) squares.push({ layer, kind: 'bias', fraction: 2 * f('bias', layer), magnitude: (2n * mag('bias', layer)) ** 2n * BigInt(outputs) });
    }
    if (along) {
      const inner = mag('gradient', layer) * (mag('input') * BigInt(inputs) + (bias ? shl(1n, Math.max(0, f('input'))) : 0n));
      if (bias && f('input') < 0) {
        throw new QrailsError({ code: 'unsupported', where: 'input', message: 'rayleigh takes a bias for an input of 1, which is no raw here', found: `fraction length ${f('input')}`, expected: '0 or more' });
      }
      register('squaredNorm', inner);
      parameters[layer]!.innerBias = f('input');
      squares.push({ layer, kind: 'inner', fraction: 2 * (f('gradient', layer) + f('input')), magnitude: inner * inner * BigInt(outputs * trainBatch) });
    }
    if (traced) {
      const a = layer === 0 ? mag('input') : mag('activation', layer - 1);
      squares.push({ layer, kind: 'activation', fraction: 2 * (layer === 0 ? f('input') : f('activation', layer - 1)), magnitude: a * a * BigInt(inputs * trainBatch) });
      if (bias) squares.push({ layer, kind: 'one', fraction: 0, magnitude: BigInt(trainBatch) });
    }
  });
  const finestSquare = Math.max(f('squaredNorm'), ...squares.map(({ fraction }) => fraction));
  const norms = plan.layers.map(() => ({ gradient: 0, weight: 0, bias: 0, activation: 0, one: 0, inner: 0 }));
  let theta = 0n;
  let others = 0n;
  for (const { layer, kind, fraction, magnitude } of squares) {
    const left = finestSquare - fraction;
    if (left > WIDE_BITS) refuse('squaredNorm', left);
    norms[layer]![kind] = left;
    if (kind === 'weight' || kind === 'bias') theta += shl(magnitude, left);
    else others += shl(magnitude, left);
  }
  sites['squaredNorm'] = { left: [], shift: finestSquare - f('squaredNorm') };
  check('squaredNorm', theta, finestSquare - f('squaredNorm'), false);
  check('squaredNorm', others, finestSquare - f('squaredNorm'), false);

  // Norm: ⌊√(S·2^(2Fn − Fs))⌋
  const normShift = 2 * f('norm') - f('squaredNorm');
  sites['norm'] = { left: [Math.max(0, normShift), Math.max(0, -normShift)], shift: 0 };
  if (differences || measuresGradient(throttle.law) || plan.balance) check('norm', shl(mag('squaredNorm'), Math.max(0, normShift)), 0, false);

  const [whole, single] = [mag('squaredNorm'), mag('norm')];
  sites['curvature'] = {
    left:
      traced ? quotient('curvature', 0, f('squaredNorm'), 0, whole, BigInt(trainBatch))
      : along ? quotient('curvature', 0, 0, 0, whole, whole * BigInt(trainBatch), tableBits)
      : differences ? quotient('curvature', 0, 0, 0, single, single, tableBits)
      : [0, 0],
    shift: 0,
  };
  const estimated = throttle.estimator !== undefined;
  const rhoF = f('meanRate');
  const rho = throttle.rho ? BigInt(throttle.rho.raw) : 0n;
  // kinds: mean, ρ × sample, ρ × mean
  align('curvatureMean', 0, [f('curvatureMean'), rhoF + f('curvature'), rhoF + f('curvatureMean')],
    estimated ? [[mag('curvatureMean'), rho * mag('curvature'), rho * mag('curvatureMean')]] : [], false);

  // gt0: C* aligned to the finer of C and its mean; α = χ/(η·C*)
  const starF = Math.max(f('curvature'), f('curvatureMean'));
  const starLeftC = starF - f('curvature');
  const starLeftM = starF - f('curvatureMean');
  const star = [shl(mag('curvature'), starLeftC), shl(mag('curvatureMean'), starLeftM)].reduce((a, b) => (a > b ? a : b));
  if (estimated && bitLength(star) > REGISTER_BITS) refuse('curvatureMean', bitLength(star), REGISTER_BITS);
  const chi = throttle.chi ? BigInt(throttle.chi.raw) : 0n;
  const eta = plan.phases.map(({ learningRate }) => BigInt(learningRate.raw)).reduce((a, b) => (a > b ? a : b));
  const compare = f('learningRate') + starF - f('throttleTarget');
  if (estimated) {
    check('throttle', shl(chi, Math.max(0, compare)), 0, false);
    check('throttle', shl(eta * star, Math.max(0, -compare)), 0, false);
  }
  // bound: χ/(η·C*)
  const [boundLeftChi, boundLeftEta] = estimated ? quotient('throttle', 0, f('throttleTarget'), f('learningRate') + starF, chi, eta * star, tableBits) : [0, 0];
  // norm: τ/‖g‖, or one last place over η·‖g‖
  const measured = measuresGradient(throttle.law);
  const clips = throttle.law === 'clip';
  const targetF = clips ? f('throttleTarget') : quantumFraction(plan);
  const normF = f('norm') + (clips ? 0 : f('learningRate'));
  const target = !measured ? 0n : clips ? BigInt(throttle.tau!.raw) : 1n;
  const norm = !measured ? 0n : single * (clips ? 1n : eta);
  const [normLeftTarget, normLeftNorm] = measured ? quotient('throttle', 0, targetF, normF, target, norm, tableBits) : [0, 0];
  const normCompareLeft = Math.max(0, normF - targetF), normCompareRight = Math.max(0, targetF - normF);
  if (measured) {
    check('throttle', shl(target, normCompareLeft), 0, false);
    check('throttle', shl(norm, normCompareRight), 0, false);
  }
  // velocity; kinds: momentum × velocity, gain × χ, gain × η × α × C*
  const integrating = integrates(throttle.law);
  const gainF = f('meanRate'), alphaF = f('throttle'), velocityF = f('velocity');
  // Under JAM a first α or a floor of 1 is one last place more than 1.
  const one = shl(1n, Math.max(0, alphaF)) + 1n;
  const gain = BigInt(throttle.gain?.raw ?? 0), momentum = BigInt(throttle.momentum?.raw ?? 0);
  align('velocity', 0, [gainF + velocityF, gainF + f('throttleTarget'), gainF + f('learningRate') + alphaF + starF],
    integrating ? [[momentum * mag('velocity'), gain * chi, gain * eta * one * star]] : [], false);
  if (integrating) {
    register('curvature', one * star);
    register('learningRate', gain * eta);
  }
  if (throttle.law === 'table') align('throttle', 0, [THROTTLE_TABLE_FRACTION_LENGTH], [[BigInt(THROTTLE_TABLE[0])]], false);
  else {
    // kinds: α, velocity
    const { left } = align('throttle', 0, [alphaF, velocityF], integrating ? [[one, mag('velocity')]] : [], false);
    if (integrating) register('velocity', shl(one, left[0]!) + shl(mag('velocity'), left[1]!));
  }
  // rails: Σ|w − α·η·g| ≤ κ
  if (throttle.law === 'rails') {
    plan.layers.forEach(({ inputs, outputs, bias }, layer) => {
      const productF = alphaF + f('learningRate') + f('gradient', layer), limitF = f('normRail');
      const biasF = bias ? f('bias', layer) : f('weight', layer);
      const finest = Math.max(productF, limitF, f('weight', layer), biasF);
      const shifts = parameters[layer]!;
      Object.assign(shifts, { railWeight: finest - f('weight', layer), railBias: finest - biasF, railProduct: finest - productF, railLimit: finest - limitF });
      const most = shl(mag('weight', layer), shifts.railWeight) + (bias ? shl(mag('bias', layer), shifts.railBias) : 0n) + shl(one * eta * mag('gradient', layer), shifts.railProduct);
      check(siteKey('weight', layer), most * BigInt(Math.max(inputs, outputs)), 0, false);
      const limit = [throttle.rowRail, throttle.columnRail, throttle.biasRail].map((rail) => BigInt(rail!.raw)).reduce((x, y) => (x > y ? x : y));
      check('normRail', shl(limit, shifts.railLimit), 0, false);
    });
  }

  // table: (a·η)²·S_g·2^−(10 + 2Fη) ≤ χ²·(S_θ + 1)·2^−2Fχ
  const tableShift = 2 * (THROTTLE_TABLE_FRACTION_LENGTH + f('learningRate')) - 2 * f('throttleTarget');
  const tableLeftGradient = Math.max(0, -tableShift);
  const tableLeftTheta = Math.max(0, tableShift);
  if (throttle.law === 'table') {
    const step = BigInt(THROTTLE_TABLE[0]) * eta;
    if (bitLength(step * step) > REGISTER_BITS) refuse('learningRate', bitLength(step * step), REGISTER_BITS);
    if (bitLength(chi * chi) > REGISTER_BITS) refuse('throttleTarget', bitLength(chi * chi), REGISTER_BITS);
    check('throttle', shl(step * step * mag('squaredNorm'), tableLeftGradient), 0, false);
    check('throttle', shl(chi * chi * (mag('squaredNorm') + 1n), tableLeftTheta), 0, false);
  }
  align('rate', 0, [f('throttle') + f('learningRate')], [[mag('throttle') * eta]]);

  // Event detector
  const event = anchor.law === 'event';
  const n = BigInt(anchor.calibration ?? 1);
  const window = BigInt(anchor.window ?? 1);
  const lossMagnitude = event ? mag('loss') : 0n;
  align('lossMean', 0, [f('loss')], [[n * lossMagnitude]], false);
  if (event && bitLength(n * lossMagnitude) > REGISTER_BITS) refuse('lossMean', bitLength(n * lossMagnitude), REGISTER_BITS);
  align('lossVariance', 0, [2 * f('loss')], [[2n * (n * lossMagnitude) ** 2n]], false);
  const lossF = Math.max(f('loss'), f('lossMean'));
  const eventLeftLoss = lossF - f('loss');
  const eventLeftMean = lossF - f('lossMean');
  const distance = event ? shl(n * lossMagnitude, eventLeftLoss) + shl(mag('lossMean'), eventLeftMean) : 0n;
  if (bitLength(distance) > REGISTER_BITS) refuse('statistic', bitLength(distance), REGISTER_BITS);
  align('statistic', 0, [2 * lossF], [[distance * distance * window]], false);
  const ratio = anchor.ratio ? BigInt(anchor.ratio.raw) : 0n;
  const eventShift = f('eventRatio') + f('lossVariance') - f('statistic');
  const eventLeftStatistic = Math.max(0, eventShift);
  const eventLeftVariance = Math.max(0, -eventShift);
  if (event) {
    if (bitLength(ratio * window) > REGISTER_BITS) refuse('eventRatio', bitLength(ratio * window), REGISTER_BITS);
    check('statistic', shl(mag('statistic'), eventLeftStatistic), 0, false);
    check('statistic', shl(ratio * window * mag('lossVariance'), eventLeftVariance), 0, false);
  }

  // Balance: (S − n)/((K − 1)·S) of norms, f/Σf of means of shares
  const losses = BigInt(plan.balance?.outputs?.length ?? 0);
  const [shareLeftNumerator, shareLeftDivisor] = plan.balance ? quotient('share', 0, 0, 0, single * losses, (losses - 1n) * single * losses, tableBits) : [0, 0];
  if (plan.balance) {
    quotient('share', 0, 0, 0, mag('shareMean'), mag('shareMean') * losses, tableBits);
    register('norm', single * losses);
    register('shareMean', mag('shareMean') * losses);
  }
  const shareRate = BigInt(plan.balance?.shareRate?.raw ?? 0);
  // kinds: mean, rate × share, rate × mean
  align('shareMean', 0, [f('shareMean'), rhoF + f('share'), rhoF + f('shareMean')],
    plan.balance ? [[mag('shareMean'), shareRate * mag('share'), shareRate * mag('shareMean')]] : [], false);

  // Supervisor
  const { supervisor } = plan;
  const supervised = supervisor.law !== 'none';
  const guard = (name: 'rate' | 'margin' | 'slack' | 'limit'): bigint => BigInt(supervisor[name]?.raw ?? 0);
  const lossF2 = f('loss'), meanF = f('measureMean'), sumF = f('cusum');
  const worst = supervised ? mag('loss') : 0n;
  // kinds: mean, rate × loss, rate × mean
  const measure = align('measureMean', 0, [meanF, f('meanRate') + lossF2, f('meanRate') + meanF],
    supervised ? [[mag('measureMean'), guard('rate') * worst, guard('rate') * mag('measureMean')]] : [], false);
  const measureLeftLoss = measure.shift + meanF - lossF2;
  if (supervised && measureLeftLoss < 0) refuse('measureMean', -measureLeftLoss);
  if (supervised) check('measureMean', shl(worst, measureLeftLoss), measure.shift, false);
  // kinds: sum, loss, mean
  align('cusum', 0, [sumF, lossF2, meanF], supervised ? [[mag('cusum'), worst + guard('slack'), mag('measureMean')]] : [], false);
  const marginF = Math.max(lossF2, meanF), limitF = Math.max(lossF2, sumF);
  if (supervised) {
    register('measureMean', shl(worst + guard('margin'), marginF - lossF2) + shl(mag('measureMean'), marginF - meanF));
    register('cusum', shl(mag('cusum'), limitF - sumF) + shl(guard('limit'), limitF - lossF2));
  }

  return {
    sites, norms, parameters, batchBits, narrow,
    gates: plan.layers.map((_, layer) => (anchor.threshold === undefined ? 0n : gateOf(anchor.threshold, f('gradient', layer)))),
    control: {
      starLeftC, starLeftM,
      compareLeftChi: Math.max(0, compare), compareLeftEta: Math.max(0, -compare), boundLeftChi: boundLeftChi!, boundLeftEta: boundLeftEta!,
      normCompareLeft, normCompareRight, normLeftTarget: normLeftTarget!, normLeftNorm: normLeftNorm!,
      tableLeftGradient, tableLeftTheta, eventLeftLoss, eventLeftMean, eventLeftStatistic, eventLeftVariance,
      shareLeftNumerator: shareLeftNumerator!, shareLeftDivisor: shareLeftDivisor!,
      measureLeftLoss, marginLeftLoss: marginF - lossF2, marginLeftMean: marginF - meanF, limitLeftCusum: limitF - sumF, limitLeftLoss: limitF - lossF2,
      // Words have at most 32 bits: beyond these ends the entry is the same.
      sigmoidShift: Math.min(32, Math.max(-Math.log2(SIGMOID.entries), f('activation', layers - 1) - Math.log2(SIGMOID.entries / (2 * SIGMOID.limit)))),
    },
  };
}
