/** Documents and recordings of a sweep: each read once, and known by the hash of its content. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { DEFAULT_EXPERIMENT, DEFAULT_PROFILE, DEFAULT_SENSOR, type Documents, type RunOptions } from '../compare/prepare.js';
import type { DocumentKind } from '../document/catalogue.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { loadExperiment } from '../experiment/load.js';
import { hashJson } from '../plan/hash.js';
import { loadProfile } from '../profile/load.js';
import { loadSensor } from '../profile/sensor.js';
import { openRegular } from '../signal/file.js';

/** Keys of a document that no run depends on. */
const REMARKS = ['$schema', 'title', 'about'];

const LOADERS = { experiment: loadExperiment, profile: loadProfile, sensor: loadSensor };

/** An object without some of its keys. */
export const without = (value: object, keys: readonly string[]): object => Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));

/** The library of one survey. What it read is kept until the survey ends, hashes only of recordings. */
export function createLibrary() {
  const kept = new Map<string, Promise<unknown>>();
  const once = <T>(key: readonly string[], make: () => Promise<T>): Promise<T> => {
    const text = JSON.stringify(key);
    if (!kept.has(text)) kept.set(text, make());
    return kept.get(text) as Promise<T>;
  };
  const hashes = new WeakMap<object, string>();

  const load = <K extends DocumentKind>(kind: K, name: string, directory: string, place: string): Promise<Documents[K]> =>
    once([kind, name, directory], () => (LOADERS[kind](name, directory) as Promise<Documents[K]>).catch((error: unknown) => locate(error, place)));

  return {
    /**
     * As `readDocuments`.
     *
     * @param placeOf where a document of a kind is named, for messages
     */
    async documents({ directory = process.cwd(), ...named }: RunOptions, placeOf: (kind: DocumentKind) => string): Promise<Documents> {
      const experiment = await load('experiment', named.experiment ?? DEFAULT_EXPERIMENT, directory, placeOf('experiment'));
      const { value: stated, baseDirectory, file } = experiment;
      const follow = <K extends 'profile' | 'sensor'>(kind: K, otherwise: string): Promise<Documents[K]> => {
        const name = named[kind];
        return name === undefined ? load(kind, stated[kind] ?? otherwise, baseDirectory, file) : load(kind, name, directory, placeOf(kind));
      };
      return { experiment, profile: await follow('profile', DEFAULT_PROFILE), sensor: await follow('sensor', DEFAULT_SENSOR) };
    },

    /** Hash of a document that was read here. */
    hashOf(document: Documents[DocumentKind]): string {
      let hash = hashes.get(document);
      if (hash === undefined) hashes.set(document, (hash = hashJson(without(document.value, REMARKS))));
      return hash;
    },

    /** SHA-256 of a recording's bytes. */
    recording: (file: string, directory: string, place: string): Promise<string> =>
      once(['recording', file, directory], async () => {
        const opened = await openRegular(resolve(directory, file), printable(file, 400), 'a path that starts from the file of the experiment').catch((error: unknown) => locate(error, place));
        const hash = createHash('sha256');
        for await (const chunk of opened.file.createReadStream()) hash.update(chunk as Buffer);
        return hash.digest('hex');
      }),
  };
}

/** The error with the place that names the file before its own. */
function locate(error: unknown, place: string): never {
  if (!(error instanceof QrailsError)) throw error;
  const { where } = error.parts;
  throw new QrailsError({ ...error.parts, where: where === undefined ? place : `${place}: ${where}` });
}
