/**
 * What a step has to compute, counted from the plan alone: for each site the exact products, quotients, roots, additions and comparisons behind it, and how
 * often it rounds. The order and the meaning of everything are those of docs/numerics.md §5–§7; docs/cost.md says what counts as one operation.
 */
import { THROTTLE_TABLE } from '../control/registry.js';
import { accumulateGroup } from '../plan/alignment.js';
import { fedBy } from '../plan/concernsExact.js';
import type { Phase, When } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { absolute, aligned, bitLength, differenceOf, magnitude, operandOf, positive, type Operand } from './operand.js';

/** Products of two values, all of the same widths. */
export interface Product {
  /** Operands in words: `weight × input`. */
  readonly what: string;
  readonly operands: readonly [Operand, Operand];
  readonly count: number;
}

/** Quotients that no shift gives: an integer over an integer, both as wide as the site's fraction asks for. */
export interface Division {
  readonly numerator: number;
  readonly divisor: number;
  readonly count: number;
}

/** What stands behind the roundings of one site in one step. */
export interface Work {
  readonly site: string;
  readonly phase: Phase;
  readonly when: When;
  readonly products: readonly Product[];
  readonly divisions: readonly Division[];
  readonly additions: number;
  readonly comparisons: number;
  readonly roots: number;
  readonly quantisations: number;
}

/** Samples of the largest step of a plan. */
export const largestBatch = ({ phases }: Pick<Plan, 'phases'>): number => Math.max(...phases.map(({ batch }) => batch));

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
/** Quantisations of a running sum of `terms` products. */
const roundings = (terms: number, group: number): number => (group === 0 ? 1 : Math.ceil(terms / group));

type Parts = Partial<Omit<Work, 'site' | 'phase'>>;

/**
 * The work of one step in a run's steady state: throttle on, with history, taking its quotient (or trying its whole table); the anchor pulls, its detector watches a
 * full window. Steps in which the detector calibrates instead of watching have rows of their own.
 *
 * @param batch samples of the step; default the largest of the plan
 * @returns a row for each site at which something is quantised, in the order of a step
 * @example stepWork(plan).find(({ site }) => site === 'layer0.accumulator')?.additions
 */
