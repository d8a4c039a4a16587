/** Steps worth a line in every picture: where a phase begins, where the stress begins, where the losses part, where the anchor lets go. */
import { stressStart } from '../../run/pair.js';
import type { ComparisonRun } from '../../schema/comparison.js';
import type { Plan } from '../../schema/plan.js';

export interface Mark {
  /** Step. */
  readonly at: number;
  readonly label: string;
}

/** Times the anchor let go that are marked. */
const MOST_EVENTS = 8;

/** In order of steps. The start of the run is no mark, unless the stress begins there. */
export function marksOf(plan: Plan, { difference, fixed }: ComparisonRun): Mark[] {
  const stress = plan.phases.some(({ sensor }) => sensor) ? stressStart(plan) : -1;
  const marks: Mark[] = [];
  let begins = 0;
  for (const [index, { steps }] of plan.phases.entries()) {
    if (begins === stress) marks.push({ at: begins, label: `stress from ${begins}` });
    else if (begins > 0) marks.push({ at: begins, label: `phase ${index} from ${begins}` });
    begins += steps;
  }
  if (difference.partedAt !== null) marks.push({ at: difference.partedAt, label: `losses part at ${difference.partedAt}` });
  for (const at of fixed.eventSteps.slice(0, MOST_EVENTS)) marks.push({ at, label: `anchor lets go at ${at}` });
  return marks.sort((a, b) => a.at - b.at);
}
