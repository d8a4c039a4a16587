/** Runs the same comparison under many seeds: medians with intervals, and controllers against each other seed by seed. docs/seeds.md. */
import type { Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { hashJson } from '../plan/hash.js';
import { planSteps, runPair, stressStart, type Recording } from '../run/pair.js';
import type { PairedSide, SeedComparison, SeedMedian, SeedRun, SeedSide } from '../schema/seeds.js';
import type { Dataset } from '../signal/dataset.js';
import { geometricMean, LEVEL, medianCoverage, medianInterval, medianRanks, REPLICATES, resamplingStream, type MedianInterval } from './bootstrap.js';
import { finite } from './figure.js';
import { judgePair } from './verdict.js';
import { prepareFrom, readDocuments, type Prepared, type RunOptions, type Variant } from './prepare.js';
import { weightError } from './reference.js';
import { shareInterval, signTest } from './seedsCount.js';
import { DRAWN, SEED_MEASURE_NAMES, SEED_MEASURES, type Drawn, type SeedMeasureName } from './seedsMeasures.js';
import { thresholds, VERDICTS, type VerdictName } from './thresholds.js';

/** Seeds of one comparison. */
export const FEWEST_SEEDS = 2;
export const MOST_SEEDS = 10_000;
export const ONE_SEED = 'one seed has no spread to make an interval of';
const LAST_SEED = 2 ** 32 - 1;

export interface CompareSeedsOptions extends RunOptions {
  /** Seeds, 2 to 10 000, one after the other from `seed` (default the experiment's). */
  readonly seeds: number;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

/** What is kept of one side: one entry a seed. */
type Values = { verdict: VerdictName[] } & Record<SeedMeasureName, number[]>;
type Side = 'float' | 'fixed';

/** One combination of controllers under every seed. */
interface Column extends Record<Side, Values> {
  readonly throttle: string;
  readonly anchor: string;
  readonly hashes: string[];
}

/**
 * Compares float64 with the target under many seeds, for every combination of controllers, without prescriptions. Each seed draws data, initial
 * weights, order, noise and random bits anew, as far as the experiment draws them; runs of the same seed see the same draw, and are paired.
 *
 * @returns the published result, `schema/seeds.schema.json`, with the values of every seed
 * @throws QrailsError `usage` for a wrong number of seeds, a seed that is set, or an experiment in which a seed draws nothing; for input that cannot be
 *   run, naming the seed where it is not the first; an AbortError where `signal` was raised
 * @example
 * const { runs, against } = await compareSeeds({ experiment: 'exp-000c', seeds: 100 });
 * runs[1].fixed.medians.finalLoss // { median, low, high }
 * against[0].fixed.betterShare.share // of the seeds in which the throttle ended lower
 */
export async function compareSeeds(options: CompareSeedsOptions): Promise<SeedComparison> {
  const { seeds, signal } = options;
  const documents = await readDocuments(options);
  const first = options.seed ?? documents.experiment.value.seed ?? DEFAULT_SEED;
  checkSeeds(seeds, first);
  const columns: Column[] = [];
  let begun: Prepared | undefined;
  for (let index = 0; index < seeds; index++) {
    const seed = first + index;
    // A recording is the same under every seed.
    const reuse: Dataset | undefined = begun && begun.experiment.data.kind !== 'teacher' ? begun.dataset : undefined;
    try {
      const prepared = await prepareFrom(documents, { ...options, seed }, reuse);
      checkDraws(prepared, seed);
      const { variants } = prepared;
      if (!begun) columns.push(...variants.map(({ throttle, anchor }) => ({ throttle, anchor, hashes: [], float: emptyValues(), fixed: emptyValues() })));
      begun ??= prepared;
      for (const [k, variant] of variants.entries()) {
        const steps = planSteps(variant.plan);
        const before = (index * variants.length + k) * steps;
        const progress = (done: number): void => options.onProgress?.(before + done, seeds * variants.length * steps, `seed ${index + 1} of ${seeds}`);
        await runInto(columns[k]!, variant, prepared, { ...options, onProgress: progress });
        progress(steps);
      }
    } catch (error) {
      throw index === 0 ? error : atSeed(error, seed);
    }
    // Runs may be too short to look up by themselves: lets a Ctrl-C be heard.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return summarise(begun!, columns, first, seeds);
}

/** Refuses what is no number of seeds, or goes past the last seed there is. */
function checkSeeds(seeds: number, first: number): void {
  if (!Number.isInteger(seeds) || seeds < FEWEST_SEEDS || seeds > MOST_SEEDS) {
    throw new QrailsError({
      code: 'usage', where: '--seeds', message: seeds === 1 ? ONE_SEED : 'a wrong number of seeds', found: String(seeds), expected: `${FEWEST_SEEDS} to ${MOST_SEEDS}`,
    });
  }
  if (first + seeds - 1 > LAST_SEED) {
    throw new QrailsError({ code: 'usage', where: '--seed, --seeds', message: 'the seeds go past the last there is', found: `${first} to ${first + seeds - 1}`, expected: `seeds up to ${LAST_SEED}` });
  }
}

/** Refuses seeds that change nothing: N equal runs would make an interval of no width out of one. */
function checkDraws(prepared: Prepared, seed: number): void {
  if (prepared.experiment.seed !== seed) {
    throw new QrailsError({ code: 'usage', where: '--set', message: 'sets the seed that --seeds counts up', found: `experiment.seed=${prepared.experiment.seed}`, expected: 'the first seed as --seed' });
  }
  if (drawn(prepared).length > 0) return;
  throw new QrailsError({
    code: 'usage', where: '--seeds', message: 'a seed draws nothing in this experiment: every run would be the same',
    found: 'a recording in file order, given initial weights, no noise, no stochastic rounding', expected: `one of: ${Object.values(DRAWN).join(', ')}`, try: '--set experiment.order=shuffled',
  });
}

/** What a seed draws. */
function drawn({ experiment, variants }: Prepared): Drawn[] {
  const { initial = { kind: 'glorot' as const } } = experiment.model;
  const [{ plan }] = variants as [Variant];
  const { noise, gain = [], offset = [], supply } = plan.sensor;
  const sources: Record<Drawn, boolean> = {
    data: experiment.data.kind === 'teacher',
    weights: initial.kind === 'glorot' && initial.scale !== 0,
    order: plan.order === 'shuffled',
    noise: plan.phases.some(({ sensor }) => sensor) && ((noise?.standardDeviation ?? 0) > 0 || [...gain, ...offset, ...(supply?.terms ?? [])].some(({ kind }) => kind === 'randomWalk')),
    rounding: Object.values(plan.sites).some(({ rounding }) => (ROUNDING[rounding] as RoundingMode).random !== undefined),
  };
  return (Object.keys(DRAWN) as Drawn[]).filter((name) => sources[name]);
}

/** The same error, naming the seed it came with. */
function atSeed(error: unknown, seed: number): unknown {
  if (!(error instanceof QrailsError)) return error;
  const { where, ...parts } = error.parts;
  return new QrailsError({ ...parts, where: where === undefined ? `seed ${seed}` : `seed ${seed}, ${where}` });
}

const emptyValues = (): Values => ({ verdict: [], ...(Object.fromEntries(SEED_MEASURE_NAMES.map((name) => [name, []])) as unknown as Record<SeedMeasureName, number[]>) });

/** Runs one combination under one seed and keeps its measures. */
async function runInto(column: Column, { plan, hash }: Variant, { experiment, dataset }: Prepared, { build, signal, onProgress }: { build?: Build | undefined; signal?: AbortSignal | undefined; onProgress: (done: number) => void }): Promise<void> {
  const pair = await runPair(plan, dataset, { build, signal, onProgress });
  const { float, fixed, reference } = judgePair(pair, thresholds(experiment.verdict));
  const keep = (values: Values, recording: Recording, verdict: VerdictName): void => {
    const error = reference ? weightError(plan, reference, recording.parameters[0]!) : NaN;
    const lost = reference !== undefined && !Number.isFinite(error);
    values.verdict.push(verdict);
    for (const name of SEED_MEASURE_NAMES) values[name].push(SEED_MEASURES[name].of(recording, lost ? Infinity : error));
  };
  column.hashes.push(hash);
  keep(column.float, pair.float, float.verdict);
  keep(column.fixed, pair.fixed, fixed.verdict);
}

/** Values of a measure as they are ranked: +∞ for a run that diverged, and for what is not finite. */
function ranked(values: Values, name: SeedMeasureName): number[] {
  const { unbounded } = SEED_MEASURES[name];
  return values[name].map((value, index) => (Number.isFinite(value) && !(unbounded && values.verdict[index] === 'diverged') ? value : Infinity));
}

/** Ratio of two losses, 0 to ∞: 1 where both are infinite, or both zero. */
const ratioOf = (loss: number, base: number): number => (loss === base ? 1 : loss / base);

const published = ({ median, low, high }: MedianInterval): SeedMedian => ({ median: finite(median), low: finite(low), high: finite(high) });

function summarise({ experiment, profile, sensor, variants, ...begun }: Prepared, columns: readonly Column[], first: number, seeds: number): SeedComparison {
  const hash = hashJson(Array.from({ length: seeds }, (_, index) => columns.map(({ hashes }) => hashes[index]!)).flat());
  const ranks = medianRanks(seeds, resamplingStream(hash));
  const [{ plan }] = variants as [Variant];
  const losses = columns.map(({ float, fixed }) => ({ float: ranked(float, 'finalLoss'), fixed: ranked(fixed, 'finalLoss') }));
  return {
    seedComparison: 1,
    plan: {
      hash, experiment: experiment.name, title: experiment.title ?? experiment.name, profile: profile.name, sensor: sensor.name, supervisor: plan.supervisor.law, first, seeds,
      drawn: drawn({ experiment, profile, sensor, variants, ...begun }), steps: planSteps(plan), stressFrom: stressStart(plan),
    },
    bootstrap: { replicates: REPLICATES, level: LEVEL, coverage: medianCoverage(seeds, ranks) },
    runs: columns.map(({ throttle, anchor, float, fixed, hashes }, k): SeedRun => ({
      throttle, anchor, float: side(float, ranks), fixed: side(fixed, ranks), lossRatio: ratios(losses[k]!.fixed, losses[k]!.float, ranks), planHashes: hashes,
    })),
    against: columns.slice(1).map(({ throttle, anchor }, k) => ({
      throttle, anchor, float: pairBySeed(losses[k + 1]!.float, losses[0]!.float, ranks), fixed: pairBySeed(losses[k + 1]!.fixed, losses[0]!.fixed, ranks),
    })),
  };
}

function side(values: Values, ranks: Uint32Array): SeedSide {
  const { verdict } = values;
  const perMeasure = <T>(of: (name: SeedMeasureName) => T): Record<SeedMeasureName, T> => Object.fromEntries(SEED_MEASURE_NAMES.map((name) => [name, of(name)])) as Record<SeedMeasureName, T>;
  return {
    verdicts: Object.fromEntries(VERDICTS.map((name) => {
      const count = verdict.filter((one) => one === name).length;
      return [name, { count, ...shareInterval(count, verdict.length) }];
    })) as SeedSide['verdicts'],
    medians: perMeasure((name) => (values[name].every(Number.isNaN) ? null : published(medianInterval(ranked(values, name), ranks)))),
    values: { verdict, ...perMeasure((name) => values[name].map(finite)) },
  };
}

const ratios = (losses: readonly number[], bases: readonly number[], ranks: Uint32Array): SeedMedian =>
  published(medianInterval(losses.map((loss, index) => ratioOf(loss, bases[index]!)), ranks, geometricMean));

/**
 * One run against another, both with a final loss for every seed in the same order.
 *
 * @param losses without NaN; +∞ for a run that diverged
 * @param bases of the run it is held against
 * @param ranks of `medianRanks` for as many seeds
 */
export function pairBySeed(losses: readonly number[], bases: readonly number[], ranks: Uint32Array): PairedSide {
  const better = losses.filter((loss, index) => loss < bases[index]!).length;
  const ties = losses.filter((loss, index) => loss === bases[index]!).length;
  const worse = losses.length - better - ties;
  return { ratio: ratios(losses, bases, ranks), better, ties, worse, betterShare: shareInterval(better + ties / 2, losses.length), signTest: signTest(better, worse) };
}
