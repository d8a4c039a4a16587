/** Phases as tasks: what each of them was learned from. */
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import type { Samples } from './network.js';

/** Values of all tasks together at the most: with many phases or columns a task has fewer rows. */
const MOST_VALUES = 20_000_000;
/** Samples between two looks at whether it was interrupted. */
const LOOK_SAMPLES = 65536;

/**
 * The last rows each phase is given, as they are delivered to it: as many as the plan evaluates on, where there are. Empty for one phase.
 * Runs the front end once over the whole plan.
 *
 * @throws an AbortError where `signal` was raised
 */
export async function phaseTasks(plan: Plan, dataset: Dataset, signal?: AbortSignal): Promise<Samples[]> {
  const { phases, data } = plan;
  if (phases.length < 2) return [];
  const most = Math.max(1, Math.min(plan.evaluationRows, Math.floor(MOST_VALUES / (phases.length * (data.inputs + data.targets)))));
  const kept = phases.map((): Samples[] => []);
  const ends = phases.map((_, index) => phases.slice(0, index + 1).reduce((sum, { steps }) => sum + steps, 0));
  let samples = 0;
  for (const { step, phase, count, inputs, targets } of deliveries(plan, dataset)) {
    const { batch } = phases[phase]!;
    const own = kept[phase]!;
    // The evaluation is behind the last step. Batches are at least half full on average, so this is room enough for the last rows.
    const left = ends[phase]! - step;
    if (left > 0 && left * batch <= 2 * most + 2 * batch) {
      own.push({ count, inputs: inputs.slice(), targets: targets.slice() });
      let held = own.reduce((sum, part) => sum + part.count, 0);
      while (held - own[0]!.count >= most) held -= own.shift()!.count;
    }
    samples += count;
    if (samples < LOOK_SAMPLES) continue;
    samples = 0;
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return kept.map((parts) => {
    const held = parts.reduce((sum, { count }) => sum + count, 0);
    const rows = Math.min(most, held);
    const joined = (of: (part: Samples) => Float64Array, width: number): Float64Array => {
      const all = new Float64Array(held * width);
      let at = 0;
      for (const part of parts) {
        all.set(of(part), at);
        at += part.count * width;
      }
      return all.subarray((held - rows) * width);
    };
    return { count: rows, inputs: joined(({ inputs }) => inputs, data.inputs), targets: joined(({ targets }) => targets, data.targets) };
  });
}
