/** Runs designs over seeds and stresses, and says whether they meet the requirement. */
import { prepareFrom, readDocuments, type Documents, type RunOptions } from '../compare/prepare.js';
import { leastSquares, type Reference } from '../compare/reference.js';
import { thresholds } from '../compare/thresholds.js';
import { byOutputs, judge, type Judged } from '../compare/verdict.js';
import { applySet } from '../document/set.js';
import { QrailsError } from '../errors.js';
import type { Counters } from '../format/quantise.js';
import type { Recording } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import type { Profile, ProfileSite } from '../schema/profile.js';
import type { Dataset } from '../signal/dataset.js';
import { runSides, type Cores } from '../sweep/sides.js';
import { designKey, profileWith, type Design } from './design.js';

/** What a proposal must do. */
export interface Requirement {
  /** Share of the seeds that must survive, under each stress. */
  readonly survive: number;
  /** Largest median of the final loss over that of float64; none if undefined. */
  readonly lossRatio: number | undefined;
  /** Largest median final loss. */
  readonly maxLoss: number | undefined;
}

/** One seed under one sensor: what is the same for every design. */
interface Scenario {
  readonly stress: string;
  readonly seed: number;
  readonly documents: Documents;
  readonly dataset: Dataset;
  readonly reference: Reference | undefined;
  readonly recording: Recording;
  /** By its outputs, as the designs are judged. */
  readonly float: Judged & { readonly loss: number };
}

export interface Outcome {
  /** Whether the requirement is met and nothing overflows. */
  readonly ok: boolean;
  /** Whether every scenario was run: a design is given up where it cannot be saved. */
  readonly complete: boolean;
  /** Scenarios that do not survive, of those run. */
  readonly lost: number;
  readonly run: number;
  /** Sites of the design that overflow, with how many bits the largest value seen lacks. */
  readonly overflows: Readonly<Record<string, number>>;
  /** Final loss by the outputs and its ratio to float64 of each scenario, in order, where all were run; Infinity where it diverged. */
  readonly losses: readonly number[];
  readonly ratios: readonly number[];
}

export interface Lab {
  readonly scenarios: readonly { readonly stress: string; readonly seed: number; readonly floatVerdict: string; readonly floatLoss: number }[];
  readonly runs: () => number;
  /** The plan of a design in the first scenario. */
  plan(design: Design, modes?: Modes): Promise<Plan>;
  /** All of one run, in the first scenarios or all: for ranges. */
  record(design: Design): Promise<Readonly<Record<string, Counters>>[]>;
  /** @param whole true: run every scenario, whatever becomes of the first */
  evaluate(design: Design, whole?: boolean, modes?: Modes): Promise<Outcome>;
}
export type Modes = Readonly<Record<string, Pick<ProfileSite, 'rounding'>>>;

export interface LabOptions extends RunOptions {
  readonly throttle: readonly [string];
  readonly anchor: readonly [string];
  readonly stresses: readonly (string | undefined)[];
  readonly seeds: readonly number[];
  readonly requirement: Requirement;
  readonly cores: Cores;
  readonly breathe: () => Promise<void>;
}

