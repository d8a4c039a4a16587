/** Anchors whose mean does not follow, or whose importance is lost. */
import { averages, weighs } from '../control/registry.js';
import { formatName } from '../format/format.js';
import { scaled, type Rational } from '../format/real.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { alignPlan } from './alignment.js';
import { finer, option, options, real, rounded, spanOf, type Examined, type Report } from './concernsExact.js';
import { fullRate, learningPhases, pathsOf, updateOf } from './concernsMoves.js';

export function examineAnchor(examined: Examined, report: Report): void {
  const { anchor, layers } = examined.plan;
  layers.forEach((_, layer) => {
    if (averages(anchor.law)) reportAverage(examined, layer, report);
    if (anchor.law === 'gated') reportGate(examined, layer, report);
    else if (weighs(anchor.law)) reportImportance(examined, layer, report);
  });
}

/** A mean that a distance of one last place of the parameter does not move. */
function reportAverage({ plan, profile }: Examined, layer: number, report: Report): void {
  const key = siteKey('average', layer);
  const average = plan.sites[key]!;
  const rate = BigInt(plan.anchor.averageRate!.raw);
  if (rate === 0n) return;
  for (const name of plan.layers[layer]!.bias ? (['weight', 'bias'] as const) : (['weight'] as const)) {
    const f = plan.sites[siteKey(name, layer)]!.fractionLength + plan.sites['anchorRate']!.fractionLength;
    const follows = (format: SiteFormat): boolean => ([1n, -1n] as const).every((sign) => rounded(scaled(sign * rate, f), format) !== 0n);
    if (follows(average)) continue;
    const repaired = finer(key, average, follows);
    report({
      code: 'average-dead-band', severity: 'warning', where: key,
      message: `the mean does not follow a ${name} that is one last place away: ${plan.anchor.averageRate!.value} of it is lost in rounding`,
      found: `a step of ${real(rate, f)} into ${formatName(average)}`, expected: 'at least half a last place',
      try: repaired && repaired.wordLength - average.wordLength === repaired.fractionLength - average.fractionLength ? options(profile, key, average, repaired) : option(profile, key, 'rounding', 'STOCHASTIC'),
    });
    return;
  }
}

/** ν·φ of an update of so many last places. */
function towards(plan: Plan, layer: number, places: bigint): Rational {
  const { importance: kind, importanceRate } = plan.anchor;
  const update = plan.sites[siteKey('update', layer)]!.fractionLength;
  const rateF = plan.sites['anchorRate']!.fractionLength;
  const rate = BigInt(importanceRate!.raw);
  if (kind === 'mas') return scaled(rate * places, rateF + update);
  if (kind === 'ewc') return scaled(rate * places * places, rateF + 2 * update);
  // |u·d|: a parameter is at least one last place of its mean away
  return scaled(rate * places, rateF + update + plan.sites[siteKey('average', layer)]!.fractionLength);
}

/** Updates that leave no importance although they are large. */
function reportImportance({ plan, profile }: Examined, layer: number, report: Report): void {
  const key = siteKey('importance', layer);
  const format = plan.sites[key]!;
  const phases = learningPhases(plan).filter((phase) => plan.phases[phase]!.anchor);
  if (phases.length === 0 || plan.anchor.importanceRate!.raw === '0') return;
  const [path] = pathsOf(plan, layer);
  const gradient = spanOf(path!.gradient)[1];
  const most = phases.map((phase) => updateOf(path!, fullRate(plan, phase), gradient)).reduce((a, b) => (a > b ? a : b));
  if (most <= 0n) return;
  const counts = (candidate: SiteFormat, places: bigint): boolean => rounded(towards(plan, layer, places), candidate) !== 0n;
  /** The fewest last places of an update that count. */
  const least = (candidate: SiteFormat): bigint => {
    let [lost, from] = [0n, most + 1n];
    while (from - lost > 1n) {
      const middle = (lost + from) / 2n;
      if (counts(candidate, middle)) from = middle;
      else lost = middle;
    }
    return from;
  };
  const found = least(format);
  // As a dead zone: half of the bits of the update.
  const small = (places: bigint): boolean => places * places <= most || places <= 2n;
  if (small(found)) return;
  const repaired = finer(key, format, (candidate) => small(least(candidate)));
  const f = path!.update.fractionLength;
  report({
    code: 'importance-underflow', severity: 'warning', where: key,
    message: found > most ? 'not even the largest update makes a parameter important: nothing is held' : `updates below ${real(found, f)} make no parameter important: it is lost in rounding`,
    found: `${formatName(format)}, for updates up to ${real(most, f)}`, expected: 'importance from less than half of the bits of an update', try: repaired ? options(profile, key, format, repaired) : 'a larger importanceRate',
  });
}

/** A gradient that passes the gate and leaves no sum: it is then divided by one last place. */
function reportGate({ plan, profile }: Examined, layer: number, report: Report): void {
  const key = siteKey('importance', layer);
  const format = plan.sites[key]!;
  const { fractionLength: f } = plan.sites[siteKey('gradient', layer)]!;
  const least = alignPlan(plan).gates[layer]! + 1n;
  const power = plan.anchor.power!;
  const sums = (candidate: SiteFormat): boolean => rounded(scaled(least ** BigInt(power), power * f), candidate) !== 0n;
  if (sums(format)) return;
  // The root at p = 2 takes at most 31 fraction bits.
  const repaired = finer(key, format, (candidate) => candidate.fractionLength <= (power === 2 ? 31 : 128) && sums(candidate));
  report({
    code: 'importance-underflow', severity: 'warning', where: key, message: 'a gradient that just passes the gate adds nothing to the sum it is divided by: its update is taken by one last place instead',
    found: `${real(least, f)}${power === 2 ? ' squared' : ''} into ${formatName(format)}`, expected: 'more than zero', try: repaired ? options(profile, key, format, repaired) : 'a larger threshold',
  });
}
