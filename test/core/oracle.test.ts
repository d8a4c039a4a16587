/** The core against the independent oracles: every raw, controller state, flag and counter, after every step, on every build. */
import { describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, REFERENCE_THROTTLE_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { FLAGS } from '../../src/core/abi.js';
import { BUILDS, loadCore, type Build } from '../../src/core/load.js';
import { Session, type Batch } from '../../src/core/session.js';
import { stateFields } from '../../src/core/stateFields.js';
import { runFixed, type FixedOutcome } from '../oracle/fixed.js';
import { runFloat, type FloatOutcome } from '../oracle/float.js';
import { randomPlan, type PlanOptions } from '../oracle/plans.js';
import type { Delivered, StepState } from '../oracle/state.js';
import { QrailsError } from '../../src/errors.js';
import { alignPlan } from '../../src/plan/alignment.js';
import type { Plan } from '../../src/schema/plan.js';

const SEEDS = Number(process.env['QRAILS_ORACLE_SEEDS'] ?? 150);

export function* batches(plan: Plan, deliveries: readonly Delivered[]): Generator<Batch> {
  let at = 0;
  for (const [phase, { steps }] of plan.phases.entries()) for (let k = 0; k < steps; k++, at++) yield { ...deliveries[at]!, phase };
}

interface Snapshot {
  raws: Record<'loss' | 'alpha' | 'rate' | 'curvature' | 'curvatureMean', bigint>;
  row: { flags: number; events: number; loss: number; alpha: number; rate: number; curvature: number; curvatureMean: number };
  weights: number[][];
  gradients: number[][];
  updates: number[][];
  /** Words of the state by name. */
  state: Readonly<Record<string, readonly string[]>>;
}

/** Runs a session one step a visit and hands over what it sees, up to a trap. */
function* steps(session: Session, plan: Plan, deliveries: readonly Delivered[]): Generator<Snapshot> {
  let row: Snapshot['row'] | undefined;
  session.onRow((_, seen) => (row = { ...seen }));
  for (const batch of batches(plan, deliveries)) {
    if (session.trapped !== undefined) return;
    session.push(batch);
    session.finish();
    const raw = (field: keyof Snapshot['raws']): bigint => session.rawOfLastRow(field);
    yield {
      raws: { loss: raw('loss'), alpha: raw('alpha'), rate: raw('rate'), curvature: raw('curvature'), curvatureMean: raw('curvatureMean') },
      row: row!,
      weights: session.read('theta'),
      gradients: session.read('gradient'),
      updates: session.read('update'),
      state: session.save('').values,
    };
  }
}

const numbers = (layers: readonly (readonly bigint[])[]): number[][] => layers.map((layer) => layer.map(Number));
const flagsOf = (state: StepState<unknown>): Record<string, boolean> => ({
  infeasible: state.infeasible, stalled: state.stalled, zeroUpdate: state.zeroUpdate, pulling: state.pulling, rejected: state.rejected,
});
const flagsIn = (flags: number): Record<string, boolean> => ({
  infeasible: (flags & FLAGS.infeasible) !== 0, stalled: (flags & FLAGS.stalled) !== 0, zeroUpdate: (flags & FLAGS.zeroUpdate) !== 0, pulling: (flags & FLAGS.pulling) !== 0,
  rejected: (flags & FLAGS.rejected) !== 0,
});

const bits = new DataView(new ArrayBuffer(8));
/** The word of a state that holds a binary64 number. */
const wordOf = (value: number): string => {
  bits.setFloat64(0, value);
  return String(bits.getBigInt64(0));
};
/** A word without the sign of a zero and the bits of what is no number. */
const plainWord = (word: string): string => {
  bits.setBigInt64(0, BigInt(word));
  const value = bits.getFloat64(0);
  return Number.isNaN(value) ? 'NaN' : value === 0 ? wordOf(0) : word;
};

/** What an oracle's controllers carry, as words of the core's state, and those words in the core. */
function carried(plan: Plan, { controllers }: StepState<bigint> | StepState<number>, state: Snapshot['state']): { expected: Snapshot['state']; found: Snapshot['state'] } {
  const integers = new Set(stateFields(plan).filter(({ integer }) => integer).map(({ name }) => name));
  const real = (name: string, value: bigint | number): value is number => typeof value === 'number' && !integers.has(name);
  const expected: Record<string, readonly string[]> = {};
  const found: Record<string, readonly string[]> = {};
  for (const [name, values] of Object.entries(controllers) as [string, readonly (bigint | number)[]][]) {
    expected[name] = values.map((value) => (real(name, value) ? plainWord(wordOf(value)) : String(value)));
    found[name] = state[name]!.map((word, at) => (real(name, values[at]!) ? plainWord(word) : word));
  }
  return { expected, found };
}

interface Drawn {
  readonly seed: number;
  readonly plan: Plan;
  readonly deliveries: Delivered[];
}

/** Random plans the core takes: a few need registers wider than docs/numerics.md §10 allows and are refused. */
function accepted(options: PlanOptions, count: number, from = 0): Drawn[] {
  const plans = [];
  let seed = from;
  while (plans.length < count) {
    const { plan, deliveries } = randomPlan(++seed, options);
    try {
      alignPlan(plan);
      plans.push({ seed, plan, deliveries });
    } catch (error) {
      if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
    }
  }
  expect(plans.length / (seed - from), 'share of random plans that are taken').toBeGreaterThan(count < 10 ? 0 : 0.6);
  return plans;
}

const named = ({ throttle, anchor, supervisor, balance }: Plan): string =>
  [`${throttle.law}${throttle.estimator ? `/${throttle.estimator}` : ''}`, anchor.law, supervisor.law, ...(balance ? ['balance'] : [])].join(', ');

/** Every throttle with every anchor, and the supervisors in turn. */
const combined = (throttles: readonly string[]): PlanOptions[] =>
  throttles.flatMap((throttle, t) => ANCHOR_NAMES.map((anchor, a) => ({ throttle, anchor, supervisor: SUPERVISOR_NAMES[(t + a) % SUPERVISOR_NAMES.length]! })));

interface Expected<N, O> extends Drawn {
  readonly expected: readonly StepState<N>[];
  readonly outcome: O;
}

/** Works a list out when it is first asked for: the oracle's runs are the same for every build. */
function once<T>(make: () => readonly T[]): () => readonly T[] {
  let made: readonly T[] | undefined;
  return () => (made ??= make());
}

const fixedRuns = (plans: () => Drawn[]): (() => readonly Expected<bigint, FixedOutcome>[]) =>
  once(() => plans().map((drawn) => {
    const expected: StepState[] = [];
    const outcome = runFixed(drawn.plan, drawn.deliveries, (state) => expected.push(state));
    return { ...drawn, expected, outcome };
  }));

const KINDS: [kind: string, runs: () => readonly Expected<bigint, FixedOutcome>[]][] = [
  ['fitting', fixedRuns(() => accepted({}, SEEDS))],
  ['wild', fixedRuns(() => accepted({ wild: true }, SEEDS))],
  ['narrow', fixedRuns(() => accepted({ narrow: true }, Math.ceil(SEEDS / 3)))],
  ['trapping', fixedRuns(() => accepted({ traps: 2 }, Math.ceil(SEEDS / 3)))],
  ['wild trapping', fixedRuns(() => accepted({ wild: true, traps: 2 }, Math.ceil(SEEDS / 3)))],
  ['combined', fixedRuns(() => combined(THROTTLE_NAMES).flatMap((options, index) => accepted(options, Math.ceil(SEEDS / 150), 100 * index)))],
  ['balanced', fixedRuns(() => accepted({ balance: true }, Math.ceil(SEEDS / 3)))],
];

const FLOAT_RUNS = once(() => {
  const free: PlanOptions[] = Array.from({ length: SEEDS }, () => ({ reference: true }));
  return [...free, ...combined(REFERENCE_THROTTLE_NAMES)].map((options, index): Expected<number, FloatOutcome> => {
    const drawn = randomPlan(index + 1, options);
    const expected: StepState<number>[] = [];
    const outcome = runFloat(drawn.plan, drawn.deliveries, (state) => expected.push(state));
    return { ...drawn, seed: index + 1, expected, outcome };
  });
});

describe.each(Object.keys(BUILDS) as Build[])('core build %s', (build) => {
  for (const [kind, runs] of KINDS) {
    it(`fixed: random ${kind} plans, bit for bit after every step`, async () => {
      const core = await loadCore(build);
      for (const { seed, plan, deliveries, expected, outcome } of runs()) {
        for (const wide of [false, true]) {
          const where = `seed ${seed}, ${kind}, ${named(plan)}, ${wide ? 'wide' : 'as chosen'}`;
          const session = new Session(core, plan, 'fixed', { chunk: 1, wide });
          let step = 0;
          for (const seen of steps(session, plan, deliveries)) {
            const state = expected[step]!;
            expect(step, `${where}: trapped at ${outcome.trapped}`).toBeLessThan(expected.length);
            expect({ step, ...seen.raws, events: seen.row.events, ...flagsIn(seen.row.flags) }, where).toEqual({
              step, loss: state.loss, alpha: state.alpha, rate: state.rate, curvature: state.curvature, curvatureMean: state.curvatureMean, events: state.events, ...flagsOf(state),
            });
            expect({ step, weights: seen.weights }, where).toEqual({ step, weights: numbers(state.weights) });
            expect({ step, gradients: seen.gradients }, where).toEqual({ step, gradients: numbers(state.gradients) });
            expect({ step, updates: seen.updates }, where).toEqual({ step, updates: numbers(state.updates) });
            const controllers = carried(plan, state, seen.state);
            expect({ step, ...controllers.found }, where).toEqual({ step, ...controllers.expected });
            step++;
          }
          expect(step).toBe(expected.length);
          expect(session.trapped, where).toBe(outcome.trapped);
          // a step that is pushed after a trap leaves no mark
          if (outcome.trapped !== undefined) for (const batch of batches(plan, deliveries)) session.push(batch);
          session.finish();
          expect(session.read('theta'), where).toEqual(numbers(outcome.finalWeights));
          const counters = session.counters();
          for (const [key, counts] of Object.entries(counters)) expect({ key, ...counts }, where).toMatchObject({ key, ...outcome.counters[key] });
          const last = deliveries[deliveries.length - 1]!;
          expect(session.evaluate({ ...last, phase: plan.phases.length - 1 }).raw, where).toBe(outcome.finalLoss);
        }
      }
    });
  }

  it('float64: random plans, bit for bit after every step', async () => {
    const core = await loadCore(build);
    for (const { seed, plan, deliveries, expected, outcome } of FLOAT_RUNS()) {
      const session = new Session(core, plan, 'float', { chunk: 1 });
      let step = 0;
      for (const seen of steps(session, plan, deliveries)) {
        const state = expected[step]!;
        const where = `seed ${seed}, step ${step}, ${named(plan)}`;
        const { loss, alpha, rate, curvature, curvatureMean, events } = seen.row;
        expect({ loss, alpha, rate, curvature, curvatureMean, events, ...flagsIn(seen.row.flags) }, where).toEqual({
          loss: state.loss, alpha: state.alpha, rate: state.rate, curvature: state.curvature, curvatureMean: state.curvatureMean, events: state.events, ...flagsOf(state),
        });
        // −0 and 0 are the same number here.
        const plain = (layers: readonly (readonly number[])[]): number[][] => layers.map((layer) => layer.map((v) => v + 0));
        expect(plain(seen.weights), where).toEqual(plain(state.weights));
        expect(plain(seen.gradients), where).toEqual(plain(state.gradients));
        expect(plain(seen.updates), where).toEqual(plain(state.updates));
        const controllers = carried(plan, state, seen.state);
        expect(controllers.found, where).toEqual(controllers.expected);
        step++;
      }
      expect(step).toBe(expected.length);
      const last = deliveries[deliveries.length - 1]!;
      expect(session.evaluate({ ...last, phase: plan.phases.length - 1 }).loss).toEqual(outcome.finalLoss);
    }
  });

  it('unsigned sums that wrap below zero come out at the top, and are aligned for it', async () => {
    const core = await loadCore(build);
    for (let seed = 1; seed <= 40; seed++) {
      const { plan, deliveries } = randomPlan(seed, { narrow: true, traps: 0 });
      for (const [key, site] of Object.entries(plan.sites)) {
        if (!/\.(accumulator|gradientAccumulator)$/.test(key)) continue;
        plan.sites[key] = { signed: false, wordLength: 63, fractionLength: site.fractionLength, rounding: 'TRN', overflow: 'WRAP', rails: ['0', String((1n << 63n) - 1n)] };
      }
      const { finalWeights, counters } = runFixed(plan, deliveries);
      for (const wide of [false, true]) {
        const session = new Session(core, plan, 'fixed', { wide });
        for (const batch of batches(plan, deliveries)) session.push(batch);
        session.finish();
        expect(session.read('theta'), `seed ${seed}`).toEqual(numbers(finalWeights));
        for (const [key, counts] of Object.entries(session.counters())) expect({ key, ...counts }, `seed ${seed}`).toMatchObject({ key, ...counters[key] });
      }
    }
  });

  it('queued in chunks gives the bits of one step at a time, and stops where the oracle does', async () => {
    const core = await loadCore(build);
    for (const { seed, plan, deliveries } of [...accepted({}, 10), ...accepted({ traps: 1 }, 10)]) {
      const results = [1, 3, 1024].map((chunk) => {
        const session = new Session(core, plan, 'fixed', { chunk });
        const losses: number[] = [];
        session.onRow((_, { loss }) => losses.push(loss));
        for (const batch of batches(plan, deliveries)) session.push(batch);
        session.finish();
        return { steps: losses.length, losses, weights: session.read('theta'), counters: session.counters(), trapped: session.trapped };
      });
      const { trapped, losses, finalWeights, counters } = runFixed(plan, deliveries);
      const expected = { trapped, steps: losses.length, weights: numbers(finalWeights) };
      expect(results[0], `seed ${seed}`).toMatchObject(expected);
      for (const [key, counts] of Object.entries(results[0]!.counters)) expect({ key, ...counts }, `seed ${seed}`).toMatchObject({ key, ...counters[key] });
      expect(results[1], `seed ${seed}`).toEqual(results[0]);
      expect(results[2], `seed ${seed}`).toEqual(results[0]);
    }
  });
});
