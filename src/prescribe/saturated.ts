/** Sites of the learning step that met a rail. */
import { siteOf, stepOrder } from '../compare/stepOrder.js';
import { latePressure } from '../compare/verdict.js';
import type { Counters } from '../format/quantise.js';
import type { Pair } from '../run/pair.js';
import { SITES } from '../site/sites.js';

const KINDS: readonly string[] = ['signal', 'accumulator'];

/**
 * In the order of causes: by step, then in the order of a step. Sites of controllers are left out: they saturate by design.
 *
 * `late`: share of the last quarter; null for the targets, which are counted over the whole run only.
 */
export function saturated({ plan, fixed }: Pair): { readonly key: string; readonly counters: Counters; readonly late: number | null }[] {
  const order = stepOrder(plan, (key) => plan.sites[key] !== undefined);
  return Object.entries({ ...fixed.counters, target: fixed.targetCounters! })
    .filter(([key, { firstOverflow }]) => firstOverflow !== undefined && KINDS.includes(SITES[siteOf(key).name].kind))
    .map(([key, counters]) => ({ key, counters, late: fixed.counters[key] ? latePressure(fixed, key) : null }))
    .sort((a, b) => a.counters.firstOverflow!.step - b.counters.firstOverflow!.step || order.indexOf(a.key) - order.indexOf(b.key));
}
