/**
 * Looks for the cheapest design that meets the requirement. Integer bits follow from the values seen, and from bounds; fraction bits are searched: how few
 * each site alone could do with, from there up and from above down, then exchanges. W. Sung and K.-I. Kum, IEEE Trans. Signal Processing 43 (1995), for the
 * first two. Designs are asked for one after the other, each as those before it came out; what is likely to come next is run ahead (`Lab.ahead`).
 */
import { longest, type Design } from './design.js';
import { FEW, improver, type Improved } from './improve.js';
import type { Range } from './observe.js';
import { median, type Evaluate, type Lab, type Outcome } from './evaluate.js';

/** Bits by site key. */
export type Bits = Readonly<Record<string, number>>;

export interface Search {
  readonly lab: Lab;
  readonly keys: readonly string[];
  /** Lengths words can have; any if undefined. */
  readonly words: readonly number[] | undefined;
  /** What a design costs; lower is better. */
  readonly cost: (design: Design) => Promise<number>;
  /** Formats fine enough for anything, of every key: fractions are searched from there down. */
  readonly finest: Design;
  /** Integer bits to begin with. */
  readonly seen: Bits;
  /** Integer bits beyond which a site has left what data and parameters can make of it; none if undefined. */
  readonly mostWhole: (key: string) => number | undefined;
  /** Fewest fraction bits with which gradients as they were seen still move the parameters behind a site; undefined where that is no matter of this site. */
  readonly leastMoving: (key: string) => number | undefined;
  /** The design nearest to what is wanted that words and guard allow; undefined where there is none. */
  readonly fit: (wanted: Design) => Design | undefined;
  readonly onDesign: (design: Design, outcome: Outcome) => void;
  /** Told how far it is, 0 to 1. */
  readonly onShare: (share: number) => void;
}

export interface Found {
  readonly design: Design;
  /** Fewest fraction bits each site could do with if all others searched beside it were as fine as they can be. */
  readonly least: Bits;
}

/** Fractions with the integer bits they took. */
export interface Met {
  readonly ok: boolean;
  /** Undefined where no word holds the format of some site. */
  readonly design: Design | undefined;
  readonly outcome: Outcome | undefined;
  readonly whole: Bits;
}

/** What the parts of the search share. */
export interface Bench extends Search {
  /** The official one, and that of work ahead. */
  readonly evaluate: Evaluate;
  readonly roof: Bits;
  /** Fraction bits below which parameters were predicted to stall, and a run confirmed it. */
  readonly floor: Bits;
  readonly designWith: (whole: Bits, fractions: Bits) => Design | undefined;
  /** Evaluates fractions with as many integer bits as that takes. */
  readonly meets: (fractions: Bits, whole: Bits, evaluate: Evaluate, all?: boolean) => Promise<Met>;
}

/** Rounds of repair where coarser fractions let a value grow over a power of two. */
const REPAIRS = 8;
/** Bits given to all sites at once at the most, from the least each could do with alone. */
const MOST_LIFT = 16;
/** Shares of the search, for progress. */
const ALONE = 0.25;
const CLIMBED = 0.4;

/** Integer bits, the sign among them where there is one, that hold both ends. */
export function wholeBits([low, high]: Range, unsigned = false): number {
  const sign = Number(!unsigned);
  const needed = (value: number): number => (value === 0 ? -64 : Math.floor(Math.log2(value)) + 1);
  // −2^n fits n integer bits beside the sign, 2^n does not.
  const below = low < 0 ? Math.ceil(Math.log2(-low)) : -64;
  return Math.max(sign, sign + Math.max(below, high > 0 ? needed(high) : -64));
}

/**
 * @returns the best design found; undefined where not even fine formats meet the requirement
 */
