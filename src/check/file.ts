/** Baseline files. */
import { dirname, resolve } from 'node:path';
import { readJson } from '../document/json.js';
import { printable } from '../document/show.js';
import { DOCUMENT_LIMIT } from '../document/text.js';
import { QrailsError } from '../errors.js';
import { writeOutput } from '../output/file.js';
import { Baseline } from '../schema/baseline.js';
import { validate } from '../schema/validate.js';
import { reviewable } from './text.js';

export interface LoadedBaseline {
  readonly baseline: Baseline;
  /** Absolute folder of the file: what the paths in it start from. */
  readonly directory: string;
}

/**
 * Reads a baseline.
 *
 * @param file path, or `-` for standard input, whose paths then start from `directory`
 * @param directory where a relative path starts; default the working directory
 * @throws QrailsError `not-found`, `unreadable`, or `invalid` with the place
 * @example const { baseline, directory } = await loadBaseline('baseline.json');
 */
export async function loadBaseline(file: string, directory = process.cwd()): Promise<LoadedBaseline> {
  const path = file === '-' ? '-' : resolve(directory, file);
  const label = file === '-' ? undefined : printable(file, 400);
  const baseline = await validateBaseline(await readJson(path, label), label ?? 'baseline');
  return { baseline, directory: file === '-' ? directory : dirname(path) };
}

/**
 * Holds a value against the schema of a baseline and against what that cannot say: each run once, and something that is held in each.
 *
 * @throws QrailsError `invalid`
 */
export async function validateBaseline(value: unknown, where = 'baseline'): Promise<Baseline> {
  const baseline = await validate(Baseline, value, where);
  const seen = new Set<string>();
  for (const [index, { throttle, anchor, bounds }] of baseline.runs.entries()) {
    const place = `${where}: runs[${index}]`;
    const name = `${throttle}, anchor ${anchor}`;
    if (seen.has(name)) {
      throw new QrailsError({ code: 'invalid', where: place, message: 'this run is recorded twice', found: name, expected: 'each throttle and anchor once' });
    }
    seen.add(name);
    const { verdict, ...others } = bounds;
    const bounded = Object.keys(others).length > 0 || verdict?.float !== undefined || verdict?.fixed !== undefined;
    if (!bounded && !baseline.tolerances.fixed && !baseline.tolerances.float) {
      throw new QrailsError({
        code: 'invalid', where: place, message: 'nothing is held, so nothing could fail', expected: 'tolerances.fixed, tolerances.float or a bound',
      });
    }
  }
  return baseline;
}

/** A baseline as it is written: sorted keys, a site or a row of weights a line. */
export const baselineText = (baseline: Baseline): string => reviewable(baseline);

/**
 * Writes a baseline; a reader sees the old file or the new one, never half of it.
 *
 * @throws QrailsError `output` where it cannot be written or would be too large to be read again
 * @example await saveBaseline('baseline.json', await recordBaseline({ experiment: 'exp-000c' }));
 */
export async function saveBaseline(file: string, baseline: Baseline): Promise<void> {
  const text = baselineText(baseline);
  const size = Buffer.byteLength(text);
  if (size > DOCUMENT_LIMIT) {
    const [found, expected] = [`${size} bytes`, `at most ${DOCUMENT_LIMIT}`];
    throw new QrailsError({ code: 'output', where: printable(file, 400), message: 'the baseline would be too large to be read again', found, expected });
  }
  await writeOutput(file, text);
}
