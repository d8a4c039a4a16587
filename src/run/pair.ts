/** Runs a plan in float64 and in fixed point side by side, on the same deliveries. */
import { loadCore, type Build } from '../core/load.js';
import { Session, type Batch, type NumberSystem, type Row } from '../core/session.js';
import { TALLIED, type Counters, type Tally } from '../format/quantise.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { siteKey } from '../site/sites.js';
import { crossEntropy } from './crossEntropy.js';
import type { RecordLevel } from './levels.js';
import { Recorder } from './recorder.js';

/** One number system's side of a run. */
export interface Recording {
  readonly kind: NumberSystem;
  readonly recorder: Recorder;
  readonly finalLoss: number;
  /** The same as a raw; fixed only. */
  readonly finalLossRaw: bigint | undefined;
  /** Σ(ŷ − y)²/2B of the same batch from the outputs as they are, with the targets as delivered: what no rounding of target, error or loss hides. */
  readonly outputLoss: number;
  /** Cross-entropy of the same outputs, in nats; undefined where they are no sigmoids. */
  readonly crossEntropy: number | undefined;
  /** Outputs of that batch as they are, row by row, real. */
  readonly outputs: readonly number[];
  /** What the final loss was measured with: parameters of each layer, weights row by row and then biases, as real numbers. With the anchor `ema` their average. */
  readonly parameters: readonly (readonly number[])[];
  /** The same as raws; fixed only. */
  readonly parametersRaw: readonly (readonly number[])[] | undefined;
  /** Site whose TRAP ended the run early. */
  readonly trapped: string | undefined;
  /** By site key; empty in the reference. */
  readonly counters: Readonly<Record<string, Counters>>;
  /** Of the targets, which the host quantises; fixed only. */
  readonly targetCounters: Counters | undefined;
  /** Recorder's level `full`: what each part of the run added to the counters. */
  readonly strip: Strip | undefined;
  /** How counters stood at the beginning of the last quarter of the run; a site that is not there had counted nothing. */
  readonly earlier: Readonly<Record<string, Tally>>;
}

/** Counters over the run in equal parts. */
export interface Strip {
  /** First step of each part. */
  readonly from: readonly number[];
  /** By site key, one number for each part. */
  readonly sites: Readonly<Record<string, Record<StripCounter, number[]>>>;
}
export const STRIP_COUNTERS = TALLIED;
export type StripCounter = (typeof STRIP_COUNTERS)[number];
/** Parts of a strip at the most. */
export const STRIP_PARTS = 64;

export interface Pair {
  readonly plan: Plan;
  readonly float: Recording;
  readonly fixed: Recording;
  /** First step at which the losses differ by more than `parting`; null if they never do. */
  readonly partedAt: number | null;
  /** The last delivery: what the final loss was measured on. */
  readonly evaluation: Batch;
}

/** What a listener sees after every step, both sides at the same step. */
export interface StepView {
  readonly step: number;
  readonly batch: Batch;
  readonly float: Session;
  readonly fixed: Session;
  readonly floatRow: Row;
  readonly fixedRow: Row;
}

