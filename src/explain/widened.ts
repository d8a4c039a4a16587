/** What would have been, had a site not met its rails. */
import { longest, reformatted } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';

/** Bits of whole numbers added, where the word has room for them: no value of a run that is near its rails needs more. */
const ADDED = 8;

/**
 * A plan in which sites have more bits of whole numbers and no rails of their own. Up to the first overflow of the first of them it has the same bits.
 *
 * @returns undefined where a site has the longest word there is
 */
export function widened(plan: Plan, keys: readonly string[]): Plan | undefined {
  const sites = { ...plan.sites };
  for (const key of keys) {
    const format = sites[key]!;
    const wordLength = Math.min(longest(key, format), format.wordLength + ADDED);
    if (wordLength === format.wordLength) return undefined;
    const { saturatedBits: _, ...bare } = format;
    sites[key] = reformatted(bare, { wordLength });
  }
  return { ...plan, sites };
}
