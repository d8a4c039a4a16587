/** Quantises one value after another as `qrails quantize` does: formats as text, modes by any of their names, results as text. */
import { QrailsError } from '../errors.js';
import type { SiteFormat } from '../schema/plan.js';
import type { QuantizeCase, QuantizeResult } from '../schema/quantize.js';
import { resolveOverflow, resolveRounding } from './aliases.js';
import { DEFAULT_MODES, overflowProblem } from './check.js';
import { rawText, realText } from './decimal.js';
import { ROUNDING, type RoundingMode } from './modes.js';
import { quantise, siteFormat } from './quantise.js';
import { randomWords, siteStream } from './random.js';
import { parseReal, type Rational } from './real.js';
import { parseFormat, type FormatTextOptions } from './text.js';

/** Key of the site values are quantised at: what their random bits depend on, besides seed and element, in step 0. */
export const QUANTIZE_SITE = 'quantize';

export interface QuantizeOptions extends FormatTextOptions {
  readonly format: string;
  readonly rounding?: string | undefined;
  readonly overflow?: string | undefined;
  readonly saturatedBits?: number | undefined;
}

/**
 * A format with its modes: those stated here, else those of the format's text, else RND and SAT.
 *
 * @throws QrailsError `format` or `invalid`, with the option named
 */
export function quantizeFormat({ format: text, rounding, overflow, saturatedBits, q }: QuantizeOptions): SiteFormat {
  const stated = parseFormat(text, { q });
  return checked({
    ...stated,
    rounding: rounding === undefined ? (stated.rounding ?? DEFAULT_MODES.rounding) : resolveRounding(rounding, '--rounding'),
    overflow: overflow === undefined ? (stated.overflow ?? DEFAULT_MODES.overflow) : resolveOverflow(overflow, '--overflow'),
    // n belongs to the mode it was stated with.
    saturatedBits: saturatedBits ?? (overflow === undefined ? (stated.saturatedBits ?? 0) : 0),
  }, (key) => (key === 'overflow' ? '--overflow' : '--saturated-bits'));
}

/** The format of a line of `--cases`. */
export function caseFormat({ wordLength, fractionLength, signed = true, rounding, overflow, saturatedBits = 0 }: QuantizeCase, where: string): SiteFormat {
  return checked(
    { signed, wordLength, fractionLength, rounding: resolveRounding(rounding, `${where}: rounding`), overflow: resolveOverflow(overflow, `${where}: overflow`), saturatedBits },
    (key) => `${where}: ${key}`,
  );
}

function checked({ saturatedBits = 0, ...format }: Omit<SiteFormat, 'rails'>, where: (key: 'overflow' | 'saturatedBits') => string): SiteFormat {
  const problem = overflowProblem(format, format.overflow, saturatedBits);
  if (problem) {
    const { key, ...parts } = problem;
    throw new QrailsError({ code: 'format', where: where(key), ...parts });
  }
  return siteFormat({ ...format, ...(saturatedBits > 0 && { saturatedBits }) });
}

/** `parseReal` that says where a number that is none was found. */
export function realAt(text: string, where: string): Rational {
  try {
    return parseReal(text);
  } catch (error) {
    throw error instanceof QrailsError ? new QrailsError({ ...error.parts, where }) : error;
  }
}

const stream = siteStream(QUANTIZE_SITE);

/**
 * Quantises one exact value.
 *
 * @param seed of the stochastic modes
 * @param element place of the value among all, from 0: the draws of a stochastic mode depend on it
 * @param longest characters of the longest error that is written out exactly
 */
export function quantizeOne(exact: Rational, format: SiteFormat, seed: number, element: number, longest = 400): QuantizeResult {
  const random = (ROUNDING[format.rounding] as RoundingMode).random === undefined ? undefined : randomWords(seed, 0, stream, element);
  const { raw, overflow, underflow } = quantise(exact, format, random);
  const { fractionLength: f } = format;
  const { numerator: n, denominator: d } = exact;
  // raw·2^−f − n/d
  const error = f >= 0
    ? { numerator: raw * d - (n << BigInt(f)), denominator: d << BigInt(f) }
    : { numerator: (raw << BigInt(-f)) * d - n, denominator: d };
  return {
    raw: String(raw), value: rawText(raw, f), error: realText(error, longest), overflow: overflow > 0 ? 'high' : overflow < 0 ? 'low' : null, underflow,
  };
}
