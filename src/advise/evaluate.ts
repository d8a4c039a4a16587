/** Says of designs whether they meet the requirement: over scenarios, run once each, ahead of time where threads are free. */
import type { Build } from '../core/load.js';
import type { Plan } from '../schema/plan.js';
import { designKey, type Design, type Modes } from './design.js';
import type { Store } from './journal.js';
import { openRunner } from './runner.js';
import { planOf, type Ran, type Setup } from './scenario.js';

/** What a proposal must do. */
export interface Requirement {
  /** Share of the seeds that must survive, under each stress. */
  readonly survive: number;
  /** Largest median of the final loss over that of float64; none if undefined. */
  readonly lossRatio?: number | undefined;
  /** Largest median final loss. */
  readonly maxLoss?: number | undefined;
  /** Smallest median of the outputs' signal over quantisation noise, dB. */
  readonly sqnr?: number | undefined;
}

export interface Outcome {
  /** Whether the requirement is met, nothing overflows and nothing stalls. */
  readonly ok: boolean;
  /** Whether every scenario was run: a design is given up where it cannot be saved. */
  readonly complete: boolean;
  /** Scenarios that do not survive, of those run. */
  readonly lost: number;
  readonly run: number;
  /** Sites of the design that overflow, with how many bits the largest value seen lacks. */
  readonly overflows: Readonly<Record<string, number>>;
  /** Scenarios in which it stalls, of those run. */
  readonly stalls: number;
  /** Final loss by the outputs, its ratio to float64 and the power of noise over that of the signal, of each scenario, where all were run; Infinity where it diverged. */
  readonly losses: readonly number[];
  readonly ratios: readonly number[];
  readonly noises: readonly number[];
}

/** @param whole true: run every scenario, whatever becomes of the first */
export type Evaluate = (design: Design, whole?: boolean, modes?: Modes) => Promise<Outcome>;

export interface Lab {
  readonly setup: Setup;
  readonly evaluate: Evaluate;
  /** Designs asked for, and runs that took: the same for any number of workers. */
  readonly asked: () => { readonly designs: number; readonly runs: number };
  /** The plan of a design in the first scenario. @throws QrailsError where the target cannot run it */
  plan(design: Design, modes?: Modes): Promise<Plan>;
  /**
   * What is likely to be asked next, likeliest first, in place of what was said before. Free threads work on it; it is never waited for. What it changes is the order
   * in which scenarios are tried from now on, and that whether threads are free or not.
   */
  ahead(tasks: Iterable<(evaluate: Evaluate) => Promise<unknown>>): void;
  close(): Promise<void>;
}

export interface LabOptions {
  readonly setup: Setup;
  readonly requirement: Requirement;
  /** Threads, default 1. */
  readonly workers?: number | undefined;
  readonly build?: Build | undefined;
  /** Where runs are kept, and the name of this setup there. */
  readonly store?: { readonly runs: Store; readonly name: string } | undefined;
  /** Called between runs: to be heard, or to stop by throwing. */
  readonly breathe?: (() => Promise<void>) | undefined;
}

type Fetch = (index: number, design: Design, modes: Modes) => Promise<Ran>;

/** Thrown in work ahead that nobody asks for any more. */
class Outdated extends Error {}