export function stepWork(plan: Plan, batch = largestBatch(plan)): Work[] {
  const rows: Work[] = [];
  const row = (phase: Phase, site: string, parts: Parts): void => {
    rows.push({ site, phase, when: 'step', products: [], divisions: [], additions: 0, comparisons: 0, roots: 0, quantisations: 0, ...parts });
  };
  const { layers } = plan;
  const last = layers.length - 1;
  const operand = (name: SiteName, layer = 0): Operand => operandOf(plan.sites[siteKey(name, layer)]!);
  const fed = (layer: number): Operand => operandOf(fedBy(plan, layer).format);
  const fedName = (layer: number): string => (layer === 0 ? 'input' : 'activation');
  const product = (what: string, a: Operand, b: Operand, count: number): Product => ({ what, operands: [a, b], count });

  layers.forEach(({ inputs, outputs, bias, activation }, l) => {
    const sums = batch * outputs;
    const terms = product(`weight × ${fedName(l)}`, operand('weight', l), fed(l), sums * inputs);
    const rounded = plan.sites[siteKey('product', l)] !== undefined;
    if (rounded) row('forward', siteKey('product', l), { products: [terms], quantisations: terms.count });
    const group = accumulateGroup(plan.accumulate.accumulator);
    row('forward', siteKey('accumulator', l), {
      products: rounded ? [] : [terms], additions: sums * (inputs + Number(bias)), quantisations: sums * (roundings(inputs, group) + Number(bias && group > 0)),
    });
    row('forward', siteKey('activation', l), { quantisations: sums, comparisons: activation === 'relu' ? sums : 0 });
  });

  const errors = batch * layers[last]!.outputs;
  row('backward', siteKey('error', last), { additions: errors, quantisations: errors });
  const error = operand('error', last);
  const squares = magnitude(plan, siteKey('error', last)) ** 2n * BigInt(errors);
  row('loss', 'loss', {
    products: [product('error²', error, error, errors)], additions: errors, quantisations: 1,
    ...(!isPowerOfTwo(batch) && { divisions: [aligned(plan, 'loss', [squares, 2 * plan.sites[siteKey('error', last)]!.fractionLength], [BigInt(2 * batch), 0])] }),
  });

  anchorDetector(plan, row);

  for (let l = last - 1; l >= 0; l--) {
    const values = batch * layers[l]!.outputs;
    const terms = values * layers[l + 1]!.outputs;
    row('backward', siteKey('error', l), {
      products: [product('weight × error', operand('weight', l + 1), operand('error', l + 1), terms)],
      additions: terms, quantisations: values, comparisons: layers[l]!.activation === 'relu' ? values : 0,
    });
  }
  layers.forEach(({ inputs, outputs, bias }, l) => {
    const weights = inputs * outputs;
    const parameters = weights + (bias ? outputs : 0);
    const terms = product(`error × ${fedName(l)}`, operand('error', l), fed(l), weights * batch);
    const rounded = plan.sites[siteKey('gradientProduct', l)] !== undefined;
    if (rounded) row('backward', siteKey('gradientProduct', l), { products: [terms], quantisations: terms.count });
    row('backward', siteKey('gradientAccumulator', l), {
      products: rounded ? [] : [terms], additions: parameters * batch, quantisations: parameters * roundings(batch, accumulateGroup(plan.accumulate.gradientAccumulator)),
    });
    row('backward', siteKey('gradient', l), { ...mean(plan, l, batch, parameters), quantisations: parameters });
  });

  throttle(plan, batch, row);

  if (plan.throttle.law === 'none') row('update', 'rate', { quantisations: 1 });
  else row('update', 'rate', { products: [product('α × η', operand('throttle'), operandOf(plan.sites['learningRate']!), 1)], quantisations: 1 });
  const pulls = plan.anchor.law !== 'none';
  layers.forEach(({ inputs, outputs, bias }, l) => {
    const arrays = ([['weight', inputs * outputs], ['bias', bias ? outputs : 0]] as const).filter(([, count]) => count > 0);
    const parameters = arrays.reduce((sum, [, count]) => sum + count, 0);
    row('update', siteKey('update', l), { products: [product('rate × gradient', operand('rate'), operand('gradient', l), parameters)], quantisations: parameters });
    if (pulls) {
      row('update', siteKey('anchorPull', l), {
        products: arrays.map(([name, count]) => product(`λ × (${name} − anchor)`, positive(BigInt(plan.anchor.lambda!.raw)), differenceOf(operand(name, l)), count)),
        additions: parameters, quantisations: parameters,
      });
    }
    for (const [name, count] of arrays) row('update', siteKey(name, l), { additions: count * (pulls ? 2 : 1), quantisations: count });
  });
  return rows;
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

type Row = (phase: Phase, site: string, parts: Parts) => void;

function anchorDetector(plan: Plan, row: Row): void {
  const { anchor } = plan;
  if (anchor.law !== 'event') return;
  const [n, window] = [BigInt(anchor.calibration!), BigInt(anchor.window!)];
  const loss = operandOf(plan.sites['loss']!);
  const largest = magnitude(plan, 'loss');
  const variance = operandOf(plan.sites['lossVariance']!);
  row('anchor', 'lossMean', { when: 'calibrating', additions: 1 });
  row('anchor', 'lossVariance', { when: 'calibrating', products: [{ what: 'loss²', operands: [loss, loss], count: 1 }], additions: 1 });
  row('anchor', 'lossMean', { when: 'calibrated', quantisations: 1 });
  row('anchor', 'lossVariance', {
    when: 'calibrated', additions: 1, comparisons: 1, quantisations: 1,
    products: [
      { what: 'n × Σ loss²', operands: [positive(n), positive(n * largest ** 2n)], count: 1 },
      { what: '(Σ loss)²', operands: [absolute(n * largest, loss.signed), absolute(n * largest, loss.signed)], count: 1 },
    ],
  });
  const fraction = Math.max(plan.sites['loss']!.fractionLength, plan.sites['lossMean']!.fractionLength);
  const at = (key: string, value: bigint): bigint => value << BigInt(fraction - plan.sites[key]!.fractionLength);
  const distance = absolute(at('loss', n * largest) + at('lossMean', magnitude(plan, 'lossMean')), true);
  const width = Number(window);
  row('anchor', 'statistic', {
    additions: 2 * width, comparisons: 1, quantisations: 1,
    products: [
      { what: 'n × loss', operands: [positive(n), loss], count: width },
      { what: '(n × loss − mean)²', operands: [distance, distance], count: width },
      { what: 'κ·w × variance', operands: [positive(BigInt(anchor.ratio!.raw) * window), variance], count: 1 },
    ],
  });
}

function throttle(plan: Plan, batch: number, row: Row): void {
  const { throttle: { law, estimator }, layers } = plan;
  if (law === 'none') return;
  const squared = (what: string, operand: Operand, count: number): Product => ({ what, operands: [operand, operand], count });
  if (estimator === 'trace') {
    row('throttle', 'squaredNorm', {
      products: layers.map(({ inputs }, l) => squared(`${l === 0 ? 'input' : 'activation'}²`, operandOf(fedBy(plan, l).format), batch * inputs)),
      additions: layers.reduce((sum, { inputs, bias }) => sum + batch * (inputs + Number(bias)), 0), quantisations: 1,
    });
    const s: readonly [bigint, number] = [magnitude(plan, 'squaredNorm'), plan.sites['squaredNorm']!.fractionLength];
    row('throttle', 'curvature', { quantisations: 1, ...(!isPowerOfTwo(batch) && { divisions: [aligned(plan, 'curvature', s, [BigInt(batch), 0])] }) });
  } else {
    const products = layers.flatMap(({ inputs, outputs, bias }, l) =>
      ([['weight', inputs * outputs], ['bias', bias ? outputs : 0], ['gradient', outputs * (inputs + Number(bias))]] as const).filter(([, count]) => count > 0)
        .map(([name, count]) => squared(`(change of ${name})²`, differenceOf(operandOf(plan.sites[siteKey(name, l)]!)), count)));
    const changes = products.reduce((sum, { count }) => sum + count, 0);
    row('throttle', 'squaredNorm', { products, additions: 2 * changes, comparisons: 1, quantisations: 2 });
  }
  if (law === 'table') {
    tableLaw(plan, row);
    return;
  }
  if (estimator === 'secant') {
    row('throttle', 'norm', { roots: 2, comparisons: 1, quantisations: 2 });
    const n: readonly [bigint, number] = [magnitude(plan, 'norm'), plan.sites['norm']!.fractionLength];
    row('throttle', 'curvature', { ...quotientOf(plan, 'curvature', n, n), quantisations: 1 });
  }
  const fraction = Math.max(plan.sites['curvature']!.fractionLength, plan.sites['curvatureMean']!.fractionLength);
  const at = (key: string): bigint => magnitude(plan, key) << BigInt(fraction - plan.sites[key]!.fractionLength);
  const star = at('curvature') > at('curvatureMean') ? at('curvature') : at('curvatureMean');
  row('throttle', 'curvatureMean', {
    products: [{ what: 'ρ × (C − mean C)', operands: [positive(BigInt(plan.throttle.rho!.raw)), absolute(star, true)], count: 1 }], additions: 2, quantisations: 1,
  });
  const eta = largestRate(plan);
  const { products = [], ...quotient } = quotientOf(plan, 'throttle',
    [BigInt(plan.throttle.chi!.raw), plan.sites['throttleTarget']!.fractionLength], [eta * star, plan.sites['learningRate']!.fractionLength + fraction]);
  row('throttle', 'throttle', {
    // the larger of C and its mean; χ against η·C*; the floor; 1
    ...quotient, products: [{ what: 'η × C*', operands: [positive(eta), positive(star)], count: 1 }, ...products], comparisons: 4, quantisations: 1,
  });
}

/** (a/32)²·η²·S_g ≤ χ²·(S_θ + 1) for each a; squares of constants are constants. */
function tableLaw(plan: Plan, row: Row): void {
  const square = magnitude(plan, 'squaredNorm');
  const [eta, chi] = [largestRate(plan) ** 2n, BigInt(plan.throttle.chi!.raw) ** 2n];
  row('throttle', 'throttle', {
    products: [
      { what: 'χ² × (change of parameters)²', operands: [positive(chi), positive(square + 1n)], count: 1 },
      { what: 'η² × (change of gradients)²', operands: [positive(eta), positive(square)], count: 1 },
      { what: 'α² × that', operands: [positive(BigInt(THROTTLE_TABLE[0] ** 2)), positive(eta * square)], count: THROTTLE_TABLE.length },
    ],
    additions: 1, comparisons: THROTTLE_TABLE.length, quantisations: 1,
  });
}

const largestRate = ({ phases }: Plan): bigint => phases.map(({ learningRate }) => BigInt(learningRate.raw)).reduce((a, b) => (a > b ? a : b));

/** A quotient as the target takes it (docs/numerics.md §6.1): a division, a product with a reciprocal out of a table, or a shift. */
function quotientOf(plan: Plan, key: string, numerator: readonly [bigint, number], divisor: readonly [bigint, number]): Parts {
  const { method, bits } = plan.divide;
  if (method === 'exact') return { divisions: [aligned(plan, key, numerator, divisor)] };
  if (method !== 'table') return {};
  return { products: [{ what: `${key} × reciprocal`, operands: [positive(numerator[0]), { bits: reciprocalBits(bits!), signed: false }], count: 1 }] };
}

/** Bits of the largest raw of a reciprocal of `bits` index bits: m = 2^bits has the largest. */
export const reciprocalBits = (bits: number): number => bitLength(((1n << BigInt(2 * bits + 3)) / ((1n << BigInt(bits + 1)) + 1n) + 1n) >> 1n);
