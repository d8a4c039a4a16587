/** Walks a schema beside a value. The schemas hold no `$ref`; `anyOf` is the only combinator they use. */

/** The part of draft-07 the document schemas use. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The values a discriminating property may have in one branch of a union. */
const constants = (schema: JsonSchema | undefined): readonly unknown[] => (schema?.const !== undefined ? [schema.const] : (schema?.enum ?? []));

/** The key whose value tells the objects of a union apart (`kind`, `method`), or undefined. */
export function discriminatorOf(union: JsonSchema): string | undefined {
  const objects = (union.anyOf ?? []).filter((branch) => branch.type === 'object');
  if (objects.length < 2) return undefined;
  return Object.keys(objects[0]!.properties ?? {}).find((key) =>
    objects.every((branch) => branch.required?.includes(key) === true && constants(branch.properties?.[key]).length > 0),
  );
}

/** Every value the discriminating key may have. */
export function discriminatorValues(union: JsonSchema, key: string): unknown[] {
  return (union.anyOf ?? []).flatMap((branch) => [...constants(branch.properties?.[key])]);
}

/** Index of the branch of a union a value is meant for: by its discriminating key, or as the only object or array in it. */
export function branchOf(union: JsonSchema, value: unknown): number | undefined {
  const branches = union.anyOf ?? [];
  const key = discriminatorOf(union);
  let matching: (branch: JsonSchema) => boolean;
  if (isObject(value)) matching = (branch) => branch.type === 'object' && (key === undefined || constants(branch.properties?.[key]).includes(value[key]));
  else if (Array.isArray(value)) matching = (branch) => branch.type === 'array';
  else return undefined;
  const indices = branches.flatMap((branch, index) => (matching(branch) ? [index] : []));
  return indices.length === 1 ? indices[0] : undefined;
}

/** The schema that governs a value: the schema itself, or for a union the branch the value is meant for. */
export function governing(schema: JsonSchema | undefined, value: unknown): JsonSchema | undefined {
  if (schema?.anyOf === undefined) return schema;
  const index = branchOf(schema, value);
  return index === undefined ? undefined : schema.anyOf[index];
}

/** The schema of one key of an object, or undefined where the object does not know the key. */
export function propertySchema(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return Object.entries(schema?.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, 'u').test(key))?.[1];
}

/** The schema of one entry of an array. */
export function itemSchema(schema: JsonSchema | undefined, index: number): JsonSchema | undefined {
  const items = schema?.items;
  return items !== undefined && Array.isArray(items) ? (items as readonly JsonSchema[])[index] : (items as JsonSchema | undefined);
}
