/** Numbers of placed arrays as the doubles an experiment holds, and the formats they come in. */
import { printable } from '../document/show.js';
import { formatName, rawToReal, type Format } from '../format/format.js';
import { realText } from '../format/decimal.js';
import { parseFormat, type QReading, type TextFormat } from '../format/text.js';
import { fromDouble, toDouble, type Rational } from '../format/real.js';
import { siteKey } from '../site/sites.js';
import { rawsOf, type NumberArray } from './array.js';
import { splitPlace, type Placed } from './places.js';
import { refusal } from './refusal.js';

export interface FormatChoice {
  /** A format, or `layer0.bias=FORMAT`; before what files say. */
  readonly format?: readonly string[] | undefined;
  readonly q?: QReading | undefined;
  /** Numbers of CSV and floating-point files are raws. */
  readonly raw?: boolean | undefined;
}

export interface PlacedValues extends Placed {
  /** Undefined where reals were taken as they are. */
  readonly format: Format | undefined;
  /** In the order of the array, each exactly the value of its raw; reals without a format to the nearest double. */
  readonly values: readonly number[];
}

/** Looks a format up by place. @throws QrailsError `usage` or `format` for a text that is none */
export function formatChooser({ format = [], q }: FormatChoice): (place: string) => TextFormat | undefined {
  const byPlace = new Map<string, TextFormat>();
  let general: TextFormat | undefined;
  for (const text of format) {
    const { place, rest } = splitPlace(text, '--format');
    const parsed = parseFormat(rest, { q });
    if (place) byPlace.set(siteKey(place.kind, place.layer), parsed);
    else general = parsed;
  }
  return (place) => byPlace.get(place) ?? general;
}

/**
 * The values of an array at its place.
 *
 * @throws QrailsError `format` for integers that nothing says the meaning of, numbers outside their format, and values no double holds
 */
export function valuesOf(placed: Placed, chosen: TextFormat | undefined, raw = false): PlacedValues {
  const array = raw ? asRaws(placed.array) : placed.array;
  const { numbers, name, file } = array;
  const format = chosen ?? array.format;
  const where = (index: number): string => `${file}: ${printable(name)}[${index}]`;
  if (format === undefined) {
    if (numbers.kind !== 'real') {
      const repair = `--format ${example(array)}; for an array of qrails export, also the header or formats.json beside it`;
      throw refusal('format', `${file}: ${printable(name)}`, 'nothing says what these integers stand for', 'integers without a fraction length', 'a format', repair);
    }
    const values = numbers.values.map((value, index) => {
      const double = toDouble(value);
      return Number.isFinite(double) ? double : refuse(where(index), 'is beyond binary64', value);
    });
    return { ...placed, array, format: undefined, values };
  }
  const { signed, wordLength, fractionLength } = format;
  const values = rawsOf(array, format).map((value, index) => {
    const double = rawToReal(value, fractionLength);
    const { numerator, denominator } = fromDouble(double);
    const exact = fractionLength >= 0 ? numerator << BigInt(fractionLength) === value * denominator : numerator === (value << BigInt(-fractionLength)) * denominator;
    if (exact) return double;
    const message = 'this raw has more bits than the double an experiment keeps its value in';
    throw refusal('format', where(index), message, `${value} (${formatName(format)})`, 'at most 53 significant bits', 'a format of fewer bits');
  });
  return { ...placed, array, format: { signed, wordLength, fractionLength }, values };
}

/** The format an array would most likely have: all but the sign in the fraction. */
function example({ type = { signed: true, wordLength: 16 } }: NumberArray): string {
  return formatName({ ...type, fractionLength: type.wordLength - (type.signed ? 1 : 0) });
}

/** Reals that are integers, taken as raws. */
export function asRaws(array: NumberArray): NumberArray {
  const { numbers, name, file } = array;
  if (numbers.kind !== 'real') return array;
  const values = numbers.values.map((value, index) => {
    if (value.numerator % value.denominator !== 0n) return refuse(`${file}: ${printable(name)}[${index}]`, 'is no raw', value);
    return value.numerator / value.denominator;
  });
  return { ...array, numbers: { kind: 'raw', values } };
}

function refuse(where: string, message: string, value: Rational): never {
  throw refusal('format', where, message, realText(value, 60), message === 'is no raw' ? 'an integer' : 'a double');
}
