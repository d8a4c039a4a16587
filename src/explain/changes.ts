/** The smallest changes that would have saved a run: along every candidate step by step, in order of size, each run. */
import { bothParts, candidates, onTop, type Candidate, type Size } from '../prescribe/candidates.js';
import { optionsOf } from '../prescribe/change.js';
import { CHANGE_NAMES } from '../prescribe/kinds.js';
import { better, LOWER, type Outcome } from '../prescribe/outcome.js';
import { smallest, type Saving } from '../prescribe/smallest.js';
import type { Case } from './case.js';
import type { Diagnosis } from './cause.js';

/** Told at the most, and of one kind. */
const TOLD = 3;
const OF_A_KIND = 2;
/** So many single changes are enough; with fewer, two are tried together. */
const ENOUGH = 2;
/** Changes that others are put on top of. */
const BASES = 2;

/** A change without bits that was tried and did not save the run. */
interface Attempt {
  readonly size: Size;
  readonly cause: string;
  readonly after: Outcome;
}

/**
 * Finds the smallest changes after which the run survives, smallest first: those that add no bits to a word before those that do.
 *
 * @returns up to three
 */
export async function smallestSavings(one: Case, { cause: brought }: Diagnosis): Promise<Saving[]> {
  const found: Saving[] = [];
  const partial: Attempt[] = [];
  const search = async (list: readonly Candidate[]): Promise<void> => {
    for (const candidate of list) {
      const saving = await smallest(one, one.lab, candidate, (size, after) => {
        if (size.bits === 0 && better(after, one.before)) partial.push({ size, cause: candidate.cause, after });
      });
      if (!saving) continue;
      const same = found.findIndex(({ size }) => String(optionsOf(size.change)) === String(optionsOf(saving.size.change)));
      if (same < 0) found.push(saving);
      else if (found[same]!.trimmed && !saving.trimmed) found[same] = saving;
    }
  };
  await search(candidates(one));
  // Where hardly anything alone is enough, two changes: wider and finer words, or bits on top of what helped most without any.
  if (found.length < ENOUGH) {
    await search(brought === 'range' || brought === 'resolution' ? bothParts(one) : []);
    const helped = [...partial].sort((a, b) => (better(a.after, b.after) ? -1 : Number(better(b.after, a.after)))).slice(0, BASES);
    for (const { size, cause } of helped) await search(onTop(one, size, cause));
  }
  const rank = ({ kind }: Saving): number => CHANGE_NAMES.indexOf(kind);
  // What survives without a lower loss survives by a threshold, and comes last.
  const lowers = ({ after }: Saving): number => Number(!(after.finalLoss <= LOWER * one.before.finalLoss));
  const sorted = found.filter((saving) => !found.some((other) => other !== saving && contains(saving, other)))
    .sort((a, b) => lowers(a) - lowers(b) || a.size.bits - b.size.bits || rank(a) - rank(b) || a.after.finalLoss - b.after.finalLoss);
  return sorted.filter((saving, index) => sorted.slice(0, index).filter(({ kind }) => kind === saving.kind).length < OF_A_KIND).slice(0, TOLD);
}

/** Whether a change does all that a smaller one does, and more, and ends no better for it. */
function contains(larger: Saving, smaller: Saving): boolean {
  const [all, some] = [optionsOf(larger.size.change), optionsOf(smaller.size.change)];
  return some.length < all.length && some.every((option) => all.includes(option)) && smaller.after.finalLoss <= 2 * larger.after.finalLoss;
}
