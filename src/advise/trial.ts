/** One combination of target, controllers and rate, searched: the cheapest formats with which it does, and the front around them. */
import { medianInterval, medianRanks, resamplingStream, type MedianInterval } from '../compare/bootstrap.js';
import { loadCore } from '../core/load.js';
import { hashJson } from '../plan/hash.js';
import type { Plan } from '../schema/plan.js';
import { boundsOf, type Bounds } from './bounds.js';
import { beginningOf, controllersOf, isWatched } from './controllers.js';
import { costOf } from './cost.js';
import { chosenKeys, designKey, designOf, fitted, machineWords, variablesOf, type Design } from './design.js';
import { openLab, type Evaluate, type Lab, type Outcome, type Requirement } from './evaluate.js';
import { follow, shorterAt } from './follow.js';
import { paretoFront, type Tried } from './front.js';
import { guardedBy } from './guard.js';
import type { Store } from './journal.js';
import { fine, observe, union, type Range, type Seen } from './observe.js';
import type { AdviseOptions } from './options.js';
import { planOf, type Setup } from './scenario.js';
import { search, wholeBits, type Found, type Search } from './search.js';
import { leastMoving } from './stall.js';

export interface Trial {
  readonly throttle: string;
  readonly rate: number;
  readonly lab: Lab;
  readonly keys: readonly string[];
  readonly words: readonly number[] | undefined;
  /** Designs of all proposed sites that were run in full. */
  readonly tried: ReadonlyMap<string, Tried>;
  /** Designs that were run in full, those of the learning step alone among them. */
  readonly designs: number;
  readonly price: (design: Design) => Promise<number>;
  /** The same design where it needs no more integer bits for the guard. */
  readonly guarded: (design: Design) => Design | undefined;
  /** As words and guard allow it. */
  readonly fit: (wanted: Design) => Design | undefined;
  /** The target's own plan and formats. */
  readonly plan: Plan;
  readonly given: Design;
  readonly seen: readonly Seen[];
  readonly ranges: Readonly<Record<string, Range>>;
  readonly bounds: Readonly<Record<string, Bounds>>;
  readonly found: Found | undefined;
}

export interface TrialOptions {
  readonly throttle: string;
  readonly rate: number;
  readonly setup: Setup;
  readonly requirement: Requirement;
  readonly store: { readonly runs: Store; readonly name: string } | undefined;
  readonly workers: number;
  readonly breathe: () => Promise<void>;
  /** Told how far it is, 0 to 1, and how many designs that took. */
  readonly onShare: (share: number, designs: number) => void;
}

/** Of a trial, the search for the learning step takes this share, the controllers' to here; the rest follows the front. */
const STEPPED = 0.6;
const SEARCHED = 0.85;
/** Whole bits more than the bounds of exact arithmetic ask for: roundings are not in them. */
const SPARE = 1;

