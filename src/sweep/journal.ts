/**
 * The journal of a sweep: what is done, line by line, so that a sweep that was killed goes on where it was. docs/sweep.md.
 *
 * NDJSON. The first line is the head, every other one some consecutive runs. Each ends in the CRC-32 of its own bytes before `,"crc32"`, so that a line
 * that was torn, or damaged later, is told from a whole one without its neighbours. Lines are appended in batches, one fdatasync for each.
 */
import { createReadStream, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, open, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { VERDICTS } from '../compare/thresholds.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { outputError } from '../output/file.js';
import { Intervals, showRuns } from './intervals.js';
import { SWEEP_MEASURE_NAMES } from './measures.js';
import type { Extent, Interval, RunResult } from './types.js';

export const JOURNAL_FILE = 'journal.ndjson';
export const LOCK_FILE = 'journal.lock';

/** Version of the format. */
const VERSION = 1;
/** Longest line written, and read: a longer one was not written here. */
export const MOST_LINE_BYTES = 64 * 1024;
/** A batch is written when it is so large or so old. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_MS = 100;

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
   * Takes results. Resolves when there is room for more, which is before they are on the disk: see `flush`.
   *
   * @throws QrailsError `output` once something could not be written; what was flushed before stays good
   * @throws Error for runs that are journalled already, or not the sweep's: a bug of the caller
   */
  append(extent: Extent): Promise<void>;
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
 * for (const { from, to } of journal.finished.missing([{ from: 0, to: head.runs }])) await journal.append(run(from, to));
 * await journal.close();
 */
export async function openJournal(folder: string, head: JournalHead, options: JournalOptions = {}): Promise<Journal> {
  const path = join(folder, JOURNAL_FILE);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => fail(folder, error));
  const lock = await lockFolder(folder, options);
  let handle: FileHandle | undefined;
  try {
    const there = await stat(path).catch(() => undefined);
    if (there && options.resume !== true) {
      throw new QrailsError({ code: 'output', where: printable(path, 400), message: 'there is a journal already', expected: 'a folder without one', try: '--resume, to go on with it, or another folder' });
    }
    const kept = there ? await recover(path, head) : NOTHING();
    handle = await open(path, 'a').catch((error: unknown) => fail(path, error));
    await restore(handle, kept.end, head).catch((error: unknown) => fail(path, error));
    if (!there) await syncFolder(folder);
    return new Writer(path, head, handle, lock, kept);
  } catch (error) {
    await handle?.close();
    await lock.release();
    throw error;
  }
}

/** The head of a journal. @throws QrailsError `not-found`, `unreadable`; `invalid` for a file that is no journal, or whose head is damaged */
export async function readHead(path: string): Promise<JournalHead> {
  for await (const line of scan(path)) return parseHead(line, path);
  throw notJournal(path, 'an empty file');
}

/** A line that holds runs, whole; not parsed yet. */
export interface JournalLine extends Interval {
  readonly bytes: Buffer;
  /** File and line, for messages. */
  readonly where: string;
}

/**
 * Whole lines of a journal behind its head, in the order they were written. Memory: three chunks of 64 KiB and a line.
 *
 * @param onDamaged called for each line that is torn or damaged
 * @param headless for a file of such lines without a head
 * @throws QrailsError `not-found`, `unreadable`; `invalid` for a line that is whole and makes no sense
 */
export async function* journalLines(path: string, onDamaged: () => void, headless = false): AsyncGenerator<JournalLine, void> {
  for await (const line of scan(path)) {
    if (line.number === 1 && !headless) continue;
    if (line.bytes === undefined) onDamaged();
    else yield parseLine(line.bytes, whereIn(path, line.number));
  }
}

/** The results of a line. @throws QrailsError `invalid` for a line that is whole and makes no sense */
export function parseExtent({ bytes, from, to, where }: JournalLine): Extent {
  const results = parsed(bytes)?.['results'];
  if (!Array.isArray(results) || results.length !== to - from) throw senseless(where, `${to - from} results`);
  results.forEach((result, index) => {
    if (!isResult(result, from + index)) throw senseless(where, `the result of run ${from + index} as this version writes it`);
  });
  return { from, results: results as RunResult[] };
}

