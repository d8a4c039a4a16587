/** What the parts of a sweep hand to each other. docs/sweep.md. */
import type { RunOptions } from '../compare/prepare.js';
import type { VerdictName } from '../compare/thresholds.js';
import type { Sweep } from '../schema/sweep.js';
import type { SealedExtent } from './extent.js';
import type { SweepMeasureName } from './measures.js';

/** A value an axis takes, as JSON. */
export type AxisValue = number | string | boolean | null | readonly AxisValue[] | { readonly [key: string]: AxisValue };

/**
 * Every point and run of a sweep, computed from their numbers: none is kept. Run `r` is point ⌊r / seeds⌋ under the seed `firstSeed` + r mod seeds.
 */
export interface SweepSpace {
  readonly spec: Sweep;
  /** SHA-256 over the specification, without names, remarks, objectives and constraints, and all that it refers to: documents and recordings. */
  readonly hash: string;
  readonly points: number;
  readonly seeds: number;
  /** `points` · `seeds`; a safe integer. */
  readonly runs: number;
  readonly firstSeed: number;
  /** Headings of the axes, one for each path. */
  readonly columns: readonly string[];
  /** Values at a point, one for each column. */
  valuesAt(point: number): readonly AxisValue[];
  /** What `prepare` takes to plan a point; exactly one throttle and one anchor in it. */
  optionsAt(point: number): RunOptions;
  readonly seedAt: (run: number) => number;
}

/** What is kept of one side of a run: null where there is no such quantity, or it is not finite. */
export type SideResult = { readonly verdict: VerdictName } & Readonly<Record<SweepMeasureName, number | null>>;

/** What is kept of a run. A plan that cannot be made or run has an error in place of results. */
export interface RunResult {
  readonly run: number;
  /** Plan hash; null where there is no plan. */
  readonly hash: string | null;
  readonly float: SideResult | null;
  readonly fixed: SideResult | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Consecutive runs, done. */
export interface Extent {
  readonly from: number;
  readonly results: readonly RunResult[];
}

/** How a run ended: the verdict of the target, of float64 where it is run alone. */
export type Outcome = VerdictName | 'error';
export const outcomeOf = ({ fixed, float }: RunResult): Outcome => (fixed ?? float)?.verdict ?? 'error';

/** Consecutive runs, done, as a worker hands them over. */
export interface DoneExtent extends SealedExtent {
  readonly outcomes: ReadonlyMap<Outcome, number>;
}

/** Runs `from` … `to` − 1. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}
