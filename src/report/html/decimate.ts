/** Long series in few points, nothing hidden: of every stretch of steps the first and last are kept, and where each series is smallest, largest, and not a number. */

/** Points of a picture at the most. */
export const MOST_POINTS = 2000;
/** Rows of a table of numbers at the most. */
export const MOST_ROWS = 240;

/** Series over the same steps; null where a value is not finite or not there. */
export interface Points {
  readonly steps: readonly number[];
  /** One list for each series, as long as `steps`. */
  readonly values: readonly (readonly (number | null)[])[];
  /** Rows they were taken from. */
  readonly of: number;
  /** Rows of a stretch; 1 where every one is kept. */
  readonly every: number;
}

interface Row {
  readonly step: number;
  readonly values: readonly (number | null)[];
}

/**
 * Takes rows in order and keeps at most `most` of them, in memory that does not grow with their number.
 *
 * @example const decimator = new Decimator(1_000_000, 2); decimator.add(0, [1, 1.5]); … decimator.points()
 */
export class Decimator {
  readonly #series: number;
  readonly #every: number;
  readonly #kept: Row[] = [];
  readonly #least: (Row | undefined)[] = [];
  readonly #largest: (Row | undefined)[] = [];
  readonly #gap: (Row | undefined)[] = [];
  #first: Row | undefined;
  #last: Row | undefined;
  #of = 0;

  /**
   * @param rows that will come, at the most
   * @param series values of each row
   */
  constructor(rows: number, series: number, most = MOST_POINTS) {
    this.#series = series;
    const perStretch = 2 + 3 * series; // first and last; smallest, largest and missing of each series
    this.#every = rows <= most ? 1 : Math.ceil(rows / Math.max(1, Math.floor(most / perStretch)));
  }

  add(step: number, values: readonly (number | null)[]): void {
    if (this.#of++ % this.#every === 0) this.#close();
    const row = { step, values };
    this.#first ??= row;
    this.#last = row;
    for (let k = 0; k < this.#series; k++) {
      const value = values[k]!;
      if (value === null) {
        this.#gap[k] ??= row;
        continue;
      }
      if (!(value >= (this.#least[k]?.values[k] ?? Infinity))) this.#least[k] = row;
      if (!(value <= (this.#largest[k]?.values[k] ?? -Infinity))) this.#largest[k] = row;
    }
  }

  /** What was kept so far. */
  points(): Points {
    const rows = [...this.#kept, ...this.#stretch()];
    return {
      steps: rows.map(({ step }) => step), values: Array.from({ length: this.#series }, (_, k) => rows.map(({ values }) => values[k]!)),
      of: this.#of, every: this.#every,
    };
  }

  /** Rows kept of the stretch that is open. */
  #stretch(): Row[] {
    const rows = new Set([this.#first, ...this.#least, ...this.#largest, ...this.#gap, this.#last]);
    rows.delete(undefined);
    return ([...rows] as Row[]).sort((a, b) => a.step - b.step);
  }

  #close(): void {
    this.#kept.push(...this.#stretch());
    this.#first = this.#last = undefined;
    for (const list of [this.#least, this.#largest, this.#gap]) list.length = 0;
  }
}

/** Points thinned further, by the same rule: `of` and `every` then count points. */
export function thinned({ steps, values }: Points, most: number): Points {
  const decimator = new Decimator(steps.length, values.length, most);
  steps.forEach((step, index) => decimator.add(step, values.map((series) => series[index]!)));
  return decimator.points();
}
