/** What must hold of every run of every target: finite, inside the rails, and with as many quantisations as layer sizes and batches say. */
import type { Overflow } from '../../src/format/modes.js';
import { endRails, type Counters } from '../../src/format/quantise.js';
import { accumulateGroup } from '../../src/plan/alignment.js';
import { planSteps, type Pair } from '../../src/run/pair.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import { SITES, wordLengthRange, type SiteName } from '../../src/site/sites.js';

/** Samples of each step: passes over the rows in file order, each with what is left over as its last batch. */
function batchSizes({ phases, data, lastBatch }: Plan): number[] {
  if (lastBatch !== 'keep') throw new Error('only "keep" is counted here');
  let position = 0;
  return phases.flatMap(({ steps, batch }) =>
    Array.from({ length: steps }, () => {
      const count = Math.min(batch, data.rows - position);
      position = (position + count) % data.rows;
      return count;
    }),
  );
}

/** Steps in which a part that phases switch is on, and how often it is switched on. */
function stepsOn({ phases }: Plan, steps: number, part: 'throttle' | 'anchor'): { on: number; starts: number } {
  let [on, starts, first] = [0, 0, 0];
  phases.forEach((phase, index) => {
    const taken = Math.max(0, Math.min(steps - first, phase.steps));
    first += phase.steps;
    if (!phase[part] || taken === 0) return;
    on += taken;
    if (!phases[index - 1]?.[part]) starts++;
  });
  return { on, starts };
}

type Expected = number | { readonly least: number; readonly most: number };

/**
 * How often each site of a run quantises (docs/numerics.md §5–7), from layer sizes, batches and phases; a range where it depends on the values.
 *
 * @param steps done
 */
export function expectedCounts(plan: Plan, steps: number): Map<string, Expected> {
  const sizes = batchSizes(plan).slice(0, steps);
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const sums = (terms: number, group: number): number => (group === 0 ? 1 : Math.ceil(terms / group));
  const forward = accumulateGroup(plan.accumulate.accumulator);
  const backward = accumulateGroup(plan.accumulate.gradientAccumulator);
  const counts = new Map<string, Expected>([['input', samples * plan.data.inputs], ['loss', steps], ['rate', steps]]);
  const anchor = stepsOn(plan, steps, 'anchor');
  const pulls = (parameters: number): Expected =>
    plan.anchor.law === 'event' ? { least: 0, most: parameters * anchor.on } : plan.anchor.law === 'fixed' ? parameters * anchor.on : 0;

  plan.layers.forEach(({ inputs, outputs, bias }, layer) => {
    const biases = bias ? outputs : 0;
    const weights = inputs * outputs;
    // The exact sum of "end" takes the bias in; any other adds it last, alone.
    const perSum = forward === 0 ? 1 : sums(inputs, forward) + (bias ? 1 : 0);
    const entries: [string, Expected][] = [
      ['product', samples * weights], ['accumulator', samples * outputs * perSum], ['activation', samples * outputs], ['error', samples * outputs],
      ['gradientProduct', samples * weights], ['gradientAccumulator', (weights + biases) * sizes.reduce((sum, size) => sum + sums(size, backward), 0)],
      ['gradient', (weights + biases) * steps], ['update', (weights + biases) * steps], ['anchorPull', pulls(weights + biases)],
      ['weight', weights * steps], ['bias', biases * steps],
    ];
    for (const [name, count] of entries) if (plan.sites[`layer${layer}.${name}`]) counts.set(`layer${layer}.${name}`, count);
  });

  const { law, estimator, keepState } = plan.throttle;
  const { on, starts } = keepState ? { on: steps, starts: 1 } : stepsOn(plan, steps, 'throttle');
  const seen = law === 'none' ? 0 : estimator === 'trace' ? on : on - starts;
  counts.set('squaredNorm', estimator === 'trace' ? seen : { least: seen, most: 2 * seen });
  counts.set('norm', estimator === 'secant' ? { least: 0, most: 2 * seen } : 0);
  counts.set('curvature', estimator === 'trace' ? seen : estimator === 'secant' ? { least: 0, most: seen } : 0);
  counts.set('curvatureMean', law === 'gt0' ? seen : 0);
  counts.set('throttle', { least: 0, most: seen });

  const locks = plan.anchor.law === 'event' ? anchor.on : 0;
  for (const name of ['lossMean', 'lossVariance', 'statistic']) counts.set(name, { least: 0, most: locks });
  return counts;
}

/** Adds to the list what does not hold. */
type Require = (holds: boolean, what: string) => void;

