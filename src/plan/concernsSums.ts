/** Accumulators that cannot hold their fan-in: sums of full-scale products, quantised as the profile says, against the rails. */
import { formatName } from '../format/format.js';
import type { Overflow } from '../format/modes.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey, siteName } from '../site/sites.js';
import { accumulateGroup } from './alignment.js';
import { scaled } from '../format/real.js';
import { counted, fedBy, options, products, real, rounded, spanOf, wider, within, type Examined, type Report, type Span } from './concernsExact.js';

/** Terms that are added and quantised as a profile says, then a last value of its own. */
export interface Sum {
  readonly key: string;
  readonly format: SiteFormat;
  /** Smallest and largest raw of a term, at `fractionLength`. Zero lies between them. */
  readonly term: Span;
  readonly fractionLength: number;
  readonly count: number;
  /** Bias of a forward sum. */
  readonly last?: { readonly span: Span; readonly fractionLength: number } | undefined;
  /** Terms between two quantisations, 0 = all. */
  readonly group: number;
}

/** What an overflow does to a sum. */
const THEN: Record<Overflow, string> = {
  SAT: 'saturates', SAT_SYM: 'saturates', SAT_ZERO: 'becomes zero', TRAP: 'ends the run',
  WRAP: 'wraps, and the sum comes out with the other sign', WRAP_SM: 'wraps, and the sum comes out with the other sign',
};
const wraps = (overflow: Overflow): boolean => overflow === 'WRAP' || overflow === 'WRAP_SM';

/** Adds terms, and the last value where there is one, to a raw and quantises, before overflow handling. */
function adder({ format, fractionLength, last }: Pick<Sum, 'format' | 'fractionLength' | 'last'>): (state: bigint, terms: bigint, last?: bigint) => bigint {
  const finest = Math.max(format.fractionLength, fractionLength, last?.fractionLength ?? fractionLength);
  const own = BigInt(finest - format.fractionLength);
  const term = BigInt(finest - fractionLength);
  const single = BigInt(finest - (last?.fractionLength ?? finest));
  return (state, terms, lastValue = 0n) => rounded(scaled((state << own) + (terms << term) + (lastValue << single), finest), format);
}

/**
 * The smallest (`end` 0) or largest (1) raw that `count` terms can reach, before overflow handling. Roundings are monotone and the terms have one sign, so
 * no other terms, and no part of the sum, reach further.
 */
export function reach(sum: Sum, end: 0 | 1, count = sum.count, { bias = true }: { bias?: boolean } = {}): bigint {
  const { group } = sum;
  const add = adder(sum);
  const term = sum.term[end];
  const last = bias ? sum.last?.span[end] : undefined;
  if (group === 0) return add(0n, term * BigInt(count), last);
  const rest = count % group;
  let state = repeated((from) => add(from, term * BigInt(group)), (count - rest) / group);
  if (rest > 0) state = add(state, term * BigInt(rest));
  return last === undefined ? state : add(state, 0n, last);
}

/** A step taken `times` from 0. How it rounds depends on whether the state is odd, so from the second step on it repeats after two. */
function repeated(step: (state: bigint) => bigint, times: number): bigint {
  const states = [0n];
  while (states.length <= Math.min(times, 4)) states.push(step(states.at(-1)!));
  if (times <= 4) return states[times]!;
  const from = times % 2 === 0 ? 4 : 3;
  return states[from]! + BigInt((times - from) / 2) * (states[4]! - states[2]!);
}

