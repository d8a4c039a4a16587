/** Every site of the target that counted: its format, what pressed on its rails, how its values lie between them. */
import { figure, percent } from '../../compare/figure.js';
import { apName, rawToReal } from '../../format/format.js';
import type { ComparisonRun, SiteCounters } from '../../schema/comparison.js';
import type { Plan, SiteFormat } from '../../schema/plan.js';
import { NONE } from '../terminal.js';
import { counted } from './figures.js';
import { histogramSvg } from './histogram.js';
import { html, type Content, type Markup } from './markup.js';
import { folded, wide } from './table.js';

const BAR = 90;

/** Share below the lower rail from the left, above the upper one after it. */
function pressure({ count, overflowHigh, overflowLow }: SiteCounters): Content {
  if (overflowHigh + overflowLow === 0) return 'none';
  const length = (n: number): number => (n === 0 ? 0 : Math.max(2, Number(((n / count) * BAR).toFixed(1))));
  return html`<svg class="pressure" width="${BAR}" height="10" viewBox="0 0 ${BAR} 10" aria-hidden="true"><rect class="track" width="${BAR}" height="10"/><rect class="below" width="${length(overflowLow)}" height="10"/><rect class="above" x="${length(overflowLow)}" width="${length(overflowHigh)}" height="10"/></svg><br>${percent(overflowLow / count)} below<br>${percent(overflowHigh / count)} above`;
}

/** Smallest and largest value on a line from rail to rail. */
function range({ min, max }: SiteCounters, { rails, fractionLength }: SiteFormat): Content {
  if (min === null || max === null) return NONE;
  const [low, high] = rails.map((raw) => rawToReal(BigInt(raw), fractionLength)) as [number, number];
  const at = (value: number): number => Number((((value - low) / (high - low)) * BAR).toFixed(1));
  const onRail = min <= low || max >= high;
  return html`<svg class="range" width="${BAR}" height="10" viewBox="0 0 ${BAR} 10" aria-hidden="true"><rect class="track" y="3" width="${BAR}" height="4"/><rect class="${onRail ? 'taken on-rail' : 'taken'}" x="${at(min)}" width="${Math.max(2, at(max) - at(min))}" height="10"/></svg><br>${figure(min)} to ${figure(max)}<br><small>of ${figure(low)} to ${figure(high)}</small>`;
}

const share = (n: number, count: number): string => (n === 0 ? NONE : percent(n / count));
const bias = (error: number): string => (Math.abs(error) < 5e-4 ? '0' : `${error > 0 ? '+' : ''}${error.toFixed(3)}`);

/** @param label of the run, for the names of its tables */
export function siteTable({ fixed }: ComparisonRun, plan: Plan, label: string): Markup {
  const sites = Object.entries(fixed.sites).filter(([, { count }]) => count > 0);
  const recorded = sites.flatMap(([key, { full }]) => (full ? [{ key, histogram: full.histogram }] : []));
  const bins = Math.max(0, ...recorded.map(({ histogram }) => histogram.length));
  const targets = fixed.targets.overflowHigh + fixed.targets.overflowLow;
  return html`${wide(`Sites: ${label}`, {
    caption: 'Sites of the fixed run. Histogram: sizes of raws in powers of two, zeros on the far left, rails as lines, heights by square root. Near: within 5 % of a rail. To zero: was not zero and became zero. Bias: mean of result minus exact value, in last places',
    head: ['site', 'values', 'log2 histogram', 'beyond a rail', 'near', 'to zero', 'steps stalled', 'values between the rails', 'bias'],
    rows: sites.map(([key, site]) => {
      const format = plan.sites[key]!;
      return [
        html`<code>${key}</code><br><small>${site.format} · ${apName(format)}<br>${format.rounding}, ${format.overflow}</small>`, counted(site.count), site.full ? histogramSvg(key, site.full.histogram, format) : NONE,
        pressure(site), share(site.nearRail, site.count), share(site.underflow, site.count), site.stalledSteps === 0 ? NONE : percent(site.stalledSteps / fixed.steps),
        range(site, format), site.full ? bias(site.full.meanError) : NONE,
      ];
    }),
    className: 'sites',
  })}
${targets > 0 && html`<p>${counted(targets)} of ${counted(fixed.targets.count)} targets do not fit <code>${fixed.targets.format}</code>.</p>`}
${bins > 0 && folded('Numbers: histograms', wide(`Histograms: ${label}`, {
    caption: 'Values by the size of their raw',
    head: ['site', 'zero', ...Array.from({ length: bins - 1 }, (_, k) => html`from 2<sup>${k}</sup>`)],
    rows: recorded.map(({ key, histogram }) => [html`<code>${key}</code>`, ...Array.from({ length: bins }, (_, k) => counted(histogram[k] ?? 0))]),
    className: 'numbers',
  }))}`;
}
