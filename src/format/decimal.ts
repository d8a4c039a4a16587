/** Exact real numbers as text. */
import type { Rational } from './real.js';

/** Digits kept where a number is too long to be written exactly. */
const APPROXIMATE_DIGITS = 17;
/** Past this many bits an exact text is not tried: it would be too long, or a long fraction. */
const LONGEST_BITS = 4096;

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
/** At least the number of bits, at most three more; linear in the length. */
const bits = (magnitude: bigint): number => magnitude.toString(16).length * 4;

/** How often 2 divides a number that is not zero. */
const twos = (value: bigint): number => (value & -value).toString(2).length - 1;

/**
 * A number as a decimal where it has a finite one of at most `longest` characters; else as a fraction `a/b` in lowest terms, if that is no longer;
 * else `≈` and its first 17 significant digits.
 *
 * @example realText({ numerator: 1n, denominator: 32n }) // '0.03125'
 * @example realText({ numerator: 2n, denominator: 6n }) // '1/3'
 */
export function realText({ numerator, denominator }: Rational, longest = 400): string {
  if (bits(abs(numerator)) > LONGEST_BITS || bits(denominator) > LONGEST_BITS) return approximate({ numerator, denominator });
  const common = BigInt(twos(numerator | denominator));
  const divisor = gcd(abs(numerator >> common), denominator >> common);
  const n = (numerator >> common) / divisor;
  const d = (denominator >> common) / divisor;
  const decimal = exactDecimal(n, d, longest);
  if (decimal !== undefined && decimal.length <= longest) return decimal;
  const fraction = `${n}/${d}`;
  return fraction.length <= longest ? fraction : approximate({ numerator, denominator });
}

/**
 * The value raw·2^−F of a raw, as an exact decimal: always finite. Never cut.
 *
 * @example rawText(-3n, 4) // '-0.1875'
 */
export function rawText(raw: bigint, fractionLength: number): string {
  if (fractionLength <= 0) return String(raw << BigInt(-fractionLength));
  return pointed(raw * 5n ** BigInt(fractionLength), fractionLength);
}

/** n/d in lowest terms as a decimal; undefined where it does not end, or only after more than `longest` places. */
function exactDecimal(n: bigint, d: bigint, longest: number): string | undefined {
  const halvings = twos(d);
  let rest = d >> BigInt(halvings);
  let fives = 0;
  for (; rest % 5n === 0n; rest /= 5n) fives++;
  const places = Math.max(halvings, fives);
  if (rest !== 1n || places > longest) return undefined;
  return pointed(n * 2n ** BigInt(places - halvings) * 5n ** BigInt(places - fives), places);
}

/** digits·10^−places, without trailing zeros. */
function pointed(digits: bigint, places: number): string {
  const text = abs(digits).toString().padStart(places + 1, '0');
  const part = text.slice(text.length - places).replace(/0+$/, '');
  return `${digits < 0n ? '-' : ''}${text.slice(0, text.length - places)}${places === 0 || part === '' ? '' : `.${part}`}`;
}

/** `≈` and the leading digits, the rest cut off. */
function approximate({ numerator, denominator }: Rational): string {
  const magnitude = abs(numerator);
  const lowest = Math.floor((bits(magnitude) - bits(denominator) - 4) * Math.log10(2));
  const power = APPROXIMATE_DIGITS - lowest;
  const scale = 10n ** BigInt(Math.abs(power));
  const digits = (power >= 0 ? (magnitude * scale) / denominator : magnitude / (denominator * scale)).toString();
  const exponent = digits.length - 1 - power;
  const part = digits.slice(1, APPROXIMATE_DIGITS).replace(/0+$/, '');
  return `≈${numerator < 0n ? '-' : ''}${digits[0]}${part === '' ? '' : `.${part}`}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function gcd(a: bigint, b: bigint): bigint {
  while (a !== 0n) [a, b] = [b % a, a];
  return b;
}
