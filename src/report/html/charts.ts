/**
 * What runs in the page: draws the curves, and listens to mouse and keyboard. The function stands in the page as it is, so it uses nothing
 * but its arguments and what a browser has. Texts go in as text, never as HTML.
 */
import type UPlot from 'uplot';
import type { annotate as Annotate } from './annotate.js';
import type * as Axis from './axis.js';
import type { PictureData } from './curves.js';

export const PICTURES_ID = 'qrails-pictures';

/** @param dataId of the island with the pictures */
export function drawCharts(uPlot: typeof UPlot, { yLimits, ticks, tickText, annotate }: Pick<typeof Axis, 'yLimits' | 'ticks' | 'tickText'> & { readonly annotate: typeof Annotate }, dataId: string): void {
  type Series = (number | null)[];
  /** Steps in view. */
  interface View {
    readonly min: number;
    readonly max: number;
  }
  interface Chart {
    readonly plot: UPlot;
    readonly picture: PictureData;
  }
  const HEIGHT = 280;
  const LABEL = 13;
  /** Lines of labels above a chart: a label that would run into another goes one up. */
  const LEVELS = 3;
  const FONT = 12;
  const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const font = `${FONT}px system-ui, sans-serif`;
  const charts: Chart[] = [];
  const views = new Map<number, View>();
  const announcer = document.body.appendChild(document.createElement('div'));
  announcer.className = 'quiet';
  announcer.setAttribute('role', 'status');

  const last = ({ steps }: PictureData): number => Math.max(1, steps[steps.length - 1] ?? 0);
  /** Shows steps from…to in every picture of a run. */
  const show = (run: number, from: number, to: number): void => {
    const pictures = charts.filter(({ picture }) => picture.run === run);
    const end = Math.max(...pictures.map(({ picture }) => last(picture)));
    const span = Math.min(end, Math.max(4, to - from));
    const min = Math.min(Math.max(0, from), end - span);
    const max = min + span;
    views.set(run, { min, max }); // before the plots are told: they find their vertical range by it
    for (const { plot } of pictures) plot.setScale('x', { min, max });
  };
  const viewOf = (picture: PictureData): View => views.get(picture.run) ?? { min: 0, max: last(picture) };
  const act = ({ plot, picture }: Chart, action: string): void => {
    const { min, max } = viewOf(picture);
    const span = max - min;
    const at = plot.cursor.idx == null ? (min + max) / 2 : picture.steps[plot.cursor.idx]!;
    const middle = at >= min && at <= max ? at : (min + max) / 2;
    const near = (factor: number): void => show(picture.run, middle - (middle - min) * factor, middle + (max - middle) * factor);
    if (action === 'in') near(0.5);
    if (action === 'out') near(2);
    if (action === 'back') show(picture.run, min - span / 2, max - span / 2);
    if (action === 'on') show(picture.run, min + span / 2, max + span / 2);
    if (action === 'reset') show(picture.run, 0, last(picture));
  };

  const valueText = (value: number | null | undefined): string => (value == null ? 'none' : String(Number(value.toPrecision(6))));

  function draw(figure: Element, picture: PictureData): void {
    const { run, scale, limit, marks, steps, float, fixed } = picture;
    const holder = figure.querySelector<HTMLElement>('.plot')!;
    const output = figure.querySelector('.readout')!;
    figure.querySelector<HTMLElement>('.live')!.hidden = false;
    figure.classList.add('drawn');
    const log = scale === 'log';
    const level = limit ? [limit.at] as const : [];
    const [floor] = yLimits(float, fixed, scale, ...level);
    const zeros = log && (float.includes(0) || fixed.includes(0));
    // A logarithm has no place for zero: it is drawn on the lower edge, and told as what it is.
    const drawn = (series: readonly (number | null)[]): Series => series.map((value) => (log && value !== null && value <= 0 ? floor : value));
    const readout = (index: number | null | undefined): string => (index == null ? '' : `step ${steps[index]}: float64 ${valueText(float[index])}, fixed ${valueText(fixed[index])}`);

    const plot: UPlot = new uPlot({
      width: holder.clientWidth || 700,
      height: HEIGHT,
      padding: [LEVELS * LABEL + 6, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false },
        y: {
          distr: log ? 3 : 1,
          range: (): [number, number] => {
            const { min, max } = viewOf(picture);
            const seen = (series: readonly (number | null)[]): Series => series.filter((_, k) => steps[k]! >= min && steps[k]! <= max);
            const [a, b] = [seen(float), seen(fixed)];
            const [low, high] = yLimits(a, b, scale, ...level);
            return [log && (a.includes(0) || b.includes(0)) ? Math.min(floor, low) : low, high];
          },
        },
      },
      axes: [
        { stroke: () => colour('faint'), grid: { stroke: () => colour('rule'), width: 1 }, ticks: { show: false }, font, label: 'step', labelFont: font, labelSize: 18, size: 28, incrs: [1, 2, 5].flatMap((k) => Array.from({ length: 9 }, (_, power) => k * 10 ** power)).sort((a, b) => a - b), values: (_, splits) => splits.map(String) },
        {
          stroke: () => colour('faint'), grid: { stroke: () => colour('rule'), width: 1 }, ticks: { show: false }, font, size: 62,
          splits: (_, __, low, high) => ticks(low, high, scale), filter: (_, splits) => splits,
          values: (_, splits) => splits.map((value) => (zeros && value <= floor * 1.01 ? '0' : tickText(value))),
        },
      ],
      series: [
        {},
        { label: 'float64', stroke: () => colour('float'), width: 1.6, points: { show: false } },
        { label: 'fixed', stroke: () => colour('fixed'), width: 2, dash: [6, 3], points: { show: false } },
      ],
      cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: `run ${run}`, scales: ['x', null] }, points: { size: 7 } },
      hooks: {
        setCursor: [(u) => {
          output.textContent = readout(u.cursor.idx);
        }],
        setSelect: [(u) => {
          const { left, width } = u.select;
          if (width > 3) show(run, u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
          if (width > 0) u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
        draw: [(u) => annotate(u, { marks, limit: limit ?? undefined, ratio: uPlot.pxRatio, font: FONT, label: LABEL, levels: LEVELS, colour })],
      },
    }, [[...steps], drawn(float), drawn(fixed)], holder);

    const chart: Chart = { plot, picture };
    charts.push(chart);
    const point = (index: number): void => {
      const k = Math.min(steps.length - 1, Math.max(0, index));
      const { min, max } = viewOf(picture);
      const step = steps[k]!;
      if (step < min || step > max) show(run, step - (max - min) / 2, step + (max - min) / 2);
      const value = drawn(fixed)[k] ?? drawn(float)[k];
      plot.setCursor({ left: plot.valToPos(step, 'x'), top: value == null ? 0 : plot.valToPos(value, 'y') });
      announcer.textContent = readout(k);
    };
    const keys: Record<string, () => void> = {
      ArrowLeft: () => point((plot.cursor.idx ?? steps.length) - 1), ArrowRight: () => point((plot.cursor.idx ?? -1) + 1), Home: () => point(0), End: () => point(steps.length - 1),
      '+': () => act(chart, 'in'), '=': () => act(chart, 'in'), '-': () => act(chart, 'out'), '0': () => act(chart, 'reset'), Escape: () => act(chart, 'reset'),
    };
    holder.addEventListener('keydown', (event) => {
      const does = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
      if (!does) return;
      event.preventDefault();
      does();
    });
    plot.over.addEventListener('dblclick', () => act(chart, 'reset'));
    figure.querySelectorAll<HTMLElement>('[data-zoom]').forEach((button) => button.addEventListener('click', () => act(chart, button.dataset['zoom']!)));
    new ResizeObserver(() => {
      if (holder.clientWidth > 0 && holder.clientWidth !== plot.width) plot.setSize({ width: holder.clientWidth, height: HEIGHT });
    }).observe(holder);
  }

  for (const picture of JSON.parse(document.getElementById(dataId)!.textContent) as PictureData[]) draw(document.getElementById(picture.id)!, picture);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(({ plot }) => plot.redraw(false)));
  document.querySelectorAll<HTMLElement>('[data-copy]').forEach((button) => {
    const source = document.getElementById(button.dataset['copy']!)!;
    button.hidden = false;
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(source.textContent).then(() => {
        announcer.textContent = button.textContent = 'Copied';
      }, () => getSelection()?.selectAllChildren(source));
    });
  });
}
