/** Four runs side by side are the four runs: every word, row, counter and first overflow, over all builds, with every controller; also where they part. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANCHORS, ESTIMATORS, THROTTLES, type AnchorLaw, type EstimatorDefinition } from '../../src/control/registry.js';
import { canGoTogether, GROUP, RunGroup } from '../../src/core/group.js';
import { BUILDS, loadCore, type Build, type CoreExports } from '../../src/core/load.js';
import { Session, type Batch } from '../../src/core/session.js';
import { drawPlan } from '../../src/plan/drawn.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Profile } from '../../src/schema/profile.js';
import { batchesOf, planOf, situations } from '../control/hostile.js';
import { Random } from '../oracle/random.js';
import { drawn } from './networks.js';

const NETWORKS = process.env['QRAILS_FULL'] ? 2000 : 300;
const SITUATIONS = process.env['QRAILS_FULL'] ? 5000 : 600;

interface Four {
  readonly plans: readonly Plan[];
  /** For each plan. */
  readonly batches: readonly (readonly Batch[])[];
}

/** Plans with other initial weights, seeds and rates, and rows of their own, the louder the later. */
function four(plan: Plan, batches: readonly Batch[], random: Random): Four {
  const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, k) => list[(k + by) % list.length]!);
  const plans = Array.from({ length: GROUP }, (_, k): Plan => ({
    ...plan, seed: plan.seed + k,
    initial: plan.initial.map((layer) => ({ ...layer, weights: layer.weights.map((row) => rotated(row, k)), weightsRaw: layer.weightsRaw.map((row) => rotated(row, k)) })),
    phases: plan.phases.map((phase) => {
      const { fractionLength } = plan.sites['learningRate']!;
      const raw = BigInt(phase.learningRate.raw) >> BigInt(k);
      return { ...phase, learningRate: { value: Number(raw) * 2 ** -fractionLength, raw: String(raw) } };
    }),
  }));
  const louder = (values: Float64Array, k: number): Float64Array => values.map((value) => value * (k === GROUP - 1 ? random.pick([1, 1, 1, 8]) : random.between(0.5, 1)));
  return { plans, batches: plans.map((_, k) => batches.map((batch) => ({ ...batch, inputs: louder(batch.inputs, k), targets: louder(batch.targets, k) }))) };
}

/** All that a session leaves, with the rows it told of. */
function outcomeOf(session: Session, rows: unknown[], batches: readonly Batch[], plan: Plan): unknown {
  const read = { theta: session.read('theta'), gradient: session.read('gradient'), update: session.read('update'), state: session.save('') };
  const peeked = plan.layers.map((_, layer) => [session.peek('errors', layer), session.peek('activations', layer)]);
  const counters = session.counters();
  return { rows, ...read, peeked, counters, loss: session.evaluate({ ...batches[0]!, phase: plan.phases.length - 1 }) };
}

const listen = (session: Session): unknown[] => {
  const rows: unknown[] = [];
  session.onRow((step, row) => rows.push({ step, ...row }));
  return rows;
};

/** The queues are run whenever a batch has to wait, and every so many. */
function together(core: CoreExports, { plans, batches }: Four, every: number): unknown[] {
  const group = new RunGroup(core, plans, 'fixed');
  return runs(group, { plans, batches }, every);
}

function runs(group: RunGroup, { plans, batches }: Four, every: number): unknown[] {
  const rows = group.sessions.map(listen);
  batches[0]!.forEach((_, at) => {
    if (at % every === 0 || group.sessions.some((session, k) => session.runsBefore(batches[k]![at]!))) group.run();
    group.sessions.forEach((session, k) => session.push(batches[k]![at]!));
  });
  group.run();
  return group.sessions.map((session, k) => outcomeOf(session, rows[k]!, batches[k]!, plans[k]!));
}

function oneByOne(core: CoreExports, { plans, batches }: Four): unknown[] {
  return plans.map((plan, k) => {
    const session = new Session(core, plan, 'fixed');
    const rows = listen(session);
    for (const batch of batches[k]!) session.push(batch);
    session.finish();
    return outcomeOf(session, rows, batches[k]!, plan);
  });
}

