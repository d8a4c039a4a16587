/** What the rows of one side come to. */
import { STABILITY_LIMIT } from '../schema/map.js';
import type { InstrumentSide } from '../schema/instruments.js';
import { VALUE_NAMES, type InstrumentRow, type ValueColumn } from './columns.js';

/** Takes rows one by one and keeps smallest, largest and last value of each column. */
export class Summary {
  readonly #ranges = Object.fromEntries(VALUE_NAMES.map((name) => [name, { min: null, max: null, last: null }])) as InstrumentSide['ranges'];
  #rows = 0;
  #margins = 0;
  #unstable = 0;

  add(row: InstrumentRow): void {
    this.#rows++;
    for (const name of VALUE_NAMES) this.#take(name, row[name]);
    if (row.throttledMargin === null) return;
    this.#margins++;
    if (row.throttledMargin > STABILITY_LIMIT) this.#unstable++;
  }

  #take(name: ValueColumn, value: number | null): void {
    const range = this.#ranges[name];
    range.last = value;
    if (value === null) return;
    if (range.min === null || value < range.min) range.min = value;
    if (range.max === null || value > range.max) range.max = value;
  }

  get result(): Pick<InstrumentSide, 'measured' | 'ranges' | 'unstableShare'> {
    return { measured: this.#rows, ranges: this.#ranges, unstableShare: this.#margins === 0 ? null : this.#unstable / this.#margins };
  }
}
