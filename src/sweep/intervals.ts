/** A set of run numbers as merged intervals: what a journal holds, and from it what is left to do. */
import type { Interval } from './types.js';

/**
 * Run numbers. Intervals that touch are one, so a sweep that was done in order is a single interval; memory is 16 bytes for each that is left.
 *
 * @example
 * const done = new Intervals();
 * done.add({ from: 0, to: 10 });
 * [...done.missing([{ from: 5, to: 20 }])] // [{ from: 10, to: 20 }]
 */
export class Intervals implements Iterable<Interval> {
  // Sorted, and between two there is always a gap.
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  #runs = 0;

  /** Runs in the set. */
  get runs(): number {
    return this.#runs;
  }

  /** Intervals that it takes to say so. */
  get count(): number {
    return this.#from.length;
  }

  /**
   * Adds runs that are not there yet.
   *
   * @returns false, with nothing added, where one of them is there already
   * @throws RangeError for an interval that is empty, negative or beyond the safe integers
   */
  add({ from, to }: Interval): boolean {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from >= to) throw new RangeError(`no interval of runs: ${from} to ${to}`);
    const at = this.#above(from);
    const [before, after] = [this.#to[at - 1] ?? -1, this.#from[at] ?? Infinity];
    if (before > from || after < to) return false;
    if (before === from && after === to) {
      this.#to.splice(at - 1, 1);
      this.#from.splice(at, 1);
    } else if (before === from) this.#to[at - 1] = to;
    else if (after === to) this.#from[at] = from;
    else {
      this.#from.splice(at, 0, from);
      this.#to.splice(at, 0, to);
    }
    this.#runs += to - from;
    return true;
  }

  has(run: number): boolean {
    return run < (this.#to[this.#above(run) - 1] ?? -1);
  }

  *[Symbol.iterator](): Generator<Interval> {
    for (let index = 0; index < this.#from.length; index++) yield { from: this.#from[index]!, to: this.#to[index]! };
  }

  /** What of `wanted` is not in the set, in the order of `wanted`. Looked up as it is asked for, so the set may grow meanwhile. */
  *missing(wanted: Iterable<Interval>): Generator<Interval> {
    for (const { from, to } of wanted) {
      for (let at = from; at < to; ) {
        const above = this.#above(at);
        const covered = this.#to[above - 1] ?? -1;
        if (covered > at) at = covered;
        else {
          const end = Math.min(to, this.#from[above] ?? to);
          yield { from: at, to: end };
          at = end;
        }
      }
    }
  }

  /** Index of the first interval that begins above a run. */
  #above(run: number): number {
    let [low, high] = [0, this.#from.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#from[middle]! > run) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** `runs 5 to 9`, or `run 5`: for messages. */
export const showRuns = ({ from, to }: Interval): string => (to - from === 1 ? `run ${from}` : `runs ${from} to ${to - 1}`);
