/** Goes down from fractions that meet the requirement as long as anything cheaper is in reach: single bits, then exchanges. */
import type { Design } from './design.js';
import type { Evaluate } from './evaluate.js';
import type { Bench, Bits, Met } from './search.js';

/** Bits a site is taken down by: past a length that does not do, for more bits are not always better. */
const DOWN = [1, 2, 3, 4] as const;
/** Bits more of one site for bits less of another; less of both is an exchange too. */
const EXCHANGES = [[1, 2], [-1, 1], [1, 3], [2, 3], [-1, 2], [-2, 1], [2, 4], [3, 4], [-2, 2], [1, 4]] as const;
/** Sites of which all exchanges are tried, and fine formats are gone down from; of more only the nearest exchanges, or it would take hours. */
export const FEW = 8;

/** Moves after which what lies ahead is announced anew: then the scenarios that fail most come first again. */
const ANNOUNCED = 16;

/** Where it stands. */
export interface Improved {
  readonly fractions: Bits;
  readonly whole: Bits;
  readonly design: Design;
  readonly cost: number;
}

/** Bits that a move gives, by site; made from where it starts. */
type Move = (from: Improved) => Bits;

/**
 * @param least fewest fraction bits each site could do with alone
 * @returns goes down from fractions, by single bits alone or by exchanges too, with the first integer bits of a list that they meet the requirement with;
 *   undefined where they do with none
 */
export function improver({ lab, keys, words, cost, roof, floor, evaluate, designWith, meets }: Bench, least: Bits): (from: Bits, exchanges: boolean, wholes: readonly Bits[]) => Promise<Improved | undefined> {
  /** Where a move leads; undefined where that is no cheaper, or does not do. */
  const moved = async (state: Improved, move: Move, ask: Evaluate): Promise<Improved | undefined> => {
    const fractions = { ...state.fractions };
    for (const [key, bits] of Object.entries(move(state))) fractions[key] = fractions[key]! + bits;
    if (keys.some((key) => fractions[key]! > roof[key]! || fractions[key]! < Math.max(1 - state.whole[key]!, floor[key] ?? -Infinity))) return undefined;
    const proposed = designWith(state.whole, fractions);
    // What costs no less is not run: integer bits only grow.
    if (!proposed || (await cost(proposed)) >= state.cost) return undefined;
    const { ok, design, whole } = await meets(fractions, state.whole, ask);
    if (!ok) return undefined;
    const price = await cost(design!);
    return price < state.cost ? { fractions, whole, design: design!, cost: price } : undefined;
  };
  // Steps in words reach the next shorter word.
  const step = ({ design, fractions }: Improved, key: string): number => {
    if (words === undefined) return 1;
    const word = design[key]!.whole + design[key]!.fraction;
    const shorter = words.filter((offered) => offered < word).at(-1);
    return shorter === undefined ? 1 : Math.max(1, fractions[key]! + design[key]!.whole - shorter);
  };

  return async (from, exchanges, wholes) => {
    let first: Met | undefined;
    for (const whole of wholes) {
      first = await meets(from, whole, evaluate);
      if (first.ok) break;
    }
    if (!first?.ok) return undefined;
    let state: Improved = { fractions: from, whole: first.whole, design: first.design!, cost: await cost(first.design!) };
    /** Tries moves one after the other, each from where the last that did led; again and again while it does, where `again`. */
    const tryAll = async (moves: readonly Move[], again: boolean): Promise<boolean> => {
      let any = false;
      // Most moves fail: those behind them are run ahead from where it stands.
      let since = 0;
      const runAhead = (at: number): void => {
        const here = state;
        since = 0;
        lab.ahead((function* () {
          for (const move of moves.slice(at)) yield (ask: Evaluate) => moved(here, move, ask);
        })());
      };
      runAhead(0);
      for (let at = 0; at < moves.length; ) {
        const next = await moved(state, moves[at]!, evaluate);
        if (next) [state, any] = [next, true];
        if (!next || !again) at++;
        if (next || ++since === ANNOUNCED) runAhead(at);
      }
      return any;
    };
    const few = keys.length <= FEW;
    for (;;) {
      // Single sites first, the one with most to spare first; then exchanges, near ones first.
      const spare = [...keys].sort((a, b) => state.fractions[b]! - least[b]! - (state.fractions[a]! - least[a]!));
      if (await tryAll(spare.flatMap((key) => DOWN.map((bits): Move => (at) => ({ [key]: -bits * step(at, key) }))), true)) continue;
      if (!exchanges) return state;
      const pairs = (few ? EXCHANGES : EXCHANGES.slice(0, 2)).flatMap(([up, down]) =>
        keys.flatMap((more) => keys.filter((less) => less !== more).map((less): Move => (at) => ({ [more]: up, [less]: -down * step(at, less) }))));
      if (await tryAll(pairs, false)) continue;
      const triples = !few ? [] : keys.flatMap((more) => keys.flatMap((less, k) =>
        keys.slice(k + 1).filter((other) => more !== less && more !== other).map((other): Move => (at) => ({ [more]: 1, [less]: -step(at, less), [other]: -step(at, other) }))));
      if (!(await tryAll(triples, false))) return state;
    }
  };
}
