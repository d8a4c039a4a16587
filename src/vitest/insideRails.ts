import type { MatcherState } from 'vitest';
import { figure, percent } from '../compare/figure.js';

import { closest } from '../document/closest.js';
import type { ComparisonRun } from '../schema/comparison.js';
import { siteName, SITES } from '../site/sites.js';
import { known, number, oneOf } from './arguments.js';
import { callText, failureText } from './message.js';
import { subjectOf, wrong } from './subject.js';

const RAILS = ['both', 'high', 'low'] as const;

export interface InsideRailsOptions {
  /** A site of one layer, `layer0.weight`, or of all, `weight`. Default every site, controller state apart: that saturates by design. */
  readonly site?: string;
  /** Which rail; default both. */
  readonly side?: (typeof RAILS)[number];
  /** Share of the values of a site that may overflow, 0 to 1; default 0. */
  readonly allow?: number;
}

type Counts = ComparisonRun['fixed']['targets'];

/** Passes where, of every site asked for, no larger share of values than allowed overflowed. */
export function toStayInsideRails(this: MatcherState, received: unknown, options: InsideRailsOptions = {}) {
  const subject = subjectOf('toStayInsideRails', received);
  known('toStayInsideRails', ['site', 'side', 'allow'], options);
  const side = oneOf('toStayInsideRails', RAILS, options.side ?? 'both', 'rail');
  const allow = number('toStayInsideRails', 'allow', options.allow ?? 0, 0, 1);
  const sites = chosenSites(subject.run, options.site);
  const outside = sites.map(([key, counts]) => ({ key, counts, share: overflows(counts, side) / counts.count }))
    .filter(({ share }) => share > allow)
    .sort((a, b) => b.share - a.share);
  const rails = side === 'both' ? 'rails' : `${side === 'high' ? 'upper' : 'lower'} rail`;
  return {
    pass: outside.length === 0,
    message: () => failureText(subject, {
      call: callText('toStayInsideRails', this.isNot, ...(Object.keys(options).length > 0 ? [options] : [])),
      expected: `${options.site ?? 'every site'} ${this.isNot ? 'not ' : ''}inside its ${rails}${allow > 0 ? `, but for ${percent(allow)} of its values` : ''}`,
      received: outside.length === 0
        ? [`${sites.reduce((sum, [, { count }]) => sum + count, 0)} values inside`]
        : outside.map(({ key, counts, share }) => describe(key, counts, share)),
      advice: !this.isNot,
    }),
  };
}

/** `layer0.weight (sfix12_En8): 3 % of 960 values, 29 above and 0 below, between -1.9 and 7.9, first at step 20 (wanted raw 2100, got 2047)` */
function describe(key: string, { format, count, overflowHigh, overflowLow, min, max, firstOverflow }: Counts, share: number): string {
  const first = firstOverflow === null ? '' : `, first at step ${firstOverflow.step} (wanted raw ${firstOverflow.wanted}, got ${firstOverflow.raw})`;
  return `${key} (${format}): ${percent(share)} of ${count} values, ${overflowHigh} above and ${overflowLow} below, between ${figure(min)} and ${figure(max)}${first}`;
}

const overflows = ({ overflowHigh, overflowLow }: Counts, side: (typeof RAILS)[number]): number =>
  (side === 'low' ? 0 : overflowHigh) + (side === 'high' ? 0 : overflowLow);

/** Sites that counted something. @throws QrailsError `usage` for a site that is not there or counted nothing, of which nothing could be said */
function chosenSites({ fixed }: ComparisonRun, site: string | undefined): [string, Counts][] {
  const all: [string, Counts][] = [...Object.entries(fixed.sites), ['target', fixed.targets]];
  if (site === undefined) return all.filter(([key, { count }]) => count > 0 && SITES[siteName(key)].kind !== 'metric');
  const named = all.filter(([key]) => key === site || siteName(key) === site);
  const counting = all.filter(([, { count }]) => count > 0).map(([key]) => key);
  if (named.length === 0) throw wrong('toStayInsideRails', 'this run has no such site', site, counting.join(', '), closest(site, [...counting, ...counting.map(siteName)]));
  const counted = named.filter(([, { count }]) => count > 0);
  if (counted.length === 0) throw wrong('toStayInsideRails', 'this site counted nothing in this run, so nothing could fail', site, counting.join(', '));
  return counted;
}
