/** Records the curves of a comparison while it runs, in memory that does not grow with the steps. */
import type { CompareOptions } from '../../compare/compare.js';
import { planSteps } from '../../run/pair.js';
import { createTrace, type TraceRow } from '../../run/trace.js';
import type { Plan } from '../../schema/plan.js';
import type { Dataset } from '../../signal/dataset.js';
import { Decimator, type Points } from './decimate.js';
import { PICTURE_IDS, PICTURES, SIDES, type PictureId } from './pictures.js';

/** One combination's plan and curves: first series float64, second fixed. */
export interface RecordedRun {
  readonly plan: Plan;
  readonly dataset: Dataset;
  readonly curves: () => Readonly<Record<PictureId, Points>>;
}

export interface CurveRecord {
  /** The option of `compare` that fills it. */
  readonly trace: NonNullable<CompareOptions['trace']>;
  /** In the order of the comparison's runs. */
  readonly runs: readonly RecordedRun[];
}

/** @param sink sees every row of the trace, too */
export function recordCurves(sink?: (row: TraceRow) => void | Promise<void>): CurveRecord {
  const runs: RecordedRun[] = [];
  return {
    runs,
    trace: ({ plan, throttle, anchor }, dataset) => {
      const decimators = PICTURE_IDS.map((id) => [id, new Decimator(planSteps(plan), SIDES.length)] as const);
      runs.push({ plan, dataset, curves: () => Object.fromEntries(decimators.map(([id, decimator]) => [id, decimator.points()])) as Record<PictureId, Points> });
      return createTrace(plan, dataset, { throttle, anchor }, (row) => {
        for (const [id, decimator] of decimators) decimator.add(row['step'] as number, SIDES.map((side) => PICTURES[id].value(row, side)));
        return sink?.(row);
      });
    },
  };
}
