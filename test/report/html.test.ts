/** The page: what stands in it, that nothing else does, and that it asks for nothing. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { VERDICTS } from '../../src/compare/thresholds.js';
import { Decimator } from '../../src/report/html/decimate.js';
import { escapeHtml, html, inertJson, Markup } from '../../src/report/html/markup.js';
import { pageScripts, renderReport, type ReportInput } from '../../src/report/html/page.js';
import { PICTURE_IDS, type PictureId } from '../../src/report/html/pictures.js';
import { report } from '../../src/report/html/report.js';
import { DARK, LIGHT } from '../../src/report/html/theme.js';
import type { Points } from '../../src/report/html/decimate.js';
import { HOSTILE, hostile, smallInput } from './made.js';

let input: ReportInput;
let page: string;
beforeAll(async () => {
  input = await smallInput();
  page = renderReport(input);
});

const SCRIPT = /<script([^>]*)>([\s\S]*?)<\/script>/g;
const scripts = (text: string): { attributes: string; body: string }[] => [...text.matchAll(SCRIPT)].map(([, attributes, body]) => ({ attributes: attributes!, body: body! }));
const islandOf = (text: string, id: string): unknown => JSON.parse(scripts(text).find(({ attributes }) => attributes.includes(`id="${id}"`))!.body);
/** The page without what stands in scripts and styles. */
const outside = (text: string): string => text.replace(SCRIPT, '<script$1></script>').replace(/<style>[\s\S]*?<\/style>/, '<style></style>');
/** Every tag with the names of its attributes. Values are quoted and hold no angle bracket. */
const tags = (text: string): string[] => outside(text).match(/<[^>]*>/g)!.map((tag) => tag.replace(/="[^"]*"/g, '='));

describe('markup', () => {
  it('escapes what is not markup, in text and attributes, and spells out what hides', () => {
    expect(html`<p title="${'"\'&'}">${['<b>', 1, html`<i>${'>'}</i>`, undefined, null, false]}</p>`.text).toBe('<p title="&quot;&#39;&amp;">&lt;b&gt;1<i>&gt;</i></p>');
    expect(escapeHtml('a\nb\u202e\u0000')).toBe('a\nb\\u202e\\u0000');
    expect(html`${new Markup('<br>')}`.text).toBe('<br>');
  });

  it('JSON in it cannot end a script, open a comment or break a line, and reads back the same', () => {
    for (const text of HOSTILE) {
      const inert = inertJson({ text });
      expect(inert).not.toMatch(/[<>&\u2028\u2029]/);
      expect(JSON.parse(inert)).toEqual({ text });
    }
  });
});

describe('the page', () => {
  it('has every verdict as a word with a shape, every reason, every command, and the hashes of its plans', () => {
    const { runs, plan } = input.comparison;
    expect(page).toContain(plan.hash);
    for (const { planHash, verdict } of runs) {
      expect(page).toContain(planHash);
      for (const word of [verdict.float, verdict.fixed]) expect(page).toMatch(new RegExp(`<span class="verdict verdict-${word.replace(' ', '-')}"><svg [^>]*>.+?</svg> ${word}</span>`));
      for (const why of verdict.why) expect(page).toContain(escapeHtml(why));
      for (const { command, effect } of verdict.try) {
        expect(page).toContain(`>${escapeHtml(command)}</code>`);
        expect(page).toContain(escapeHtml(effect));
      }
    }
    expect(runs.flatMap(({ verdict }) => verdict.try).length).toBeGreaterThan(0);
  });

  it('has every site that counted, its first overflow with operands, where the runs part, and the flags of the hardware', () => {
    for (const { fixed, flags } of input.comparison.runs) {
      for (const [key, { count, format }] of Object.entries(fixed.sites)) if (count > 0) expect(page).toContain(`<code>${key}</code><br><small>${format} `);
      for (const flag of flags!) expect(page).toContain(escapeHtml(flag.name));
      for (const { firstOverflow } of Object.values(fixed.sites)) for (const { name } of firstOverflow?.operands ?? []) expect(page).toContain(`<code>${name}</code> = `);
    }
    expect(input.comparison.runs.some(({ fixed }) => Object.values(fixed.sites).some(({ firstOverflow }) => (firstOverflow?.operands?.length ?? 0) > 0))).toBe(true);
    for (const { parting } of input.runs) expect(page).toContain(parting!.beyond!.name);
  });

  it('has the numbers behind every picture: as tables, and all of them as JSON', () => {
    expect(islandOf(page, 'qrails-comparison')).toEqual(input.comparison);
    expect(islandOf(page, 'qrails-plans')).toEqual(input.runs.map(({ plan }) => plan));
    const pictures = islandOf(page, 'qrails-pictures') as { id: string; run: number; steps: number[]; float: unknown[]; fixed: unknown[] }[];
    expect(pictures.length).toBeGreaterThan(6);
    for (const { id, run, steps, float, fixed } of pictures) {
      const points = input.runs[run]!.curves[id.split('-').at(-1) as PictureId];
      expect({ steps, values: [float, fixed] }).toEqual({ steps: points.steps, values: points.values });
      expect(page).toContain(`id="${id}"`);
    }
    const figures = outside(page).match(/<figure[\s\S]*?<\/figure>/g)!;
    expect(figures.length).toBeGreaterThan(pictures.length);
    for (const figure of figures) {
      expect(figure).toMatch(/<svg[^>]* role="img" aria-label="[^"]{10,}"/);
      expect(figure).toMatch(/<details><summary>Numbers: [\s\S]*<table/);
    }
  });

  it('asks for nothing: no address, no import, no url(), links only into itself', () => {
    const own = outside(page) + scripts(page).filter(({ attributes }) => attributes === '').map(({ body }) => body).join('') + /<style>[\s\S]*?<\/style>/.exec(page)![0];
    expect(own).not.toMatch(/https?:|url\(|@import|@font-face|srcset|<link(?! rel="icon" href="data:,">)|<iframe|<object|<embed|<base|<form/);
    for (const [, value] of outside(page).matchAll(/ (?:src|href)="([^"]*)"/g)) expect(value).toMatch(/^(#[\w-]+|data:.*)$/);
    expect(page).not.toContain(process.cwd());
  });

  it('has a policy with the hashes of exactly its own scripts and style, and no unsafe word', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!.replaceAll('&#39;', "'");
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const running = scripts(page).filter(({ attributes }) => attributes === '').map(({ body }) => body);
    expect(running).toEqual(pageScripts());
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'", `script-src ${running.map(hash).join(' ')}`, `style-src ${hash(style)}`, 'img-src data:', "base-uri 'none'", "form-action 'none'",
    ]);
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.search(/<style|<script|<link/));
    expect(outside(page)).not.toMatch(/ style="| on[a-z]+="/);
    for (const { attributes } of scripts(page)) expect(attributes).toMatch(/^( type="application\/json" id="qrails-[a-z]+")?$/);
    for (const script of running) expect(script).not.toMatch(/<\/script|<!--/i);
  });

  it('carries the licence of what it carries', () => {
    expect(pageScripts()[0]).toContain('The MIT License (MIT)');
    expect(pageScripts()[0]).toMatch(/^\/\*! uPlot \d/);
  });

  it('is the same, byte for byte, made again from the same options', async () => {
    expect(renderReport(structuredClone({ ...input, runs: input.runs.map(({ plan, curves }) => ({ plan, curves })) }))).toBe(renderReport({ ...input, runs: input.runs.map(({ plan, curves }) => ({ plan, curves })) }));
    const options = { profile: 'enabol-tight', throttle: ['none'], steps: 30, tries: false };
    expect((await report(options)).html).toBe((await report(options)).html);
  });

  it('can be made of a comparison that was not recorded in full', () => {
    const runs = input.comparison.runs.map((run) => ({ ...run, fixed: { ...run.fixed, sites: Object.fromEntries(Object.entries(run.fixed.sites).map(([key, site]) => [key, { ...site, full: null }])) } }));
    expect(renderReport({ ...input, comparison: { ...input.comparison, runs } })).not.toContain('class="histogram"');
    expect(() => renderReport({ ...input, runs: [] })).toThrow(RangeError);
  });
});

