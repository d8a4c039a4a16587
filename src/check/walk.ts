/** Two JSON values side by side. */
import type { Path } from '../document/show.js';

export type Scalar = number | string | boolean | null;

/** A place at which two values can be compared: scalars, lists of scalars, or values of different kinds (undefined: not there). */
export interface Place {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isScalar = (value: unknown): value is Scalar => value === null || ['number', 'string', 'boolean'].includes(typeof value);
export const isList = (value: unknown): value is readonly Scalar[] => Array.isArray(value) && value.every(isScalar);

/** Every place of two values, in the order of the first and then what only the second has. */
export function* walk(before: unknown, after: unknown, path: Path = []): Generator<Place> {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const own = (object: Readonly<Record<string, unknown>>): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);
      yield* walk(own(before), own(after), [...path, key]);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && !(isList(before) && isList(after))) {
    for (let index = 0; index < Math.max(before.length, after.length); index++) yield* walk(before[index], after[index], [...path, index]);
  } else {
    yield { path, before, after };
  }
}
