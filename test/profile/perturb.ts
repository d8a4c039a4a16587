/**
 * Changes of one field of a document, drawn from its schema: every place a schema knows, and at each place another value that it allows there.
 * Nothing here knows what a field means.
 */
import fc from 'fast-check';
import type { Json } from '../../src/document/json.js';
import { branchOf, discriminatorOf, governing, isObject, itemSchema, propertySchema, type JsonSchema as Navigated } from '../../src/schema/navigate.js';

export interface Schema extends Navigated {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly uniqueItems?: boolean;
}

/** One step from a value to a part of it. */
type Step =
  | { readonly kind: 'key'; readonly key: string; readonly schema: Schema; readonly optional: boolean }
  | { readonly kind: 'pattern'; readonly pattern: string; readonly schema: Schema }
  | { readonly kind: 'index'; readonly index: number; readonly schema: Schema }
  /** Some entry of an array; of a union's branch, if there is one. */
  | { readonly kind: 'entry'; readonly union: Schema; readonly branch: number | undefined; readonly schema: Schema };

/** A place the schema knows: `sites.weight.rails[0]`, `gain[]<ramp>.at`, `accumulate.accumulator<1>`. */
export interface Field {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Of a union of plain values: the branch that is drawn from. */
  readonly drawn: Schema;
}

/** Every place of a schema but those that can have one value only. */
export function fieldsOf(schema: Schema, steps: readonly Step[] = [], name = ''): Field[] {
  const fields: Field[] = [];
  const add = (inner: string, step: Step): void => void fields.push(...fieldsOf(step.schema, [...steps, step], inner));
  if (steps.length > 0 && schema.const === undefined && schema.anyOf === undefined) fields.push({ name, steps, drawn: schema });
  schema.anyOf?.forEach((branch, index) => {
    // An entry's branch is a step of its own, below.
    if (branch.type !== 'object') fields.push({ name: `${name}<${index}>`, steps, drawn: branch });
  });
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    add(name === '' ? key : `${name}.${key}`, { kind: 'key', key, schema: child, optional: schema.required?.includes(key) !== true });
  }
  for (const [pattern, child] of Object.entries(schema.patternProperties ?? {})) add(`${name}.*`, { kind: 'pattern', pattern, schema: child });
  const { items } = schema;
  if (Array.isArray(items)) (items as readonly Schema[]).forEach((item, index) => add(`${name}[${index}]`, { kind: 'index', index, schema: item }));
  else if (items !== undefined) {
    const union = items as Schema;
    const key = discriminatorOf(union);
    if (key === undefined) add(`${name}[]`, { kind: 'entry', union, branch: undefined, schema: union });
    else {
      union.anyOf!.forEach((branch, index) => add(`${name}[]<${String(branch.properties![key]!.const)}>`, { kind: 'entry', union, branch: index, schema: branch }));
    }
  }
  return fields;
}

/** What a schema allows, as text: places with the same text take each other's values. With its description it is one place, or places that mean the same. */
const meaning = remembered((schema) => JSON.stringify(schema));
const form = remembered((schema) => JSON.stringify(schema, (key, value: unknown) => (key === 'description' ? undefined : value)));

function remembered(textOf: (schema: Schema) => string): (schema: Schema) => string {
  const texts = new WeakMap<Schema, string>();
  return (schema) => {
    const text = texts.get(schema) ?? textOf(schema);
    texts.set(schema, text);
    return text;
  };
}

/** Values that stand in documents, by what their schema allows: what is missing on the way to a field is filled in with one. */
export class Donors {
  readonly #values = new Map<string, Json[]>();

  constructor(schema: Schema, documents: readonly Json[]) {
    for (const document of documents) this.#collect(schema, document);
  }

  #collect(stated: Schema, value: Json): void {
    const schema = governing(stated, value) as Schema | undefined;
    for (const allowed of new Set([stated, schema ?? stated])) {
      for (const key of new Set([meaning(allowed), form(allowed)])) this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
    }
    if (Array.isArray(value)) value.forEach((entry, index) => this.#collect(itemSchema(schema, index)!, entry));
    else if (isObject(value)) for (const [key, inner] of Object.entries(value)) this.#collect(propertySchema(schema, key)!, inner);
  }

