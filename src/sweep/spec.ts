/** Specifications of sweeps: reading and checking them. docs/sweep.md. */
import { dirname, resolve } from 'node:path';
import type { TSchema } from '@sinclair/typebox';
import { readJson } from '../document/json.js';
import type { Loaded } from '../document/load.js';
import { printable, show } from '../document/show.js';
import { STDIN_LABEL } from '../document/text.js';
import { QrailsError } from '../errors.js';
import { isObject } from '../schema/navigate.js';
import { DrawnAxis, GridAxis, ListAxis, MOST_AXES, Sweep, TableAxis, type Constraint, type Objective, type SweepSide } from '../schema/sweep.js';
import { findProblems, problemError } from '../schema/validate.js';
import { canonicalPath } from './axis.js';
import { measuresOf, SWEEP_MEASURES } from './measures.js';
import { createPoints } from './points.js';
import { checkWhole, isWhole, WHOLE_NAMES } from './whole.js';

/** Paths a sweep sets elsewhere. Experiments name target and sensor before anything is assigned, so assigning those changes nothing. */
const ELSEWHERE: Readonly<Record<string, string>> = { 'experiment.seed': '"seeds": { "first": 1, "count": 5 }', 'experiment.profile': 'the path "profile"', 'experiment.sensor': 'the path "sensor"' };

/**
 * Reads the specification of a sweep and checks what can be checked without reading what it names.
 *
 * @param file path, or `-` for standard input, whose paths then start from `directory`
 * @param directory where a relative path starts; default the working directory
 * @throws QrailsError `not-found`, `unreadable`, or `invalid` with the place
 * @example const { value, baseDirectory, file } = await loadSweep('sweep.json');
 */
export async function loadSweep(file: string, directory = process.cwd()): Promise<Loaded<Sweep>> {
  const path = file === '-' ? '-' : resolve(directory, file);
  const label = file === '-' ? STDIN_LABEL : printable(file, 400);
  const value = await validateSweep(await readJson(path, label), label);
  return { value, name: value.name, file: label, baseDirectory: file === '-' ? directory : dirname(path) };
}

/**
 * Holds a value against the schema of a sweep and against what that cannot say.
 *
 * @param where what messages call it
 * @returns the value, typed
 * @throws QrailsError `invalid`, or `usage` for a path that cannot be varied
 * @example const sweep = await validateSweep({ name: 'rates', axes: [{ path: 'steps', values: [100, 1000] }] });
 */
export async function validateSweep(value: unknown, where = 'sweep'): Promise<Sweep> {
  const problems = await findProblems(Sweep, value);
  if (problems.length > 0) throw (await axisError(value, where)) ?? problemError(problems, where);
  const sweep = value as Sweep;
  const { axes } = createPoints(sweep, where);
  checkSamples(sweep, axes.some(({ drawn }) => drawn), where);
  checkPaths(sweep, axes.map(({ paths }) => paths), where);
  for (const name of WHOLE_NAMES) if (sweep.base?.[name] !== undefined) checkWhole(name, sweep.base[name], `${where}: base.${name}`, sweep.numbers === 'float64');
  for (const list of ['objectives', 'constraints'] as const) for (const [index, target] of (sweep[list] ?? []).entries()) checkTarget(target, sweep, `${where}: ${list}[${index}]`);
  return sweep;
}

/** The fault of an axis, told by the kind of axis its keys say it is meant for. */
async function axisError(value: unknown, where: string): Promise<QrailsError | undefined> {
  if (!isObject(value) || !Array.isArray(value['axes']) || value['axes'].length > MOST_AXES) return undefined;
  for (const [index, axis] of (value['axes'] as unknown[]).entries()) {
    if (!isObject(axis)) continue;
    const has = (key: string): boolean => Object.hasOwn(axis, key);
    const kind: TSchema | undefined = has('paths') ? TableAxis : has('values') ? ListAxis : has('draw') ? DrawnAxis : has('count') ? GridAxis : undefined;
    const place = `${where}: axes[${index}]`;
    if (kind === undefined) {
      return new QrailsError({ code: 'invalid', where: place, message: 'says not what values it takes', found: show(axis), expected: '"values", or "from" and "to" with "count" or "draw"' });
    }
    const problems = await findProblems(kind, axis);
    if (problems.length > 0) return problemError(problems, place);
  }
  return undefined;
}

