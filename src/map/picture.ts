/** Lays a map out as a picture: a panel for each throttle, areas in colour and pattern, contours of the loss, the line of theory, a legend. */
import { percent } from '../compare/figure.js';
import type { CellState, MapCell, StabilityMap } from '../schema/map.js';
import { contour, type Segment } from './contours.js';
import { CHARACTER, type Drawing, type Pattern, type Rect, type Shape } from './drawing.js';
import { lossBands, type Bands } from './bands.js';
import { ticksOf } from './ticks.js';

const PANEL = 300;
/** Panels in a row: three, but two rows of two for four. */
const perRow = (panels: number): number => Math.min(panels, panels === 4 ? 2 : 3);
const MARGIN = { left: 64, right: 16, top: 30, bottom: 52 } as const;
const HEAD = 44;
const BORDER = 8;
const LINE = 18;
const TICK = 5;

/** Told apart by lightness alone, and by pattern; orange and blue also with any colour vision. */
const AREAS: Readonly<Record<Exclude<CellState, 'stable'>, { fill: string; pattern?: Pattern }>> = {
  diverged: { fill: '#1a1a1a', pattern: 'hatch' },
  stalled: { fill: '#e69f00', pattern: 'dots' },
  refused: { fill: '#f7f7f7', pattern: 'hatch' },
};
/** Stable cells by final loss, the lowest first: white to mid blue. */
const SHADES = ['#ffffff', '#deebf7', '#b9d5ea', '#8cbbdb', '#5c9ac4'] as const;
const INK = '#000000';
const PAPER = '#ffffff';
const THEORY = '#d55e00';

/** `1e-6`. */
const powerOfTen = (level: number): string => `1e${level}`;

/** The picture of a map. */
export function drawMap(map: StabilityMap): Drawing {
  const columns = perRow(map.throttles.length);
  const rows = Math.ceil(map.throttles.length / columns);
  const across = MARGIN.left + PANEL + MARGIN.right;
  const down = MARGIN.top + PANEL + MARGIN.bottom;
  const bands = lossBands(map, SHADES.length);
  const legend = legendEntries(map, bands);
  const { plan } = map;
  const subtitle = `${plan.experiment}, ${map.numbers === 'float64' ? 'float64' : plan.profile}, sensor ${plan.sensor}, ${plan.steps} steps, diverged above a loss of ${plan.divergedLoss}`;
  const widest = Math.max(plan.title.length, subtitle.length, ...legend.map(({ text }) => text.length + 5)) * CHARACTER;
  const width = Math.max(columns * across, widest + 2 * BORDER);
  const height = HEAD + rows * down + legend.length * LINE + BORDER;
  const shapes: Shape[] = [
    { kind: 'rect', x: 0, y: 0, width, height, fill: PAPER },
    { kind: 'label', x: BORDER, y: 18, text: plan.title, anchor: 'start', bold: true },
    { kind: 'label', x: BORDER, y: 36, text: subtitle, anchor: 'start' },
  ];
  map.throttles.forEach((throttle, index) => {
    const x = (index % columns) * across + MARGIN.left;
    const y = HEAD + Math.floor(index / columns) * down + MARGIN.top;
    const heading = `${throttle.name}: ${percent(throttle.divergedShare)} diverged, ${percent(throttle.stalledShare)} stalled`;
    shapes.push({ kind: 'label', x, y: y - 10, text: heading, anchor: 'start', bold: true }, ...panel(map, throttle.cells, bands, x, y));
  });
  legend.forEach(({ text, shape }, index) => {
    const y = HEAD + rows * down + index * LINE;
    shapes.push(...shape(BORDER, y), { kind: 'label', x: BORDER + 28, y: y + 10, text, anchor: 'start' });
  });
  return { width, height, title: plan.title, shapes };
}

