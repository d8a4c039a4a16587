/** From names and options to documents, data and plans. */
import { ANCHOR_NAMES, REFERENCE_THROTTLE_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES, type AnchorLaw, type Estimator, type ThrottleLaw } from '../control/registry.js';
import { closest } from '../document/closest.js';
import type { Loaded } from '../document/load.js';
import { applySet } from '../document/set.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { loadExperiment } from '../experiment/load.js';
import { DEFAULT_SEED, draftPlan, type DraftParts } from '../plan/build.js';
import { hashPlan } from '../plan/hash.js';
import { loadProfile } from '../profile/load.js';
import { loadSensor } from '../profile/sensor.js';
import type { AnchorSpec, Experiment, SupervisorSpec, ThrottleSpec } from '../schema/experiment.js';
import type { Plan } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import type { Sensor } from '../schema/sensor.js';
import { loadDataset, type Dataset } from '../signal/dataset.js';
import { createFrontEnd } from '../signal/sensor.js';

/** What is to be run. Everything has a default; without any, gain drift on `enabol-mid`, without and with the throttle. */
export interface RunOptions {
  /** Shipped name or path. Default `exp-000c`, or `stream` where `data` is given. */
  readonly experiment?: string | undefined;
  /** Default the experiment's, else `enabol-mid`. */
  readonly profile?: string | undefined;
  /** Default the experiment's, else `none`. */
  readonly sensor?: string | undefined;
  /** Names as in `THROTTLE_NAMES`. Default `none` and the experiment's. */
  readonly throttle?: readonly string[] | undefined;
  /** Whether throttles that only the reference can run are taken; default false. */
  readonly reference?: boolean | undefined;
  /** Names as in `ANCHOR_NAMES`. Default `none` and the experiment's. */
  readonly anchor?: readonly string[] | undefined;
  /** One name as in `SUPERVISOR_NAMES`. Default the experiment's. */
  readonly supervisor?: string | undefined;
  readonly seed?: number | undefined;
  /** Steps in all. */
  readonly steps?: number | undefined;
  /** `path=value`, applied in order. */
  readonly set?: readonly string[] | undefined;
  /** A CSV recording in place of the experiment's data. */
  readonly data?: { readonly file: string; readonly inputs: readonly string[]; readonly targets: readonly string[] } | undefined;
  /** Where relative paths start; default the working directory. */
  readonly directory?: string | undefined;
}

export const DEFAULT_EXPERIMENT = 'exp-000c';
export const DEFAULT_DATA_EXPERIMENT = 'stream';
export const DEFAULT_PROFILE = 'enabol-mid';
export const DEFAULT_SENSOR = 'none';

/** One plan with the names of its controllers. */
export interface Variant {
  readonly throttle: string;
  readonly anchor: AnchorLaw;
  readonly plan: Plan;
  readonly hash: string;
}

export interface Prepared {
  readonly experiment: Experiment;
  readonly profile: Profile;
  readonly sensor: Sensor;
  readonly dataset: Dataset;
  readonly variants: readonly Variant[];
}

/** Name of a throttle spec: `none`, `gt0/secant`, … */
export function throttleName({ law, estimator }: ThrottleSpec): string {
  return REFERENCE_THROTTLE_NAMES.find((name) => name === (estimator === undefined ? law : `${law}/${estimator}`)) ?? THROTTLE_NAMES.find((name) => name.split('/')[0] === law)!;
}

function known<T extends string>(names: readonly T[], name: string, option: string): T {
  const found = names.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  const near = closest(name, names) ?? names.find((candidate) => candidate.startsWith(`${name}/`));
  throw new QrailsError({
    code: 'usage', where: option, message: 'there is none of this name', found: printable(name), expected: `one of ${names.join(', ')}`,
    ...(near !== undefined && { try: `${option} ${near}` }),
  });
}

/** Parts of an experiment that data and plan are made from: how the places of their faults begin. */
const EXPERIMENT_PLACE = /^(model|data|phases|throttle|anchor|supervisor)\b/;

/** Throws an error of data, sensor or plan again, with the option or file in which its cause was written. */
export function locate(error: unknown, { set = [] }: RunOptions, files: { readonly experiment?: string; readonly sensor: string }): never {
  if (!(error instanceof QrailsError)) throw error;
  const { where = '', ...parts } = error.parts;
  const place = where.replace(/^sensor: /, 'sensor.');
  const wrote = set.findLast((assignment) => pathOf(assignment) === place);
  if (wrote !== undefined) throw new QrailsError({ ...parts, where: `--set ${printable(wrote)}` });
  if (place !== where) throw new QrailsError({ ...parts, where: `${files.sensor}: ${place.slice('sensor.'.length)}` });
  throw EXPERIMENT_PLACE.test(where) ? new QrailsError({ ...parts, where: `${files.experiment}: ${where}` }) : error;
}

/** The path of an assignment as places of faults are written: `experiment.phases.0.batch=3` is `phases[0].batch`. */
const pathOf = (assignment: string): string =>
  assignment.slice(0, assignment.indexOf('=')).trim().replace(/^experiment\./, '').replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]');

/** The documents of a run as they were read, before any `set`. */
export interface Documents {
  readonly experiment: Loaded<Experiment>;
  readonly profile: Loaded<Profile>;
  readonly sensor: Loaded<Sensor>;
}

/**
 * Reads experiment, target and sensor.
 *
 * @throws QrailsError for documents that cannot be read or are not valid
 */