/** How many full-scale terms a sum holds, up to its count. */
export function capacity(sum: Sum): number {
  const rails = spanOf(sum.format);
  const fits = (count: number): boolean => ([0, 1] as const).every((end) => within(reach(sum, end, count, { bias: false }), rails));
  let [low, high] = [0, sum.count];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

const overflows = (sum: Sum): boolean => ([0, 1] as const).some((end) => !within(reach(sum, end), spanOf(sum.format)));

/** A product as it is added: exact, or as its own site leaves it. */
function termOf(plan: Plan, key: string, exact: Span, fractionLength: number): { term: Span; fractionLength: number } {
  const format = plan.sites[key];
  if (!format) return { term: exact, fractionLength };
  const [low, high] = spanOf(format);
  const ends = exact.map((raw) => rounded(scaled(raw, fractionLength), format)) as [bigint, bigint];
  const outside = ends[0] < low || ends[1] > high;
  if (outside && wraps(format.overflow)) return { term: [low, high], fractionLength: format.fractionLength };
  return { term: [ends[0] < low ? low : ends[0], ends[1] > high ? high : ends[1]], fractionLength: format.fractionLength };
}

/** The sum behind one output of a layer at its worst. */
export function forwardSum(plan: Plan, layer: number): Sum {
  const key = siteKey('accumulator', layer);
  const [weight, biasFormat] = [plan.sites[siteKey('weight', layer)]!, plan.sites[siteKey('bias', layer)]!];
  const { format, span } = fedBy(plan, layer);
  return {
    key, format: plan.sites[key]!, count: plan.layers[layer]!.inputs, group: accumulateGroup(plan.accumulate.accumulator),
    ...termOf(plan, siteKey('product', layer), products(spanOf(weight), span), weight.fractionLength + format.fractionLength),
    last: plan.layers[layer]!.bias ? { span: spanOf(biasFormat), fractionLength: biasFormat.fractionLength } : undefined,
  };
}

/** The sums over the largest batch behind the gradients of a layer's weights and, where it has them, biases. */
export function gradientSums(plan: Plan, layer: number): Sum[] {
  const key = siteKey('gradientAccumulator', layer);
  const error = plan.sites[siteKey('error', layer)]!;
  const { format, span } = fedBy(plan, layer);
  const common = { key, format: plan.sites[key]!, count: Math.max(...plan.phases.map(({ batch }) => batch)), group: accumulateGroup(plan.accumulate.gradientAccumulator) };
  return [
    { ...common, ...termOf(plan, siteKey('gradientProduct', layer), products(spanOf(error), span), error.fractionLength + format.fractionLength) },
    ...(plan.layers[layer]!.bias ? [{ ...common, term: spanOf(error), fractionLength: error.fractionLength }] : []),
  ];
}

export function examineSums(examined: Examined, report: Report): void {
  const { plan } = examined;
  plan.layers.forEach((_, layer) => {
    const forward = forwardSum(plan, layer);
    if (overflows(forward)) {
      reportSum(examined, forward, 'product', '', report);
      reportInitial(examined, forward, layer, report);
    }
    const [gradient, bias] = gradientSums(plan, layer);
    if (overflows(gradient!)) reportSum(examined, gradient!, 'product', ', one for each sample of the batch,', report);
    else if (bias && overflows(bias)) reportSum(examined, bias, 'error', ', one for each sample of the batch,', report);
  });
}

function reportSum({ profile }: Examined, sum: Sum, what: string, each: string, report: Report): void {
  const { key, format, count, fractionLength, term } = sum;
  const f = format.fractionLength;
  const reached: Span = [reach(sum, 0), reach(sum, 1)];
  // An unsigned word of any length holds no negative sum.
  const from = reached[0] < 0n && !format.signed ? { ...format, signed: true } : format;
  const repaired = wider(key, from, (candidate) => !overflows({ ...sum, format: candidate }));
  const guard = repaired === undefined ? '' : `: ${counted(repaired.wordLength - repaired.fractionLength - format.wordLength + f, 'more guard bit')}`;
  report({
    code: 'accumulator-fan-in',
    severity: wraps(format.overflow) || format.overflow === 'TRAP' ? 'warning' : 'note',
    where: key,
    message: `holds ${counted(capacity(sum), `full-scale ${what}`)}, but ${count}${sum.last ? ' and a bias' : ''} are added: at worst it ${THEN[format.overflow]}`,
    found: `at worst ${real(reached[0], f)} to ${real(reached[1], f)}: ${counted(count, what)}${each} of ${real(term[0], fractionLength)} to ${real(term[1], fractionLength)}`,
    expected: `within ${real(BigInt(format.rails[0]), f)} to ${real(BigInt(format.rails[1]), f)} (${formatName(format)})${guard}`,
    try: repaired ? options(profile, key, format, repaired) : 'shorter words or smaller rails in what is multiplied',
  });
}

/** What the initial weights of an output reach when every input is at the rail that makes it worst, before overflow handling. */
function initialReach(plan: Plan, sum: Sum, layer: number, output: number, end: 0 | 1): bigint {
  const { weightsRaw, biasRaw } = plan.initial[layer]!;
  const { format, span } = fedBy(plan, layer);
  const weightF = plan.sites[siteKey('weight', layer)]!.fractionLength;
  const productKey = siteKey('product', layer);
  const add = adder(sum);
  const row = weightsRaw[output]!;
  const terms = row.map((raw) => termOf(plan, productKey, products([BigInt(raw), BigInt(raw)], span), weightF + format.fractionLength).term[end]);
  const bias = sum.last ? BigInt(biasRaw[output]!) : undefined;
  const total = (from: number, to: number): bigint => terms.slice(from, to).reduce((all, term) => all + term, 0n);
  if (sum.group === 0) return add(0n, total(0, terms.length), bias);
  let state = 0n;
  for (let at = 0; at < terms.length; at += sum.group) state = add(state, total(at, at + sum.group));
  const whole = state;
  if (bias !== undefined) state = add(state, 0n, bias);
  // A bias of the other sign comes last: the sum before it counts too.
  return (end === 1) === (whole > state) ? whole : state;
}

function reportInitial({ plan, profile }: Examined, sum: Sum, layer: number, report: Report): void {
  const { format, key } = sum;
  const f = format.fractionLength;
  const outside = (candidate: SiteFormat): [number, bigint][] =>
    plan.initial[layer]!.weightsRaw.flatMap((_, output) =>
      ([0, 1] as const).map((end): [number, bigint] => [output, initialReach(plan, { ...sum, format: candidate }, layer, output, end)]).filter(([, raw]) => !within(raw, spanOf(candidate))));
  const found = outside(format);
  const [first] = found;
  if (!first) return;
  const repaired = wider(key, found.some(([, raw]) => raw < 0n) ? { ...format, signed: true } : format, (candidate) => outside(candidate).length === 0);
  report({
    code: 'accumulator-initial-weights', severity: 'warning', where: key,
    message: `output ${first[0]} overflows with its initial weights when the ${siteName(fedBy(plan, layer).key)}s are at full scale: it ${THEN[format.overflow]}`,
    found: real(first[1], f),
    expected: `within ${real(BigInt(format.rails[0]), f)} to ${real(BigInt(format.rails[1]), f)} (${formatName(format)})`,
    try: repaired ? options(profile, key, format, repaired) : 'smaller initial weights',
  });
}
