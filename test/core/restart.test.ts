/** A session that begins anew with another plan of its draft is as one made for it: rows, counters, parameters and losses. */
import { describe, expect, it } from 'vitest';
import { BUILDS, loadCore, type Build } from '../../src/core/load.js';
import { Session, type NumberSystem, type Row } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import { alignPlan } from '../../src/plan/alignment.js';
import { drawnAlike, drawPlan } from '../../src/plan/drawn.js';
import { hashJson, hashPlan } from '../../src/plan/hash.js';
import type { Plan } from '../../src/schema/plan.js';
import { randomPlan, type PlanOptions } from '../oracle/plans.js';
import type { Delivered } from '../oracle/state.js';

const KINDS: readonly PlanOptions[] = [{}, { wild: true }, { narrow: true }, { wild: true, traps: 2 }];
const DRAFTS = 6;

/** Two plans of one draft: the second under another seed, the initial weights of each row in reverse. */
function twins(plan: Plan): [Plan, Plan] {
  const mirrored = <T>(rows: readonly (readonly T[])[]): T[][] => rows.map((row) => [...row].reverse());
  const initial = plan.initial.map((layer) => ({ ...layer, weights: mirrored(layer.weights), weightsRaw: mirrored(layer.weightsRaw) }));
  return [drawPlan(plan, plan), drawPlan(plan, { data: { ...plan.data, sha256: 'f'.repeat(64) }, initial, seed: plan.seed + 1 })];
}

interface Case {
  readonly plans: readonly [Plan, Plan];
  readonly deliveries: readonly Delivered[];
}

function cases(): Case[] {
  return KINDS.flatMap((options) => {
    const found: Case[] = [];
    for (let seed = 1; found.length < DRAFTS; seed++) {
      const { plan, deliveries } = randomPlan(seed, options);
      try {
        alignPlan(plan);
        found.push({ plans: twins(plan), deliveries });
      } catch (error) {
        if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
      }
    }
    return found;
  });
}

/** All that a session shows of the first steps of a run, each batch delivered twice, the second time unchanged. */
function shown(session: Session, deliveries: readonly Delivered[], share = 1): unknown {
  const rows: Row[] = [];
  session.onRow((_, row) => rows.push({ ...row }));
  const batches = session.plan.phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase)).map((phase, at) => ({ ...deliveries[at]!, phase }));
  for (const batch of batches.slice(0, Math.ceil(share * batches.length))) {
    session.push(batch);
    session.push({ ...batch, unchanged: true });
  }
  session.finish();
  const { trapped, steps } = session;
  const [counters, targets] = [session.counters(), session.targetCounters()];
  const read = (['evaluated', 'gradient', 'update'] as const).map((what) => session.read(what));
  return { rows, trapped, steps, counters, targets, read, loss: session.evaluate({ ...deliveries.at(-1)!, phase: session.plan.phases.length - 1 }) };
}

describe('restart', () => {
  it.each(Object.keys(BUILDS) as Build[])('is as a new session, %s build', async (build) => {
    const [again, fresh] = await Promise.all([loadCore(build), loadCore(build)]);
    for (const { plans: [first, second], deliveries } of cases()) {
      for (const kind of ['fixed', 'float'] satisfies NumberSystem[]) {
        const session = new Session(again, first, kind, { restarts: true });
        shown(session, deliveries, 0.5);
        expect(session.restart(second)).toBe(true);
        expect(shown(session, deliveries)).toEqual(shown(new Session(fresh, second, kind), deliveries));
      }
    }
  });

  it('is refused for plans of another draft, and by sessions that were not made for it', async () => {
    const core = await loadCore();
    const { plans: [first, second] } = cases()[0]!;
    const copy = { ...second };
    expect(new Session(core, first, 'fixed').restart(second)).toBe(false);
    expect(new Session(core, first, 'fixed', { restarts: true }).restart(copy)).toBe(false);
    expect(new Session(core, copy, 'fixed', { restarts: true }).restart(copy)).toBe(false);
  });
});

describe('plans of one draft', () => {
  it('have the hashes of their JSON', () => {
    for (const { plans } of cases()) for (const plan of plans) expect(hashPlan(plan)).toBe(hashJson(plan));
  });

  it('are told from copies', () => {
    const { plans: [first, second] } = cases()[0]!;
    expect(drawnAlike(first, second)).toBe(true);
    expect(drawnAlike(first, { ...second })).toBe(false);
    expect(drawnAlike({ ...first }, { ...first })).toBe(false);
  });
});
