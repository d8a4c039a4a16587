/** Runs a learner in float64 and on a target, for every combination of controllers, and says how each ended and what would help. */
import type { AnchorLaw } from '../control/registry.js';
import type { Build } from '../core/load.js';
import { formatName, rawToReal } from '../format/format.js';
import type { Counters } from '../format/quantise.js';
import { hashJson } from '../plan/hash.js';
import type { RecordLevel } from '../run/levels.js';
import { firstOperands, type Operand } from '../run/operands.js';
import { planSteps, runPair, stressStart, type Pair, type PairOptions, type Recording, type StripCounter } from '../run/pair.js';
import type { Comparison, ComparisonRun, FixedSide, FloatSide, SiteCounters, Try } from '../schema/comparison.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import { DEFAULT_SEED } from '../plan/build.js';
import type { Dataset } from '../signal/dataset.js';
import { compareCommand } from './command.js';
import { prepare, type Prepared, type RunOptions, type Variant } from './prepare.js';
import { candidates, type Candidate } from './prescribe.js';
import { leastSquares, weightError, type Reference } from './reference.js';
import { thresholds, VERDICTS, type Thresholds, type VerdictName } from './thresholds.js';
import { figure, percent } from './figure.js';
import { concernsOfAll, rangesOf } from '../plan/concerns.js';
import { flagsOf } from './flags.js';
import { firstOverflow, judge, latePressure, type Judged } from './verdict.js';

export interface CompareOptions extends RunOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  /** Whether prescriptions are looked for and tried; default true. */
  readonly tries?: boolean | undefined;
  /** Losses part where they differ by more than this share; default 0.1. */
  readonly parting?: number | undefined;
  /** What is recorded at the target's sites; default `counts`. `full` adds histograms, mean rounding errors, strips and the operands of first overflows. Never changes a bit. */
  readonly record?: Exclude<RecordLevel, 'off'> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
  /** Called before each run; what it returns sees every step of it. */
  readonly trace?: ((variant: Variant, dataset: Dataset) => PairOptions['onStep']) | undefined;
}

/** Prescriptions shown for one run, and tried at the most. */
const SHOWN = 3;
const TRIED = 8;

/**
 * Compares float64 with the target.
 *
 * @returns the published result, `schema/comparison.schema.json`
 * @throws QrailsError for input that cannot be run; an AbortError where `signal` was raised
 * @example
 * const { runs } = await compare({ experiment: 'exp-000c', profile: 'enabol-tight', throttle: ['none', 'gt0/secant'] });
 * runs[1].verdict.fixed // 'dead zone'
 */
export async function compare(options: CompareOptions = {}): Promise<Comparison> {
  const prepared = await prepare(options);
  const { experiment, profile, sensor, variants } = prepared;
  const limits = thresholds(experiment.verdict);
  const runs: ComparisonRun[] = [];
  let stripFrom: readonly number[] = [];
  for (const [index, variant] of variants.entries()) {
    const what = `${variant.throttle}, anchor ${variant.anchor}`;
    const steps = planSteps(variant.plan);
    const onStep = options.trace?.(variant, prepared.dataset);
    const pair = await runPair(variant.plan, prepared.dataset, {
      build: options.build, parting: options.parting, signal: options.signal, onStep, record: options.record,
      onProgress: (done) => options.onProgress?.(index * steps + done, variants.length * steps, what),
    });
    const result = judgePair(pair, limits);
    const tries = options.tries === false ? [] : await tryAll(options, prepared, variant, pair, result, limits);
    const operands = options.record === 'full' ? await firstOperands(variant.plan, prepared.dataset, pair.fixed.counters, options.build) : {};
    stripFrom = pair.fixed.strip?.from ?? [];
    runs.push(describe(variant, profile, pair, result, tries, operands));
  }
  const [{ plan }] = variants as [Variant];
  return {
    comparison: 1,
    plan: {
      hash: hashJson(variants.map(({ hash }) => hash)),
      experiment: experiment.name,
      title: experiment.title ?? experiment.name,
      profile: profile.name,
      sensor: sensor.name,
      supervisor: variants[0]!.plan.supervisor.law,
      seed: experiment.seed ?? DEFAULT_SEED,
      steps: planSteps(plan),
      stressFrom: stressStart(plan),
      recorder: { level: options.record ?? 'counts', stripFrom: [...stripFrom] },
    },
    runs,
    concerns: concernsOfAll(variants.map((variant) => variant.plan), profile, rangesOf(prepared.dataset)),
  };
}

