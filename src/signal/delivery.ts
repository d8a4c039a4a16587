/** Which rows each step is given, and what the front end makes of them: docs/numerics.md §8. */
import { QrailsError } from '../errors.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from './dataset.js';
import { createRowOrder, type RowOrder } from './order.js';
import { createFrontEnd } from './sensor.js';
import { checkSize } from './values.js';

export { stepsPerPass } from './order.js';

/** What one step, or the evaluation after the last, is given. Object and arrays are reused: valid until the next one is asked for. */
export interface Delivered {
  /** Samples in the batch. */
  readonly count: number;
  /** count × inputs, after the front end, in delivery order. */
  readonly inputs: Float64Array;
  /** count × targets, as in the data: targets are not sensed. */
  readonly targets: Float64Array;
  /** Same content as the delivery before: nothing need be quantised again. */
  readonly unchanged: boolean;
  /** Index into the plan's phases. */
  readonly phase: number;
  /** Counted from 0 over the whole run; for the evaluation the number of steps. */
  readonly step: number;
}

/** An array that is handed out at its full length or as a view of its beginning, without making a view for every step. */
class Store {
  private view: Float64Array;
  constructor(readonly whole: Float64Array) {
    this.view = whole;
  }
  upTo(length: number): Float64Array {
    if (this.view.length !== length) this.view = this.whole.subarray(0, length);
    return this.view;
  }
}

function checkData({ data }: Plan, dataset: Dataset): void {
  for (const property of ['rows', 'inputs', 'targets', 'sha256'] as const) {
    if (data[property] === dataset[property]) continue;
    throw new QrailsError({
      code: 'data', where: `plan: data.${property}`, message: 'this is not the data the plan was made from',
      found: `${dataset[property]}`, expected: `${data[property]}`,
    });
  }
}

/**
 * Deliveries of a run: one per step of the plan, then one for the final loss.
 *
 * The values are binary64 and not yet quantised. The front end works only in phases with the sensor on; its clock starts at 0 with the
 * first of them in a row. The last delivery is the evaluation batch: the last min(evaluationRows, rows) rows in file order, with the
 * sensor as the last phase has it, at the clock of the step that would have come next.
 *
 * @throws QrailsError `data` if the data is not the plan's; `invalid` if a batch is larger than the data and partial batches are dropped
 * @param lastOnly yields only the last delivery, without making the others
 * @example for (const { inputs, targets, count } of deliveries(plan, dataset)) run(inputs, targets, count)
 */
export function* deliveries(plan: Plan, dataset: Dataset, { lastOnly = false } = {}): Generator<Delivered, void, void> {
  checkData(plan, dataset);
  const { rows, inputs, targets, values } = dataset;
  const width = inputs + targets;
  const frontEnd = createFrontEnd(plan.sensor, inputs, plan.seed);
  const order = createRowOrder(plan, rows);

  const evaluationRows = Math.min(plan.evaluationRows, rows);
  const largest = Math.max(order.largest, evaluationRows);
  checkSize(largest, width, 'phases: the largest batch');
  const inputBuffer = new Store(new Float64Array(largest * inputs));
  const targetBuffer = new Store(new Float64Array(largest * targets));
  const delivered = { count: 0, inputs: inputBuffer.whole, targets: targetBuffer.whole, unchanged: false, phase: 0, step: 0 };

  let sensorOn = false;
  let clock = 0;
  // What the delivery before was: which rows, and what of the sensor.
  const before = { first: -1, count: 0, sensorOn: false, clock: 0 };

  /** Of so many rows, columns from `values[from]` on. */
  const copy = (from: number, columns: number, count: number, into: Float64Array, to: number): void => {
    for (let row = 0; row < count; row++) for (let column = 0; column < columns; column++) into[to + row * columns + column] = values[from + row * width + column]!;
  };
  const deliver = (batch: Pick<RowOrder, 'first' | 'count' | 'rowAt'>): void => {
    const { first, count } = batch;
    delivered.unchanged =
      first >= 0 && first === before.first && count === before.count && sensorOn === before.sensorOn &&
      (!sensorOn || frontEnd.isStatic(before.clock, clock));
    before.first = first;
    before.count = count;
    before.sensorOn = sensorOn;
    before.clock = clock;
    if (delivered.unchanged) return;

    delivered.count = count;
    delivered.inputs = inputBuffer.upTo(count * inputs);
    delivered.targets = targetBuffer.upTo(count * targets);
    for (let index = 0; index < count;) {
      // Rows that follow one another go through the front end at once.
      const row = batch.rowAt(index);
      const next = first < 0 ? 1 : Math.min(count - index, rows - row);
      const start = row * width;
      if (sensorOn) frontEnd.deliver(values, start, clock, inputBuffer.whole, index * inputs, next, width);
      else copy(start, inputs, next, inputBuffer.whole, index * inputs);
      copy(start + inputs, targets, next, targetBuffer.whole, index * targets);
      index += next;
    }
  };

  for (const [phase, { steps, batch, sensor }] of plan.phases.entries()) {
    if (sensor && !sensorOn) clock = 0;
    sensorOn = sensor;
    delivered.phase = phase;
    for (let step = 0; step < steps; step++) {
      order.take(batch);
      if (lastOnly) {
        if (sensorOn) frontEnd.skip(order.count);
      } else {
        deliver(order);
        yield delivered;
      }
      delivered.step++;
      if (sensorOn) clock++;
    }
  }
  const first = rows - evaluationRows;
  deliver({ first, count: evaluationRows, rowAt: (index) => first + index });
  yield delivered;
}