// ---- lines ----

const sealOf = (body: Uint8Array): string => `,"crc32":"${crc32(body).toString(16).padStart(8, '0')}"}\n`;
const SEAL_BYTES = sealOf(new Uint8Array()).length;

function sealed(body: string): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([bytes, Buffer.from(sealOf(bytes))]);
}

function isWhole(line: Buffer): boolean {
  const body = line.length - SEAL_BYTES;
  return body > 0 && line.toString('latin1', body) === sealOf(line.subarray(0, body));
}

const headLine = ({ sweep, name, shard, points, seeds, runs }: JournalHead): Buffer =>
  sealed(JSON.stringify({ journal: VERSION, sweep, name, shard, points, seeds, runs }).slice(0, -1));

const EXTENT = /^\{"from":(\d{1,16}),"to":(\d{1,16}),"results":\[/;
/** Most bytes of a line beside its results. */
const FRAME_BYTES = 64 + SEAL_BYTES;

/** Lines for an extent: as few as their length allows. */
function* extentLines({ from, results }: Extent): Generator<Buffer> {
  let texts: string[] = [];
  let size = FRAME_BYTES;
  let start = from;
  const line = (): Buffer => sealed(`{"from":${start},"to":${start + texts.length},"results":[${texts.join(',')}]`);
  for (const result of results) {
    const text = JSON.stringify(result);
    const bytes = Buffer.byteLength(text) + 1;
    if (FRAME_BYTES + bytes > MOST_LINE_BYTES) throw new RangeError(`the result of run ${result.run} has ${bytes} bytes`);
    if (size + bytes > MOST_LINE_BYTES) {
      yield line();
      start += texts.length;
      [texts, size] = [[], FRAME_BYTES];
    }
    texts.push(text);
    size += bytes;
  }
  yield line();
}

function parseLine(bytes: Buffer, where: string): JournalLine {
  const [, from, to] = (EXTENT.exec(bytes.toString('latin1', 0, FRAME_BYTES)) ?? []).map(Number);
  if (from === undefined || to === undefined || from >= to || !Number.isSafeInteger(to)) throw senseless(where, 'consecutive runs: "from", "to", "results"');
  return { from, to, bytes, where };
}

interface ScannedLine {
  /** From 1. */
  readonly number: number;
  /** Offset behind it. */
  readonly end: number;
  /** With its newline; undefined where it is torn or damaged. */
  readonly bytes: Buffer | undefined;
  /** As it is, cut to `MOST_LINE_BYTES`. */
  readonly found: Buffer;
}

/** Every line of a file, whole or not. */
async function* scan(path: string): AsyncGenerator<ScannedLine, void> {
  let parts: Buffer[] = [];
  let [number, end, length] = [0, 0, 0];
  const take = (): ScannedLine => {
    const found = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const line = { number: ++number, end, bytes: length === found.length && isWhole(found) ? found : undefined, found };
    [parts, length] = [[], 0];
    return line;
  };
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: MOST_LINE_BYTES }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        const newline = chunk.indexOf(10, at);
        const stop = newline < 0 ? chunk.length : newline + 1;
        const room = Math.min(stop, at + Math.max(0, MOST_LINE_BYTES - length)); // an endless line is not kept
        if (room > at) parts.push(chunk.subarray(at, room));
        length += stop - at;
        end += stop - at;
        at = stop;
        if (newline >= 0) yield take();
      }
    }
    if (length > 0) yield take();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof QrailsError) throw error;
    throw new QrailsError({ code: code === 'ENOENT' ? 'not-found' : 'unreadable', where: printable(path, 400), message: code === 'ENOENT' ? 'there is no journal' : `cannot be read (${code})` });
  }
}

// ---- what is read, checked ----

