/** Runs a plan in the number systems a sweep asks for, and keeps what a comparison keeps of it: the same bits as `runPair`. */
import { RunGroup } from '../core/group.js';
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

/** What used a core last. */
const last = new WeakMap<CoreExports, Session | RunGroup>();

/** A session for a plan: the last one, where it can begin anew with it. */
function sessionOf(core: CoreExports, plan: Plan, kind: NumberSystem): Session {
  const known = last.get(core);
  if (known instanceof Session && known.kind === kind && known.restart(plan)) return known;
  last.delete(core); // another one lays out the memory anew, also where it fails
  const session = new Session(core, plan, kind, { restarts: true });
  last.set(core, session);
  return session;
}

/** The same for plans that go together. */
function groupOf(core: CoreExports, plans: readonly Plan[], kind: NumberSystem): RunGroup {
  const known = last.get(core);
  if (known instanceof RunGroup && known.kind === kind && known.restart(plans)) return known;
  last.delete(core);
  const group = new RunGroup(core, plans, kind);
  last.set(core, group);
  return group;
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

/** A plan and its data. */
export interface Run {
  readonly plan: Plan;
  readonly dataset: Dataset;
}

/** Work in turns, so that it can be stopped between them. `queued`: every session wants its queue run. */
export type Turns<T> = Generator<'queued' | undefined, T>;

/**
 * Runs a plan from its first step to the evaluation.
 *
 * @param kinds one or both; a side's bits do not depend on whether the other is run
 * @throws QrailsError where front end or widths do not allow it
 */
export const runSides = <K extends NumberSystem>(cores: Cores, plan: Plan, dataset: Dataset, kinds: readonly K[]): SidesResult<K> => finish(alone(cores, { plan, dataset }, kinds));

/** Takes all turns. */
export function finish<T>(turns: Turns<T>): T {
  for (;;) {
    const { done, value } = turns.next();
    if (done === true) return value;
  }
}

/** The same; looks up now and then, so that a Ctrl-C is heard in a long run. @throws an AbortError where `signal` was raised */
export async function finishUnless<T>(signal: AbortSignal, turns: Turns<T>): Promise<T> {
  signal.throwIfAborted();
  for (let looked = performance.now(); ;) {
    const { done, value } = turns.next();
    if (done === true) return value;
    if (performance.now() - looked < LOOK_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    looked = performance.now();
  }
}

/** One run. */
export function alone<K extends NumberSystem>(cores: Cores, run: Run, kinds: readonly K[]): Turns<SidesResult<K>> {
  return inTurns(kinds.map((kind) => sessionOf(cores[kind], run.plan, kind)), run);
}

/** Runs that `goTogether`, at the same step all the time; a queue is run for all at once. */
export function* together<K extends NumberSystem>(cores: Cores, runs: readonly Run[], kinds: readonly K[]): Turns<SidesResult<K>[]> {
  const plans = runs.map(({ plan }) => plan);
  const groups = kinds.map((kind) => groupOf(cores[kind], plans, kind));
  const turns = runs.map((run, k) => inTurns<K>(groups.map(({ sessions }) => sessions[k]!), run));
  for (;;) {
    const taken = turns.map((turn) => turn.next());
    if (taken.every(({ done }) => done)) return taken.map(({ value }) => value as SidesResult<K>);
    if (taken.some(({ value }) => value === 'queued')) for (const group of groups) group.run();
    yield;
  }
}

function* inTurns<K extends NumberSystem>(sessions: readonly Session[], { plan, dataset }: Run): Turns<SidesResult<K>> {
  const steps = planSteps(plan);
  const marks = { divergedLoss: plan.divergedLoss, lateFrom: lateStart(plan), stressFrom: stressStart(plan) };
  const sides = sessions.map((session): Side => {
    const recorder = new Recorder(steps, marks);
    session.onRow((step, row) => recorder.add(step, row));
    return { session, recorder, before: {} };
  });
  let samples = 0;
  for (const batch of deliveries(plan, dataset)) {
    const marked = batch.step === marks.lateFrom || batch.step === steps;
    if (marked || sides[0]!.session.runsBefore(batch)) yield 'queued'; // both sides queue alike
    if (batch.step < steps) {
      for (let k = 0; k < sides.length; k++) { // an iterator would be an object for every step here
        const side = sides[k]!;
        if (marked) side.before = side.session.tallies();
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
