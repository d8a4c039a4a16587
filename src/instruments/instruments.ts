/** Runs a learner in float64 and on a target and measures every step of both: margins, curvature, rail pressure, limits, stability gap. */
import { prepare, type RunOptions, type Variant } from '../compare/prepare.js';
import type { Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { hashJson } from '../plan/hash.js';
import { planSteps, runPair, type Recording } from '../run/pair.js';
import type { InstrumentRun, Instruments, InstrumentSide } from '../schema/instruments.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { SIDES, VALUE_NAMES, type InstrumentRow, type Side } from './columns.js';
import { limitsOf } from './limits.js';
import { lossOf, type Samples } from './network.js';
import { createInstruments } from './perStep.js';
import { batchSharpness } from './sharpness.js';
import { DEFAULT_WINDOW, StabilityGapMeter } from './stabilityGap.js';
import { Summary } from './summary.js';
import { phaseTasks } from './tasks.js';

export interface InstrumentOptions extends RunOptions {
  /** Steps between two rows; step 0 has one. Default 1. */
  readonly every?: number | undefined;
  /** Evaluations in a window of the stability gap; default 10. */
  readonly window?: number | undefined;
  /** Called for every row, in order. */
  readonly onRow?: ((row: InstrumentRow) => void | Promise<void>) | undefined;
  /** Whether the result holds the rows; default true. */
  readonly rows?: boolean | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

/** Rows a result holds at the most. */
export const MOST_ROWS = 1_000_000;
export const MOST_WINDOW = 100_000;

/**
 * Measures a learner on both sides, under every combination of controllers.
 *
 * @returns the published result, `schema/instruments.schema.json`
 * @throws QrailsError `usage` for more rows than a result holds; for anything in documents, data or options that cannot be; an AbortError where `signal` was raised
 * @example
 * const { runs } = await measure({ experiment: 'exp-000c', throttle: ['none'], steps: 30 });
 * runs[0].limits.meanSquare.withoutReplacement // the learning rate below which SGD is stable in the mean square
 */
export async function measure(options: InstrumentOptions = {}): Promise<Instruments> {
  const { every = 1, window = DEFAULT_WINDOW } = options;
  const { experiment, profile, sensor, dataset, variants } = await prepare(options);
  const [{ plan }] = variants as [Variant];
  const steps = planSteps(plan);
  const rows = SIDES.length * variants.length * Math.ceil(steps / every);
  if (options.rows !== false && rows > MOST_ROWS) {
    throw new QrailsError({
      code: 'usage', where: '--every', message: 'too many rows for one result', found: `${rows} rows`, expected: `at most ${MOST_ROWS}`,
      try: `--every ${Math.ceil((rows / MOST_ROWS) * every)}, or CSV, which is written as it is made`,
    });
  }
  const runs: InstrumentRun[] = [];
  for (const [index, variant] of variants.entries()) runs.push(await measureRun(variant, dataset, { ...options, every, window }, { done: index * steps, of: variants.length * steps }));
  return {
    instruments: 1,
    plan: {
      hash: hashJson(variants.map(({ hash }) => hash)), experiment: experiment.name, title: experiment.title ?? experiment.name, profile: profile.name, sensor: sensor.name, supervisor: variants[0]!.plan.supervisor.law,
      seed: experiment.seed ?? DEFAULT_SEED, steps,
    },
    every, window, columns: [...VALUE_NAMES], runs,
  };
}

async function measureRun(
  { plan, throttle, anchor, hash }: Variant, dataset: Dataset, options: InstrumentOptions & { every: number; window: number }, { done, of }: { done: number; of: number },
): Promise<InstrumentRun> {
  const rows: InstrumentRow[] = [];
  const summaries = { float: new Summary(), fixed: new Summary() };
  const tasks = await phaseTasks(plan, dataset, options.signal);
  const gaps = { float: new GapWatch(plan, tasks, options.window), fixed: new GapWatch(plan, tasks, options.window) };
  const onStep = createInstruments(plan, dataset, { throttle, anchor }, options.every, async (measured) => {
    for (const row of measured.rows) {
      summaries[row.side].add(row);
      gaps[row.side].add(measured.step, measured.evaluated[row.side]);
      if (options.rows !== false) rows.push(row);
      await options.onRow?.(row);
    }
  });
  const pair = await runPair(plan, dataset, {
    build: options.build, signal: options.signal, onStep, onProgress: (step) => options.onProgress?.(done + step, of, `${throttle}, anchor ${anchor}`),
  });
  const { batch, learningRate } = plan.phases.at(-1)!;
  const limits = limitsOf(plan.layers, pair.evaluation, batch);
  const side = (name: Side): InstrumentSide => {
    const recording: Recording = pair[name];
    const parameters = Float64Array.from(recording.parameters.flat());
    gaps[name].add(recording.recorder.steps, parameters);
    const eta = name === 'float' ? learningRate.value : Number(learningRate.raw) * 2 ** -plan.sites['learningRate']!.fractionLength;
    const { value, batches } = batchSharpness(plan.layers, parameters, pair.evaluation, Math.min(batch, pair.evaluation.count));
    return {
      steps: recording.recorder.steps, ...summaries[name].result,
      batchSharpness: Number.isFinite(value) ? { value, batches, limit: 2 / eta } : null,
      stabilityGap: gaps[name].result,
    };
  };
  return { planHash: hash, throttle, anchor, limits: limits ? { batch, learningRate: learningRate.value, ...limits } : null, float: side('float'), fixed: side('fixed'), rows };
}

/** Evaluates every phase's task at the parameters of a measured step, in float64. */
class GapWatch {
  readonly #plan: Plan;
  readonly #tasks: readonly Samples[];
  readonly #meter: StabilityGapMeter;
  #learned = 0;
  /** Steps after which the task that is being learned has been learned. */
  #end: number;

  constructor(plan: Plan, tasks: readonly Samples[], window: number) {
    this.#plan = plan;
    this.#tasks = tasks;
    this.#meter = new StabilityGapMeter(tasks.length, window);
    this.#end = plan.phases[0]!.steps;
  }

  /** @param steps that led to the parameters */
  add(steps: number, parameters: Float64Array): void {
    if (this.#tasks.length === 0) return;
    this.#meter.add(this.#tasks.map((samples) => -lossOf(this.#plan.layers, parameters, samples)));
    while (this.#learned < this.#tasks.length && this.#end <= steps) {
      this.#meter.learned(this.#learned++);
      this.#end += this.#plan.phases[this.#learned]?.steps ?? 0;
    }
  }

  get result(): InstrumentSide['stabilityGap'] {
    if (this.#tasks.length === 0) return null;
    const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
    const { minAccuracy, worstCase, windowedForgetting, windowedPlasticity } = this.#meter.result;
    return {
      minAccuracy: finite(minAccuracy), worstCase: finite(worstCase),
      windowedForgetting: windowedForgetting.map(finite), windowedPlasticity: windowedPlasticity.map(finite),
    };
  }
}
