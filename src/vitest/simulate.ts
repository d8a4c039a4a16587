/** One run of a learner, for a test: float64 and the target side by side. */
import { portableOptions } from '../check/paths.js';
import { compare, type CompareOptions } from '../compare/compare.js';
import { prepare } from '../compare/prepare.js';
import type { BaselineOptions } from '../schema/baseline.js';
import type { Comparison, ComparisonRun } from '../schema/comparison.js';
import type { Plan } from '../schema/plan.js';

export interface SimulateOptions extends Omit<CompareOptions, 'throttle' | 'anchor' | 'trace'> {
  /** Name as in `THROTTLE_NAMES`. Default the experiment's. */
  readonly throttle?: string | undefined;
  /** Name as in `ANCHOR_NAMES`. Default the experiment's. */
  readonly anchor?: string | undefined;
}

/** A run with all a matcher needs to say what it is, hold it and record it. */
export interface Run extends ComparisonRun {
  /** Of the experiment. */
  readonly title: string;
  readonly plan: Plan;
  /** The comparison whose only run this is. */
  readonly comparison: Comparison;
  /** What was compared, paths as seen from `directory`. */
  readonly options: BaselineOptions;
  /** Absolute: the working directory when it was run. */
  readonly directory: string;
}

/**
 * Runs a learner once in float64 and once on a target, under one throttle and one anchor. Prescriptions are looked for where something
 * went wrong, so that a failure can name them; `tries: false` saves that.
 *
 * @throws QrailsError as `compare`, and `usage` for a document from standard input; an AbortError where `signal` was raised
 * @example
 * const run = await simulate({ experiment: 'exp-000c', profile: './board.json', directory: import.meta.dirname });
 * expect(run).toSurvive();
 */
export async function simulate(options: SimulateOptions = {}): Promise<Run> {
  const { throttle, anchor, build, tries, parting, record, signal, onProgress, ...rest } = options;
  const directory = process.cwd();
  // Paths start from the working directory from here on, as those of a command do that a failure prints.
  const chosen = portableOptions({ ...rest, ...(throttle !== undefined && { throttle: [throttle] }), ...(anchor !== undefined && { anchor: [anchor] }) }, directory);
  const { variants } = await prepare({ ...chosen, directory });
  const { plan, ...own } = variants.at(-1)!; // `none` comes before what is the experiment's own
  const resolved = { ...chosen, throttle: [own.throttle], anchor: [own.anchor] };
  const comparison = await compare({ ...resolved, directory, build, tries, parting, record, signal, onProgress });
  return { ...comparison.runs[0]!, title: comparison.plan.title, plan, comparison, options: resolved, directory };
}
