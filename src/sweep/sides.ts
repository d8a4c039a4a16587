/** Runs a plan in the number systems a sweep asks for, and keeps what a comparison keeps of it: the same bits as `runPair`. */
import type { CoreExports } from '../core/load.js';
import { Session, type Batch, type NumberSystem } from '../core/session.js';
import type { Tally } from '../format/quantise.js';
import { lateStart, planSteps, recordingOf, stressStart, type Recording } from '../run/pair.js';
import { Recorder } from '../run/recorder.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';

/** Two instances of the core, since both sides may run at the same time; nothing else uses them meanwhile. */
export type Cores = Readonly<Record<NumberSystem, CoreExports>>;

/** The session that used a core last. */
const last = new WeakMap<CoreExports, Session>();

/** A session for a plan: the last one, where it can begin anew with it. */
function sessionOf(core: CoreExports, plan: Plan, kind: NumberSystem): Session {
  const known = last.get(core);
  if (known?.kind === kind && known.restart(plan)) return known;
  last.delete(core); // another one lays out the memory anew, also where it fails
  const session = new Session(core, plan, kind, { restarts: true });
  last.set(core, session);
  return session;
}

interface Side {
  readonly session: Session;
  readonly recorder: Recorder;
  before: Record<string, Tally>;
}

/**
 * Runs a plan from its first step to the evaluation.
 *
 * @param kinds one or both; a side's bits do not depend on whether the other is run
 * @returns the recordings of these sides, and the batch the final loss was measured on
 * @throws QrailsError where front end or widths do not allow it
 */
export function runSides<K extends NumberSystem>(cores: Cores, plan: Plan, dataset: Dataset, kinds: readonly K[]): { readonly recordings: Record<K, Recording>; readonly evaluation: Batch } {
  const steps = planSteps(plan);
  const marks = { divergedLoss: plan.divergedLoss, lateFrom: lateStart(plan), stressFrom: stressStart(plan) };
  const sides = kinds.map((kind): Side => {
    const session = sessionOf(cores[kind], plan, kind);
    const recorder = new Recorder(steps, marks);
    session.onRow((step, row) => recorder.add(step, row));
    return { session, recorder, before: {} };
  });
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step < steps) {
      for (const side of sides) {
        if (batch.step === marks.lateFrom) side.before = side.session.tallies();
        side.session.push(batch);
      }
      continue;
    }
    const recordings = Object.fromEntries(sides.map((side) => [side.session.kind, recordingOf(side.session, side.recorder, side.before, batch)])) as Record<K, Recording>;
    return { recordings, evaluation: batch };
  }
  throw new RangeError('the deliveries ended without an evaluation batch');
}
