/** What a schema asks for, in words for an `expected` line. */
import { Real } from './common.js';
import { discriminatorOf, discriminatorValues, type JsonSchema } from './navigate.js';

const ARTICLES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'text',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
};

/** `one of each, pair, end`; a single word stands alone. */
export function oneOf(values: readonly unknown[]): string {
  const words = values.map(String);
  return words.length === 1 ? words[0]! : `one of ${words.join(', ')}`;
}

/** `from 2 to 64`, `at least 1`, `above 0 and at most 1`; empty where a number has no bounds. */
function range({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`;
  const parts: string[] = [];
  if (minimum !== undefined) parts.push(`at least ${minimum}`);
  if (exclusiveMinimum !== undefined) parts.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined) parts.push(`at most ${maximum}`);
  return parts.join(' and ');
}

function size(least: number | undefined, most: number | undefined, unit: string): string {
  if (least !== undefined && least === most) return `of ${least} ${unit}`;
  if (least !== undefined && most !== undefined) return `of ${least} to ${most} ${unit}`;
  if (least !== undefined) return `of at least ${least} ${unit}`;
  return most === undefined ? '' : `of at most ${most} ${unit}`;
}

const join = (...parts: string[]): string => parts.filter((part) => part !== '').join(' ');

/** One line that says what a value of this schema looks like. */
export function describe(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return oneOf(schema.enum);
  if (schema.anyOf !== undefined) return union(schema);
  const kind = ARTICLES[schema.type ?? ''] ?? 'a value';
  switch (schema.type) {
    case 'number':
    case 'integer':
      return note(join(kind, range(schema)), schema);
    case 'string':
      if (schema.pattern !== undefined) return schema.description ?? `text that matches ${schema.pattern}`;
      return note(join(kind, size(schema.minLength, schema.maxLength, 'characters')), schema);
    case 'array':
      return note(join(kind, size(schema.minItems, schema.maxItems, 'entries')), schema);
    default:
      return note(kind, schema);
  }
}

function note(text: string, { description }: JsonSchema): string {
  return description === undefined ? text : `${text} (${description})`;
}

function union(schema: JsonSchema): string {
  if (schema.anyOf === (Real as JsonSchema).anyOf) return note('a number, or text such as "0.05" or "1/32"', schema === Real ? {} : schema);
  const key = discriminatorOf(schema);
  if (key !== undefined) return `an object whose ${key} is ${oneOf(discriminatorValues(schema, key))}`;
  return note((schema.anyOf ?? []).map((branch) => describe(branch)).join(', or '), schema);
}
