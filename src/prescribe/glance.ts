/** What compare prescribes: candidates seen at a glance, run, and told where they help. */
import { VERDICTS } from '../compare/thresholds.js';
import type { Try } from '../schema/comparison.js';
import { candidates, type Ended } from './candidates.js';
import { commandOf, optionsOf } from './change.js';
import { Lab, type LabOptions } from './lab.js';
import { effectOf, outcomeOf, published } from './outcome.js';

/** Prescriptions shown for one run, and tried at the most. */
const SHOWN = 3;
const TRIED = 8;

/** Runs candidates and keeps those that help: best verdict first, then the smallest change; a larger one only where it ends clearly better than a smaller one. */
export async function tryAtAGlance(ended: Ended, given: Omit<LabOptions, 'prepared' | 'variant'>): Promise<Try[]> {
  const { prepared, variant } = ended;
  const lab = new Lab({ ...given, prepared, variant });
  const before = outcomeOf(ended.pair, ended.judged);
  const found: (Try & { readonly rank: number; readonly cost: number; readonly loss: number })[] = [];
  const glances = candidates(ended).flatMap(({ cause, glance }) => glance.map((size) => ({ cause, ...size })));
  for (const { cause, what, change, bits } of glances.slice(0, TRIED)) {
    const after = await lab.run(change, what);
    const effect = after && effectOf(before, after);
    if (after === undefined || effect === undefined) continue;
    found.push({
      why: `${cause}: ${what}`, change: optionsOf(change), command: commandOf(given.options, variant, change, prepared), effect, before: published(before), after: published(after),
      rank: VERDICTS.indexOf(after.verdict), cost: bits > 0 ? bits : (change.set?.length ?? 0), loss: after.finalLoss,
    });
  }
  const sorted = found.sort((a, b) => a.rank - b.rank || a.cost - b.cost || (a.loss === b.loss ? 0 : a.loss - b.loss));
  return sorted
    .filter((one, index) => !sorted.slice(0, index).some((other) => other.cost <= one.cost && other.cost > 0 && one.cost > 0 && other.loss <= 2 * one.loss))
    .slice(0, SHOWN)
    .map(({ rank: _, cost: __, loss: ___, ...shown }) => shown);
}
