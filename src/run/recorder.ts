/** Collects what a run shows, step by step, in memory that does not grow with the losses: only throttled α are kept one by one, for their median. */
import { FLAGS } from '../core/abi.js';
import type { Row } from '../core/session.js';

/** A quantity over the steps, in at most `CURVE_BINS` bins that keep smallest, largest and last value. A bin with a NaN has it as its largest; one without a number has Infinity as its smallest. */
export interface Curve {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly last: Float64Array;
}

export const CURVE_BINS = 256;

/** First, median, last, smallest and largest α over the steps with the throttle on. */
export interface AlphaSummary {
  readonly first: number;
  readonly median: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

/** Steps that the verdict looks at: the last quarter of the run. */
export interface Late {
  readonly from: number;
  readonly steps: number;
  readonly stalled: number;
  readonly meanLoss: number;
  readonly minLoss: number;
  readonly maxLoss: number;
}

/** Whether a loss is the largest so far. NaN is above all numbers, and stays so: a supervisor may take a run back from it. */
const exceeds = (loss: number, most: number): boolean => !(loss <= most) && !Number.isNaN(most);

export class Recorder {
  readonly #steps: number;
  readonly #divergedLoss: number;
  readonly #lateFrom: number;
  readonly #stressFrom: number;
  readonly #alphas: number[] = [];
  readonly #bins: number;
  /** Smallest, largest and last value of every bin, one list behind the other: short runs feel every array they make. */
  readonly #curve: Float64Array;
  #sum = 0;
  #lateSum = 0;
  #lateMin = Infinity;
  #lateMax = -Infinity;
  /** Steps whose mean is the starting loss: half a percent, at least one. */
  readonly #opening: number;
  readonly #onset: number;
  #openingSum = 0;
  #onsetSum = 0;

  steps = 0;
  finite = true;
  nonFiniteAt: number | null = null;
  divergedAt: number | null = null;
  maxLoss = -Infinity;
  maxLossAt = 0;
  stalledSteps = 0;
  zeroUpdateSteps = 0;
  infeasibleSteps = 0;
  pulledSteps = 0;
  /** Steps the supervisor took back. */
  rejectedSteps = 0;
  lateStalled = 0;
  /** The first step after which no parameter moved any more; null if one still did in the last step. */
  stillFrom: number | null = null;
  readonly eventSteps: number[] = [];
  events = 0;

  constructor(steps: number, options: { divergedLoss: number; lateFrom: number; stressFrom: number }) {
    this.#steps = steps;
    this.#divergedLoss = options.divergedLoss;
    this.#lateFrom = options.lateFrom;
    this.#stressFrom = options.stressFrom;
    this.#opening = Math.max(1, Math.floor(steps / 200));
    this.#onset = Math.max(1, Math.floor((steps - options.stressFrom) / 200));
    const bins = (this.#bins = Math.min(CURVE_BINS, steps));
    this.#curve = new Float64Array(3 * bins).fill(Infinity, 0, bins).fill(-Infinity, bins, 2 * bins);
  }

  add(step: number, { loss, alpha, flags, events }: Row): void {
    this.steps++;
    const finite = Number.isFinite(loss);
    if (!finite && this.finite) {
      this.finite = false;
      this.nonFiniteAt = step;
    }
    if (this.divergedAt === null && !(loss <= this.#divergedLoss)) this.divergedAt = step;
    if (step < this.#opening) this.#openingSum += loss;
    if (step >= this.#stressFrom && step < this.#stressFrom + this.#onset) this.#onsetSum += loss;
    this.#sum += loss;
    if (exceeds(loss, this.maxLoss)) {
      this.maxLoss = loss;
      this.maxLossAt = step;
    }
    const stalled = (flags & FLAGS.stalled) !== 0;
    if (stalled) this.stalledSteps++;
    if (flags & FLAGS.zeroUpdate) this.zeroUpdateSteps++;
    if (flags & FLAGS.infeasible) this.infeasibleSteps++;
    if (flags & FLAGS.pulling) this.pulledSteps++;
    if (flags & FLAGS.rejected) this.rejectedSteps++;
    if (flags & FLAGS.throttled) this.#alphas.push(alpha);
    if (stalled) this.stillFrom ??= step;
    else this.stillFrom = null;
    if (events > this.events && this.eventSteps.length < 1000) this.eventSteps.push(step);
    this.events = events;
    if (step >= this.#lateFrom) {
      this.#lateSum += loss;
      if (stalled) this.lateStalled++;
      if (loss < this.#lateMin) this.#lateMin = loss;
      if (exceeds(loss, this.#lateMax)) this.#lateMax = loss;
    }
    const bins = this.#bins, curve = this.#curve;
    const bin = Math.min(bins - 1, Math.floor((step * bins) / this.#steps));
    if (loss < curve[bin]!) curve[bin] = loss;
    if (exceeds(loss, curve[bins + bin]!)) curve[bins + bin] = loss;
    curve[2 * bins + bin] = loss;
  }

  /** The larger of the mean loss in the first steps of the run and in the first steps of the stress. */
  get startLoss(): number {
    return Math.max(this.#openingSum / this.#opening, this.#onsetSum / this.#onset);
  }

  get meanLoss(): number {
    return this.#sum / this.steps;
  }

  get late(): Late {
    const steps = this.steps - this.#lateFrom;
    return { from: this.#lateFrom, steps, stalled: this.lateStalled, meanLoss: this.#lateSum / steps, minLoss: this.#lateMin, maxLoss: this.#lateMax };
  }

  get curve(): Curve {
    const of = (list: number): Float64Array => this.#curve.subarray(list * this.#bins, (list + 1) * this.#bins);
    return { min: of(0), max: of(1), last: of(2) };
  }

  /** Undefined where no step had the throttle on. */
  alpha(): AlphaSummary | undefined {
    if (this.#alphas.length === 0) return undefined;
    const sorted = Float64Array.from(this.#alphas).sort();
    const middle = sorted.length >> 1;
    return {
      first: this.#alphas[0]!,
      // The lower of the two middle ones: an α that did occur.
      median: sorted[sorted.length % 2 === 0 ? middle - 1 : middle]!,
      last: this.#alphas.at(-1)!,
      min: sorted[0]!,
      max: sorted.at(-1)!,
    };
  }
}