/** What one site's counters can be, whatever was quantised. */
function requireCounters(key: string, counters: Counters, { rails, overflow }: SiteFormat, require: Require): void {
  const { count, overflowHigh, overflowLow, underflow, nearRail, min, max, firstOverflow, full } = counters;
  const [low, high] = rails.map(BigInt) as [bigint, bigint];
  const special = overflowHigh + overflowLow + underflow;
  require(special <= count && nearRail <= count, `${key}: ${special} overflows and underflows, ${nearRail} near a rail, of ${count}`);
  require((firstOverflow !== undefined) === (overflowHigh + overflowLow > 0), `${key}: overflows and the first of them`);
  require((min === undefined) === (count === 0), `${key}: a range and a count of ${count}`);
  if (full) require(full.histogram.reduce((sum, n) => sum + n, 0) === count, `${key}: a histogram of other than ${count}`);
  if (min === undefined || max === undefined) return;
  require(low <= min && min <= max && max <= high, `${key}: ${min} to ${max}, rails ${low} to ${high}`);
  if (!SATURATING.includes(overflow)) return;
  require(overflowHigh === 0 || max === high, `${key}: overflows upwards, and reaches ${max} of ${high}`);
  require(overflowLow === 0 || min === low, `${key}: overflows downwards, and reaches ${min} of ${low}`);
}

/** What docs/numerics.md §1 and §2 ask of the format of a site. */
function requireFormat(key: string, { signed, wordLength, fractionLength, overflow, rails }: SiteFormat, require: Require): void {
  const name = key.slice(key.indexOf('.') + 1) as SiteName;
  const { kind } = SITES[name];
  const [least, most] = wordLengthRange(kind, signed);
  const [low, high] = rails.map(BigInt) as [bigint, bigint];
  require(least <= wordLength && wordLength <= most, `${key}: ${wordLength} bits`);
  require(low <= 0n && 0n <= high && low < high, `${key}: rails ${low} to ${high}`);
  require(overflow === 'SAT' || (kind !== 'metric' && kind !== 'square'), `${key}: a controller metric with ${overflow}`);
  const ends = String(rails) === String(endRails({ signed, wordLength, fractionLength, overflow }));
  require(ends || overflow === 'SAT' || overflow === 'TRAP', `${key}: ${overflow} with rails of its own`);
  if (name === 'throttle') require(fractionLength >= 0 && high >= 1n << BigInt(fractionLength), `${key}: cannot hold 1`);
}

/** Modes that put what overflows on the rail. */
const SATURATING: readonly Overflow[] = ['SAT', 'SAT_SYM', 'TRAP'];

/** What does not hold of a finished pair: it ends, is finite on the target, stays inside the rails, and has counted what its sizes say. Empty if all is well. */
export function faultsOf({ plan, fixed, float }: Pair): string[] {
  const faults: string[] = [];
  const require: Require = (holds, what) => void (holds || faults.push(what));
  const { recorder, counters, targetCounters, trapped } = fixed;
  const steps = planSteps(plan);
  require(float.recorder.steps === steps, `${float.recorder.steps} of ${steps} steps in the reference`);
  const ended = trapped === undefined ? recorder.steps === steps : plan.sites[trapped]!.overflow === 'TRAP';
  require(ended, `${recorder.steps} of ${steps} steps on the target, trapped at ${trapped}`);

  requireCounters('target', targetCounters!, plan.sites['target']!, require);
  const expected = expectedCounts(plan, recorder.steps);
  for (const [key, format] of Object.entries(plan.sites)) {
    requireFormat(key, format, require);
    const found = counters[key];
    if (!found) continue;
    requireCounters(key, found, format, require);
    const count = expected.get(key) ?? 0;
    const { least, most } = typeof count === 'number' ? { least: count, most: count } : count;
    require(found.count >= least && found.count <= most, `${key}: ${found.count} quantisations, not ${least === most ? least : `${least} to ${most}`}`);
  }
  for (const key of expected.keys()) require(counters[key] !== undefined, `${key}: no counters`);

  const { maxLoss, meanLoss } = recorder;
  const alpha = recorder.alpha();
  for (const [what, value] of Object.entries({ finalLoss: fixed.finalLoss, maxLoss, meanLoss, ...alpha })) require(Number.isFinite(value), `${what} = ${value}`);
  const { rounding, fractionLength } = plan.sites['throttle']!;
  const most = rounding === 'JAM' ? 1 + 2 ** -fractionLength : 1; // JAM sets the lowest bit of 1, too
  if (alpha) require(alpha.min >= 0 && alpha.max <= most, `α from ${alpha.min} to ${alpha.max}`);
  const inside = (key: string, raw: number | bigint): void => {
    const { rails } = plan.sites[key]!;
    require(BigInt(raw) >= BigInt(rails[0]) && BigInt(raw) <= BigInt(rails[1]), `${key}: ${raw} outside ${rails.join(' to ')}`);
  };
  inside('loss', fixed.finalLossRaw!);
  plan.layers.forEach(({ inputs, outputs }, layer) =>
    fixed.parametersRaw![layer]!.forEach((raw, k) => inside(`layer${layer}.${k < inputs * outputs ? 'weight' : 'bias'}`, raw)),
  );
  return faults;
}
