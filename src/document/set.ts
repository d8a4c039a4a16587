/** `--set path=value`: changes single values of loaded documents. */
import { QrailsError } from '../errors.js';
import { checkProfile } from '../profile/check.js';
import type { AnchorSpec, SupervisorSpec, ThrottleSpec } from '../schema/experiment.js';
import { SCHEMAS } from '../schema/index.js';
import { governing, isObject, itemSchema, propertySchema, type JsonSchema } from '../schema/navigate.js';
import { findProblems, problemError, type Problem } from '../schema/validate.js';
import { DOCUMENT_KINDS, type DocumentKind } from './catalogue.js';
import { closest } from './closest.js';
import { FORBIDDEN_KEYS, parseJson, type Json } from './json.js';
import type { Documents } from './load.js';
import { printable, show, showPath, type Path } from './show.js';

export interface SettableDocuments {
  readonly profile: Documents['profile'];
  /** Absent when the run has no sensor. */
  readonly sensor?: Documents['sensor'] | undefined;
  readonly experiment: Documents['experiment'];
  /** What `throttle.…` changes when the experiment states none; default `THROTTLE_DEFAULT`. */
  readonly throttle?: ThrottleSpec | undefined;
  /** What `anchor.…` changes when the experiment states none; default `ANCHOR_DEFAULT`. */
  readonly anchor?: AnchorSpec | undefined;
}

export const THROTTLE_DEFAULT: ThrottleSpec = { law: 'gt0', estimator: 'secant' };
export const ANCHOR_DEFAULT: AnchorSpec = { law: 'none' };
export const SUPERVISOR_DEFAULT: SupervisorSpec = { law: 'none' };

/** Short names for places in a document. */
export const SHORTHAND = { throttle: 'experiment', anchor: 'experiment', supervisor: 'experiment' } as const satisfies Record<string, DocumentKind>;
/** Where a path may begin. */
export const ROOTS: readonly string[] = [...DOCUMENT_KINDS, ...Object.keys(SHORTHAND)];

interface Assignment {
  /** As the user wrote it, for messages. */
  readonly text: string;
  readonly kind: DocumentKind;
  readonly path: Path;
}

/**
 * Applies `path=value` assignments, in order, to copies of the documents they change.
 *
 * A path starts with `profile.`, `sensor.`, `experiment.`, `throttle.` (short for `experiment.throttle.`), `anchor.` or `supervisor.`; entries of an array are
 * written `phases[1].batch` or `phases.1.batch`, and the index after the last adds an entry. Objects on the way that the schema knows are made
 * where they are missing. The value is read as JSON if it is JSON (`12`, `true`, `[0, 1]`), otherwise as text (`1/32`).
 *
 * @returns copies of what is changed, the rest as it was given; what was given stays as it was
 * @throws QrailsError `usage` for an assignment that cannot be read or a document that is not there; `invalid` where the result breaks its schema
 *   or, for a profile, the rules of `checkProfile`
 * @example await applySet({ profile, experiment }, ['throttle.firstAlpha=1/32', 'profile.sites.weight.wordLength=14'])
 */
export async function applySet<T extends SettableDocuments>(
  documents: T,
  assignments: readonly string[],
): Promise<{ profile: Documents['profile']; sensor: T['sensor']; experiment: Documents['experiment'] }> {
  const result = { profile: documents.profile, sensor: documents.sensor, experiment: documents.experiment } as unknown as { [K in DocumentKind]: Json | undefined };
  const copied = new Set<DocumentKind>();
  const open = (kind: DocumentKind): Json | undefined => {
    if (!copied.has(kind)) result[kind] = structuredClone(result[kind]);
    copied.add(kind);
    return result[kind];
  };
  const defaults = { throttle: documents.throttle ?? THROTTLE_DEFAULT, anchor: documents.anchor ?? ANCHOR_DEFAULT, supervisor: SUPERVISOR_DEFAULT };
  const applied = assignments.map((text) => apply(text, open, defaults));

  for (const kind of DOCUMENT_KINDS) {
    const changes = applied.filter((assignment) => assignment.kind === kind);
    if (changes.length === 0) continue;
    const problems = await findProblems(SCHEMAS[kind], result[kind]);
    if (problems.length > 0) throw problemError(problems, blame(changes, problems[0]!));
    if (kind === 'profile') checkProfile(result[kind] as unknown as Documents['profile'], `profile with ${option(changes)}`);
  }
  return result as unknown as { profile: Documents['profile']; sensor: T['sensor']; experiment: Documents['experiment'] };
}

