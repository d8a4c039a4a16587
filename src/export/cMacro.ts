/** Groups of `#define` lines. */

export interface Macro {
  /** Without the prefix of the export. */
  readonly name: string;
  /** A constant expression, or the full name of another macro. */
  readonly value: string;
  readonly comment?: string;
}

/** Macros that belong together, under a comment. Names and comments are safe text already. */
export interface MacroGroup {
  readonly comment: string;
  readonly macros: readonly Macro[];
}

/** The lines of a group, values in one column. */
export function renderGroup({ comment, macros }: MacroGroup, prefix: string): string {
  const width = Math.max(...macros.map(({ name }) => name.length));
  const lines = macros.map(({ name, value, comment: note }) => `#define ${prefix}_${name.padEnd(width)} ${value}${note === undefined ? '' : ` /* ${note} */`}`);
  return [`/* ${comment} */`, ...lines].join('\n');
}

/** Numbers for the options of a choice, so that firmware can compare names in `#if`. `idOf` defaults to the place in the list. */
export function options(name: string, words: readonly string[], idOf: (index: number) => number = (index) => index): Macro[] {
  return words.map((word, index) => ({ name: `${name}_${word}`, value: String(idOf(index)) }));
}
