/** Loads a document with everything it extends. */
import { QrailsError } from '../errors.js';
import type { Experiment } from '../schema/experiment.js';
import { SCHEMAS } from '../schema/index.js';
import type { Profile } from '../schema/profile.js';
import type { Sensor } from '../schema/sensor.js';
import { validate } from '../schema/validate.js';
import { resolve, type DocumentKind, type Location } from './catalogue.js';
import { readJson, type Json } from './json.js';
import { mergeDocuments } from './merge.js';

export interface Documents {
  profile: Profile;
  sensor: Sensor;
  experiment: Experiment;
}

export interface Loaded<T> {
  readonly value: T;
  readonly name: string;
  /** What messages call the document: the path as given, or for a shipped one its path in the package. */
  readonly file: string;
  /** Absolute directory that relative paths inside the document start from. */
  readonly baseDirectory: string;
}

/** Longest chain of documents that extend one another. */
export const LONGEST_CHAIN = 8;

/**
 * Loads a document: reads it, follows `extends`, merges, and holds each layer and the result against the schema.
 * Objects are merged key by key, arrays are replaced; name, title and about are never inherited.
 *
 * @param nameOrPath a shipped name, a path (with a slash or ending in `.json`), or `-` for standard input
 * @param directory where a relative path starts; relative paths in `extends` start from the file that says them
 * @throws QrailsError `not-found`, `unreadable`, or `invalid` with file and place; `invalid` with the chain where `extends` runs in a circle or
 *   through more than 8 files
 * @example const { value } = await loadDocument('sensor', 'step-gain-4');
 */
export async function loadDocument<K extends DocumentKind>(
  kind: K,
  nameOrPath: string,
  directory = process.cwd(),
): Promise<Loaded<Documents[K]>> {
  const location = resolve(kind, nameOrPath, directory);
  const value = (await readLayers(kind, location, [])) as unknown as Documents[K];
  return { value, name: value.name, file: location.label, baseDirectory: location.directory };
}

async function readLayers(kind: DocumentKind, location: Location, chain: readonly Location[]): Promise<Json> {
  const extended = [...chain, location];
  const where = extended[0]!.label;
  const labels = extended.map(({ label }) => label).join(' → ');
  if (chain.some(({ path }) => path === location.path)) {
    throw new QrailsError({ code: 'invalid', where, message: '"extends" runs in a circle', found: labels, expected: 'a chain that ends' });
  }
  if (extended.length > LONGEST_CHAIN) {
    throw new QrailsError({ code: 'invalid', where, message: '"extends" is nested too deep', found: labels, expected: `at most ${LONGEST_CHAIN} files` });
  }
  const layer = await readJson(location.path, location.label);
  await validate(SCHEMAS[kind], layer, location.label);
  const base = (layer as { extends?: string }).extends;
  if (base === undefined) return layer;
  const merged = mergeDocuments(await readLayers(kind, resolveBase(kind, base, location), extended), layer);
  await validate(SCHEMAS[kind], merged, `${location.label}, with what it extends`);
  return merged;
}

function resolveBase(kind: DocumentKind, base: string, from: Location): Location {
  if (base === '-') {
    const expected = `a shipped ${kind} or a path`;
    throw new QrailsError({ code: 'invalid', where: from.label, message: 'extends cannot be standard input', found: '"-"', expected });
  }
  try {
    return resolve(kind, base, from.directory);
  } catch (error) {
    if (error instanceof QrailsError) throw new QrailsError({ ...error.parts, where: `${from.label}: extends` });
    throw error;
  }
}
