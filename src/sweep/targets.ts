/** Objectives and constraints of a sweep with their defaults filled in, and their values at a point. */
import type { Constraint, Goal, Objective, Statistic, Sweep, SweepSide, TargetMeasure } from '../schema/sweep.js';
import type { PointStatistics } from './statistics.js';

/** One figure of a point. */
export interface Target {
  readonly measure: TargetMeasure;
  readonly side: SweepSide;
  /** Null for `survives`, a share as it is. */
  readonly statistic: Statistic | null;
  /** Which way is better: a constraint's `worst` is the value farthest on its wrong side. */
  readonly smallerIsBetter: boolean;
}

export interface ResolvedObjective extends Target {
  readonly goal: Goal;
}

/** One bound: a constraint with both is two of these. */
export interface Bound extends Target {
  readonly kind: 'atMost' | 'atLeast';
  readonly limit: number;
}

/** Every objective and every bound, in the order of the specification. */
export function targetsOf({ numbers, objectives = [], constraints = [] }: Sweep): { objectives: ResolvedObjective[]; constraints: Bound[] } {
  const target = ({ measure, side, statistic }: Objective | Constraint, smallerIsBetter: boolean): Target => ({
    measure, side: side ?? (numbers === 'float64' ? 'float' : 'fixed'), statistic: measure === 'survives' ? null : (statistic ?? 'median'), smallerIsBetter,
  });
  return {
    objectives: objectives.map((objective) => ({ ...target(objective, objective.goal === 'minimise'), goal: objective.goal })),
    constraints: constraints.flatMap((constraint) => (['atMost', 'atLeast'] as const).flatMap((kind): Bound[] => {
      const limit = constraint[kind];
      return limit === undefined ? [] : [{ ...target(constraint, kind === 'atMost'), kind, limit }];
    })),
  };
}

/** Heading of a target: `fixed.finalLoss.worst`, `fixed.survives`; for `worst` and `best` of what may be large or small, which of the two is meant. */
export function targetName({ measure, side, statistic, smallerIsBetter }: Target): string {
  if (statistic === null) return `${side}.${measure}`;
  if (statistic === 'worst' || statistic === 'best') return `${side}.${measure}.${(statistic === 'best') === smallerIsBetter ? 'min' : 'max'}`;
  return `${side}.${measure}.${statistic}`;
}

/** Value at a point, which may be +∞; null where no seed has one. `survives` is the share of all seeds, those that failed included. */
export function targetValue({ measure, side, statistic, smallerIsBetter }: Target, { sides, seeds }: PointStatistics): number | null {
  const { verdicts, measures } = sides[side]!;
  return measure === 'survives' ? verdicts.survives / seeds : measures[measure].statistic(statistic!, smallerIsBetter);
}

/** Whether a point keeps to a bound. What has no value does not. */
export function keeps(bound: Bound, point: PointStatistics): boolean {
  const value = targetValue(bound, point);
  return value !== null && (bound.kind === 'atMost' ? value <= bound.limit : value >= bound.limit);
}
