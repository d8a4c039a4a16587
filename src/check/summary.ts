/** What a baseline holds, short enough to be read. */
import { printable } from '../document/show.js';
import type { Baseline, BaselineRun, Tolerance } from '../schema/baseline.js';
import type { BaselineSummary, HeldMetric } from '../schema/baselineViews.js';
import { alignColumns } from './columns.js';
import { BOUND_METRICS, boundText } from './bounds.js';
import { showValue } from './print.js';

/**
 * A baseline without its recorded sides: what was compared, what is allowed and why.
 *
 * @returns the published result, `schema/baselineSummary.schema.json`
 * @example summariseBaseline((await loadBaseline('drift.baseline.json')).baseline).runs[0].metrics
 */
export function summariseBaseline({ about, names, options, comparison, tolerances, plan, runs }: Baseline): BaselineSummary {
  const { seed } = plan;
  return {
    summary: 1,
    ...(about !== undefined && { about }),
    names,
    seed: typeof seed === 'number' ? seed : null,
    options, comparison, tolerances,
    runs: runs.map((run) => ({
      throttle: run.throttle, anchor: run.anchor, planHash: run.planHash, steps: run.fixed.steps, verdict: run.verdict, metrics: metricsOf(run),
    })),
  };
}

function metricsOf({ measured, verdict, bounds }: BaselineRun): HeldMetric[] {
  const verdicts = (['float', 'fixed'] as const).map((side): HeldMetric => {
    const allowed = bounds.verdict?.[side];
    return { metric: `verdict.${side}`, recorded: verdict[side], bound: allowed?.join(' or ') ?? null, ...(allowed && { why: bounds.verdict!.why }) };
  });
  const metrics = BOUND_METRICS.map((metric): HeldMetric => {
    const bound = bounds[metric];
    return { metric, recorded: measured[metric], bound: bound ? boundText(metric, bound) : null, ...(bound && { why: bound.why }) };
  });
  return [...verdicts, ...metrics];
}

/**
 * A summary as plain text, ending in a line feed.
 *
 * @example process.stdout.write(summaryText(summariseBaseline(baseline)));
 */
export function summaryText({ about, names, seed, options, comparison, tolerances, runs }: BaselineSummary): string {
  const { experiment, profile, sensor } = names;
  const stated = Object.entries(options).map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  const head: [string, string][] = [
    ['experiment', `${experiment}, seed ${seed ?? 'not stated'}`], ['target', profile], ['sensor', sensor],
    ['options', stated.join(', ') || 'none'], ['comparison', comparison.slice(0, 8)],
    ['fixed side', tolerance(tolerances.fixed)], ['float side', tolerance(tolerances.float)],
  ];
  const lines = about === undefined ? [] : [printable(about, 4000), ''];
  lines.push(...alignColumns(head.map(([label, text]) => [label, printable(text, 1200)])).map((line) => line.trimEnd()));
  for (const { throttle, anchor, planHash, steps, metrics } of runs) {
    lines.push('', `throttle ${throttle}, anchor ${anchor} · plan ${planHash.slice(0, 8)} · ${steps} steps`);
    const rows = metrics.map(({ metric, recorded, bound, why }) => [metric, showValue(recorded, 4), bound ?? 'not held', printable(why ?? '', 1000)]);
    lines.push(...alignColumns([['metric', 'recorded', 'bound', 'why'], ...rows], [1]).map((line) => `  ${line}`.trimEnd()));
  }
  return `${lines.join('\n')}\n`;
}

function tolerance(stated: Tolerance | undefined): string {
  if (stated === undefined) return 'not held';
  return `${stated.relative === 0 ? 'exact' : `± ${stated.relative} of the value`}: ${stated.why}`;
}