/** Prepares every seed under every stress and runs its float64 side. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { requirement, cores, breathe } = options;
  const scenarios: Scenario[] = [];
  let runs = 0;
  for (const stress of options.stresses) {
    const read = await readDocuments({ ...options, ...(stress !== undefined && { sensor: stress }) });
    const values = await applySet({ profile: read.profile.value, sensor: read.sensor.value, experiment: read.experiment.value }, options.set ?? []);
    const documents: Documents = {
      experiment: { ...read.experiment, value: values.experiment }, profile: { ...read.profile, value: values.profile }, sensor: { ...read.sensor, value: values.sensor },
    };
    for (const seed of options.seeds) {
      await breathe();
      const { variants: [variant], dataset, experiment } = await prepareFrom(documents, { ...options, set: [], seed });
      const { recordings, evaluation } = runSides(cores, variant!.plan, dataset, ['float']);
      runs++;
      const reference = leastSquares(variant!.plan, evaluation);
      const { float } = recordings;
      const judged = judge(byOutputs(float, float), reference?.loss, thresholds(experiment.verdict));
      scenarios.push({ stress: documents.sensor.value.name, seed, documents, dataset, reference, recording: float, float: { ...judged, loss: float.outputLoss } });
    }
  }
  const layers = scenarios[0]!.documents.experiment.value.model.layers.length;
  const planOf = async ({ documents, seed, dataset }: Scenario, design: Design, modes?: Modes): Promise<Plan> => {
    const profile: Profile = profileWith(documents.profile.value, design, layers, modes);
    const { variants: [variant] } = await prepareFrom({ ...documents, profile: { ...documents.profile, value: profile } }, { ...options, set: [], seed }, dataset);
    return variant!.plan;
  };
  const fixedOf = (scenario: Scenario, plan: Plan): Recording => {
    runs++;
    return runSides(cores, plan, scenario.dataset, ['fixed']).recordings.fixed;
  };
  const known = new Map<string, Outcome>();
  // What was lost last is tried first: most designs that fail are then given up after one run.
  let order = scenarios.map((_, index) => index);
  const perStress = options.seeds.length;
  const mayLose = Math.floor(perStress * (1 - requirement.survive) + 1e-9);

  const evaluate = async (design: Design, whole: boolean, modes?: Modes): Promise<Outcome> => {
    const lostAt = new Map<string, number>();
    const overflows: Record<string, number> = {};
    const losses = new Array<number>(scenarios.length).fill(NaN);
    let lost = 0;
    let run = 0;
    let failed = false;
    for (const index of order) {
      await breathe();
      const scenario = scenarios[index]!;
      let plan: Plan;
      try {
        plan = await planOf(scenario, design, modes);
      } catch (error) {
        if (!(error instanceof QrailsError)) throw error;
        return { ok: false, complete: false, lost: scenarios.length, run, overflows, losses: [], ratios: [] }; // a constant that becomes zero, a sum that is too wide
      }
      const recording = fixedOf(scenario, plan);
      run++;
      const { verdict } = judge(byOutputs(recording, scenario.recording), scenario.reference?.loss, thresholds(scenario.documents.experiment.value.verdict), scenario.float);
      losses[index] = verdict === 'diverged' ? Infinity : recording.outputLoss;
      if (verdict !== 'survives') {
        lost++;
        lostAt.set(scenario.stress, (lostAt.get(scenario.stress) ?? 0) + 1);
      }
      for (const key of Object.keys(design)) {
        const lacking = lackingBits(recording.counters[key]);
        if (lacking > 0) overflows[key] = Math.max(overflows[key] ?? 0, lacking);
      }
      if (Object.keys(overflows).length > 0 || (lostAt.get(scenario.stress) ?? 0) > mayLose) {
        failed = true;
        order = [index, ...order.filter((other) => other !== index)];
        if (!whole) return { ok: false, complete: false, lost, run, overflows, losses: [], ratios: [] };
      }
    }
    const ratios = losses.map((loss, index) => loss / scenarios[index]!.float.loss);
    const beyond = (values: readonly number[], most: number | undefined): boolean => most !== undefined && median(values) > most;
    const ok = !failed && !beyond(ratios, requirement.lossRatio) && !beyond(losses, requirement.maxLoss);
    return { ok, complete: true, lost, run, overflows, losses, ratios };
  };

  return {
    scenarios: scenarios.map(({ stress, seed, float }) => ({ stress, seed, floatVerdict: float.verdict, floatLoss: float.loss })),
    runs: () => runs,
    plan: (design, modes) => planOf(scenarios[0]!, design, modes),
    async record(design) {
      const all: Readonly<Record<string, Counters>>[] = [];
      for (const scenario of scenarios) {
        await breathe();
        all.push(fixedOf(scenario, await planOf(scenario, design)).counters);
      }
      return all;
    },
    async evaluate(design, whole = false, modes = {}) {
      const key = `${designKey(design)} ${JSON.stringify(modes)}`;
      const before = known.get(key);
      if (before && (before.complete || !whole)) return before;
      const outcome = await evaluate(design, whole, modes);
      known.set(key, outcome);
      return outcome;
    },
  };
}

/** Integer bits by which what a site first wanted missed its rail; 0 where nothing overflowed. */
function lackingBits(counters: Counters | undefined): number {
  if (!counters || counters.overflowHigh + counters.overflowLow === 0) return 0;
  const size = (value: bigint): number => (value < 0n ? -value : value).toString(2).length;
  const event = counters.firstOverflow;
  return event ? Math.max(1, size(event.wanted) - size(event.raw)) : 1;
}

/** The middle value, the upper of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
