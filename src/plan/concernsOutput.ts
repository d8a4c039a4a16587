/** Last layers whose sigmoid never gets to its ends, or whose sign is no 1. */
import { SIGMOID } from '../control/registry.js';
import { formatName } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import { parseReal, scaled } from '../format/real.js';
import type { SiteFormat } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { abs, finer, options, real, spanOf, wider, type Examined, type Report } from './concernsExact.js';

export function examineOutput(examined: Examined, report: Report): void {
  const { plan } = examined;
  if (plan.sigmoid) reportSigmoid(examined, plan.sigmoid, report);
  if (plan.errorOne) reportSign(examined, report);
}

/** z of the first and the last entry of the table, in its own steps from its middle. */
const STEPS = SIGMOID.entries / (2 * SIGMOID.limit);
const LAST = SIGMOID.entries / 2 - 1;

/** z is rounded where σ(z) is: what it is clipped to there bounds what comes out. */
function reportSigmoid({ plan, profile }: Examined, table: readonly string[], report: Report): void {
  const key = siteKey('activation', plan.layers.length - 1);
  const format = plan.sites[key]!;
  /** Whether both ends of the table are reached, and hold σ there. */
  const reaches = (candidate: SiteFormat): boolean => {
    const [low, high] = spanOf(candidate);
    const { numerator, denominator } = scaled(1n, candidate.fractionLength);
    const steps = (raw: bigint): bigint => raw * numerator * BigInt(STEPS);
    return steps(high) >= BigInt(LAST) * denominator && steps(low) < -BigInt(LAST) * denominator && quantise({ numerator: 1n, denominator: 1n }, candidate).overflow === 0;
  };
  if (reaches(format)) return;
  const [low, high] = spanOf(format);
  const f = format.fractionLength;
  const entry = (raw: bigint): bigint => {
    const { numerator, denominator } = scaled(raw, f);
    const index = (numerator * BigInt(STEPS)) / denominator - (numerator < 0n && (numerator * BigInt(STEPS)) % denominator !== 0n ? 1n : 0n) + BigInt(LAST + 1);
    return BigInt(table[index < 0n ? 0 : index > BigInt(2 * LAST + 1) ? 2 * LAST + 1 : Number(index)]!);
  };
  const repaired = wider(key, format.signed ? format : { ...format, signed: true }, reaches);
  report({
    code: 'sigmoid-range', severity: 'warning', where: key, message: `what the sigmoid is taken of is clipped to ${real(low, f)} to ${real(high, f)}: outputs stay between ${real(entry(low), f)} and ${real(entry(high), f)}`,
    found: formatName(format), expected: `−${SIGMOID.limit} to ${SIGMOID.limit}: the whole table`, try: repaired ? options(profile, key, format, repaired) : 'a linear output',
  });
}

/** 1 as an error is what gradients are taken from: off by more than 1/16 it is another learning rate, 0 none at all. */
function reportSign({ plan, profile }: Examined, report: Report): void {
  const key = siteKey('error', plan.layers.length - 1);
  const format = plan.sites[key]!;
  const off = (candidate: SiteFormat): boolean => {
    const { numerator, denominator } = scaled(quantise(parseReal(1), candidate).raw, candidate.fractionLength);
    return 16n * abs(numerator - denominator) > denominator || spanOf(candidate)[0] > -1n;
  };
  if (!off(format)) return;
  const repaired = wider(key, format.signed ? format : { ...format, signed: true }, (candidate) => !off(candidate)) ?? finer(key, format, (candidate) => !off(candidate));
  report({
    code: 'sign-range', severity: 'warning', where: key, message: `the sign of an error is ±${real(BigInt(plan.errorOne!.raw), format.fractionLength)} there, not ±1`,
    found: formatName(format), expected: 'a format that holds 1 and −1', try: repaired ? options(profile, key, format, repaired) : 'errorRule difference',
  });
}