export interface PairVerdict {
  readonly float: Judged;
  readonly fixed: Judged;
  readonly reference: Reference | undefined;
}

/** Both sides' verdicts. */
export function judgePair(pair: Pair, limits: Thresholds): PairVerdict {
  const reference = leastSquares(pair.plan, pair.evaluation);
  const float = judge(pair.float, reference?.loss, limits);
  const fixed = judge(pair.fixed, reference?.loss, limits, { ...float, loss: Math.min(pair.float.finalLoss, pair.float.recorder.late.meanLoss) });
  return { float, fixed, reference };
}

/** Runs each candidate and keeps those that help: a better verdict, a final loss a fifth lower, half the weight error where the loss is zero, or half the worst loss. */
async function tryAll(options: CompareOptions, prepared: Prepared, variant: Variant, pair: Pair, verdict: PairVerdict, limits: Thresholds): Promise<Try[]> {
  const found: (Try & { rank: number; cost: number })[] = [];
  const before = outcome(pair, verdict);
  for (const candidate of candidates(pair, verdict).slice(0, TRIED)) {
    const changed: RunOptions = {
      ...options,
      throttle: [candidate.throttle ?? variant.throttle],
      anchor: [candidate.anchor ?? variant.anchor],
      set: [...(options.set ?? []), ...(candidate.set ?? [])],
    };
    let after: Outcome;
    try {
      const [{ plan }] = (await prepare(changed, prepared.dataset)).variants as [Variant];
      const next = await runPair(plan, prepared.dataset, { build: options.build, signal: options.signal });
      after = outcome(next, judgePair(next, limits));
    } catch (error) {
      if (error instanceof Error && error.name === 'QrailsError') continue; // a change this target or data does not allow
      throw error;
    }
    const effect = describeEffect(before, after);
    if (effect === undefined) continue;
    found.push({
      why: candidate.why,
      change: changeOptions(candidate),
      command: command(options, variant, candidate, prepared.experiment.anchor?.law),
      effect,
      before: finiteOutcome(before),
      after: finiteOutcome(after),
      rank: VERDICTS.indexOf(after.verdict),
      cost: candidate.set?.length ?? 0,
    });
  }
  // Best verdict first, then the smallest change; a larger change is shown only if it ends clearly better than a smaller one.
  const loss = ({ after }: Try): number => after.finalLoss ?? Infinity;
  const sorted = found.sort((a, b) => a.rank - b.rank || a.cost - b.cost || loss(a) - loss(b));
  return sorted
    .filter((one, index) => !sorted.slice(0, index).some((other) => other.cost <= one.cost && other.cost > 0 && one.cost > 0 && loss(other) <= 2 * loss(one)))
    .slice(0, SHOWN)
    .map(({ rank: _, cost: __, ...shown }) => shown);
}

interface Outcome {
  readonly verdict: VerdictName;
  readonly finalLoss: number;
  readonly maxLoss: number;
  /** NaN where there is no reference. */
  readonly weightError: number;
}

function outcome(pair: Pair, { fixed, reference }: PairVerdict): Outcome {
  return {
    verdict: fixed.verdict,
    finalLoss: pair.fixed.finalLoss,
    maxLoss: pair.fixed.recorder.maxLoss,
    weightError: reference ? weightError(pair.plan, reference, pair.fixed.parameters[0]!) : NaN,
  };
}

const finiteOutcome = ({ verdict, finalLoss, maxLoss, weightError: error }: Outcome): Try['after'] => ({
  verdict, finalLoss: finite(finalLoss), maxLoss: finite(maxLoss), weightError: finite(error),
});

