/** HTML with every interpolated string escaped: what is not `Markup` is text, wherever it came from. */
import { printable } from '../../document/show.js';

/** HTML that may stand as it is. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = string | number | Markup | readonly Content[] | undefined | null | false;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML, for elements and quoted attributes. Control characters and marks that reorder or hide text are spelled out, but for line feeds. */
export function escapeHtml(text: string): string {
  return text.split('\n').map((line) => printable(line, Infinity)).join('\n').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

function rendered(content: Content): string {
  if (content === undefined || content === null || content === false) return '';
  if (content instanceof Markup) return content.text;
  return typeof content === 'object' ? content.map(rendered).join('') : escapeHtml(String(content));
}

/**
 * A template whose values are escaped.
 *
 * @example html`<p title="${'"'}">${'<b>'}</p>`.text // <p title="&quot;">&lt;b&gt;</p>
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, index) => part + rendered(values[index])).join(''));
}

/** JSON that no script element can be left from, and that is itself valid JavaScript. */
export const inertJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Data for scripts: never run itself. */
export const island = (id: string, value: unknown): Markup => html`<script type="application/json" id="${id}">${new Markup(inertJson(value))}</script>\n`;
