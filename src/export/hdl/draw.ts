/** Operands that no run need meet: ties, ends and beyond, and seeded random ones. */
import { randomWords, siteStream, type RandomWords } from '../../format/random.js';
import type { SiteFormat } from '../../schema/plan.js';
import type { Range } from '../kernel/range.js';
import type { Operand } from './exact.js';

/** Random numbers for vectors: words of the generator of docs/numerics.md §2.1, in a stream that no site of a run has. */
export class Draw {
  #next = 0;
  readonly #stream: number;

  constructor(private readonly seed: number, name: string) {
    this.#stream = siteStream(`${name}/vectors`);
  }

  /** 128 bits, as a stochastic mode takes them. */
  words(): RandomWords {
    return randomWords(this.seed, this.#next++, this.#stream, 0);
  }

  /** An integer of a range of less than 2^192 integers. */
  within({ low, high }: Range): bigint {
    const [first, second] = [this.words(), this.words()];
    const bits = [first(0), first(1), second(0), second(1)].reduce((all, word) => (all << 64n) | word);
    return low + (bits % (high - low + 1n));
  }

  /** As `within`, but often an end of the range or zero. */
  mixed(of: Range): bigint {
    const choice = this.words()(0) >> 61n;
    if (choice === 0n) return of.low;
    if (choice === 1n) return of.high;
    return choice === 2n && of.low <= 0n && of.high >= 0n ? 0n : this.within(of);
  }
}

/** Exact values around everything a site decides by: zero, rails, ends and multiples of the word, halves; those within the operand's range. */
export function edges({ fraction, range: { low, high } }: Operand, format: SiteFormat): bigint[] {
  const shift = BigInt(fraction - format.fractionLength);
  const one = 1n << shift;
  const word = 1n << BigInt(format.wordLength);
  const [railLow, railHigh] = format.rails.map(BigInt) as [bigint, bigint];
  const integers = [0n, word, -word, word >> 1n, -(word >> 1n), 3n * (word >> 1n), railLow, railHigh].flatMap((value) => [value - 2n, value - 1n, value, value + 1n]);
  const parts = shift === 0n ? [0n] : [0n, 1n, (one >> 1n) - 1n, one >> 1n, (one >> 1n) + 1n, one - 1n];
  const values = integers.flatMap((integer) => parts.map((part) => integer * one + part));
  return [...new Set([...values, low, low + 1n, high - 1n, high])].filter((value) => value >= low && value <= high);
}

/** Ranges to draw from: all an operand can be, what rounds to about the rails, and small values. */
export function drawRanges({ fraction, range: of }: Operand, format: SiteFormat): Range[] {
  const shift = BigInt(fraction - format.fractionLength);
  const inside = (low: bigint, high: bigint): Range => ({ low: low < of.low ? of.low : low, high: high > of.high ? of.high : high });
  const [railLow, railHigh] = format.rails.map(BigInt) as [bigint, bigint];
  return [of, inside((railLow * 2n) << shift, (railHigh * 2n + 1n) << shift), inside(-(8n << shift), 8n << shift)].filter(({ low, high }) => low <= high);
}
