/** What a point has as a whole: documents and controllers by name, and a number of steps. docs/sweep.md. */
import { ANCHOR_NAMES, REFERENCE_THROTTLE_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../control/registry.js';
import { closest } from '../document/closest.js';
import { show } from '../document/show.js';
import { QrailsError } from '../errors.js';

/** As the options of `compare`; every other path of an axis is one of `--set`. */
export const WHOLE_NAMES = ['experiment', 'profile', 'sensor', 'throttle', 'anchor', 'supervisor', 'steps'] as const;
export type WholeName = (typeof WHOLE_NAMES)[number];

export const isWhole = (path: string): path is WholeName => (WHOLE_NAMES as readonly string[]).includes(path);

/**
 * Checks a value that is given as a whole. Whether a document is there shows when it is read.
 *
 * @param reference whether throttles that only float64 can run are taken
 * @throws QrailsError `invalid`
 * @example checkWhole('throttle', 'gt0/secant', 'sweep.json: base.throttle', false)
 */
export function checkWhole(name: WholeName, value: unknown, where: string, reference: boolean): void {
  const refuse = (message: string, expected: string, repair?: string): never => {
    throw new QrailsError({ code: 'invalid', where, message, found: show(value), expected, ...(repair !== undefined && { try: show(repair) }) });
  };
  if (name === 'steps') {
    if (!(Number.isSafeInteger(value) && (value as number) >= 1)) refuse('is not a number of steps', 'an integer from 1');
    return;
  }
  const names: Partial<Record<WholeName, readonly string[]>> = { throttle: reference ? REFERENCE_THROTTLE_NAMES : THROTTLE_NAMES, anchor: ANCHOR_NAMES, supervisor: SUPERVISOR_NAMES };
  const known = names[name];
  if (typeof value !== 'string' || value === '') refuse(`is not the name of a ${name}`, known === undefined ? 'a shipped name, or a path' : `one of ${known.join(', ')}`);
  else if (value === '-') refuse(`standard input cannot be the ${name}: it is read more than once`, 'a shipped name, or a path');
  else if (known?.includes(value) === false) refuse(`there is no ${name} of this name`, `one of ${known.join(', ')}`, closest(value, known));
}