export interface PairOptions {
  readonly build?: Build | undefined;
  /** Losses part where |fixed − float| > parting·float + 4 last places of the loss. Default 0.1. */
  readonly parting?: number | undefined;
  /** Called after every step; makes the run visit the host at each step. */
  readonly onStep?: ((view: StepView) => void | Promise<void>) | undefined;
  /** Called now and then with the steps done. */
  readonly onProgress?: ((steps: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What is recorded at the sites of the target; default `counts`. Never changes a bit. */
  readonly record?: RecordLevel | undefined;
}

export const DEFAULT_PARTING = 0.1;
/** A run looks up when it has taken so many samples and so much time: a step may take a microsecond or a second. */
const LOOK_SAMPLES = 4096;
const LOOK_MS = 50;

/** Steps of a plan in all. */
export const planSteps = (plan: Plan): number => plan.phases.reduce((sum, { steps }) => sum + steps, 0);

/** First step of the first phase with the sensor on; 0 if there is none. */
export function stressStart(plan: Plan): number {
  let step = 0;
  for (const phase of plan.phases) {
    if (phase.sensor) return step;
    step += phase.steps;
  }
  return 0;
}

/** First step of the last quarter of what follows the beginning of the stress. */
export function lateStart(plan: Plan): number {
  const steps = planSteps(plan);
  return Math.min(steps - 1, steps - Math.ceil((steps - stressStart(plan)) / 4));
}

/**
 * Runs a plan on both sides.
 *
 * @throws QrailsError where front end or widths do not allow it; an AbortError where `signal` was raised
 */
export async function runPair(plan: Plan, dataset: Dataset, options: PairOptions = {}): Promise<Pair> {
  const [floatCore, fixedCore] = await Promise.all([loadCore(options.build), loadCore(options.build)]);
  const chunk = options.onStep ? { chunk: 1 } : {};
  const float = new Session(floatCore, plan, 'float', chunk);
  const fixed = new Session(fixedCore, plan, 'fixed', { ...chunk, ...(options.record && { record: options.record }) });
  const steps = planSteps(plan);
  const marks = { divergedLoss: plan.divergedLoss, lateFrom: lateStart(plan), stressFrom: stressStart(plan) };
  const recorders = { float: new Recorder(steps, marks), fixed: new Recorder(steps, marks) };

  const parting = new Parting(options.parting ?? DEFAULT_PARTING, 4 * 2 ** -plan.sites['loss']!.fractionLength);
  let floatRow: Row | undefined;
  let fixedRow: Row | undefined;
  float.onRow((step, row) => {
    floatRow = row;
    recorders.float.add(step, row);
    parting.add('float', step, row.loss);
  });
  fixed.onRow((step, row) => {
    fixedRow = row;
    recorders.fixed.add(step, row);
    parting.add('fixed', step, row.loss);
  });

  options.signal?.throwIfAborted();
  let samples = 0;
  let looked = performance.now();
  let before: Record<string, Tally> = {};
  const strip = options.record === 'full' ? new StripRecorder(steps) : undefined;
  let evaluation: Batch | undefined;
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step === steps) {
      evaluation = { ...batch, inputs: batch.inputs.slice(0, batch.count * plan.data.inputs), targets: batch.targets.slice(0, batch.count * plan.data.targets) };
      break;
    }
    if (batch.step === marks.lateFrom) before = fixed.tallies();
    if (strip?.begins(batch.step)) strip.add(batch.step, fixed.tallies());
    float.push(batch);
    fixed.push(batch);
    if (options.onStep) {
      float.finish();
      fixed.finish();
      await options.onStep({ step: batch.step, batch, float, fixed, floatRow: floatRow!, fixedRow: fixedRow! });
    }
    samples += batch.count;
    if (samples < LOOK_SAMPLES) continue;
    samples = 0;
    if (performance.now() - looked < LOOK_MS) continue;
    looked = performance.now();
    options.onProgress?.(batch.step);
    options.signal?.throwIfAborted();
    // Lets a Ctrl-C be heard.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!evaluation) throw new RangeError('the deliveries ended without an evaluation batch');
  const recordings = { float: recordingOf(float, recorders.float, {}, evaluation), fixed: recordingOf(fixed, recorders.fixed, before, evaluation) };
  strip?.end(recordings.fixed.counters);
  return { plan, float: recordings.float, fixed: { ...recordings.fixed, strip: strip?.strip }, partedAt: parting.at, evaluation };
}

/** What a run leaves behind, with the loss of `evaluation`, which is the last thing its session is asked for. */
export function recordingOf(session: Session, recorder: Recorder, earlier: Recording['earlier'], evaluation: Batch): Recording {
  session.finish();
  const { plan, kind, trapped } = session;
  const fixed = kind === 'fixed';
  const counters = session.counters();
  const raw = session.read('evaluated');
  const targetCounters = fixed ? session.targetCounters() : undefined;
  const { loss, raw: finalLossRaw } = session.evaluate(evaluation);
  const outputs = outputsOf(session);
  return {
    kind, recorder, finalLoss: loss, finalLossRaw, outputLoss: lossOf(outputs, evaluation), outputs, crossEntropy: crossEntropy(session, evaluation), trapped, strip: undefined, targetCounters,
    parameters: fixed ? realParameters(plan, raw) : raw, parametersRaw: fixed ? raw : undefined,
    counters, earlier,
  };
}

/** Of the batch a session has just evaluated; docs at `Recording`. */
export const outputLoss = (session: Session, evaluation: Batch): number => lossOf(outputsOf(session), evaluation);

function outputsOf(session: Session): number[] {
  const { plan, kind } = session;
  const last = plan.layers.length - 1;
  const place = kind === 'fixed' ? 2 ** -plan.sites[siteKey('activation', last)]!.fractionLength : 1;
  return session.peek('activations', last).map((output) => output * place);
}

const lossOf = (outputs: readonly number[], { targets, count }: Batch): number => outputs.reduce((sum, output, k) => sum + (output - targets[k]!) ** 2, 0) / (2 * count);

/** Raws of parameters as real numbers: each layer's weights and biases have formats of their own. */
export function realParameters(plan: Plan, raw: readonly (readonly number[])[]): number[][] {
  return plan.layers.map(({ inputs, outputs }, layer) => {
    const weight = 2 ** -plan.sites[`layer${layer}.weight`]!.fractionLength;
    const bias = 2 ** -plan.sites[`layer${layer}.bias`]!.fractionLength;
    return raw[layer]!.map((value, k) => value * (k < inputs * outputs ? weight : bias));
  });
}

/** What was added to counters since they stood as `before`; nothing there counts from zero. */
function difference(after: Readonly<Record<string, Tally>>, before: Readonly<Record<string, Tally>>): Record<string, Tally> {
  const added: Record<string, Tally> = {};
  for (const key of Object.keys(after)) {
    const now = after[key]!, then = before[key] ?? NOTHING;
    added[key] = {
      count: now.count - then.count, overflowHigh: now.overflowHigh - then.overflowHigh, overflowLow: now.overflowLow - then.overflowLow,
      underflow: now.underflow - then.underflow, nearRail: now.nearRail - then.nearRail,
    };
  }
  return added;
}

const NOTHING: Tally = { count: 0, overflowHigh: 0, overflowLow: 0, underflow: 0, nearRail: 0 };

/** Reads the counters at the beginning of each part of the run and keeps the differences. */
class StripRecorder {
  readonly #every: number;
  readonly #from: number[] = [];
  readonly #sites: Record<string, Record<StripCounter, number[]>> = {};
  #before: Record<string, Tally> = {};

