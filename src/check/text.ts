/** JSON a person reviews: keys sorted, two spaces, and on one line whatever fits on one, so that a diff shows a site or a row of weights. */
import { isList, isScalar } from './walk.js';

const WIDTH = 150;
/** Of a row: an object of scalars and lists of them, or of such objects. */
const ROW_WIDTH = 300;

/**
 * Reviewable JSON text, ending in a line feed. A list of scalars stays on one line however long it is.
 *
 * @example reviewable({ b: [1, 2], a: 'x' }) // '{\n  "a": "x",\n  "b": [1, 2]\n}\n'
 */
export function reviewable(value: Readonly<Record<string, unknown>>): string {
  return `${block(value, '')}\n`;
}

function write(value: unknown, indent: string, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const line = oneLine(value);
  const width = indent.length + before + line.length;
  return width <= WIDTH || isList(value) || (isRow(value, 2) && width <= ROW_WIDTH) ? line : block(value, indent);
}

/** Objects at most `depth` levels deep. */
function isRow(value: object, depth: number): boolean {
  if (Array.isArray(value) || depth === 0) return false;
  return Object.values(value).every((entry: unknown) => isScalar(entry) || isList(entry) || (entry !== undefined && isRow(entry, depth - 1)));
}

function block(value: object, indent: string): string {
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((entry: unknown) => inner + write(entry, inner, 0))
    : entries(value).map(([key, entry]) => `${inner}${JSON.stringify(key)}: ${write(entry, inner, key.length + 4)}`);
  return Array.isArray(value) ? `[\n${lines.join(',\n')}\n${indent}]` : `{\n${lines.join(',\n')}\n${indent}}`;
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  const parts = entries(value).map(([key, entry]) => `${JSON.stringify(key)}: ${oneLine(entry)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** Sorted by key; absent values left out. */
const entries = (value: object): [string, unknown][] =>
  Object.entries(value).filter(([, entry]) => entry !== undefined).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