const whereIn = (path: string, line: number): string => `${printable(path, 400)}: line ${line}`;

const senseless = (where: string, expected: string): QrailsError =>
  new QrailsError({ code: 'invalid', where, message: 'is whole, but nothing this version writes', expected, try: 'the version of qrails that wrote it, or another folder' });

const notJournal = (path: string, found: string): QrailsError =>
  new QrailsError({ code: 'invalid', where: printable(path, 400), message: 'is no journal of a sweep', found, expected: 'a head in its first line', try: 'another folder, or remove the file' });

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object of a line; undefined where it is none: a good checksum does not make it ours. */
function parsed(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

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

const isNullOr = (value: unknown, is: (value: unknown) => boolean): boolean => value === null || is(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const KEYS = { result: 5, side: SWEEP_MEASURE_NAMES.length + 1, error: 2 };

const isSide = (side: unknown): boolean =>
  isRecord(side) && Object.keys(side).length === KEYS.side && (VERDICTS as readonly unknown[]).includes(side['verdict']) && SWEEP_MEASURE_NAMES.every((name) => isNullOr(side[name], isNumber));

const isError = (error: unknown): boolean => isRecord(error) && Object.keys(error).length === KEYS.error && isText(error['code']) && isText(error['message']);

const isResult = (result: unknown, run: number): boolean =>
  isRecord(result) && Object.keys(result).length === KEYS.result && result['run'] === run && isNullOr(result['hash'], isText)
  && isNullOr(result['float'], isSide) && isNullOr(result['fixed'], isSide) && isNullOr(result['error'], isError);

// ---- resuming ----

interface Kept {
  readonly finished: Intervals;
  /** Offset behind the last whole line. */
  readonly end: number;
  readonly dropped: number;
  readonly damaged: number;
}
const NOTHING = (): Kept => ({ finished: new Intervals(), end: 0, dropped: 0, damaged: 0 });

/** What a journal holds. Damaged lines with none whole behind them are its tail, to be cut off; others are passed over. */
async function recover(path: string, head: JournalHead): Promise<Kept> {
  const finished = new Intervals();
  let [end, tail, damaged] = [0, 0, 0];
  for await (const line of scan(path)) {
    if (line.number === 1) {
      // Killed in its first moment: not even the head is there.
      if (line.bytes === undefined && headLine(head).subarray(0, line.found.length).equals(line.found)) return { ...NOTHING(), dropped: 1 };
      checkHead(parseHead(line, path), head, path);
    } else if (line.bytes === undefined) {
      tail++;
      continue;
    } else {
      const where = whereIn(path, line.number);
      const runs = parseLine(line.bytes, where);
      if (runs.to > head.runs) throw senseless(where, `runs below ${head.runs}`);
      if (!finished.add(runs)) throw new QrailsError({ code: 'invalid', where, message: `${showRuns(runs)}: there already`, expected: 'every run once', try: 'another folder: two processes wrote to this one' });
    }
    [end, damaged, tail] = [line.end, damaged + tail, 0];
  }
  return { finished, end, dropped: tail, damaged };
}

function checkHead(found: JournalHead, expected: JournalHead, path: string): void {
  checkSameSweep(found, expected, path);
  const [is, should] = [found, expected].map(({ shard }) => shard.join('/'));
  if (is !== should) throw new QrailsError({ code: 'invalid', where: printable(path, 400), message: 'is the journal of another shard', found: `shard ${is}`, expected: `shard ${should}`, try: 'a folder for each shard' });
}

/** Cuts the tail off, and writes the head where there is none. What was read may not have reached the disk yet: it has when this is done. */
async function restore(handle: FileHandle, end: number, head: JournalHead): Promise<void> {
  if ((await handle.stat()).size > end) await handle.truncate(end);
  if (end === 0) await handle.appendFile(headLine(head));
  await handle.datasync();
}

/** Makes the name of a new file last, where folders can be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Throws a failure to write for the user; what is told already stays as it is. */
export function fail(path: string, error: unknown): never {
  throw error instanceof QrailsError ? error : outputError(path, error);
}

// ---- writing ----

class Writer implements Journal {
  readonly finished: Intervals;
  readonly dropped: number;
  readonly damaged: number;
  #queue: Buffer[] = [];
  #queued = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closed: Promise<void> | undefined;

  constructor(readonly path: string, readonly head: JournalHead, readonly handle: FileHandle, readonly lock: FolderLock, kept: Kept) {
    ({ finished: this.finished, dropped: this.dropped, damaged: this.damaged } = kept);
  }

  async append(extent: Extent): Promise<void> {
    this.#refuse();
    const { from, results } = extent;
    if (results.length === 0) return;
    const runs = { from, to: from + results.length };
    if (this.#closed || runs.to > this.head.runs || results.some(({ run }, index) => run !== from + index)) throw new Error(`${showRuns(runs)}: not to be journalled here`);
    if (!this.finished.add(runs)) throw new Error(`${showRuns(runs)}: journalled already`);
    for (const line of extentLines(extent)) {
      this.#queue.push(line);
      this.#queued += line.length;
    }
    if (this.#queued < BATCH_BYTES) this.#timer ??= setTimeout(() => void this.#write(), BATCH_MS);
    else {
      const before = this.#writing; // the disk is behind: wait for it
      void this.#write();
      await before;
      this.#refuse();
    }
  }

  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#queued > 0 || this.#writing)) await this.#write();
    this.#refuse();
  }

  close(): Promise<void> {
    return (this.#closed ??= (async () => {
      try {
        await this.flush();
      } finally {
        clearTimeout(this.#timer);
        await this.handle.close();
        await this.lock.release();
      }
    })());
  }

  #refuse(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** One batch, or the one that is being written. Never rejects: whoever appends, flushes or closes next is told. */
  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#writing ??= this.#batch().catch((error: unknown) => {
      this.#failure = { error: unwritten(this.path, error) };
      [this.#queue, this.#queued] = [[], 0];
    }).finally(() => {
      this.#writing = undefined;
      if (this.#queued > 0) this.#timer ??= setTimeout(() => void this.#write(), this.#queued < BATCH_BYTES ? BATCH_MS : 0);
    }));
  }

  async #batch(): Promise<void> {
    const batch = Buffer.concat(this.#queue, this.#queued);
    [this.#queue, this.#queued] = [[], 0];
    await this.lock.check();
    await this.handle.appendFile(batch);
    await this.handle.datasync();
  }
}

function unwritten(path: string, error: unknown): unknown {
  if (error instanceof QrailsError) return error;
  const told = outputError(path, error);
  return !(told instanceof QrailsError) ? told : new QrailsError({ ...told.parts, expected: 'room for the journal', try: 'repair that, then --resume: nothing that was written before is lost' });
}

// ---- one process for a folder ----

export interface LockOptions {
  /** How long the lock of a process that cannot be asked after, as on another machine, is watched for a sign of life, ms. Default 10000. */
  readonly patience?: number;
}

export interface FolderLock {
  /** @throws QrailsError `output` where another process has taken the folder */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** A process, such that no other ever is it: numbers of processes are used again, in containers at once. */
interface Holder {
  /** Machine and name space that `pid` is of. */
  readonly place: string;
  readonly pid: number;
  /** When it began, in the system's ticks; null where the system does not tell. */
  readonly start: string | null;
}

/** A lock shows so often that it is held, ms. */
const BEAT_MS = 1000;
const LOOK_MS = 200;

/**
 * Keeps other processes off a folder. The lock of a process that is gone (killed, or on a machine that went down) is taken over.
 *
 * @throws QrailsError `output` where another process holds it, or it cannot be written
 */
export async function lockFolder(folder: string, { patience = 10_000 }: LockOptions = {}): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE);
  const guard = `${path}.taken`;
  for (let waited = 0; ; ) {
    const lock = await create(path);
    if (lock) return lock;
    const found = await look(path);
    if (found === undefined) continue; // given free in between
    if (!(await isAbandoned(path, found, patience))) throw inUse(path, found.holder);
    // One process at a time removes a lock, and looks once more before: what was abandoned may be the lock of one that was quicker by now.
    if (await exclusively(mkdir(guard), guard)) {
      try {
        const now = await look(path);
        if (now?.text !== found.text || now.inode !== found.inode) continue;
        await rm(path, { force: true });
        const taken = await create(path);
        if (taken) return taken;
      } finally {
        await rmdir(guard).catch(() => undefined);
      }
    } else {
      await pause();
      if ((waited += LOOK_MS) > patience) await rmdir(guard).catch(() => undefined); // killed in the lines above
    }
  }
}

