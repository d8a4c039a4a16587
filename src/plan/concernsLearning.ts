/** Rates, updates and roundings that keep parameters from learning, or move them where no gradient says so. */
import { THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../control/registry.js';
import { formatName } from '../format/format.js';
import { ROUNDING, type Discarded, type Rounding, type RoundingMode } from '../format/modes.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey, siteName, type SiteName } from '../site/sites.js';
import { alignPlan } from './alignment.js';
import { counted, finer, inUse, layerOf, option, options, real, spanOf, squareRoot, type Examined, type Report } from './concernsExact.js';
import { canMove, fullRate, isGated, learningPhases, learningRate, moves, ONE, pathsOf, rateOf, threshold, updateOf, type Alpha, type Path } from './concernsMoves.js';

const allPaths = (plan: Plan): Path[] => plan.layers.flatMap((_, layer) => pathsOf(plan, layer));

export function examineLearning(examined: Examined, report: Report): void {
  const { plan } = examined;
  const phases = learningPhases(plan);
  if (phases.length === 0) return;
  // The smallest rate has the widest dead zone.
  const slowest = phases.reduce((least, phase) => (fullRate(plan, phase) < fullRate(plan, least) ? phase : least));
  for (const path of allPaths(plan)) {
    if (!isGated(plan, slowest)) reportThreshold(examined, path, slowest, report);
    reportFineness(examined, path, report);
  }
  reportFloor(examined, report);
  reportBias(examined, slowest, report);
}

/** The nearest finer formats, one site or all of a path, with which a rule holds, as options. */
export function finerPath({ profile }: Examined, path: Path, fits: (path: Path) => boolean): string | undefined {
  const keys = { rate: 'rate', update: siteKey('update', layerOf(path.key)), parameter: path.key };
  for (const name of ['parameter', 'update', 'rate'] as const) {
    const format = finer(keys[name], path[name], (candidate) => growsWith(path[name], candidate) && fits({ ...path, [name]: candidate }));
    if (format) return options(profile, keys[name], path[name], format);
  }
  let chain = path;
  for (let bits = 1; bits <= 32; bits++) {
    for (const name of ['parameter', 'update', 'rate'] as const) {
      const next = finer(keys[name], chain[name], () => true);
      if (next && growsWith(chain[name], next)) chain = { ...chain, [name]: next };
    }
    if (fits(chain)) return (['rate', 'update', 'parameter'] as const).map((name) => options(profile, keys[name], path[name], chain[name])).filter((text) => text !== '').join(' ');
  }
  return undefined;
}

/** Whether the word is as much longer as the fraction: no whole numbers are lost. */
const growsWith = (from: SiteFormat, to: SiteFormat): boolean => to.wordLength - from.wordLength === to.fractionLength - from.fractionLength;

function reportThreshold(examined: Examined, path: Path, phase: number, report: Report): void {
  const { plan } = examined;
  const { gradient, parameter, update, key } = path;
  const f = gradient.fractionLength;
  const rate = fullRate(plan, phase);
  const [low, high] = spanOf(gradient);
  const up = threshold(path, rate, 1n);
  const down = threshold(path, rate, -1n);
  const eta = `η = ${plan.phases[phase]!.learningRate.value} of phases[${phase}]`;
  const rateIn = (next: Path): bigint => rateOf(next.rate, learningRate(plan, phase), ONE);
  if ((up === undefined && high > 0n) || (down === undefined && low < 0n)) {
    const which = up === undefined && down === undefined ? 'no gradient' : up === undefined ? 'no positive gradient' : 'no negative gradient';
    report({
      code: 'stands-still', severity: 'warning', where: key, message: `${which} moves it: the largest, times ${eta}, is lost in rounding`,
      found: `an update of ${real(updateOf(path, rate, up === undefined ? high : low), update.fractionLength)} at most`,
      expected: `one that changes ${formatName(parameter)} ${parameter.rounding}`,
      try: finerPath(examined, path, (next) => (high === 0n || moves(next, rateIn(next), high)) && (low === 0n || moves(next, rateIn(next), low))) ?? 'a larger learning rate',
    });
    return;
  }
  const widest = [up ?? 0n, down ?? 0n].reduce((a, b) => (a > b ? a : b));
  // A rate of one half loses one bit in any format.
  if (widest <= 2n) return;
  const most = high > -low ? high : -low;
  const small = (limit: bigint): boolean => limit * limit <= most;
  const zone = up === undefined || down === undefined || up === down ? `gradients below ${real(widest, f)}` : `positive gradients below ${real(up, f)} and negative ones above ${real(-down, f)}`;
  const both = (next: Path): bigint => ([1n, -1n] as const).map((sign) => threshold(next, rateIn(next), sign) ?? most).reduce((a, b) => (a > b ? a : b));
  report({
    code: 'dead-zone', severity: small(widest) ? 'note' : 'warning', where: key,
    message: `${zone} change nothing at ${eta}`,
    found: `${widest} last places of ${formatName(gradient)}, whose largest is ${real(most, f)}`,
    expected: small(widest) ? `at most two last places, ${real(2n, f)}` : `less than half of the gradient's bits, ${real(squareRoot(most), f)}`,
    try: (small(widest) ? undefined : finerPath(examined, path, (next) => small(both(next))))
      ?? finerPath(examined, path, (next) => 2n * both(next) <= widest + 1n) ?? 'a larger learning rate',
  });
}

function reportFineness({ profile }: Examined, { key, update, parameter }: Path, report: Report): void {
  const bits = update.fractionLength - parameter.fractionLength;
  if (bits === 0) return;
  const updateKey = siteKey('update', layerOf(key));
  const name = siteName(key);
  const common = { severity: 'note', where: updateKey, found: `${formatName(update)} into ${formatName(parameter)}` } as const;
  const places = counted(Math.abs(bits), 'bit');
  const same = finer(key, parameter, ({ fractionLength }) => fractionLength === update.fractionLength);
  if (bits > 0) {
    report({
      ...common, code: 'update-finer', message: `the last ${places} of an update are rounded away at ${name}, and small updates with them`,
      expected: `the ${update.fractionLength} fraction bits of the update in ${name}, or ${parameter.rounding === 'STOCHASTIC' ? 'as it is, STOCHASTIC' : 'STOCHASTIC'}`,
      try: same && growsWith(parameter, same) ? options(profile, key, parameter, same) : option(profile, key, 'rounding', 'STOCHASTIC'),
    });
  } else {
    const match = finer(updateKey, update, ({ fractionLength }) => fractionLength === parameter.fractionLength);
    report({
      ...common, code: 'update-coarser', message: `updates move ${name} by multiples of ${2n ** BigInt(-bits)} last places: its last ${places} never learn`,
      expected: `the ${parameter.fractionLength} fraction bits of ${name} in the update`, try: match ? options(profile, updateKey, update, match) : `fraction lengths of update and ${name} that are closer together`,
    });
  }
}

/** The smallest α of the law. */
function floorOf({ throttle, sites }: Plan): Alpha | undefined {
  if (throttle.floor) return { raw: BigInt(throttle.floor.raw), fractionLength: sites['throttle']!.fractionLength };
  return throttle.law === 'table' ? { raw: BigInt(THROTTLE_TABLE.at(-1)!), fractionLength: THROTTLE_TABLE_FRACTION_LENGTH } : undefined;
}

function reportFloor(examined: Examined, report: Report): void {
  const { plan } = examined;
  const floor = floorOf(plan);
  const throttled = learningPhases(plan).filter((phase) => plan.phases[phase]!.throttle && !isGated(plan, phase));
  if (!floor || throttled.length === 0) return;
  const paths = allPaths(plan);
  const phase = throttled.reduce((least, next) => (fullRate(plan, next) < fullRate(plan, least) ? next : least));
  const moving = (alpha: Alpha): boolean => {
    const rate = rateOf(plan.sites['rate']!, learningRate(plan, phase), alpha);
    return paths.some((path) => canMove(path, rate));
  };
  if (moving(floor) || !moving(ONE)) return;
  const { fractionLength } = plan.sites['throttle']!;
  let [still, from] = [0n, 1n << BigInt(fractionLength)];
  while (from - still > 1n) {
    const middle = (still + from) / 2n;
    if (moving({ raw: middle, fractionLength })) from = middle;
    else still = middle;
  }
  const eta = `η = ${plan.phases[phase]!.learningRate.value} of phases[${phase}]`;
  report({
    code: 'throttle-floor', severity: 'note', where: 'throttle',
    message: `below α = ${real(from, fractionLength)} not even the largest gradient moves a parameter at ${eta}`,
    found: `α down to ${real(floor.raw, floor.fractionLength)}`, expected: `at least ${real(from, fractionLength)}`,
    try: plan.throttle.floor ? `--set throttle.floor=${from}/${1n << BigInt(fractionLength)}` : finerFloor(examined, paths, phase, floor),
  });
}

function finerFloor(examined: Examined, paths: readonly Path[], phase: number, floor: Alpha): string {
  const { plan } = examined;
  const fits = (path: Path): boolean => canMove(path, rateOf(path.rate, learningRate(plan, phase), floor));
  for (const path of paths) {
    const found = finerPath(examined, path, fits);
    if (found !== undefined) return found;
  }
  return 'a larger learning rate';
}

/**
 * What a rounding adds on average, in last places, when `shift` bits are discarded and every pattern of them, both signs and both parities are as likely:
 * a fraction over 2^(shift + 2).
 */
export function meanError(rounding: Rounding, shift: number): { readonly numerator: bigint; readonly denominator: bigint } {
  const { up } = ROUNDING[rounding] as RoundingMode;
  const denominator = 1n << BigInt(shift + 2);
  // Random modes go up as often as their discarded part says on average.
  if (!up) return { numerator: 0n, denominator };
  const between = shift === 0 ? 0n : (1n << BigInt(shift - 1)) - 1n;
  const patterns: [Discarded, bigint][] = [[0, 1n], [1, between], [2, shift === 0 ? 0n : 1n], [3, between]];
  let ups = 0n;
  for (const odd of [false, true]) {
    for (const negative of [false, true]) {
      for (const [discarded, many] of patterns) if (up(discarded, odd, negative)) ups += many;
    }
  }
  // The discarded part itself is (2^s − 1)/2^(s + 1) on average.
  return { numerator: ups - 2n * ((1n << BigInt(shift)) - 1n), denominator };
}

function reportBias({ plan, profile }: Examined, phase: number, report: Report): void {
  const alignment = alignPlan(plan);
  const rate = plan.sites['rate']!;
  const rateRaw = fullRate(plan, phase);
  for (const name of ['update', 'weight', 'bias'] satisfies SiteName[]) {
    plan.layers.forEach((_, layer) => {
      const key = siteKey(name, layer);
      const format: SiteFormat = plan.sites[key]!;
      // The update behind a gate is a quotient.
      if (!inUse(plan, key) || (name === 'update' && isGated(plan, phase))) return;
      const { numerator, denominator } = meanError(format.rounding, alignment.sites[key]!.shift);
      // A quarter of a last place: half of what truncation does.
      if (4n * (numerator < 0n ? -numerator : numerator) < denominator) return;
      const places = Number(numerator) / Number(denominator);
      const drift = (name === 'update' ? -places : places) * 2 ** -format.fractionLength;
      const gradient = rateRaw === 0n ? '' : `, as a gradient of ${Number((-drift / (Number(rateRaw) * 2 ** -rate.fractionLength)).toPrecision(2))} would`;
      report({
        code: 'biased-rounding', severity: 'note', where: key,
        message: `${format.rounding} moves every ${name === 'update' ? 'parameter' : name} by ${Number(drift.toPrecision(2))} a step on average${gradient}`,
        found: `${Number(places.toPrecision(2))} last places of ${formatName(format)} where the dropped bits are evenly spread`, expected: 'less than a quarter of a last place',
        try: option(profile, key, 'rounding', 'RND_CONV'),
      });
    });
  }
}
