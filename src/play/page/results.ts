/** What came of a run: the verdict first, then why, then every site. */
import { figure, percent } from '../../compare/figure.js';
import type { VerdictName } from '../../compare/thresholds.js';
import { rawToReal } from '../../format/format.js';
import type { ComparisonRun, FloatSide, SiteCounters } from '../../schema/comparison.js';
import type { SiteFormat } from '../../schema/plan.js';
import type { Played } from '../run.js';
import { byId, h, setText, svg } from './dom.js';

const BAR = 96;
const NONE = '–';
const share = (n: number, count: number): string => (n === 0 ? NONE : percent(n / count));

/** A verdict as shape, word and colour: the template of the report, which stands in the page. */
function showVerdict(holder: Element, verdict: VerdictName): void {
  if (holder.textContent.trim() === verdict) return;
  holder.replaceChildren((byId<HTMLTemplateElement>(`verdict-${verdict.replace(' ', '-')}`)).content.cloneNode(true));
}

function figuresOf(side: FloatSide, zero = '0'): string {
  const stalled = side.stalledSteps === 0 ? '' : ` · ${percent(side.stalledSteps / side.steps)} stalled`;
  return `final loss ${side.finalLoss === 0 ? zero : figure(side.finalLoss)} · worst ${figure(side.maxLoss)} at ${side.maxLossAt}${stalled}`;
}

/** Says how both sides ended. */
export function showAnswer({ comparison: { runs: [run] }, plan }: Played): void {
  const { verdict, float, fixed } = run!;
  showVerdict(byId('verdict-float'), verdict.float);
  showVerdict(byId('verdict-fixed'), verdict.fixed);
  setText(byId('figures-float'), figuresOf(float));
  setText(byId('figures-fixed'), figuresOf(fixed, `< ${figure(2 ** -plan.sites['loss']!.fractionLength)}`));
  const why = byId('why');
  if (why.textContent !== verdict.why.join('')) why.replaceChildren(...verdict.why.map((text) => h('li', {}, text)));
}

interface SiteRow {
  readonly element: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly update: (counters: SiteCounters, format: SiteFormat) => void;
}

/** The table of sites; a site is chosen by its button. */
export class SiteTable {
  readonly #choose: (key: string) => void;
  #rows = new Map<string, SiteRow>();
  #chosen = '';

  constructor(choose: (key: string) => void) {
    this.#choose = choose;
  }

  show({ fixed }: ComparisonRun, sites: Readonly<Record<string, SiteFormat>>): void {
    const counted = Object.entries(fixed.sites).filter(([, { count }]) => count > 0);
    if (counted.map(([key]) => key).join() !== [...this.#rows.keys()].join()) {
      this.#rows = new Map(counted.map(([key]) => [key, this.#row(key)]));
      byId('sites').replaceChildren(...[...this.#rows.values()].map(({ element }) => element));
      this.choose(this.#chosen);
    }
    for (const [key, counters] of counted) this.#rows.get(key)!.update(counters, sites[key]!);
  }

  choose(chosen: string): void {
    this.#chosen = chosen;
    for (const [key, { button, element }] of this.#rows) {
      button.setAttribute('aria-pressed', String(key === chosen));
      element.classList.toggle('chosen', key === chosen);
    }
  }

  #row(key: string): SiteRow {
    const button = h('button', { type: 'button' }, key);
    button.addEventListener('click', () => this.#choose(key));
    const [format, beyond, near, underflow, range] = [h('td'), h('td'), h('td'), h('td'), h('td')] as const;
    const bar = (...parts: SVGElement[]): SVGElement => svg('svg', { class: 'bar', width: BAR, height: 10, viewBox: `0 0 ${BAR} 10`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { class: 'track', width: BAR, height: 10 }), ...parts);
    const [below, above, taken] = [svg('rect', { class: 'below', height: 10 }), svg('rect', { class: 'above', height: 10 }), svg('rect', { class: 'taken', y: 1, height: 8 })];
    const [pressed, between, rails] = [h('span'), h('span'), h('span', { class: 'rails' })] as const;
    beyond.append(bar(below, above), ' ', pressed);
    range.append(bar(taken), ' ', between, rails);
    const place = (rect: SVGElement, x: number, width: number): void => {
      rect.setAttribute('x', x.toFixed(1));
      rect.setAttribute('width', width.toFixed(1));
    };
    return {
      button, element: h('tr', {}, h('th', { scope: 'row' }, button), format, beyond, near, underflow, range),
      update: ({ count, overflowHigh, overflowLow, nearRail, underflow: zero, min, max, format: name }, site) => {
        setText(format, `${name} · ${site.rounding}, ${site.overflow}`);
        const length = (n: number): number => (n === 0 ? 0 : Math.max(2, (n / count) * BAR));
        place(below, 0, length(overflowLow));
        place(above, BAR - length(overflowHigh), length(overflowHigh));
        setText(pressed, overflowHigh + overflowLow === 0 ? NONE : percent((overflowHigh + overflowLow) / count));
        setText(near, share(nearRail, count));
        setText(underflow, share(zero, count));
        const [low, high] = site.rails.map((raw) => rawToReal(BigInt(raw), site.fractionLength)) as [number, number];
        const at = (value: number): number => ((value - low) / (high - low)) * BAR;
        if (min !== null && max !== null) place(taken, Math.min(at(min), BAR - 2), Math.max(2, at(max) - at(min)));
        taken.classList.toggle('on-rail', min !== null && max !== null && (min <= low || max >= high));
        setText(between, min === null || max === null ? NONE : `${figureSigned(min)} … ${figureSigned(max)}`);
        setText(rails, min === null ? '' : ` of ${figureSigned(low)} … ${figureSigned(high)}`);
      },
    };
  }
}

const figureSigned = (value: number): string => figure(value).replace('-', '−');
