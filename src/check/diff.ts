/** What differs between two baselines, or between one and a run of today. docs/baseline.md */
import { isDeepStrictEqual } from 'node:util';
import { showPath } from '../document/show.js';
import type { Baseline, BaselineRun } from '../schema/baseline.js';
import type { BaselineDiff, Change, Difference } from '../schema/baselineViews.js';
import { BOUND_METRICS, boundDefinition, boundText, type BoundMetric } from './bounds.js';
import { holdingAt, type Holding, type Side } from './tolerances.js';
import { change, holdValue, magnitude } from './values.js';
import { walk, type Scalar } from './walk.js';

/** For a value that is not held: whatever moved is told. */
const UNHELD: Holding = { relative: 0, why: '', recorded: (value) => value };
const NOT_HELD = 'not held';

/**
 * What differs between two baselines: fields of documents and plan by their paths, tolerances and bounds, and every recorded value with how much of
 * what the first allows the change takes up. It judges nothing: `checkBaseline` does. A baseline carries no time: that a value moved with
 * a field of the plan is what can be said about its cause.
 *
 * @param b another baseline, or `await updateBaseline(a, { directory })` for what a run does today
 * @returns the published result, `schema/baselineDiff.schema.json`
 * @example diffBaselines(before, after).runs[0].changes.filter(({ used }) => used > 1) // past a bound or tolerance
 */
export function diffBaselines(a: Baseline, b: Baseline): BaselineDiff {
  const parts = {
    documents: differences({ names: a.names, options: a.options }, { names: b.names, options: b.options }),
    plan: differences(a.plan, b.plan),
    requirements: differences({ tolerances: a.tolerances }, { tolerances: b.tolerances }),
  };
  const runs = pairRuns(a.runs, b.runs).map(([from, to]) => diffRuns(a, from, to));
  const equal = Object.values(parts).every((list) => list.length === 0) &&
    runs.every(({ planHash, plan, requirements, changes }) => planHash.a === planHash.b && plan.length + requirements.length + changes.length === 0);
  return { diff: 1, equal, comparison: { a: a.comparison, b: b.comparison }, ...parts, runs };
}

type Pair = readonly [BaselineRun | undefined, BaselineRun | undefined];

/** Runs of the first, each with that of the same controllers, and then what only the second has. */
function pairRuns(a: readonly BaselineRun[], b: readonly BaselineRun[]): Pair[] {
  const same = (run: BaselineRun) => ({ throttle, anchor }: BaselineRun): boolean => throttle === run.throttle && anchor === run.anchor;
  return [...a.map((run): Pair => [run, b.find(same(run))]), ...b.filter((run) => !a.some(same(run))).map((run): Pair => [undefined, run])];
}

function diffRuns(baseline: Baseline, a: BaselineRun | undefined, b: BaselineRun | undefined): BaselineDiff['runs'][number] {
  const { throttle, anchor } = (a ?? b)!;
  const head = { throttle, anchor, planHash: { a: a?.planHash ?? null, b: b?.planHash ?? null } };
  if (!a || !b) return { ...head, plan: [], requirements: [], changes: [] };
  return {
    ...head,
    plan: differences(a.plan, b.plan),
    requirements: differences({ bounds: a.bounds }, { bounds: b.bounds }),
    changes: [
      ...verdictChanges(a, b), ...BOUND_METRICS.flatMap((metric) => metricChange(metric, a, b) ?? []),
      ...sideChanges('fixed', baseline, a, b), ...sideChanges('float', baseline, a, b),
    ],
  };
}

function differences(a: unknown, b: unknown): Difference[] {
  return [...walk(a, b)].flatMap(({ path, before, after }) =>
    isDeepStrictEqual(before, after) ? [] : [{ at: showPath(path), ...(before !== undefined && { a: before }), ...(after !== undefined && { b: after }) }]);
}

function verdictChanges(a: BaselineRun, b: BaselineRun): Change[] {
  return (['float', 'fixed'] as const).filter((side) => a.verdict[side] !== b.verdict[side]).map((side) => {
    const allowed = a.bounds.verdict?.[side];
    return {
      metric: `verdict.${side}`, heldBy: 'bound', a: a.verdict[side], b: b.verdict[side], ...amounts(a.verdict[side], b.verdict[side]),
      allowed: allowed?.join(' or ') ?? NOT_HELD, used: null, ...(allowed && { why: a.bounds.verdict!.why }),
    };
  });
}

function metricChange(metric: BoundMetric, a: BaselineRun, b: BaselineRun): Change | undefined {
  const [from, to] = [a.measured[metric], b.measured[metric]];
  if (from === to) return undefined;
  const bound = a.bounds[metric];
  const room = from === null || bound === undefined ? 0 : bound[boundDefinition(metric).limit]! - from;
  const outside = boundDefinition(metric).limit === 'atMost' ? room <= 0 : room >= 0;
  const used = outside || from === null || to === null ? null : (to - from) / room;
  return {
    metric, heldBy: 'bound', a: from, b: to, ...amounts(from, to), allowed: bound ? boundText(metric, bound) : NOT_HELD, used, ...(bound && { why: bound.why }),
  };
}

function sideChanges(side: Side, { tolerances }: Baseline, a: BaselineRun, b: BaselineRun): Change[] {
  return [...walk(a[side], b[side])].flatMap(({ path, before, after }) => {
    const holding = holdingAt(side, path, tolerances);
    const { moved, used } = holdValue(before, after, holding ?? UNHELD);
    if (moved === undefined) return [];
    const { index, recorded, now, allowed, note } = moved;
    return [{
      metric: showPath([side, ...path, ...(index === undefined ? [] : [index])]), heldBy: side, a: recorded, b: now, ...amounts(recorded, now),
      allowed: holding ? allowed : NOT_HELD, used: used ?? null, ...(holding && { why: holding.why }), ...(note !== undefined && { note }),
    }];
  });
}

function amounts(from: Scalar, to: Scalar): Pick<Change, 'change' | 'share'> {
  const by = change(from, to);
  if (!Number.isFinite(by)) return { change: null, share: null };
  const size = magnitude(from);
  return { change: by, share: size > 0 ? by / size : null };
}
