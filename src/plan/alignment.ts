/**
 * How the terms of every exact value line up, and how many bits that value can need.
 *
 * Before a site rounds, its exact value is a sum of terms with different fraction lengths. All are shifted left to the finest of them (or to
 * the site's own, if that is finer still), so that the rounding is always one right shift. Since nothing is lost by a left shift, the choice
 * of alignment never shows in a bit. The bounds come from the formats, the rails and the numbers of terms alone; docs/numerics.md §10.
 */
import { QrailsError } from '../errors.js';
import { THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../control/registry.js';
import type { Plan } from '../schema/plan.js';
import type { Accumulate } from '../schema/profile.js';
import { siteKey, SITES, type SiteName } from '../site/sites.js';

export interface SiteAlignment {
  /** Left shifts of the kinds of terms, in the order lower.ts documents for the site. */
  readonly left: readonly number[];
  /** Right shift of the rounding. */
  readonly shift: number;
}

export interface Alignment {
  readonly sites: Readonly<Record<string, SiteAlignment>>;
  /** Per layer: shifts of squares inside a squared norm. */
  readonly norms: readonly { gradient: number; weight: number; bias: number; activation: number; one: number }[];
  readonly starLeftC: number;
  readonly starLeftM: number;
  readonly compareLeftChi: number;
  readonly compareLeftEta: number;
  readonly tableLeftGradient: number;
  readonly tableLeftTheta: number;
  readonly eventLeftLoss: number;
  readonly eventLeftMean: number;
  readonly eventLeftStatistic: number;
  readonly eventLeftVariance: number;
  /** K of `divisor.left`: see divisorOf in lower.ts. */
  readonly batchBits: number;
  /** Exact values inside the layers fit 63 bits: the fast instance of the step may run. */
  readonly narrow: boolean;
}

/** Bits of the fast instance's exact values, their rounding included. */
const NARROW_BITS = 63;
const WIDE_BITS = 127;
/** What a controller keeps in one register. */
const REGISTER_BITS = 63;

const bitLength = (magnitude: bigint): number => (magnitude === 0n ? 0 : magnitude.toString(2).length);
const shl = (value: bigint, n: number): bigint => value << BigInt(n);
const ceilLog2 = (n: number): number => Math.ceil(Math.log2(n));

/** Products between quantisations of a running sum; 0 = all. */
export const accumulateGroup = (accumulate: Accumulate): number => (typeof accumulate === 'number' ? accumulate : { each: 1, pair: 2, end: 0 }[accumulate]);

/** Throws QrailsError `unsupported` where an exact value could need more than 127 bits. */
export function alignPlan(plan: Plan): Alignment {
  const layers = plan.layers.length;
  const maxBatch = Math.max(...plan.phases.map((phase) => phase.batch), plan.evaluationRows);
  const trainBatch = Math.max(...plan.phases.map((phase) => phase.batch));
  const format = (name: SiteName, layer = 0) => plan.sites[siteKey(name, layer)]!;
  const f = (name: SiteName, layer = 0): number => format(name, layer).fractionLength;
  /** Largest magnitude of a raw of the site. */
  const mag = (name: SiteName, layer = 0): bigint => {
    const [low, high] = format(name, layer).rails.map(BigInt) as [bigint, bigint];
    return -low > high ? -low : high;
  };
  // The fast instance stores words as i32.
  let narrow = Object.entries(plan.sites).every(
    ([key, { signed, wordLength }]) => SITES[key.slice(key.indexOf('.') + 1) as SiteName].kind !== 'signal' || signed || wordLength < 32,
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
  const check = (place: string, magnitude: bigint, shift: number, inLayers: boolean): void => {
    const bits = bitLength(magnitude + (shift > 0 ? shl(1n, shift) : 0n));
    if (bits > WIDE_BITS || shift > WIDE_BITS - 1) refuse(place, Math.max(bits, shift + 1));
    if (inLayers && (bits > NARROW_BITS - 1 || shift > NARROW_BITS - 1)) narrow = false;
  };
  /** Aligns the fraction lengths of the kinds of terms and bounds each use, a list of magnitudes by kind. */
  const align = (name: SiteName, layer: number, fractions: number[], uses: bigint[][], inLayers = true): SiteAlignment => {
    const key = siteKey(name, layer);
    const own = f(name, layer);
    const finest = Math.max(own, ...fractions);
    const left = fractions.map((fraction) => finest - fraction);
    for (const shift of left) if (shift > WIDE_BITS) refuse(key, shift);
    for (const use of uses) check(key, use.reduce((sum, magnitude, kind) => sum + (magnitude === 0n ? 0n : shl(magnitude, left[kind]!)), 0n), finest - own, inLayers);
    return (sites[key] = { left, shift: finest - own });
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
    return sum;
  };

  /** Fraction length and largest magnitude of a product as it is added: exact, or as its own site leaves it. */
  const productTerm = (name: 'product' | 'gradientProduct', layer: number, fraction: number, magnitude: bigint): [number, bigint] => {
    if (!plan.sites[siteKey(name, layer)]) return [fraction, magnitude];
    align(name, layer, [fraction], [[magnitude]]);
    return [f(name, layer), mag(name, layer)];
  };

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
      // kinds: output, target
      align('error', layer, [f('activation', layer), f('target')], [[mag('activation', layer), mag('target')]]);
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
    const shifted = align('gradient', layer, [sumF + batchBits],
      [[shl(sumMagnitude, Math.max(0, batchBits))], ...(batchDivision === 'reciprocal' ? [[shl(sumMagnitude * mag('reciprocal'), batchBits - f('reciprocal'))]] : [])]);
    sites[siteKey('gradient', layer)] = {
      ...shifted,
      left: [shifted.left[0]!, ...quotient('gradient', layer, sumF, 0, sumMagnitude, BigInt(trainBatch))],
    };
    align('update', layer, [f('rate') + f('gradient', layer)], [[mag('rate') * mag('gradient', layer)]]);
    const anchored = plan.anchor.law !== 'none';
    // kinds: λ × weight distance, λ × bias distance
    const pullF = f('anchorRate');
    align('anchorPull', layer, [pullF + f('weight', layer), bias ? pullF + f('bias', layer) : pullF + f('weight', layer)],
      anchored ? [[2n * mag('weight', layer) * mag('anchorRate'), 0n], [0n, bias ? 2n * mag('bias', layer) * mag('anchorRate') : 0n]] : []);
    for (const name of ['weight', 'bias'] as const) {
      // kinds: parameter, update, pull
      align(name, layer, [f(name, layer), f('update', layer), anchored ? f('anchorPull', layer) : f('update', layer)],
        name === 'bias' && !bias ? [] : [[mag(name, layer), mag('update', layer), anchored ? mag('anchorPull', layer) : 0n]]);
    }
  });

  // Loss: Σe² / 2B
  const last = layers - 1;
  const errorSquares = mag('error', last) ** 2n * BigInt(maxBatch * plan.layers[last]!.outputs);
  sites['loss'] = { left: quotient('loss', 0, 2 * f('error', last), 0, errorSquares, BigInt(2 * maxBatch)), shift: 0 };

  // Squared norms: one alignment for everything the throttle squares
  const { throttle, anchor } = plan;
  const tableBits = plan.divide.method === 'exact' ? 0 : 2 + (plan.divide.bits ?? 0);
  const differences = throttle.law === 'table' || throttle.estimator === 'secant';
  const traced = throttle.estimator === 'trace';
  const squares: { layer: number; kind: 'gradient' | 'weight' | 'bias' | 'activation' | 'one'; fraction: number; magnitude: bigint }[] = [];
  plan.layers.forEach(({ inputs, outputs, bias }, layer) => {
    const weights = BigInt(inputs * outputs);
    const parameters = weights + (bias ? BigInt(outputs) : 0n);
    if (differences) {
      squares.push({ layer, kind: 'gradient', fraction: 2 * f('gradient', layer), magnitude: (2n * mag('gradient', layer)) ** 2n * parameters });
      squares.push({ layer, kind: 'weight', fraction: 2 * f('weight', layer), magnitude: (2n * mag('weight', layer)) ** 2n * weights });
      if (bias) squares.push({ layer, kind: 'bias', fraction: 2 * f('bias', layer), magnitude: (2n * mag('bias', layer)) ** 2n * BigInt(outputs) });
    }
    if (traced) {
      const a = layer === 0 ? mag('input') : mag('activation', layer - 1);
      squares.push({ layer, kind: 'activation', fraction: 2 * (layer === 0 ? f('input') : f('activation', layer - 1)), magnitude: a * a * BigInt(inputs * trainBatch) });
      if (bias) squares.push({ layer, kind: 'one', fraction: 0, magnitude: BigInt(trainBatch) });
    }
  });
  const finestSquare = Math.max(f('squaredNorm'), ...squares.map(({ fraction }) => fraction));
  const norms = plan.layers.map(() => ({ gradient: 0, weight: 0, bias: 0, activation: 0, one: 0 }));
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
  if (differences) check('norm', shl(mag('squaredNorm'), Math.max(0, normShift)), 0, false);

  sites['curvature'] = {
    left: traced ? quotient('curvature', 0, f('squaredNorm'), 0, mag('squaredNorm'), BigInt(trainBatch))
      : quotient('curvature', 0, 0, 0, throttle.estimator === 'secant' ? mag('norm') : 0n, throttle.estimator === 'secant' ? mag('norm') : 0n, tableBits),
    shift: 0,
  };
  const estimated = throttle.law === 'gt0';
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
  if (throttle.law === 'table') {
    align('throttle', 0, [THROTTLE_TABLE_FRACTION_LENGTH], [[BigInt(THROTTLE_TABLE[0])]], false);
  } else {
    sites['throttle'] = {
      left: quotient('throttle', 0, f('throttleTarget'), f('learningRate') + starF, estimated ? chi : 0n, estimated ? eta * star : 0n, tableBits),
      shift: 0,
    };
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

  return {
    sites, norms, starLeftC, starLeftM,
    compareLeftChi: Math.max(0, compare), compareLeftEta: Math.max(0, -compare),
    tableLeftGradient, tableLeftTheta, eventLeftLoss, eventLeftMean, eventLeftStatistic, eventLeftVariance,
    batchBits, narrow,
  };
}
