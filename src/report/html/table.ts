/** Tables, in a place that scrolls by keyboard where they are wide. */
import { html, type Content, type Markup } from './markup.js';

export interface TableParts {
  readonly caption: Content;
  readonly head: readonly Content[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Content[])[];
  readonly className?: string;
}

export function table({ caption, head, rows, className = '' }: TableParts): Markup {
  return html`<table class="${className}"><caption>${caption}</caption>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody></table>`;
}

/** Something that may be wider or higher than its place. @param label what a screen reader calls it */
export const scrolled = (label: string, content: Content): Markup => html`<div class="wide" role="group" tabindex="0" aria-label="${label}">${content}</div>`;

/** A table that may be wider than the page. */
export const wide = (label: string, parts: TableParts): Markup => scrolled(label, table(parts));

/** What is shown only when it is asked for. */
export const folded = (summary: Content, content: Content): Markup => html`<details><summary>${summary}</summary>\n${content}</details>\n`;
