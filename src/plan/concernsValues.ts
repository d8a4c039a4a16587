/** Data, initial weights and constants that their formats do not hold, or hold badly; batch means; signals that wrap. */
import { formatName } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import { fromDouble, parseReal, toDouble, type Rational, scaled } from '../format/real.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey, siteName, SITES, type SiteName } from '../site/sites.js';
import { abs, controllerConstants, counted, finer, inUse, layerOf, option, options, products, real, rounded, spanOf, wider, within, type Examined, type Report, type Span } from './concernsExact.js';
import { trainedSizes } from './trainedSizes.js';
import { fullRate, learningPhases } from './concernsMoves.js';

/** Relative error of a constant from which it is reported, and of a batch mean from which it is a warning: 1/16. */
const INEXACT = 16n;
/** Relative error of a batch mean from which it is reported: no reciprocal but that of a power of two is exact. */
const INEXACT_MEAN = 1024n;

export function examineValues(examined: Examined, report: Report): void {
  reportInitialZeros(examined, report);
  reportRanges(examined, report);
  reportCoefficients(examined, report);
  reportBatches(examined, report);
  reportWraps(examined, report);
}

function reportInitialZeros({ plan, profile }: Examined, report: Report): void {
  plan.initial.forEach(({ weights, weightsRaw, bias, biasRaw }, layer) => {
    for (const [name, values, raws] of [['weight', weights.flat(), weightsRaw.flat()], ['bias', bias, biasRaw]] as const) {
      const nonzero = values.filter((value) => value !== 0).length;
      const lost = values.filter((value, index) => value !== 0 && raws[index] === '0');
      if (lost.length === 0) continue;
      const key = siteKey(name, layer);
      const format = plan.sites[key]!;
      const enough = finer(key, format, (candidate) => lost.every((value) => rounded(fromDouble(value), candidate) !== 0n));
      report({
        code: 'initial-zero', severity: lost.length === nonzero ? 'warning' : 'note', where: key,
        message: `${lost.length} of ${counted(nonzero, `initial ${name}`)} ${lost.length === 1 ? 'rounds' : 'round'} to zero`,
        found: `up to ${Math.max(...lost.map(Math.abs))}`, expected: `a last place below it; it is ${real(1n, format.fractionLength)} (${formatName(format)})`,
        try: enough ? options(profile, key, format, enough) : 'larger initial values',
      });
    }
  });
}

function reportRanges({ plan, profile, ranges }: Examined, report: Report): void {
  if (!ranges) return;
  for (const [name, range] of [['input', ranges.inputs], ['target', ranges.targets]] as const) {
    const format = plan.sites[name]!;
    const fits = (candidate: SiteFormat): boolean => range.every((value) => within(rounded(fromDouble(value), candidate), spanOf(candidate)));
    if (fits(format)) continue;
    const [low, high] = spanOf(format);
    const repaired = wider(name, range[0] < 0 && !format.signed ? { ...format, signed: true } : format, fits);
    report({
      code: `${name}-range`, severity: 'warning', where: name, message: `the data's ${name}s do not fit`,
      found: `${Number(range[0].toPrecision(4))} to ${Number(range[1].toPrecision(4))}${name === 'input' ? ', before the sensor' : ''}`,
      expected: `within ${real(low, format.fractionLength)} to ${real(high, format.fractionLength)} (${formatName(format)})`,
      try: repaired ? options(profile, name, format, repaired) : 'data scaled down',
    });
  }
}

/** Whether a raw lies further than 1/16 from an exact value that is not zero. */
function inexact(raw: bigint, fractionLength: number, { numerator, denominator }: Rational): boolean {
  const of = scaled(raw, fractionLength);
  return numerator !== 0n && INEXACT * abs(of.numerator * denominator - numerator * of.denominator) > abs(numerator) * of.denominator;
}

function reportCoefficients({ plan, profile }: Examined, report: Report): void {
  const { phases } = plan;
  const found = (where: string, site: SiteName, raw: bigint, exact: Rational, value: number | string): void => {
    const format = plan.sites[site]!;
    if (!inexact(raw, format.fractionLength, exact)) return;
    const repaired = finer(site, format, (candidate) => !inexact(quantise(exact, candidate).raw, candidate.fractionLength, exact));
    report({
      code: 'coefficient-inexact', severity: 'note', where: site === where ? site : `${where} (${site})`, message: `is ${real(raw, format.fractionLength)} in its format`,
      found: `raw ${raw} of ${formatName(format)}`, expected: `within 1/${INEXACT} of ${value}`, try: repaired ? options(profile, site, format, repaired) : 'another value',
    });
  };
  phases.forEach(({ learningRate: { value, raw } }, index) => { found(`phases[${index}].learningRate`, 'learningRate', BigInt(raw), parseReal(value), value); });
  for (const index of learningPhases(plan)) {
    const eta = BigInt(phases[index]!.learningRate.raw);
    const f = plan.sites['learningRate']!.fractionLength;
    found('rate', 'rate', fullRate(plan, index), scaled(eta, f), `the learning rate of phases[${index}], ${real(eta, f)}`);
  }
  for (const { where, site, constant } of controllerConstants(plan)) found(where, site, BigInt(constant.raw), parseReal(constant.value), constant.value);
}

