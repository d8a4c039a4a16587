/** The front as a picture: cost across, log loss upwards, intervals over seeds and stresses, proposal and knee marked. */
import { CHARACTER, type Drawing, type Shape } from '../map/drawing.js';
import { positionOf, type Axis } from '../map/axis.js';
import { ticksOf } from '../map/ticks.js';
import type { Advice, AdvicePoint } from '../schema/advice.js';

const WIDTH = 560;
const HEIGHT = 320;
const MARGIN = { left: 72, right: 24, top: 64, bottom: 48 } as const;
const INK = '#000000';
const MARKS = { proposal: '#d55e00', knee: '#0072b2', ok: '#000000', not: '#9a9a9a' } as const;
const TICK = 5;
const DOT = 5;

const markOf = ({ proposal, knee, ok }: AdvicePoint): string => (proposal ? MARKS.proposal : knee ? MARKS.knee : ok ? MARKS.ok : MARKS.not);

/** The picture of a front; points without a finite loss are left out. */
export function drawFront({ plan, cost, front }: Advice): Drawing {
  const points = front.filter(({ loss: { median } }) => median !== null && median > 0);
  const ends = points.flatMap(({ loss: { median, low, high } }) => [median!, low, high].filter((value): value is number => value !== null && value > 0));
  const across: Axis = { path: '', spacing: 'lin', values: [Math.min(...points.map((point) => point.cost)) - 1, Math.max(...points.map((point) => point.cost)) + 1] };
  const up: Axis = { path: '', spacing: 'log', values: [Math.min(...ends) / 1.5, Math.max(...ends) * 1.5] };
  const [w, h] = [WIDTH - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
  const x = (at: number): number => MARGIN.left + at * w;
  const y = (at: number): number => MARGIN.top + (1 - at) * h;
  const place = (axis: Axis, value: number): number => positionOf(axis, value);
  const shapes: Shape[] = [
    { kind: 'rect', x: 0, y: 0, width: WIDTH, height: HEIGHT, fill: '#ffffff' },
    { kind: 'label', x: 8, y: 18, text: plan.title.slice(0, Math.floor((WIDTH - 16) / CHARACTER)), anchor: 'start', bold: true },
    { kind: 'label', x: 8, y: 36, text: `${plan.profile}, ${plan.seeds.length} seeds, under ${plan.stresses.join(', ')}`.slice(0, Math.floor((WIDTH - 16) / CHARACTER)), anchor: 'start' },
  ];
  const legend: [string, string][] = [['proposal', MARKS.proposal], ['knee', MARKS.knee], ['meets the requirement', MARKS.ok], ['does not', MARKS.not]];
  let at = 8;
  for (const [text, fill] of legend) {
    shapes.push({ kind: 'rect', x: at, y: 46, width: DOT, height: DOT, fill }, { kind: 'label', x: at + 9, y: 52, text, anchor: 'start' });
    at += 24 + text.length * CHARACTER;
  }
  shapes.push({ kind: 'lines', segments: [[[x(0), y(0)], [x(1), y(0)]], [[x(0), y(0)], [x(0), y(1)]]], width: 1, stroke: INK });
  if (points.length === 0) return { width: WIDTH, height: HEIGHT, title: 'Cost against loss', shapes };
  for (const { at: where, label } of ticksOf(across)) {
    shapes.push({ kind: 'lines', segments: [[[x(where), y(0)], [x(where), y(0) + TICK]]], width: 1, stroke: INK }, { kind: 'label', x: x(where), y: y(0) + 18, text: label, anchor: 'middle' });
  }
  for (const { at: where, label } of ticksOf(up)) {
    shapes.push({ kind: 'lines', segments: [[[x(0) - (label === '' ? TICK / 2 : TICK), y(where)], [x(0), y(where)]]], width: 1, stroke: INK });
    if (label !== '') shapes.push({ kind: 'label', x: x(0) - 8, y: y(where) + 4, text: Number(label).toExponential(0), anchor: 'end' });
  }
  shapes.push({ kind: 'label', x: x(0.5), y: HEIGHT - 10, text: cost.kind, anchor: 'middle' }, { kind: 'label', x: 18, y: y(0.5), text: 'final loss', anchor: 'middle', turned: true });
  for (const point of points) {
    const { loss: { median, low, high } } = point;
    const px = x(place(across, point.cost));
    const fill = markOf(point);
    const end = (value: number | null, otherwise: number): number => y(place(up, value !== null && value > 0 ? value : otherwise));
    shapes.push({ kind: 'lines', segments: [[[px, end(low, median!)], [px, end(high, median!)]]], width: 1, stroke: fill });
    shapes.push({ kind: 'rect', x: px - DOT / 2, y: y(place(up, median!)) - DOT / 2, width: DOT, height: DOT, fill });
  }
  return { width: WIDTH, height: HEIGHT, title: 'Cost against loss', shapes };
}
