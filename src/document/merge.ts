import type { Json } from './json.js';

/** Keys that say what a document is, not what it states: a document that extends another does not inherit them. */
const OWN_KEYS: readonly string[] = ['$schema', 'extends', 'name', 'title', 'about'];

/** Objects are merged key by key; everything else, arrays included, is replaced. Neither argument is changed. */
function mergeObjects(base: Json, over: Json): Json {
  if (!isJsonObject(base) || !isJsonObject(over)) return over;
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = Object.hasOwn(base, key) ? mergeObjects(base[key]!, value) : value;
  return merged;
}

/** A document laid over the one it extends. The result extends nothing. */
export function mergeDocuments(base: Json, over: Json): Json {
  const inherited = isJsonObject(base) ? Object.fromEntries(Object.entries(base).filter(([key]) => !OWN_KEYS.includes(key))) : base;
  const merged = mergeObjects(inherited, over);
  if (isJsonObject(merged)) delete merged['extends'];
  return merged;
}

function isJsonObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