describe.each(Object.keys(BUILDS) as Build[])('build %s: four runs side by side', (build) => {
  let core: CoreExports;
  beforeAll(async () => void (core = await loadCore(build)));

  it(`are those one by one, ${NETWORKS} networks`, () => {
    let tried = 0;
    for (const { seed, plan, batches } of drawn(NETWORKS)) {
      const all = four(plan, batches, new Random(seed));
      if (!canGoTogether(all.plans)) continue;
      tried++;
      expect(together(core, all, 1 + (seed % 5)), `seed ${seed}`).toEqual(oneByOne(core, all));
    }
    expect(tried).toBeGreaterThan(NETWORKS / 2);
  });

  it('begun anew with other seeds', () => {
    for (const { seed, plan, batches } of drawn(20)) {
      const { batches: all } = four(plan, batches, new Random(seed));
      const plans = [1, 2].map((first) => all.map((_, k) => drawPlan(plan, { data: plan.data, initial: plan.initial, seed: first + k })));
      if (!canGoTogether(plans[0]!)) continue;
      const group = new RunGroup(core, plans[0]!, 'fixed');
      runs(group, { plans: plans[0]!, batches: all }, 2);
      expect(group.restart(plans[1]!)).toBe(true);
      const again = { plans: plans[1]!, batches: [...all].reverse() };
      expect(runs(group, again, 3), `seed ${seed}`).toEqual(oneByOne(core, again));
    }
  });

  it('with every throttle, estimator, anchor and supervisor, also where one is rejected or pulled and the others are not', () => {
    const profile: Profile = {
      name: 'group', defaults: { rounding: 'RND', overflow: 'SAT' },
      sites: {
        input: { wordLength: 12, fractionLength: 8 }, target: { wordLength: 12, fractionLength: 8 }, weight: { wordLength: 12, fractionLength: 9 }, bias: { wordLength: 12, fractionLength: 9 },
        activation: { wordLength: 12, fractionLength: 8 }, error: { wordLength: 12, fractionLength: 8 }, gradient: { wordLength: 14, fractionLength: 9 }, update: { wordLength: 14, fractionLength: 10 },
        accumulator: { wordLength: 20, fractionLength: 12 }, gradientAccumulator: { wordLength: 22, fractionLength: 12 }, rate: { wordLength: 12, fractionLength: 10 }, loss: { wordLength: 24, fractionLength: 12 },
      },
      batch: { division: 'powerOfTwo', sizes: 'any' },
    };
    const throttles = [...new Set(Object.keys(THROTTLES).flatMap((law) => [law, ...Object.entries<EstimatorDefinition>(ESTIMATORS).filter(([, { floatOnly }]) => !floatOnly).map(([estimator]) => `${law}/${estimator}`)]))];
    const seen = new Set<string>();
    fc.assert(fc.property(fc.constantFrom(...throttles), fc.constantFrom(...(Object.keys(ANCHORS) as AnchorLaw[])), situations, (throttle, anchor, situation) => {
      const plan = planOf(profile, throttle, anchor, { ...situation, sigmoid: false, sign: false, balanced: false });
      if (!plan) return;
      const all = four(plan, [...batchesOf(plan, 'fixed', situation)], new Random(situation.seed));
      if (!canGoTogether(all.plans)) return;
      const [first, ...others] = oneByOne(core, all) as { rows: { flags: number }[] }[];
      for (const flag of [1, 2, 4, 8, 16, 32]) if (first!.rows.some(({ flags }, at) => others.some((other) => (other.rows[at]!.flags & flag) !== (flags & flag)))) seen.add(String(flag));
      seen.add(throttle.split('/')[0]!).add(anchor);
      expect(together(core, all, 3)).toEqual([first, ...others]);
    }), { numRuns: SITUATIONS, seed: 5 });
    expect([...seen]).toEqual(expect.arrayContaining(['1', '8', '16', '32', ...Object.keys(ANCHORS)]));
  });
});
