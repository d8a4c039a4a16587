/** Seeds under stresses: everything that the run of a design depends on, prepared once, in this thread or for others. */
import { prepareFrom, type Documents, type RunOptions } from '../compare/prepare.js';
import { thresholds } from '../compare/thresholds.js';
import { byOutputs, judge, type Judged } from '../compare/verdict.js';
import type { CoreExports } from '../core/load.js';
import { QrailsError } from '../errors.js';
import type { Counters } from '../format/quantise.js';
import type { Recording } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { siteKey } from '../site/sites.js';
import { runSides } from '../sweep/sides.js';
import { profileWith, type Design, type Modes } from './design.js';

/** What is needed of the float64 side of a scenario, which is the same for every design. Losses are by the outputs. */
export interface FloatSide extends Judged {
  readonly loss: number;
  readonly startLoss: number;
  /** Least squares of the evaluation batch; undefined where that is not known. */
  readonly bestLoss: number | undefined;
  readonly outputs: readonly number[];
  /** Keys of weights and biases that did not end where they began. */
  readonly moved: readonly string[];
}

/** One seed under one sensor. */
export interface Scenario {
  readonly stress: string;
  readonly seed: number;
  /** With every assignment of `--set` applied. */
  readonly documents: Documents;
  readonly dataset: Dataset;
  readonly float: FloatSide;
}

/** What runs are made of; structured clone takes it to other threads. */
export interface Setup {
  /** One throttle and one anchor; no seed, no assignments. */
  readonly options: RunOptions;
  readonly scenarios: readonly Scenario[];
}

/** What became of a design in one scenario, as JSON keeps it. */
export interface Ran {
  /** The target cannot run it: a constant that becomes zero, a sum that is too wide. */
  readonly refused: boolean;
  readonly survives: boolean;
  /** Final loss by the outputs; null where it diverged. */
  readonly loss: number | null;
  /** Power of the outputs' difference from float64's over that of float64's; null where it diverged. */
  readonly noise: number | null;
  /** Sites of the design that overflow, with how many bits the value that first did lacks. */
  readonly overflows: Readonly<Record<string, number>>;
  /** It ends in a dead zone, or weights or biases of the design never moved though float64's did. */
  readonly stalls: boolean;
}

const REFUSED: Ran = { refused: true, survives: false, loss: null, noise: null, overflows: {}, stalls: false };

/** The plan of a design. @throws QrailsError where the target cannot run it */
export async function planOf({ options }: Setup, { documents, seed, dataset }: Scenario, design: Design, modes: Modes = {}): Promise<Plan> {
  const { profile, experiment } = documents;
  const value = profileWith(profile.value, design, experiment.value.model.layers.length, modes);
  const { variants: [variant] } = await prepareFrom({ ...documents, profile: { ...profile, value } }, { ...options, seed }, dataset);
  return variant!.plan;
}

/**
 * Runs a design in one scenario. The same answer in every thread and at any time.
 *
 * @param core nothing else uses it meanwhile
 */
export async function runDesign(core: CoreExports, setup: Setup, index: number, design: Design, modes: Modes): Promise<Ran> {
  const scenario = setup.scenarios[index]!;
  const { float, documents } = scenario;
  let plan: Plan;
  let recording: Recording;
  try {
    plan = await planOf(setup, scenario, design, modes);
    recording = runSides({ float: core, fixed: core }, plan, scenario.dataset, ['fixed']).recordings.fixed;
  } catch (error) {
    if (!(error instanceof QrailsError)) throw error;
    return REFUSED;
  }
  const { verdict } = judge(byOutputs(recording, { recorder: float }), float.bestLoss, thresholds(documents.experiment.value.verdict), float);
  const diverged = verdict === 'diverged';
  const moved = movedSites(plan, recording);
  return {
    refused: false, survives: verdict === 'survives',
    loss: diverged ? null : recording.outputLoss, noise: diverged ? null : noiseOf(recording.outputs, float.outputs),
    overflows: Object.fromEntries(Object.keys(design).flatMap((key) => {
      const lacking = lackingBits(recording.counters[key]);
      return lacking > 0 ? [[key, lacking]] : [];
    })),
    stalls: verdict === 'dead zone' || float.moved.some((key) => key in design && !moved.includes(key)),
  };
}

function noiseOf(outputs: readonly number[], reference: readonly number[]): number | null {
  const signal = reference.reduce((sum, value) => sum + value ** 2, 0);
  const noise = reference.reduce((sum, value, k) => sum + (value - outputs[k]!) ** 2, 0);
  return Number.isFinite(noise / signal) ? noise / signal : null;
}

/** Keys of weights and biases that did not end where they began. */
export function movedSites(plan: Plan, { kind, parameters, parametersRaw }: Pick<Recording, 'kind' | 'parameters' | 'parametersRaw'>): string[] {
  return plan.initial.flatMap(({ weights, bias, weightsRaw, biasRaw }, layer) => {
    const ended = (parametersRaw ?? parameters)[layer]!;
    const began = kind === 'fixed' ? { weight: weightsRaw.flat().map(Number), bias: biasRaw.map(Number) } : { weight: weights.flat(), bias };
    const moved = { weight: began.weight.some((value, k) => value !== ended[k]), bias: began.bias.some((value, k) => value !== ended[began.weight.length + k]) };
    return (['weight', 'bias'] as const).filter((name) => moved[name]).map((name) => siteKey(name, layer));
  });
}

/** Integer bits by which what a site first wanted missed its rail; 0 where nothing overflowed. */
function lackingBits(counters: Counters | undefined): number {
  if (!counters || counters.overflowHigh + counters.overflowLow === 0) return 0;
  const size = (value: bigint): number => (value < 0n ? -value : value).toString(2).length;
  const event = counters.firstOverflow;
  return event ? Math.max(1, size(event.wanted) - size(event.raw)) : 1;
}
