/**
 * The journal of a sweep: what is done, line by line, so that a sweep that was killed goes on where it was. docs/sweep.md.
 *
 * Its first line is the head, every other one some consecutive runs.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { fail } from '../output/file.js';
import { openAppender, type Appender } from './appender.js';
import { parseLine, senseless, type SealedExtent } from './extent.js';
import { Intervals, showRuns } from './intervals.js';
import { NOTHING, parsed, recover, scan, sealed, whereIn, type Kept, type ScannedLine } from './line.js';
import { lockFolder, type FolderLock, type LockOptions } from './lock.js';

export { journalLines, parseExtent, sealExtent, type JournalLine, type SealedExtent } from './extent.js';
export { MOST_LINE_BYTES } from './line.js';
export { LOCK_FILE, lockFolder, type FolderLock, type LockOptions } from './lock.js';

export const JOURNAL_FILE = 'journal.ndjson';

/** Version of the format. */
const VERSION = 1;
/** What a journal is of. */
export interface JournalHead {
  /** `SweepSpace.hash`. */
  readonly sweep: string;
  readonly name: string;
  /** Part i of n, counted from 1. */
  readonly shard: readonly [index: number, count: number];
  /** Of the whole sweep, not of the shard. */
  readonly points: number;
  readonly seeds: number;
  readonly runs: number;
}

export interface Journal {
  readonly path: string;
  /** Runs in the journal, and those appended since. */
  readonly finished: Intervals;
  /** Lines that were cut off its end when it was opened: torn or damaged. */
  readonly dropped: number;
  /** Damaged lines between whole ones, which are passed over. */
  readonly damaged: number;
  /**
   * Takes runs. Resolves when there is room for more, which is before they are on the disk: see `flush`.
   *
   * @throws QrailsError `output` once something could not be written; what was flushed before stays good
   * @throws Error for runs that are journalled already, or not the sweep's: a bug of the caller
   */
  append(extent: SealedExtent): Promise<void>;
  /** Resolves when all that was appended is on the disk. @throws QrailsError `output` */
  flush(): Promise<void>;
  /** Flushes, and gives the folder free, that also where flushing fails. @throws QrailsError `output` */
  close(): Promise<void>;
}

export interface JournalOptions extends LockOptions {
  /** Go on with the journal that is there, if one is. Without it, one that is there is refused. */
  readonly resume?: boolean;
}

/**
 * Opens the journal of a folder, which is made if it is not there, and locks the folder until `close`.
 *
 * @throws QrailsError `output` for a journal that is there without `resume`, a folder in use, or one that cannot be written to; `invalid` for the journal of
 *   another sweep or shard, one that holds a run twice, or a file that is none
 * @example
 * const journal = await openJournal('sweep', head, { resume: true });
 * for (const { from, to } of journal.finished.missing([{ from: 0, to: head.runs }])) await journal.append(sealExtent(run(from, to)));
 * await journal.close();
 */
