/** The curves of a run: each as a picture, with its numbers behind it. */
import { figure } from '../../compare/figure.js';
import { yLimits } from './axis.js';
import { MOST_ROWS, thinned, type Points } from './decimate.js';
import { counted } from './figures.js';
import type { Mark } from './marks.js';
import { html, type Markup } from './markup.js';
import { PICTURE_IDS, PICTURES, SIDES, type Picture, type PictureId } from './pictures.js';
import { plotSvg } from './plot.js';
import { folded, wide } from './table.js';
import { NONE } from '../terminal.js';

/** What the script draws one picture from. */
export interface PictureData {
  /** Of the element it goes into. */
  readonly id: string;
  /** Pictures of one run are looked at together. */
  readonly run: number;
  readonly title: string;
  readonly scale: Picture['scale'];
  readonly limit: NonNullable<Picture['limit']> | null;
  readonly marks: readonly Mark[];
  /** Steps of the run. */
  readonly of: number;
  readonly steps: readonly number[];
  readonly float: readonly (number | null)[];
  readonly fixed: readonly (number | null)[];
}

export interface Curves {
  readonly markup: Markup;
  readonly data: readonly PictureData[];
}

const SIDE_NAMES = { float: 'float64', fixed: 'fixed' } as const;

/** How points were chosen, in words. */
const taken = ({ every, of, steps }: Points, what: string): string =>
  every === 1 ? `every one of ${counted(of)} ${what}` : `${counted(steps.length)} of ${counted(of)} ${what}: of every ${counted(every)} the first and last, and of each curve the smallest, largest and first missing`;

/** Smallest, largest and last value of a curve, in words; where it leaves the picture. */
function said(points: Points, { scale, limit }: Picture): string[] {
  const [float = [], fixed = []] = points.values;
  const [, high] = yLimits(float, fixed, scale, limit?.at);
  return SIDES.map((side, index) => {
    const series = points.values[index]!;
    const values = series.filter((value) => value !== null);
    if (values.length === 0) return `${SIDE_NAMES[side]}: nothing finite.`;
    const largest = values.reduce((a, b) => Math.max(a, b));
    const at = points.steps[series.indexOf(largest)]!;
    const missing = points.steps[series.indexOf(null)];
    return `${SIDE_NAMES[side]}: ${figure(values.reduce((a, b) => Math.min(a, b)))} to ${figure(largest)}, ends ${series.at(-1) === null ? 'without a value' : `at ${figure(series.at(-1)!)}`}` +
      `${missing === undefined ? '' : `; no finite value first at step ${missing}`}${largest > high ? `; leaves the picture, largest at step ${at}` : ''}.`;
  });
}

function empty(id: PictureId, { values }: Points, others: Readonly<Record<PictureId, Points>>): string | undefined {
  const some = (test: (value: number) => boolean): boolean => values.some((series) => series.some((value) => value !== null && test(value)));
  if (id === 'alpha' && !some((value) => value !== 1)) return some(() => true) ? 'The throttle is off, or never throttles: α is 1 in every step.' : PICTURES[id].none;
  // An estimate stands in for the margin where that is not known.
  if (id === 'estimate' && (others.margin.values.some((series) => series.some((value) => value !== null)) || !some((value) => value > 0))) return '';
  return some(() => true) ? undefined : PICTURES[id].none;
}

const BUTTONS = [['in', '+', 'Zoom in'], ['out', '−', 'Zoom out'], ['back', '◀', 'Earlier steps'], ['on', '▶', 'Later steps'], ['reset', 'All steps', 'Show all steps']] as const;

/** @param label of the run, for names of tables */
export function curves(run: number, points: Readonly<Record<PictureId, Points>>, marks: readonly Mark[], label: string): Curves {
  const data: PictureData[] = [];
  const pieces = PICTURE_IDS.map((name): Markup | undefined => {
    const picture: Picture = PICTURES[name];
    const series = points[name];
    const missing = empty(name, series, points);
    if (missing !== undefined) return missing === '' ? undefined : html`<h4>${picture.title}</h4>\n<p>${missing}</p>\n`;
    const id = `picture-${run}-${name}`;
    const [float, fixed] = series.values as [Points['values'][number], Points['values'][number]];
    data.push({ id, run, title: picture.title, scale: picture.scale, limit: picture.limit ?? null, marks, of: series.of, steps: series.steps, float, fixed });
    const few = thinned(series, MOST_ROWS);
    const words = said(series, picture);
    return html`<figure class="picture" id="${id}"><figcaption><h4>${picture.title}</h4><p>${picture.about}${picture.scale === 'log' && '; logarithmic'}</p>
<p class="legend">${SIDES.map((side) => html`<span><svg width="34" height="8" aria-hidden="true"><path class="${side}" d="M1 4h32"/></svg> ${SIDE_NAMES[side]}</span> `)}</p></figcaption>
${plotSvg(series, picture, marks, `${picture.title}, ${label}. ${words.join(' ')}`)}
<div class="live" hidden><div class="plot" tabindex="0" role="group" aria-label="${`${picture.title}, ${label}. Left and right move the cursor, plus and minus zoom, zero shows all steps.`}"></div>
<div class="controls"><span role="group" aria-label="${`Zoom: ${picture.title}, ${label}`}">${BUTTONS.map(([action, sign, title]) => html`<button type="button" data-zoom="${action}" aria-label="${title}" title="${title}">${sign}</button>`)}</span> <span class="readout"></span></div></div>
<p class="said">${words.join(' ')}</p>
${folded(`Numbers: ${picture.title}`, html`<p>The picture has ${taken(series, 'steps')}. This table has ${taken(few, 'points of the picture')}.</p>
${wide(`Numbers: ${picture.title}, ${label}`, {
      caption: picture.title, head: ['step', ...SIDES.map((side) => SIDE_NAMES[side])],
      rows: few.steps.map((step, k) => [step, ...few.values.map((values) => values[k] ?? NONE)]), className: 'numbers',
    })}`)}</figure>\n`;
  });
  return { markup: html`${pieces}`, data };
}
