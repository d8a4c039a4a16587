/** From names and options to what the runs of designs depend on: documents, data and float64 sides of every seed under every stress. */
import { prepareFrom, readDocuments, type Documents, type RunOptions } from '../compare/prepare.js';
import { leastSquares } from '../compare/reference.js';
import { thresholds } from '../compare/thresholds.js';
import { byOutputs, judge } from '../compare/verdict.js';
import { loadCore, type Build, type CoreExports } from '../core/load.js';
import { applySet } from '../document/set.js';
import { parseReal, toDouble } from '../format/real.js';
import { hashJson } from '../plan/hash.js';
import type { Experiment } from '../schema/experiment.js';
import { runSides } from '../sweep/sides.js';
import { movedSites, type FloatSide, type Scenario, type Setup } from './scenario.js';
import type { Dataset } from '../signal/dataset.js';
import type { Plan } from '../schema/plan.js';

export interface SetupOptions extends RunOptions {
  readonly throttle: readonly [string];
  readonly anchor: readonly [string];
  /** Sensors, shipped names or paths; undefined for the run's own. */
  readonly stresses: readonly (string | undefined)[];
  readonly seeds: readonly number[];
  /** The learning rates are multiplied by this; default 1. */
  readonly rate?: number | undefined;
  readonly build?: Build | undefined;
  /** Called before each run. */
  readonly breathe?: (() => Promise<void>) | undefined;
}

/**
 * Prepares every seed under every stress and runs its float64 side.
 *
 * @throws QrailsError for anything in documents, data or options that cannot be
 */
export async function openSetup(given: SetupOptions): Promise<Setup> {
  const { experiment, profile, sensor, supervisor, steps, data, directory, throttle, anchor, set = [], rate = 1 } = given;
  const options: RunOptions = { supervisor, steps, data, directory, throttle, anchor };
  const core = await loadCore(given.build);
  const scenarios: Scenario[] = [];
  const datasets = new Map<number, Dataset>();
  for (const stress of given.stresses) {
    const names = { ...options, experiment, profile, sensor: stress ?? sensor };
    const read = await readDocuments(names);
    const values = await applySet({ profile: read.profile.value, sensor: read.sensor.value, experiment: read.experiment.value }, set);
    // Once with the assignments as they were written: what is wrong with one is told by its name.
    await prepareFrom(read, { ...options, set, seed: given.seeds[0] });
    const documents: Documents = {
      experiment: { ...read.experiment, value: withRate(values.experiment, rate) }, profile: { ...read.profile, value: values.profile }, sensor: { ...read.sensor, value: values.sensor },
    };
    for (const seed of given.seeds) {
      await given.breathe?.();
      const { variants: [variant], dataset } = await prepareFrom(documents, { ...options, seed }, datasets.get(seed));
      datasets.set(seed, dataset);
      scenarios.push({ stress: documents.sensor.value.name, seed, documents, dataset, float: floatSide(core, variant!.plan, dataset, documents.experiment.value) });
    }
  }
  return { options, scenarios };
}

/** An experiment with its learning rates multiplied. */
const withRate = (experiment: Experiment, rate: number): Experiment => (rate === 1 ? experiment : {
  ...experiment, phases: experiment.phases.map((phase) => ({ ...phase, learningRate: toDouble(parseReal(phase.learningRate)) * rate })),
});

function floatSide(core: CoreExports, plan: Plan, dataset: Dataset, { verdict }: Experiment): FloatSide {
  const { recordings: { float }, evaluation } = runSides({ float: core, fixed: core }, plan, dataset, ['float']);
  const bestLoss = leastSquares(plan, evaluation)?.loss;
  return {
    ...judge(byOutputs(float, float), bestLoss, thresholds(verdict)), loss: float.outputLoss, startLoss: float.recorder.startLoss, bestLoss, outputs: float.outputs,
    moved: movedSites(plan, float),
  };
}

/** Of everything that runs of designs depend on: it names their journal. */
export const setupHash = (setups: readonly Setup[]): string => hashJson(setups.map(({ options, scenarios }) => ({
  options: { supervisor: options.supervisor ?? null, steps: options.steps ?? null, throttle: options.throttle, anchor: options.anchor, data: options.data ?? null },
  scenarios: scenarios.map(({ seed, documents: { experiment, profile, sensor }, dataset }) => ({ seed, experiment: experiment.value, profile: profile.value, sensor: sensor.value, data: dataset.sha256 })),
})));