export async function openJournal(folder: string, head: JournalHead, options: JournalOptions = {}): Promise<Journal> {
  const path = join(folder, JOURNAL_FILE);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => fail(folder, error));
  const lock = await lockFolder(folder, options);
  try {
    const there = await stat(path).catch(() => undefined);
    if (there && options.resume !== true) {
      throw new QrailsError({ code: 'output', where: printable(path, 400), message: 'there is a journal already', expected: 'a folder without one', try: '--resume, to go on with it, or another folder' });
    }
    const finished = new Intervals();
    const kept = there ? await held(path, head, finished) : NOTHING;
    return journalOf(path, head, finished, kept, await openAppender(path, headLine(head), kept, lock), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function journalOf(path: string, head: JournalHead, finished: Intervals, { dropped, damaged }: Kept, appender: Appender, lock: FolderLock): Journal {
  let closed: Promise<void> | undefined;
  return {
    path, finished, dropped, damaged,
    async append({ from, to, lines }) {
      appender.check();
      if (from === to) return;
      const runs = { from, to };
      if (closed || to > head.runs) throw new Error(`${showRuns(runs)}: not to be journalled here`);
      if (!finished.add(runs)) throw new Error(`${showRuns(runs)}: journalled already`);
      await appender.append(lines);
    },
    flush: () => appender.flush(),
    close: () => (closed ??= appender.close().finally(() => lock.release())),
  };
}

/** The head of a journal. @throws QrailsError `not-found`, `unreadable`; `invalid` for a file that is no journal, or whose head is damaged */
export async function readHead(path: string): Promise<JournalHead> {
  for await (const line of scan(path)) return parseHead(line, path);
  throw notJournal(path, 'an empty file');
}

const headLine = ({ sweep, name, shard, points, seeds, runs }: JournalHead): Buffer =>
  sealed(JSON.stringify({ journal: VERSION, sweep, name, shard, points, seeds, runs }));

const notJournal = (path: string, found: string): QrailsError =>
  new QrailsError({ code: 'invalid', where: printable(path, 400), message: 'is no journal of a sweep', found, expected: 'a head in its first line', try: 'another folder, or remove the file' });

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;

function parseHead(line: ScannedLine, path: string): JournalHead {
  if (line.bytes === undefined) throw notJournal(path, `a first line that is torn, damaged or of another kind: ${printable(line.found.toString('latin1', 0, 60))}`);
  const { journal, sweep, name, shard, points, seeds, runs } = parsed(line.bytes) ?? {};
  if (journal !== undefined && journal !== VERSION) {
    throw new QrailsError({ code: 'unsupported', where: whereIn(path, 1), message: 'is a journal of another version', found: printable(JSON.stringify(journal)), expected: `${VERSION}` });
  }
  const shaped = journal === VERSION && typeof sweep === 'string' && typeof name === 'string' && Array.isArray(shard) && shard.length === 2 && shard.every(isCount)
    && [points, seeds, runs].every(isCount);
  if (!shaped) throw notJournal(path, 'a first line of another kind');
  return { sweep, name, shard: shard as [number, number], points, seeds, runs } as JournalHead;
}

/** What must be the same for two journals to belong together, with names for messages. */
const BELONGS = [
  ['hash', ({ sweep }: JournalHead) => sweep],
  ['number of points', ({ points }: JournalHead) => points],
  ['number of seeds', ({ seeds }: JournalHead) => seeds],
  ['number of runs', ({ runs }: JournalHead) => runs],
] as const;

/** @throws QrailsError `invalid` where two heads are of different sweeps; shards are not looked at */
export function checkSameSweep(found: JournalHead, expected: JournalHead, path: string): void {
  for (const [what, of] of BELONGS) {
    const [is, should] = [of(found), of(expected)];
    if (is === should) continue;
    throw new QrailsError({
      code: 'invalid', where: printable(path, 400), message: `is the journal of another sweep, ${printable(JSON.stringify(found.name))}`,
      found: `${what} ${printable(String(is))}`, expected: `${what} ${should}, of ${printable(JSON.stringify(expected.name))}`, try: 'another folder for this one',
    });
  }
}

/** What a journal holds. */
async function held(path: string, head: JournalHead, finished: Intervals): Promise<Kept> {
  return recover(path, headLine(head), (line) => checkHead(parseHead(line, path), head, path), (bytes, where) => {
    const runs = parseLine(bytes, where);
    if (runs.to > head.runs) throw senseless(where, `runs below ${head.runs}`);
    if (!finished.add(runs)) throw new QrailsError({ code: 'invalid', where, message: `${showRuns(runs)}: there already`, expected: 'every run once', try: 'another folder: two processes wrote to this one' });
  });
}

function checkHead(found: JournalHead, expected: JournalHead, path: string): void {
  checkSameSweep(found, expected, path);
  const [is, should] = [found, expected].map(({ shard }) => shard.join('/'));
  if (is !== should) throw new QrailsError({ code: 'invalid', where: printable(path, 400), message: 'is the journal of another shard', found: `shard ${is}`, expected: `shard ${should}`, try: 'a folder for each shard' });
}
