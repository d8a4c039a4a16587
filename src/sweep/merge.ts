/** Joins the shards of a sweep: their journals are read as they are, and become the tables that the sweep would have had in one piece. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QrailsError } from '../errors.js';
import type { SweepResult, TableFormat } from '../schema/sweepResult.js';
import { placed, RECORD_FILE, recordedSpace, shownPath, sweepFolder, takeFolder, writeRecord } from './folder.js';
import { Interrupted } from './interrupted.js';
import { Intervals } from './intervals.js';
import { checkSameSweep, JOURNAL_FILE, journalLines, lockFolder, readHead, type JournalHead } from './journal.js';
import { shardName, shardRuns } from './shard.js';
import { checkFormats, DEFAULT_FORMATS, writeResult, type SweepOptions } from './sweep.js';
import type { SweepSpace } from './types.js';

export interface MergeOptions extends Pick<SweepOptions, 'directory' | 'signal' | 'onTables'> {
  /** Folders of shards, or folders of such folders. */
  readonly folders: readonly string[];
  /** Default `NAME.sweep`. Made if it is not there. */
  readonly output?: string | undefined;
  readonly formats?: readonly TableFormat[] | undefined;
}

interface Part {
  readonly folder: string;
  readonly journal: string;
  readonly head: JournalHead;
}

/** Shards an error names. */
const MOST_NAMED = 8;

/**
 * Makes the tables of a sweep from its shards.
 *
 * @returns as `sweep`: the same files, byte for byte, that the sweep has where it is run in one piece
 * @throws QrailsError `invalid` naming the folder for a shard of another sweep or another division, one given twice, shards that are missing or not done;
 *   `not-found` for a folder without any
 * @throws Interrupted, an AbortError, where `signal` was raised
 * @example await mergeSweep({ folders: ['wide-net.shards'] });
 */
export async function mergeSweep(options: MergeOptions): Promise<SweepResult> {
  checkFormats(options.formats ?? []);
  try {
    return await merge(options);
  } catch (error) {
    throw options.signal?.aborted && error instanceof Error && error.name === 'AbortError' ? new Interrupted('the parts are as they were', 'merge them again') : error;
  }
}

async function merge({ folders, directory, output, formats = DEFAULT_FORMATS, signal, onTables }: MergeOptions): Promise<SweepResult> {
  const parts = (await Promise.all((await found(folders, directory)).map(async (folder) => {
    const journal = join(folder, JOURNAL_FILE);
    return { folder, journal, head: await readHead(journal) };
  }))).sort((a, b) => a.head.shard[0] - b.head.shard[0]);
  const [first, ...others] = parts as [Part, ...Part[]];
  checkParts(parts);
  const space = await recordedSpace(first.folder);
  await checkRecords(parts, space);
  await checkDone(parts, space, signal);

  const target = placed(directory, output ?? sweepFolder(space.spec.name));
  await takeFolder(target, space.hash);
  const lock = await lockFolder(target);
  try {
    await writeRecord(target, space);
    return await writeResult(target, space, [first.journal, ...others.map(({ journal }) => journal)], { formats, signal, onTables });
  } finally {
    await lock.release();
  }
}

/** Folders with a journal: those given, or those in them. */
async function found(folders: readonly string[], directory: string | undefined): Promise<string[]> {
  const each = await Promise.all(folders.map(async (given) => {
    const folder = placed(directory, given);
    const present = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw new QrailsError({ code: code === 'ENOENT' ? 'not-found' : 'unreadable', where: shownPath(given), message: code === 'ENOENT' ? 'there is no such folder' : `cannot be read (${code})` });
    });
    if (present.some(({ name }) => name === JOURNAL_FILE)) return [folder];
    const inner = present.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
    const held = await Promise.all(inner.map(async (path) => (await readdir(path)).includes(JOURNAL_FILE)));
    const kept = inner.filter((_, index) => held[index]);
    if (kept.length > 0) return kept;
    throw new QrailsError({ code: 'not-found', where: shownPath(given), message: 'holds no part of a sweep', expected: `${JOURNAL_FILE}, or folders with one`, try: 'qrails sweep SPEC --shard i/n' });
  }));
  return each.flat();
}

const nameOf = ({ head: { shard: [index, count] } }: Part): string => shardName({ index, count });

/** @throws QrailsError where the parts are not those of one sweep, each once */
function checkParts(parts: readonly Part[]): void {
  const [first] = parts as [Part];
  const count = first.head.shard[1];
  const have = new Map<number, Part>();
  for (const part of parts) {
    const { head, folder, journal } = part;
    checkSameSweep(head, first.head, journal);
    const [index, of] = head.shard;
    if (of !== count) {
      throw new QrailsError({ code: 'invalid', where: shownPath(folder), message: 'is a part of another division', found: nameOf(part), expected: `one of ${count}, as ${shownPath(first.folder)}` });
    }
    const twin = have.get(index);
    if (twin) throw new QrailsError({ code: 'invalid', where: shownPath(folder), message: 'is a part that is there already', found: nameOf(part), expected: `every part once; ${shownPath(twin.folder)} is the same` });
    have.set(index, part);
  }
  const missing = Array.from({ length: count }, (_, k) => k + 1).filter((index) => !have.has(index));
  if (missing.length === 0) return;
  throw new QrailsError({
    code: 'invalid', where: first.head.name, message: 'parts are missing', found: `${have.size} of ${count}; not ${listed(missing.map((index) => shardName({ index, count })))}`, expected: 'all of them',
    try: `qrails sweep SPEC --shard ${shardName({ index: missing[0]!, count })} --resume`,
  });
}

/** Runs do not depend on names, objectives and constraints, but tables do. */
async function checkRecords(parts: readonly Part[], space: SweepSpace): Promise<void> {
  const texts = await Promise.all(parts.map(({ folder }) => readFile(join(folder, RECORD_FILE), 'utf8').catch(() => undefined)));
  const other = texts.findIndex((text) => text !== texts[0]);
  const [first, differs] = [parts[0]!, parts[other]];
  if (first.head.sweep !== space.hash) throw new QrailsError({ code: 'invalid', where: shownPath(join(first.folder, RECORD_FILE)), message: 'is not of the journal beside it', found: `hash ${space.hash}`, expected: `hash ${first.head.sweep}` });
  if (differs === undefined) return;
  throw new QrailsError({
    code: 'invalid', where: shownPath(differs.folder), message: 'has another name, other objectives or other constraints', found: `${RECORD_FILE} other than that of ${shownPath(first.folder)}`, expected: 'one specification',
    try: `--shard ${nameOf(differs)} --resume with that specification: nothing is run again`,
  });
}

/** @throws QrailsError where a part is not done */
async function checkDone(parts: readonly Part[], space: SweepSpace, signal: AbortSignal | undefined): Promise<void> {
  const undone: string[] = [];
  for (const part of parts) {
    const { journal, head: { shard: [index, count] } } = part;
    const done = new Intervals();
    for await (const runs of journalLines(journal, () => undefined)) {
      signal?.throwIfAborted();
      done.add(runs);
    }
    if (!done.missing(shardRuns(space, { index, count })).next().done) undone.push(nameOf(part));
  }
  if (undone.length === 0) return;
  throw new QrailsError({ code: 'invalid', where: space.spec.name, message: 'parts are not done', found: listed(undone), expected: 'parts that were run to their end', try: `qrails sweep SPEC --shard ${undone[0]} --resume` });
}

const listed = (names: readonly string[]): string => `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;
