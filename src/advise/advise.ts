/** Proposes the cheapest formats with which a learner survives, with a reason for each. docs/advise.md. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { finite } from '../compare/figure.js';
import { prepare, throttleName } from '../compare/prepare.js';
import { printable } from '../document/show.js';
import { DEFAULT_SEED } from '../plan/build.js';
import type { Advice, AdvicePoint } from '../schema/advice.js';
import type { Experiment } from '../schema/experiment.js';
import type { Profile } from '../schema/profile.js';
import type { Sensor } from '../schema/sensor.js';
import { Interrupted } from '../sweep/interrupted.js';
import { chooseModes } from './choose.js';
import { bitsOf } from './cost.js';
import { designKey, type Modes } from './design.js';
import { median, type Outcome } from './evaluate.js';
import { kneeOf, paretoFront } from './front.js';
import { openStore, type Store } from './journal.js';
import { checkOptions, DEFAULT_ADVISE_SEEDS, type AdviseOptions } from './options.js';
import { checkProposal, proposalOf } from './propose.js';
import { reasons } from './reasons.js';
import type { Setup } from './scenario.js';
import { openSetup, setupHash } from './setup.js';
import { runTrial, type Trial } from './trial.js';

export type { AdviseOptions } from './options.js';

const LOOK_MS = 50;
/** A trial is told as so many parts of progress. */
const PARTS = 1000;

interface Combination {
  readonly throttle: string;
  readonly rate: number;
  readonly setup: Setup;
}

/** What was asked, with defaults filled in and documents as they are after every assignment. */
interface Question {
  readonly options: AdviseOptions;
  readonly seeds: readonly number[];
  readonly anchor: string;
  readonly experiment: Experiment;
  readonly profile: Profile;
  readonly sensor: Sensor;
}

/**
 * Looks for the cheapest formats that meet a requirement over seeds and stresses, without overflow or stall on any of the runs.
 *
 * @returns the published result, `schema/advice.schema.json`; `proposal` is null where no formats meet it
 * @throws QrailsError `usage` for options that make no sense; for anything in documents, data or options that cannot be; an AbortError where `signal` was raised
 * @example
 * const { proposal, cost } = await advise({ experiment: 'exp-000c', profile: 'enabol-mid', maxLoss: 1e-3 });
 * cost.proposal // bits, against cost.given
 */
export async function advise(options: AdviseOptions = {}): Promise<Advice> {
  checkOptions(options);
  const { rates = [1], signal, directory = process.cwd(), workers = availableParallelism(), survive = 1, lossRatio, maxLoss, sqnr } = options;
  const { onProgress, signal: _, ...run } = options;
  const { experiment, profile, sensor } = await prepare(run);
  const first = experiment.seed ?? DEFAULT_SEED;
  const seeds = Array.from({ length: options.seeds ?? DEFAULT_ADVISE_SEEDS }, (_, k) => first + k);
  const throttles = options.throttle ?? [throttleName(experiment.throttle ?? { law: 'none' })];
  const anchor = options.anchor?.[0] ?? experiment.anchor?.law ?? 'none';
  const question: Question = { options, seeds, anchor, experiment, profile, sensor };

  let looked = performance.now();
  let told: readonly [done: number, what: string] = [0, 'float64'];
  const of = PARTS * throttles.length * rates.length;
  const breathe = async (): Promise<void> => {
    if (performance.now() - looked < LOOK_MS) return;
    looked = performance.now();
    onProgress?.(told[0], of, told[1]);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };

  const combinations: Combination[] = [];
  for (const throttle of throttles) {
    for (const rate of rates) {
      const setup = await openSetup({ ...run, throttle: [throttle], anchor: [anchor], stresses: options.stress ?? [options.sensor], seeds, rate, breathe });
      combinations.push({ throttle, rate, setup });
    }
  }
  const runs = options.journal === undefined ? undefined : await openStore(resolve(directory, options.journal), setupHash(combinations.map(({ setup }) => setup)), experiment.name, options.resume === true);
  const trials: Trial[] = [];
  try {
    for (const [at, { throttle, rate, setup }] of combinations.entries()) {
      const name = `${printable(throttle)}${rate === 1 ? '' : `, rate × ${rate}`}`;
      trials.push(await runTrial(options, {
        throttle, rate, setup, workers, breathe, requirement: { survive, lossRatio, maxLoss, sqnr }, store: runs && { runs, name: String(at) },
        onShare: (share, designs) => (told = [PARTS * (at + share), `${name}, ${designs} designs`]),
      }));
    }
    return await describe(question, trials);
  } catch (error) {
    throw signal?.aborted && error instanceof Error && error.name === 'AbortError' ? interrupted(runs, error, options) : error;
  } finally {
    await Promise.all(trials.map(({ lab }) => lab.close()));
    await runs?.close();
  }
}

