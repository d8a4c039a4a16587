/** A picture of curves as SVG: what is seen without a script, and on paper. */
import { ticks, tickText, yLimits } from './axis.js';
import { thinned, type Points } from './decimate.js';
import type { Mark } from './marks.js';
import { html, type Markup } from './markup.js';
import { SIDES, type Picture } from './pictures.js';

const WIDTH = 800;
const HEIGHT = 250;
const LEFT = 62;
const RIGHT = 14;
const TOP = 34;
const BOTTOM = 38;
/** A narrow picture needs no more points than this. */
const POINTS = 800;
/** Lines of labels above the picture. */
const LABEL_ROWS = 2;
const LABEL_HEIGHT = 13;

const round = (value: number): string => String(Number(value.toFixed(1)));

/** @param label what a screen reader says of it */
export function plotSvg(points: Points, { scale, limit }: Picture, marks: readonly Mark[], label: string): Markup {
  const { steps, values: [float = [], fixed = []] } = thinned(points, POINTS);
  const [low, high] = yLimits(float, fixed, scale, limit?.at);
  const last = Math.max(1, points.steps.at(-1) ?? 0);
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const size = (value: number): number => (scale === 'log' ? Math.log10(value) : value);
  const x = (step: number): number => (step / last) * width;
  const y = (value: number): number => {
    const share = (size(Math.max(value, low)) - size(low)) / (size(high) - size(low));
    return Math.max(-height, height * (1 - share)); // what lies far outside is cut off there
  };
  const path = (series: readonly (number | null)[]): string => {
    let pen = 'M';
    return series.map((value, index) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      const at = `${pen}${round(x(steps[index]!))} ${round(y(value))}`;
      const alone = pen === 'M' && (series[index + 1] ?? null) === null;
      pen = 'L';
      return alone ? `${at}h.1` : at;
    }).join('');
  };
  const zeros = scale === 'log' && [...float, ...fixed].includes(0);
  return html`<svg class="still" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${ticks(low, high, scale).map((value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(TOP + y(value))}" y2="${round(TOP + y(value))}"/><text x="${LEFT - 6}" y="${round(TOP + y(value) + 4)}" text-anchor="end">${zeros && value <= low * 1.01 ? '0' : tickText(value)}</text>`)}
${ticks(0, last, 'linear').filter(Number.isInteger).map((step) => html`<text x="${round(LEFT + x(step))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${step}</text>`)}
<text x="${LEFT + width / 2}" y="${HEIGHT - 5}" text-anchor="middle">step</text>
${marks.map(({ at, label: text }, index) => html`<line class="mark" x1="${round(LEFT + x(at))}" x2="${round(LEFT + x(at))}" y1="${TOP - 2}" y2="${HEIGHT - BOTTOM}"/><text class="marked" x="${round(LEFT + x(at) + (x(at) > width * 0.8 ? -3 : 3))}" y="${TOP - 6 - (index % LABEL_ROWS) * LABEL_HEIGHT}" text-anchor="${x(at) > width * 0.8 ? 'end' : 'start'}">${text}</text>`)}
<svg x="${LEFT}" y="${TOP}" width="${width}" height="${height}" overflow="hidden">
${limit && html`<line class="limit" x1="0" x2="${width}" y1="${round(y(limit.at))}" y2="${round(y(limit.at))}"/><text x="4" y="${round(y(limit.at) + (y(limit.at) < 16 ? 14 : -4))}">${limit.label}</text>`}
${SIDES.map((side, index) => html`<path class="${side}" d="${path([float, fixed][index]!)}"/>`)}</svg>
</svg>`;
}
