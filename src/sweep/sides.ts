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

/** What is left of a run: the recordings of the sides that were run, and the batch the final loss was measured on. */
export interface SidesResult<K extends NumberSystem> {
  readonly recordings: Record<K, Recording>;
  readonly evaluation: Batch;
}

/** Samples between two moments at which a run can be stopped, and the least time. */
const LOOK_SAMPLES = 4096;
const LOOK_MS = 50;

/**
 * Runs a plan from its first step to the evaluation.
 *
 * @param kinds one or both; a side's bits do not depend on whether the other is run
 * @throws QrailsError where front end or widths do not allow it
 */
export function runSides<K extends NumberSystem>(cores: Cores, plan: Plan, dataset: Dataset, kinds: readonly K[]): SidesResult<K> {
  const run = inTurns(cores, plan, dataset, kinds);
  for (;;) {
    const { done, value } = run.next();
    if (done === true) return value;
  }
}

/** As `runSides`; looks up now and then, so that a Ctrl-C is heard in a long run. @throws an AbortError where `signal` was raised */
export async function runSidesUntil<K extends NumberSystem>(cores: Cores, plan: Plan, dataset: Dataset, kinds: readonly K[], signal: AbortSignal): Promise<SidesResult<K>> {
  signal.throwIfAborted();
  const run = inTurns(cores, plan, dataset, kinds);
  for (let looked = performance.now(); ;) {
    const { done, value } = run.next();
    if (done === true) return value;
    if (performance.now() - looked < LOOK_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    looked = performance.now();
  }
}

function* inTurns<K extends NumberSystem>(cores: Cores, plan: Plan, dataset: Dataset, kinds: readonly K[]): Generator<undefined, SidesResult<K>> {
  const steps = planSteps(plan);
  const marks = { divergedLoss: plan.divergedLoss, lateFrom: lateStart(plan), stressFrom: stressStart(plan) };
  const sides = kinds.map((kind): Side => {
    const session = sessionOf(cores[kind], plan, kind);
    const recorder = new Recorder(steps, marks);
    session.onRow((step, row) => recorder.add(step, row));
    return { session, recorder, before: {} };
  });
  let samples = 0;
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step < steps) {
      for (const side of sides) {
        if (batch.step === marks.lateFrom) side.before = side.session.tallies();
        side.session.push(batch);
      }
      samples += batch.count;
      if (samples < LOOK_SAMPLES) continue;
      samples = 0;
      yield;
      continue;
    }
    const recordings = Object.fromEntries(sides.map((side) => [side.session.kind, recordingOf(side.session, side.recorder, side.before, batch)])) as Record<K, Recording>;
    return { recordings, evaluation: batch };
  }
  throw new RangeError('the deliveries ended without an evaluation batch');
}
