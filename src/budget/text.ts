/** An error budget as text: what the target costs, then each site, then what does not add up. */
import { figure } from '../compare/figure.js';
import { printable } from '../document/show.js';
import { NONE, PLAIN, supervisorText, type Palette } from '../report/terminal.js';
import type { BudgetMedian, BudgetSite, ErrorBudget } from '../schema/budget.js';

/** Sites whose loss changes by less are named, not listed. */
const LISTED_DB = 0.05;

const db = ({ median }: BudgetMedian | { median: number | null }): string => (median === null ? '∞' : `${median > 0 ? '+' : ''}${Math.abs(median) < 0.05 ? '0' : median.toFixed(1)}`);
const best = ({ roundings }: BudgetSite): BudgetSite['roundings'][number] =>
  roundings.reduce((least, one) => ((one.lossDb.median ?? Infinity) < (least.lossDb.median ?? Infinity) ? one : least));

const listed = ({ alone, roundings }: BudgetSite): boolean => [alone, ...roundings].some(({ lossDb: { median } }) => median === null || Math.abs(median) >= LISTED_DB);

export function renderBudget({ plan, float, all, sites, sum, pairs }: ErrorBudget, { palette = PLAIN }: { palette?: Palette } = {}): string {
  const head = ['site', 'format', 'rounding', 'alone', 'weights', 'without it', 'best alone'];
  const rows = sites.filter(listed).map((site): string[] => {
    const { rounding, lossDb } = best(site);
    return [
      site.key, site.format, site.rounding, db(site.alone.lossDb), site.alone.weightErrorDb ? db(site.alone.weightErrorDb) : NONE,
      db({ median: (site.withoutIt.lossDb.median ?? Infinity) - (all.lossDb.median ?? Infinity) }),
      rounding === site.rounding || (lossDb.median ?? Infinity) > (site.alone.lossDb.median ?? Infinity) - LISTED_DB ? NONE : `${rounding} ${db(lossDb)}`,
    ];
  });
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => (column >= 3 && column <= 5 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  ').trimEnd();
  const quiet = sites.filter((site) => !listed(site)).map(({ key }) => key);
  return [
    palette.bold(printable(plan.title)),
    `target ${printable(plan.profile)} · sensor ${printable(plan.sensor)} · throttle ${plan.throttle}, anchor ${plan.anchor}${supervisorText(plan)} · ${plan.seeds === 1 ? `seed ${plan.first}` : `medians of ${plan.seeds} seeds`}`,
    `final loss ${figure(float.median)} in float64, ${figure(all.loss.median)} with all sites rounding: ${db(all.lossDb)} dB`,
    '',
    palette.dim(line(head)),
    ...rows.map(line),
    '',
    ...(quiet.length > 0 ? [`cost nothing    ${quiet.join(', ')}`] : []),
    `sum of all      ${figure(sum)} more loss if each came on top of the others; together ${figure(all.excess.median)}`,
    ...pairs.map(({ sites: [a, b], apart, together, kind }) => `${kind.padEnd(16)}${a} and ${b}: ${figure(together)} more loss, ${figure(apart)} by their sum`),
    '',
    'alone: dB of final loss over float64 with this site rounding and no other; weights: the same of ‖W − W_ref‖; without it: what the target gains or',
    'loses where this site alone is exact; best alone: the rounding that costs least there, if it is another.',
    '',
  ].join('\n');
}
