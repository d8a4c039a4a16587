/** From what is asked of a moving mean to its constants, formats and alignments. docs/ema.md. */
import { QrailsError } from '../errors.js';
import { DEFAULT_MODES } from '../format/check.js';
import { realText } from '../format/decimal.js';
import { formatName, rawRange, type Format } from '../format/format.js';
import { quantise, siteFormat } from '../format/quantise.js';
import type { Rational } from '../format/real.js';
import { realAt } from '../format/run.js';
import type { SiteFormat } from '../schema/plan.js';
import { EMA_FORMS, type EmaForm } from './forms.js';

/** Bits of an exact value (docs/numerics.md §10). */
const WIDE_BITS = 127;
/** Word lengths of signal, mean and part: a raw and its negative fit a register of 64 bits. */
export const EMA_WORD_LENGTH = { minimum: 2, maximum: 63 } as const;
/** Word lengths of constants. */
const COEFFICIENT_WORD_LENGTH = { minimum: 2, maximum: 32 } as const;
/** k of ρ = 2^−k. */
export const EMA_SHIFT = { minimum: 1, maximum: 62 } as const;
/** Format of ρ and β where none is stated: every bit a fraction bit. */
const DEFAULT_COEFFICIENT: Format = { signed: false, wordLength: 16, fractionLength: 16 };

export interface EmaOptions {
  readonly form: EmaForm;
  /** ρ = 1 − β, 0 < ρ < 1, exact: 0.01, '1/64'. This or `shift`. */
  readonly rho?: number | string | undefined;
  /** k of ρ = 2^−k, 1 … 62. */
  readonly shift?: number | undefined;
  /** Format, modes and rails of S. Word length 2 … 63. */
  readonly mean: SiteFormat;
  /** Format of x; default that of S. */
  readonly signal?: Format | undefined;
  /** Format of ρ and β in `one` and `two`; default ufix16_En16. ρ is rounded to nearest; β is what is left to one. */
  readonly coefficient?: Format | undefined;
  /** Format and modes of both products, or of the shifted difference; its fraction length is at least that of S. Default: the fraction length and rounding of S, wide enough for everything. */
  readonly part?: SiteFormat | undefined;
}

/** Left shifts that align the terms of an exact value, and the right shift of its rounding. */
export interface EmaAlignment {
  readonly left: readonly number[];
  readonly shift: number;
}

/** A moving mean that can be built. */
export interface EmaDesign {
  readonly form: EmaForm;
  /** What was asked for. */
  readonly asked: Rational;
  /** ρ as used: rhoRaw·2^−fraction; β is betaRaw·2^−fraction, and both together are exactly one. For `shift`, rhoRaw is 1 and `fraction` is k. */
  readonly rhoRaw: bigint;
  readonly betaRaw: bigint;
  readonly fraction: number;
  /** Format of ρ and β; none in `shift`. */
  readonly coefficient?: Format;
  readonly signal: Format;
  readonly mean: SiteFormat;
  readonly part?: SiteFormat;
  readonly alignment: { readonly mean: EmaAlignment; readonly part?: EmaAlignment };
}

/** Fraction bits that ρ and β really have: trailing zeros of their raws discard nothing. */
export const constantBits = ({ rhoRaw, fraction }: EmaDesign): number => fraction - ((rhoRaw & -rhoRaw).toString(2).length - 1);

/**
 * Checks and quantises what a moving mean needs.
 *
 * @throws QrailsError `usage` without ρ or with two; `format` where a constant does not fit or becomes zero; `unsupported` where a format is none of
 * this component's or an exact value could need more than 127 bits
 * @example designEma({ form: 'one', rho: '0.01', mean: siteFormat({ signed: true, wordLength: 16, fractionLength: 15, rounding: 'RND', overflow: 'SAT' }) }).rhoRaw // 655n
 */
export function designEma(options: EmaOptions): EmaDesign {
  const { form, mean } = options;
  const signal = options.signal ?? mean;
  const asked = askedRho(options);
  checkWord('mean', mean);
  checkWord('signal', signal);
  const constants = form === 'shift' ? shiftOf(asked) : coefficients(asked, options.coefficient ?? DEFAULT_COEFFICIENT);
  const { rhoRaw, betaRaw, fraction } = constants;
  const part = form === 'one' ? undefined : (options.part ?? defaultPart(form, mean, signal));
  if (part) {
    checkWord(EMA_FORMS[form].part!, part);
    if (part.fractionLength < mean.fractionLength) {
      throw new QrailsError({
        code: 'unsupported', where: EMA_FORMS[form].part!, message: 'coarser than the mean it moves', found: formatName(part), expected: `a fraction length of at least ${mean.fractionLength}`,
      });
    }
  }
  const x: Term = [signal.fractionLength, magnitude(signal)];
  const s: Term = [mean.fractionLength, magnitude(mean)];
  const times = ([f, size]: Term, raw: bigint): Term => [f + fraction, size * raw];
  const p: Term = part ? [part.fractionLength, magnitude(part)] : x;
  const alignments: Record<EmaForm, () => EmaDesign['alignment']> = {
    one: () => ({ mean: align('mean', mean, [s, times(x, rhoRaw), times(s, rhoRaw)]) }),
    two: () => ({ mean: align('mean', mean, [p, p]), part: align('product', part!, [times(s, betaRaw), times(x, rhoRaw)]) }),
    shift: () => ({ mean: align('mean', mean, [s, p]), part: align('step', part!, [times(x, 1n), times(s, 1n)]) }),
  };
  return { form, asked, ...constants, signal, mean, ...(part && { part }), alignment: alignments[form]() };
}

