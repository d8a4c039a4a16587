/** A run put away after any step and taken up again goes on bit for bit, on every build, in both number systems. */
import { describe, expect, it } from 'vitest';
import { BUILDS, loadCore, type Build } from '../../src/core/load.js';
import { Session, type Batch, type NumberSystem, type SessionOptions } from '../../src/core/session.js';
import { checkState, stateBytes, stateCrc32 } from '../../src/core/state.js';
import { hashJson } from '../../src/plan/hash.js';
import type { Plan } from '../../src/schema/plan.js';
import { THROTTLE_NAMES } from '../../src/control/registry.js';
import { randomPlan } from '../oracle/plans.js';
import type { Delivered } from '../oracle/state.js';

const SEEDS = Array.from({ length: Number(process.env['QRAILS_ORACLE_SEEDS'] ?? 60) / 4 }, (_, k) => 7000 + k);

/** Deliveries as batches; the last is the evaluation. */
function batches({ phases }: Plan, deliveries: readonly Delivered[]): Batch[] {
  const phaseOf = phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase));
  return deliveries.slice(0, -1).map(({ count, inputs, targets }, step) => ({ count, inputs, targets, phase: phaseOf[step]! }));
}

/** What is left of a run: its state as text, counters included. */
const end = (session: Session): string => {
  session.finish();
  return JSON.stringify([session.save('0'.repeat(64)), session.read('gradient'), session.read('update')], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
};

describe.each(Object.keys(BUILDS) as Build[])('core build %s', (build) => {
  it.each<[NumberSystem, SessionOptions]>([['fixed', {}], ['fixed', { wide: true }], ['fixed', { record: 'full' }], ['float', {}]])('%s %o: stops and goes on anywhere', async (kind, options) => {
    const core = await loadCore(build);
    for (const seed of SEEDS) {
      const { plan, deliveries } = randomPlan(seed, { throttle: THROTTLE_NAMES[seed % THROTTLE_NAMES.length]!, anchor: seed % 3 === 0 ? 'event' : seed % 3 === 1 ? 'fixed' : 'none', traps: 0 });
      const all = batches(plan, deliveries);
      const whole = new Session(core, plan, kind, options);
      for (const batch of all) whole.push(batch);
      const wanted = end(whole);
      for (const stop of new Set([0, 1, all.length >> 1, all.length - 1, all.length])) {
        const before = new Session(core, plan, kind, options);
        for (const batch of all.slice(0, stop)) before.push(batch);
        const state = JSON.parse(JSON.stringify(before.save('0'.repeat(64)))) as ReturnType<Session['save']>;
        expect(state.step).toBe(stop);
        const after = new Session(core, plan, kind, options);
        after.restore(state);
        for (const batch of all.slice(stop)) after.push(batch);
        // Gradients and updates are no state: they exist once a step has been done.
        if (stop < all.length) expect(end(after), `seed ${seed}, stopped after ${stop} of ${all.length}`).toBe(wanted);
        else expect((JSON.parse(end(after)) as unknown[])[0]).toEqual((JSON.parse(wanted) as unknown[])[0]);
      }
    }
  });
});

describe('a state that comes from elsewhere', () => {
  const { plan, deliveries } = randomPlan(7001, { throttle: 'gt0/secant', anchor: 'event', traps: 0 });
  const hash = hashJson(plan);
  const taken = async (): Promise<ReturnType<Session['save']>> => {
    const session = new Session(await loadCore('scalar'), plan, 'fixed');
    for (const batch of batches(plan, deliveries)) session.push(batch);
    return session.save(hash);
  };

  it('fits its plan', async () => {
    const state = await taken();
    await expect(checkState(JSON.parse(JSON.stringify(state)), plan, hash, 'a.json')).resolves.toEqual(state);
  });

  it.each<[string, (state: Record<string, never> & ReturnType<Session['save']>) => void, RegExp]>([
    ['a version it does not know', (state) => Object.assign(state, { state: 2 }), /state/],
    ['a key it does not know', (state) => Object.assign(state, { more: 1 }), /more/],
    ['another plan', (state) => void (state.planHash = 'f'.repeat(64)), /planHash/],
    ['a step after the last', (state) => void (state.step = 1e9), /step/],
    ['a field that is missing', (state) => void delete state.values['theta'], /values\.theta/],
    ['a field too many', (state) => void (state.values['other'] = ['1']), /values\.other/],
    ['a word too short of others', (state) => void state.values['theta']!.pop(), /values\.theta/],
    ['a word that is no number', (state) => void (state.values['theta']![0] = '0x1'), /theta/],
    ['a word of more than 64 bits', (state) => void (state.values['theta']![0] = '9223372036854775808'), /theta/],
  ])('is refused with %s', async (_name, spoil, message) => {
    const state = await taken();
    spoil(state as Record<string, never> & typeof state);
    await expect(checkState(state, plan, hash, 'a.json')).rejects.toThrow(message);
  });

  it('has bytes that show every word', async () => {
    const state = await taken();
    const crc = stateCrc32(plan, state);
    expect(stateBytes(plan, state).length).toBe(8 * (1 + Object.values(state.values).flat().length));
    for (const name of Object.keys(state.values)) {
      const changed = structuredClone(state);
      changed.values[name]![0] = String(BigInt(changed.values[name]![0]!) + 1n);
      expect(stateCrc32(plan, changed), name).not.toBe(crc);
    }
    expect(stateCrc32(plan, { ...state, step: state.step + 1 })).not.toBe(crc);
  });
});
