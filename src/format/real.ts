/** Exact real numbers: what a decimal text, a fraction or a binary64 number stands for, as a rational on BigInt. */
import { QrailsError } from '../errors.js';

export interface Rational {
  readonly numerator: bigint;
  /** Positive. */
  readonly denominator: bigint;
}

const DECIMAL = /^([+-]?)(\d{0,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,3}))?$/;
const FRACTION = /^([+-]?\d{1,400})\/(\d{1,400})$/;

/**
 * The exact value of `0.05`, `-1.5e-3`, `1/32`, or of a JSON number read as its shortest decimal text (so 0.1 is one tenth, not the double beside it).
 * Throws QrailsError `format` for anything else.
 *
 * @example parseReal('1/32') // { numerator: 1n, denominator: 32n }
 */
export function parseReal(value: number | string): Rational {
  const text = String(value).trim();
  const fraction = FRACTION.exec(text);
  if (fraction) {
    const denominator = BigInt(fraction[2]!);
    if (denominator !== 0n) return { numerator: BigInt(fraction[1]!), denominator };
  }
  const decimal = DECIMAL.exec(text);
  if (!decimal || (decimal[2] === '' && (decimal[3] ?? '') === '')) {
    throw new QrailsError({ code: 'format', message: 'not a real number', found: JSON.stringify(value), expected: 'a decimal such as 0.05 or a fraction such as 1/32' });
  }
  const [, sign, whole = '', part = '', exponent = '0'] = decimal;
  const digits = BigInt(`${whole}${part}` || '0') * (sign === '-' ? -1n : 1n);
  const power = Number(exponent) - part.length;
  return power >= 0
    ? { numerator: digits * 10n ** BigInt(power), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-power) };
}

const buffer = new DataView(new ArrayBuffer(8));

/** The exact value of a finite binary64 number. */
export function fromDouble(value: number): Rational {
  if (!Number.isFinite(value)) throw new QrailsError({ code: 'format', message: 'not a finite number', found: String(value), expected: 'a finite number' });
  buffer.setFloat64(0, value);
  const bits = buffer.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : fraction | (1n << 52n);
  const power = (exponent === 0 ? 1 : exponent) - 1075;
  const numerator = bits >> 63n ? -magnitude : magnitude;
  return power >= 0 ? { numerator: numerator << BigInt(power), denominator: 1n } : { numerator, denominator: 1n << BigInt(-power) };
}

/** The binary64 number nearest to numerator/denominator. */
export function toDouble({ numerator, denominator }: Rational): number {
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  if (magnitude === 0n) return 0;
  // 66 significant bits with a sticky last one: rounding those to binary64 rounds the quotient correctly (unless subnormal).
  const shift = 66 - (magnitude.toString(2).length - denominator.toString(2).length);
  const scaled = shift >= 0 ? magnitude << BigInt(shift) : magnitude;
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-shift);
  const quotient = scaled / divisor;
  const value = Number(quotient * divisor === scaled ? quotient : quotient | 1n) * 2 ** -shift;
  return negative ? -value : value;
}