describe('hostile text', () => {
  it.each(HOSTILE)('%j changes no tag, no attribute and no script', (text) => {
    const attacked = renderReport(hostile(input, text));
    expect(tags(attacked)).toEqual(tags(page));
    expect(outside(attacked)).toContain(escapeHtml(text));
    expect(scripts(attacked).map(({ attributes }) => attributes)).toEqual(scripts(page).map(({ attributes }) => attributes));
    expect(scripts(attacked).filter(({ attributes }) => attributes === '').map(({ body }) => body)).toEqual(pageScripts());
    expect((islandOf(attacked, 'qrails-comparison') as ReportInput['comparison']).plan.title).toBe(text);
  });
});

describe('colours', () => {
  const luminance = (colour: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: string, b: string): number => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light! + 0.05) / (dark! + 0.05);
  };

  it.each([['light', LIGHT], ['dark', DARK]] as const)('%s: texts have 4.5 : 1 on page and panel, lines 3 : 1', (_, theme) => {
    for (const paper of [theme.page, theme.panel]) {
      for (const colour of [theme.text, theme.faint, theme.link, theme.mark]) expect(contrast(colour, paper), colour).toBeGreaterThanOrEqual(4.5);
      for (const colour of [theme.float, theme.fixed, theme.alarm, theme.bar]) expect(contrast(colour, paper), colour).toBeGreaterThanOrEqual(3);
    }
    for (const verdict of VERDICTS) expect(contrast(theme.verdicts[verdict], theme.page), verdict).toBeGreaterThanOrEqual(4.5);
  });
});

it('a million steps make a page of bounded size, in little time', () => {
  const decimators = PICTURE_IDS.map((id) => [id, new Decimator(1_000_000, 2)] as const);
  for (let step = 0; step < 1_000_000; step++) for (const [, decimator] of decimators) decimator.add(step, [Math.exp(-step / 1e5) * (1 + Math.sin(step)), 0.1 + Math.cos(step)]);
  const curves = Object.fromEntries(decimators.map(([id, decimator]) => [id, decimator.points()])) as Record<PictureId, Points>;
  const began = performance.now();
  const long = renderReport({ ...input, runs: input.runs.map((run) => ({ ...run, curves })) });
  expect(performance.now() - began).toBeLessThan(5000);
  expect(long.length).toBeLessThan(80_000 + input.runs.length * 1_000_000);
  expect(long).toMatch(/The picture has [\d\u202f]+ of 1\u202f000\u202f000 steps: of every 4\u202f000 the first and last, and of each curve the smallest, largest and first missing\. This table has \d+ of [\d\u202f]+ points of the picture/);
});
