/** Reads C as the importer does, and shows what came of it. */
import type { NumberArray } from '../../src/import/array.js';
import { readC } from '../../src/import/cArrays.js';
import { Macros } from '../../src/import/cMacros.js';
import { describedByMacros } from '../../src/import/describe.js';
import { formatName } from '../../src/format/format.js';
import { realText } from '../../src/format/decimal.js';

export interface ReadText {
  readonly arrays: readonly NumberArray[];
  readonly macros: Macros;
}

/** Files one after the other, with what macros say of each array. */
export function readAll(...sources: readonly string[]): ReadText {
  const macros = new Macros();
  const arrays = sources.flatMap((source, index) => readC(source, `f${index}.c`, macros));
  return { arrays: arrays.map((array) => describedByMacros(array, macros)), macros };
}

/** `coeffs 2×2 sfix16_En15: 1 2 3 4`, or the problem. */
export function shown({ name, shape, format, numbers, problem }: NumberArray): string {
  if (problem) return `${name}: ${problem.parts.message}, found ${problem.parts.found}`;
  const values = numbers.kind === 'real' ? numbers.values.map((value) => realText(value)) : numbers.values.map(String);
  return `${name} ${shape.join('×')} ${format ? formatName(format) : '?'}: ${values.join(' ')}`;
}

export const read = (...sources: readonly string[]): string[] => readAll(...sources).arrays.map(shown);