function checkSamples({ samples }: Sweep, drawn: boolean, where: string): void {
  if (drawn === (samples !== undefined)) return;
  throw drawn
    ? new QrailsError({ code: 'invalid', where, message: 'samples is missing', found: 'an axis with "draw"', expected: 'how often the drawn axes are drawn', try: '"samples": 100' })
    : new QrailsError({ code: 'invalid', where, message: 'samples belongs to axes that are drawn', found: 'no axis with "draw"', expected: 'no samples' });
}

/** Every path once, none that a sweep sets elsewhere, and no law where the controller is named as a whole. */
function checkPaths({ base = {} }: Sweep, axes: readonly (readonly string[])[], where: string): void {
  const refuse = (place: string, message: string, path: string, expected: string): never => {
    throw new QrailsError({ code: 'usage', where: `${where}: ${place}`, message, found: printable(path), expected });
  };
  const known = new Map<string, number>();
  for (const [axis, paths] of axes.entries()) {
    for (const path of paths) {
      const first = known.get(canonicalPath(path));
      if (first !== undefined) refuse(`axes[${axis}]`, `axes[${first}] varies this path, too`, path, 'each path once');
      known.set(canonicalPath(path), axis);
    }
  }
  const named = (name: string): boolean => known.has(name) || (isWhole(name) && base[name] !== undefined);
  const assigned = [
    ...(base.set ?? []).map((text, index) => [`base.set[${index}]`, text.slice(0, Math.max(0, text.indexOf('=')))] as const),
    ...axes.flatMap((paths, axis) => paths.map((path) => [`axes[${axis}]`, path] as const)),
  ];
  for (const [place, path] of assigned) {
    const canonical = canonicalPath(path);
    if (Object.hasOwn(ELSEWHERE, canonical)) refuse(place, 'a sweep sets this elsewhere', path, ELSEWHERE[canonical]!);
    const [, name] = /^experiment\.(throttle|anchor|supervisor)\.(?:law|estimator)$/.exec(canonical) ?? [];
    if (name !== undefined && named(name)) refuse(place, `has no effect: ${name} names the law`, path, `the path "${name}", or no "${name}"`);
  }
}

function checkTarget(target: Objective | Constraint, { numbers = 'both' }: Sweep, where: string): void {
  const refuse = (message: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'invalid', where, message, found, expected });
  };
  const { measure, side, statistic } = target;
  if (measure === 'survives' && statistic !== undefined) refuse('survives is a share of the seeds already', `statistic ${statistic}`, 'no statistic');
  const run: SweepSide | undefined = numbers === 'both' ? undefined : numbers === 'float64' ? 'float' : 'fixed';
  if (side !== undefined && run !== undefined && side !== run) refuse(`only ${numbers} is run`, `side ${side}`, `side ${run}, or "numbers": "both"`);
  const of = side ?? run ?? 'fixed';
  if (measure !== 'survives' && !measuresOf(of, numbers).includes(measure)) refuse(`there is no ${measure} here`, `side ${of}, "numbers": "${numbers}"`, SWEEP_MEASURES[measure].about);
  if ('goal' in target) return;
  const { atMost, atLeast } = target;
  if (atMost === undefined && atLeast === undefined) refuse('allows everything', 'no bound', 'atMost, atLeast or both');
  if (atMost !== undefined && atLeast !== undefined && atMost < atLeast) refuse('allows nothing', `atMost ${atMost}, atLeast ${atLeast}`, 'atLeast up to atMost');
}
