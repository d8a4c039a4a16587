/** Assignments that give sites more bits, as `--set` takes them. */
import { finer, options, siteName, wider } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import type { SiteName } from '../site/sites.js';
import { siteKey } from '../site/sites.js';

/** What bits are added to. */
export type Part = 'whole' | 'fraction';

/**
 * More bits for some sites, in every layer.
 *
 * @param more bits added to each
 * @returns undefined where a word cannot be as long
 */
export function moreBits(plan: Plan, profile: Profile, names: readonly SiteName[], { whole = 0, fraction = 0 }: Partial<Record<Part, number>>): string[] | undefined {
  const assignments = new Set<string>();
  for (const name of names) {
    for (const layer of plan.layers.keys()) {
      const key = siteKey(name, layer);
      const format = plan.sites[key];
      if (format === undefined) return undefined;
      const wordLength = format.wordLength + whole + fraction;
      const fine = fraction > 0 ? finer(key, format, ({ fractionLength }) => fractionLength >= format.fractionLength + fraction) : format;
      const to = fine && (whole > 0 ? wider(key, fine, (candidate) => candidate.wordLength >= wordLength) : fine);
      if (to?.wordLength !== wordLength) return undefined;
      for (const assignment of options(profile, key, format, to).split('--set ')) if (assignment.trim() !== '') assignments.add(assignment.trim());
    }
  }
  return [...assignments];
}

/** The sites of a key list, each once, in the order given. */
export const namesOf = (keys: readonly string[]): SiteName[] => [...new Set(keys.map(siteName))];
