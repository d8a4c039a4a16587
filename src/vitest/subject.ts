/** What a matcher was given, as a run. */
import { show } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { heading } from '../report/terminal.js';
import type { Comparison, ComparisonRun } from '../schema/comparison.js';
import type { Run } from './simulate.js';

/** What can be expected of: a run of `simulate`, a comparison of one run, or one of its runs. */
export type Subject = Run | Comparison | ComparisonRun;

export interface Named {
  readonly run: ComparisonRun;
  /** One line that says which run it is. */
  readonly name: string;
}

/**
 * The run a matcher is about.
 *
 * @throws QrailsError `usage` for a promise, for a comparison of several runs, and for anything that is no run
 */
export function subjectOf(matcher: string, received: unknown): Named {
  if (isComparison(received)) {
    const [run, ...others] = received.runs;
    if (run !== undefined && others.length === 0) return { run, name: nameOf(run, received) };
    throw wrong(matcher, 'this comparison holds several runs', received.runs.map(heading).join(' and '), 'one run', 'simulate({ throttle, anchor }), or one of its runs');
  }
  if (isRun(received)) {
    const whole = 'comparison' in received && isComparison(received.comparison) ? received.comparison : undefined;
    return { run: received, name: nameOf(received, whole) };
  }
  if (received instanceof Promise) throw wrong(matcher, 'this is a promise', 'a promise', 'a run', 'await it');
  throw wrong(matcher, 'this is no run', show(received), 'what simulate() or compare() resolves to');
}

/** A wrong call of a matcher, which is neither a pass nor a failure. */
export function wrong(matcher: string, message: string, found: string, expected: string, repair?: string): QrailsError {
  return new QrailsError({ code: 'usage', where: `${matcher}()`, message, found, expected, ...(repair !== undefined && { try: repair }) });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isComparison = (value: unknown): value is Comparison =>
  isObject(value) && Array.isArray(value['runs']) && isObject(value['plan']) && 'stressFrom' in value['plan'];
const isRun = (value: unknown): value is ComparisonRun =>
  isObject(value) && isObject(value['float']) && isObject(value['fixed']) && isObject(value['verdict']) && isObject(value['difference']);

function nameOf(run: ComparisonRun, comparison: Comparison | undefined): string {
  const of = comparison ? `${comparison.plan.title} (${comparison.plan.experiment}) on ${comparison.plan.profile}, ` : '';
  return `${of}${heading(run)}, plan ${run.planHash.slice(0, 8)}`;
}
