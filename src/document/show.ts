/** How values and places of a hostile document are printed: short, and without bytes a terminal would act on. */

export type Path = readonly (string | number)[];

const LONGEST = 72;
/** Control characters, line separators and marks that reorder or hide text. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text with every unprintable character as `\u001b`, cut to `longest` characters. */
export function printable(text: string, longest = LONGEST): string {
  const cut = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return cut.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A value as JSON, short: long arrays and objects are described instead of printed. */
export function show(value: unknown): string {
  if (Array.isArray(value) && value.length > 8) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 8) return `an object with ${Object.keys(value).length} keys`;
  if (typeof value === 'string' && value.length > LONGEST) return printable(JSON.stringify(value.slice(0, LONGEST)));
  return printable(JSON.stringify(value) ?? String(value));
}

/** A key as it is written in a path: plain where it is a word, else quoted. */
export function showKey(key: string): string {
  return /^[\w$][\w$.-]{0,79}$/.test(key) ? key : `[${printable(JSON.stringify(key.slice(0, LONGEST)))}]`;
}

/** `['sites', 'weight', 'rails', 1]` is `sites.weight.rails[1]`, the form `--set` reads. */
export function showPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else {
      const key = showKey(part);
      text += text === '' || key.startsWith('[') ? key : `.${key}`;
    }
  }
  return text;
}