  /** What documents have at this place, else at places of the same form; and last the plainest the schema allows. */
  get(schema: Schema): readonly Json[] {
    return [...(this.#values.get(meaning(schema)) ?? this.#values.get(form(schema)) ?? []), this.#plain(schema)];
  }

  #plain(schema: Schema): Json {
    if (schema.const !== undefined) return schema.const as Json;
    if (schema.enum) return schema.enum[0] as Json;
    if (schema.anyOf) return this.get(schema.anyOf[0]!)[0]!;
    switch (schema.type) {
      case 'object':
        return Object.fromEntries((schema.required ?? []).map((key) => [key, this.get(schema.properties![key]!)[0]!]));
      case 'array':
        if (Array.isArray(schema.items)) return (schema.items as Schema[]).map((item) => this.get(item)[0]!);
        return Array.from({ length: schema.minItems ?? 0 }, () => this.get(schema.items as Schema)[0]!);
      case 'string':
        return 'x'.repeat(schema.minLength ?? 1);
      case 'boolean':
        return false;
      default:
        return Math.min(Math.max(1, schema.minimum ?? -Infinity), schema.maximum ?? Infinity);
    }
  }
}

/** Lengths of arrays and texts that are drawn, beside the longest. */
const USUAL_LENGTH = 4;
/** Real numbers at which something may turn. */
const TURNS = [0, 1, -1, 0.5, -0.5, 2, 4, 0.1, 1e-3, 2 ** -64, 2 ** 31, 2 ** 53, 1e300, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 2 ** -1022];

/** A value the schema allows; numbers at the ends of their range and beside the present value more often than elsewhere. */
export function valueOf(schema: Schema, present?: Json): fc.Arbitrary<Json> {
  const { minimum, maximum, exclusiveMinimum } = schema;
  if (schema.const !== undefined) return fc.constant(schema.const as Json);
  if (schema.enum) return fc.constantFrom(...(schema.enum as Json[]));
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((branch) => valueOf(branch, present)));
  const [low, high] = [minimum ?? exclusiveMinimum ?? -Number.MAX_VALUE, maximum ?? Number.MAX_VALUE];
  const allowed = (value: number): boolean => low <= value && value <= high && value !== exclusiveMinimum;
  const beside = typeof present === 'number' ? present : 1;
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer': {
      return fc.oneof(fc.constantFrom(...[beside - 1, beside + 1, low, low + 1, high - 1, high].filter(allowed)), fc.integer({ min: low, max: high }));
    }
    case 'number':
      return fc.oneof(
        fc.constantFrom(...[...TURNS, beside / 2, beside * 2, -beside, beside + 1].filter(allowed)),
        fc.double({ noNaN: true, min: low, max: high }).filter(allowed),
      );
    case 'string': {
      if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern, 'u'));
      const [least, most] = [schema.minLength ?? 0, schema.maxLength ?? USUAL_LENGTH];
      const long = fc.constantFrom('x', '…', '\u202e', '\0').map((character) => character.repeat(most));
      const usual = fc.string({ minLength: least, maxLength: Math.max(least, Math.min(most, 4 * USUAL_LENGTH)), unit: 'binary' });
      return fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: long });
    }
    case 'array':
      return arrayOf(schema);
    case 'object':
      return objectOf(schema);
    default:
      throw new Error(`no values for ${JSON.stringify(schema)}`);
  }
}

function arrayOf(schema: Schema): fc.Arbitrary<Json> {
  const { items, minItems = 0, maxItems = USUAL_LENGTH, uniqueItems } = schema;
  if (Array.isArray(items)) return fc.tuple(...(items as Schema[]).map((item) => valueOf(item)));
  const item = items as Schema;
  const lengths = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, USUAL_LENGTH)) };
  if (uniqueItems) {
    const usual = fc.uniqueArray(valueOf(item), lengths);
    const longest = fc.constant(maxItems).map((length) => Array.from({ length }, (_, index) => index));
    return item.type === 'integer' ? fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: longest }) : usual;
  }
  const usual = fc.array(valueOf(item), lengths);
  const longest = valueOf(item).map((value) => Array<Json>(maxItems).fill(value));
  return item.type === 'number' ? fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: longest }) : usual;
}

function objectOf({ properties = {}, patternProperties = {}, required = [] }: Schema): fc.Arbitrary<Json> {
  const parts = Object.fromEntries(
    Object.entries(properties).map(([key, inner]) => {
      const value = valueOf(inner);
      return [key, required.includes(key) ? value : fc.option(value, { nil: undefined, freq: 1 })] as const;
    }),
  );
  const [pattern, child] = Object.entries(patternProperties)[0] ?? [];
  const others = pattern === undefined
    ? fc.constant({})
    : fc.dictionary(fc.stringMatching(new RegExp(pattern)), valueOf(child!), { maxKeys: 2, noNullPrototype: true });
  return fc.tuple(fc.record(parts), others).map(([known, more]) => JSON.parse(JSON.stringify({ ...known, ...more })) as Json);
}