export async function openLab({ setup, requirement, workers = 1, build, store, breathe }: LabOptions): Promise<Lab> {
  const { scenarios } = setup;
  const runner = await openRunner(setup, workers, build);
  const runs = new Map<string, Promise<Ran>>();
  const asked = { designs: new Set<string>(), runs: new Set<string>() };
  const known = new Map<string, Outcome>();
  const nameOf = (design: Design, modes: Modes): string => (Object.keys(modes).length === 0 ? designKey(design) : `${designKey(design)} ${JSON.stringify(modes)}`);
  const runName = (index: number, design: Design, modes: Modes): string => `${index} ${nameOf(design, modes)}`;
  const make = async (index: number, design: Design, modes: Modes, name: string): Promise<Ran> => {
    const kept = store?.runs.get(`${store.name} ${name}`);
    if (kept) return kept;
    const ran = await runner.run(index, design, modes);
    await store?.runs.keep(`${store.name} ${name}`, ran);
    return ran;
  };
  const fetch: Fetch = (index, design, modes) => {
    const name = runName(index, design, modes);
    let run = runs.get(name);
    if (!run) {
      run = make(index, design, modes, name);
      run.catch(() => undefined); // whoever asks for it is told
      runs.set(name, run);
    }
    return run;
  };
  const official: Fetch = async (index, design, modes) => {
    asked.runs.add(runName(index, design, modes));
    await breathe?.();
    return fetch(index, design, modes);
  };
  // What was lost last is tried first: most designs that fail are then given up after one run. Within what is announced by one `ahead` the order stays, so that
  // work ahead makes the runs that are asked for.
  let order: readonly number[] = scenarios.map((_, index) => index);
  let later = order;
  const assess = assessor(setup, requirement, runner.workers === 1 ? undefined : fetch, runner.workers);

  let generation = 0;
  const ahead: Lab['ahead'] = (tasks) => {
    const mine = ++generation;
    order = later;
    if (runner.workers === 1) return;
    const waiting = tasks[Symbol.iterator]();
    const current: Fetch = (...run) => {
      if (mine !== generation) throw new Outdated();
      return fetch(...run);
    };
    const evaluate: Evaluate = async (design, whole = false, modes = {}) => {
      const before = known.get(nameOf(design, modes));
      if (before && (before.complete || !whole)) return before;
      return (await assess(design, whole, modes, order, current)).outcome;
    };
    const lane = async (): Promise<void> => {
      for (let next = waiting.next(); !next.done && mine === generation; next = waiting.next()) await next.value(evaluate);
    };
    // What goes wrong here goes wrong again where it is asked for.
    for (let count = 0; count < runner.workers; count++) lane().catch(() => undefined);
  };

  return {
    setup, ahead,
    asked: () => ({ designs: asked.designs.size, runs: asked.runs.size }),
    plan: (design, modes) => planOf(setup, scenarios[0]!, design, modes),
    async evaluate(design, whole = false, modes = {}) {
      const name = nameOf(design, modes);
      const before = known.get(name);
      if (before && (before.complete || !whole)) return before;
      asked.designs.add(name);
      const { outcome, failedAt } = await assess(design, whole, modes, order, official);
      later = firstly(failedAt, later);
      known.set(name, outcome);
      return outcome;
    },
    close() {
      generation++;
      return runner.close();
    },
  };
}

/** An order in which the scenarios that failed come first, the last of them before the others. */
const firstly = (failedAt: readonly number[], order: readonly number[]): readonly number[] => failedAt.reduce((before, index) => [index, ...before.filter((other) => other !== index)], order);

/**
 * Holds the runs of a design against a requirement, in a given order of the scenarios.
 *
 * @param early starts a run before it is asked for: what did in one scenario is likely to be run in those behind it, so many at a time
 */
function assessor({ scenarios }: Setup, requirement: Requirement, early: Fetch | undefined, atATime: number) {
  const stresses = new Set(scenarios.map(({ stress }) => stress));
  const mayLose = Math.floor((scenarios.length / stresses.size) * (1 - requirement.survive) + 1e-9);
  return async (design: Design, whole: boolean, modes: Modes, order: readonly number[], fetch: Fetch): Promise<{ outcome: Outcome; failedAt: number[] }> => {
    const lostAt = new Map<string, number>();
    const overflows: Record<string, number> = {};
    const losses = new Array<number>(scenarios.length).fill(NaN);
    const noises = new Array<number>(scenarios.length).fill(NaN);
    const failedAt: number[] = [];
    let [lost, run, stalls] = [0, 0, 0];
    const givenUp = (): { outcome: Outcome; failedAt: number[] } => ({ outcome: { ok: false, complete: false, lost, run, overflows, stalls, losses: [], ratios: [], noises: [] }, failedAt });
    for (const [at, index] of order.entries()) {
      const { stress } = scenarios[index]!;
      const running = fetch(index, design, modes);
      if (at > 0 || whole) for (const next of order.slice(at + 1, at + atATime)) void early?.(next, design, modes);
      const ran = await running;
      if (ran.refused) {
        lost = scenarios.length;
        return givenUp();
      }
      run++;
      losses[index] = ran.loss ?? Infinity;
      noises[index] = ran.noise ?? Infinity;
      if (ran.stalls) stalls++;
      if (!ran.survives) {
        lost++;
        lostAt.set(stress, (lostAt.get(stress) ?? 0) + 1);
      }
      for (const [key, lacking] of Object.entries(ran.overflows)) overflows[key] = Math.max(overflows[key] ?? 0, lacking);
      if (Object.keys(overflows).length === 0 && stalls === 0 && (lostAt.get(stress) ?? 0) <= mayLose) continue;
      failedAt.push(index);
      if (!whole) return givenUp();
    }
    const ratios = losses.map((loss, index) => loss / scenarios[index]!.float.loss);
    const within = (values: readonly number[], most: number | undefined): boolean => most === undefined || median(values) <= most;
    const ok = failedAt.length === 0 && within(ratios, requirement.lossRatio) && within(losses, requirement.maxLoss) && within(noises, requirement.sqnr === undefined ? undefined : 10 ** (-requirement.sqnr / 10));
    return { outcome: { ok, complete: true, lost, run, overflows, stalls, losses, ratios, noises }, failedAt };
  };
}

/** The middle value, the upper of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