/** Every size of batch a plan trains on, with whether it is that of a phase or what is left of a pass. */
export function batchSizes(plan: Plan): { readonly size: number; readonly where: string; readonly partial: boolean }[] {
  return trainedSizes(plan).map((size) => {
    const phase = plan.phases.findIndex(({ batch }) => batch === size);
    return { size, where: `phases[${Math.max(0, phase)}].batch`, partial: phase < 0 };
  });
}

function reportBatches({ plan, profile }: Examined, report: Report): void {
  const { batchDivision } = plan;
  if (batchDivision === 'exact') return;
  const reciprocal = plan.sites['reciprocal']!;
  for (const { size, where, partial } of batchSizes(plan)) {
    const power = Math.ceil(Math.log2(size));
    if (2 ** power === size) continue;
    // The mean as taken over what it should be: B/2^⌈log2 B⌉, or B·c.
    const factorOf = (format: SiteFormat): Rational => scaled(quantise({ numerator: 1n, denominator: BigInt(size) }, format).raw * BigInt(size), format.fractionLength);
    const factor = batchDivision === 'powerOfTwo' ? { numerator: BigInt(size), denominator: BigInt(2 ** power) } : factorOf(reciprocal);
    const off = (limit: bigint, { numerator, denominator }: Rational): boolean => limit * abs(numerator - denominator) > denominator;
    if (!off(INEXACT_MEAN, factor)) continue;
    const better = finer('reciprocal', reciprocal, (candidate) => !off(INEXACT_MEAN, factorOf(candidate)));
    const down = 2 ** (power - 1);
    report({
      code: 'batch-mean', severity: off(INEXACT, factor) && !partial ? 'warning' : 'note', where,
      message: `the mean over ${partial ? `the ${size} samples left at the end of a pass` : `${size} samples`} is ${Number(toDouble(factor).toPrecision(4))} times what it should be`,
      found: batchDivision === 'powerOfTwo' ? `a division by ${2 ** power}` : `1/${size} as ${real(quantise({ numerator: 1n, denominator: BigInt(size) }, reciprocal).raw, reciprocal.fractionLength)} (${formatName(reciprocal)})`,
      expected: batchDivision === 'powerOfTwo' ? 'a power of two' : `1/${size}`,
      try: batchDivision === 'reciprocal' && better ? options(profile, 'reciprocal', reciprocal, better)
        : partial ? '--set experiment.lastBatch=drop'
        : `--set experiment.${where}=${down}`,
    });
  }
}

/** The exact values that reach a site, as a span at a fraction length, where formats alone bound them. */
function reaching(plan: Plan, name: SiteName, layer: number): { span: Span; fractionLength: number } | undefined {
  const of = (site: SiteName, at = layer): SiteFormat => plan.sites[siteKey(site, at)]!;
  if (name === 'activation') return { span: spanOf(of('accumulator')), fractionLength: of('accumulator').fractionLength };
  // B = 1 is the largest mean.
  if (name === 'gradient') return { span: spanOf(of('gradientAccumulator')), fractionLength: of('gradientAccumulator').fractionLength };
  if (name === 'error' && layer === plan.layers.length - 1) {
    const [output, target] = [of('activation'), of('target')];
    const f = Math.max(output.fractionLength, target.fractionLength);
    const at = (format: SiteFormat, end: 0 | 1): bigint => spanOf(format)[end] << BigInt(f - format.fractionLength);
    return { span: [at(output, 0) - at(target, 1), at(output, 1) - at(target, 0)], fractionLength: f };
  }
  if (name === 'update') {
    const rate = learningPhases(plan).map((phase) => fullRate(plan, phase)).reduce((a, b) => (a > b ? a : b), 0n);
    return { span: products([0n, rate], spanOf(of('gradient'))), fractionLength: of('rate').fractionLength + of('gradient').fractionLength };
  }
  return undefined;
}

function reportWraps({ plan, profile, ranges }: Examined, report: Report): void {
  for (const [key, format] of Object.entries(plan.sites)) {
    const name = siteName(key);
    const { overflow, saturatedBits = 0 } = format;
    // With saturated bits the sign stays. α and the rate are bounded by 1 and by the learning rate.
    if ((overflow !== 'WRAP' && overflow !== 'WRAP_SM') || saturatedBits > 0 || SITES[name].kind !== 'signal' || name === 'throttle' || name === 'rate' || !inUse(plan, key)) continue;
    if (name === 'target' && ranges?.targets.every((value) => within(rounded(fromDouble(value), format), spanOf(format)))) continue;
    const reached = reaching(plan, name, layerOf(key));
    if (reached?.span.every((raw) => within(rounded(scaled(raw, reached.fractionLength), format), spanOf(format)))) continue;
    const [low, high] = spanOf(format);
    report({
      code: 'signal-wraps', severity: 'warning', where: key, message: 'wraps: a value past one end comes out at the other, and what is learned from it has the wrong sign',
      found: `${overflow} at ${real(low, format.fractionLength)} to ${real(high, format.fractionLength)}`, expected: 'SAT, or values that cannot leave the format',
      try: option(profile, key, 'overflow', 'SAT'),
    });
  }
}
