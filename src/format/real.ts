/** Exact real numbers: what a decimal text, a fraction or a binary64 number stands for, as a rational on BigInt. */
import { printable, show } from '../document/show.js';
import { QrailsError } from '../errors.js';

export interface Rational {
  readonly numerator: bigint;
  /** Positive. */
  readonly denominator: bigint;
}

/** What is read as a number, so that a short text cannot ask for much memory: no number takes more than about 100 kB. */
export const REAL_LIMITS = {
  /** Characters of the text. */
  length: 100_000,
  /** Largest magnitude of an exponent of ten (`e`). */
  decimalExponent: 100_000,
  /** Largest magnitude of an exponent of two (`p`). */
  binaryExponent: 400_000,
} as const;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const FRACTION = /^([+-]?\d+)\/(\d+)$/;
const HEX = /^([+-]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?(?:[pP]([+-]?\d+))?$/;

/**
 * The exact value of a decimal `0.05` or `-1.5e-3`, a fraction `1/32`, a hexadecimal float `0x1.8p-3`, or of a JSON number read as its shortest
 * decimal text (so 0.1 is one tenth, not the double beside it). Any number of digits, within REAL_LIMITS.
 *
 * @throws QrailsError `format` for anything else
 * @example parseReal('1/32') // { numerator: 1n, denominator: 32n }
 */
export function parseReal(value: number | string): Rational {
  const text = String(value).trim();
  if (text.length > REAL_LIMITS.length) throw beyond(value, `${text.length} characters`);
  const fraction = FRACTION.exec(text);
  if (fraction) {
    const denominator = BigInt(fraction[2]!);
    if (denominator !== 0n) return { numerator: BigInt(fraction[1]!), denominator };
  }
  const decimal = DECIMAL.exec(text);
  if (decimal) {
    const [, sign, whole = '', part = '', exponent = '0'] = decimal;
    if (whole + part !== '') {
      if (Math.abs(Number(exponent)) > REAL_LIMITS.decimalExponent) throw beyond(value, `the exponent ${exponent}`);
      return scaledBy(BigInt(whole + part), sign === '-', 10n, Number(exponent) - part.length);
    }
  }
  const hex = HEX.exec(text);
  if (hex) {
    const [, sign, whole = '', part = '', exponent = '0'] = hex;
    if (whole + part !== '') {
      if (Math.abs(Number(exponent)) > REAL_LIMITS.binaryExponent) throw beyond(value, `the exponent ${exponent}`);
      return scaledBy(BigInt(`0x${whole}${part}`), sign === '-', 2n, Number(exponent) - 4 * part.length);
    }
  }
  throw new QrailsError({
    code: 'format', message: 'not a real number', found: show(value), expected: 'a decimal such as 0.05, a fraction such as 1/32 or a hexadecimal float such as 0x1.8p-3',
  });
}

/** ±magnitude · base^power. */
function scaledBy(magnitude: bigint, negative: boolean, base: 2n | 10n, power: number): Rational {
  const numerator = negative ? -magnitude : magnitude;
  const scale = base ** BigInt(Math.abs(power));
  return power >= 0 ? { numerator: numerator * scale, denominator: 1n } : { numerator, denominator: scale };
}

function beyond(value: number | string, what: string): QrailsError {
  const { length, decimalExponent, binaryExponent } = REAL_LIMITS;
  return new QrailsError({
    code: 'format', message: `a number beyond what is read: ${printable(what)}`, found: show(value),
    expected: `at most ${length} characters, exponents of ten within ±${decimalExponent} and of two within ±${binaryExponent}`,
  });
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

/** The value of a raw, exactly: raw·2^−fractionLength. */
export const scaled = (raw: bigint, fractionLength: number): Rational =>
  fractionLength >= 0 ? { numerator: raw, denominator: 1n << BigInt(fractionLength) } : { numerator: raw << BigInt(-fractionLength), denominator: 1n };
