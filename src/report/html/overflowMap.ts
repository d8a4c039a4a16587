/** Which sites overflow, or round to zero, when: a map over the parts of a run. */
import type { Comparison, ComparisonRun, SiteCounters } from '../../schema/comparison.js';
import { heatMapFigure } from './heatMap.js';
import type { Markup } from './markup.js';

type Strip = NonNullable<SiteCounters['full']>['strip'];

const MAPS = [
  { title: 'Overflows over time', about: 'Share of the values of each part of the run that went beyond a rail; the shade goes by its square root.', of: (strip: Strip, k: number) => strip.overflowHigh[k]! + strip.overflowLow[k]! },
  { title: 'Rounded to zero over time', about: 'Share of the values of each part of the run that were not zero and became zero; the shade goes by its square root.', of: (strip: Strip, k: number) => strip.underflow[k]! },
] as const;

/** Nothing where nothing happened, or the recorder was not full. */
export function overflowMaps({ fixed: { sites } }: ComparisonRun, { recorder: { stripFrom } }: Comparison['plan']): Markup[] {
  return MAPS.flatMap(({ title, about, of }) => {
    const rows = Object.entries(sites).flatMap(([name, { full }]) => {
      if (!full) return [];
      const shares = full.strip.count.map((count, k) => (count === 0 ? null : of(full.strip, k) / count));
      return shares.some((share) => share !== null && share > 0) ? [{ name, shares }] : [];
    });
    return rows.length === 0 ? [] : [heatMapFigure({ title, about, rows, columns: stripFrom.map(String), what: 'site', along: 'step' })];
  });
}