/** One change; prints as place and values. */
export interface Change {
  readonly document: Json;
  readonly [fc.toStringMethod]: () => string;
}

/** What stands for a key that is taken out. */
const GONE = Symbol('gone');
const shown = (value: Json | typeof GONE | undefined): string => {
  const text = value === GONE || value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 100)}… (${text.length} characters)` : text;
};
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Documents that differ from this one in one field. What is missing on the way to the field is put in first.
 *
 * @param name what the change is called the document
 */
export function changesOf(field: Field, name: string, document: Json, donors: Donors): fc.Arbitrary<Change> {
  const last = field.steps.at(-1)!;
  return fc.tuple(...field.steps.map((step) => stepOf(step, donors))).chain((ways) => {
    const grown = structuredClone(document);
    let holder: Json = grown;
    const path: (string | number)[] = [];
    let putIn = '';
    ways.forEach(({ keyIn, filling }, depth) => {
      const entries = Array.isArray(holder) ? holder.length : 0;
      const key = keyIn(holder);
      path.push(key);
      const slots = holder as Record<string | number, Json>;
      const missing = Array.isArray(holder) ? holder.length > entries : !Object.hasOwn(slots, key) && depth < ways.length - 1;
      if (missing) slots[key] = structuredClone(filling);
      if (missing && putIn === '') putIn = ` with ${pathText(path)} ${shown(filling)}`;
      if (depth < ways.length - 1) holder = slots[key]!;
    });
    const key = path.at(-1)!;
    const slots = holder as Record<string | number, Json>;
    const present = Object.hasOwn(slots, key) ? slots[key] : undefined;
    const siblings = last.kind === 'entry' && field.steps.at(-2)!.schema.uniqueItems === true ? (holder as Json[]) : [];
    const values: fc.Arbitrary<Json | typeof GONE> = fc
      .oneof(
        { weight: 5, arbitrary: valueOf(field.drawn, present) },
        { weight: present === undefined ? 3 : 1, arbitrary: fc.constantFrom(...donors.get(field.drawn)) },
      )
      .filter((value) => !same(value, present) && !siblings.some((sibling) => same(sibling, value)));
    const removable = last.kind === 'pattern' || (last.kind === 'key' && last.optional);
    const after = removable && present !== undefined ? fc.oneof({ weight: 1, arbitrary: fc.constant(GONE) }, { weight: 4, arbitrary: values }) : values;
    return after.map((value) => {
      const changed = structuredClone(grown);
      const place = path.slice(0, -1).reduce((inner: Json, part) => (inner as Record<string | number, Json>)[part]!, changed) as Record<string | number, Json>;
      if (value === GONE) delete place[key];
      else place[key] = structuredClone(value);
      const text = `${name}${putIn}: ${pathText(path)}: ${shown(present)} → ${shown(value)}`;
      return { document: changed, [fc.toStringMethod]: () => text };
    });
  });
}

const pathText = (path: readonly (string | number)[]): string => path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('').slice(1);

interface Way {
  /** The key of a container that the step takes; it may make room for it. */
  readonly keyIn: (container: Json) => string | number;
  readonly filling: Json;
}

function stepOf(step: Step, donors: Donors): fc.Arbitrary<Way> {
  const fillings = fc.constantFrom(...donors.get(step.schema));
  switch (step.kind) {
    case 'key':
      return fillings.map((filling) => ({ keyIn: () => step.key, filling }));
    case 'pattern':
      return fc.tuple(fc.stringMatching(new RegExp(step.pattern)), fillings).map(([key, filling]) => ({ keyIn: () => key, filling }));
    case 'index':
      return fillings.map((filling) => ({ keyIn: () => step.index, filling }));
    case 'entry':
      return fc.tuple(fc.nat(), fillings).map(([draw, filling]) => ({
        filling,
        keyIn: (container) => {
          const entries = container as Json[];
          const matching = entries.flatMap((entry, index) => (step.branch === undefined || branchOf(step.union, entry) === step.branch ? [index] : []));
          if (matching.length === 0) entries.push(structuredClone(filling));
          return matching.length === 0 ? entries.length - 1 : matching[draw % matching.length]!;
        },
      }));
  }
}
