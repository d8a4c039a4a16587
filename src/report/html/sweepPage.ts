/** The report of a sweep: verdicts, errors, the best points, the Pareto front, and where the tables are. */
import { percent } from '../../compare/figure.js';
import { VERDICTS, type VerdictName } from '../../compare/thresholds.js';
import type { SweepSide } from '../../schema/sweep.js';
import { TABLES, type RankedPoint, type SweepResult } from '../../schema/sweepResult.js';
import { figureText, SIDE_TITLES, targetText, valueText } from '../../sweep/text.js';
import { VERSION } from '../../version.js';
import { htmlDocument } from './document.js';
import { counted } from './figures.js';
import { frontFigure } from './frontPicture.js';
import { html, island, type Content, type Markup } from './markup.js';
import { folded, wide } from './table.js';
import { verdictBadge, verdictClass } from './verdicts.js';

const WIDTH = 800;
const BAR = 26;
const NAME = 70;
const GAP = 8;

const sidesOf = ({ verdicts }: SweepResult): SweepSide[] => (Object.keys(SIDE_TITLES) as SweepSide[]).filter((side) => verdicts[side] !== null);
const shareText = (count: number, of: number): string => `${counted(count)} (${percent(of === 0 ? 0 : count / of)})`;

/** Verdicts of each side as one bar, in the order of the table below it. */
function verdictBars(result: SweepResult, sides: readonly SweepSide[]): Markup {
  const { runs, verdicts } = result;
  const whole = WIDTH - NAME;
  const said = sides.map((side) => `${SIDE_TITLES[side]}: ${VERDICTS.filter((name) => verdicts[side]![name] > 0).map((name) => `${name} ${percent(verdicts[side]![name] / runs)}`).join(', ') || 'none ran'}`).join('; ');
  return html`<svg class="bars" viewBox="0 0 ${WIDTH} ${sides.length * (BAR + GAP)}" role="img" aria-label="${`Verdicts. ${said}.`}">
${sides.map((side, row) => {
    let from = 0;
    const y = row * (BAR + GAP);
    return html`<text x="0" y="${y + 18}">${SIDE_TITLES[side]}</text><rect class="track" x="${NAME}" y="${y}" width="${whole}" height="${BAR}"/>${VERDICTS.map((name) => {
      const share = runs === 0 ? 0 : verdicts[side]![name] / runs;
      const at = from;
      from += share;
      return share > 0 && html`<rect class="of-verdict ${verdictClass(name)}" x="${(NAME + whole * at).toFixed(1)}" y="${y}" width="${(whole * share).toFixed(1)}" height="${BAR}"><title>${`${SIDE_TITLES[side]}, ${name}: ${shareText(verdicts[side]![name], runs)}`}</title></rect>`;
    })}`;
  })}</svg>`;
}

function verdictSection(result: SweepResult): Markup {
  const { verdicts, runs, failed } = result;
  const sides = sidesOf(result);
  const came = (name: VerdictName): boolean => sides.some((side) => verdicts[side]![name] > 0);
  return html`<section aria-labelledby="verdicts"><h2 id="verdicts">How did the runs end?</h2>
<figure>${verdictBars(result, sides)}
${wide('Verdicts', {
    caption: 'Runs by verdict', head: ['verdict', ...sides.map((side) => SIDE_TITLES[side])],
    rows: [
      ...VERDICTS.filter(came).map((name): Content[] => [verdictBadge(name), ...sides.map((side) => shareText(verdicts[side]![name], runs))]),
      ...(failed > 0 ? [['not run', ...sides.map(() => shareText(failed, runs))]] : []),
    ],
  })}</figure>
</section>\n`;
}

function errorSection({ failed, errors: { listed, others } }: SweepResult): Markup | undefined {
  if (failed === 0) return undefined;
  return html`<section aria-labelledby="errors"><h2 id="errors">Why were runs not run?</h2>
${wide('Errors', {
    caption: 'In the order in which they first came', head: ['kind', 'runs', 'first run', 'what it says'],
    rows: listed.map(({ code, message, runs, first }): Content[] => [code, counted(runs), counted(first), html`<pre>${message}</pre>`]),
  })}
${others > 0 && html`<p>${counted(others)} more with other errors.</p>`}
</section>\n`;
}

const inWords = ({ axes }: SweepResult, { values }: RankedPoint): string => axes.map((path, k) => `${path} ${valueText(values[k]!)}`).join(', ') || 'no axes';

