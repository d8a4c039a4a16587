/** The report of a comparison. */
import { flagsText } from '../../compare/flags.js';
import type { Parting } from '../../compare/parting.js';
import type { Comparison, ComparisonRun } from '../../schema/comparison.js';
import type { StabilityMap } from '../../schema/map.js';
import type { Plan } from '../../schema/plan.js';
import { VERSION } from '../../version.js';
import { heading } from '../terminal.js';
import { annotate } from './annotate.js';
import { tickText, ticks, yLimits } from './axis.js';
import { drawCharts, PICTURES_ID } from './charts.js';
import { curves, type PictureData } from './curves.js';
import { MOST_POINTS, MOST_ROWS, type Points } from './decimate.js';
import { htmlDocument } from './document.js';
import { counted, figuresTable } from './figures.js';
import { mapSection } from './maps.js';
import { marksOf } from './marks.js';
import { html, island, type Markup } from './markup.js';
import { firstOverflows, partedAt } from './moments.js';
import { overflowMaps } from './overflowMap.js';
import type { PictureId } from './pictures.js';
import { siteTable } from './sites.js';
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

/** Scripts of a page that run, in order. */
export const pageScripts = (): string[] => [
  uPlotLibrary().script,
  `"use strict";\n${[yLimits, ticks, tickText, annotate].map(String).join('\n')}\n(${String(drawCharts)})(uPlot, { yLimits, ticks, tickText, annotate }, ${JSON.stringify(PICTURES_ID)});`,
];

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
  const pictures: PictureData[] = [];
  const sections = comparison.runs.map((run, index) => runSection(comparison, run, runs[index]!, index, pictures));
  return htmlDocument({
    title: `${plan.title} on ${plan.profile}`, heading: plan.title, first: 'the verdicts',
    facts: [
      ['experiment', html`${plan.experiment}, ${counted(plan.steps)} steps, stress from step ${plan.stressFrom}, seed ${plan.seed}`],
      ['target', plan.profile], ['sensor', plan.sensor], ...(plan.supervisor === 'none' ? [] : [['supervisor', plan.supervisor] as const]), ['plan', html`<code>${plan.hash}</code>`],
    ],
    contents: [...comparison.runs.map((run, index) => [runId(index), heading(run)] as const), ...(maps.length > 0 ? [['maps', 'Maps'] as const] : []), ['about', 'About this report']],
    main: [verdictSection(comparison, runs.map((run) => run.plan)), sections, mapSection(maps), aboutSection()],
    islands: [island('qrails-comparison', comparison), island('qrails-plans', runs.map((run) => run.plan)), maps.length > 0 && island('qrails-maps', maps), island(PICTURES_ID, pictures)],
    scripts: pageScripts(), style: uPlotLibrary().style,
  });
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
