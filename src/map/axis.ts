/** One axis of a map: a `--set` path and the values it takes. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';

export const SPACINGS = ['lin', 'log'] as const;
export type Spacing = (typeof SPACINGS)[number];

/** Values of one axis. */
export const FEWEST_VALUES = 2;
export const MOST_VALUES = 512;
/** Significant digits of a value: more than any two libraries' powers could differ in, and few enough to be written on a command line. */
export const DIGITS = 12;

export interface Axis {
  /** As `--set` takes it: `experiment.phases[0].learningRate`. */
  readonly path: string;
  readonly spacing: Spacing;
  /** Ascending. */
  readonly values: readonly number[];
}

const FORM = 'PATH=log:FROM:TO:COUNT, or lin';
const EXAMPLE = 'sensor.gain[0].value=log:1:4:41';
const NUMBER = /^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,3})?$/i;

/**
 * Reads an axis: `PATH=lin:FROM:TO:COUNT` for equal differences, `PATH=log:FROM:TO:COUNT` for equal ratios.
 *
 * @param option the option it was given with, for messages
 * @param count replaces the count that is stated
 * @throws QrailsError `usage` for another form, a number that is none, bounds out of order, too few or too many values, or values that would be equal
 * @example parseAxis('sensor.gain[0].value=log:1:4:3', '--y').values // [1, 2, 4]
 */
export function parseAxis(text: string, option: string, count?: number): Axis {
  const refuse = (message: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'usage', where: option, message, found: printable(found), expected, try: `${option} '${EXAMPLE}'` });
  };
  const equals = text.indexOf('=');
  const [spacingText = '', fromText = '', toText = '', countText = '', ...more] = text.slice(equals + 1).split(':');
  if (equals < 1 || more.length > 0 || countText === '') return refuse('is not an axis', text, FORM);
  const spacing = SPACINGS.find((name) => name === spacingText) ?? refuse('an unknown spacing', spacingText, SPACINGS.join(' or '));
  const [from, to] = [fromText, toText].map((bound) => {
    const value = NUMBER.test(bound) ? Number(bound) : NaN;
    return Number.isFinite(value) ? value : refuse('a bound that is not a number', bound, 'a finite decimal number');
  }) as [number, number];
  if (!(from < to)) return refuse('its bounds are not in order', `${fromText}:${toText}`, 'FROM below TO');
  if (spacing === 'log' && !(from > 0)) return refuse('equal ratios need a bound above zero', fromText, 'FROM above 0, or lin');
  const stated = /^\d{1,9}$/.test(countText) ? Number(countText) : NaN;
  if (!(stated >= FEWEST_VALUES && stated <= MOST_VALUES)) return refuse('a wrong number of values', countText, `${FEWEST_VALUES} to ${MOST_VALUES}`);
  const size = count ?? stated;
  const values = Array.from({ length: size }, (_, index) => spacedValue(spacing, from, to, size, index));
  if (!values.every((value, index) => Number.isFinite(value) && (index === 0 || value > values[index - 1]!))) {
    return refuse('its values cannot be told apart', text, `values that differ in ${DIGITS} digits`);
  }
  return { path: text.slice(0, equals), spacing, values };
}

/** Value `index` of `count` from one bound to the other, both included, rounded to `DIGITS` significant digits. */
export function spacedValue(spacing: Spacing, from: number, to: number, count: number, index: number): number {
  const value = spacing === 'log' ? from * (to / from) ** (index / (count - 1)) : from + ((to - from) * index) / (count - 1);
  return Number(value.toPrecision(DIGITS));
}

/** Where a value lies on an axis, in values: 0 is the first, 1 the second, between them a fraction. */
export function positionOf({ spacing, values }: Axis, value: number): number {
  const [from, to] = [values[0]!, values.at(-1)!];
  const share = spacing === 'log' ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  return share * (values.length - 1);
}
