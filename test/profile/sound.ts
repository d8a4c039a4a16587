/** What must hold of every run of every target: finite, inside the rails, and with as many quantisations as layer sizes and batches say. */
import type { Overflow } from '../../src/format/modes.js';
import { endRails, type Counters } from '../../src/format/quantise.js';
import { averages, ESTIMATORS, integrates, measuresGradient, weighs } from '../../src/control/registry.js';
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

const atMost = (most: number): Expected => ({ least: 0, most });

/**
 * How often each site of a run quantises (docs/numerics.md §5–7), from layer sizes, batches and phases; a range where it depends on the values.
 *
 * @param steps done
 * @param rejected of them taken back: whose batches that were is not known, so what follows a loss is a range
 */
export function expectedCounts(plan: Plan, steps: number, rejected = 0): Map<string, Expected> {
  const sizes = batchSizes(plan).slice(0, steps);
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const sums = (terms: number, group: number): number => (group === 0 ? 1 : Math.ceil(terms / group));
  const forward = accumulateGroup(plan.accumulate.accumulator);
  const backward = accumulateGroup(plan.accumulate.gradientAccumulator);
  const counts = new Map<string, Expected>([['input', samples * plan.data.inputs], ['loss', steps], ['rate', steps]]);
  const anchor = stepsOn(plan, steps, 'anchor');
  const { law: anchorLaw } = plan.anchor;
  const pulls = (parameters: number): Expected =>
    anchorLaw === 'event' ? atMost(parameters * anchor.on) : anchorLaw === 'fixed' || anchorLaw === 'decay' || anchorLaw === 'elastic' ? parameters * anchor.on : 0;
  const losses = plan.balance?.outputs?.length ?? 0;

  plan.layers.forEach(({ inputs, outputs, bias }, layer) => {
    const biases = bias ? outputs : 0;
    const weights = inputs * outputs;
    const parameters = weights + biases;
    const last = layer === plan.layers.length - 1;
    // Balanced losses go back through what they share one by one, before they do so together.
    const passes = last ? 1 : 1 + losses;
    const weighings = last ? 1 + Number(losses > 0) : passes;
    const gated = anchorLaw === 'gated' ? parameters * anchor.on : 0;
    const again = anchorLaw === 'elastic' ? anchor.on : 0;
    // The exact sum of "end" takes the bias in; any other adds it last, alone.
    const perSum = forward === 0 ? 1 : sums(inputs, forward) + (bias ? 1 : 0);
    const entries: [string, Expected][] = [
      ['product', samples * weights], ['accumulator', samples * outputs * perSum], ['activation', samples * outputs], ['error', samples * outputs * weighings],
      ['gradientProduct', samples * weights * passes], ['gradientAccumulator', parameters * passes * sizes.reduce((sum, size) => sum + sums(size, backward), 0)],
      ['gradient', parameters * steps * passes], ['update', { least: parameters * steps - gated, most: parameters * steps }], ['anchorPull', pulls(parameters)],
      ['importance', anchorLaw === 'elastic' ? parameters * anchor.on : weighs(anchorLaw) ? atMost(gated) : 0], ['average', averages(anchorLaw) ? parameters * (anchor.on + anchor.starts) : 0],
      ['weight', weights * (steps + again)], ['bias', biases * (steps + again)],
    ];
    for (const [name, count] of entries) if (plan.sites[`layer${layer}.${name}`]) counts.set(`layer${layer}.${name}`, count);
  });

  const { law, estimator, keepState } = plan.throttle;
  const switched = stepsOn(plan, steps, 'throttle');
  const { on, starts } = keepState ? { on: steps, starts: 1 } : switched;
  const history = law === 'table' || (estimator !== undefined && ESTIMATORS[estimator].history);
  const seen = law === 'none' || law === 'clip' ? 0 : history ? on - starts : on;
  // Of the two sums of a step compared with the one before, the second is not needed where the first is zero and C holds.
  const least = history || estimator === 'trace' ? seen : estimator === 'rayleigh' ? 2 * seen : 0;
  const most = history || estimator === 'rayleigh' ? 2 * seen : seen;
  const norms = (measuresGradient(law) ? switched.on : 0) + losses * steps;
  const always = (law === 'clip' ? switched.on : 0) + losses * steps;
  counts.set('squaredNorm', { least: least + always, most: most + norms });
  counts.set('norm', { least: always, most: (history && law !== 'table' ? 2 * seen : 0) + norms });
  counts.set('curvature', estimator === undefined ? 0 : estimator === 'trace' ? seen : atMost(seen));
  counts.set('curvatureMean', estimator === undefined ? 0 : seen);
  counts.set('velocity', integrates(law) ? atMost(seen) : 0);
  counts.set('throttle', atMost(law === 'clip' ? switched.on : law === 'gt2-qa' ? 3 * seen : seen));

  const locks = anchorLaw === 'event' ? anchor.on : 0;
  for (const name of ['lossMean', 'lossVariance', 'statistic']) counts.set(name, atMost(locks));
  counts.set('share', atMost(2 * losses * steps));
  counts.set('shareMean', atMost(losses * steps));
  if (rejected > 0) {
    const whole = new Set(['input', 'loss', ...plan.layers.flatMap((_, layer) => ['product', 'accumulator', 'activation'].map((name) => `layer${layer}.${name}`))]);
    for (const [key, count] of counts) if (!whole.has(key)) counts.set(key, atMost(typeof count === 'number' ? count : count.most));
  }
  const { law: supervisor } = plan.supervisor;
  counts.set('measureMean', atMost(supervisor === 'none' ? 0 : steps));
  counts.set('cusum', atMost(supervisor === 'cusum' ? steps : 0));
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
  const expected = expectedCounts(plan, recorder.steps, recorder.rejectedSteps);
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
