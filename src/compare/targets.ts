/** Runs the same learner on several targets and says where they part. */
import type { Build } from '../core/load.js';
import { resolve } from '../document/catalogue.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { loadProfile } from '../profile/load.js';
import { planSteps, runPair, stressStart, type Pair } from '../run/pair.js';
import type { Part as PublishedPart, TargetComparison, TargetParting, TargetRow } from '../schema/targets.js';
import type { Dataset } from '../signal/dataset.js';
import { finite } from './figure.js';
import { flagsOf } from './flags.js';
import { findPartings, type Part, type PartValue, type Side } from './parting.js';
import { prepareFrom, readDocuments, type Prepared, type RunOptions, type Variant } from './prepare.js';
import { elementName } from './stepOrder.js';
import { thresholds } from './thresholds.js';
import { firstOverflow, judgePair, type PairVerdict } from './verdict.js';

/** Targets of one comparison. */
export const FEWEST_TARGETS = 2;
export const MOST_TARGETS = 64;
/** What the reference is called among the targets. */
export const REFERENCE = 'float64';

export interface CompareTargetsOptions extends Omit<RunOptions, 'profile'> {
  /** 2 to 64 shipped names or paths, none of them twice. The first that runs is the base the others are held against. */
  readonly profiles: readonly string[];
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

/** A target with what it can or cannot run. */
interface Candidate {
  readonly given: string;
  readonly name: string;
  readonly title: string;
  readonly prepared?: Prepared;
  readonly refusal?: QrailsError;
}

/** A target that runs, with its result. */
interface Finished extends Candidate {
  readonly prepared: Prepared;
  readonly variant: Variant;
  readonly pair: Pair;
  readonly result: PairVerdict;
}

/**
 * Runs one experiment, with one throttle and one anchor (default the experiment's own), in float64 and on every target, and finds where the targets
 * part: from the base, which is the first of them that runs, and the base from float64.
 *
 * A target that refuses the plan (a batch it cannot take, a constant that does not fit) has a row that says why, and the others run.
 *
 * @returns the published result, `schema/targets.schema.json`
 * @throws QrailsError `usage` for a wrong list of targets or more than one controller; whatever reading a profile throws; the refusal where all
 *   targets refuse; an AbortError where `signal` was raised
 * @example
 * const { targets, parts } = await compareTargets({ profiles: ['enabol-wide', 'enabol-mid'] });
 * parts[1].beyond.site // where mid leaves wide by more than a last place
 */
export async function compareTargets(options: CompareTargetsOptions): Promise<TargetComparison> {
  checkLists(options);
  const candidates = await prepareAll(options);
  const running = candidates.flatMap(({ prepared, ...candidate }) => (prepared ? [{ ...candidate, prepared, variant: prepared.variants.at(-1)! }] : []));
  const [base] = running;
  if (!base) throw allRefuse(candidates);
  const { experiment, sensor, dataset } = base.prepared;
  const { plan } = base.variant;
  const steps = planSteps(plan);
  const passes = running.length + 1;
  const progress = (pass: number, what: string) => (done: number): void => options.onProgress?.(pass * steps + done, passes * steps, what);

  const finished: Finished[] = [];
  for (const [index, target] of running.entries()) {
    const pair = await runPair(target.variant.plan, dataset, { build: options.build, signal: options.signal, onProgress: progress(index, printable(target.name)) });
    finished.push({ ...target, pair, result: judgePair(pair, thresholds(experiment.verdict)) });
  }
  const labels = label(candidates);
  const sides: Side[] = [{ plan, kind: 'float' }, ...running.map(({ variant }) => ({ plan: variant.plan, kind: 'fixed' as const }))];
  const pairs = running.map((_, index): [number, number] => (index === 0 ? [0, 1] : [1, index + 1]));
  const partings = await findPartings(sides, pairs, dataset, { build: options.build, signal: options.signal, onProgress: progress(running.length, 'where they part') });
  const { pair: reference, result } = finished[0]!;
  const nameOf = (given: string): string => labels.get(given)!;
  return {
    targetComparison: 1,
    plan: {
      experiment: experiment.name, title: experiment.title ?? experiment.name, sensor: sensor.name, supervisor: plan.supervisor.law, seed: experiment.seed ?? DEFAULT_SEED, steps,
      stressFrom: stressStart(plan), throttle: base.variant.throttle, anchor: base.variant.anchor,
    },
    reference: {
      finalLoss: finite(reference.float.finalLoss), finite: reference.float.recorder.finite, stalledSteps: reference.float.recorder.stalledSteps,
      verdict: result.float.verdict, why: [...result.float.why],
    },
    targets: candidates.map(({ given, title, refusal }) => {
      const row = { target: nameOf(given), title, given };
      if (refusal) return { ...row, refused: { ...(refusal.parts.where !== undefined && { where: refusal.parts.where }), message: reason(refusal) }, ran: null };
      return { ...row, refused: null, ran: describe(finished.find((one) => one.given === given)!, reference.float.finalLoss) };
    }),
    parts: partings.map(({ first, beyond, steps: compared }, index): TargetParting => ({
      base: index === 0 ? REFERENCE : nameOf(base.given), target: nameOf(running[index]!.given), first: published(first), beyond: published(beyond), steps: compared,
    })),
  };
}

/** Refuses lists that are not 2 to 64 different targets, or more than one controller. */
function checkLists({ profiles, throttle = [], anchor = [], directory }: CompareTargetsOptions): void {
  if (profiles.length < FEWEST_TARGETS || profiles.length > MOST_TARGETS) {
    throw new QrailsError({ code: 'usage', where: '--profile', message: 'a wrong number of targets', found: String(profiles.length), expected: `${FEWEST_TARGETS} to ${MOST_TARGETS} names or paths` });
  }
  const seen = new Map<string, string>();
  for (const given of profiles) {
    const { path } = resolve('profile', given, directory);
    const before = seen.get(path);
    if (before !== undefined) {
      throw new QrailsError({
        code: 'usage', where: '--profile', message: 'a target is named twice', found: before === given ? printable(given) : `${printable(before)} and ${printable(given)}, the same file`, expected: 'every target once',
      });
    }
    seen.set(path, given);
  }
  for (const [option, list] of [['--throttle', throttle], ['--anchor', anchor]] as const) {
    if (list.length > 1) throw new QrailsError({ code: 'usage', where: option, message: 'several targets are compared under one controller', found: printable(list.join(',')), expected: 'one name', try: `${option} ${printable(list[0]!)}` });
  }
}

/** Reads every document once, and makes the plans of the targets that can run the experiment. */
async function prepareAll({ profiles, ...options }: CompareTargetsOptions): Promise<Candidate[]> {
  const documents = await readDocuments({ ...options, profile: profiles[0] });
  const loaded = [documents.profile];
  for (const given of profiles.slice(1)) loaded.push(await loadProfile(given, options.directory));
  const candidates: Candidate[] = [];
  let dataset: Dataset | undefined;
  for (const [index, profile] of loaded.entries()) {
    const { name, title = name } = profile.value;
    const one = { given: profiles[index]!, name, title };
    try {
      const prepared = await prepareFrom({ ...documents, profile }, options, dataset);
      dataset = prepared.dataset;
      candidates.push({ ...one, prepared });
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
      candidates.push({ ...one, refusal: error });
    }
  }
  return candidates;
}

/** The error where no target runs: the common one, or all of them. */
function allRefuse(candidates: readonly Candidate[]): QrailsError {
  const refusals = candidates.map(({ refusal }) => refusal!);
  const [first] = refusals as [QrailsError];
  if (refusals.every(({ message }) => message === first.message)) return first;
  return new QrailsError({ code: first.code, message: 'no target can run this', found: candidates.map(({ name, refusal }) => `${printable(name)}: ${reason(refusal!)}`).join('; '), expected: 'one that can' });
}

/** Why, on one line. */
function reason({ parts: { message, found, expected } }: QrailsError): string {
  return [message, ...(found === undefined ? [] : [`found ${found}`]), ...(expected === undefined ? [] : [`expected ${expected}`])].join(', ');
}

/** What each target is called: by its name, or as it was given where another has the same name. */
function label(candidates: readonly Candidate[]): Map<string, string> {
  const unique = (name: string): boolean => name !== REFERENCE && candidates.filter((other) => other.name === name).length === 1;
  return new Map(candidates.map(({ given, name }) => [given, unique(name) ? name : given]));
}

function describe({ variant: { plan, hash }, prepared: { profile }, pair: { fixed }, result }: Finished, referenceLoss: number): NonNullable<TargetRow['ran']> {
  const overflow = firstOverflow(fixed);
  return {
    planHash: hash,
    weight: formatName(plan.sites['layer0.weight']!),
    accumulator: formatName(plan.sites['layer0.accumulator']!),
    finalLoss: finite(fixed.finalLoss),
    finalLossRaw: String(fixed.finalLossRaw),
    lossRatio: Number.isFinite(referenceLoss) ? finite(fixed.finalLoss / referenceLoss) : null,
    verdict: result.fixed.verdict,
    why: [...result.fixed.why],
    firstOverflow: overflow
      ? { site: overflow.key, step: overflow.step, element: overflow.element, name: elementName(plan, overflow.key, overflow.element), wanted: String(overflow.wanted), raw: String(overflow.raw) }
      : null,
    steps: fixed.recorder.steps,
    stalledSteps: fixed.recorder.stalledSteps,
    trapped: fixed.trapped ?? null,
    ...flagsOf(profile, fixed),
  };
}

const value = (one: PartValue): PublishedPart['base'] => ({ ...(one.raw !== undefined && { raw: String(one.raw) }), value: finite(one.value) });

function published(part: Part | undefined): PublishedPart | null {
  if (!part) return null;
  const { site, step = null, element, index, name, lastPlace, base, target, operands, operandCount } = part;
  return {
    site, step, element, index, name, lastPlace, base: value(base), target: value(target),
    operands: operands.map((operand) => ({ name: operand.name, base: value(operand.base), target: value(operand.target) })), operandCount,
  };
}
