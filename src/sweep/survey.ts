/** Reads what a sweep refers to and tries its assignments, before anything is run. */
import type { RunOptions } from '../compare/prepare.js';
import { applySet } from '../document/set.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { DEFAULT_SEED } from '../plan/build.js';
import { hashJson } from '../plan/hash.js';
import { LAST_SEED } from '../schema/common.js';
import type { Sweep } from '../schema/sweep.js';
import { canonicalPath } from './axis.js';
import type { OwnControllers } from './controllers.js';
import { createLibrary, without } from './library.js';
import { assignment, type Points } from './points.js';

export interface Findings {
  /** As in `SweepSpace`. */
  readonly hash: string;
  readonly firstSeed: number;
  /** Controllers of each experiment, by its name in the options, with base and axes applied at the first point that has it. */
  readonly own: ReadonlyMap<string | undefined, OwnControllers>;
}

/** Places tried on an axis that names no document or recording: the ends, and evenly between them. */
const MOST_TRIED = 32;
/** Documents of an axis, and experiments times recordings. */
const MOST_READ = 10_000;
/** Keys of a specification that no run depends on. */
const UNRUN = ['$schema', 'name', 'title', 'about', 'objectives', 'constraints'];

/**
 * Surveys a sweep.
 *
 * @param optionsAt what `prepare` takes at a point
 * @throws QrailsError naming base or axis, and value. What a target refuses (`format`) is left to the runs.
 */
export async function survey(spec: Sweep, points: Points, optionsAt: (point: number, own: Findings['own']) => RunOptions, where: string): Promise<Findings> {
  const own = new Map<string | undefined, OwnControllers>();
  const seeds = new Map<number, string>();
  const read: string[][] = [];
  const library = createLibrary();
  for (const point of tried(points, where)) {
    const options = optionsAt(point, own);
    const place = placesOf(spec, points, point);
    const documents = await library.documents(options, (kind) => `${where}: ${place.named(kind)}`);
    const { value: stated, name, baseDirectory, file } = documents.experiment;
    seeds.set(stated.seed ?? DEFAULT_SEED, name);
    const apply = (set: readonly string[]) =>
      applySet({ experiment: stated, profile: documents.profile.value, sensor: documents.sensor.value }, set).catch((error: unknown) => {
        throw error instanceof QrailsError ? new QrailsError({ ...error.parts, where: `${where}: ${place.assigned(error.parts.where ?? '')}` }) : error;
      });
    const { set = [] } = options;
    const ofProfile = (text: string): boolean => text.startsWith('profile.');
    const { experiment } = await apply(set.filter((text) => !ofProfile(text)));
    await apply(set.filter(ofProfile)).catch((error: unknown) => {
      if (!(error instanceof QrailsError && error.code === 'format')) throw error;
    });
    const { throttle, anchor } = experiment;
    if (!own.has(options.experiment)) own.set(options.experiment, { ...(throttle && { throttle }), ...(anchor && { anchor }) });
    const recording = experiment.data.kind === 'teacher' ? null : await library.recording(experiment.data.file, baseDirectory, place.data() ?? file);
    read.push([...[documents.experiment, documents.profile, documents.sensor].map((document) => library.hashOf(document)), ...(recording === null ? [] : [recording])]);
  }
  return { hash: hashJson({ sweep: 1, spec: without(spec, UNRUN), read }), firstSeed: firstSeedOf(spec, seeds, where), own };
}

