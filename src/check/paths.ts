/** Options of a comparison with their paths as seen from another folder. */
import { isAbsolute, relative, resolve } from 'node:path';
import type { RunOptions } from '../compare/prepare.js';
import { QrailsError } from '../errors.js';
import type { BaselineOptions } from '../schema/baseline.js';

/**
 * What has to be known to run a comparison again from `folder`. Names and absolute paths stay; relative paths start from `folder` afterwards.
 *
 * @throws QrailsError `usage` where a document came from standard input
 */
export function portableOptions(options: RunOptions, folder: string): BaselineOptions {
  const { experiment, profile, sensor, throttle, anchor, supervisor, seed, steps, set, data, directory = process.cwd() } = options;
  const moved = (path: string): string => {
    if (isAbsolute(path) || resolve(directory) === resolve(folder)) return path;
    const seen = relative(folder, resolve(directory, path)).replaceAll('\\', '/');
    return seen.startsWith('../') ? seen : `./${seen}`;
  };
  const document = (option: string, value: string): string => {
    if (value === '-') {
      throw new QrailsError({
        code: 'usage', where: `--${option}`, message: 'a baseline cannot be made from standard input', found: '-',
        expected: 'a shipped name or a path', try: 'save it as a file',
      });
    }
    return isPath(value) ? moved(value) : value;
  };
  return {
    ...(experiment !== undefined && { experiment: document('experiment', experiment) }),
    ...(profile !== undefined && { profile: document('profile', profile) }),
    ...(sensor !== undefined && { sensor: document('sensor', sensor) }),
    ...(throttle !== undefined && { throttle: [...throttle] }),
    ...(anchor !== undefined && { anchor: [...anchor] }),
    ...(supervisor !== undefined && { supervisor }),
    ...(seed !== undefined && { seed }),
    ...(steps !== undefined && { steps }),
    ...(set !== undefined && { set: [...set] }),
    ...(data !== undefined && { data: { file: moved(data.file), inputs: [...data.inputs], targets: [...data.targets] } }),
  };
}

/** As `resolve` in document/catalogue.ts tells a path from a name. */
const isPath = (nameOrPath: string): boolean => /[\\/]/.test(nameOrPath) || nameOrPath.endsWith('.json');