function panel(map: StabilityMap, cells: readonly MapCell[], bands: Bands, left: number, top: number): Shape[] {
  const { x: xAxis, y: yAxis, theory } = map;
  const [nx, ny] = [xAxis.values.length, yAxis.values.length];
  const toX = (at: number): number => left + ((at + 0.5) * PANEL) / nx;
  const toY = (at: number): number => top + PANEL - ((at + 0.5) * PANEL) / ny;
  const placed = (segments: readonly Segment[]): Segment[] => segments.map(([[ax, ay], [bx, by]]) => [[toX(ax), toY(ay)], [toX(bx), toY(by)]]);
  const shapes: Shape[] = [];
  const losses = grid(cells, nx, ({ state, finalLoss }) => (state === 'stable' || state === 'stalled' ? bands.exponent(finalLoss!) : null));
  for (let row = 0; row < ny; row++) {
    const looks = cells.slice(row * nx, (row + 1) * nx).map(({ state, finalLoss }) => (state === 'stable' ? { fill: SHADES[bands.bandOf(finalLoss!)]! } : AREAS[state]));
    // Equal neighbours are one rectangle.
    for (let from = 0; from < nx;) {
      let to = from + 1;
      while (to < nx && looks[to]!.fill === looks[from]!.fill) to++;
      shapes.push({ kind: 'rect', x: toX(from - 0.5), y: toY(row + 0.5), width: ((to - from) * PANEL) / nx, height: PANEL / ny, ...looks[from]! });
      from = to;
    }
  }
  for (const level of bands.levels) shapes.push({ kind: 'lines', segments: placed(contour(losses, level)), width: 0.7, stroke: '#404040' });
  if (theory) {
    const line = placed(contour(theory.margins.map((row) => row.map((margin) => (margin === null ? null : Math.log(margin)))), Math.log(theory.limit)));
    shapes.push({ kind: 'lines', segments: line, width: 4.5, stroke: PAPER }, { kind: 'lines', segments: line, width: 2.2, stroke: THEORY });
  }
  const frame: Segment[] = [
    [[left, top], [left + PANEL, top]], [[left + PANEL, top], [left + PANEL, top + PANEL]], [[left + PANEL, top + PANEL], [left, top + PANEL]], [[left, top + PANEL], [left, top]],
  ];
  const marks: Segment[] = [];
  for (const { at, label } of ticksOf(xAxis)) {
    const length = label === '' ? TICK / 2 : TICK;
    marks.push([[toX(at), top + PANEL], [toX(at), top + PANEL + length]]);
    shapes.push({ kind: 'label', x: toX(at), y: top + PANEL + 18, text: label, anchor: 'middle' });
  }
  for (const { at, label } of ticksOf(yAxis)) {
    const length = label === '' ? TICK / 2 : TICK;
    marks.push([[left - length, toY(at)], [left, toY(at)]]);
    shapes.push({ kind: 'label', x: left - 8, y: toY(at) + 4, text: label, anchor: 'end' });
  }
  shapes.push({ kind: 'lines', segments: [...frame, ...marks], width: 1, stroke: INK });
  shapes.push({ kind: 'label', x: left + PANEL / 2, y: top + PANEL + 38, text: shortPath(xAxis.path), anchor: 'middle' });
  shapes.push({ kind: 'label', x: left - 44, y: top + PANEL / 2, text: shortPath(yAxis.path), anchor: 'middle', turned: true });
  return shapes.filter((shape) => shape.kind !== 'label' || shape.text !== '');
}

interface Entry {
  readonly text: string;
  readonly shape: (x: number, y: number) => Shape[];
}

/** What there is on the map, and no more. */
function legendEntries({ throttles, theory, plan }: StabilityMap, bands: Bands): Entry[] {
  const states = new Set(throttles.flatMap(({ cells }) => cells.map(({ state }) => state)));
  const box = (look: Pick<Rect, 'fill' | 'pattern'>) => (x: number, y: number): Shape[] => [
    { kind: 'rect', x: x - 0.5, y: y - 0.5, width: 21, height: 13, fill: INK }, { kind: 'rect', x, y, width: 20, height: 12, ...look },
  ];
  const used = new Set(throttles.flatMap(({ cells }) => cells.flatMap(({ state, finalLoss }) => (state === 'stable' ? [bands.bandOf(finalLoss!)] : []))));
  const band = (index: number): string =>
    index === 0 ? `final loss up to ${powerOfTen(bands.levels[0]!)}`
    : index === bands.levels.length ? `final loss above ${powerOfTen(bands.levels.at(-1)!)}`
    : `final loss ${powerOfTen(bands.levels[index - 1]!)} to ${powerOfTen(bands.levels[index]!)}`;
  return [
    ...(states.has('diverged') ? [{ text: `diverged: a loss above ${plan.divergedLoss} or not finite`, shape: box(AREAS.diverged) }] : []),
    ...(states.has('stalled') ? [{ text: 'stalled: nothing moves, though there is loss left to learn', shape: box(AREAS.stalled) }] : []),
    ...(states.has('refused') ? [{ text: 'refused: the target cannot run it', shape: box(AREAS.refused) }] : []),
    ...[...used].sort((a, b) => b - a).map((index) => ({ text: bands.levels.length === 0 ? 'stable' : band(index), shape: box({ fill: SHADES[index]! }) })),
    ...(theory ? [{
      text: `theory without a controller: learning rate x largest eigenvalue = ${theory.limit} (${percent(theory.share)} above)`,
      shape: (x: number, y: number): Shape[] => [{ kind: 'lines', segments: [[[x, y + 6], [x + 20, y + 6]]], width: 2.2, stroke: THEORY }],
    }] : []),
  ];
}

function grid<T>(cells: readonly MapCell[], nx: number, value: (cell: MapCell) => T): T[][] {
  return Array.from({ length: cells.length / nx }, (_, row) => cells.slice(row * nx, (row + 1) * nx).map(value));
}

/** A path without the document it is in, if that leaves more than a word. */
const shortPath = (path: string): string => path.replace(/^experiment\./, '');
