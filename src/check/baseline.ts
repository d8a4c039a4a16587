/** Records a comparison so that later ones can be held against it. docs/baseline.md */
import { compare, type CompareOptions } from '../compare/compare.js';
import { hashJson } from '../plan/hash.js';
import type { Baseline, BaselineRun, Bound, Bounds, Tolerance, Tolerances } from '../schema/baseline.js';
import type { Comparison, ComparisonRun } from '../schema/comparison.js';
import type { Plan } from '../schema/plan.js';
import { BOUND_METRICS, BOUNDS, boundDefinition, type BoundMetric } from './bounds.js';
import { portableOptions } from './paths.js';
import { summarisePlan } from './planSummary.js';
import { DEFAULT_TOLERANCES, holdingAt, type Holding, type Side } from './tolerances.js';

export interface RecordOptions {
  /** Replace the defaults; null leaves a side's recorded values unheld. */
  readonly tolerances?: { readonly [S in Side]?: Tolerance | null };
  /** Replace what is proposed, for every run; null leaves a metric unbounded. */
  readonly bounds?: { readonly [M in keyof Bounds]?: NonNullable<Bounds[M]> | null };
  /** Folder the baseline will lie in: its paths start from there. Default that of `options.directory`. */
  readonly folder?: string;
  readonly about?: string;
}

export interface UpdateOptions extends Pick<CompareOptions, 'directory' | 'build' | 'signal' | 'onProgress'> {
  readonly folder?: string | undefined;
}

/** A comparison with the plan of each of its runs. */
export interface Compared {
  readonly comparison: Comparison;
  readonly plans: readonly Plan[];
}

/** Compares without looking for prescriptions, and keeps the plans. */
export async function compareWithPlans(options: CompareOptions): Promise<Compared> {
  const plans: Plan[] = [];
  const comparison = await compare({
    ...options,
    tries: false,
    trace: (variant, dataset) => {
      plans.push(variant.plan);
      return options.trace?.(variant, dataset);
    },
  });
  return { comparison, plans };
}

/**
 * Compares and records what came out.
 *
 * Held exactly: raws and counters of the fixed side. Within 1e-9: the float side. Bounded, where the float run survives: float against fixed,
 * with a margin of half a bit. In any case: the verdicts.
 *
 * @throws QrailsError as `compare`, and `usage` for a document from standard input; an AbortError where `options.signal` was raised
 * @example
 * const baseline = await recordBaseline({ experiment: 'exp-000c', throttle: ['gt0/secant'] });
 * await saveBaseline('baseline.json', baseline);
 */
export async function recordBaseline(options: CompareOptions = {}, record: RecordOptions = {}): Promise<Baseline> {
  const portable = portableOptions(options, record.folder ?? options.directory ?? process.cwd()); // before the run: it may refuse
  return makeBaseline(await compareWithPlans(options), portable, record);
}

/**
 * Records anew what a baseline describes, with the same options and tolerances. Bounds stay as they are written: they say what is required, not what
 * was recorded, so a run that breaks one still fails afterwards. A run that is new gets the bounds proposed for it.
 *
 * @param options `directory`: folder the baseline lies in, default the working directory; `folder`: where it will lie, default there too
 * @throws QrailsError as `compare`
 * @example
 * const { baseline, directory } = await loadBaseline(file);
 * await saveBaseline(file, await updateBaseline(baseline, { directory }));
 */
export async function updateBaseline(baseline: Baseline, options: UpdateOptions = {}): Promise<Baseline> {
  const { folder = options.directory ?? process.cwd(), ...running } = options;
  const portable = portableOptions({ ...baseline.options, directory: options.directory }, folder);
  return recordAgain(baseline, await compareWithPlans({ ...baseline.options, ...running }), portable);
}

/** As `updateBaseline`, from a comparison that was made already. */
export function recordAgain(baseline: Baseline, compared: Compared, options: Baseline['options']): Baseline {
  const { fixed = null, float = null } = baseline.tolerances;
  const fresh = makeBaseline(compared, options, { tolerances: { fixed, float }, ...(baseline.about !== undefined && { about: baseline.about }) });
  const runs = fresh.runs.map((run): BaselineRun => {
    const before = baseline.runs.find(({ throttle, anchor }) => throttle === run.throttle && anchor === run.anchor);
    return before === undefined ? run : { ...run, bounds: before.bounds };
  });
  return { ...fresh, ...(baseline.$schema !== undefined && { $schema: baseline.$schema }), runs };
}

/** A baseline from a comparison that was made already, with the options it was made with as seen from the baseline's folder. */
export function makeBaseline({ comparison, plans }: Compared, options: Baseline['options'], record: Omit<RecordOptions, 'folder'> = {}): Baseline {
  const tolerances = chosenTolerances(record.tolerances);
  const { experiment, profile, sensor } = comparison.plan;
  return {
    baseline: 1,
    ...(record.about !== undefined && { about: record.about }),
    options,
    comparison: hashComparison(comparison),
    names: { experiment, profile, sensor },
    plan: summarisePlan(plans[0]!).shared,
    tolerances,
    runs: comparison.runs.map((run, index) => recordRun(run, plans[index]!, tolerances, record.bounds)),
  };
}