const pause = (): Promise<void> => new Promise((later) => setTimeout(later, LOOK_MS));

/** Undefined where it is there already. */
const exclusively = <T>(making: Promise<T>, path: string): Promise<{ readonly made: T } | undefined> =>
  making.then((made) => ({ made }), (error: unknown) => ((error as NodeJS.ErrnoException).code === 'EEXIST' ? undefined : fail(path, error)));

async function create(path: string): Promise<FolderLock | undefined> {
  const handle = await exclusively(open(path, 'wx'), path);
  return handle && hold(path, handle.made);
}

async function hold(path: string, handle: FileHandle): Promise<FolderLock> {
  const { ino } = await handle.stat();
  const isOurs = async (): Promise<boolean> => (await stat(path).catch(() => undefined))?.ino === ino;
  const beat = setInterval(() => void handle.utimes(new Date(), new Date()).catch(() => undefined), BEAT_MS);
  beat.unref();
  const release = async (): Promise<void> => {
    clearInterval(beat);
    if (await isOurs()) await rm(path, { force: true });
    await handle.close();
  };
  await handle.writeFile(JSON.stringify(ourselves())).catch(async (error: unknown) => {
    await release();
    fail(path, error);
  });
  return {
    release,
    async check() {
      if (!(await isOurs())) throw inUse(path, (await look(path))?.holder);
    },
  };
}

