/** From a specification to every point and run of its sweep, each computed from its number. docs/sweep.md. */
import type { RunOptions } from '../compare/prepare.js';
import type { Sweep } from '../schema/sweep.js';
import { ownNames } from './controllers.js';
import { assignment, bounded, createPoints, type Points } from './points.js';
import { survey, type Findings } from './survey.js';
import type { AxisValue, SweepSpace } from './types.js';
import { isWhole } from './whole.js';

/**
 * Makes the space of a sweep. Nothing in it grows with the number of points: each is worked out when it is asked for.
 *
 * Reads every document and recording the specification names, and applies its assignments at the ends of every axis and at places between them, so
 * that a name that is not there, a wrong path or a value its schema refuses is told before anything is run. What a target or a plan refuses at
 * single points is not looked for: such runs have an error in place of results.
 *
 * @param spec a specification that `validateSweep` let through
 * @param directory absolute; where relative paths in it start
 * @param where what messages call it: its file
 * @throws QrailsError `invalid`, `usage`, `not-found`, `unreadable`, naming axis and value
 * @example
 * const { value, baseDirectory, file } = await loadSweep('sweep.json');
 * const space = await createSpace(value, baseDirectory, file);
 * space.valuesAt(space.points - 1) // of the last point
 */
export async function createSpace(spec: Sweep, directory = process.cwd(), where = 'sweep'): Promise<SweepSpace> {
  const points = createPoints(spec, where);
  const seeds = spec.seeds?.count ?? 1;
  bounded(points.count * seeds, where, 'runs');
  const findings = await survey(spec, points, (point, own) => optionsAt(spec, directory, points, point, own), where);
  const { hash, firstSeed } = findings;
  return {
    spec, hash, points: points.count, seeds, runs: points.count * seeds, firstSeed,
    columns: points.axes.flatMap(({ paths }) => paths),
    valuesAt: (point) => points.placesAt(point).flatMap((place, axis) => points.axes[axis]!.valuesAt(place)),
    optionsAt: (point) => optionsAt(spec, directory, points, point, findings.own),
    seedAt: (run) => firstSeed + (run % seeds),
  };
}

function optionsAt({ base = {}, numbers }: Sweep, directory: string, points: Points, point: number, own: Findings['own']): RunOptions {
  const whole: Record<string, AxisValue> = {};
  const assigned: [path: string, value: AxisValue][] = [];
  const places = points.placesAt(point);
  for (const [axis, { paths, valuesAt: values }] of points.axes.entries()) {
    for (const [k, value] of values(places[axis]!).entries()) {
      const path = paths[k]!;
      if (isWhole(path)) whole[path] = value;
      else assigned.push([path, value]);
    }
  }
  const { throttle, anchor, set = [], ...named } = { ...base, ...(whole as Omit<typeof base, 'set'>) };
  const names = throttle === undefined || anchor === undefined ? ownNames(own.get(named.experiment) ?? {}, assigned) : { throttle, anchor };
  return {
    ...named, directory, reference: numbers === 'float64', throttle: [throttle ?? names.throttle], anchor: [anchor ?? names.anchor],
    set: [...set, ...assigned.map(([path, value]) => assignment(path, value))],
  };
}
