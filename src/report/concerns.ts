/** Concerns for the first screen: a line each. */
import { printable } from '../document/show.js';
import type { Concern } from '../schema/concern.js';

/** Warnings shown at most; the rest, and notes, are in the JSON. */
const SHOWN = 3;

/** Where, what it is and its repair, in one sentence. */
export const concernText = ({ where, message, try: repair }: Concern): string => printable(`${where}: ${message} (try ${repair})`, Infinity);

/**
 * A line for each of the first three warnings, and how many more concerns there are, where there is a warning at all.
 *
 * @param width columns at which a line is broken, between words and indented by two; default never
 * @example printConcerns([concern]) // ['layer0.accumulator: holds 1 full-scale product, but 4 are added: at worst it saturates (try --set …)']
 */
export function printConcerns(concerns: readonly Concern[], width = Infinity): string[] {
  const warnings = concerns.filter(({ severity }) => severity === 'warning').slice(0, SHOWN);
  const more = concerns.length - warnings.length;
  return [...warnings.map(concernText), ...(more > 0 && warnings.length > 0 ? [`${more} more: --json`] : [])].flatMap((text) => broken(text, width));
}

function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && [...last].length + 1 + [...word].length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  return lines;
}
