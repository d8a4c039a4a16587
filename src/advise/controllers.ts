/** Formats of controllers: which sites have one to propose, and from where it is shortened. docs/advise.md. */
import { QrailsError } from '../errors.js';
import { inUse, ownRails } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import { siteKeys, siteName, SITES, type SiteName } from '../site/sites.js';
import { designOf, STEP_SITES, type Design } from './design.js';
import type { Lab } from './evaluate.js';
import type { Range } from './observe.js';
import { wholeBits, type Bits } from './search.js';

/** What a supervisor or an event detector watches. That it stays quiet in these runs is no reason to blunt it: only where a user names them. */
const WATCHED: readonly SiteName[] = ['loss', 'lossMean', 'lossVariance', 'statistic', 'measureMean', 'cusum'];
export const isWatched = (key: string): boolean => WATCHED.includes(siteName(key));

/** Where the search for controllers' formats begins. */
export interface Beginning {
  /** The target's own formats: nothing is longer than it has it. */
  readonly own: Design;
  /** Fewest integer bits. */
  readonly whole: Bits;
}

/**
 * Keys of the sites of controllers whose formats are proposed: in use in this plan, without rails of the user's. A target sample is as it is delivered, constants are
 * what was asked for, and a loss that no controller reads is only watched: a coarse one would cost no learning, and say nothing.
 */
export const controllersOf = (plan: Plan): string[] => siteKeys(plan.layers.length).filter((key) => {
  const name = siteName(key);
  if (SITES[name].kind === 'constant' || name === 'target' || STEP_SITES.includes(name)) return false;
  return inUse(plan, key) && !ownRails(plan.sites[key]!) && (name !== 'loss' || inUse(plan, 'lossMean') || inUse(plan, 'measureMean'));
});

/**
 * Looks where controllers' formats can be searched from, given those of the learning step. A site that saw no value says nothing about its format, and one that
 * saturates as the target has it is meant to, or too short already: both stay.
 *
 * @param step meets the requirement with the controllers as the target has them
 * @returns undefined where all of them stay
 */
export async function beginningOf(lab: Lab, step: Design, keys: readonly string[], ranges: Readonly<Record<string, Range>>): Promise<Beginning | undefined> {
  const seen = keys.filter((key) => ranges[key]!.some((end) => end !== 0));
  const all = designOf(await lab.plan(step), seen);
  const { overflows } = await lab.evaluate({ ...step, ...all }, true);
  const own: Design = Object.fromEntries(Object.entries(all).filter(([key]) => !(key in overflows)));
  if (Object.keys(own).length === 0) return undefined;
  const whole: Record<string, number> = {};
  for (const key of Object.keys(own)) whole[key] = await fewestWhole(lab, { ...step, ...own }, key, ranges[key]!);
  return { own, whole };
}

/** Integer bits that hold the values seen, and with which the target can be planned: a throttle has to hold 1. */
async function fewestWhole(lab: Lab, design: Design, key: string, range: Range): Promise<number> {
  const own = design[key]!;
  for (let whole = wholeBits(range, own.unsigned); whole < own.whole; whole++) {
    try {
      await lab.plan({ ...design, [key]: { ...own, whole, fraction: Math.max(own.fraction, 2 - whole) } });
      return whole;
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
    }
  }
  return own.whole;
}
