/** Which array goes where: by its name, by what the user says, or because there is no other. */
import { printable } from '../document/show.js';
import { closest } from '../document/closest.js';
import type { QrailsError } from '../errors.js';
import { siteKey } from '../site/sites.js';
import type { NumberArray, Order } from './array.js';
import { refusal } from './refusal.js';

export interface Placed {
  readonly layer: number;
  readonly kind: 'weight' | 'bias';
  readonly array: NumberArray;
  readonly order: Order;
}

export interface Choice {
  /** `NAME`, or `layer1.bias=NAME`. */
  readonly array?: readonly string[] | undefined;
  /** The only layer that is filled. */
  readonly layer?: number | undefined;
  readonly order?: Order | undefined;
  /** Tables after a run in place of those before it. */
  readonly final?: boolean | undefined;
}

/** Most layers of a model. */
const LAYERS = 16;
const PLACE = /^layer(0|[1-9][0-9]?)\.(weight|bias)$/;
/** As `qrails export c` names its tables, and the files of one. */
const OWN = /^(?:(.*)_)?layer(0|[1-9][0-9]?)[._](weight|bias)(_final)?(_cmsis)?$/i;
/** Names in a message. */
const SHOWN = 12;

interface Own {
  readonly prefix: string;
  readonly layer: number;
  readonly kind: 'weight' | 'bias';
  readonly final: boolean;
  readonly cmsis: boolean;
  readonly array: NumberArray;
}

/** The place a text names: `layer1.bias`. */
export function parsePlace(text: string): { readonly layer: number; readonly kind: 'weight' | 'bias' } | undefined {
  const match = PLACE.exec(text);
  return match && Number(match[1]) < LAYERS ? { layer: Number(match[1]), kind: match[2] as 'weight' | 'bias' } : undefined;
}

/** The part before the first `=` where it is a place, and the rest. */
export function splitPlace(text: string, option: string): { readonly place: ReturnType<typeof parsePlace>; readonly rest: string } {
  const equals = text.indexOf('=');
  if (equals < 0) return { place: undefined, rest: text };
  const place = parsePlace(text.slice(0, equals));
  if (place === undefined) throw refusal('usage', `${option} ${printable(text)}`, 'there is no such place', text.slice(0, equals), `layer0.weight, layer0.bias … layer${LAYERS - 1}.bias`);
  return { place, rest: text.slice(equals + 1) };
}

/**
 * Chooses arrays and gives each a place.
 *
 * @throws QrailsError `usage` where the choice is open; `not-found` for a name there is not; the problem of an array that is wanted and was not read
 */
export function placeArrays(arrays: readonly NumberArray[], choice: Choice): Placed[] {
  const placed = choice.array !== undefined && choice.array.length > 0 ? named(arrays, choice) : unnamed(arrays, choice);
  const places = new Set<string>();
  for (const { layer, kind, array } of placed) {
    if (array.problem) throw array.problem;
    const place = siteKey(kind, layer);
    if (places.has(place)) throw refusal('usage', '--array', `two arrays for ${place}`, array.name, 'one', `--array layer1.weight=${printable(array.name)}`);
    places.add(place);
  }
  return placed;
}

function named(arrays: readonly NumberArray[], { array: wanted = [], layer, order }: Choice): Placed[] {
  return wanted.map((text) => {
    const { place, rest: name } = splitPlace(text, '--array');
    const found = arrays.filter((array) => array.name === name);
    const names = arrays.map((array) => array.name);
    if (found.length !== 1) {
      const [where, expected] = [`--array ${printable(text)}`, `one of ${shownNames(names)}`];
      if (found.length === 0) throw refusal('not-found', where, 'there is no array of this name', name, expected, closest(name, names.slice(0, 1000)));
      throw refusal('usage', where, 'there is more than one array of this name', found.map(({ file }) => file).join(', '), expected);
    }
    const array = found[0]!;
    const own = ownOf(array);
    const target = place ?? (own ? { layer: layer ?? own.layer, kind: own.kind } : { layer: layer ?? 0, kind: 'weight' as const });
    return { ...target, array, order: order ?? (own?.cmsis ? 'cmsis' : 'row') };
  });
}

function unnamed(arrays: readonly NumberArray[], { layer, order, final = false }: Choice): Placed[] {
  const own = onePrefix(arrays.flatMap((array) => ownOf(array) ?? []));
  if (own.length > 0) {
    const wanted = own.filter((table) => table.final === final && (layer === undefined || table.layer === layer));
    const best = new Map<string, Own>();
    for (const table of wanted) {
      const key = siteKey(table.kind, table.layer);
      const before = best.get(key);
      // Both orders are there: the plain one, unless the other is asked for. The same table twice is left to `placeArrays`.
      if (before === undefined) best.set(key, table);
      else if (before.cmsis === table.cmsis) throw ambiguous([before.array, table.array]);
      else if (table.cmsis === (order === 'cmsis')) best.set(key, table);
    }
    if (best.size === 0) {
      const expected = final ? 'names that end in _final: an export with --trained' : `weights of layer ${layer}`;
      throw refusal('not-found', final ? '--final' : '--layer', 'there are no such tables', shownNames(own.map(({ array }) => array.name)), expected);
    }
    return [...best.values()].map(({ layer: to, kind, array, cmsis }) => ({ layer: to, kind, array, order: kind === 'bias' ? 'row' : cmsis ? 'cmsis' : (order ?? 'row') }));
  }
  if (arrays.length === 0) throw refusal('not-found', 'import', 'there are no arrays in these files', 'none', 'definitions, not only declarations', 'the .c file beside a header');
  if (arrays.length > 1) throw ambiguous(arrays);
  return [{ layer: layer ?? 0, kind: 'weight', array: arrays[0]!, order: order ?? 'row' }];
}

function ownOf(array: NumberArray): Own | undefined {
  const match = OWN.exec(array.name);
  if (!match || Number(match[2]) >= LAYERS) return undefined;
  return { prefix: match[1] ?? '', layer: Number(match[2]), kind: match[3]!.toLowerCase() as 'weight' | 'bias', final: match[4] !== undefined, cmsis: match[5] !== undefined, array };
}

/** Tables of one export: of the one whose macros are there, beside those of its kernel and golden values. */
function onePrefix(tables: readonly Own[]): readonly Own[] {
  const prefixes = (some: readonly Own[]): Set<string> => new Set(some.map(({ prefix }) => prefix));
  if (prefixes(tables).size < 2) return tables;
  const described = prefixes(tables.filter(({ array }) => array.described));
  if (described.size !== 1) throw ambiguous(tables.map(({ array }) => array));
  return tables.filter(({ prefix }) => described.has(prefix));
}

function ambiguous(arrays: readonly NumberArray[]): QrailsError {
  const found = shownNames(arrays.map(({ name, file }) => `${name} (${file})`));
  const message = 'there is more than one array, and none says which is meant';
  return refusal('usage', '--array', message, found, 'the name of one, or layer0.weight=NAME for each', `--array ${printable(arrays[0]!.name)}`);
}

export const shownNames = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : `${names.slice(0, SHOWN).map((name) => printable(name)).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;
