/** Runs a learner in float64 and on a target, for every combination of controllers, and says how each ended and what would help. */
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
import { tryAtAGlance } from '../prescribe/glance.js';
import { prepareFrom, readDocuments, type RunOptions, type Variant } from './prepare.js';
import { weightError, type Reference } from './reference.js';
import { thresholds } from './thresholds.js';
import { finite, percent } from './figure.js';
import { concernsOfAll, rangesOf } from '../plan/concerns.js';
import { flagsOf } from './flags.js';
import { firstOverflow, judgePair, latePressure, type Judged, type PairVerdict } from './verdict.js';


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
  const documents = await readDocuments(options);
  const prepared = await prepareFrom(documents, options);
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
    const tries = options.tries === false ? [] : await tryAtAGlance({ prepared, variant, pair, judged: result }, { documents, options, build: options.build, signal: options.signal });
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

function describeSide(plan: Plan, { recorder, finalLoss, crossEntropy, parameters }: Recording, reference: Reference | undefined): FloatSide {
  const alpha = recorder.alpha();
  const { curve } = recorder;
  const list = (values: Float64Array): (number | null)[] => Array.from(values, finite);
  return {
    steps: recorder.steps,
    finite: recorder.finite,
    divergedAt: recorder.divergedAt,
    finalLoss: finite(finalLoss),
    ...(crossEntropy !== undefined && { crossEntropy: finite(crossEntropy) }),
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