  constructor(steps: number) {
    this.#every = Math.ceil(steps / STRIP_PARTS);
  }

  begins(step: number): boolean {
    return step % this.#every === 0;
  }

  add(step: number, counters: Record<string, Tally>): void {
    if (step > 0) this.end(counters);
    this.#from.push(step);
    this.#before = counters;
  }

  end(counters: Readonly<Record<string, Tally>>): void {
    for (const [key, now] of Object.entries(difference(counters, this.#before))) {
      const lists = (this.#sites[key] ??= { count: [], overflowHigh: [], overflowLow: [], underflow: [], nearRail: [] });
      for (const counter of STRIP_COUNTERS) lists[counter].push(now[counter]);
    }
  }

  get strip(): Strip {
    return { from: this.#from, sites: this.#sites };
  }
}

/** Finds the first step at which two series of losses part. The sides may come in chunks, one ahead of the other. */
class Parting {
  at: number | null = null;
  readonly #relative: number;
  readonly #absolute: number;
  readonly #waiting = new Map<number, number>();

  constructor(relative: number, absolute: number) {
    this.#relative = relative;
    this.#absolute = absolute;
  }

  add(side: NumberSystem, step: number, loss: number): void {
    if (this.at !== null) return;
    const other = this.#waiting.get(step);
    if (other === undefined) {
      this.#waiting.set(step, loss);
      return;
    }
    this.#waiting.delete(step);
    const [float, fixed] = side === 'float' ? [loss, other] : [other, loss];
    if (!(Math.abs(fixed - float) <= this.#relative * float + this.#absolute)) {
      this.at = step;
      this.#waiting.clear();
    }
  }
}
