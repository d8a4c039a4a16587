/** Holds a comparison against a recorded one. docs/baseline.md */
import type { CompareOptions } from '../compare/compare.js';
import { showPath } from '../document/show.js';
import type { Baseline, BaselineRun } from '../schema/baseline.js';
import type { Check, Moved } from '../schema/check.js';
import type { ComparisonRun } from '../schema/comparison.js';
import { compareWithPlans, hashComparison, heldSides, measure, type Compared } from './baseline.js';
import { BOUND_METRICS, boundDefinition, boundText, holdBound } from './bounds.js';
import { validateBaseline } from './file.js';
import { describeChanges, summarisePlan, type PlanSummary } from './planSummary.js';
import { holdingAt, type Side } from './tolerances.js';
import { holdValue } from './values.js';
import { walk } from './walk.js';

/** `directory`: folder the baseline lies in; default the working directory. */
export type CheckOptions = Pick<CompareOptions, 'directory' | 'build' | 'signal' | 'onProgress'>;

/**
 * Runs what a baseline describes and holds it against what was recorded.
 *
 * @returns the published result, `schema/check.schema.json`: what moved, what was allowed, and whether all of it passed
 * @throws QrailsError `invalid` for a malformed baseline, and as `compare` where it cannot be run any more
 * @example
 * const { baseline, directory } = await loadBaseline('baseline.json');
 * const { passed, rows } = await checkBaseline(baseline, { directory });
 */
export async function checkBaseline(baseline: Baseline, options: CheckOptions = {}): Promise<Check> {
  await validateBaseline(baseline);
  return holdAgainst(baseline, await compareWithPlans({ ...baseline.options, ...options }));
}

/** Holds a comparison that was made already against a baseline. */
export function holdAgainst(baseline: Baseline, { comparison, plans }: Compared): Check {
  const summaries = plans.map(summarisePlan);
  const { experiment, profile, sensor } = comparison.plan;
  const changes = [...describeChanges(baseline.names, { experiment, profile, sensor }), ...describeChanges(baseline.plan, summaries[0]?.shared)];
  const rows: Moved[] = [];
  let held = 0;
  const find = <T extends { throttle: string; anchor: string }>(runs: readonly T[], { throttle, anchor }: { throttle: string; anchor: string }): number =>
    runs.findIndex((run) => run.throttle === throttle && run.anchor === anchor);

  for (const recorded of baseline.runs) {
    const index = find(comparison.runs, recorded);
    const run = comparison.runs[index];
    if (run === undefined) {
      held++;
      rows.push(presence(recorded, true));
      continue;
    }
    const own = describeOwnChanges(recorded, summaries[index]);
    const checker = new RunCheck(baseline, recorded, run);
    checker.holdPlan(changes.length + own.length > 0);
    checker.holdVerdicts();
    checker.holdBounds();
    checker.holdSide('fixed');
    checker.holdSide('float');
    changes.push(...own);
    rows.push(...checker.rows);
    held += checker.held;
  }
  for (const run of comparison.runs) if (find(baseline.runs, run) < 0) rows.push(presence(run, false));
  return {
    check: 1,
    passed: rows.every(({ passed }) => passed),
    held,
    comparison: { recorded: baseline.comparison, now: hashComparison(comparison) },
    changes,
    rows,
  };
}

function describeOwnChanges({ throttle, anchor, plan }: BaselineRun, summary: PlanSummary | undefined): string[] {
  return describeChanges(plan, summary?.own, `${throttle}, anchor ${anchor}: `);
}

/** A run that was recorded and is gone fails; one that was not recorded is told. */
function presence({ throttle, anchor }: { throttle: string; anchor: string }, recorded: boolean): Moved {
  return {
    throttle, anchor, heldBy: 'run', metric: 'run', recorded, now: !recorded, allowed: recorded ? 'exact' : 'not held', passed: !recorded,
    note: recorded ? 'the comparison has no such run any more' : 'not in the baseline, so nothing of it is held',
  };
}

/** One run against its record. */
class RunCheck {
  readonly rows: Moved[] = [];
  held = 0;

  constructor(private readonly baseline: Baseline, private readonly recorded: BaselineRun, private readonly run: ComparisonRun) {}

  /** A changed plan fails only where its bits are held; the values are compared all the same. */
  holdPlan(explained: boolean): void {
    const exact = this.baseline.tolerances.fixed?.relative === 0;
    if (exact) this.held++;
    if (this.recorded.planHash === this.run.planHash) return;
    this.tell({
      heldBy: 'plan', metric: 'planHash', recorded: this.recorded.planHash, now: this.run.planHash, allowed: exact ? 'exact' : 'not held', passed: !exact,
      note: explained ? 'the plan changed' : 'the plan shows no difference: the hash was edited, or plans are made differently now',
    });
  }

  holdVerdicts(): void {
    const { verdict: bound } = this.recorded.bounds;
    for (const side of ['float', 'fixed'] as const) {
      const [recorded, now, allowed] = [this.recorded.verdict[side], this.run.verdict[side], bound?.[side]];
      if (allowed !== undefined) this.held++;
      const passed = allowed === undefined || allowed.includes(now);
      if (passed && recorded === now) continue;
      const prefix = side === 'float' ? 'float64: ' : 'fixed: ';
      const reason = this.run.verdict.why.find((line) => line.startsWith(prefix));
      this.tell({
        heldBy: 'bound', metric: `verdict.${side}`, recorded, now, allowed: allowed?.join(' or ') ?? 'not held', passed,
        ...(bound && allowed && { why: bound.why }), ...(reason !== undefined && { note: reason.slice(prefix.length) }),
      });
    }
  }

  holdBounds(): void {
    for (const metric of BOUND_METRICS) {
      const bound = this.recorded.bounds[metric];
      if (bound === undefined) continue;
      this.held++;
      const { passed, value, flawless } = holdBound(metric, bound[boundDefinition(metric).limit]!, this.run);
      const [recorded, now] = [this.recorded.measured[metric], measure(metric, this.run)];
      if (passed && recorded === now) continue;
      this.tell({
        heldBy: 'bound', metric, recorded, now, allowed: boundText(metric, bound), passed, why: bound.why,
        ...(flawless && { note: 'no difference at all' }), ...(value === null && !flawless && { note: 'no finite value' }),
      });
    }
  }

  holdSide(side: Side): void {
    for (const { path, before, after } of walk(this.recorded[side], heldSides(this.run)[side])) {
      const holding = holdingAt(side, path, this.baseline.tolerances);
      if (holding === undefined) continue;
      const { passed, moved, held } = holdValue(before, after, holding);
      this.held += held;
      if (moved === undefined) continue;
      const { index, ...values } = moved;
      this.tell({ heldBy: side, metric: showPath([side, ...path, ...(index === undefined ? [] : [index])]), ...values, passed, why: holding.why });
    }
  }

  private tell(row: Omit<Moved, 'throttle' | 'anchor'>): void {
    const { throttle, anchor } = this.run;
    this.rows.push({ throttle, anchor, ...row });
  }
}
