/** Runs one cell of a map: one plan in one number system, given up as soon as it has blown up. */
import type { Reference } from '../compare/reference.js';
import type { Thresholds } from '../compare/thresholds.js';
import type { CoreExports } from '../core/load.js';
import { Session, type Batch, type NumberSystem } from '../core/session.js';
import { lateStart, planSteps, stressStart } from '../run/pair.js';
import { Recorder } from '../run/recorder.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';

/** Steps between two looks at whether a cell has blown up. */
const CHUNK = 32;

/** How a cell ended. */
export interface Outcome {
  /** First step whose loss was above the experiment's `divergedLoss` or not finite, or whose TRAP ended the run; the number of steps for the final loss; null if none. */
  readonly divergedAt: number | null;
  /** Not diverged, and the dead-zone rule of docs/verdicts.md holds: so much of the last quarter stalled with so much of the excess loss left. */
  readonly stalled: boolean;
  /** Loss of the evaluation batch after the last step, the same as a comparison's; null where the cell diverged. */
  readonly finalLoss: number | null;
}

export interface CellInput {
  readonly plan: Plan;
  readonly dataset: Dataset;
  /** Least squares of the evaluation batch, where it is known. */
  readonly reference: Reference | undefined;
  readonly limits: Thresholds;
}

/**
 * Runs a cell.
 *
 * @param core an instance that nothing else uses meanwhile
 * @param breathe called now and then with the samples taken since; may throw to end the run
 */
export async function runCell(core: CoreExports, kind: NumberSystem, input: CellInput, breathe: (samples: number) => Promise<void> | undefined): Promise<Outcome> {
  const { plan, dataset } = input;
  const session = new Session(core, plan, kind, { chunk: CHUNK, record: 'off' });
  const steps = planSteps(plan);
  const recorder = new Recorder(steps, { divergedLoss: plan.divergedLoss, lateFrom: lateStart(plan), stressFrom: stressStart(plan) });
  session.onRow((step, row) => recorder.add(step, row));
  let evaluation: Batch | undefined;
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step === steps) {
      session.finish();
      evaluation = batch;
    } else session.push(batch);
    if (session.trapped !== undefined) return { divergedAt: recorder.divergedAt ?? session.steps - 1, stalled: false, finalLoss: null };
    if (recorder.divergedAt !== null) return { divergedAt: recorder.divergedAt, stalled: false, finalLoss: null };
    await breathe(batch.count);
  }
  const { loss } = session.evaluate(evaluation!);
  if (!(loss <= plan.divergedLoss)) return { divergedAt: steps, stalled: false, finalLoss: null };
  return { divergedAt: null, stalled: inDeadZone(recorder, loss, input), finalLoss: loss };
}

/** The rule of `dead zone` (docs/verdicts.md). */
function inDeadZone({ late, startLoss }: Recorder, finalLoss: number, { reference, limits }: CellInput): boolean {
  const floor = Math.min(reference?.loss ?? 0, startLoss);
  const left = Math.max(0, Math.min(finalLoss, late.meanLoss) - floor);
  return late.stalled >= limits.stall * late.steps && left > limits.deadZone * (startLoss - floor);
}
