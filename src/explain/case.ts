/** What an explanation is made from: one run that ended, and how to run others. */
import type { PairVerdict } from '../compare/compare.js';
import type { Prepared, Variant } from '../compare/prepare.js';
import { latePressure } from '../compare/verdict.js';
import { siteOf, stepOrder } from '../compare/stepOrder.js';
import type { Counters } from '../format/quantise.js';
import type { Pair } from '../run/pair.js';
import { SITES } from '../site/sites.js';
import type { Lab, Tried } from './lab.js';
import type { Watched } from './watch.js';

export interface Case {
  readonly prepared: Prepared;
  readonly variant: Variant;
  readonly pair: Pair;
  readonly judged: PairVerdict;
  readonly before: Tried;
  readonly watched: Watched;
  readonly lab: Lab;
}

/** Counters of every site of the target, its targets among them. */
export const countersOf = ({ pair: { fixed } }: Pick<Case, 'pair'>): Record<string, Counters> => ({ ...fixed.counters, target: fixed.targetCounters! });

/**
 * Sites of the learning step that met a rail, in the order of causes: by step, then in the order of a step. Those of controllers saturate by design.
 * `late`: share of the last quarter; null for the targets, which are counted over the whole run only.
 */
export function saturated(one: Pick<Case, 'pair'>): { readonly key: string; readonly counters: Counters; readonly late: number | null }[] {
  const { plan } = one.pair;
  const order = stepOrder(plan, (key) => plan.sites[key] !== undefined);
  const kinds: readonly string[] = ['signal', 'accumulator'];
  return Object.entries(countersOf(one))
    .filter(([key, { firstOverflow }]) => firstOverflow !== undefined && kinds.includes(SITES[siteOf(key).name].kind))
    .map(([key, counters]) => ({ key, counters, late: one.pair.fixed.lateCounters[key] ? latePressure(one.pair.fixed, key) : null }))
    .sort((a, b) => a.counters.firstOverflow!.step - b.counters.firstOverflow!.step || order.indexOf(a.key) - order.indexOf(b.key));
}
