/** Runs to take golden values of: batches of random plans, and the shipped experiments. */
import { prepare, type RunOptions } from '../../src/compare/prepare.js';
import type { Batch } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import type { BundleOptions } from '../../src/export/golden/bundle.js';
import { alignPlan } from '../../src/plan/alignment.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Dataset } from '../../src/signal/dataset.js';
import { randomPlan, type PlanOptions } from '../oracle/plans.js';
import type { Delivered } from '../oracle/state.js';

export interface RandomRun {
  readonly plan: Plan;
  readonly deliveries: readonly Delivered[];
  /** The deliveries of the steps, and that of the evaluation. */
  readonly batches: readonly Batch[];
  readonly evaluation: Batch;
}

/** The run of a seed, or of the next whose exact values fit the core. */
export function randomRun(seed: number, options: PlanOptions = {}): RandomRun {
  const { plan, deliveries } = randomPlan(seed, options);
  try {
    alignPlan(plan);
  } catch (error) {
    if (error instanceof QrailsError && error.code === 'unsupported') return randomRun(seed + 1000, options);
    throw error;
  }
  const phaseOf = plan.phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase));
  const batch = ({ count, inputs, targets }: Delivered, step: number): Batch => ({ count, inputs, targets, phase: phaseOf[step] ?? plan.phases.length - 1 });
  return { plan, deliveries, batches: deliveries.slice(0, -1).map(batch), evaluation: batch(deliveries.at(-1)!, deliveries.length - 1) };
}

/** The last variant of an experiment, with what an export says of it. */
export async function shipped(options: RunOptions): Promise<{ plan: Plan; dataset: Dataset; names: BundleOptions }> {
  const { experiment, profile, sensor, dataset, variants } = await prepare(options);
  const { plan, hash, throttle, anchor } = variants.at(-1)!;
  return {
    plan, dataset,
    names: { name: 'demo', title: 'gain drift', experiment: experiment.name, profile: profile.name, sensor: sensor.name, throttle, anchor, planHash: hash, toolVersion: '0.1.0' },
  };
}
