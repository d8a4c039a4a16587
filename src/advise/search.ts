/**
 * Looks for the cheapest design that meets the requirement. Integer bits follow from the values seen; fraction bits are searched: how few each site alone
 * could do with, from there up and from above down, then exchanges. W. Sung and K.-I. Kum, IEEE Trans. Signal Processing 43 (1995), for the first two.
 */
import type { Counters } from '../format/quantise.js';
import { filled, longest, nameOf, type Design, type Width } from './design.js';
import { median, type Lab, type Outcome } from './evaluate.js';
import { SITES } from '../site/sites.js';

export interface Search {
  readonly lab: Lab;
  readonly keys: readonly string[];
  /** Lengths words can have; any if undefined. */
  readonly words: readonly number[] | undefined;
  /** What a design costs; lower is better. */
  readonly cost: (design: Design) => Promise<number>;
  readonly onDesign: (design: Design, outcome: Outcome) => void;
}

export interface Found {
  readonly design: Design;
  /** Fewest fraction bits each site could do with if all others were fine. */
  readonly least: Readonly<Record<string, number>>;
  /** Smallest and largest value each site saw in fine formats. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
}

/** Fine formats, to see what values there are: fraction bits of signals and of sums. */
const FINE = { signal: { whole: 14, fraction: 18 }, accumulator: { whole: 26, fraction: 32 } } as const;
/** Rounds of repair where coarser fractions let a value grow over a power of two. */
const REPAIRS = 8;
/** Bits given to all sites at once at the most, from the least each could do with alone. */
const MOST_LIFT = 16;

/** Bits a site is taken down by: past a length that does not do, for more bits are not always better. */
const DOWN = [1, 2, 3, 4] as const;
/** Bits more of one site for bits less of another; less of both is an exchange too. */
const EXCHANGES = [[1, 2], [-1, 1], [1, 3], [2, 3], [-1, 2], [-2, 1], [2, 4], [3, 4], [-2, 2], [1, 4]] as const;

/** Sites of which all exchanges are tried; of more only the nearest, or it would take hours. */
const FEW = 8;

const fine = (key: string): Width => (SITES[nameOf(key)].kind === 'accumulator' ? FINE.accumulator : FINE.signal);

/** Integer bits, the sign among them, that hold both ends. */
export function wholeBits([low, high]: readonly [number, number]): number {
  const needed = (value: number): number => (value === 0 ? -64 : Math.floor(Math.log2(value)) + 1);
  // −2^n fits n integer bits beside the sign, 2^n does not.
  const below = low < 0 ? Math.ceil(Math.log2(-low)) : -64;
  return Math.max(1, 1 + Math.max(below, high > 0 ? needed(high) : -64));
}

function rangesIn(recorded: readonly Readonly<Record<string, Counters>>[], keys: readonly string[], width: (key: string) => Width): Record<string, readonly [number, number]> {
  return Object.fromEntries(keys.map((key) => {
    const place = 2 ** -width(key).fraction;
    const seen = recorded.map((counters) => counters[key]!).filter(({ count }) => count > 0);
    return [key, [Math.min(0, ...seen.map(({ min }) => Number(min) * place)), Math.max(0, ...seen.map(({ max }) => Number(max) * place))] as const];
  }));
}

/**
 * @returns the best design found; undefined where not even fine formats meet the requirement
 */
export async function search({ lab, keys, words, cost, onDesign }: Search): Promise<Found | undefined> {
  const start: Design = Object.fromEntries(keys.map((key) => [key, fine(key)]));
  const ranges = rangesIn(await lab.record(start), keys, fine);
  let whole: Record<string, number> = Object.fromEntries(keys.map((key) => [key, wholeBits(ranges[key]!)]));

  const evaluate = async (design: Design, all = false): Promise<Outcome> => {
    const outcome = await lab.evaluate(design, all);
    onDesign(design, outcome);
    return outcome;
  };
  const designWith = (fractions: Readonly<Record<string, number>>): Design | undefined => {
    const design = Object.fromEntries(keys.map((key) => [key, { whole: whole[key]!, fraction: fractions[key]! }]));
    return filled(design, words);
  };
  /** Evaluates fractions with as many integer bits as that takes; a site that then has to grow keeps what it got. */
  const meets = async (fractions: Readonly<Record<string, number>>, all = false): Promise<{ ok: boolean; design: Design | undefined; outcome: Outcome | undefined }> => {
    const before = whole;
    for (let round = 0; round < REPAIRS; round++) {
      const design = designWith(fractions);
      if (!design) break;
      const outcome = await evaluate(design, all);
      const lacking = Object.entries(outcome.overflows);
      if (lacking.length === 0) {
        const ok = outcome.ok;
        if (!ok) whole = before;
        return { ok, design, outcome };
      }
      whole = { ...whole, ...Object.fromEntries(lacking.map(([key, bits]) => [key, whole[key]! + bits])) };
    }
    whole = before;
    return { ok: false, design: undefined, outcome: undefined };
  };

  const roof: Record<string, number> = Object.fromEntries(keys.map((key) => [key, Math.min(fine(key).fraction, longest(key) - whole[key]!)]));
  if (!(await meets(roof)).ok) return undefined;

  // The fewest each could do with. More fraction bits are taken to be no worse; where they are, what follows finds it.
  const least: Record<string, number> = {};
  for (const key of keys) {
    let enough = roof[key]!;
    let few = 1 - whole[key]!; // one last place in all: too few, or the site does not matter
    while (enough - few > 1) {
      const middle = (enough + few) >> 1;
      if ((await meets({ ...roof, [key]: middle })).ok) enough = middle;
      else few = middle;
    }
    least[key] = enough;
  }

  const clipped = (fractions: Record<string, number>): Record<string, number> => Object.fromEntries(keys.map((key) => [key, Math.min(roof[key]!, fractions[key]!)]));
  const candidates: Record<string, number>[] = [];
  // From above: all lifted together until they do, then taken down one by one, dearest first.
  for (let lift = 0; lift <= MOST_LIFT; lift++) {
    const lifted = clipped(Object.fromEntries(keys.map((key) => [key, least[key]! + lift])));
    if ((await meets(lifted)).ok) {
      candidates.push(lifted);
      break;
    }
  }
  // From below: the bit that helps most, again and again.
  let climbing = { ...least };
  for (let bits = 0; bits < MOST_LIFT * keys.length; bits++) {
    if ((await meets(climbing)).ok) {
      candidates.push(climbing);
      break;
    }
    let best: { fractions: Record<string, number>; score: readonly number[] } | undefined;
    for (const key of keys) {
      if (climbing[key]! >= roof[key]!) continue;
      const fractions = { ...climbing, [key]: climbing[key]! + 1 };
      const { ok, design, outcome } = await meets(fractions, true);
      const price = design ? await cost(design) : Infinity;
      const score = [ok ? 0 : 1, outcome?.lost ?? Infinity, outcome?.complete ? median(outcome.losses) : Infinity, price];
      if (!best || isLess(score, best.score)) best = { fractions, score };
    }
    if (!best) break;
    climbing = best.fractions;
  }
  candidates.push(roof);

  let best: { design: Design; fractions: Record<string, number>; cost: number } | undefined;
  for (const candidate of candidates) {
    const found = await improve(candidate);
    if (found && (!best || found.cost < best.cost)) best = found;
  }
  return best && { design: best.design, least, ranges };

  /** Goes down from fractions that meet the requirement as long as anything cheaper is in reach. */
  async function improve(from: Readonly<Record<string, number>>): Promise<{ design: Design; fractions: Record<string, number>; cost: number } | undefined> {
    let fractions = { ...from };
    // Integer bits that an earlier trial asked for may not be needed here.
    whole = Object.fromEntries(keys.map((key) => [key, wholeBits(ranges[key]!)]));
    const first = await meets(fractions);
    if (!first.ok) return undefined;
    let design = first.design!;
    let price = await cost(design);
    const tryMove = async (change: Readonly<Record<string, number>>): Promise<boolean> => {
      const next = { ...fractions };
      for (const [key, bits] of Object.entries(change)) next[key] = next[key]! + bits;
      if (keys.some((key) => next[key]! > roof[key]! || next[key]! < 1 - whole[key]!)) return false;
      const proposed = designWith(next);
      // What costs no less is not run: integer bits only grow.
      if (!proposed || (await cost(proposed)) >= price) return false;
      const kept = whole;
      const found = await meets(next);
      const cheaper = found.ok ? await cost(found.design!) : Infinity;
      if (cheaper >= price) {
        whole = kept;
        return false;
      }
      fractions = next;
      design = found.design!;
      price = cheaper;
      return true;
    };
    // Steps in words reach the next shorter word.
    const step = (key: string): number => {
      if (words === undefined) return 1;
      const word = design[key]!.whole + design[key]!.fraction;
      const shorter = words.filter((offered) => offered < word).at(-1);
      return shorter === undefined ? 1 : Math.max(1, fractions[key]! + design[key]!.whole - shorter);
    };
    // Single sites first, the one with most to spare first; then exchanges, near ones first.
    for (let moved = true; moved; ) {
      moved = false;
      const spare = [...keys].sort((a, b) => fractions[b]! - least[b]! - (fractions[a]! - least[a]!));
      for (const key of spare) for (const bits of DOWN) while (await tryMove({ [key]: -bits * step(key) })) moved = true;
      if (moved) continue;
      const few = keys.length <= FEW;
      for (const [up, down] of few ? EXCHANGES : EXCHANGES.slice(0, 2)) {
        for (const more of keys) for (const less of keys) if (more !== less && (await tryMove({ [more]: up, [less]: -down * step(less) }))) moved = true;
      }
      if (moved || !few) continue;
      for (const more of keys) {
        for (const [k, less] of keys.entries()) {
          for (const other of keys.slice(k + 1)) if (more !== less && more !== other && (await tryMove({ [more]: 1, [less]: -step(less), [other]: -step(other) }))) moved = true;
        }
      }
    }
    return { design, fractions, cost: price };
  }
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [k, value] of a.entries()) if (value !== b[k]!) return value < b[k]!;
  return false;
}