/** Of a comparison without prescriptions, which are advice and no result. */
export function hashComparison({ runs, ...comparison }: Comparison): string {
  return hashJson({ ...comparison, runs: runs.map((run) => ({ ...run, verdict: { ...run.verdict, try: [] } })) });
}

/** What is held of a run: the sides without curves, the fixed parameters as raws only, and of the sites that counted what every level of the recorder has. */
export function heldSides({ float, fixed }: ComparisonRun): Pick<BaselineRun, Side> {
  const { curve: _floatCurve, ...heldFloat } = float;
  const { curve: _fixedCurve, finalWeights: _weights, finalBiases: _biases, sites, ...heldFixed } = fixed;
  const active = Object.fromEntries(Object.entries(sites).flatMap(([key, { full: _full, ...site }]) => (site.count > 0 ? [[key, atEveryLevel(site)]] : [])));
  return { float: heldFloat, fixed: { ...heldFixed, sites: active } };
}

function atEveryLevel(site: BaselineRun['fixed']['sites'][string]): typeof site {
  if (site.firstOverflow === null) return site;
  const { operands: _operands, ...firstOverflow } = site.firstOverflow;
  return { ...site, firstOverflow };
}

/** A measured metric with as many digits as are recorded of it. */
export function measure(metric: BoundMetric, run: ComparisonRun): number | null {
  const value = boundDefinition(metric).measure(run);
  return value === null ? null : Number(value.toPrecision(6));
}

function chosenTolerances(stated: RecordOptions['tolerances'] = {}): Tolerances {
  const fixed = stated.fixed === undefined ? DEFAULT_TOLERANCES.fixed : stated.fixed;
  const float = stated.float === undefined ? DEFAULT_TOLERANCES.float : stated.float;
  return { ...(fixed && { fixed }), ...(float && { float }) };
}

function recordRun(run: ComparisonRun, plan: Plan, tolerances: Tolerances, stated: RecordOptions['bounds']): BaselineRun {
  const { planHash, throttle, anchor, verdict } = run;
  const sides = heldSides(run);
  return {
    planHash, throttle, anchor,
    plan: summarisePlan(plan).own,
    verdict: { float: verdict.float, fixed: verdict.fixed },
    float: asRecorded(sides.float, 'float', tolerances),
    fixed: asRecorded(sides.fixed, 'fixed', tolerances),
    measured: Object.fromEntries(BOUND_METRICS.map((metric) => [metric, measure(metric, run)])) as BaselineRun['measured'],
    bounds: chosenBounds(proposeBounds(run, 2 ** -plan.sites['loss']!.fractionLength), stated),
  };
}

function chosenBounds(proposed: Bounds, stated: RecordOptions['bounds'] = {}): Bounds {
  return Object.fromEntries(Object.entries({ ...proposed, ...stated }).filter(([, bound]) => bound !== null && bound !== undefined));
}

/** Nothing is told by the distance from a float run that did not survive: then only the verdicts are bounded. */
function proposeBounds(run: ComparisonRun, lossStep: number): Bounds {
  const { float, fixed } = run.verdict;
  const bounds: { [metric: string]: Bound } = {};
  for (const metric of float === 'survives' ? BOUND_METRICS : []) {
    const { limit, margin, propose } = boundDefinition(metric);
    const recorded = BOUNDS[metric].measure(run);
    if (recorded === null) continue;
    const value = roundAway(propose(recorded, run, lossStep), limit === 'atMost');
    if (Number.isFinite(value)) bounds[metric] = { [limit]: value, why: `proposed: ${margin}` };
  }
  return { ...bounds, verdict: { float: [float], fixed: [fixed], why: 'proposed: ends as it did when it was recorded' } };
}

/** Three significant digits, away from what was recorded; what lies past the twelfth digit is noise of the division. */
function roundAway(value: number, up: boolean): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2);
  const units = Number((value / unit).toPrecision(12));
  return Number(((up ? Math.ceil(units) : Math.floor(units)) * unit).toPrecision(3));
}

/** A side as it is written down. */
function asRecorded<T>(side: T, kind: Side, tolerances: Tolerances): T {
  return Object.fromEntries(
    Object.entries(side as object).map(([key, value]) => {
      const holding = holdingAt(kind, [key], tolerances);
      return [key, holding === undefined ? value : recordAll(value, holding)];
    }),
  ) as T;
}

function recordAll(value: unknown, holding: Holding): unknown {
  if (typeof value === 'number') return holding.recorded(value);
  if (Array.isArray(value)) return value.map((entry) => recordAll(entry, holding));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, recordAll(entry, holding)]));
  return value;
}
