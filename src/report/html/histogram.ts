/** log2 histograms of raws against the rails. */
import { percent } from '../../compare/figure.js';
import type { SiteFormat } from '../../schema/plan.js';
import { html, type Markup } from './markup.js';

/** Widest bar, and all of them together. */
const BAR = 5;
const MOST = 190;
const HEIGHT = 36;
/** Between the bar of the zeros and the others. */
const GAP = 5;

const bits = (raw: bigint): number => (raw < 0n ? -raw : raw).toString(2).length;
/** log2 of the size of a rail, in bins. */
const position = (raw: bigint): number => (raw === 0n ? 0 : Math.log2(Math.abs(Number(raw))));

/**
 * Bars from the last place (left) to the rails (right), zeros apart on the far left. Heights go by the square root, which lets small bins be seen beside large ones.
 *
 * @param histogram bin 0: zeros; bin k: raws with 2^(k−1) ≤ |raw| < 2^k
 */
export function histogramSvg(key: string, histogram: readonly number[], { rails }: Pick<SiteFormat, 'rails'>): Markup {
  const [low, high] = rails.map(BigInt) as [bigint, bigint];
  const bins = Math.max(histogram.length - 1, bits(low), bits(high));
  const most = Math.sqrt(Math.max(1, ...histogram));
  const total = histogram.reduce((sum, n) => sum + n, 0);
  const step = Math.max(2, Math.min(BAR, Math.floor(MOST / bins)));
  const left = step + GAP;
  const width = left + bins * step + 2;
  const top = histogram.lastIndexOf(Math.max(...histogram.slice(1)), histogram.length);
  const label = `${key}: ${percent((histogram[0] ?? 0) / Math.max(1, total))} zeros${top > 0 ? `, most others from 2^${top - 1} to 2^${top} last places` : ''}; rails at ${rails[0]} and ${rails[1]}`;
  const bar = (n: number, x: number, name: string): Markup | undefined => {
    if (n === 0) return undefined;
    const height = Math.max(1, (Math.sqrt(n) / most) * HEIGHT);
    return html`<rect class="${name}" x="${x}" y="${(HEIGHT - height).toFixed(1)}" width="${step - 1}" height="${height.toFixed(1)}"/>`;
  };
  const rail = (raw: bigint, name: string): Markup => {
    const x = (left + position(raw) * step).toFixed(1);
    return html`<line class="${name}" x1="${x}" x2="${x}" y1="0" y2="${HEIGHT}"/>`;
  };
  return html`<svg class="histogram" viewBox="0 0 ${width} ${HEIGHT + 1}" width="${width}" height="${HEIGHT + 1}" role="img" aria-label="${label}">
<line class="base" x1="0" x2="${width}" y1="${HEIGHT + 0.5}" y2="${HEIGHT + 0.5}"/>${histogram.map((n, k) => bar(n, k === 0 ? 0 : left + (k - 1) * step, k === 0 ? 'zeros' : 'bin'))}${low !== 0n && rail(low, 'rail low')}${rail(high, 'rail')}</svg>`;
}
