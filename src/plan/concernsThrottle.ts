/** Throttles that cannot do what their law says: an integrator that never moves, rails that begin broken, a secant that sees samples in place of curvature. */
import { integrates, keepsHistory } from '../control/registry.js';
import { formatName } from '../format/format.js';
import { scaled } from '../format/real.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { abs, finer, options, real, rounded, type Examined, type Report } from './concernsExact.js';
import { learningPhases } from './concernsMoves.js';

export function examineThrottle(examined: Examined, report: Report): void {
  reportGain(examined, report);
  reportRails(examined, report);
  reportSamples(examined, report);
}

/** The largest velocity, Q(k·χ), and with a momentum β what becomes of it in the end, k·χ/(1 − β): as raws of the fraction length of k·χ and more. */
function reportGain({ plan, profile }: Examined, report: Report): void {
  const { law, gain, chi, momentum } = plan.throttle;
  if (!integrates(law)) return;
  const [velocity, throttle] = [plan.sites['velocity']!, plan.sites['throttle']!];
  const fraction = plan.sites['meanRate']!.fractionLength + plan.sites['throttleTarget']!.fractionLength;
  const push = BigInt(gain!.raw) * BigInt(chi!.raw);
  const found = `k·χ = ${real(push, fraction)}`;
  const moves = (format: SiteFormat): boolean => rounded(scaled(push, fraction), format) > 0n;
  if (!moves(velocity)) {
    const repaired = finer('velocity', velocity, moves);
    report({
      code: 'gain-underflow', severity: 'warning', where: 'velocity', message: `the largest push of ${law} is lost in rounding: its velocity stays zero, and α what it was`,
      found, expected: `at least half a last place of ${formatName(velocity)}`, try: repaired ? options(profile, 'velocity', velocity, repaired) : 'a larger gain',
    });
    return;
  }
  // Whatever its gain, gt2-qa is moved by its bounds.
  if (law === 'gt2-qa') return;
  const one = 1n << BigInt(Math.max(0, plan.sites['meanRate']!.fractionLength));
  const rest = momentum ? one - BigInt(momentum.raw) : one;
  const sum = rest <= 0n ? undefined : { numerator: push * one, denominator: rest << BigInt(Math.max(0, fraction)) };
  const reaches = (format: SiteFormat): boolean => sum === undefined || rounded(sum, format) > 0n;
  if (reaches(throttle)) return;
  const repaired = finer('throttle', throttle, reaches);
  report({
    code: 'gain-underflow', severity: 'warning', where: 'throttle', message: `the largest velocity of ${law} is lost in rounding: α stays what it was`,
    found, expected: `at least half a last place of ${formatName(throttle)}`, try: repaired ? options(profile, 'throttle', throttle, repaired) : 'a larger gain',
  });
}

/** Sums of |w| that a throttle between rails looks at, at the start, each with its rail. */
function startSums({ layers, initial, sites }: Plan): { readonly rail: 'rowRail' | 'columnRail' | 'biasRail'; readonly what: string; readonly sum: bigint; readonly fractionLength: number }[] {
  return layers.flatMap(({ inputs }, layer) => {
    const { weightsRaw, biasRaw } = initial[layer]!;
    const of = (name: 'weight' | 'bias'): number => sites[siteKey(name, layer)]!.fractionLength;
    const total = (raws: readonly string[]): bigint => raws.reduce((sum, raw) => sum + abs(BigInt(raw)), 0n);
    return [
      ...weightsRaw.map((row, o) => ({ rail: 'rowRail' as const, what: `into output ${o} of layer ${layer}`, sum: total(row), fractionLength: of('weight') })),
      ...Array.from({ length: inputs }, (_, i) => ({ rail: 'columnRail' as const, what: `out of input ${i} of layer ${layer}`, sum: total(weightsRaw.map((row) => row[i]!)), fractionLength: of('weight') })),
      ...biasRaw.map((raw, o) => ({ rail: 'biasRail' as const, what: `at bias ${o} of layer ${layer}`, sum: total([raw]), fractionLength: of('bias') })),
    ];
  });
}

function reportRails({ plan }: Examined, report: Report): void {
  const { throttle, sites } = plan;
  if (throttle.law !== 'rails') return;
  const { fractionLength, rails } = sites['normRail']!;
  /** A sum as a raw of the rail, rounded up. */
  const atRail = (sum: bigint, f: number): bigint => (fractionLength >= f ? sum << BigInt(fractionLength - f) : -((-sum) >> BigInt(f - fractionLength)));
  for (const name of ['rowRail', 'columnRail', 'biasRail'] as const) {
    const all = startSums(plan).filter(({ rail }) => rail === name).map((start) => ({ ...start, raw: atRail(start.sum, start.fractionLength) }));
    const outside = all.filter(({ raw }) => raw > BigInt(throttle[name]!.raw));
    if (outside.length === 0) continue;
    const most = outside.reduce((a, b) => (b.raw > a.raw ? b : a));
    report({
      code: 'rails-broken', severity: 'warning', where: `throttle.${name}`, message: `the initial sum ${most.what} is larger than its rail: α is 0 from the start, and nothing ever moves`,
      found: real(most.sum, most.fractionLength), expected: `at most ${real(BigInt(throttle[name]!.raw), fractionLength)}`,
      try: most.raw <= BigInt(rails[1]) ? `--set throttle.${name}=${fraction(most.raw, fractionLength)}` : 'smaller initial weights',
    });
  }
}

/** A raw as an exact number that an option takes. */
const fraction = (raw: bigint, f: number): string => (f >= 0 ? `${raw}/${1n << BigInt(f)}` : String(raw << BigInt(-f)));

/** With one sample a step, gradients differ from step to step by their samples, whatever the parameters did. */
function reportSamples({ plan }: Examined, report: Report): void {
  const { throttle, phases, data } = plan;
  if (!keepsHistory(throttle) || data.rows < 2) return;
  const phase = learningPhases(plan).find((index) => phases[index]!.throttle && phases[index]!.batch === 1);
  if (phase === undefined) return;
  const name = throttle.estimator === undefined ? throttle.law : `${throttle.law}/${throttle.estimator}`;
  report({
    code: 'secant-samples', severity: 'warning', where: `phases[${phase}].batch`,
    message: `${name} compares the gradients of two different samples: it takes their difference for curvature, α falls, and what hardly moves is never measured anew`,
    found: '1 sample a step', expected: 'batches, or an estimator without history', try: `--throttle ${throttle.law === 'table' ? 'gt0' : throttle.law}/trace`,
  });
}
