/** What a sweep comes to: verdicts, errors, and the points that are best. */
import { VERDICTS, type VerdictName } from '../compare/thresholds.js';
import { finite } from '../compare/figure.js';
import type { SweepSide } from '../schema/sweep.js';
import type { RankedPoint, SweepError, SweepResult } from '../schema/sweepResult.js';
import type { PointStatistics } from './statistics.js';
import { targetsOf, targetValue, keeps } from './targets.js';
import type { AxisValue, RunResult, SweepSpace } from './types.js';

/** Points listed as best, of the Pareto front, and errors told apart. */
export const MOST_BEST = 10;
export const MOST_FRONT = 1000;
export const MOST_ERRORS = 100;

/** A point with its objectives turned so that less is better. */
interface Candidate {
  readonly point: number;
  readonly values: readonly AxisValue[];
  readonly objectives: readonly number[];
  readonly costs: readonly number[];
}

/** Lexicographic order; of equal points the first. */
function order(a: Candidate, b: Candidate): number {
  for (const [k, cost] of a.costs.entries()) {
    if (cost < b.costs[k]!) return -1;
    if (cost > b.costs[k]!) return 1;
  }
  return a.point - b.point;
}

/** Place of a candidate in an ordered list. */
function placeOf(candidate: Candidate, list: readonly Candidate[]): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(list[middle]!, candidate) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As good in every objective: better or equal. */
const covers = (a: Candidate, b: Candidate): boolean => a.costs.every((cost, k) => cost <= b.costs[k]!);

/**
 * The Pareto front in lexicographic order, cut to so many points. A point can only be covered by points before it, so that forgetting all that comes
 * behind a cut changes nothing before it: what is kept is always the true beginning of the front.
 */
export class Front {
  readonly points: Candidate[] = [];
  /** First of the points that were forgotten. */
  #cut: Candidate | undefined;

  constructor(readonly most: number) {}

  add(candidate: Candidate): void {
    if (this.#cut && order(candidate, this.#cut) > 0) return;
    const place = placeOf(candidate, this.points);
    for (let k = 0; k < place; k++) if (covers(this.points[k]!, candidate)) return;
    let kept = place;
    for (let k = place; k < this.points.length; k++) if (!covers(candidate, this.points[k]!)) this.points[kept++] = this.points[k]!;
    this.points.length = kept;
    this.points.splice(place, 0, candidate);
    if (this.points.length > this.most) this.#cut = this.points.pop();
  }

  get cut(): boolean {
    return this.#cut !== undefined;
  }
}

export interface Summary {
  addRun(result: RunResult): void;
  /** @returns whether the point keeps to all constraints */
  addPoint(point: number, values: readonly AxisValue[], statistics: PointStatistics): boolean;
  result(): Omit<SweepResult, 'sweepResult' | 'sweep' | 'axes' | 'tables' | 'files'>;
}

/** Adds up runs and points in their order. Holds at most 1010 points and 100 errors. */
export function createSummary(space: SweepSpace, sides: readonly SweepSide[]): Summary {
  const { objectives, constraints } = targetsOf(space.spec);
  const counts = (): Record<VerdictName, number> => Object.fromEntries(VERDICTS.map((name) => [name, 0])) as Record<VerdictName, number>;
  const verdicts = { float: sides.includes('float') ? counts() : null, fixed: sides.includes('fixed') ? counts() : null };
  const errors = new Map<string, SweepError>();
  const best: Candidate[] = [];
  const front = objectives.length > 1 ? new Front(MOST_FRONT) : null;
  let [runs, points, failed, others, feasible] = [0, 0, 0, 0, 0];

  const rank = (candidate: Candidate): void => {
    const place = placeOf(candidate, best);
    if (place < MOST_BEST) {
      best.splice(place, 0, candidate);
      best.length = Math.min(best.length, MOST_BEST);
    }
    front?.add(candidate);
  };
  const published = ({ point, values, objectives: figures }: Candidate): RankedPoint => ({ point, values: [...values], objectives: figures.map(finite) });

  return {
    addRun({ run, error, ...ended }) {
      runs++;
      for (const side of sides) {
        const { verdict } = ended[side] ?? {};
        if (verdict !== undefined) verdicts[side]![verdict]++;
      }
      if (!error) return;
      failed++;
      const key = `${error.code} ${error.message}`;
      const known = errors.get(key);
      if (known) known.runs++;
      else if (errors.size < MOST_ERRORS) errors.set(key, { ...error, runs: 1, first: run });
      else others++;
    },
    addPoint(point, values, statistics) {
      points++;
      if (!constraints.every((bound) => keeps(bound, statistics))) return false;
      feasible++;
      const figures = objectives.map((objective) => targetValue(objective, statistics));
      if (objectives.length > 0 && figures.every((figure) => figure !== null)) {
        rank({ point, values, objectives: figures, costs: figures.map((figure, k) => (objectives[k]!.smallerIsBetter ? figure : -figure)) });
      }
      return true;
    },
    result: () => ({
      points, runs, verdicts, failed, errors: { listed: [...errors.values()], others },
      objectives: objectives.map(({ measure, side, statistic, goal }) => ({ measure, side, statistic, goal })),
      constraints: constraints.map(({ measure, side, statistic, kind, limit }) => ({ measure, side, statistic, kind, limit })),
      feasible, best: best.map(published), front: front && { points: front.points.map(published), cut: front.cut },
    }),
  };
}
