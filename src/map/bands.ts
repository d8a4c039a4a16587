/** Final losses in bands of whole decades, the same for every panel of a picture. */
import type { StabilityMap } from '../schema/map.js';

export interface Bands {
  /** Exponents of ten between the bands, ascending. */
  readonly levels: readonly number[];
  /** Exponent of ten of a loss; below the lowest level where the loss is 0. */
  readonly exponent: (loss: number) => number;
  /** 0 for losses up to the lowest level, one more for each level below the loss. */
  readonly bandOf: (loss: number) => number;
}

/** Decades below the largest loss that are told apart. */
const MOST_DECADES = 10;

/** Losses at either end that do not widen the bands, as a share: a cell or two beside the line of theory. The outer bands are open. */
const TAIL = 0.02;

/** At most `count` bands that cover the final losses of a map. */
export function lossBands({ throttles }: StabilityMap, count: number): Bands {
  const losses = Float64Array.from(throttles.flatMap(({ cells }) => cells.flatMap(({ finalLoss }) => (finalLoss === null || finalLoss === 0 ? [] : [finalLoss])))).sort();
  const decade = (share: number): number => Math.log10(losses[Math.round(share * (losses.length - 1))]!);
  const high = Math.ceil(decade(1 - TAIL));
  const low = Math.max(high - MOST_DECADES, Math.floor(decade(TAIL)));
  const step = Math.max(1, Math.ceil((high - low) / count));
  const levels = losses.length === 0 ? [] : Array.from({ length: count - 1 }, (_, k) => high - step * (count - 1 - k)).filter((level) => level > low);
  const exponent = (loss: number): number => (loss === 0 ? Math.min(0, ...levels) - 1 : Math.log10(loss));
  return { levels, exponent, bandOf: (loss) => levels.filter((level) => exponent(loss) > level).length };
}
