import { loadDocument, type Loaded } from '../document/load.js';
import { Experiment } from '../schema/experiment.js';
import { validate } from '../schema/validate.js';

/**
 * Loads an experiment and holds it against its schema. Paths inside it (data, profile, sensor) start from `baseDirectory`.
 * What depends on data and target, such as shapes and formats, is checked when the plan is made.
 *
 * @param nameOrPath a shipped experiment (`exp-000c`), a path (with a slash or ending in `.json`), or `-` for standard input
 * @param directory where a relative path starts; default the working directory
 * @throws QrailsError `not-found`, `unreadable` or `invalid`
 * @example const { value: experiment, baseDirectory } = await loadExperiment('exp-000c');
 */
export async function loadExperiment(nameOrPath: string, directory?: string): Promise<Loaded<Experiment>> {
  return loadDocument('experiment', nameOrPath, directory);
}

/**
 * Holds a value against the schema of an experiment.
 *
 * @param where what messages call it
 * @returns the value, typed
 * @throws QrailsError `invalid`
 * @example const experiment = await validateExperiment(JSON.parse(text), 'mine.json');
 */
export async function validateExperiment(value: unknown, where = 'experiment'): Promise<Experiment> {
  return (await validate(Experiment, value, where)) as Experiment;
}
