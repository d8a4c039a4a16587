/** C functions that generated code calls by name; a file gets those it mentions, and what these mention. */

export interface Helper {
  readonly name: string;
  readonly text: string;
}

/** Whether the text mentions the identifier. */
export const mentions = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);

/** Of a list in which each uses only earlier ones: those the text needs, in the order of the list. */
export function neededHelpers(text: string, all: readonly Helper[]): string[] {
  const needed: string[] = [];
  for (const helper of [...all].reverse()) if ([text, ...needed].some((part) => mentions(part, helper.name))) needed.unshift(helper.text);
  return needed;
}
