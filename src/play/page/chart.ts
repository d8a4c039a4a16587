/** A curve of both sides that is drawn anew as often as it changes, with what it is kept beside. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { annotate } from '../../report/html/annotate.js';
import { ticks, tickText, yLimits, type Scale } from '../../report/html/axis.js';
import type { Points } from '../../report/html/decimate.js';
import type { Mark } from '../../report/html/marks.js';
import type { Means } from '../run.js';
import { setText } from './dom.js';

export interface ChartOptions {
  readonly scale: Scale;
  /** Pixels, where there is room. */
  readonly height: number;
  /** Whether there is room for labels of marks above it. */
  readonly marked?: boolean;
  /** A level worth seeing. */
  readonly limit?: { readonly at: number; readonly label: string };
}

type Series = readonly (number | null)[];
const NOTHING: Points = { steps: [], values: [[], []], of: 0, every: 1 };
const FONT = 12;
const LABEL = 13;
/** Lines of labels above a chart. */
const LEVELS = 2;
/** Pixels. */
const NARROW = 440;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const valueText = (value: number | null | undefined): string => (value == null ? 'none' : String(Number(value.toPrecision(5))));
const seriesOf = ({ values }: Points): [Series, Series] => [values[0] ?? [], values[1] ?? []];

/** Narrow ones are lower. */
const heightOf = ({ height }: ChartOptions, width: number): number => Math.round(width < NARROW ? 0.7 * height : height);

/** Means at the points nearest to the middles of their stretches; nothing at the others. */
function placed(means: Series, every: number, steps: readonly number[]): (number | null)[] {
  const values = steps.map((): number | null => null);
  let index = 0;
  means.forEach((mean, k) => {
    const middle = (k + 0.5) * every;
    while (index < steps.length - 1 && steps[index]! < middle) index++;
    values[index] = mean;
  });
  return values;
}

export class Chart {
  readonly #holder: HTMLElement;
  readonly #readout: Element;
  readonly #options: ChartOptions;
  readonly #plot: uPlot;
  #points = NOTHING;
  #kept: Points | undefined;
  #means: Means | undefined;
  #marks: readonly Mark[] = [];
  #range: [number, number] = [0.1, 1];
  #frame = 0;
  #colours: Record<string, string> = {};

