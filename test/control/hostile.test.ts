/** No controller emits NaN, a rate of zero it was not asked for, or an anchor that moved while locked: property-tested on data that no sensor should deliver. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, REFERENCE_THROTTLE_NAMES, THROTTLE_NAMES, type AnchorLaw } from '../../src/control/registry.js';
import { loadCore, type CoreExports } from '../../src/core/load.js';
import type { NumberSystem } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import { alignPlan } from '../../src/plan/alignment.js';
import { loadProfile } from '../../src/profile/load.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Profile } from '../../src/schema/profile.js';
import { randomPlan } from '../oracle/plans.js';
import { planOf, run, situations, type Situation } from './hostile.js';
import { Promises } from './promises.js';

/** Words of 8 to 32 bits; floors, roundings to even and wraps; quotients by division, by tables and by shifts. */
const TARGETS = ['enabol-tight', 'enabol-wide', 'cortex-m0-q7', 'loihi-8bit', 'avr-q7', 'cortex-m4-q15', 'cmsis-q15-lms', 'dspic33-wrap', 'cortex-m7-q31', 'dsp48e1'];
const SEED = Number(process.env['QRAILS_HOSTILE_SEED'] ?? 5_000);
const RUNS = Number(process.env['QRAILS_HOSTILE_RUNS'] ?? 4);

let core: CoreExports;
let profiles: Profile[];
beforeAll(async () => {
  core = await loadCore('scalar');
  profiles = await Promise.all(TARGETS.map(async (name) => (await loadProfile(name)).value));
});

type Planned = (throttle: string, anchor: AnchorLaw, drawn: Situation) => Plan | undefined;

/** On a shipped target. */
const shipped: Planned = (throttle, anchor, drawn) => planOf(profiles[drawn.profile % profiles.length]!, throttle, anchor, drawn);

/** In formats drawn without looking. */
const wild: Planned = (throttle, anchor, { seed, supervisorLaw, balanced }) => {
  const { plan } = randomPlan(seed, { wild: true, throttle, anchor, supervisor: supervisorLaw, balance: balanced, traps: 0 });
  try {
    alignPlan(plan);
  } catch (error) {
    if (error instanceof QrailsError) return undefined;
    throw error;
  }
  return plan;
};

/** Steps of each kind that were held to something. */
type Tally = Promises['tally'];

function torment(kind: NumberSystem, throttle: string, anchor: AnchorLaw, planned: Planned, seed: number, total: Tally): number {
  let steps = 0;
  fc.assert(fc.property(situations, (drawn) => {
    const plan = planned(throttle, anchor, drawn);
    fc.pre(plan !== undefined);
    const promises = new Promises(plan, kind);
    for (const seen of run(core, plan, kind, drawn)) {
      promises.hold(seen);
      steps++;
    }
    for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += promises.tally[name];
  }), { seed, numRuns: RUNS, maxSkipsPerRun: 20 });
  return steps;
}

describe.each([
  ['fixed, shipped targets', 'fixed', THROTTLE_NAMES, shipped],
  ['fixed, any formats', 'fixed', THROTTLE_NAMES, wild],
  ['float64', 'float', REFERENCE_THROTTLE_NAMES, shipped],
] as [name: string, kind: NumberSystem, throttles: readonly string[], planned: Planned][])('%s', (_, kind, throttles, planned) => {
  const total: Tally = { throttled: 0, rejected: 0, accepted: 0, locked: 0, released: 0, balanced: 0 };

  it.each(throttles)('%s keeps its promises beside every anchor', (throttle) => {
    for (const [index, anchor] of ANCHOR_NAMES.entries()) {
      const seed = SEED + ANCHOR_NAMES.length * throttles.indexOf(throttle) + index;
      expect(torment(kind, throttle, anchor, planned, seed, total), anchor).toBeGreaterThan(0);
    }
  });

  it('what was promised was tried', () => {
    for (const [what, steps] of Object.entries(total)) expect(steps, what).toBeGreaterThan(throttles.length);
  });
});
