/** Everything that can be said of a format. */
import { integerType, typeName } from '../export/cInteger.js';
import type { FormatExplanation } from '../schema/format.js';
import { rawText } from './decimal.js';
import { NOTATION_NAMES, type NotationName, type TextFormat } from './notations.js';
import { endRails } from './quantise.js';
import { printFormat, readFormat, type FormatTextOptions } from './text.js';

/** Roundings that never carry into the next higher code of a positive value: there the families agree on WRAP_SM. */
const NEVER_CARRIES: readonly unknown[] = ['TRN', 'TRN_ZERO'];

/**
 * Explains a format: range, resolution, dynamic range, C type, and how every other notation writes it.
 *
 * @throws QrailsError as `parseFormat`
 * @example explainFormat('arm:Q1.15').range // ['-1', '0.999969482421875']
 */
export function explainFormat(text: string, options: FormatTextOptions = {}): FormatExplanation {
  const { notation, format } = readFormat(text, options);
  const rails = endRails({ ...format, overflow: format.overflow ?? 'SAT' });
  const [low, high] = [BigInt(rails[0]), BigInt(rails[1])];
  const largest = -low > high ? -low : high;
  return {
    format: 1, text, notation, ...format,
    range: [rawText(low, format.fractionLength), rawText(high, format.fractionLength)],
    rawRange: rails,
    resolution: rawText(1n, format.fractionLength),
    codes: String(high - low + 1n),
    dynamicRangeDb: largest === 0n ? null : 20 * Math.log10(Number(largest)),
    cType: typeName(integerType(format)),
    notations: Object.fromEntries(NOTATION_NAMES.map((name) => [name, printFormat(format, name) ?? null])) as Record<NotationName, string | null>,
    notes: notes(format),
  };
}

function notes({ overflow, rounding, saturatedBits }: TextFormat): string[] {
  if (overflow !== 'WRAP_SM' || saturatedBits !== undefined || NEVER_CARRIES.includes(rounding)) return [];
  return ['WRAP_SM takes its sign from the deleted bit after rounding, as SystemC does; ap_fixed takes it before the carry of a rounding and differs there'];
}
