/** The order rows are taken in, and how a pass over them ends: docs/numerics.md §8, "Delivery". */
import { QrailsError } from '../errors.js';
import type { Plan } from '../schema/plan.js';
import { below, randomStream } from './random.js';

type LastBatch = Plan['lastBatch'];

/**
 * Steps it takes to go over the data `passes` times in batches of `batch`, from the start of a pass. `keep`: each pass ends with a smaller
 * batch; `drop`: without one (0 if the batch is larger than the data); `wrap`: batches run on into the next pass, so only the last pass
 * is rounded up.
 *
 * @example stepsPerPass(1000, 32, 'keep') // 32
 */
export function stepsPerPass(rows: number, batch: number, lastBatch: LastBatch, passes = 1): number {
  if (lastBatch === 'wrap') return Math.ceil((rows * passes) / batch);
  return passes * (lastBatch === 'keep' ? Math.ceil(rows / batch) : Math.floor(rows / batch));
}

/** Walks over the rows, batch after batch; the position runs on when the batch size changes. */
export interface RowOrder {
  /** Samples in the largest batch. */
  readonly largest: number;
  /** Goes on to the next batch of at most this many samples. */
  take(batch: number): void;
  /** Row of the batch's first sample if the batch runs on in file order from there (row 0 after the last), else -1. */
  readonly first: number;
  /** Samples in the batch. */
  readonly count: number;
  /** Row of the batch's sample `index`, counted from 0. */
  rowAt(index: number): number;
}

/**
 * @throws QrailsError `invalid` where a batch is larger than the data and partial batches are dropped
 */
export function createRowOrder({ order, lastBatch, seed, phases }: Pick<Plan, 'order' | 'lastBatch' | 'seed' | 'phases'>, rows: number): RowOrder {
  const tooLarge = phases.findIndex(({ steps, batch }) => steps > 0 && batch > rows);
  if (tooLarge >= 0 && lastBatch === 'drop') {
    throw new QrailsError({
      code: 'invalid', where: `phases[${tooLarge}].batch`, message: 'dropping partial batches leaves nothing: the batch is larger than the data',
      found: `batch ${phases[tooLarge]!.batch}, ${rows} rows`, expected: `at most ${rows}`, try: 'a smaller batch, or lastBatch "keep" or "wrap"',
    });
  }
  const largest = phases.reduce((most, { steps, batch }) => (steps > 0 ? Math.max(most, lastBatch === 'wrap' ? batch : Math.min(batch, rows)) : most), 0);
  return order === 'shuffled' ? shuffledOrder(rows, largest, lastBatch, seed) : fileOrder(rows, largest, lastBatch);
}

/** Position in a pass: `take` says where the next batch begins (0 … rows − 1) and how long it is. */
class Position {
  start = 0;
  count = 0;
  private next = 0;

  constructor(private readonly rows: number, private readonly lastBatch: LastBatch) {}

  take(batch: number): void {
    const left = this.rows - this.next;
    this.start = left === 0 || (left < batch && this.lastBatch === 'drop') ? 0 : this.next;
    this.count = this.lastBatch === 'wrap' ? batch : Math.min(batch, this.rows - this.start);
    const end = this.start + this.count;
    this.next = end <= this.rows ? end : end % this.rows;
  }
}

function fileOrder(rows: number, largest: number, lastBatch: LastBatch): RowOrder {
  const position = new Position(rows, lastBatch);
  return {
    largest,
    take: (batch) => position.take(batch),
    get first() {
      return position.start;
    },
    get count() {
      return position.count;
    },
    rowAt(index) {
      const row = position.start + index;
      return row < rows ? row : row % rows;
    },
  };
}

function shuffledOrder(rows: number, largest: number, lastBatch: LastBatch, seed: number): RowOrder {
  const position = new Position(rows, lastBatch);
  const stream = randomStream(seed, 'order');
  const pass = new Uint32Array(rows);
  const batchRows = new Uint32Array(largest);

  /** Fisher–Yates from file order: swap each place, from the last down, with one at or before it. */
  const shuffle = (): void => {
    for (let i = 0; i < rows; i++) pass[i] = i;
    for (let i = rows - 1; i > 0; i--) {
      const j = below(stream, i + 1);
      const row = pass[i]!;
      pass[i] = pass[j]!;
      pass[j] = row;
    }
  };

  return {
    largest,
    first: -1,
    take(batch) {
      position.take(batch);
      let place = position.start;
      for (let index = 0; index < position.count; index++) {
        if (place === rows) place = 0;
        if (place === 0) shuffle();
        batchRows[index] = pass[place++]!;
      }
    },
    get count() {
      return position.count;
    },
    rowAt: (index) => batchRows[index]!,
  };
}
