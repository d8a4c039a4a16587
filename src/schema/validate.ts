/** Holds a document against its schema and says in an engineer's words what is wrong with it. */
import type { Static, TSchema } from '@sinclair/typebox';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { closest } from '../document/closest.js';
import { printable, show, showKey, showPath, type Path } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { describe, oneOf } from './describe.js';
import { branchOf, discriminatorOf, discriminatorValues, isObject, propertySchema, type JsonSchema } from './navigate.js';

export interface Problem {
  readonly fault: (typeof FAULTS)[number];
  readonly path: Path;
  readonly message: string;
  readonly found?: string;
  readonly expected?: string;
  readonly try?: string;
}

/** In the order in which they are told: an unknown key often explains a missing one. */
const FAULTS = ['unknown', 'wrong', 'missing'] as const;

/** Problems listed after the first. */
const FURTHER = 5;

/** Above this many values only the first problem is looked for: a hostile document could hold millions. */
const THOROUGH = 10_000;

interface Validators {
  readonly first: ValidateFunction;
  all?: ValidateFunction;
}
const compiled = new WeakMap<TSchema, Validators>();

async function compile(schema: TSchema, allErrors: boolean): Promise<ValidateFunction> {
  const { Ajv } = await import('ajv'); // here, so that a command that reads no document does not load it
  // The schemas are our own, and tests hold them against the metaschema; checking them again, and polishing what is run a few times, takes most of the time.
  const trusted = { meta: false, validateSchema: false, code: { optimize: false } } as const;
  return new Ajv({ allErrors, verbose: true, strict: true, strictTypes: false, strictTuples: false, ...trusted }).compile(schema);
}

/**
 * Everything wrong with a value, most telling first; empty when it fits the schema.
 * A very large value (above 10 000 entries) gets its first problem only.
 */
export async function findProblems(schema: TSchema, value: unknown): Promise<Problem[]> {
  let validators = compiled.get(schema);
  if (validators === undefined) compiled.set(schema, (validators = { first: await compile(schema, false) }));
  let failed = validators.first;
  if (failed(value)) return [];
  if (!exceeds(value, THOROUGH)) {
    failed = validators.all ??= await compile(schema, true);
    failed(value);
  }
  return arrange(chooseBranches(failed.errors ?? []).map((error) => toProblem(error, value)));
}

/**
 * Holds a value against a schema.
 *
 * @param where what the message calls the document: its file
 * @returns the value, typed
 * @throws QrailsError `invalid`: place, what was found, what was expected, a repair where one is near, and up to five further problems
 * @example const profile = await validate(Profile, value, 'hw-profiles/mine.json');
 */
export async function validate<T extends TSchema>(schema: T, value: unknown, where: string): Promise<Static<T>> {
  const problems = await findProblems(schema, value);
  if (problems.length > 0) throw problemError(problems, where);
  return value;
}

/** One error out of at least one problem: the first in full, up to five more in a line each. */
export function problemError(problems: readonly Problem[], where: string): QrailsError {
  const { fault: _fault, path: _path, ...first } = problems[0]!;
  const error = new QrailsError({ code: 'invalid', where, ...first });
  for (const { message } of problems.slice(1, 1 + FURTHER)) error.message += `\n  also      ${message}`;
  if (problems.length > 1 + FURTHER) error.message += `\n  also      ${problems.length - 1 - FURTHER} more`;
  return error;
}

function exceeds(value: unknown, limit: number): boolean {
  let count = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const entries = Object.values(next);
    count += entries.length;
    if (count > limit) return true;
    for (const entry of entries) open.push(entry);
  }
  return false;
}

/**
 * ajv reports every branch of a union that failed. Where the value shows which branch it is meant for, only that branch's errors stay;
 * otherwise only the union's own.
 */
function chooseBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept = [...errors];
  const unions = errors.filter((error) => error.keyword === 'anyOf').sort((a, b) => a.instancePath.length - b.instancePath.length);
  for (const union of unions) {
    if (!kept.includes(union)) continue; // it lies in a branch that was dropped
    const inside = (error: ErrorObject, prefix: string) =>
      error.schemaPath.startsWith(prefix) && (error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`));
    const branch = branchOf(union.parentSchema as JsonSchema, union.data);
    kept = kept.filter((error) => {
      if (error === union) return branch === undefined;
      return !inside(error, `${union.schemaPath}/`) || (branch !== undefined && inside(error, `${union.schemaPath}/${branch}/`));
    });
  }
  return kept;
}

/** Most telling first, and without the keys that are missing only because they are misspelt. */
function arrange(problems: readonly Problem[]): Problem[] {
  const misspelt = new Set(
    problems.flatMap(({ fault, path, try: repair }) => (fault === 'unknown' && repair !== undefined ? [showPath([...path.slice(0, -1), repair])] : [])),
  );
  return problems
    .filter(({ fault, path }) => fault !== 'missing' || !misspelt.has(showPath(path)))
    .sort((a, b) => FAULTS.indexOf(a.fault) - FAULTS.indexOf(b.fault));
}

function toProblem(error: ErrorObject, root: unknown): Problem {
  const path = toPath(error.instancePath, root);
  const schema = error.parentSchema as JsonSchema;
  const name = path.length === 0 ? 'the document' : showPath(path);
  const wrong = { fault: 'wrong', path, found: show(error.data), expected: describe(schema) } as const;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, error.params['additionalProperty'] as string, schema);
    case 'required':
      return missingKey(path, error.params['missingProperty'] as string, schema);
    case 'anyOf':
      return unionProblem(path, name, error.data, schema);
    case 'type':
      return { ...wrong, message: `${name} has the wrong type`, ...unquoted(error.data, schema) };
    case 'enum':
    case 'const':
      return { ...wrong, message: `${name} has an unknown value`, ...nearest(error.data, schema.enum ?? [schema.const]) };
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      return { ...wrong, message: `${name} = ${wrong.found} is out of range` };
    case 'minItems':
    case 'maxItems':
    case 'additionalItems':
      return { ...wrong, message: `${name} has ${count((error.data as unknown[]).length, 'entry', 'entries')}` };
    case 'uniqueItems':
      return { ...wrong, message: `${name}[${String(error.params['j'])}] is given twice`, expected: 'each entry once' };
    case 'minLength':
    case 'maxLength':
      return { ...wrong, message: `${name} has ${count((error.data as string).length, 'character', 'characters')}` };
    default:
      return { ...wrong, message: `${name} does not have the right form` };
  }
}

const count = (number: number, one: string, more: string): string => `${number} ${number === 1 ? one : more}`;

function unknownKey(path: Path, key: string, schema: JsonSchema): Problem {
  const known = Object.keys(schema.properties ?? {});
  // Keys such as layer0.weight: what stands before the dot is kept, what stands behind it is one of the known keys.
  const prefix = key.slice(0, key.indexOf('.') + 1) || 'layer0.';
  const qualified = known.map((name) => prefix + name).filter((name) => propertySchema(schema, name) !== undefined);
  const candidates = key.includes('.') ? qualified : known;
  const repair = closest(key, candidates);
  const example = repair !== undefined && qualified.includes(repair) ? repair : qualified[0];
  const expected = oneOf(known) + (example === undefined ? '' : `; or one layer's, such as ${example}`);
  return {
    fault: 'unknown',
    path: [...path, key],
    message: `${showPath([...path, key])} is not a known key`,
    found: showKey(key),
    expected,
    ...(repair === undefined ? {} : { try: repair }),
  };
}

function missingKey(path: Path, key: string, schema: JsonSchema): Problem {
  const inner = [...path, key];
  const missing = schema.properties?.[key];
  return { fault: 'missing', path: inner, message: `${showPath(inner)} is missing`, ...(missing === undefined ? {} : { expected: describe(missing) }) };
}

function unionProblem(path: Path, name: string, data: unknown, schema: JsonSchema): Problem {
  const key = discriminatorOf(schema);
  if (key === undefined || !isObject(data)) {
    return { fault: 'wrong', path, message: `${name} does not have the right form`, found: show(data), expected: describe(schema) };
  }
  const values = discriminatorValues(schema, key);
  const inner = [...path, key];
  const expected = oneOf(values);
  if (!Object.hasOwn(data, key)) return { fault: 'missing', path: inner, message: `${showPath(inner)} is missing`, expected };
  const message = `${showPath(inner)} has an unknown value`;
  return { fault: 'wrong', path: inner, message, found: show(data[key]), expected, ...nearest(data[key], values) };
}

function nearest(data: unknown, values: readonly unknown[]): { try?: string } {
  const repair = typeof data === 'string' ? closest(data, values.map(String)) : undefined;
  return repair === undefined ? {} : { try: JSON.stringify(repair) };
}

/** `"12"` where a number belongs: the quotes are the fault. */
function unquoted(data: unknown, { type }: JsonSchema): { try?: string } {
  if (typeof data !== 'string') return {};
  const isNumber = (type === 'number' || type === 'integer') && data.trim() !== '' && Number.isFinite(Number(data));
  const isBoolean = type === 'boolean' && (data === 'true' || data === 'false');
  return isNumber || isBoolean ? { try: `${printable(data.trim())} without the quotes` } : {};
}

/** A JSON pointer as a path; whether a part is an index is read off the document. */
function toPath(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const escaped of pointer.split('/').slice(1)) {
    const part = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(part) : part);
    value = (value as Record<string, unknown> | undefined)?.[part];
  }
  return path;
}