interface Look {
  readonly text: string;
  readonly inode: number;
  readonly holder: Holder | undefined;
  readonly beat: number;
}

/** A lock as it is now; undefined where there is none. Opened anew each time: on network file systems only that shows the present. */
async function look(path: string): Promise<Look | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => ((error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : fail(path, error)));
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    const { mtimeMs: beat, ino: inode } = await handle.stat();
    return { text, inode, holder: parseHolder(text), beat };
  } catch (error) {
    fail(path, error);
  } finally {
    await handle.close();
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { place, pid, start } = JSON.parse(text) as Record<string, unknown>;
    return isText(place) && isCount(pid) && isNullOr(start, isText) ? ({ place, pid, start } as Holder) : undefined;
  } catch {
    return undefined; // killed before it wrote it, or not ours
  }
}

async function isAbandoned(path: string, { text, holder, beat }: Look, patience: number): Promise<boolean> {
  const here = ourselves();
  if (holder?.place === here.place) return here.start === null ? !isAlive(holder.pid) : startOf(holder.pid) !== holder.start;
  for (let waited = 0; waited < patience; waited += LOOK_MS) {
    await pause();
    const now = await look(path);
    if (now?.text !== text || now.beat !== beat) return now === undefined;
  }
  return true;
}

const ourselves = (): Holder => ({ place: placeOf(), pid: process.pid, start: startOf(process.pid) });

function placeOf(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** When a process began: field 22 of proc(5)'s stat; null where it is gone, waits to be buried, or there is no such file. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from field 3: names may hold anything
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const inUse = (path: string, holder: Holder | undefined): QrailsError =>
  new QrailsError({
    code: 'output', where: printable(path, 400), message: 'another process works on this folder',
    ...(holder && { found: `process ${holder.pid} on ${printable(holder.place.split(' ')[0]!)}` }), try: 'wait for it, or use another folder',
  });
