/** What each quantiser of a target costs: one site at a time rounding, one at a time exact, every rounding mode, and what does not add up. docs/budget.md. */
import { medianInterval, medianRanks, resamplingStream } from '../compare/bootstrap.js';
import { finite } from '../compare/figure.js';
import { prepareFrom, readDocuments, type Prepared, type RunOptions, type Variant } from '../compare/prepare.js';
import { leastSquares, weightError, type Reference } from '../compare/reference.js';
import { loadCore, type Build, type CoreExports } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { ROUNDINGS } from '../format/modes.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { runMixed } from '../run/mixed.js';
import { planSteps } from '../run/pair.js';
import type { BudgetCost, BudgetMedian, BudgetPair, BudgetSite, ErrorBudget } from '../schema/budget.js';
import type { Plan } from '../schema/plan.js';
import { siteKeys, siteName, SITES, type SiteName } from '../site/sites.js';

export interface BudgetOptions extends RunOptions {
  /** Seeds, 1 to 1000, one after the other from `seed` (default the experiment's). Default 3. */
  readonly seeds?: number | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

export const DEFAULT_BUDGET_SEEDS = 3;
export const MOST_BUDGET_SEEDS = 1000;
/** Sites of which every pair is tried. */
const PAIRED = 6;
/** A pair does not add up where its excess and the sum of two differ by this share of the larger, and by this share of what all sites cost. */
const ADDS_UP = 0.25;
const MATTERS = 0.01;

/** One end of a run. */
interface End {
  readonly loss: number;
  readonly weightError: number | undefined;
}

/** What a seed is run with. */
interface Seeded {
  readonly plan: Plan;
  readonly dataset: Prepared['dataset'];
  readonly reference: Reference | undefined;
  readonly float: End;
}

/**
 * Measures what the quantiser of every site costs in final loss and weight error, in binary64 with the quantisers of chosen sites (docs/numerics.md §9.1).
 *
 * @returns the published result, `schema/budget.schema.json`
 * @throws QrailsError `usage` for a wrong number of seeds or several controllers; for anything in documents, data or options that cannot be; an AbortError where `signal` was raised
 * @example
 * const { sites } = await errorBudget({ experiment: 'exp-000c', profile: 'enabol-tight' });
 * sites[0].key // the site that costs most
 */
export async function errorBudget(options: BudgetOptions = {}): Promise<ErrorBudget> {
  const { seeds = DEFAULT_BUDGET_SEEDS, signal } = options;
  for (const name of ['throttle', 'anchor'] as const) {
    const names = options[name];
    if (names !== undefined && names.length !== 1) throw new QrailsError({ code: 'usage', where: `--${name}`, message: `a budget is of one ${name}`, found: printable(names.join(',')), expected: 'one name' });
  }
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > MOST_BUDGET_SEEDS) {
    throw new QrailsError({ code: 'usage', where: '--seeds', message: 'a wrong number of seeds', found: String(seeds), expected: `1 to ${MOST_BUDGET_SEEDS}` });
  }
  const documents = await readDocuments(options);
  const stated = documents.experiment.value;
  const controllers: RunOptions = {
    ...options, anchor: options.anchor ?? [stated.anchor?.law ?? 'none'],
    ...(options.throttle === undefined && stated.throttle === undefined && { throttle: ['none'] }),
  };
  const first = options.seed ?? stated.seed ?? DEFAULT_SEED;
  const core = await loadCore(options.build);
  const prepared: { one: Prepared; variant: Variant }[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const one = await prepareFrom(documents, { ...controllers, seed });
    prepared.push({ one, variant: one.variants.at(-1)! });
  }
  const [{ one, variant }] = prepared as [(typeof prepared)[number]];
  const { plan } = variant;

