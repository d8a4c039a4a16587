/** Folders of a sweep: what they are called, and what says which sweep one holds. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readJson } from '../document/json.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { outputError, writeOutput } from '../output/file.js';
import { isObject } from '../schema/navigate.js';
import { LAST_SEED } from '../schema/common.js';
import type { Sweep } from '../schema/sweep.js';
import { JOURNAL_FILE, LOCK_FILE } from './journal.js';
import { createPoints } from './points.js';
import type { Shard } from './shard.js';
import { validateSweep } from './spec.js';
import type { SweepSpace } from './types.js';

/** The specification of the sweep in a folder: tables are made from folders alone. */
export const RECORD_FILE = 'sweep.json';
/** What `--json` prints, beside the tables. */
export const RESULT_FILE = 'result.json';

const LONGEST_PATH = 400;

export const sweepFolder = (name: string): string => `${name}.sweep`;
/** Holds a folder for each shard. */
export const shardsFolder = (name: string): string => `${name}.shards`;

/** Where a sweep, or a shard of one, is kept by default: in the working directory. */
export const defaultFolder = (name: string, { index, count }: Shard): string => (count === 1 ? sweepFolder(name) : join(shardsFolder(name), `${index}-of-${count}`));

/** A path as it was given, where relative ones start from the working directory: messages say it so. */
export const placed = (directory: string | undefined, path: string): string => (directory === undefined ? path : resolve(directory, path));

/** Text for messages. */
export const shownPath = (path: string): string => printable(path, LONGEST_PATH);

/**
 * Makes a folder, or takes one that is empty or holds the same sweep.
 *
 * @throws QrailsError `output` for one that holds something else, or that cannot be made
 */
export async function takeFolder(folder: string, hash: string): Promise<void> {
  const present = await mkdir(folder, { recursive: true }).then(() => readdir(folder)).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? refusal(folder, 'is a file', undefined, 'a folder') : outputError(folder, error);
  });
  if (present.includes(RECORD_FILE)) {
    const { hash: found } = await readRecord(folder);
    if (found !== hash) throw refusal(folder, 'holds another sweep, or this one before it was changed', `hash ${found}`, `hash ${hash}`);
  } else if (present.length > 0 && !present.includes(JOURNAL_FILE) && !present.includes(LOCK_FILE)) {
    throw refusal(folder, 'holds something else', present.sort().slice(0, 5).map((name) => printable(name)).join(', '), 'an empty folder, or that of a sweep');
  }
}

const refusal = (folder: string, message: string, found: string | undefined, expected: string): QrailsError =>
  new QrailsError({ code: 'output', where: shownPath(folder), message, ...(found !== undefined && { found }), expected, try: '-o another folder' });

/** Writes which sweep a folder holds. The text depends on the sweep alone. */
export async function writeRecord(folder: string, { hash, firstSeed, spec }: SweepSpace): Promise<void> {
  const text = `${JSON.stringify({ sweepRecord: 1, hash, firstSeed, sweep: spec })}\n`;
  const path = join(folder, RECORD_FILE);
  if ((await readFile(path, 'utf8').catch(() => undefined)) !== text) await writeOutput(path, text);
}

interface SweepRecord {
  readonly hash: string;
  readonly firstSeed: number;
  readonly spec: Sweep;
}

/** @throws QrailsError `not-found`, `unreadable`; `invalid` for a file that is no record */
export async function readRecord(folder: string): Promise<SweepRecord> {
  const path = join(folder, RECORD_FILE);
  const where = shownPath(path);
  const value = await readJson(path, where);
  const { sweepRecord, hash, firstSeed, sweep } = isObject(value) ? value : {};
  if (sweepRecord !== 1 || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash) || !Number.isInteger(firstSeed) || !((firstSeed as number) >= 0 && (firstSeed as number) <= LAST_SEED)) {
    throw new QrailsError({ code: 'invalid', where, message: 'is not what a sweep keeps of itself', expected: 'the file as it was written' });
  }
  return { hash, firstSeed: firstSeed as number, spec: await validateSweep(sweep, where) };
}

/** The space of the sweep in a folder, for its tables: nothing can be planned from it, and nothing that the sweep refers to is read. */
export async function recordedSpace(folder: string): Promise<SweepSpace> {
  const { hash, firstSeed, spec } = await readRecord(folder);
  const { axes, count, placesAt } = createPoints(spec, shownPath(join(folder, RECORD_FILE)));
  const seeds = spec.seeds?.count ?? 1;
  return {
    spec, hash, firstSeed, points: count, seeds, runs: count * seeds,
    columns: axes.flatMap(({ paths }) => paths),
    valuesAt: (point) => placesAt(point).flatMap((place, axis) => axes[axis]!.valuesAt(place)),
    seedAt: (run) => firstSeed + (run % seeds),
    optionsAt: () => {
      throw new Error('a recorded sweep cannot be planned');
    },
  };
}
