/** Shipped targets with every throttle, anchor and supervisor: a covering set of pairs, on a short run of gain drift. */
import { prepare } from '../../../src/compare/prepare.js';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../../../src/control/registry.js';
import { list } from '../../../src/document/catalogue.js';
import { QrailsError } from '../../../src/errors.js';
import type { Plan } from '../../../src/schema/plan.js';
import type { Dataset } from '../../../src/signal/dataset.js';
import { deliveries } from '../../../src/signal/delivery.js';
import type { Case } from './run.js';

/** Phases that switch everything on and off, and a batch of no power of two where the target takes any. */
function shortened(plan: Plan, sizes: string): Plan {
  const [first] = plan.phases;
  const batches = sizes === 'one' ? [1, 1, 1] : sizes === 'powerOfTwo' ? [4, 8, 2] : [4, 7, 1];
  return {
    ...plan,
    phases: batches.map((batch, k) => ({ ...first!, steps: [4, 22, 5][k]!, batch, throttle: k === 1, anchor: k > 0, supervisor: k < 2, sensor: k === 1 })),
    anchor: plan.anchor.law === 'event' ? { ...plan.anchor, calibration: 6, window: 3, consecutive: 1, hold: 3 } : plan.anchor,
    evaluationRows: 10,
  };
}

/**
 * Every target with every throttle, anchors and supervisors in turn, so that every pair of throttle and anchor occurs; or, for a quick look, every target once.
 * What a target cannot do is left out.
 */
export async function shippedCases(all: boolean): Promise<Case[]> {
  const cases: Case[] = [];
  let dataset: Dataset | undefined;
  for (const [p, profile] of list('profile').entries()) {
    for (const [t, throttle] of THROTTLE_NAMES.entries()) {
      if (!all && t !== p % THROTTLE_NAMES.length) continue;
      const anchor = ANCHOR_NAMES[(p + t) % ANCHOR_NAMES.length]!;
      const supervisor = SUPERVISOR_NAMES[(p + t) % SUPERVISOR_NAMES.length]!;
      try {
        const prepared = await prepare({ experiment: 'exp-000c', profile, sensor: 'step-gain-4', throttle: [throttle], anchor: [anchor], supervisor }, dataset);
        dataset = prepared.dataset;
        const plan = shortened(prepared.variants[0]!.plan, prepared.profile.batch?.sizes ?? 'any');
        const copies = [];
        for (const { count, inputs, targets } of deliveries(plan, dataset)) copies.push({ count, inputs: inputs.slice(), targets: targets.slice() });
        cases.push({ name: `${profile} ${throttle} ${anchor} ${supervisor}`, prefix: `p${cases.length}`, plan, deliveries: copies });
      } catch (error) {
        if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
      }
    }
  }
  return cases;
}
