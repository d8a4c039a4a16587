import { Type, type TSchema } from '@sinclair/typebox';

/** An object that refuses unknown keys. */
export const strict = <T extends Record<string, TSchema>>(properties: T, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

export const StringEnum = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], description });

/** A name that is safe as a file name and in a terminal. */
export const Name = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', description: 'lower-case letters, digits, dots and dashes' });

export const Source = Type.String({ minLength: 1, maxLength: 1000, description: 'where this figure comes from' });

/** A real number that is quantised exactly: a JSON number is read as its decimal text, a string may be a decimal or a fraction `1/32`. */
export const Real = Type.Unsafe<number | string>({
  anyOf: [{ type: 'number' }, { type: 'string', pattern: '^[+-]?([0-9]{1,40}(\\.[0-9]{0,60})?|\\.[0-9]{1,60})([eE][+-]?[0-9]{1,3})?$|^[+-]?[0-9]{1,40}/[0-9]{1,40}$' }],
  description: 'number, or text such as "0.05" or "1/32"; quantised exactly, never through a double',
});

export const header = {
  $schema: Type.Optional(Type.String({ maxLength: 1000, description: 'for editors; not read' })),
  name: Name,
  title: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  about: Type.Optional(Type.String({ maxLength: 4000 })),
};

/** What the runs of a result were made from. */
export const runNames = {
  experiment: Type.String(), title: Type.String(), profile: Type.String(), sensor: Type.String(), supervisor: Type.String({ description: 'law of the supervisor, the same in every run' }),
};

/** A schema with a description of its own. */
export const described = <T extends TSchema>(schema: T, description: string): T => ({ ...schema, description });

/** Largest seed of an experiment. */
export const LAST_SEED = 2 ** 32 - 1;
/** Steps of a phase, and of a run where they are stated. */
export const MOST_STEPS = 100_000_000;
