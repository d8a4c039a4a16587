/** One axis of a sweep: its paths and the values they take, each computed from its place. docs/sweep.md. */
import { createHash } from 'node:crypto';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { DIGITS, spacedValue } from '../map/axis.js';
import { MOST_LISTED, type Axis, type DrawnAxis, type GridAxis } from '../schema/sweep.js';
import { permutation } from './permutation.js';
import type { AxisValue } from './types.js';
import { checkWhole, isWhole, type WholeName } from './whole.js';

/** A path in one spelling: `throttle.chi` is `experiment.throttle.chi`, `phases[0]` is `phases.0`. */
export const canonicalPath = (path: string): string =>
  isWhole(path) ? path : path.replace(/^(?=(throttle|anchor|supervisor)\.)/, 'experiment.').replaceAll(/\[(\d+)\]/g, '.$1');

/** Bits of a share of a Latin hypercube, its stratum's included: four fewer than a double has, so that no rounding takes a value out of its stratum. */
const SHARE_BITS = 49;

export interface SweepAxis {
  readonly paths: readonly string[];
  /** Whether it takes a value for each sample. */
  readonly drawn: boolean;
  /** Values of a list or grid; samples of a drawn axis. */
  readonly size: number;
  /** Value of each path at place `index`, 0 … size − 1. */
  readonly valuesAt: (index: number) => readonly AxisValue[];
}

/** What an axis takes from the rest of its sweep. */
export interface AxisSetting {
  /** Draws the drawn axes. */
  readonly seed: number;
  readonly samples: number;
  /** Whether throttles that only float64 can run are taken. */
  readonly reference: boolean;
}

/**
 * Makes an axis. Grids have the arithmetic of `parseAxis` of a map, rounded to 12 significant digits. A drawn value depends on the seed, the position
 * of the axis and the number of the sample only, and is computed with + − × ÷ √ alone: the same bits on every machine.
 *
 * @param axis as the schema has it
 * @param position of the axis in the specification, from 0
 * @param where what messages call the axis: `sweep.json: axes[0]`
 * @throws QrailsError `invalid`: bounds that are not in order, values that cannot be told apart, rows that do not have a value for each path, a
 *   whole name that cannot have such a value
 * @example createAxis({ path: 'steps', from: 10, to: 1000, spacing: 'log', count: 3 }, 0, 'axes[0]', { seed: 1, samples: 1, reference: false }).valuesAt(1) // [100]
 */
export function createAxis(axis: Axis, position: number, where: string, setting: AxisSetting): SweepAxis {
  const made = make(axis, position, where, setting);
  for (const [column, path] of made.paths.entries()) {
    if (path.includes('=')) throw new QrailsError({ code: 'invalid', where, message: 'a path cannot hold "="', found: printable(path), expected: 'the path alone' });
    if (isWhole(path)) checkNamed(path, axis, made, column, where, setting.reference);
  }
  return made;
}

function make(axis: Axis, position: number, where: string, setting: AxisSetting): SweepAxis {
  if ('paths' in axis) {
    const { paths, values } = axis;
    const wrong = values.findIndex(({ length }) => length !== paths.length);
    if (wrong === -1) return { paths, drawn: false, size: values.length, valuesAt: (index) => values[index]! };
    throw new QrailsError({ code: 'invalid', where, message: `values[${wrong}] does not have a value for each path`, found: `${values[wrong]!.length} values`, expected: String(paths.length) });
  }
  const paths = [axis.path];
  if ('values' in axis) return { paths, drawn: false, size: axis.values.length, valuesAt: (index) => [axis.values[index]!] };
  checkBounds(axis, where);
  if ('count' in axis) {
    checkApart(axis, where);
    return { paths, drawn: false, size: axis.count, valuesAt: (index) => [spacedValue(axis.spacing ?? 'lin', axis.from, axis.to, axis.count, index)] };
  }
  const share = axis.draw === 'random' ? randomShare(position, setting) : hypercubeShare(position, setting);
  return { paths, drawn: true, size: setting.samples, valuesAt: (index) => [drawnValue(axis, share(index))] };
}