export async function readDocuments(options: RunOptions): Promise<Documents> {
  const { directory = process.cwd(), data } = options;
  const experiment = await loadExperiment(options.experiment ?? (data ? DEFAULT_DATA_EXPERIMENT : DEFAULT_EXPERIMENT), directory);
  const stated = experiment.value;
  // Names inside an experiment start from its file; those of options from where the user is.
  const profile = await loadProfile(options.profile ?? stated.profile ?? DEFAULT_PROFILE, options.profile === undefined ? experiment.baseDirectory : directory);
  const sensor = await loadSensor(options.sensor ?? stated.sensor ?? DEFAULT_SENSOR, options.sensor === undefined ? experiment.baseDirectory : directory);
  return { experiment, profile, sensor };
}

/**
 * Loads documents and data and makes the plans of every combination of throttle and anchor.
 *
 * @param reuse data already loaded for the same experiment and seed
 * @throws QrailsError for anything in documents, data or options that cannot be
 */
export async function prepare(options: RunOptions, reuse?: Dataset): Promise<Prepared> {
  return prepareFrom(await readDocuments(options), options, reuse);
}

/** As `prepare`, from documents already read: options name none of them again. */
export async function prepareFrom(documents: Documents, options: RunOptions, reuse?: Dataset): Promise<Prepared> {
  const { directory = process.cwd(), data } = options;
  const { experiment: loaded, profile: profileIn, sensor: sensorIn } = documents;
  let stated = loaded.value;
  let baseDirectory = loaded.baseDirectory;
  if (data) {
    stated = withRecording(stated, data);
    baseDirectory = directory;
  }
  if (options.seed !== undefined) stated = { ...stated, seed: options.seed };
  const { experiment, profile, sensor } = await applySet({ profile: profileIn.value, sensor: sensorIn.value, experiment: stated }, options.set ?? []);

  const files = { experiment: loaded.file, sensor: sensorIn.file };
  const { seed = DEFAULT_SEED } = experiment;
  const dataset = reuse ?? (await loadDataset(experiment.data, { seed, baseDirectory }).catch((error: unknown) => locate(error, options, files)));
  try {
    return { experiment, profile, sensor, dataset, variants: draftVariants({ experiment, profile, sensor }, options, dataset)(dataset, seed) };
  } catch (error) {
    return locate(error, options, files);
  }
}

/**
 * Makes the plans of every combination of throttle and anchor but for what a seed draws, once for any number of seeds.
 *
 * @param documents with every `set` applied; of `options` only controllers and steps are looked at
 * @param shape of the data
 * @returns the plans under a seed, for rows of this shape
 * @throws QrailsError for anything in documents or options that cannot be, without the option or file it was written in
 */
export function draftVariants(
  { experiment, profile, sensor }: Pick<Prepared, 'experiment' | 'profile' | 'sensor'>, options: RunOptions, shape: DraftParts['shape'],
): (dataset: Dataset, seed: number) => Variant[] {
  const ownThrottle: ThrottleSpec = experiment.throttle ?? { law: 'none' };
  const ownAnchor: AnchorSpec = experiment.anchor ?? { law: 'none' };
  const unique = <T>(names: readonly T[]): T[] => [...new Set(names)];
  const throttles = unique((options.throttle ?? ['none', throttleName(ownThrottle)]).map((name) => known(options.reference === true ? REFERENCE_THROTTLE_NAMES : THROTTLE_NAMES, name, '--throttle')));
  const anchors = unique((options.anchor ?? ['none', ownAnchor.law]).map((name) => known(ANCHOR_NAMES, name, '--anchor')));

  const ownSupervisor: SupervisorSpec = experiment.supervisor ?? { law: 'none' };
  const supervisor: SupervisorSpec = options.supervisor === undefined ? ownSupervisor : { ...ownSupervisor, law: known(SUPERVISOR_NAMES, options.supervisor, '--supervisor') };

  createFrontEnd(sensor, shape.inputs, DEFAULT_SEED); // refuses channels that are not there
  const { estimator: _, ...parameters } = ownThrottle;
  const drafts = throttles.flatMap((throttle) => {
    const [law, estimator] = throttle.split('/') as [ThrottleLaw, Estimator | undefined];
    return anchors.map((anchor) => ({
      throttle, anchor,
      planOf: draftPlan({
        profile, sensor, experiment, shape, throttle: { ...parameters, law, ...(estimator !== undefined && { estimator }) }, anchor: { ...ownAnchor, law: anchor }, supervisor, steps: options.steps,
      }),
    }));
  });
  return (dataset, seed) => drafts.map(({ throttle, anchor, planOf }) => {
    const plan = planOf(dataset, seed);
    return { throttle, anchor, plan, hash: hashPlan(plan) };
  });
}

/** The experiment on a recording of the user's: columns replaced, other rules of a recording kept, the last layer as wide as the targets. */
function withRecording(experiment: Experiment, { file, inputs, targets }: NonNullable<RunOptions['data']>): Experiment {
  const { data: own } = experiment;
  const scaling = { method: 'standard' as const, rows: 100 };
  const layers = experiment.model.layers.map((layer, index) => (index === experiment.model.layers.length - 1 ? { ...layer, outputs: targets.length } : layer));
  const { initial, ...model } = experiment.model;
  return {
    ...experiment,
    // Initial values written out belong to the shape they were written for.
    model: { ...model, layers, ...(initial && initial.kind !== 'values' && { initial }) },
    data: file.endsWith('.npy')
      ? { ...(own.kind === 'npy' ? own : { kind: 'npy', scaling }), file, inputs: inputs.map(column), targets: targets.map(column) }
      : { ...(own.kind === 'csv' ? own : { kind: 'csv', scaling }), file, inputs: [...inputs], targets: [...targets] },
  };
}

/** Column of an NPY array, which has no headings. */
function column(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new QrailsError({ code: 'usage', where: '--inputs, --targets', message: 'columns of an NPY array are numbers', found: printable(text), expected: 'column numbers from 0', try: '--inputs 0,1 --targets 2' });
}
