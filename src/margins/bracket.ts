/** Where on a line a plan stops surviving: a coarse scan outwards from where it is, then bisection of the pair of neighbours that differ. Once for all seeds together, and for each alone. */

/** Values on one line. */
export interface Line {
  /** The value as it is, then coarsely outwards: the direction in which it is expected to fail. */
  readonly outward: readonly number[];
  /** Coarsely the other way, the nearest first: searched only where it fails as it is. */
  readonly inward: readonly number[];
  /** A value strictly between two, in any order; undefined where they are close enough. */
  readonly between: (a: number, b: number) => number | undefined;
}

export interface Bracket {
  /** The last value that survives, on the way out; null where nothing on the line does. */
  readonly survivesAt: number | null;
  /** The next value tried, which does not; null where nothing further out fails. */
  readonly failsAt: number | null;
  /** Values of the scan beyond `failsAt` that survive all the same, in order outwards. */
  readonly again: readonly number[];
}

/** A whole number between two. */
export const between = (a: number, b: number): number | undefined => (Math.abs(a - b) <= 1 ? undefined : Math.floor((a + b) / 2));

/** Significant digits of a value that is tried: it is to be pasted into a command. */
const DIGITS = 3;

/** A value between two of one sign in their geometric middle, until the larger is within a share of the smaller; 0 is left as it is. */
export const geometric = (tolerance: number) => (a: number, b: number): number | undefined => {
  const [least, most] = [Math.min(Math.abs(a), Math.abs(b)), Math.max(Math.abs(a), Math.abs(b))];
  if (least === 0 || most <= least * (1 + tolerance)) return undefined;
  const middle = Number((Math.sqrt(least) * Math.sqrt(most)).toPrecision(DIGITS));
  return middle > least && middle < most ? Math.sign(a) * middle : undefined;
};

/**
 * Brackets the end of survival on a line.
 *
 * The scan takes every coarse value, so that survival beyond the first failure is seen and told; the bracket is the one nearest to the value as it is. Between
 * two coarse values survival is taken to end once.
 *
 * @param survives asked once for a value
 * @example await bracket({ outward: [1, 2, 4, 8], inward: [], between: geometric(0.05) }, (gain) => trials.survives(gain)) // { survivesAt: 2.71, failsAt: 2.83, again: [] }
 */
export async function bracket({ outward, inward, between: middle }: Line, survives: (value: number) => Promise<boolean>): Promise<Bracket> {
  const held: boolean[] = [];
  for (const value of outward) held.push(await survives(value));
  const end = held.indexOf(false);
  if (end < 0) return { survivesAt: outward.at(-1)!, failsAt: null, again: [] };
  const again = outward.filter((_, place) => place > end && held[place]);
  let inside: number | undefined = outward[end - 1];
  let outside = outward[end]!;
  if (end === 0) {
    for (const value of inward) {
      if (await survives(value)) {
        inside = value;
        break;
      }
      outside = value;
    }
  }
  if (inside === undefined) return { survivesAt: null, failsAt: outward[0]!, again };
  return { ...(await closed(middle, inside, outside, survives)), again };
}

async function closed(middle: Line['between'], survivesAt: number, failsAt: number, survives: (value: number) => Promise<boolean>): Promise<{ readonly survivesAt: number; readonly failsAt: number }> {
  let [inside, outside] = [survivesAt, failsAt];
  for (let value = middle(inside, outside); value !== undefined; value = middle(inside, outside)) {
    if (await survives(value)) inside = value;
    else outside = value;
  }
  return { survivesAt: inside, failsAt: outside };
}

/**
 * The end of survival of one seed on a line, looked for from the bracket of all seeds: coarse values one by one until survival changes, then bisection.
 *
 * @returns the last value at which it survives, the last of the line where it never fails; null where it survives at none
 */
export async function endOfOne({ outward, inward, between: middle }: Line, { survivesAt, failsAt }: Bracket, survives: (value: number) => Promise<boolean>): Promise<number | null> {
  const coarse = [...[...inward].reverse(), ...outward];
  const rising = coarse.at(-1)! > coarse[0]!;
  const beyond = (value: number, than: number): boolean => (rising ? value > than : value < than);
  // The first coarse value beyond the last that survives in all.
  let place = failsAt === null ? coarse.length - 1 : survivesAt === null ? coarse.indexOf(outward[0]!) : coarse.findIndex((value) => beyond(value, survivesAt));
  if (await survives(coarse[place]!)) {
    while (place + 1 < coarse.length && (await survives(coarse[place + 1]!))) place++;
    return place + 1 === coarse.length ? coarse[place]! : (await closed(middle, coarse[place]!, coarse[place + 1]!, survives)).survivesAt;
  }
  while (place > 0 && !(await survives(coarse[place - 1]!))) place--;
  return place === 0 ? null : (await closed(middle, coarse[place - 1]!, coarse[place]!, survives)).survivesAt;
}
