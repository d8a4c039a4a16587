/** The smallest size of a candidate that saves a run: by size until one does, then bits taken away site by site for as long as it still does. Each was run. */

import { sizeOf, type Candidate, type Ended, type Size } from './candidates.js';
import type { Lab } from './lab.js';
import type { Outcome } from './outcome.js';
import { namesOf, PART_NAMES, type Bits, type Widths } from './widths.js';
import { siteName } from '../site/sites.js';

/** A change that saves the run. */
export interface Saving extends Pick<Candidate, 'kind' | 'cause'> {
  readonly size: Size;
  readonly after: Outcome;
  /** Whether bits were taken away: the cause may then name more than the change does. */
  readonly trimmed: boolean;
}

/** Runs that taking bits away may take. */
const MOST_TRIALS = 48;

const saves = (outcome: Outcome | undefined): outcome is Outcome => outcome?.verdict === 'survives';

/**
 * Climbs the sizes of a candidate until the run survives, and trims what is found.
 *
 * @param onFailure told of every size that was run and does not save it
 */
export async function smallest(ended: Ended, lab: Lab, { kind, cause, sizes, monotone }: Candidate, onFailure: (size: Size, after: Outcome) => void): Promise<Saving | undefined> {
  const attempt = async (size: Size): Promise<Outcome | undefined> => {
    const after = await lab.run(size.change, size.what);
    if (after && !saves(after)) onFailure(size, after);
    return saves(after) ? after : undefined;
  };
  const last = sizes.at(-1);
  if (!last || (monotone && !(await attempt(last)))) return undefined;
  for (const size of sizes) {
    const after = await attempt(size);
    if (!after) continue;
    const best = await trimmed(ended, lab, size, after);
    return { kind, cause, ...best, trimmed: best.size !== size };
  }
  return undefined;
}

/** A change with bits taken away: from all layers of a site, then layer by layer, what comes last in a step first; in the end no single bit can be spared, as far as the runs allowed go. */
async function trimmed(ended: Ended, lab: Lab, size: Size, after: Outcome): Promise<Pick<Saving, 'size' | 'after'>> {
  let best = { size, after };
  let left = MOST_TRIALS;
  const keys = [...size.widths.keys()].reverse();
  if (keys.length < 2) return best;
  /** Whether the run survives with so many bits left in a part of some words. */
  const keep = async (own: readonly string[], part: keyof Bits, bits: number): Promise<boolean> => {
    const widths = new Map([...best.size.widths].map(([key, now]): [string, Bits] => [key, own.includes(key) ? { ...now, [part]: bits } : now]).filter(([, { whole, fraction }]) => whole + fraction > 0));
    const next = sizeOf(ended, { ...best.size, widths });
    if (next.what === '' || left-- <= 0) return false;
    const outcome = await lab.run(next.change, next.what);
    if (saves(outcome)) best = { size: next, after: outcome };
    return saves(outcome);
  };
  const names = namesOf(keys);
  const units = [...(names.length > 1 ? names.map((name) => keys.filter((key) => siteName(key) === name)) : []), ...keys.map((key) => [key])];
  for (const own of units) {
    for (const part of PART_NAMES) {
      let most = bitsOf(best.size.widths, own[0]!)[part];
      if (most === 0 || (await keep(own, part, 0))) continue;
      for (let fewest = 1; fewest < most;) {
        const middle = (fewest + most) >> 1;
        if (await keep(own, part, middle)) most = middle;
        else fewest = middle + 1;
      }
    }
  }
  for (let spared = true; spared;) {
    spared = false;
    for (const key of keys) for (const part of PART_NAMES) {
      const bits = bitsOf(best.size.widths, key)[part];
      if (bits > 0 && (await keep([key], part, bits - 1))) spared = true;
    }
  }
  return best;
}

const bitsOf = (widths: Widths, key: string): Bits => widths.get(key) ?? { whole: 0, fraction: 0 };
