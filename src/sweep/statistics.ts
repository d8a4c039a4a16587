/** What the runs of a point, one a seed, say together: how many ended how, and every measure over the seeds. */
import { geometricMean, mean, medianRanks, REPLICATES, resamplingStream, TAIL, type Middle } from '../compare/bootstrap.js';
import { VERDICTS, type VerdictName } from '../compare/thresholds.js';
import type { Statistic, SweepNumbers, SweepSide } from '../schema/sweep.js';
import { SWEEP_MEASURE_NAMES, SWEEP_MEASURES, type SweepMeasure, type SweepMeasureName } from './measures.js';
import type { RunResult, SideResult, SweepSpace } from './types.js';

/** Sides that are run. */
const SIDES_RUN: Record<SweepNumbers, readonly SweepSide[]> = { both: ['float', 'fixed'], fixed: ['fixed'], float64: ['float'] };
export const sidesOf = ({ spec }: SweepSpace): readonly SweepSide[] => SIDES_RUN[spec.numbers ?? 'both'];

const MIDDLE: Partial<Record<SweepMeasureName, Middle>> = { lossRatio: geometricMean };
/** Numbers of values whose resamples are kept. */
const KEPT = 1024;

/** The medians of all resamples of so many values, each different pair of middle ranks once. */
class Resamples {
  readonly #lower: Uint32Array;
  readonly #upper: Uint32Array;
  /** How many resamples have the pair. */
  readonly #times: Uint32Array;
  readonly #medians: Float64Array;
  /** Pairs by their medians, left as the last values had them: the next ones hardly differ. */
  readonly #order: Uint32Array;

  constructor(n: number, key: string) {
    const ranks = medianRanks(n, resamplingStream(`${key}/${n}`));
    const times = new Map<number, number>();
    for (let k = 0; k < REPLICATES; k++) {
      const pair = ranks[2 * k]! * n + ranks[2 * k + 1]!;
      times.set(pair, (times.get(pair) ?? 0) + 1);
    }
    const pairs = Float64Array.from(times.keys()).sort();
    this.#lower = Uint32Array.from(pairs, (pair) => Math.floor(pair / n));
    this.#upper = Uint32Array.from(pairs, (pair) => pair % n);
    this.#times = Uint32Array.from(pairs, (pair) => times.get(pair)!);
    this.#medians = new Float64Array(pairs.length);
    this.#order = Uint32Array.from(pairs.keys());
  }