function apply(
  text: string,
  open: (kind: DocumentKind) => Json | undefined,
  defaults: { readonly throttle: ThrottleSpec; readonly anchor: AnchorSpec; readonly supervisor: SupervisorSpec },
): Assignment {
  const where = option([{ text }]);
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new QrailsError({ code: 'usage', where, message: 'is not an assignment', expected: 'path=value', try: '--set throttle.firstAlpha=1/32' });
  }
  const [root, ...keys] = splitPath(text.slice(0, equals), where);
  if (!ROOTS.includes(root!)) {
    const near = closest(root!, ROOTS);
    throw new QrailsError({
      code: 'usage', where, message: 'does not say what to change', found: printable(root!),
      expected: `a path that starts with ${ROOTS.join('., ')}.`,
      ...(near === undefined ? {} : { try: [near, ...keys].join('.') }),
    });
  }
  if (keys.length === 0) {
    throw new QrailsError({ code: 'usage', where, message: `sets all of ${root} at once`, expected: `a path inside it, ${root}.…` });
  }

  const short = Object.hasOwn(SHORTHAND, root!) ? (root as keyof typeof SHORTHAND) : undefined;
  const kind = short === undefined ? (root as DocumentKind) : SHORTHAND[short];
  const document = open(kind);
  if (document === undefined) throw new QrailsError({ code: 'usage', where, message: `there is no ${kind} to change`, try: `choose one with --${kind}` });
  const parts = short === undefined ? keys : [short, ...keys];
  const spec = parts[0] as string;
  if (kind === 'experiment' && parts.length > 1 && Object.hasOwn(defaults, spec) && isObject(document) && !Object.hasOwn(document, spec)) {
    (document)[spec] = structuredClone(defaults[spec as keyof typeof defaults]);
  }
  return { text, kind, path: assign(document, SCHEMAS[kind] as JsonSchema, parts, text.slice(equals + 1), where) };
}

/** `a.b[1].c` and `a.b.1.c` as their parts. */
function splitPath(text: string, where: string): string[] {
  const parts = text.replace(/\[(\d+)\]/g, '.$1').split('.');
  for (const part of parts) {
    if (part === '') {
      const expected = 'names and indices joined by dots: experiment.phases[1].batch';
      throw new QrailsError({ code: 'usage', where, message: 'has an empty part in its path', expected });
    }
    if (FORBIDDEN_KEYS.includes(part)) throw new QrailsError({ code: 'usage', where, message: `the key ${part} is not allowed` });
  }
  return parts;
}

/** Walks schema and document together, makes what is missing on the way, and puts the value at the end. Returns the path walked. */
function assign(document: Json, rootSchema: JsonSchema, parts: readonly string[], text: string, where: string): Path {
  const path: (string | number)[] = [];
  let container: Json = document;
  let schema: JsonSchema | undefined = rootSchema;
  let rest = parts;
  for (;;) {
    schema = governing(schema, container);
    if (typeof container !== 'object' || container === null) {
      const message = `${showPath(path)} holds a value, not parts`;
      throw new QrailsError({ code: 'usage', where, message, found: show(container), expected: 'a path that ends there' });
    }
    const [key, used, inner]: readonly [string | number, number, JsonSchema | undefined] = Array.isArray(container)
      ? [index(container, rest[0]!, path, where), 1, undefined]
      : objectKey(schema, rest);
    const next: JsonSchema | undefined = typeof key === 'number' ? itemSchema(schema, key) : inner;
    const slots = container as { [key: string | number]: Json };
    path.push(key);
    rest = rest.slice(used);
    if (rest.length === 0) {
      slots[key] = parseValue(text, next, where);
      return path;
    }
    if (!Object.hasOwn(slots, key)) slots[key] = next?.type === 'array' ? [] : {};
    container = slots[key]!;
    schema = next;
  }
}

/** The key of an object a path goes on with. Some keys have a dot in them (`layer0.weight`): the first run of parts the schema knows is taken. */
function objectKey(schema: JsonSchema | undefined, rest: readonly string[]): [key: string, used: number, schema: JsonSchema | undefined] {
  for (let used = 1; used <= rest.length; used++) {
    const key = rest.slice(0, used).join('.');
    const inner = propertySchema(schema, key);
    if (inner !== undefined) return [key, used, inner];
  }
  // Unknown: put it in all the same, in the longest form a misspelt `layer0.wieght` can have; validation names it and its neighbours.
  const used = schema?.patternProperties !== undefined && /^layer\d*$/.test(rest[0]!) ? Math.min(2, rest.length) : 1;
  return [rest.slice(0, used).join('.'), used, undefined];
}

function index(array: readonly Json[], part: string, path: Path, where: string): number {
  const position = /^\d{1,9}$/.test(part) ? Number(part) : Infinity;
  if (position <= array.length) return position;
  throw new QrailsError({
    code: 'usage', where, message: `${showPath(path)} has no entry ${printable(part)}`, found: printable(part),
    expected: array.length === 0 ? '0, which adds the first' : `0 to ${array.length - 1}, or ${array.length} to add one`,
  });
}

/** JSON where the text is JSON, else the text itself; a place that takes nothing but text takes it as it is. */
function parseValue(text: string, schema: JsonSchema | undefined, where: string): Json {
  try {
    const value = parseJson(text, where);
    return schema?.type === 'string' && typeof value !== 'string' ? text : value;
  } catch (error) {
    if (error instanceof QrailsError && error.code === 'unreadable') return text;
    throw error;
  }
}

/** The assignment a problem comes from: the last one at, above or below its place. */
function blame(changes: readonly Assignment[], problem: Problem): string {
  const overlaps = ({ path }: Assignment) => path.slice(0, problem.path.length).every((part, i) => part === problem.path[i]);
  const beside = ({ path }: Assignment) => path.slice(0, -1).every((part, i) => part === problem.path[i]);
  const guilty = changes.findLast(overlaps) ?? changes.findLast(beside);
  return option(guilty === undefined ? changes : [guilty]);
}

function option(changes: readonly { readonly text: string }[]): string {
  return changes.map(({ text }) => `--set ${printable(text)}`).join(' ');
}
