/** The report: one HTML file with everything in it, which asks nothing of a network and runs no script but its own. */
import { createHash } from 'node:crypto';
import { flagsText } from '../../compare/flags.js';
import type { Parting } from '../../compare/parting.js';
import type { Comparison, ComparisonRun } from '../../schema/comparison.js';
import type { StabilityMap } from '../../schema/map.js';
import type { Plan } from '../../schema/plan.js';
import { VERSION } from '../../version.js';
import { heading } from '../terminal.js';
import { tickText, ticks, yLimits } from './axis.js';
import { drawCharts, PICTURES_ID } from './charts.js';
import { curves, type PictureData } from './curves.js';
import { MOST_POINTS, MOST_ROWS, type Points } from './decimate.js';
import { counted, figuresTable } from './figures.js';
import { mapSection } from './maps.js';
import { marksOf } from './marks.js';
import { html, island, Markup } from './markup.js';
import { firstOverflows, partedAt } from './moments.js';
import { overflowMaps } from './overflowMap.js';
import type { PictureId } from './pictures.js';
import { siteTable } from './sites.js';
import { STYLE } from './style.js';
import { folded, scrolled } from './table.js';
import { uPlotLibrary } from './uplot.js';
import { reasons, runId, verdictBadge, verdictSection } from './verdicts.js';

/** What belongs to one run of the comparison. */
export interface ReportRun {
  readonly plan: Plan;
  /** First series float64, second fixed. */
  readonly curves: Readonly<Record<PictureId, Points>>;
  /** Where the values of float64 and fixed part; undefined where it was not looked for. */
  readonly parting?: Parting | undefined;
}

export interface ReportInput {
  /** Recorded in full, for histograms, maps and operands. */
  readonly comparison: Comparison;
  /** One for each run of the comparison, in its order. */
  readonly runs: readonly ReportRun[];
  /** Stability maps to be shown, too. */
  readonly maps?: readonly StabilityMap[] | undefined;
}

/** Hash of an inline script or style, as a content security policy names it. */
export const cspHash = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** Scripts of a page that run, in order. */
export const pageScripts = (): string[] => [
  uPlotLibrary().script,
  `"use strict";\n${[yLimits, ticks, tickText].map(String).join('\n')}\n(${String(drawCharts)})(uPlot, { yLimits, ticks, tickText }, ${JSON.stringify(PICTURES_ID)});`,
];

const pageStyle = (): string => `${uPlotLibrary().style}${STYLE}`;

/**
 * A comparison as a page.
 *
 * Curves have at most 2000 points each, of which none hides an extreme: src/report/html/decimate.ts. A page is 80 kB, and up to 1 MB for each run
 * of a long comparison, and some 200 bytes for each parameter. The same input gives the same bytes.
 *
 * @throws RangeError where `runs` are not those of the comparison
 * @example writeFileSync('report.html', renderReport({ comparison, runs }))
 */
export function renderReport({ comparison, runs, maps = [] }: ReportInput): string {
  if (runs.length !== comparison.runs.length) throw new RangeError('as many runs as the comparison has');
  const { plan } = comparison;
  const scripts = pageScripts();
  const style = pageStyle();
  const policy = `default-src 'none'; script-src ${scripts.map(cspHash).join(' ')}; style-src ${cspHash(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const pictures: PictureData[] = [];
  const sections = comparison.runs.map((run, index) => runSection(comparison, run, runs[index]!, index, pictures));
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="qrails ${VERSION}">
<title>${plan.title} on ${plan.profile} – qrails</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the verdicts</a>
<header>
<h1>${plan.title}</h1>
<dl><dt>experiment</dt><dd>${plan.experiment}, ${counted(plan.steps)} steps, stress from step ${plan.stressFrom}, seed ${plan.seed}</dd>
<dt>target</dt><dd>${plan.profile}</dd><dt>sensor</dt><dd>${plan.sensor}</dd>${plan.supervisor !== 'none' && html`<dt>supervisor</dt><dd>${plan.supervisor}</dd>`}<dt>plan</dt><dd><code>${plan.hash}</code></dd></dl>
</header>
<nav aria-label="Contents"><ul>${comparison.runs.map((run, index) => html`<li><a href="#${runId(index)}">${heading(run)}</a></li>`)}${maps.length > 0 && html`<li><a href="#maps">Maps</a></li>`}<li><a href="#about">About this report</a></li></ul></nav>
<main id="main" tabindex="-1">
${verdictSection(comparison, runs.map((run) => run.plan))}${sections}${mapSection(maps)}${aboutSection()}</main>
${island('qrails-comparison', comparison)}${island('qrails-plans', runs.map((run) => run.plan))}${maps.length > 0 && island('qrails-maps', maps)}${island(PICTURES_ID, pictures)}${scripts.map((script) => html`<script>${new Markup(script)}</script>\n`)}</body>
</html>
`.text;
}

function runSection(comparison: Comparison, run: ComparisonRun, { plan, curves: points, parting }: ReportRun, index: number, pictures: PictureData[]): Markup {
  const label = heading(run);
  const { markup, data } = curves(index, points, marksOf(plan, run), label);
  pictures.push(...data);
  return html`<section aria-labelledby="${runId(index)}"><h2 id="${runId(index)}">${label}</h2>
<p>float64 ${verdictBadge(run.verdict.float)} · fixed ${verdictBadge(run.verdict.fixed)}</p>
${reasons(run, index)}
<h3>When it went wrong</h3>
${firstOverflows(run, plan, label)}
${run.flags && html`<p>Flags of the hardware: ${flagsText(run.flags)}.</p>`}
<h3>Where float64 and fixed part</h3>
${partedAt(run, parting)}
<h3>Figures</h3>
${figuresTable(run, plan)}
<h3>Curves</h3>
${markup}
<h3>Sites</h3>
${siteTable(run, plan, label)}
${overflowMaps(run, comparison.plan)}
<h3>Plan</h3>
<p>SHA-256 of its canonical JSON: <code>${run.planHash}</code></p>
${folded('The plan', scrolled(`Plan, ${label}`, html`<pre>${JSON.stringify(plan, null, 1)}</pre>`))}
</section>\n`;
}

const aboutSection = (): Markup => html`<section aria-labelledby="about"><h2 id="about">About this report</h2>
<p>Made by qrails ${VERSION}. The same plan gives the same bits, and this page, on every machine.</p>
<p>Curves: a run of at most ${counted(MOST_POINTS)} steps is shown step by step. Of a longer one the steps are taken in equal stretches, and of each stretch the first and last step are kept, and those where a curve is smallest, largest, or first missing: what is left out lies between values that are shown. Tables of their numbers are thinned by the same rule to at most ${MOST_ROWS} rows. A float64 run that leaves the target’s far behind is let out of the picture.</p>
<p>Zoom by dragging across a picture, by its buttons, or by + and − where it has the focus; 0, Escape or a double click shows all steps. Left and right move the cursor. The pictures of a run move together.</p>
<p>All data stands in this file as JSON: the comparison in <code>#qrails-comparison</code>, the plans in <code>#qrails-plans</code>, the points of the curves in <code>#${PICTURES_ID}</code>, maps in <code>#qrails-maps</code>.</p>
</section>\n`;
