/** Runs a plan in binary64 with the quantisers of chosen sites: docs/numerics.md §9.1. */
import type { CoreExports } from '../core/load.js';
import { Session, type Batch } from '../core/session.js';
import type { Counters } from '../format/quantise.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { outputLoss, planSteps } from './pair.js';

export interface MixedOutcome {
  /** Σ(ŷ − y)²/2B of the evaluation batch with y as it is, before any rounding of target, error or loss; Infinity for a run that blew up or was trapped. */
  readonly loss: number;
  /** Of each layer, as real numbers. */
  readonly parameters: readonly (readonly number[])[];
  /** Of the chosen sites. */
  readonly counters: Readonly<Record<string, Counters>>;
  readonly evaluation: Batch;
}

/** Steps between two looks at whether a run has blown up. */
const CHUNK = 256;

/**
 * @param chosen keys of sites; none is the reference
 * @returns how it ended. A run is given up once a loss is not finite.
 */
export function runMixed(core: CoreExports, plan: Plan, dataset: Dataset, chosen: readonly string[]): MixedOutcome {
  const session = new Session(core, plan, 'float', { chosen, chunk: CHUNK });
  let lost = false;
  session.onRow((_, { loss }) => (lost ||= !Number.isFinite(loss)));
  const steps = planSteps(plan);
  let last: Batch | undefined;
  for (const batch of deliveries(plan, dataset)) {
    last = batch;
    if (batch.step < steps && !lost && session.trapped === undefined) session.push(batch);
  }
  session.finish();
  const evaluation = last!;
  const counters = session.counters();
  const parameters = session.read('evaluated');
  if (lost || session.trapped !== undefined) return { loss: Infinity, parameters, counters, evaluation };
  session.evaluate(evaluation);
  const loss = outputLoss(session, evaluation);
  return { loss: Number.isFinite(loss) ? loss : Infinity, parameters, counters, evaluation };
}
