/** Verdicts as colour, word and shape: none of the three alone. */
import { VERDICTS, type VerdictName } from '../../compare/thresholds.js';
import { figure } from '../../compare/figure.js';
import type { Comparison, ComparisonRun } from '../../schema/comparison.js';
import type { Plan } from '../../schema/plan.js';
import { concernText } from '../concerns.js';
import { heading, NONE } from '../terminal.js';
import { fixedLoss } from './figures.js';
import { html, Markup } from './markup.js';
import { folded, wide } from './table.js';

/** What each word means, in short: docs/verdicts.md. */
const MEANING: Record<VerdictName, string> = {
  survives: 'little of the excess loss is left at the end, or no more than a float64 run that survives leaves',
  degraded: 'none of the others: it goes on, but not well enough',
  'dead zone': 'it stands still, though there is a gradient: updates round to nothing',
  'limit cycle': 'it goes around in circles while values run into their rails',
  diverged: 'the loss runs away, is not finite, or a trap ended the run',
};

const SHAPES: Record<VerdictName, string> = {
  survives: '<circle cx="8" cy="8" r="7"/><path class="cut" d="M4.5 8.2l2.4 2.6 4.6-5.4"/>',
  degraded: '<path d="M8 1l7.5 13.5H.5z"/><path class="cut" d="M8 6v4.5M8 12v1"/>',
  'dead zone': '<rect x="1" y="1" width="14" height="14"/><path class="cut" d="M4 8h8"/>',
  'limit cycle': '<path d="M8 0l8 8-8 8-8-8z"/><path class="cut" d="M5 8a3 3 0 0 1 6 0 3 3 0 0 1-6 0"/>',
  diverged: '<path d="M5 0h6l5 5v6l-5 5H5l-5-5V5z"/><path class="cut" d="M5 5l6 6M11 5l-6 6"/>',
};

/** Name of the class with a verdict's colours. */
export const verdictClass = (verdict: VerdictName): string => `verdict-${verdict.replace(' ', '-')}`;

export const verdictBadge = (verdict: VerdictName): Markup =>
  html`<span class="verdict ${verdictClass(verdict)}"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${new Markup(SHAPES[verdict])}</svg> ${verdict}</span>`;

/** Where a run stands in the page. */
export const runId = (index: number): string => `run-${index}`;

/** The answer, first: a row for each combination. @param plans of the runs */
export function verdictSection({ runs, concerns }: Comparison, plans: readonly Plan[]): Markup {
  return html`<section aria-labelledby="verdicts"><h2 id="verdicts">Does it survive?</h2>
${wide('Verdicts', {
    caption: 'A learner in float64 and on the target, with each combination of controllers',
    head: ['controllers', 'float64', 'fixed', 'final loss, float64', 'final loss, fixed', 'losses part', 'plan'],
    rows: runs.map((run, index) => [
      html`<a href="#${runId(index)}">${heading(run)}</a>`, verdictBadge(run.verdict.float), verdictBadge(run.verdict.fixed), figure(run.float.finalLoss), fixedLoss(run.fixed, plans[index]!),
      run.difference.partedAt === null ? NONE : `step ${run.difference.partedAt}`, html`<code>${run.planHash.slice(0, 8)}</code>`,
    ]),
  })}
${folded('What the words mean', html`<dl class="words">${VERDICTS.map((verdict) => html`<dt>${verdictBadge(verdict)}</dt><dd>${MEANING[verdict]}</dd>`)}</dl>`)}
${concerns.length > 0 && html`<h3>Seen before a step was run</h3>
<ul>${concerns.map((concern) => html`<li><strong>${concern.severity}</strong> ${concernText(concern)}</li>\n`)}</ul>`}
</section>\n`;
}

/** Why a run ended as it did, and what was tried and helped. */
export function reasons({ verdict }: ComparisonRun, index: number): Markup {
  return html`${verdict.why.length > 0 && html`<h3>Why</h3>\n<ul>${verdict.why.map((text) => html`<li>${text}</li>\n`)}</ul>`}
${verdict.try.length > 0 && html`<h3>What to try</h3>\n<p>Each of these was run before it was written down.</p>\n<ul class="tries">${verdict.try.map(({ why, effect, command }, k) => {
    const id = `command-${index}-${k}`;
    return html`<li>${why}: <strong>${effect}</strong><div class="command"><code id="${id}">${command}</code><button type="button" data-copy="${id}" aria-describedby="${id}" hidden>Copy</button></div></li>\n`;
  })}</ul>`}`;
}