function askedRho({ rho, shift }: EmaOptions): Rational {
  if ((rho === undefined) === (shift === undefined)) {
    throw new QrailsError({ code: 'usage', where: 'ρ', message: rho === undefined ? 'is missing' : 'is stated twice', expected: 'ρ itself, or k of ρ = 2^−k', try: '--rho 0.01 or --shift 6' });
  }
  if (shift !== undefined) {
    if (!Number.isInteger(shift) || shift < EMA_SHIFT.minimum || shift > EMA_SHIFT.maximum) {
      throw new QrailsError({ code: 'invalid', where: 'shift', message: 'not a number of places', found: String(shift), expected: `an integer from ${EMA_SHIFT.minimum} to ${EMA_SHIFT.maximum}` });
    }
    return { numerator: 1n, denominator: 1n << BigInt(shift) };
  }
  const value = realAt(String(rho), 'ρ');
  if (value.numerator <= 0n || value.numerator >= value.denominator) {
    throw new QrailsError({ code: 'invalid', where: 'ρ', message: 'is no share', found: realText(value, 40), expected: 'more than 0 and less than 1' });
  }
  return value;
}

/** ρ = 2^−k exactly, or refused. */
function shiftOf(asked: Rational): Pick<EmaDesign, 'rhoRaw' | 'betaRaw' | 'fraction'> {
  for (let k: number = EMA_SHIFT.minimum; k <= EMA_SHIFT.maximum; k++) {
    if (asked.numerator << BigInt(k) === asked.denominator) return { rhoRaw: 1n, betaRaw: (1n << BigInt(k)) - 1n, fraction: k };
  }
  throw new QrailsError({
    code: 'invalid', where: 'ρ', message: 'is no shift', found: realText(asked, 40), expected: `2^−k, k from ${EMA_SHIFT.minimum} to ${EMA_SHIFT.maximum}`, try: '--shift 6, or --form one',
  });
}

/** ρ to nearest at its format, and β as what is left to exactly one: two roundings would leak. */
function coefficients(asked: Rational, coefficient: Format): Pick<EmaDesign, 'rhoRaw' | 'betaRaw' | 'fraction'> & { coefficient: Format } {
  const { wordLength, fractionLength: fraction } = coefficient;
  const { minimum, maximum } = COEFFICIENT_WORD_LENGTH;
  const refuse = (message: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'format', where: 'coefficient', message, found, expected });
  };
  if (wordLength < minimum || wordLength > maximum) refuse('a word length constants do not have', formatName(coefficient), `${minimum} to ${maximum} bits`);
  const { raw: rhoRaw, overflow } = quantise(asked, siteFormat({ ...coefficient, ...DEFAULT_MODES }));
  const betaRaw = fraction > 0 ? (1n << BigInt(fraction)) - rhoRaw : 0n;
  const [, high] = rawRange(coefficient);
  if (rhoRaw <= 0n || betaRaw <= 0n || betaRaw > high || overflow !== 0) {
    refuse(`cannot hold ρ = ${realText(asked, 40)} and 1 − ρ`, formatName(coefficient), 'both more than zero, and within the format');
  }
  return { rhoRaw, betaRaw, fraction, coefficient };
}

/** The fraction length and rounding of S, and as many bits as the largest product, or difference of two values, needs. */
function defaultPart(form: 'two' | 'shift', mean: SiteFormat, signal: Format): SiteFormat {
  const integerBits = Math.max(...[mean, signal].map(({ signed, wordLength, fractionLength }) => wordLength - fractionLength - (signed ? 1 : 0)));
  const signed = form === 'shift' || mean.signed || signal.signed;
  const wordLength = Math.max(EMA_WORD_LENGTH.minimum, integerBits + mean.fractionLength + (signed ? 1 : 0) + (form === 'shift' ? 1 : 0));
  return siteFormat({ signed, wordLength, fractionLength: mean.fractionLength, rounding: mean.rounding, overflow: 'SAT' });
}

function checkWord(where: string, format: Format): void {
  const { minimum, maximum } = EMA_WORD_LENGTH;
  if (format.wordLength < minimum || format.wordLength > maximum) {
    throw new QrailsError({ code: 'unsupported', where, message: 'a word length a moving mean does not take', found: formatName(format), expected: `${minimum} to ${maximum} bits` });
  }
}

/** Fraction length and largest magnitude of a term. */
type Term = readonly [fraction: number, magnitude: bigint];

/** Largest magnitude of a raw. */
function magnitude(format: Format): bigint {
  const [low, high] = rawRange(format);
  return -low > high ? -low : high;
}

/** Aligns terms to the finest of them and the site; their sum and its rounding must fit. */
function align(where: string, { fractionLength: own }: Format, terms: readonly Term[]): EmaAlignment {
  const finest = Math.max(own, ...terms.map(([f]) => f));
  const left = terms.map(([f]) => finest - f);
  const shift = finest - own;
  const sum = terms.reduce((total, [, size], index) => total + (size << BigInt(left[index]!)), shift > 0 ? 1n << BigInt(shift) : 0n);
  const bits = Math.max(sum.toString(2).length, shift + 1);
  if (bits > WIDE_BITS) {
    throw new QrailsError({
      code: 'unsupported', where, message: `an exact value here could need ${bits} bits`, expected: `at most ${WIDE_BITS}`, try: 'shorter words, or fraction lengths closer together',
    });
  }
  return { left, shift };
}
