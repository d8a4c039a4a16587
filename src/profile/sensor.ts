import { resolve } from '../document/catalogue.js';
import { readJson, type Json } from '../document/json.js';
import { loadDocument, type Loaded } from '../document/load.js';
import { Sensor } from '../schema/sensor.js';
import { validate } from '../schema/validate.js';
import { readTerms } from './recorded.js';

/**
 * Loads a sensor, with what it extends, holds it against its schema, and reads the files of its recorded terms: they come back as curves.
 * What its terms and converter need beyond that is checked where the front end is built.
 *
 * @param nameOrPath a shipped sensor (`step-gain-4`), a path (with a slash or ending in `.json`), or `-` for standard input
 * @param directory where a relative path starts; default the working directory
 * @throws QrailsError `not-found`, `unreadable` or `invalid`; `data` for the content of a recorded curve
 * @example const { value: sensor } = await loadSensor('step-gain-4');
 */
export async function loadSensor(nameOrPath: string, directory = process.cwd()): Promise<Loaded<Sensor>> {
  const loaded = await loadDocument('sensor', nameOrPath, directory);
  const { value, file } = loaded;
  const { gain, offset, supply } = value;
  const read = async <T extends Parameters<typeof readTerms>[0][number]>(terms: readonly T[], ...path: readonly string[]): Promise<T[]> =>
    terms.some(({ kind }) => kind === 'recorded') ? readTerms(terms, await directoryOf(path, nameOrPath, directory), `${file}: ${path.join('.')}`) : [...terms];
  return {
    ...loaded,
    value: {
      ...value,
      ...(gain && { gain: await read(gain, 'gain') }),
      ...(offset && { offset: await read(offset, 'offset') }),
      ...(supply && { supply: { ...supply, terms: await read(supply.terms, 'supply', 'terms') } }),
    },
  };
}

/** The directory of the document that states a list: the one loaded, or one it extends. Standard input cannot be looked at again. */
async function directoryOf(path: readonly string[], nameOrPath: string, from: string): Promise<string> {
  const location = resolve('sensor', nameOrPath, from);
  if (location.path === '-') return location.directory;
  const layer = (await readJson(location.path, location.label)) as { extends?: string };
  const stated = path.reduce<Json | undefined>((value, key) => (value as Record<string, Json> | undefined)?.[key], layer as Json);
  return stated !== undefined || layer.extends === undefined ? location.directory : directoryOf(path, layer.extends, location.directory);
}

/**
 * Holds a value against the schema of a sensor.
 *
 * @param where what messages call it
 * @returns the value, typed
 * @throws QrailsError `invalid`
 * @example const sensor = await validateSensor({ name: 'double', gain: [{ kind: 'constant', value: 2 }] });
 */
export async function validateSensor(value: unknown, where = 'sensor'): Promise<Sensor> {
  return validate(Sensor, value, where);
}
