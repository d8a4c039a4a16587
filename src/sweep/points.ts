/** The points of a sweep as its specification alone describes them. docs/sweep.md. */
import { QrailsError } from '../errors.js';
import type { Sweep } from '../schema/sweep.js';
import { createAxis, type SweepAxis } from './axis.js';
import type { AxisValue } from './types.js';

export interface Points {
  readonly axes: readonly SweepAxis[];
  readonly count: number;
  /** Number of the point with these places on the axes; of drawn axes the largest counts. */
  readonly pointAt: (places: readonly number[]) => number;
  /** Place on each axis. */
  readonly placesAt: (point: number) => number[];
}

/**
 * Numbers the points: list and grid axes as digits, the last one fastest, samples slower than all of them.
 *
 * @throws QrailsError `invalid` as `createAxis`, or where there are more points than binary64 counts
 */
export function createPoints({ axes: stated, samples = 1, sampleSeed = 1, numbers }: Sweep, where: string): Points {
  const setting = { seed: sampleSeed, samples, reference: numbers === 'float64' };
  const axes = stated.map((axis, position) => createAxis(axis, position, `${where}: axes[${position}]`, setting));
  let count = samples;
  for (const { drawn, size } of axes) if (!drawn) bounded((count *= size), where, 'points');
  return {
    axes, count,
    pointAt(places) {
      const sample = Math.max(0, ...places.filter((_, axis) => axes[axis]!.drawn));
      return axes.reduce((point, { drawn, size }, axis) => (drawn ? point : point * size + places[axis]!), sample);
    },
    placesAt(point) {
      if (!(Number.isInteger(point) && point >= 0 && point < count)) throw new RangeError(`there is no point ${point} of ${count}`);
      const places = axes.map(() => 0);
      let rest = point;
      for (let axis = axes.length - 1; axis >= 0; axis--) {
        const { drawn, size } = axes[axis]!;
        if (drawn) continue;
        places[axis] = rest % size;
        rest = (rest - places[axis]!) / size;
      }
      return places.map((place, axis) => (axes[axis]!.drawn ? rest : place));
    },
  };
}

/** @throws QrailsError `invalid` for a number that binary64 does not count to */
export function bounded(count: number, where: string, what: string): void {
  if (count <= Number.MAX_SAFE_INTEGER) return;
  throw new QrailsError({ code: 'invalid', where, message: `too many ${what} to count`, found: count.toPrecision(3), expected: `at most ${Number.MAX_SAFE_INTEGER}` });
}

/** The assignment of a value, as `--set` takes it: text is quoted, so that every value is read back as it is. */
export const assignment = (path: string, value: AxisValue): string => `${path}=${JSON.stringify(value)}`;
