import { loadDocument, type Loaded } from '../document/load.js';
import { Sensor } from '../schema/sensor.js';
import { validate } from '../schema/validate.js';

/**
 * Loads a sensor, with what it extends, and holds it against its schema.
 * What its terms and converter need beyond that is checked where the front end is built.
 *
 * @param nameOrPath a shipped sensor (`step-gain-4`), a path (with a slash or ending in `.json`), or `-` for standard input
 * @param directory where a relative path starts; default the working directory
 * @throws QrailsError `not-found`, `unreadable` or `invalid`
 * @example const { value: sensor } = await loadSensor('step-gain-4');
 */
export async function loadSensor(nameOrPath: string, directory?: string): Promise<Loaded<Sensor>> {
  return loadDocument('sensor', nameOrPath, directory);
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