function bestSection(result: SweepResult): Markup {
  const { objectives, constraints, feasible, points, best, axes } = result;
  const bounds = constraints.map((bound) => `${targetText(bound)} ${bound.kind === 'atMost' ? '≤' : '≥'} ${bound.limit}`);
  return html`<section aria-labelledby="best"><h2 id="best">Best points</h2>
${bounds.length > 0 && html`<p>${shareText(feasible, points)} of the points keep to every constraint: ${bounds.join(', ')}.</p>`}
${objectives.length === 0 ? html`<p>The specification names no objective.</p>` : best.length === 0 ? html`<p>None: no feasible point has a value for all objectives.</p>` : wide('Best points', {
    caption: objectives.map((objective) => `${objective.goal} ${targetText(objective)}`).join(', then '),
    head: ['point', ...objectives.map(targetText), ...axes.map((path) => html`<code>${path}</code>`)],
    rows: best.map(({ point, values, objectives: figures }): Content[] => [point, ...objectives.map((objective, k) => figureText(objective, figures[k]!)), ...values.map(valueText)]),
  })}
</section>\n`;
}

function frontSection(result: SweepResult): Markup | undefined {
  const { front, objectives, best } = result;
  if (!front) return undefined;
  const [first, ...others] = objectives.map((objective, k) => ({
    label: `${targetText(objective)} (${objective.goal})`, text: (value: number | null) => figureText(objective, value), of: ({ objectives: figures }: RankedPoint) => figures[k]!,
  }));
  return html`<section aria-labelledby="front"><h2 id="front">Pareto front</h2>
<p>${counted(front.points.length)} feasible points that no other is as good as in all objectives and better than in one${front.cut && ': the first of more'}.</p>
${others.map((other) => frontFigure(`${first!.label} against ${other.label}`, first!, other, front.points.map((point) => ({ point: point.point, about: inWords(result, point), x: first!.of(point), y: other.of(point) })), best[0]?.point))}
</section>\n`;
}

function tableSection({ files, tables }: SweepResult): Markup {
  return html`<section aria-labelledby="tables"><h2 id="tables">Tables</h2>
${files.length === 0 ? html`<p>None were written.</p>` : wide('Files', {
    caption: 'Files in the folder of the sweep', head: ['file', 'a row is', 'bytes', 'SHA-256'],
    rows: files.map(({ file, table, bytes, sha256 }): Content[] => [html`<code>${file}</code>`, table === 'runs' ? 'a run' : 'a point', counted(bytes), html`<code>${sha256}</code>`]),
  })}
${TABLES.map((name) => folded(`Columns: ${name}`, wide(`Columns: ${name}`, {
    caption: `Columns of the table of ${name}`, head: ['column', 'what it is'], rows: tables[name].map((column): Content[] => [html`<code>${column.name}</code>`, column.about]),
  })))}</section>\n`;
}

/**
 * What a sweep came to, as a page: some 30 kB, and some 400 bytes for each point of the front and objective. The same result gives the same bytes.
 *
 * @example writeFileSync('sweep.html', renderSweepReport(await sweep({ spec: 'sweep.json' })))
 */
export function renderSweepReport(result: SweepResult): string {
  const { sweep, points, runs, failed, front } = result;
  const { first, count } = sweep.seeds;
  return htmlDocument({
    title: `${sweep.title}, sweep`, heading: sweep.title, first: 'the verdicts',
    facts: [
      ['sweep', sweep.name],
      ['points', points === sweep.points ? counted(points) : `${counted(points)} of ${counted(sweep.points)}`],
      ['seeds', count === 1 ? `1 (${first})` : `${counted(count)}, ${first} to ${first + count - 1}`],
      ['runs', counted(runs)], ['numbers', sweep.numbers], ['hash', html`<code>${sweep.hash}</code>`],
    ],
    contents: [['verdicts', 'Verdicts'], ...(failed > 0 ? [['errors', 'Errors'] as const] : []), ['best', 'Best points'], ...(front ? [['front', 'Pareto front'] as const] : []), ['tables', 'Tables'], ['about', 'About this report']],
    main: [verdictSection(result), errorSection(result), bestSection(result), frontSection(result), tableSection(result), html`<section aria-labelledby="about"><h2 id="about">About this report</h2>
<p>Made by qrails ${VERSION}. The same specification gives the same bits, and this page, on every machine, with any number of workers and however often it was interrupted. All data stands in this file as JSON, in <code>#qrails-sweep</code>.</p>
</section>\n`],
    islands: island('qrails-sweep', result),
  });
}