export async function search(given: Search): Promise<Found | undefined> {
  const { lab, keys, cost, finest, seen } = given;
  const evaluate: Evaluate = async (...asked) => {
    const outcome = await lab.evaluate(...asked);
    given.onDesign(asked[0], outcome);
    return outcome;
  };
  const designWith: Bench['designWith'] = (whole, fractions) => given.fit(Object.fromEntries(keys.map((key) => [key, { ...finest[key]!, whole: whole[key]!, fraction: fractions[key]! }])));
  const meets: Bench['meets'] = async (fractions, from, ask, all = false) => {
    let whole = from;
    for (let round = 0; round < REPAIRS; round++) {
      const design = designWith(whole, fractions);
      if (!design) break;
      const outcome = await ask(design, all);
      const lacking = Object.entries(outcome.overflows);
      if (lacking.length === 0) return { ok: outcome.ok, design, outcome, whole: outcome.ok ? whole : from };
      whole = { ...whole, ...Object.fromEntries(lacking.map(([key, bits]) => [key, design[key]!.whole + bits])) };
      if (lacking.some(([key]) => whole[key]! > (given.mostWhole(key) ?? Infinity))) break;
    }
    return { ok: false, design: undefined, outcome: undefined, whole: from };
  };
  const roof: Bits = Object.fromEntries(keys.map((key) => [key, Math.min(finest[key]!.fraction, longest(key, finest[key]!, given.words) - seen[key]!)]));
  const begun = await meets(roof, seen, evaluate);
  if (!begun.ok) return undefined;
  let { whole } = begun;

  // The fewest each could do with. More fraction bits are taken to be no worse; where they are, what follows finds it.
  const floor: Record<string, number> = {};
  const alone = async (key: string, from: Bits, ask: Evaluate): Promise<{ enough: number; whole: Bits; stalls?: number }> => {
    let at = from;
    const does = async (fraction: number): Promise<boolean> => {
      const met = await meets({ ...roof, [key]: fraction }, at, ask);
      at = met.whole;
      return met.ok;
    };
    let enough = roof[key]!;
    let few = 1 - from[key]!; // one last place in all: too few, or the site does not matter
    // Where less is predicted to stall, one run says whether that is so.
    const moving = given.leastMoving(key);
    let stalls: number | undefined;
    if (moving !== undefined && moving > few && moving <= enough) {
      if (await does(moving - 1)) enough = moving - 1;
      else [few, stalls] = [moving - 1, moving];
    }
    while (enough - few > 1) {
      const middle = (enough + few) >> 1;
      if (await does(middle)) enough = middle;
      else few = middle;
    }
    return { enough, whole: at, ...(stalls !== undefined && { stalls }) };
  };
  const least: Record<string, number> = {};
  for (const [at, key] of keys.entries()) {
    const from = whole;
    if (at === 0) runAhead(at);
    const { enough, stalls, whole: grown } = await alone(key, from, evaluate);
    least[key] = enough;
    if (stalls !== undefined) floor[key] = stalls;
    whole = grown;
    if (whole !== from) runAhead(at + 1);
    given.onShare((ALONE * (at + 1)) / keys.length);
  }
  function runAhead(at: number): void {
    const from = whole;
    lab.ahead(keys.slice(at).map((key) => (ask) => alone(key, from, ask)));
  }

  const bench: Bench = { ...given, evaluate, roof, floor, designWith, meets };
  const candidates: { readonly fractions: Bits; readonly whole: Bits }[] = [];
  // From above: all lifted together until they do.
  const lifts = Array.from({ length: MOST_LIFT + 1 }, (_, lift): Bits => Object.fromEntries(keys.map((key) => [key, Math.min(roof[key]!, least[key]! + lift)])));
  const liftedFrom = whole;
  lab.ahead(lifts.map((lifted) => (ask) => meets(lifted, liftedFrom, ask)));
  for (const lifted of lifts) {
    const met = await meets(lifted, whole, evaluate);
    whole = met.whole;
    if (!met.ok) continue;
    candidates.push({ fractions: lifted, whole });
    break;
  }
  // From below: the bit that helps most, again and again.
  let climbing: Bits = least;
  for (let bits = 0; bits < MOST_LIFT * keys.length; bits++) {
    const from = whole;
    const higher = keys.filter((key) => climbing[key]! < roof[key]!).map((key): Bits => ({ ...climbing, [key]: climbing[key]! + 1 }));
    const here = climbing;
    lab.ahead([(ask) => meets(here, from, ask), ...higher.map((fractions) => (ask: Evaluate) => meets(fractions, from, ask, true))]);
    const reached = await meets(climbing, whole, evaluate);
    whole = reached.whole;
    if (reached.ok) {
      candidates.push({ fractions: climbing, whole });
      break;
    }
    let best: { fractions: Bits; score: readonly number[] } | undefined;
    for (const fractions of higher) {
      const { ok, design, outcome, whole: grown } = await meets(fractions, whole, evaluate, true);
      whole = grown;
      const price = design ? await cost(design) : Infinity;
      const score = [ok ? 0 : 1, outcome?.lost ?? Infinity, outcome?.complete ? median(outcome.losses) : Infinity, price];
      if (!best || isLess(score, best.score)) best = { fractions, score };
    }
    if (!best) break;
    climbing = best.fractions;
  }
  const begin = { fractions: roof, whole: begun.whole };
  if (keys.length <= FEW) candidates.push(begin);
  given.onShare(CLIMBED);

  const improve = improver(bench, least);
  const best = (await cheapestOf(candidates, keys.length <= FEW)) ?? (await cheapestOf([begin], false));
  // Of many sites exchanges are tried from one place alone.
  const ended = best && keys.length > FEW ? await improve(best.fractions, true, [best.whole]) : best;
  return ended && { design: ended.design, least };

  async function cheapestOf(starts: typeof candidates, exchanges: boolean): Promise<Improved | undefined> {
    let cheapest: Improved | undefined;
    for (const [at, start] of starts.entries()) {
      // Integer bits that a trial before asked for may not be needed here.
      const found = await improve(start.fractions, exchanges, [seen, start.whole]);
      given.onShare(CLIMBED + ((1 - CLIMBED) * (at + 1)) / (starts.length + 1));
      if (found && (!cheapest || found.cost < cheapest.cost)) cheapest = found;
    }
    return cheapest;
  }
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [k, value] of a.entries()) if (value !== b[k]!) return value < b[k]!;
  return false;
}