/** Points at which everything a sweep reads is read and everything it assigns is tried; each once. */
function tried(points: Points, where: string): Set<number> {
  const { axes } = points;
  const chosen = new Set<number>();
  const all = (size: number): number[] => Array.from({ length: size }, (_, place) => place);
  const some = (size: number): number[] => (size <= MOST_TRIED ? all(size) : all(MOST_TRIED).map((k) => Math.floor((k * (size - 1)) / (MOST_TRIED - 1))));
  const pointOf = (changed: ReadonlyMap<number, number>): number => points.pointAt(axes.map((_, axis) => changed.get(axis) ?? 0));

  // A recording's path starts from its experiment, so every pair is read.
  const reads = axes.map(({ paths }) => paths.some((path) => /^experiment(\.data(\.file)?)?$/.test(canonicalPath(path))));
  const product = axes.reduce((count, { size }, axis) => (reads[axis] ? count * size : count), 1);
  const readable = (count: number, place: string, what: string): void => {
    if (count > MOST_READ) throw new QrailsError({ code: 'invalid', where: `${where}: ${place}`, message: `too many ${what}`, found: String(count), expected: `at most ${MOST_READ}` });
  };
  readable(product, 'axes', 'experiments and recordings');
  for (let number = 0; number < product; number++) {
    const changed = new Map<number, number>();
    let rest = number;
    for (const [axis, { size }] of axes.entries()) {
      if (!reads[axis]) continue;
      changed.set(axis, rest % size);
      rest = Math.floor(rest / size);
    }
    chosen.add(pointOf(changed));
  }
  for (const [axis, { paths, size }] of axes.entries()) {
    if (reads[axis]) continue;
    const names = paths.some((path) => path === 'profile' || path === 'sensor');
    if (names) readable(size, `axes[${axis}]`, 'documents');
    for (const place of names ? all(size) : some(size)) chosen.add(pointOf(new Map([[axis, place]])));
  }
  return chosen.add(points.count - 1);
}

/** How the places of a point's parts are called. */
function placesOf({ base = {}, axes: stated }: Sweep, { axes, placesAt }: Points, point: number) {
  const places = placesAt(point);
  const at = (axis: number): string => `axes[${axis}]${'values' in stated[axis]! ? `.values[${places[axis]}]` : ''}`;
  const assignments = [
    ...(base.set ?? []).map((text, k) => [`base.set[${k}]`, text] as const),
    ...axes.flatMap(({ paths, valuesAt }, axis) => valuesAt(places[axis]!).map((value, k) => [at(axis), assignment(paths[k]!, value)] as const)),
  ];
  const varying = (pattern: RegExp): string | undefined => {
    const axis = axes.findIndex(({ paths }) => paths.some((path) => pattern.test(canonicalPath(path))));
    return axis === -1 ? undefined : at(axis);
  };
  return {
    /** Where a document is named. */
    named: (kind: 'experiment' | 'profile' | 'sensor'): string => varying(new RegExp(`^${kind}$`)) ?? `base.${kind}`,
    /** Where a recording is named; undefined where its experiment does. */
    data: (): string | undefined => varying(/^experiment\.data(\.file)?$/),
    /** Where the assignment is that an error calls by its text. */
    assigned(error: string): string {
      const written = (text: string): string => `--set ${printable(text)}`;
      const [place, text] = assignments.findLast(([, one]) => error === written(one)) ?? assignments.findLast(([, one]) => error.includes(written(one))) ?? [];
      return place === undefined ? error : `${place} (${printable(text!)})`;
    },
  };
}

/** The first seed: stated, or that of the experiments where they have the same. */
function firstSeedOf({ seeds: { first: stated, count } = { count: 1 } }: Sweep, seeds: ReadonlyMap<number, string>, where: string): number {
  const [[own] = [DEFAULT_SEED], ...others] = seeds;
  if (stated === undefined && others.length > 0) {
    const found = [...seeds].slice(0, 3).map(([seed, name]) => `${seed} (${printable(name)})`).join(', ');
    throw new QrailsError({
      code: 'invalid', where: `${where}: seeds`, message: 'the experiments have different seeds', found, expected: 'seeds.first', try: `"seeds": { "first": ${own}, "count": ${count} }`,
    });
  }
  const first = stated ?? own;
  if (first + count - 1 <= LAST_SEED) return first;
  throw new QrailsError({ code: 'invalid', where: `${where}: seeds`, message: 'seeds end there', found: `${first} to ${first + count - 1}`, expected: `at most ${LAST_SEED}` });
}
