/**
 * What is drawn over the curves of a report and of the live page: marks at steps, and a level worth seeing. Stands in the report as it is, so it uses
 * nothing but its arguments and what a browser has.
 */
import type UPlot from 'uplot';
import type { Mark } from './marks.js';

export interface Annotation {
  readonly marks: readonly Mark[];
  readonly limit?: { readonly at: number; readonly label: string } | undefined;
  /** Pixels of a device for one of the page. */
  readonly ratio: number;
  /** Size of letters and height of a line of labels, in pixels of the page. */
  readonly font: number;
  readonly label: number;
  /** Lines of labels above the curves: a label that would run into another goes one up, and one that has no room is left out. */
  readonly levels: number;
  readonly colour: (name: 'mark' | 'alarm' | 'faint') => string;
}

export function annotate(plot: UPlot, { marks, limit, ratio, font, label: height, levels, colour }: Annotation): void {
  const { ctx, bbox: { left, top, width, height: deep } } = plot;
  const line = (x0: number, y0: number, x1: number, y1: number, dash: number[]): void => {
    ctx.setLineDash(dash.map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  };
  ctx.save();
  ctx.font = `${font * ratio}px system-ui, sans-serif`;
  ctx.lineWidth = ratio;
  ctx.strokeStyle = ctx.fillStyle = colour('mark');
  const ends: number[] = [];
  for (const { at, label } of [...marks].sort((a, b) => a.at - b.at)) {
    const x = plot.valToPos(at, 'x', true);
    if (x < left || x > left + width) continue;
    line(x, top - 2 * ratio, x, top + deep, [2, 3]);
    const right = x > left + width * 0.8;
    const room = ctx.measureText(label).width + 6 * ratio;
    const from = right ? x - room : x;
    const free = Array.from({ length: levels }, (_, level) => level).find((level) => (ends[level] ?? 0) <= from);
    if (free === undefined) continue;
    ends[free] = from + room;
    ctx.textAlign = right ? 'right' : 'left';
    ctx.fillText(label, x + (right ? -3 : 3) * ratio, top - (5 + free * height) * ratio);
  }
  const y = limit ? plot.valToPos(limit.at, 'y', true) : -1;
  if (limit && y >= top && y <= top + deep) {
    ctx.strokeStyle = colour('alarm');
    ctx.fillStyle = colour('faint');
    ctx.textAlign = 'left';
    line(left, y, left + width, y, [8, 4]);
    ctx.fillText(limit.label, left + 4 * ratio, y + (y - top < 16 * ratio ? 14 : -4) * ratio);
  }
  ctx.restore();
}
