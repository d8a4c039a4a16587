/** What a page shows, as options of the command line: in the address behind `#`, and from there as anyone may have written it. */
import type { CompareOptions } from '../compare/compare.js';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../control/registry.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { Catalogue } from './catalogue.js';

/** Documents and controllers, by name. */
export interface Setup {
  readonly profile: string;
  readonly sensor: string;
  readonly throttle: string;
  readonly anchor: string;
  readonly supervisor: string;
}

/** One run: shipped documents, one combination of controllers, and what is changed. */
export interface Request extends Setup {
  readonly experiment: string;
  /** Steps in all; those of the experiment where it is not there. */
  readonly steps?: number;
  readonly seed?: number;
  /** `path=value`, applied in order, one for each path. */
  readonly set: readonly string[];
}

/** Longest address, behind `#`. */
export const LONGEST_FRAGMENT = 8192;
export const MOST_SETS = 64;
export const LONGEST_SET = 400;
/** Most steps a page is asked for. */
export const MOST_STEPS = 1_000_000;
/** What the controls of the page change: an address changes nothing else, such as the number of rows that are drawn. */
const SETTABLE = /^(profile|sensor|throttle|anchor|supervisor|experiment\.phases)[.[]/;

const NAMES = ['experiment', 'profile', 'sensor', 'throttle', 'anchor', 'supervisor'] as const;
const NUMBERS = { steps: [1, MOST_STEPS], seed: [0, 4294967295] } as const;

/** An experiment as it was shipped. @throws RangeError where it was not */
export function ownRequest(experiment: string, { experiment: entries }: Catalogue): Request {
  const entry = entries.find(({ name }) => name === experiment);
  if (!entry) throw new RangeError(experiment);
  return { experiment, ...entry.own, set: [] };
}

/** As the command line takes it. */
export const optionsOf = ({ experiment, profile, sensor, throttle, anchor, supervisor, steps, seed, set }: Request): CompareOptions =>
  ({ experiment, profile, sensor, throttle: [throttle], anchor: [anchor], supervisor, steps, seed, set });

/** What stands behind `#`: only what differs from the experiment as it was shipped. */
export function writeFragment(request: Request, catalogue: Catalogue): string {
  const own = ownRequest(request.experiment, catalogue);
  const parts = new URLSearchParams({ experiment: request.experiment });
  for (const name of NAMES) if (request[name] !== own[name]) parts.set(name, request[name]);
  for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) if (request[name] !== undefined) parts.set(name, String(request[name]));
  for (const assignment of request.set) parts.append('set', assignment);
  return parts.toString();
}

/**
 * Reads what stands behind `#`, believing nothing of it. That assignments fit their documents is checked where they are applied.
 *
 * @param fallback experiment where none is named
 * @throws QrailsError `usage`
 */
export function readFragment(fragment: string, catalogue: Catalogue, fallback: string): Request {
  const refuse = (message: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'usage', where: 'address', message, found: printable(found), expected });
  };
  if (fragment.length > LONGEST_FRAGMENT) refuse('is too long', `${fragment.length} characters`, `at most ${LONGEST_FRAGMENT}`);
  const parts = new URLSearchParams(fragment);
  const known: readonly string[] = [...NAMES, ...Object.keys(NUMBERS), 'set'];
  for (const key of new Set(parts.keys())) {
    if (!known.includes(key)) refuse('says something this page does not know', key, known.join(', '));
    if (key !== 'set' && parts.getAll(key).length > 1) refuse(`says ${key} more than once`, key, 'once');
  }
  const choices: Record<(typeof NAMES)[number], readonly string[]> = {
    experiment: catalogue.experiment.map(({ name }) => name), profile: catalogue.profile.map(({ name }) => name), sensor: catalogue.sensor.map(({ name }) => name),
    throttle: THROTTLE_NAMES, anchor: ANCHOR_NAMES, supervisor: SUPERVISOR_NAMES,
  };
  const named = (name: (typeof NAMES)[number], otherwise: string): string => {
    const value = parts.get(name) ?? otherwise;
    return choices[name].includes(value) ? value : refuse(`names ${name === 'experiment' || name === 'anchor' ? 'an' : 'a'} ${name} that is not here`, value, choices[name].slice(0, 8).join(', ') + (choices[name].length > 8 ? ', …' : ''));
  };
  const number = (name: keyof typeof NUMBERS): number | undefined => {
    const text = parts.get(name);
    if (text === null) return undefined;
    const [least, most] = NUMBERS[name];
    return /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : refuse(`has ${name} that cannot be`, text, `${least} to ${most}`);
  };
  const set = parts.getAll('set');
  if (set.length > MOST_SETS) refuse('changes too much', `${set.length} values`, `at most ${MOST_SETS}`);
  for (const assignment of set) {
    if (assignment.length > LONGEST_SET) refuse('has a value that is too long', assignment, `at most ${LONGEST_SET} characters`);
    if (!SETTABLE.test(assignment)) refuse('changes what this page does not', assignment, 'values of profile, sensor, throttle, anchor, supervisor, experiment.phases');
  }
  const own = ownRequest(named('experiment', fallback), catalogue);
  const [steps, seed] = [number('steps'), number('seed')];
  return {
    experiment: own.experiment,
    profile: named('profile', own.profile), sensor: named('sensor', own.sensor),
    throttle: named('throttle', own.throttle), anchor: named('anchor', own.anchor), supervisor: named('supervisor', own.supervisor),
    ...(steps !== undefined && { steps }), ...(seed !== undefined && { seed }), set,
  };
}

/** A request with values set: what was set at the same paths before is replaced. A path without a value is forgotten. */
export function withSet(request: Request, assignments: readonly string[]): Request {
  const path = (assignment: string): string => assignment.split('=', 1)[0]!;
  const paths = assignments.map(path);
  return { ...request, set: [...request.set.filter((assignment) => !paths.includes(path(assignment))), ...assignments.filter((assignment) => assignment.includes('='))] };
}

/** A request without what was set at and below some paths. */
export const withoutSet = (request: Request, prefixes: readonly string[]): Request =>
  ({ ...request, set: request.set.filter((assignment) => !prefixes.some((prefix) => assignment.startsWith(prefix))) });