function checkBounds({ from, to, spacing, ...axis }: GridAxis | DrawnAxis, where: string): void {
  const refuse = (message: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'invalid', where, message, found, expected });
  };
  if (!(from < to)) refuse('its bounds are not in order', `from ${from} to ${to}`, 'from below to');
  if (spacing === 'log' && !(from > 0)) refuse('equal ratios need a bound above zero', `from ${from}`, 'from above 0, or spacing "lin"');
  if (!Number.isFinite(spacing === 'log' ? to / from : to - from)) refuse('its bounds are too far apart', `from ${from} to ${to}`, 'bounds whose distance is a binary64 number');
  if ('integer' in axis && axis.integer === true && !(Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number.isSafeInteger(to - from + 1))) {
    refuse('integers are drawn between integers', `from ${from} to ${to}`, 'integers of at most 53 bits, and as many of them');
  }
}

/** Neighbours of a grid have to differ by more than the last of the digits they are rounded to. */
function checkApart({ from, to, spacing, count }: GridAxis, where: string): void {
  const last = 10 ** (1 - DIGITS);
  const apart = spacing === 'log' ? Math.expm1(Math.log(to / from) / (count - 1)) : (to - from) / (count - 1) / Math.max(Math.abs(from), Math.abs(to));
  if (apart > last) return;
  throw new QrailsError({ code: 'invalid', where, message: 'its values cannot be told apart', found: `${count} from ${from} to ${to}`, expected: `values that differ in ${DIGITS} digits` });
}

/** The value at a share 0 ≤ share < 1 of the way from one bound to the other. Of integers, each has an equal part, or on a log axis [i, i + 1). */
function drawnValue({ from, to, spacing, integer = false }: DrawnAxis, share: number): number {
  const end = integer ? to + 1 : to;
  const value = spacing === 'log' ? from * power(end / from, share) : from + (end - from) * share;
  return Math.min(to, integer ? Math.floor(value) : value);
}

/** base^share for 0 ≤ share < 1, by a square root for each binary digit of the share: unlike a library's power, the same bits everywhere. */
function power(base: number, share: number): number {
  let [product, root] = [1, base];
  for (let digits = share; digits > 0; digits %= 1) {
    root = Math.sqrt(root);
    digits *= 2;
    if (digits >= 1) product *= root;
  }
  return product;
}

/** The first 53 bits of a SHA-256, over 2^53. */
function uniform(key: string): number {
  const digest = createHash('sha256').update(key, 'ascii').digest();
  return (digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11)) / 2 ** 53;
}

const randomShare = (position: number, { seed }: AxisSetting) => (sample: number): number => uniform(`qrails/1/sweep/random/${seed}/${position}/${sample}`);

/** (stratum + jitter) / samples: the strata are a permutation of the samples, the jitter is uniform and keeps off the edges. */
function hypercubeShare(position: number, { seed, samples }: AxisSetting): (sample: number) => number {
  const stratum = permutation(samples, `qrails/1/sweep/strata/${seed}/${position}`);
  let parts = 2 ** SHARE_BITS;
  for (let strata = 1; strata < samples; strata *= 2) parts /= 2;
  return (sample) => (stratum(sample) + (Math.floor(uniform(`qrails/1/sweep/jitter/${seed}/${position}/${sample}`) * parts) + 0.5) / parts) / samples;
}

/** A path that is a whole name takes names, or numbers of steps. */
function checkNamed(name: WholeName, axis: Axis, { size, valuesAt }: SweepAxis, column: number, where: string, reference: boolean): void {
  if (!('values' in axis)) {
    const refuse = (message: string, found: string, expected: string): never => {
      throw new QrailsError({ code: 'invalid', where, message, found, expected });
    };
    if (name !== 'steps') return refuse(`${name} takes names, not numbers`, `from ${axis.from} to ${axis.to}`, 'values');
    if ('draw' in axis) {
      if (axis.integer !== true) refuse('steps are integers', `from ${axis.from} to ${axis.to}`, '"integer": true');
      return checkWhole(name, axis.from, `${where}.from`, reference);
    }
    if (size > MOST_LISTED) refuse('too many numbers of steps', `count ${size}`, `at most ${MOST_LISTED}`);
  }
  for (let index = 0; index < size; index++) checkWhole(name, valuesAt(index)[column], `${where}.values[${index}]`, reference);
}
