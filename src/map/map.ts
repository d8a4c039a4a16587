/** A stability map: one run for each cell of two axes, for each throttle. */
import { prepareFrom, readDocuments, type Documents, type Prepared, type RunOptions } from '../compare/prepare.js';
import { leastSquares } from '../compare/reference.js';
import { thresholds } from '../compare/thresholds.js';
import { loadCore, type Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { hashJson } from '../plan/hash.js';
import { planSteps } from '../run/pair.js';
import { STABILITY_LIMIT, type MapCell, type MapThrottle, type StabilityMap } from '../schema/map.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { FEWEST_VALUES, MOST_VALUES, parseAxis, type Axis } from './axis.js';
import { runCell } from './cell.js';
import { drawnWeights, spreadOf, withWeights } from './draws.js';
import { stabilityMargin } from './theory.js';

export const DEFAULT_MAP_EXPERIMENT = 'exp-001';
/** Of the learning rate of the last phase, and of the sensor's first gain: the axes of ENABOL EXP-001. */
const DEFAULT_SPREAD = { x: 'log:0.01:1.99526231497:41', y: 'log:1:4:41' } as const;
/** Maps of other initial weights at the most. */
export const MOST_DRAWS = 1000;

export interface MapOptions extends RunOptions {
  /** Axis across, as `parseAxis` takes it. Default 41 learning rates of the last phase from 10^-2 to 10^0.3. */
  readonly x?: string | undefined;
  /** Axis upwards. Default 41 values of the sensor's first gain from 1 to 4. */
  readonly y?: string | undefined;
  /** Values on both axes, in place of what they state. */
  readonly grid?: number | undefined;
  /** Run float64 in place of the target; default false. */
  readonly float?: boolean | undefined;
  /** So many more maps, each with other initial weights; default 0. */
  readonly draws?: number | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

/** A run looks up when it has taken so many samples and so much time. */
const LOOK_SAMPLES = 4096;
const LOOK_MS = 50;

/** Codes of errors that say a target cannot run a plan, not that what was asked for makes no sense. */
const REFUSALS: readonly string[] = ['format', 'unsupported'];
const isRefusal = (error: unknown): error is QrailsError => error instanceof QrailsError && REFUSALS.includes(error.code);

interface Setting {
  readonly documents: Documents;
  readonly options: RunOptions;
  readonly axes: { readonly x: Axis; readonly y: Axis };
  /** Data of every cell; undefined where an axis changes them. */
  readonly dataset: Dataset | undefined;
}

/**
 * Computes a map. Every cell is planned as `compare` with the same `set` plans it, so its loss has the same bits; a cell that blows up is given up.
 * Cells a target refuses (a constant that does not fit its format) are counted apart.
 *
 * @returns the published result, `schema/map.schema.json`
 * @throws QrailsError `usage` for axes or counts that make no map; whatever planning a cell throws that is no refusal; the refusal where
 *   every cell is refused; an AbortError where `signal` was raised
 * @example
 * const { throttles } = await stabilityMap({ float: true, grid: 21 });
 * throttles[0].divergedShare // of the cells, without a controller
 */
export async function stabilityMap(options: MapOptions = {}): Promise<StabilityMap> {
  const { grid, draws = 0, anchor } = options;
  checkCount('--grid', grid ?? FEWEST_VALUES, FEWEST_VALUES, MOST_VALUES);
  checkCount('--draws', draws, 0, MOST_DRAWS);
  if (anchor !== undefined && anchor.length !== 1) throw new QrailsError({ code: 'usage', where: '--anchor', message: 'a map has one anchor', found: printable(anchor.join(',')), expected: 'one name' });
  const run: RunOptions = options.experiment === undefined && options.data === undefined ? { ...options, experiment: DEFAULT_MAP_EXPERIMENT } : options;
  const documents = await readDocuments(run);
  const { value: stated } = documents.experiment;
  const axes = {
    x: parseAxis(options.x ?? `experiment.phases[${stated.phases.length - 1}].learningRate=${DEFAULT_SPREAD.x}`, '--x', grid),
    y: parseAxis(options.y ?? `sensor.gain[0].value=${DEFAULT_SPREAD.y}`, '--y', grid),
  };
  if (axes.x.path === axes.y.path) throw new QrailsError({ code: 'usage', where: '--x, --y', message: 'both vary the same value', found: printable(axes.x.path), expected: 'two paths' });
  const fixing = [...(options.set ?? []), axes.x.path, axes.y.path].find((path) => /^experiment\.model\.initial(\W|$)/.test(path));
  if (draws > 0 && fixing !== undefined) throw new QrailsError({ code: 'usage', where: '--draws', message: 'the initial weights are set already', found: printable(fixing), expected: 'weights that can be drawn' });
  // In float64 every throttle of the reference can be had.
  const planned: RunOptions & { readonly reference: boolean } = { ...run, anchor: anchor ?? [stated.anchor?.law ?? 'none'], reference: options.float === true };
  const setting = await explore({ documents, options: planned, axes, dataset: undefined });

  const { x, y } = axes;
  const perMap = x.values.length * y.values.length;
  const breathe = breather(options, (draws + 1) * perMap);
  const own = await runMap(setting, options, breathe, 'cells');
  const redrawn: RunMap[] = [];
  for (let seed = 1; seed <= draws; seed++) {
    const weights = await drawnWeights(setting, seed);
    redrawn.push(await runMap({ ...setting, documents: withWeights(documents, weights) }, options, breathe, `draw ${seed} of ${draws}`));
  }
  const { prepared } = own;
  const margins = own.margins.flat().filter((margin) => margin !== null);
  return {
    map: 1,
    plan: {
      hash: hashJson([own, ...redrawn].map(({ hashes }) => hashes)),
      experiment: prepared.experiment.name,
      title: prepared.experiment.title ?? prepared.experiment.name,
      profile: prepared.profile.name,
      sensor: prepared.sensor.name,
      supervisor: prepared.variants[0]!.plan.supervisor.law,
      anchor: prepared.variants[0]!.anchor,
      seed: prepared.experiment.seed ?? DEFAULT_SEED,
      steps: own.steps,
      divergedLoss: prepared.variants[0]!.plan.divergedLoss,
    },
    numbers: options.float === true ? 'float64' : 'fixed',
    x: { ...x, values: [...x.values] },
    y: { ...y, values: [...y.values] },
    theory: margins.length === 0 ? null : { limit: STABILITY_LIMIT, share: margins.filter((margin) => margin > STABILITY_LIMIT).length / margins.length, margins: own.margins },
    throttles: own.throttles.map((throttle, index) => ({
      ...throttle,
      draws: draws === 0 ? null : {
        count: draws,
        divergedShare: spreadOf(redrawn.map(({ throttles }) => throttles[index]!.divergedShare)),
        stalledShare: spreadOf(redrawn.map(({ throttles }) => throttles[index]!.stalledShare)),
        each: redrawn.map(({ throttles }, draw) => ({ seed: draw + 1, divergedShare: throttles[index]!.divergedShare, stalledShare: throttles[index]!.stalledShare })),
      },
    })),
  };
}

function checkCount(where: string, count: number, least: number, most: number): void {
  if (Number.isInteger(count) && count >= least && count <= most) return;
  throw new QrailsError({ code: 'usage', where, message: 'a wrong number', found: String(count), expected: `an integer from ${least} to ${most}` });
}

/** Plans the corners, so that what makes no sense is told before a cell is run, and keeps the data where no axis changes them. */
async function explore(setting: Setting): Promise<Setting> {
  const { x, y } = setting.axes;
  const changesData = [x, y].some(({ path }) => /^experiment\.(data|seed)(\W|$)/.test(path));
  let dataset: Dataset | undefined;
  for (const yValue of [y.values[0]!, y.values.at(-1)!]) {
    for (const xValue of [x.values[0]!, x.values.at(-1)!]) {
      try {
        const prepared = await prepareCell({ ...setting, dataset }, xValue, yValue);
        if (!changesData) ({ dataset } = prepared);
      } catch (error) {
        if (!isRefusal(error)) throw blame(error, { x, y });
      }
    }
  }
  return { ...setting, dataset };
}

/** An error of an assignment that an axis made, with the axis in its place. */
function blame(error: unknown, axes: Setting['axes']): unknown {
  if (!(error instanceof QrailsError)) return error;
  const { where = '' } = error.parts;
  const axis = (['x', 'y'] as const).find((name) => where.includes(`--set ${printable(`${axes[name].path}=`)}`) || where.includes(`--set ${axes[name].path}=`));
  return axis === undefined ? error : new QrailsError({ ...error.parts, where: where.replace('--set', `--${axis}`) });
}

export async function prepareCell({ documents, options, axes, dataset }: Setting, x: number, y: number): Promise<Prepared> {
  return prepareFrom(documents, { ...options, set: [...(options.set ?? []), `${axes.x.path}=${x}`, `${axes.y.path}=${y}`] }, dataset);
}

/** Counts cells, tells the progress and lets a Ctrl-C be heard. */
interface Breather {
  /** A cell of a map is begun. */
  begin(what: string): void;
  /** So many samples were taken. */
  readonly took: (samples: number) => Promise<void> | undefined;
}

function breather({ signal, onProgress }: MapOptions, cells: number): Breather {
  let samples = 0;
  let looked = performance.now();
  let done = -1;
  let doing = '';
  const look = async (): Promise<void> => {
    looked = performance.now();
    onProgress?.(done, cells, doing);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  };
  signal?.throwIfAborted();
  return {
    begin(what) {
      done++;
      doing = what;
    },
    took(more) {
      samples += more;
      if (samples < LOOK_SAMPLES) return undefined;
      samples = 0;
      return performance.now() - looked < LOOK_MS ? undefined : look();
    },
  };
}

interface RunMap {
  readonly prepared: Prepared;
  readonly hashes: readonly string[];
  readonly steps: number;
  readonly margins: (number | null)[][];
  readonly throttles: readonly Omit<MapThrottle, 'draws'>[];
}

async function runMap(setting: Setting, { float, build }: MapOptions, breathe: Breather, what: string): Promise<RunMap> {
  const { x, y } = setting.axes;
  const core = await loadCore(build);
  const cells: MapCell[][] = [];
  const hashes: string[] = [];
  let steps = 0;
  let last: Prepared | undefined;
  let refusal: QrailsError | undefined;
  const margins: (number | null)[][] = [];
  for (const yValue of y.values) {
    const row: (number | null)[] = [];
    for (const xValue of x.values) {
      breathe.begin(what);
      let prepared: Prepared;
      try {
        prepared = await prepareCell(setting, xValue, yValue);
      } catch (error) {
        if (!isRefusal(error)) throw blame(error, setting.axes);
        refusal ??= error;
        cells.push([]);
        row.push(null);
        continue;
      }
      last = prepared;
      const { variants, dataset, experiment } = prepared;
      const [evaluation] = deliveries(variants[0]!.plan, dataset, { lastOnly: true });
      const reference = leastSquares(variants[0]!.plan, evaluation!);
      row.push(stabilityMargin(variants[0]!.plan, evaluation!) ?? null);
      const outcomes: MapCell[] = [];
      for (const { plan, hash } of variants) {
        const { stalled, ...outcome } = await runCell(core, float === true ? 'float' : 'fixed', { plan, dataset, reference, limits: thresholds(experiment.verdict) }, breathe.took);
        outcomes.push({ x: xValue, y: yValue, state: outcome.divergedAt !== null ? 'diverged' : stalled ? 'stalled' : 'stable', ...outcome });
        hashes.push(hash);
        steps = Math.max(steps, planSteps(plan));
      }
      cells.push(outcomes);
    }
    margins.push(row);
  }
  if (!last) throw refusal!;
  return {
    prepared: last, hashes, steps, margins,
    throttles: last.variants.map(({ throttle }, index) => {
      const own = cells.map((outcomes, at): MapCell => outcomes[index] ?? {
        x: x.values[at % x.values.length]!, y: y.values[Math.floor(at / x.values.length)]!, state: 'refused', divergedAt: null, finalLoss: null,
      });
      const count = (wanted: MapCell['state']): number => own.filter(({ state }) => state === wanted).length;
      const ran = own.length - count('refused');
      return {
        name: throttle, divergedShare: count('diverged') / ran, stalledShare: count('stalled') / ran,
        refusedShare: count('refused') / own.length, refusal: refusal?.message ?? null, cells: own,
      };
    }),
  };
}