  /** Ends of the interval of the median of values in order. */
  interval(values: Float64Array, middle: Middle): readonly [low: number, high: number] {
    const [medians, order] = [this.#medians, this.#order];
    for (let k = 0; k < medians.length; k++) medians[k] = middle(values[this.#lower[k]!]!, values[this.#upper[k]!]!);
    for (let k = 1; k < order.length; k++) {
      const pair = order[k]!;
      let place = k;
      for (; place > 0 && medians[order[place - 1]!]! > medians[pair]!; place--) order[place] = order[place - 1]!;
      order[place] = pair;
    }
    return [this.#at(TAIL), this.#at(REPLICATES - 1 - TAIL)];
  }

  /** The median of the resample in this place of the order. */
  #at(place: number): number {
    let passed = 0;
    let k = -1;
    while (passed <= place) passed += this.#times[this.#order[++k]!]!;
    return this.#medians[this.#order[k]!]!;
  }
}

/** A measure over the seeds that have it: filled, then read. */
export class Sample {
  readonly #values: Float64Array;
  readonly #resamples: (n: number) => Resamples;
  readonly #middle: Middle;
  #filled = 0;
  /** Diverged runs without a finite value. */
  #lost = 0;
  #ordered: Float64Array | undefined;
  #interval: readonly [low: number, high: number] | null | undefined;

  constructor(readonly name: SweepMeasureName, seeds: number, resamplesOf: (n: number) => Resamples) {
    this.#values = new Float64Array(seeds);
    this.#resamples = resamplesOf;
    this.#middle = MIDDLE[name] ?? mean;
  }

  clear(): void {
    this.#filled = this.#lost = 0;
    this.#ordered = this.#interval = undefined;
  }

  add({ verdict, [this.name]: value }: SideResult): void {
    const { unbounded, always }: SweepMeasure = SWEEP_MEASURES[this.name];
    const diverged = verdict === 'diverged' && unbounded;
    if (value !== null) this.#values[this.#filled++] = diverged ? Infinity : value;
    else if (always) this.#values[this.#filled++] = Infinity;
    else if (diverged) this.#lost++;
  }

  /** Values in order. What was lost counts as +∞ only where another seed shows that there is such a quantity. */
  get #inOrder(): Float64Array {
    if (this.#ordered) return this.#ordered;
    const count = this.#filled > 0 ? this.#filled + this.#lost : 0;
    this.#values.fill(Infinity, this.#filled, count);
    return (this.#ordered = this.#values.subarray(0, count).sort());
  }

  /** Seeds that have a value. */
  get count(): number {
    return this.#inOrder.length;
  }

  /** Null where no seed has a value, here and below. */
  get median(): number | null {
    const values = this.#inOrder;
    const n = values.length;
    return n === 0 ? null : this.#middle(values[(n - 1) >> 1]!, values[n >> 1]!);
  }

  /** Ends of the interval of the median, the same that `medianInterval` gives; null for fewer than two values. */
  get interval(): readonly [low: number, high: number] | null {
    if (this.#interval === undefined) this.#interval = this.count < 2 ? null : this.#resamples(this.count).interval(this.#inOrder, this.#middle);
    return this.#interval;
  }

  /** A statistic, where smaller values are better or larger ones. */
  statistic(name: Statistic, smallerIsBetter: boolean): number | null {
    const values = this.#inOrder;
    if (values.length === 0) return null;
    if (name === 'median') return this.median;
    if (name === 'mean') return values.reduce((sum, value) => sum + value, 0) / values.length;
    return (name === 'best') === smallerIsBetter ? values[0]! : values.at(-1)!;
  }
}

/** One side of a point. */
export interface SideStatistics {
  readonly verdicts: Record<VerdictName, number>;
  readonly measures: Readonly<Record<SweepMeasureName, Sample>>;
}

/** The runs of one point: filled, read, cleared, and filled again. */
export interface PointStatistics {
  readonly seeds: number;
  readonly sides: Partial<Record<SweepSide, SideStatistics>>;
  /** Runs that have an error in place of results. */
  failed: number;
  add(result: RunResult): void;
  clear(): void;
}

/**
 * Statistics of one point at a time. Holds 8 bytes for each seed, side and measure, and the resamples of up to 1024 numbers of values.
 * The resamples depend on the sweep and the number of values alone.
 */
export function createStatistics(space: SweepSpace): PointStatistics {
  const kept = new Map<number, Resamples>();
  const resamplesOf = (n: number): Resamples => {
    let known = kept.get(n);
    if (known === undefined) {
      if (kept.size === KEPT) kept.clear();
      kept.set(n, (known = new Resamples(n, space.hash)));
    }
    return known;
  };
  const sides: Partial<Record<SweepSide, SideStatistics>> = {};
  for (const side of sidesOf(space)) {
    sides[side] = {
      verdicts: Object.fromEntries(VERDICTS.map((name) => [name, 0])) as Record<VerdictName, number>,
      measures: Object.fromEntries(SWEEP_MEASURE_NAMES.map((name) => [name, new Sample(name, space.seeds, resamplesOf)])) as Record<SweepMeasureName, Sample>,
    };
  }
  const each = Object.entries(sides).map(([side, { verdicts, measures }]) => ({ side: side as SweepSide, verdicts, samples: Object.values(measures) }));
  return {
    seeds: space.seeds,
    sides,
    failed: 0,
    add(result) {
      if (result.error) this.failed++;
      for (const { side, verdicts, samples } of each) {
        const ended = result[side];
        if (!ended) continue;
        verdicts[ended.verdict]++;
        for (const sample of samples) sample.add(ended);
      }
    },
    clear() {
      this.failed = 0;
      for (const { verdicts, samples } of each) {
        for (const name of VERDICTS) verdicts[name] = 0;
        for (const sample of samples) sample.clear();
      }
    },
  };
}
