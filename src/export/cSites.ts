/** The formats of a plan's sites as macros. */
import { QrailsError } from '../errors.js';
import { apName, formatName, type Format } from '../format/format.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey, siteKeys, type SiteName } from '../site/sites.js';
import { integerType, macroInteger } from './cInteger.js';
import type { Macro, MacroGroup } from './cMacro.js';
import { rawsAt } from './cTable.js';
import { macroWord } from './cText.js';

/** The format of a site the export cannot do without. */
export function formatAt(plan: Plan, site: SiteName, layer = 0): SiteFormat {
  const key = siteKey(site, layer);
  const format = plan.sites[key];
  if (!format) throw new QrailsError({ code: 'invalid', where: 'sites', message: `the plan has no format for ${key}` });
  return format;
}

/** One group for every site of the plan, in the order of a step. */
export function siteGroups(plan: Plan, prefix: string): MacroGroup[] {
  return siteKeys(plan.layers.length).flatMap((key) => {
    const format = plan.sites[key];
    return format ? [{ comment: `${key}: ${formatName(format)}, ${apName(format)}`, macros: siteMacros(key, format, prefix) }] : [];
  });
}

function siteMacros(key: string, format: SiteFormat, prefix: string): Macro[] {
  const { rounding, overflow, saturatedBits = 0 } = format;
  const word = macroWord(key);
  const type = integerType(format);
  const [low, high] = format.rails.map((rail, index) => rawsAt([rail], format, `sites.${key}.rails[${index}]`)[0]!) as [bigint, bigint];
  return [
    ...formatMacros(word, format),
    { name: `${word}_RAIL_LOW`, value: macroInteger(low, type) },
    { name: `${word}_RAIL_HIGH`, value: macroInteger(high, type) },
    { name: `${word}_ROUNDING`, value: `${prefix}_ROUNDING_${rounding}` },
    { name: `${word}_OVERFLOW`, value: `${prefix}_OVERFLOW_${overflow}` },
    { name: `${word}_SATURATED_BITS`, value: String(saturatedBits) },
  ];
}

/** What it takes to turn a raw of a format into its value. */
export function formatMacros(word: string, { signed, wordLength, fractionLength }: Format): Macro[] {
  const scale = scaleOf({ signed, fractionLength });
  return [
    { name: `${word}_WORD_BITS`, value: String(wordLength) },
    { name: `${word}_FRAC_BITS`, value: fractionLength < 0 ? `(${fractionLength})` : String(fractionLength) },
    { name: `${word}_SIGNED`, value: signed ? '1' : '0' },
    ...(scale === undefined ? [] : [{ name: `${word}_SCALE`, value: scale }]),
    { name: `${word}_LSB`, value: realLiteral(2 ** -fractionLength) },
  ];
}

/**
 * 2^F as a literal, where it is an integer of at most 64 bits with the sign of the format (raw / SCALE must not turn a signed raw unsigned); else
 * undefined. `minus` is taken off.
 */
export function scaleOf({ signed, fractionLength }: Pick<Format, 'signed' | 'fractionLength'>, minus = 0n): string | undefined {
  const wordLength = fractionLength + (signed ? 2 : 1);
  return fractionLength < 0 || wordLength > 64 ? undefined : macroInteger((1n << BigInt(fractionLength)) - minus, integerType({ signed, wordLength }));
}

/** A double as a C constant of that very value. */
function realLiteral(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
