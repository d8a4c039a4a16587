/** Proposes the cheapest formats with which a learner survives, with a reason for each. docs/advise.md. */
import { medianInterval, medianRanks, resamplingStream, type MedianInterval } from '../compare/bootstrap.js';
import { finite } from '../compare/compare.js';
import { figure } from '../compare/figure.js';
import { prepareFrom, readDocuments, throttleName, type RunOptions } from '../compare/prepare.js';
import { cost as costReport } from '../cost/cost.js';
import { loadCore, type Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { ROUNDINGS, type Rounding } from '../format/modes.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { hashJson } from '../plan/hash.js';
import type { Advice, AdvicePoint, AdviceSite } from '../schema/advice.js';
import type { Plan } from '../schema/plan.js';
import { runSides, type Cores } from '../sweep/sides.js';
import { SITES } from '../site/sites.js';
import { bitsOf, costOf, type AdviseCost } from './cost.js';
import { designKey, designOf, filled, nameOf, profileWith, variablesOf, type Design } from './design.js';
import { openLab, type Lab, type Modes, type Outcome } from './evaluate.js';
import { kneeOf, paretoFront, type Tried } from './front.js';
import { search, type Found } from './search.js';

export interface AdviseOptions extends RunOptions {
  /** Seeds, 1 to 100, one after the other from `seed`. Default 5. */
  readonly seeds?: number | undefined;
  /** Sensors the learner must survive, shipped names or paths. Default the run's own. */
  readonly stress?: readonly string[] | undefined;
  /** Share of the seeds that must survive under each stress, 0 to 1; default 1. */
  readonly survive?: number | undefined;
  /** Largest median of the final loss over that of float64; default none. */
  readonly lossRatio?: number | undefined;
  /** Largest median final loss; default none. */
  readonly maxLoss?: number | undefined;
  /** Default `bits`. */
  readonly cost?: AdviseCost | undefined;
  /** Lengths words can have, ascending; default any, or 8, 16, 32 and 64 where all words of the target have such a length. */
  readonly words?: readonly number[] | undefined;
  /** Names or keys of the sites to propose formats for; default all of the learning step. */
  readonly sites?: readonly string[] | undefined;
  /** Rounding modes to try at each site of the proposal, the first that does is taken; default the target's. */
  readonly roundings?: readonly Rounding[] | undefined;
  /** Multiples of the learning rates to try; default 1. */
  readonly rates?: readonly number[] | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

export const DEFAULT_ADVISE_SEEDS = 5;
export const MOST_ADVISE_SEEDS = 100;
const MACHINE_WORDS = [8, 16, 32, 64] as const;
/** Bits the front is followed beyond the proposal, and below it. */
const FRONT_UP = 16;
const FRONT_DOWN = 8;
const LOOK_MS = 50;

/** One combination of controllers and rate, searched. */
interface Trial {
  readonly throttle: string;
  readonly rate: number;
  readonly lab: Lab;
  readonly keys: readonly string[];
  readonly tried: Map<string, Tried>;
  readonly price: (design: Design) => Promise<number>;
  readonly given: Design;
  readonly plan: Plan;
  readonly found: Found | undefined;
}

/**
 * Looks for the cheapest formats that meet a requirement over seeds and stresses, without overflow on any of the runs.
 *
 * @returns the published result, `schema/advice.schema.json`; `proposal` is null where no formats meet it
 * @throws QrailsError `usage` for options that make no sense; for anything in documents, data or options that cannot be; an AbortError where `signal` was raised
 * @example
 * const { proposal, cost } = await advise({ experiment: 'exp-000c', profile: 'enabol-mid', maxLoss: 1e-3 });
 * cost.proposal // bits, against cost.given
 */
export async function advise(options: AdviseOptions = {}): Promise<Advice> {
  checkOptions(options);
  const { seeds: count = DEFAULT_ADVISE_SEEDS, survive = 1, cost: kind = 'bits', rates = [1], signal } = options;
  const documents = await readDocuments(options);
  const stated = documents.experiment.value;
  const first = options.seed ?? stated.seed ?? DEFAULT_SEED;
  const seeds = Array.from({ length: count }, (_, k) => first + k);
  const throttles = options.throttle ?? [throttleName(stated.throttle ?? { law: 'none' })];
  const anchor = options.anchor?.[0] ?? stated.anchor?.law ?? 'none';
  const cores: Cores = { float: await loadCore(options.build), fixed: await loadCore(options.build) };
  const requirement = { survive, lossRatio: options.lossRatio, maxLoss: options.maxLoss };

  let looked = performance.now();
  let designs = 0;
  let what = '';
  const of = throttles.length * rates.length;
  let done = 0;
  const breathe = async (): Promise<void> => {
    if (performance.now() - looked < LOOK_MS) return;
    looked = performance.now();
    options.onProgress?.(done, of, `${what}, ${designs} designs`);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };

  const trials: Trial[] = [];
  let words: readonly number[] | undefined;
  for (const throttle of throttles) {
    for (const rate of rates) {
      what = `${throttle}${rate === 1 ? '' : `, rate × ${rate}`}`;
      const set = [...(options.set ?? []), ...(rate === 1 ? [] : stated.phases.map(({ learningRate }, phase) => `experiment.phases[${phase}].learningRate=${realOf(learningRate) * rate}`))];
      const own: RunOptions = { ...options, throttle: [throttle], anchor: [anchor], set };
      const { variants: [variant], dataset, profile } = await prepareFrom(documents, own);
      const { plan } = variant!;
      words = options.words ?? machineWords(plan);
      const all = variablesOf(plan, runSides(cores, plan, dataset, ['fixed']).recordings.fixed.counters);
      const keys = options.sites === undefined ? all : chosenKeys(options.sites, all);
      const lab = await openLab({
        ...own, throttle: [throttle], anchor: [anchor], stresses: options.stress ?? [options.sensor], seeds, requirement, cores, breathe,
      });
      const price = costOf(kind, profile, (design) => lab.plan(design));
      const tried = new Map<string, Tried>();
      const ranks = lab.scenarios.length > 1 ? medianRanks(lab.scenarios.length, resamplingStream(variant!.hash)) : undefined;
      const keep = async (design: Design, { complete, ok, losses }: Outcome): Promise<void> => {
        designs++;
        if (complete) tried.set(designKey(design), { design, ok, cost: await price(design), loss: intervalOf(losses, ranks) });
      };
      const pending: Promise<void>[] = [];
      const found = await search({ lab, keys, words, cost: price, onDesign: (design, outcome) => pending.push(keep(design, outcome)) });
      if (found) await follow(found.design, { lab, words, price, onDesign: (design, outcome) => pending.push(keep(design, outcome)) });
      await Promise.all(pending);
      // The front may have passed something cheaper that does.
      const cheapest = [...tried.values()].filter(({ ok }) => ok).sort((a, b) => a.cost - b.cost)[0];
      const best = found && cheapest && cheapest.cost < (await price(found.design)) ? { ...found, design: cheapest.design } : found;
      trials.push({ throttle, rate, lab, keys, tried, price, given: designOf(plan, keys), plan, found: best });
      done++;
    }
  }
  return describe(options, trials, { requirement, words, kind, seeds, anchor });
}

/** Formats near the proposal, better and cheaper, for the front: each time the bit that gains most, or loses least. */
async function follow(from: Design, { lab, words, price, onDesign }: { lab: Lab; words: readonly number[] | undefined; price: (design: Design) => Promise<number>; onDesign: (design: Design, outcome: Outcome) => void }): Promise<void> {
  for (const [bits, direction] of [[FRONT_UP, 1], [FRONT_DOWN, -1]] as const) {
    let at = from;
    for (let k = 0; k < bits; k++) {
      let best: { design: Design; score: number } | undefined;
      for (const [key, width] of Object.entries(at)) {
        const word = width.whole + width.fraction;
        const next = words === undefined ? word + direction : direction > 0 ? words.find((offered) => offered > word) : words.findLast((offered) => offered < word);
        if (next === undefined || next < Math.max(2, width.whole)) continue;
        const design = filled({ ...at, [key]: { ...width, fraction: next - width.whole } }, words);
        if (!design) continue;
        const outcome = await lab.evaluate(design, true);
        onDesign(design, outcome);
        if (!outcome.complete) continue;
        const score = Math.log(Math.max(middle(outcome.losses), Number.MIN_VALUE)) + 1e-9 * (await price(design));
        if (!best || score < best.score) best = { design, score };
      }
      if (!best) break;
      at = best.design;
    }
  }
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function intervalOf(losses: readonly number[], ranks: Uint32Array | undefined): MedianInterval {
  return ranks ? medianInterval(losses, ranks) : { median: losses[0]!, low: NaN, high: NaN };
}

/** A learning rate as a number, for a multiple of it. */
function realOf(rate: number | string): number {
  if (typeof rate === 'number') return rate;
  const [numerator, denominator = '1'] = rate.split('/');
  return Number(numerator) / Number(denominator);
}

/** The lengths of machine words, where every word of the target has one of them. */
function machineWords(plan: Plan): readonly number[] | undefined {
  const lengths: readonly number[] = MACHINE_WORDS;
  return Object.entries(plan.sites).every(([key, { wordLength }]) => !['signal', 'accumulator'].includes(SITES[nameOf(key)].kind) || lengths.includes(wordLength)) ? lengths : undefined;
}

function chosenKeys(wanted: readonly string[], all: readonly string[]): string[] {
  for (const name of wanted) {
    if (!all.some((key) => key === name || nameOf(key) === name)) {
      throw new QrailsError({ code: 'usage', where: '--sites', message: 'no format is proposed for this site here', found: printable(name), expected: `one of ${[...new Set([...all.map(nameOf), ...all])].join(', ')}` });
    }
  }
  return all.filter((key) => wanted.includes(key) || wanted.includes(nameOf(key)));
}

function checkOptions({ seeds, survive, lossRatio, maxLoss, words, rates, roundings, anchor }: AdviseOptions): void {
  const refuse = (where: string, message: string, found: unknown, expected: string): never => {
    throw new QrailsError({ code: 'usage', where, message, found: printable(String(found)), expected });
  };
  if (seeds !== undefined && !(Number.isInteger(seeds) && seeds >= 1 && seeds <= MOST_ADVISE_SEEDS)) refuse('--seeds', 'a wrong number of seeds', seeds, `1 to ${MOST_ADVISE_SEEDS}`);
  if (survive !== undefined && !(survive >= 0 && survive <= 1)) refuse('--survive', 'is no share', survive, '0 to 1');
  for (const [where, limit] of [['--loss-ratio', lossRatio], ['--max-loss', maxLoss]] as const) if (limit !== undefined && !(limit > 0 && Number.isFinite(limit))) refuse(where, 'is no limit', limit, 'a number above 0');
  if (words !== undefined && (words.length === 0 || words.some((word, k) => !Number.isInteger(word) || word < 2 || word > 64 || (k > 0 && word <= words[k - 1]!)))) refuse('--words', 'are no word lengths', words.join(','), 'ascending lengths from 2 to 64');
  if (rates !== undefined && (rates.length === 0 || rates.some((rate) => !(rate > 0 && Number.isFinite(rate))))) refuse('--rates', 'are no multiples of a rate', rates.join(','), 'numbers above 0');
  const strange = roundings?.find((mode) => !ROUNDINGS.includes(mode));
  if (strange !== undefined) refuse('--roundings', 'there is no such mode', strange, `of ${ROUNDINGS.join(', ')}`);
  if (anchor !== undefined && anchor.length !== 1) refuse('--anchor', 'advice is for one anchor', anchor.join(','), 'one name');
}

interface Question {
  readonly requirement: { readonly survive: number; readonly lossRatio: number | undefined; readonly maxLoss: number | undefined };
  readonly words: readonly number[] | undefined;
  readonly kind: AdviseCost;
  readonly seeds: readonly number[];
  readonly anchor: string;
}

async function describe(options: AdviseOptions, trials: readonly Trial[], { requirement, words, kind, seeds, anchor }: Question): Promise<Advice> {
  const priced = await Promise.all(trials.map(async (trial) => ({ trial, cost: trial.found ? await trial.price(trial.found.design) : Infinity })));
  const { trial } = priced.reduce((best, one) => (one.cost < best.cost ? one : best));
  const { lab, found, plan, given, keys } = trial;
  const documents = await readDocuments(options);
  const { experiment, profile, sensor } = await prepareFrom(documents, { ...options, throttle: [trial.throttle], anchor: [anchor] });
  const modes: Modes = found ? await chooseRoundings(lab, found.design, plan, options.roundings) : {};
  const sites = found ? await reasons(trial, found, words, modes) : [];
  const givenCost = await trial.price(given);
  const front = paretoFront(trial.tried.values());
  const knee = kneeOf(front);
  const chosen = found && designKey(found.design);
  return {
    advice: 1,
    plan: {
      experiment: experiment.name, title: experiment.title ?? experiment.name, profile: profile.name, sensor: sensor.name, supervisor: plan.supervisor.law,
      seeds: [...seeds], stresses: [...new Set(lab.scenarios.map(({ stress }) => stress))],
    },
    requirement: { survive: requirement.survive, lossRatio: requirement.lossRatio ?? null, maxLoss: requirement.maxLoss ?? null },
    proposal: found ? proposalOf(profile, found.design, plan, sites, modes) : null,
    controllers: found ? { throttle: trial.throttle, anchor, rate: trial.rate } : null,
    cost: { kind, proposal: found ? Math.round(await trial.price(found.design)) : null, given: Math.round(givenCost), givenMeets: (await lab.evaluate(given)).ok },
    evidence: {
      words: words === undefined ? null : [...words],
      float: lab.scenarios.map(({ stress, seed, floatVerdict, floatLoss }) => ({ stress, seed, verdict: floatVerdict, loss: finite(floatLoss) })),
      sites,
      tried: priced.map(({ trial: { throttle, rate, tried, lab: { runs } }, cost }) => ({ throttle, rate, cost: cost === Infinity ? null : Math.round(cost), designs: tried.size, runs: runs() })),
    },
    front: front.map((point, index): AdvicePoint => ({
      cost: Math.round(point.cost), bits: bitsOf(point.design),
      formats: Object.fromEntries(keys.map((key) => [key, { wordLength: point.design[key]!.whole + point.design[key]!.fraction, fractionLength: point.design[key]!.fraction }])),
      loss: { median: finite(point.loss.median), low: finite(point.loss.low), high: finite(point.loss.high) },
      ok: point.ok, proposal: designKey(point.design) === chosen, knee: index === knee,
    })),
  };
}

/** The first of the modes with which a site still does, one site after the other. */
async function chooseRoundings(lab: Lab, design: Design, plan: Plan, roundings: readonly Rounding[] | undefined): Promise<Modes> {
  let modes: Modes = {};
  for (const key of roundings ? Object.keys(design) : []) {
    for (const rounding of roundings!) {
      if (rounding === plan.sites[key]!.rounding) break;
      const next = { ...modes, [key]: { rounding } };
      if (!(await lab.evaluate(design, false, next)).ok) continue;
      modes = next;
      break;
    }
  }
  return modes;
}

/** Why each site has the format it has: what values it saw, and what one bit less does. */
async function reasons({ lab, plan, keys }: Trial, { design, least, ranges }: Found, words: readonly number[] | undefined, modes: Modes): Promise<AdviceSite[]> {
  const planned = await lab.plan(design, modes);
  const { sums } = costReport(planned, { name: 'proposal', sites: {} });
  const list: AdviceSite[] = [];
  for (const key of keys) {
    const { whole, fraction } = design[key]!;
    const shorter = words?.findLast((word) => word < whole + fraction);
    const lessFraction = words === undefined ? fraction - 1 : shorter === undefined ? undefined : shorter - whole;
    const possible = lessFraction !== undefined && whole + lessFraction >= 2;
    const less = possible ? await lab.evaluate({ ...design, [key]: { whole, fraction: lessFraction } }, true, modes) : undefined;
    const [low, high] = ranges[key]!;
    const worst = SITES[nameOf(key)].kind === 'accumulator' ? (sums.find(({ site }) => site === key)?.bits ?? null) : null;
    const oneBitLess = {
      lost: less?.lost ?? 0, runs: less?.run ?? 0, overflows: Object.keys(less?.overflows ?? {}).length > 0,
      medianLoss: less?.complete ? finite(middle(less.losses)) : null, refused: !possible || less?.run === 0,
    };
    const runs = lab.scenarios.length;
    const integers = `values from ${figure(low)} to ${figure(high)} over ${runs} ${runs === 1 ? 'run' : 'runs'}: ${whole} integer ${whole === 1 ? 'bit' : 'bits'} with the sign`;
    const bit = words === undefined ? 'one fraction bit less' : `the next shorter word (${shorter ?? 'none'})`;
    const fractions =
      oneBitLess.refused ? `${bit}: no such word`
      : less!.ok ? `${bit} would do as well, but costs no less`
      : oneBitLess.overflows ? `${bit}: rounds up past its rail`
      : oneBitLess.lost > 0 ? `${bit}: ${oneBitLess.lost} of ${oneBitLess.runs} runs are lost`
      : `${bit}: median loss ${figure(oneBitLess.medianLoss)}, which is too much`;
    const sum = worst === null ? '' : worst <= whole + fraction ? `; cannot overflow (${worst} bits hold the exact sum)` : `; at worst the exact sum needs ${worst} bits`;
    list.push({
      key, format: formatName({ signed: true, wordLength: whole + fraction, fractionLength: fraction }), given: formatName(plan.sites[key]!), rounding: planned.sites[key]!.rounding,
      range: [low, high], leastFraction: least[key]!, worstCaseBits: worst, oneBitLess, why: `${integers}; ${fractions}${sum}`,
    });
  }
  return list;
}

/** The target with the proposed formats, each with its reason. */
function proposalOf(profile: Parameters<typeof profileWith>[0], design: Design, plan: Plan, sites: readonly AdviceSite[], modes: Modes): NonNullable<Advice['proposal']> {
  const name = `${profile.name}-advised`.slice(0, 64);
  const proposed = profileWith(profile, design, plan.layers.length, modes);
  const layers = plan.layers.length;
  const reasoned = { ...proposed.sites } as Record<string, object>;
  for (const { key, why } of sites) {
    const place = layers === 1 ? nameOf(key) : key;
    reasoned[place] = { ...reasoned[place], source: `qrails advise: ${why}` };
  }
  const { extends: _, ...rest } = proposed;
  return {
    ...rest, name, title: `${profile.title ?? profile.name}, formats as advised`.slice(0, 200), sites: reasoned,
    about: `Formats that qrails advise proposes for plan ${hashJson(plan).slice(0, 8)} in place of those of ${profile.name}.`,
  };
}
