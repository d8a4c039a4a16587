/** Paths of `--set`, from the schemas of the documents they change. */
import { ROOTS, SHORTHAND } from '../../document/set.js';
import type { DocumentKind } from '../../document/catalogue.js';
import { SCHEMAS } from '../../schema/index.js';
import { itemSchema, propertySchema, type JsonSchema } from '../../schema/navigate.js';
import type { Candidate } from './kinds.js';

/** What a part of a path can go on with, or the values of one that is complete. */
export function setCandidates(text: string): Candidate[] {
  const equals = text.indexOf('=');
  if (equals >= 0) {
    const path = text.slice(0, equals);
    return schemasAt(path.split('.')).flatMap(valuesOf).map((word) => ({ word: `${path}=${word}`, about: '' }));
  }
  const parts = text.split('.');
  const before = parts.slice(0, -1);
  if (before.length === 0) return ROOTS.map((root) => ({ word: `${root}.`, about: '' }));
  const found = new Map<string, Candidate>();
  for (const schema of schemasAt(before)) {
    for (const [key, inner] of entriesOf(schema)) {
      const word = `${[...before, key].join('.')}${branches(inner).some(({ type }) => type === 'object' || type === 'array') ? '.' : '='}`;
      found.set(word, { word, about: inner.description ?? '' });
    }
  }
  return [...found.values()];
}

/** Every schema a path may lead to: one for each branch of the unions on its way. */
function schemasAt([root, ...keys]: readonly string[]): readonly JsonSchema[] {
  if (root === undefined || !ROOTS.includes(root)) return [];
  const short = Object.hasOwn(SHORTHAND, root) ? SHORTHAND[root as keyof typeof SHORTHAND] : undefined;
  return below(SCHEMAS[short ?? (root as DocumentKind)] as JsonSchema, short === undefined ? keys : [root, ...keys]);
}

function below(schema: JsonSchema, [key, ...rest]: readonly string[]): readonly JsonSchema[] {
  if (key === undefined) return branches(schema);
  return branches(schema).flatMap((branch) => {
    if (branch.type === 'array') return further(itemSchema(branch, Number(key)), rest);
    const inner = propertySchema(branch, key);
    // `layer0.weight` is one key.
    return inner === undefined && rest.length > 0 ? further(propertySchema(branch, `${key}.${rest[0]}`), rest.slice(1)) : further(inner, rest);
  });
}

const further = (schema: JsonSchema | undefined, keys: readonly string[]): readonly JsonSchema[] => (schema === undefined ? [] : below(schema, keys));

const branches = (schema: JsonSchema): readonly JsonSchema[] => schema.anyOf?.flatMap(branches) ?? [schema];

const entriesOf = (schema: JsonSchema): [string, JsonSchema][] => {
  if (schema.type !== 'array') return Object.entries(schema.properties ?? {});
  const first = itemSchema(schema, 0);
  return first === undefined ? [] : [['0', first]];
};

const valuesOf = (schema: JsonSchema): string[] => {
  if (schema.type === 'boolean') return ['true', 'false'];
  return (schema.enum ?? (schema.const === undefined ? [] : [schema.const])).filter((value) => typeof value === 'string' || typeof value === 'number').map(String);
};
