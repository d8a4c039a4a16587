/** Weights from the files of firmware and HDL into an experiment, with their formats. docs/import.md. */
import { basename, dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_PROFILE } from '../compare/prepare.js';
import { loadExperiment } from '../experiment/load.js';
import { formatName } from '../format/format.js';
import { loadProfile } from '../profile/load.js';
import { Name } from '../schema/common.js';
import type { Experiment } from '../schema/experiment.js';
import type { WeightImport } from '../schema/import.js';
import type { Profile } from '../schema/profile.js';
import { siteKey } from '../site/sites.js';
import { moved, movedPath, standIn, withInitial } from './assemble.js';
import { checkShapes, layersFrom, layersOf, layersText, parseLayers } from './layers.js';
import { documentOf, formatOf } from './listing.js';
import { placeArrays, type Choice } from './places.js';
import { readFiles, type ImportKind } from './readers.js';
import { refusal } from './refusal.js';
import { fitOf, profileOf } from './target.js';
import { asRaws, formatChooser, valuesOf, type FormatChoice, type PlacedValues } from './values.js';

export interface ListOptions extends FormatChoice {
  /** Paths; `-` is standard input, with `as`. */
  readonly files: readonly string[];
  /** Kind of every file; default by the ending of each. */
  readonly as?: ImportKind | undefined;
  /** Where relative paths start; default the working directory. */
  readonly directory?: string | undefined;
}

export interface ImportOptions extends ListOptions, Choice {
  /** Experiment the weights go into: shipped name or path. Default `exp-000a` where its shape fits, else one of the shape of the arrays. */
  readonly into?: string | undefined;
  /** Inputs × outputs of each layer: `4x8:relu,8x2`. */
  readonly layers?: string | undefined;
  /** Target of the experiment, which the values are held to; default its own, else `enabol-mid`. */
  readonly profile?: string | undefined;
  /** Where the experiment will be written: its name, and where paths in it start. */
  readonly experimentFile?: string | undefined;
  /** Where the profile will be written; the experiment then names it as its target. */
  readonly profileFile?: string | undefined;
}

export interface Imported {
  readonly document: WeightImport;
  readonly experiment: Experiment;
  /** The target with the formats of the values; extends the one they were held to. */
  readonly profile: Profile;
}

/** Experiment whose data and phases a model is put into where none is named. */
export const BASE_EXPERIMENT = 'exp-000a';
const DEFAULT_NAME = 'imported';

/**
 * The arrays in files, as they are.
 *
 * @throws QrailsError for files that cannot be read (docs/import.md)
 * @example const { arrays } = await listArrays({ files: ['coeffs.h'] });
 */
export async function listArrays(options: ListOptions): Promise<WeightImport> {
  const chosen = formatChooser(options);
  const read = await readFiles(options.files, options);
  const general = chosen('');
  return documentOf(read, (array) => ({ array: options.raw && general ? asRaws(array) : array, format: general ?? array.format, place: null }));
}

/**
 * An experiment that begins with the weights in files. Every value is that of its raw exactly, so that a target of the same formats has the same raws.
 *
 * @throws QrailsError for files that cannot be read, arrays that cannot be told apart, shapes that do not fit, and values no double holds
 * @example const { experiment } = await importWeights({ files: ['demo.h', 'demo.c'], into: 'exp-000a' });
 */
export async function importWeights(options: ImportOptions): Promise<Imported> {
  const { directory = process.cwd(), into, experimentFile, profileFile } = options;
  const chosen = formatChooser(options);
  const read = await readFiles(options.files, options);
  const placed = placeArrays(read.arrays, options);
  const loaded = await loadExperiment(into ?? BASE_EXPERIMENT, directory);
  const own = layersOf(loaded.value);
  const said = options.layers === undefined ? undefined : parseLayers(options.layers, placed);
  if (into !== undefined && said && layersText(said) !== layersText(own)) throw refusal('invalid', '--layers', `${loaded.name} has other layers`, layersText(said), layersText(own));
  const layers = into === undefined ? (said ?? layersFrom(placed)) : own;
  checkShapes(placed, layers, into === undefined ? (said ? '--layers' : 'the model') : loaded.name);
  const values = placed.map((one) => valuesOf(one, chosen(siteKey(one.kind, one.layer)), options.raw));
  const sources = [...new Set(values.map(({ array }) => basename(array.file)))].join(', ').slice(0, 200);

  const folder = (file: string | undefined): string => (file === undefined ? resolve(directory) : dirname(resolve(directory, file)));
  const [target, from] = options.profile === undefined ? [loaded.value.profile ?? DEFAULT_PROFILE, loaded.baseDirectory] : [options.profile, directory];
  const { value: held } = await loadProfile(target, from);
  const profile = await profileOf(documentName(profileFile ?? experimentFile), movedPath(target, from, folder(profileFile)), values, sources);

  const standsIn = into === undefined && !isDeepStrictEqual(layers, own);
  const base = moved(standsIn ? standIn(loaded.value, layers) : loaded.value, loaded.baseDirectory, folder(experimentFile));
  const runsOn = profileFile === undefined ? movedPath(target, from, folder(experimentFile)) : movedPath(resolve(directory, profileFile), directory, folder(experimentFile));
  const about = `Initial weights imported from ${sources}${formatsText(values)}.`;
  const experiment = await withInitial({ ...base, name: documentName(experimentFile), profile: runsOn }, layers, values, about);
  return {
    experiment, profile,
    document: {
      ...documentOf(read, (original) => {
        const value = values[placed.findIndex(({ array }) => array === original)];
        if (value === undefined) return { array: original, format: original.format, place: null };
        return { array: value.array, format: value.format, place: siteKey(value.kind, value.layer) };
      }),
      result: {
        experiment: experiment.name, layers: [...layers], standIn: standsIn, profile: held.name,
        sites: fitOf(held, layers.length, values).map((fit, index) => ({ ...fit, imported: formatOf(values[index]!.format), set: [...fit.set] })),
      },
    },
  };
}

/** A document is named as its file, where that is a name. */
function documentName(file: string | undefined): string {
  const stem = file === undefined ? '' : basename(file, '.json');
  return new RegExp(Name.pattern!).test(stem) ? stem : DEFAULT_NAME;
}

function formatsText(values: readonly PlacedValues[]): string {
  const texts = values.flatMap(({ kind, layer, format }) => (format ? [`${siteKey(kind, layer)} ${formatName(format)}`] : []));
  return texts.length === 0 ? '' : `: ${texts.join(', ')}`;
}