/** @returns with its lab open: the caller closes it */
export async function runTrial(options: AdviseOptions, { throttle, rate, setup, requirement, store, workers, breathe, onShare }: TrialOptions): Promise<Trial> {
  const { cost: kind = 'bits', guard = 'measured' } = options;
  const first = setup.scenarios[0]!;
  const plan = await planOf(setup, first, {});
  const words = options.words ?? machineWords(plan);
  const all = { steps: variablesOf(plan), controllers: controllersOf(plan) };
  const chosen = options.sites && chosenKeys(options.sites, [...all.steps, ...all.controllers]);
  const steps = all.steps.filter((key) => chosen?.includes(key) ?? true);
  const controllers = all.controllers.filter((key) => chosen?.includes(key) ?? !isWatched(key));
  const lab = await openLab({ setup, requirement, workers, build: options.build, store, breathe });
  try {
    const price = costOf(kind, first.documents.profile.value, (design) => lab.plan(design));
    const guarded = (design: Design): Design | undefined => (guard === 'interval' ? guardedBy(plan, design) : design);
    const fit = (wanted: Design): Design | undefined => fitted(wanted, words, guarded);
    const core = await loadCore(options.build);
    const fineDesign: Design = Object.fromEntries(steps.map((key) => [key, fine(key)]));
    const seen: Seen[] = [];
    let finePlan = plan;
    for (const scenario of setup.scenarios) {
      await breathe();
      finePlan = await planOf(setup, scenario, fineDesign);
      seen.push(observe(core, finePlan, scenario.dataset));
    }
    const ranges = Object.fromEntries([...steps, ...controllers].map((key) => [key, seen.map((one) => one.ranges[key]!).reduce(union)]));
    const bounds = boundsOf(plan, seen);
    let tried = new Map<string, Tried>();
    const ranks = setup.scenarios.length > 1 ? medianRanks(setup.scenarios.length, resamplingStream(hashJson(plan))) : undefined;
    const pending: Promise<void>[] = [];
    const keep = async (design: Design, { complete, ok, losses }: Outcome): Promise<void> => {
      if (complete) tried.set(designKey(design), { design, ok, cost: await price(design), loss: intervalOf(losses, ranks) });
    };
    const onDesign = (design: Design, outcome: Outcome): void => void pending.push(keep(design, outcome));
    const told = (share: number): void => onShare(share, lab.asked().designs);
    const shared: Pick<Search, 'lab' | 'words' | 'cost' | 'onDesign'> = { lab, words, cost: price, onDesign };
    let found = await search({
      ...shared, keys: steps, finest: fineDesign, seen: Object.fromEntries(steps.map((key) => [key, wholeBits(ranges[key]!)])), fit, onShare: (share) => told(STEPPED * share),
      mostWhole: (key) => bounds[key] && wholeBits(union(bounds[key].affine ?? bounds[key].interval, ranges[key]!)) + SPARE,
      leastMoving: (key) => leastMoving(finePlan, key, wholeBits(ranges[key]!), steps, seen),
    });
    await Promise.all(pending);
    let keys = steps;
    let designs = 0;
    const beginning = found && controllers.length > 0 ? await beginningOf(lab, found.design, controllers, ranges) : undefined;
    if (found && beginning) {
      const { own, whole } = beginning;
      const { design: step, least } = found;
      const alone = tried;
      tried = new Map();
      const both = await search({
        ...shared, keys: Object.keys(own), finest: own, seen: whole, fit: (wanted) => fit({ ...step, ...wanted }), onShare: (share) => told(STEPPED + (SEARCHED - STEPPED) * share),
        mostWhole: (key) => own[key]?.whole, leastMoving: () => undefined,
      });
      await Promise.all(pending);
      if (both) {
        [found, keys, designs] = [{ design: both.design, least: { ...least, ...both.least } }, [...steps, ...Object.keys(own)], alone.size];
        // What the step alone was tried with is a design of all sites too: controllers as the target has them.
        for (const { design } of paretoFront(alone.values())) {
          const complete: Design = { ...design, ...designOf(await lab.plan(design), Object.keys(own)) };
          onDesign(complete, await lab.evaluate(complete, true));
        }
      } else tried = alone;
    }
    if (found) await follow(found.design, { lab, words, fit, price, onDesign, onShare: (share) => told(SEARCHED + (1 - SEARCHED) * share) });
    // The front may have passed something cheaper that does, or better at the same cost. From there a bit may be to spare again.
    let best: Tried | undefined;
    for (;;) {
      await Promise.all(pending);
      const [cheapest] = [...tried.values()].filter(({ ok }) => ok).sort((a, b) => a.cost - b.cost || a.loss.median - b.loss.median);
      if (!cheapest || cheapest === best) break;
      best = cheapest;
      const shorter = keys.map((key) => shorterAt(key, cheapest.design, { words, fit })).filter((design) => design !== undefined);
      lab.ahead(shorter.map((design) => (evaluate: Evaluate) => evaluate(design, true)));
      for (const design of shorter) onDesign(design, await lab.evaluate(design, true));
    }
    return { throttle, rate, lab, keys, words, tried, designs: designs + tried.size, price, guarded, fit, plan, given: designOf(plan, keys), seen, ranges, bounds, found: found && { ...found, design: best!.design } };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

function intervalOf(losses: readonly number[], ranks: Uint32Array | undefined): MedianInterval {
  return ranks ? medianInterval(losses, ranks) : { median: losses[0]!, low: NaN, high: NaN };
}