  const rounding = roundingSites(core, plan, one.dataset);
  const keys = Object.keys(rounding);
  const pairCount = (Math.min(PAIRED, keys.length) * (Math.min(PAIRED, keys.length) - 1)) / 2;
  const total = seeds * (2 + keys.length * (1 + ROUNDINGS.length) + pairCount);
  let done = 0;
  const ranks = seeds > 1 ? medianRanks(seeds, resamplingStream(variant.hash)) : undefined;
  const seeded: Seeded[] = [];
  const breathe = async (what: string): Promise<void> => {
    options.onProgress?.(done, total, what);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
  const end = (at: Pick<Seeded, 'dataset' | 'reference'>, own: Plan, chosen: readonly string[]): End => {
    done++;
    const { loss, parameters } = runMixed(core, own, at.dataset, chosen);
    return { loss, weightError: at.reference && (loss === Infinity ? Infinity : weightError(own, at.reference, parameters[0]!)) };
  };
  for (const { one: { dataset }, variant: { plan: own } } of prepared) {
    await breathe('float64');
    done++;
    const { loss, parameters, evaluation } = runMixed(core, own, dataset, []);
    const reference = leastSquares(own, evaluation);
    seeded.push({ plan: own, dataset, reference, float: { loss, weightError: reference && weightError(own, reference, parameters[0]!) } });
  }

  /** All seeds with these sites rounding. */
  const run = async (chosen: readonly string[], what: string, change: (plan: Plan) => Plan = (own) => own): Promise<End[]> => {
    const ends: End[] = [];
    for (const at of seeded) {
      await breathe(what);
      ends.push(end(at, change(at.plan), chosen));
    }
    return ends;
  };
  const median = (values: readonly number[]): BudgetMedian => {
    if (!ranks) return { median: finite(values[0]!), low: null, high: null };
    const interval = medianInterval(values.map((value) => (Number.isNaN(value) ? Infinity : value)), ranks);
    return { median: finite(interval.median), low: finite(interval.low), high: finite(interval.high) };
  };
  const excess = (ends: readonly End[]): number[] => ends.map(({ loss }, seed) => loss - seeded[seed]!.float.loss);
  const decibels = (ends: readonly End[]): BudgetMedian => median(ends.map(({ loss }, seed) => 10 * Math.log10(loss / seeded[seed]!.float.loss)));
  const cost = (ends: readonly End[]): BudgetCost => ({
    lossDb: decibels(ends),
    weightErrorDb: seeded[0]!.reference ? median(ends.map(({ weightError: error }, seed) => 20 * Math.log10(error! / seeded[seed]!.float.weightError!))) : null,
    loss: median(ends.map(({ loss }) => loss)),
    excess: median(excess(ends)),
  });

  const together = cost(await run(keys, 'all sites'));
  const sites: BudgetSite[] = [];
  for (const key of keys) {
    const format = plan.sites[key]!;
    const alone = await run([key], key);
    const roundings: BudgetSite['roundings'] = [];
    for (const mode of ROUNDINGS) {
      const ends = mode === format.rounding ? alone : await run([key], `${key}, ${mode}`, (own) => withRounding(own, key, mode));
      roundings.push({ rounding: mode, lossDb: decibels(ends) });
    }
    sites.push({
      key, format: formatName(format), rounding: format.rounding, rounds: rounding[key]!,
      alone: cost(alone), withoutIt: cost(await run(keys.filter((other) => other !== key), `all but ${key}`)), roundings,
    });
  }
  const price = ({ alone }: BudgetSite): number => alone.excess.median ?? Infinity;
  sites.sort((a, b) => (price(a) === price(b) ? 0 : price(b) - price(a)));

  const pairs: BudgetPair[] = [];
  const dearest = sites.slice(0, PAIRED);
  for (const [k, a] of dearest.entries()) {
    for (const b of dearest.slice(k + 1)) {
      const both = median(excess(await run([a.key, b.key], `${a.key} and ${b.key}`))).median;
      const pair = judgePair([a, b], both, together.excess.median);
      if (pair) pairs.push(pair);
    }
  }
  return {
    budget: 1,
    plan: {
      hash: variant.hash, experiment: one.experiment.name, title: one.experiment.title ?? one.experiment.name, profile: one.profile.name, sensor: one.sensor.name, supervisor: plan.supervisor.law,
      throttle: variant.throttle, anchor: variant.anchor, steps: planSteps(plan), first, seeds,
    },
    float: median(seeded.map(({ float }) => float.loss)),
    all: together,
    sites,
    sum: sites.reduce((sum, site) => sum + (Number.isFinite(price(site)) ? price(site) : 0), 0),
    pairs,
  };
}

/** Sites that round something in this plan, with how many values they round; constants that do not fit their format among them. */
function roundingSites(core: CoreExports, plan: Plan, dataset: Prepared['dataset']): Record<string, number> {
  const every = siteKeys(plan.layers.length).filter((key) => plan.sites[key]);
  const { counters } = runMixed(core, plan, dataset, every);
  const constants = new Map<string, number>();
  for (const { learningRate } of plan.phases) constants.set('learningRate', (constants.get('learningRate') ?? 0) + inexact(plan, 'learningRate', learningRate));
  for (const [name, site] of [['chi', 'throttleTarget'], ['rho', 'meanRate']] as const) {
    const constant = plan.throttle[name];
    if (constant) constants.set(site, inexact(plan, site, constant));
  }
  return Object.fromEntries(every.flatMap((key) => {
    const name = siteName(key);
    const count = SITES[name].kind === 'constant' ? (constants.get(key) ?? 0) : name === 'target' ? planSteps(plan) : (counters[key]?.count ?? 0);
    return count > 0 ? [[key, count]] : [];
  }));
}

/** 1 where a constant is not what its format holds, else 0. */
const inexact = (plan: Plan, site: SiteName, { value, raw }: { value: number; raw: string }): number => Number(Number(raw) * 2 ** -plan.sites[site]!.fractionLength !== value);

const withRounding = (plan: Plan, key: string, rounding: (typeof ROUNDINGS)[number]): Plan => ({ ...plan, sites: { ...plan.sites, [key]: { ...plan.sites[key]!, rounding } } });

/** A pair whose excess losses do not add up; undefined if they do, or it does not matter. */
function judgePair([a, b]: readonly [BudgetSite, BudgetSite], both: number | null, all: number | null): BudgetPair | undefined {
  const apart = (a.alone.excess.median ?? Infinity) + (b.alone.excess.median ?? Infinity);
  // Two of which one alone diverges have nothing to add up.
  if (!Number.isFinite(apart)) return undefined;
  if (both === null) return { sites: [a.key, b.key], apart, together: both, kind: 'worse together' };
  const difference = both - apart;
  if (Math.abs(difference) <= ADDS_UP * Math.max(Math.abs(apart), Math.abs(both)) || (all !== null && Math.abs(difference) <= MATTERS * Math.abs(all))) return undefined;
  return { sites: [a.key, b.key], apart, together: both, kind: difference > 0 ? 'worse together' : 'better together' };
}