function interrupted(runs: Store | undefined, error: Error, { journal }: AdviseOptions): Error {
  return runs ? new Interrupted(`${runs.size} runs are done and kept in ${printable(journal!, 400)}`, '--resume') : error;
}

async function describe({ options, seeds, anchor, experiment, profile, sensor }: Question, trials: readonly Trial[]): Promise<Advice> {
  const { survive = 1, lossRatio = null, maxLoss = null, sqnr = null, guard = 'measured', cost: kind = 'bits' } = options;
  const priced = await Promise.all(trials.map(async (trial) => ({ trial, cost: trial.found ? await trial.price(trial.found.design) : Infinity })));
  const { trial } = priced.reduce((best, one) => (one.cost < best.cost ? one : best));
  const { lab, found, plan, given, keys } = trial;
  const modes: Modes = found ? await chooseModes(lab, found.design, plan, options) : {};
  const sites = found ? await reasons(trial, found, modes) : [];
  const proposal = found ? proposalOf(profile, found.design, plan, sites, modes) : null;
  if (found) await checkProposal(lab, proposal!, found.design, modes);
  const front = paretoFront(trial.tried.values());
  const knee = kneeOf(front);
  const chosen = found && designKey(found.design);
  const { scenarios } = lab.setup;
  // A guard that asks for other formats is not met.
  const guarded = trial.guarded(given);
  return {
    advice: 1,
    plan: {
      experiment: experiment.name, title: experiment.title ?? experiment.name, profile: profile.name, sensor: sensor.name, supervisor: plan.supervisor.law,
      seeds: [...seeds], stresses: [...new Set(scenarios.map(({ stress }) => stress))],
    },
    requirement: { survive, lossRatio, maxLoss, sqnr, guard },
    proposal,
    controllers: found ? { throttle: trial.throttle, anchor, rate: trial.rate } : null,
    cost: {
      kind, proposal: found ? Math.round(await trial.price(found.design)) : null, given: Math.round(await trial.price(given)),
      givenMeets: guarded === given && (await lab.evaluate(given)).ok,
    },
    evidence: {
      words: trial.words === undefined ? null : [...trial.words],
      float: scenarios.map(({ stress, seed, float: { verdict, loss } }) => ({ stress, seed, verdict, loss: finite(loss) })),
      proposal: found ? resultOf(await lab.evaluate(found.design, true, modes)) : null,
      sites,
      tried: priced.map(({ trial: { throttle, rate, designs, lab: { asked } }, cost }) => ({ throttle, rate, cost: cost === Infinity ? null : Math.round(cost), designs, runs: asked().runs })),
    },
    front: front.map((point, index): AdvicePoint => {
      const proposed = designKey(point.design) === chosen;
      return {
        cost: Math.round(point.cost), bits: bitsOf(point.design),
        formats: Object.fromEntries(keys.map((key) => {
          const { whole, fraction } = point.design[key]!;
          const { rounding, overflow } = { ...plan.sites[key]!, ...(proposed ? modes[key] : {}) };
          return [key, { wordLength: whole + fraction, fractionLength: fraction, rounding, overflow }];
        })),
        loss: { median: finite(point.loss.median), low: finite(point.loss.low), high: finite(point.loss.high) },
        ok: point.ok, proposal: proposed, knee: index === knee,
      };
    }),
  };
}

/** What the proposal came to in all of its runs. */
function resultOf({ run, lost, losses, ratios, noises }: Outcome): NonNullable<Advice['evidence']['proposal']> {
  return { runs: run, lost, medianLoss: finite(median(losses)), medianLossRatio: finite(median(ratios)), medianSqnrDb: finite(-10 * Math.log10(median(noises))) };
}
