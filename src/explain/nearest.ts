/** What is nearest to failing in a run that survives: bits taken off one word at a time, fewest first, then gain and learning rate. */
import type { Documents, Prepared, RunOptions } from '../compare/prepare.js';
import { bracket } from '../margins/bracket.js';
import { quantitiesOf } from '../margins/quantities.js';
import { PART_NAMES, QUANTITIES } from '../margins/registry.js';
import { groupsOf } from '../margins/words.js';
import type { Explanation } from '../schema/explanation.js';
import type { Lab } from '../prescribe/lab.js';
import { partText } from '../prescribe/widths.js';

/** Words told, and bits taken off at the most. */
const TOLD = 4;
const MOST_BITS = 6;
/** How close gain and rate are looked for. */
const TOLERANCE = 0.1;
const KINDS: readonly string[] = ['gain', 'rate'];

/**
 * Brings a run down that survives, by the smallest changes. A change that the target refuses brings nothing down.
 *
 * @param options of the run
 * @returns up to four words, then what of gain and learning rate fails within the scan of `margins`
 */
export async function nearestToFailing(prepared: Prepared, documents: Documents, options: RunOptions, lab: Lab): Promise<Explanation['nearest']> {
  const found: Explanation['nearest'] = [];
  const fails = async (set: readonly string[], what: string): Promise<boolean> => {
    const tried = await lab.run({ set }, what);
    return tried !== undefined && tried.verdict !== 'survives';
  };
  const groups = await groupsOf(prepared, documents, options);
  const known = new Set<string>();
  for (let bits = 1; bits <= MOST_BITS && found.length < TOLD; bits++) {
    for (const { name, wordLength, line, set } of groups) {
      for (const part of PART_NAMES) {
        if (wordLength - bits < line.outward.at(-1)! || known.has(name + part) || found.length === TOLD) continue;
        const text = `${partText(part, bits, 'fewer')} in ${name}`;
        const change = set(part, wordLength - bits);
        if (!(await fails(change, text))) continue;
        known.add(name + part);
        found.push({ text, set: change });
      }
    }
  }
  for (const { name, set, ...line } of quantitiesOf(prepared, TOLERANCE)) {
    const { kind, label } = QUANTITIES[name];
    if (!KINDS.includes(kind)) continue;
    const { failsAt } = await bracket(line, async (value) => !(await fails(set(value), `${label} ${value}`)));
    if (failsAt !== null) found.push({ text: `${label} ${failsAt}${kind === 'gain' ? '' : `, now ${line.outward[0]}`}`, set: set(failsAt) });
  }
  return found;
}