/** What a change did, or undefined where it did not help. */
function describeEffect(before: Outcome, after: Outcome): string | undefined {
  const better = VERDICTS.indexOf(after.verdict) - VERDICTS.indexOf(before.verdict);
  if (better > 0) return undefined;
  const parts: string[] = [];
  if (better < 0) parts.push(`${before.verdict} → ${after.verdict}`);
  if (after.finalLoss < before.finalLoss && after.finalLoss <= 0.8 * before.finalLoss) parts.push(`final loss ${figure(before.finalLoss)} → ${figure(after.finalLoss)}`);
  // Where the loss is below its own last place, only the weights can tell.
  if (before.finalLoss === 0 && after.finalLoss === 0 && after.weightError <= 0.5 * before.weightError) {
    parts.push(`weight error ${figure(before.weightError)} → ${figure(after.weightError)}`);
  }
  if (after.maxLoss <= 0.5 * before.maxLoss && after.finalLoss <= 1.25 * before.finalLoss) parts.push(`worst loss ${figure(before.maxLoss)} → ${figure(after.maxLoss)}`);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function changeOptions({ throttle, anchor, set }: Candidate): string[] {
  return [...(throttle === undefined ? [] : [`--throttle ${throttle}`]), ...(anchor === undefined ? [] : [`--anchor ${anchor}`]), ...(set ?? []).map((assignment) => `--set ${assignment}`)];
}

/** The command that runs a variant with a change and nothing else, from the options the comparison was made with. */
const command = (options: RunOptions, variant: Variant, candidate: Candidate, ownAnchor: AnchorLaw = 'none'): string => compareCommand({
  ...options, throttle: candidate.throttle ?? variant.throttle,
  anchor: candidate.anchor ?? (variant.anchor === 'none' && ownAnchor === 'none' ? undefined : variant.anchor),
  set: [...(options.set ?? []), ...(candidate.set ?? [])],
});

/** A number, or null where it is not finite, as JSON has none. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function describe(variant: Variant, profile: Profile, pair: Pair, { float, fixed, reference }: PairVerdict, tries: Try[], operands: Record<string, Operand[]>): ComparisonRun {
  const { plan } = variant;
  const sideFloat = describeSide(plan, pair.float, reference);
  const sideFixed: FixedSide = {
    ...describeSide(plan, pair.fixed, reference),
    finalLossRaw: String(pair.fixed.finalLossRaw),
    trapped: pair.fixed.trapped ?? null,
    ...shapedRaw(plan, pair.fixed.parametersRaw!),
    sites: Object.fromEntries(
      Object.entries(pair.fixed.counters).map(([key, counters]) => [
        key,
        {
          ...describeCounters(counters, plan.sites[key]!, operands[key]),
          latePressure: latePressure(pair.fixed, key), stalledSteps: counters.stalled, full: describeFull(counters, pair.fixed.strip?.sites[key]),
        },
      ]),
    ),
    targets: describeCounters(pair.fixed.targetCounters!, plan.sites['target']!),
  };
  return {
    planHash: variant.hash,
    throttle: variant.throttle,
    anchor: variant.anchor,
    float: sideFloat,
    fixed: sideFixed,
    ...flagsOf(profile, pair.fixed),
    difference: {
      lossRatio: Number.isFinite(pair.float.finalLoss) ? finite(pair.fixed.finalLoss / pair.float.finalLoss) : null,
      weightSqnrDb: weightSqnr(pair),
      partedAt: pair.partedAt,
    },
    verdict: { float: float.verdict, fixed: fixed.verdict, why: explain(pair, float, fixed), try: tries },
  };
}

function explain(pair: Pair, float: Judged, fixed: Judged): string[] {
  const why = [...float.why.map((text) => `float64: ${text}`), ...fixed.why.map((text) => `fixed: ${text}`)];
  for (const [side, { recorder: { rejectedSteps, steps } }] of [['float64', pair.float], ['fixed', pair.fixed]] as const) {
    if (rejectedSteps > 0) why.push(`${side}: the supervisor took back ${percent(rejectedSteps / steps)} of the steps`);
  }
  const first = firstOverflow(pair.fixed);
  if (first) {
    const { rails } = pair.plan.sites[first.key]!;
    const rail = first.wanted > BigInt(rails[1]) ? 'upper' : 'lower';
    why.push(`fixed: ${first.key} met its ${rail} rail first, at step ${first.step} (raw ${first.raw}, wanted ${first.wanted})`);
  }
  if (pair.fixed.targetCounters && pair.fixed.targetCounters.overflowHigh + pair.fixed.targetCounters.overflowLow > 0) {
    const { count, overflowHigh, overflowLow } = pair.fixed.targetCounters;
    why.push(`fixed: ${overflowHigh + overflowLow} of ${count} targets do not fit their format (${formatName(pair.plan.sites['target']!)})`);
  }
  return why;
}

function describeSide(plan: Plan, { recorder, finalLoss, parameters }: Recording, reference: Reference | undefined): FloatSide {
  const alpha = recorder.alpha();
  const { curve } = recorder;
  const list = (values: Float64Array): (number | null)[] => Array.from(values, finite);
  return {
    steps: recorder.steps,
    finite: recorder.finite,
    divergedAt: recorder.divergedAt,
    finalLoss: finite(finalLoss),
    maxLoss: finite(recorder.maxLoss),
    maxLossAt: recorder.maxLossAt,
    meanLoss: finite(recorder.meanLoss),
    alpha: alpha ? { first: finite(alpha.first), median: finite(alpha.median), last: finite(alpha.last), min: finite(alpha.min), max: finite(alpha.max) } : null,
    stalledSteps: recorder.stalledSteps,
    zeroUpdateSteps: recorder.zeroUpdateSteps,
    stillFrom: recorder.stillFrom,
    infeasibleSteps: recorder.infeasibleSteps,
    rejectedSteps: recorder.rejectedSteps,
    events: recorder.events,
    eventSteps: [...recorder.eventSteps],
    weightError: reference ? finite(weightError(plan, reference, parameters[0]!)) : null,
    finalWeights: shaped(plan, parameters, finite).weights,
    finalBiases: shaped(plan, parameters, finite).biases,
    curve: { min: list(curve.min), max: list(curve.max), last: list(curve.last) },
  };
}

/** Flat parameters of each layer as [layer][output][input] and [layer][output]. */
function shaped<T>(plan: Plan, parameters: readonly (readonly number[])[], convert: (value: number) => T): { weights: T[][][]; biases: T[][] } {
  const weights = plan.layers.map(({ inputs, outputs }, layer) =>
    Array.from({ length: outputs }, (_, o) => parameters[layer]!.slice(o * inputs, (o + 1) * inputs).map(convert)),
  );
  const biases = plan.layers.map(({ inputs, outputs }, layer) => parameters[layer]!.slice(inputs * outputs).map(convert));
  return { weights, biases };
}

function shapedRaw(plan: Plan, raw: readonly (readonly number[])[]): Pick<FixedSide, 'finalWeightsRaw' | 'finalBiasesRaw'> {
  const { weights, biases } = shaped(plan, raw, String);
  return { finalWeightsRaw: weights, finalBiasesRaw: biases };
}

function describeCounters(counters: Counters, format: SiteFormat, operands?: readonly Operand[]): FixedSide['targets'] {
  const { count, overflowHigh, overflowLow, underflow, nearRail, min, max, firstOverflow: first } = counters;
  const real = (raw: bigint | undefined): number | null => (raw === undefined ? null : rawToReal(raw, format.fractionLength));
  return {
    format: formatName(format), count, overflowHigh, overflowLow, underflow, nearRail, min: real(min), max: real(max),
    firstOverflow: first
      ? {
          step: first.step, element: first.element, index: first.index, wanted: String(first.wanted), raw: String(first.raw),
          ...(operands && { operands: operands.map(({ name, raw, value }) => ({ name, ...(raw !== undefined && { raw: String(raw) }), value })) }),
        }
      : null,
  };
}

function describeFull({ full, count }: Counters, strip: Record<StripCounter, number[]> | undefined): SiteCounters['full'] {
  if (!full || !strip) return null;
  return { histogram: full.histogram.slice(0, full.histogram.findLastIndex((n) => n > 0) + 1), meanError: count > 0 ? full.errorSum / count : 0, strip };
}

/** 10·log10(Σw² / Σ(w − w_fixed)²) over all parameters, in dB. */
function weightSqnr({ float, fixed }: Pair): number | null {
  let signal = 0;
  let noise = 0;
  float.parameters.forEach((layer, l) =>
    layer.forEach((value, k) => {
      signal += value * value;
      noise += (value - fixed.parameters[l]![k]!) ** 2;
    }),
  );
  return finite(10 * Math.log10(signal / noise));
}
