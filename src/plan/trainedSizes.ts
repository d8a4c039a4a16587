/** Which sizes of batch a run meets. */
import type { Plan } from '../schema/plan.js';

/**
 * Every size of batch in the run, ascending: those of the phases, and what is left at the end of a pass wherever a phase began in it. As
 * docs/numerics.md §8 delivers rows, without walking over them.
 *
 * @example trainedSizes(plan) // [4, 32] for 100 rows in batches of 32, lastBatch keep
 */
export function trainedSizes({ phases, lastBatch, data: { rows } }: Pick<Plan, 'phases' | 'lastBatch' | 'data'>): number[] {
  const sizes = new Set<number>();
  let at = 0;
  for (const { steps, batch } of phases) {
    if (lastBatch !== 'keep' && steps > 0) sizes.add(batch);
    let left = lastBatch === 'keep' && rows > 0 ? steps : 0;
    while (left > 0) {
      const whole = Math.min(left, Math.floor((rows - at) / batch));
      if (whole > 0) sizes.add(batch);
      left -= whole;
      at += whole * batch;
      if (left > 0 && at < rows) {
        sizes.add(rows - at);
        left--;
        at = rows;
      }
      if (at === rows) {
        at = 0;
        // whole passes are alike: one of them is enough
        const pass = Math.ceil(rows / batch);
        if (left >= pass) left = pass + (left % pass);
      }
    }
  }
  return [...sizes].sort((a, b) => a - b);
}
