/** The Pareto front of a sweep as points over two objectives. */
import { html, type Content, type Markup } from './markup.js';
import { ticks, tickText, type Scale } from './axis.js';
import { folded, wide } from './table.js';

/** One objective: what it is, and how a value of it is written. */
export interface FrontAxis {
  readonly label: string;
  readonly text: (value: number | null) => string;
}

export interface FrontPoint {
  readonly point: number;
  /** In words: values of the axes of the sweep. */
  readonly about: string;
  /** Null is +∞. */
  readonly x: number | null;
  readonly y: number | null;
}

const WIDTH = 800;
const HEIGHT = 340;
const LEFT = 76;
const RIGHT = 20;
const TOP = 24;
const BOTTOM = 46;
const RADIUS = 4;
/** Values that span more than this are drawn on a logarithmic scale. */
const SPAN = 100;

interface Range {
  readonly scale: Scale;
  readonly low: number;
  readonly high: number;
}

/** Ends of an axis that has all values between them. */
function rangeOf(values: readonly number[]): Range {
  const [least, most] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
  if (least > 0 && most / least > SPAN) {
    return { scale: 'log', low: Math.max(Number.MIN_VALUE, 10 ** Math.floor(Math.log10(least))), high: Math.min(Number.MAX_VALUE, 10 ** Math.ceil(Math.log10(most))) };
  }
  const room = most > least ? 0.05 * (most - least) : Math.max(1, Math.abs(most)) / 10;
  return { scale: 'linear', low: Math.max(-Number.MAX_VALUE, least - room), high: Math.min(Number.MAX_VALUE, most + room) };
}

/** Where a value lies, 0 to 1. */
function placeOf(value: number, { scale, low, high }: Range): number {
  const size = (number: number): number => (scale === 'log' ? Math.log10(number) : number / 2); // halves: a difference of doubles may overflow
  return (size(value) - size(low)) / (size(high) - size(low));
}

const round = (value: number): string => value.toFixed(1);

/** @param best number of the point that is best, marked */
export function frontFigure(title: string, x: FrontAxis, y: FrontAxis, points: readonly FrontPoint[], best: number | undefined): Markup {
  const drawn = points.flatMap((point) => (point.x === null || point.y === null ? [] : [{ ...point, x: point.x, y: point.y }]));
  const left = points.length - drawn.length;
  const said = `${drawn.length} ${drawn.length === 1 ? 'point' : 'points'}${left > 0 ? `; ${left} more with an infinite value ${left === 1 ? 'is' : 'are'} in the numbers below` : ''}`;
  return html`<figure><figcaption><h3>${title}</h3><p>${said}. The large one is the best. Point at one to see what it is.</p></figcaption>
${drawn.length > 0 && picture(title, x, y, drawn, best, said)}
${folded(`Numbers: ${title}`, wide(`Numbers: ${title}`, {
    caption: title, head: ['point', x.label, y.label, 'values'], className: 'numbers',
    rows: points.map((point): Content[] => [point.point, x.text(point.x), y.text(point.y), point.about]),
  }))}</figure>\n`;
}

function picture(title: string, x: FrontAxis, y: FrontAxis, points: readonly (FrontPoint & { x: number; y: number })[], best: number | undefined, said: string): Markup {
  const [across, upwards] = [rangeOf(points.map((point) => point.x)), rangeOf(points.map((point) => point.y))];
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const atX = (value: number): string => round(LEFT + width * placeOf(value, across));
  const atY = (value: number): string => round(TOP + height * (1 - placeOf(value, upwards)));
  const scaled = (axis: FrontAxis, { scale }: Range): string => `${axis.label}${scale === 'log' ? ', logarithmic' : ''}`;
  return html`<svg class="front" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${`${title}: ${said}. Across: ${scaled(x, across)}; upwards: ${scaled(y, upwards)}.`}">
${ticks(upwards.low, upwards.high, upwards.scale).map((value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(value)}" y2="${atY(value)}"/><text x="${LEFT - 6}" y="${Number(atY(value)) + 4}" text-anchor="end">${tickText(value)}</text>`)}
${ticks(across.low, across.high, across.scale).map((value) => html`<line class="grid" x1="${atX(value)}" x2="${atX(value)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text x="${atX(value)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${tickText(value)}</text>`)}
<text x="${LEFT + width / 2}" y="${HEIGHT - 8}" text-anchor="middle">${scaled(x, across)}</text><text x="4" y="13">${scaled(y, upwards)}</text>
${points.map((point) => html`<circle class="${point.point === best ? 'best' : 'of-front'}" cx="${atX(point.x)}" cy="${atY(point.y)}" r="${point.point === best ? RADIUS + 2 : RADIUS}"><title>${`${point.point === best ? 'best: ' : ''}point ${point.point}: ${x.label} ${x.text(point.x)}, ${y.label} ${y.text(point.y)}; ${point.about}`}</title></circle>\n`)}</svg>`;
}
