/** What matchers are given, checked: a test that says nothing is a fault of the test. */
import { closest } from '../document/closest.js';
import { show } from '../document/show.js';
import { wrong } from './subject.js';

/** One of some names. @throws QrailsError `usage` */
export function oneOf<T extends string>(matcher: string, names: readonly T[], given: unknown, what: string): T {
  const found = names.find((name) => name === given);
  if (found === undefined) throw wrong(matcher, `there is no such ${what}`, show(given), names.join(', '), typeof given === 'string' ? closest(given, names) : undefined);
  return found;
}

/** An object with no keys but these. @throws QrailsError `usage` */
export function known(matcher: string, keys: readonly string[], given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrong(matcher, 'takes an object', show(given), `{ ${keys.join(', ')} }`);
  for (const key of Object.keys(given)) oneOf(matcher, keys, key, 'option');
}

/** A finite number within bounds. @throws QrailsError `usage` */
export function number(matcher: string, name: string, given: unknown, least: number, most: number): number {
  if (typeof given === 'number' && given >= least && given <= most && Number.isFinite(given)) return given;
  const range = Number.isFinite(most) ? `a number from ${least} to ${most}` : Number.isFinite(least) ? `a number, at least ${least}` : 'a finite number';
  throw wrong(matcher, `${name} cannot be this`, show(given), range);
}
