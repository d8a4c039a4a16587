/** The frame of a page: one HTML file with everything in it, which asks nothing of a network and runs no script but its own. */
import { createHash } from 'node:crypto';
import { VERSION } from '../../version.js';
import { html, Markup, type Content } from './markup.js';
import { STYLE } from './style.js';

export interface DocumentParts {
  readonly title: string;
  readonly heading: string;
  /** What the page is of, in words: terms with what they are. */
  readonly facts: readonly (readonly [term: string, what: Content])[];
  /** What the first section is called, for those who skip to it. */
  readonly first: string;
  /** Sections by the id of their heading. */
  readonly contents: readonly (readonly [id: string, label: string])[];
  readonly main: Content;
  /** Data for scripts and readers. */
  readonly islands: Content;
  /** Scripts that run, in order. */
  readonly scripts?: readonly string[];
  /** Style that stands before the page's own. */
  readonly style?: string;
}

/** Hash of an inline script or style, as a content security policy names it. */
const cspHash = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** The whole file. The same parts give the same bytes. */
export function htmlDocument({ title, heading, facts, first, contents, main, islands, scripts = [], style: before = '' }: DocumentParts): string {
  const style = before + STYLE;
  const allowed = scripts.length === 0 ? '' : ` script-src ${scripts.map(cspHash).join(' ')};`;
  const policy = `default-src 'none';${allowed} style-src ${cspHash(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="qrails ${VERSION}">
<title>${title} – qrails</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to ${first}</a>
<header>
<h1>${heading}</h1>
<dl>${facts.map(([term, what]) => html`<dt>${term}</dt><dd>${what}</dd>\n`)}</dl>
</header>
<nav aria-label="Contents"><ul>${contents.map(([id, label]) => html`<li><a href="#${id}">${label}</a></li>`)}</ul></nav>
<main id="main" tabindex="-1">
${main}</main>
${islands}${scripts.map((script) => html`<script>${new Markup(script)}</script>\n`)}</body>
</html>
`.text;
}