  /** @param holder focusable: arrow keys move the cursor; @param readout what stands under it, in words */
  constructor(holder: HTMLElement, readout: Element, options: ChartOptions) {
    this.#holder = holder;
    this.#readout = readout;
    this.#options = options;
    this.#readColours();
    holder.tabIndex = 0;
    holder.setAttribute('role', 'group');
    holder.setAttribute('aria-roledescription', 'chart');
    this.#plot = this.#create();
    holder.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => {
      const { clientWidth: width } = holder;
      if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: heightOf(options, width) });
    }).observe(holder);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#readColours();
      this.#plot.redraw(false);
    });
  }

  /** Shows curves at the next frame. */
  show(points: Points, marks: readonly Mark[], means?: Means): void {
    this.#points = points;
    this.#marks = marks;
    this.#means = means;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** Shows the beginning of curves, and behind it what was shown before. */
  showPart(points: Points): void {
    const before = this.#points;
    const known = points.steps.length;
    if (points.every !== 1 || before.every !== 1 || before.steps.length < known) return;
    this.#points = { ...before, values: before.values.map((series, side) => [...points.values[side]!, ...series.slice(known)]) };
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** Keeps the fixed curve that is shown beside those to come, or lets it go. */
  keep(kept: boolean): void {
    this.#kept = kept ? this.#points : undefined;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #readColours(): void {
    this.#colours = Object.fromEntries(['faint', 'rule', 'float', 'fixed', 'mark', 'alarm'].map((name) => [name, colour(name)]));
  }

  #draw(): void {
    this.#frame = 0;
    const { scale, limit } = this.#options;
    const [float, fixed] = seriesOf(this.#points);
    const kept = this.#kept && this.#kept.steps.length === this.#points.steps.length ? seriesOf(this.#kept)[1] : [];
    this.#range = yLimits(float, [...fixed, ...kept], scale, limit?.at);
    const [floor] = this.#range;
    // A logarithm has no place for zero: it is drawn on the lower edge, and told as what it is.
    const { steps } = this.#points;
    const drawn = (series: Series): (number | null)[] => (scale === 'log' ? series.map((value) => (value !== null && value <= 0 ? floor : value)) : [...series]);
    const nothing = steps.map(() => null);
    const { every, float: floatMeans = [], fixed: fixedMeans = [] } = this.#means ?? { every: 1 };
    this.#plot.setData([[...steps], drawn(float), drawn(fixed), kept.length > 0 ? drawn(kept) : nothing, ...[floatMeans, fixedMeans].map((means) => (means.length > 0 ? placed(means, every, steps) : nothing))]);
    const at = this.#plot.cursor.idx;
    if (at != null) this.#read(at);
  }

  #read(index: number | null | undefined): void {
    const [float, fixed] = seriesOf(this.#points);
    setText(this.#readout, index == null || this.#points.steps[index] === undefined ? '' : `step ${this.#points.steps[index]}: float64 ${valueText(float[index])}, fixed ${valueText(fixed[index])}`);
  }

  #key(event: KeyboardEvent): void {
    const { steps } = this.#points;
    const at = this.#plot.cursor.idx ?? -1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 20, PageDown: at + 20, Home: 0, End: steps.length - 1 }[event.key];
    if (to === undefined || steps.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const index = Math.min(steps.length - 1, Math.max(0, to));
    const value = seriesOf(this.#points)[1][index];
    this.#plot.setCursor({ left: this.#plot.valToPos(steps[index]!, 'x'), top: value == null ? 0 : this.#plot.valToPos(Math.max(value, this.#range[0]), 'y') });
  }

  #create(): uPlot {
    const { scale, marked = false } = this.#options;
    const width = this.#holder.clientWidth || 600;
    const font = `${FONT}px system-ui, sans-serif`;
    const of = (name: string) => (): string => this.#colours[name]!;
    const axis = { stroke: of('faint'), grid: { stroke: of('rule'), width: 1 }, ticks: { show: false }, font };
    return new uPlot({
      width, height: heightOf(this.#options, width), padding: [marked ? LEVELS * LABEL + 4 : 8, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: (): [number, number] => [0, Math.max(1, this.#points.steps.at(-1) ?? 1)] },
        y: { distr: scale === 'log' ? 3 : 1, range: () => this.#range },
      },
      axes: [
        { ...axis, size: 26, incrs: Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((k) => k * 10 ** power)).flat(), values: (_, splits) => splits.map(String) },
        {
          ...axis, size: 56, splits: (_, __, low, high) => ticks(low, high, scale), filter: (_, splits) => splits,
          values: (_, splits) => splits.map((value) => (scale === 'log' && value <= this.#range[0] * 1.01 && this.#zeros() ? '0' : tickText(value))),
        },
      ],
      series: [
        {},
        // Behind means, what scatters is pale.
        { stroke: () => this.#colours['float']! + this.#veil(), width: 1.6, points: { show: false } },
        { stroke: () => this.#colours['fixed']! + this.#veil(), width: 2, dash: [6, 3], points: { show: false } },
        { stroke: of('faint'), width: 1, points: { show: false } },
        { stroke: of('float'), width: 2.2, spanGaps: true, points: { show: false } },
        { stroke: of('fixed'), width: 2.4, dash: [6, 3], spanGaps: true, points: { show: false } },
      ],
      cursor: { drag: { x: false, y: false }, points: { size: 7 }, sync: { key: 'run', scales: ['x', null] } },
      hooks: { setCursor: [(plot) => this.#read(plot.cursor.idx)], draw: [(plot) => annotate(plot, { marks: this.#marks, limit: this.#options.limit, ratio: uPlot.pxRatio, font: FONT, label: LABEL, levels: LEVELS, colour: (name) => this.#colours[name]! })] },
    }, [[], [], [], [], [], []], this.#holder);
  }

  /** Alpha of a colour, as two hexadecimal digits. */
  #veil(): string {
    return this.#means ? '40' : '';
  }

  #zeros(): boolean {
    return this.#points.values.some((series) => series.includes(0));
  }
}
