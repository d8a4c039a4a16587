/**
 * Results of journals in the order of their runs, from lines in any order. What is kept in memory has a bound whatever the size of the sweep: `BUFFER_BYTES` of
 * lines that wait for their turn, and at most 256 KiB for each of `FAN_IN` files that are read at once; 64 MiB by default, beside what the collector has not
 * freed yet.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { fail } from '../output/file.js';
import { showRuns } from './intervals.js';
import { MOST_LINE_BYTES, checkSameSweep, journalLines, parseExtent, readHead, type JournalHead, type JournalLine } from './journal.js';
import type { Interval, RunResult } from './types.js';

/** Lines that wait are put away when they take so much memory. */
export const BUFFER_BYTES = 32 * 1024 * 1024;
/** Files read at once. */
export const FAN_IN = 128;
/** Folder of what was put away, beside the journal. */
export const SORT_FOLDER = 'journal.sort';

/** Of a line that waits, beside its text. */
const LINE_OVERHEAD = 512;
/** Gaps and repetitions an error names. */
const MOST_NAMED = 8;

export interface SortOptions {
  /** Runs there must be, 0 … `runs` − 1. Default those of the sweep, which the heads tell. */
  readonly runs?: number;
  /** Where the folder of what is put away goes. Default that of the first journal. The caller holds its lock. */
  readonly folder?: string;
  readonly bufferBytes?: number;
  readonly fanIn?: number;
}

/** Paths of journals, at least one. */
export type Journals = readonly [string, ...string[]];

/**
 * Every run once, in order. A journal written by a pool is nearly in order, and so are the shards of a sweep read side by side: they are passed on as they are
 * read. Lines far from their place are put away in sorted files, which are merged in the end and removed, also after an error.
 * Damaged lines are passed over: their runs are elsewhere, or missing.
 *
 * @throws QrailsError `invalid` that names runs that are missing or there twice, after some were handed out; for journals of different sweeps, or lines that
 *   make no sense; `not-found`, `unreadable`; `output` where nothing can be put away
 * @example for await (const { run, fixed } of sortedRuns(['sweep/journal.ndjson'])) console.log(run, fixed?.verdict);
 */
export async function* sortedRuns(journals: Journals, options: SortOptions = {}): AsyncGenerator<RunResult, void> {
  const { bufferBytes = BUFFER_BYTES, fanIn = FAN_IN } = options;
  const head = await commonHead(journals);
  const order = new Order(options.runs ?? head.runs);
  const away = new PutAway(join(options.folder ?? dirname(journals[0]), SORT_FOLDER), fanIn);
  const waiting = new Map<number, JournalLine>(); // by first run: only the next one is ever looked for
  let [waitingBytes, damaged] = [0, 0];
  const byRun = (): JournalLine[] => [...waiting.values()].sort((a, b) => a.from - b.from);
  try {
    await away.clear(); // what a killed process left
    for (let first = 0; first < journals.length; first += fanIn) {
      const sources = journals.slice(first, first + fanIn).map((path) => journalLines(path, () => damaged++));
      for await (const line of lowestFirst(sources)) {
        const same = waiting.get(line.from);
        if (same) order.repeated({ from: line.from, to: Math.min(line.to, same.to) });
        if (line.from < order.next) yield* order.take(line); // there already, in part at least
        if (line.from < order.next || (same && same.to >= line.to)) continue;
        if (same) waitingBytes -= same.bytes.length + LINE_OVERHEAD;
        waiting.set(line.from, line.from === order.next ? line : ownBytes(line));
        waitingBytes += line.bytes.length + LINE_OVERHEAD;
        for (let next = waiting.get(order.next); next; next = waiting.get(order.next)) {
          waiting.delete(next.from);
          waitingBytes -= next.bytes.length + LINE_OVERHEAD;
          yield* order.take(next);
        }
        if (waitingBytes <= bufferBytes) continue;
        await away.put(byRun());
        waiting.clear();
        waitingBytes = 0;
      }
    }
    if (away.used) {
      await away.put(byRun());
      waiting.clear();
      for await (const line of away.merged()) yield* order.take(line);
    } else for (const line of byRun()) yield* order.take(line);
    order.finish(journals, damaged);
  } finally {
    await away.clear();
  }
}

/** The head that all journals have, but for the shard. */
async function commonHead([first, ...others]: Journals): Promise<JournalHead> {
  const head = await readHead(first);
  for (const path of others) checkSameSweep(await readHead(path), head, path);
  return head;
}

/** A line that does not keep the chunk of the file alive which it was read in. */
function ownBytes(line: JournalLine): JournalLine {
  const bytes = Buffer.allocUnsafeSlow(line.bytes.length);
  line.bytes.copy(bytes);
  return { ...line, bytes };
}

/** Lines of several sources, always from the one whose next has the lowest run: a merge where each is sorted. */
async function* lowestFirst(sources: readonly AsyncGenerator<JournalLine, void>[]): AsyncGenerator<JournalLine, void> {
  try {
    const open: { source: AsyncGenerator<JournalLine, void>; line: JournalLine }[] = [];
    for (const source of sources) {
      const { value } = await source.next();
      if (value) open.push({ source, line: value });
    }
    while (open.length > 0) {
      const lowest = open.reduce((a, b) => (b.line.from < a.line.from ? b : a));
      yield lowest.line;
      const { value } = await lowest.source.next();
      if (value) lowest.line = value;
      else open.splice(open.indexOf(lowest), 1);
    }
  } finally {
    for (const source of sources) await source.return();
  }
}

/** Sees to it that every run comes once. After the first that does not, nothing is handed out any more, and what is wrong is gathered. */
class Order {
  /** The run that must come next. */
  next = 0;
  readonly #missing = new Findings();
  readonly #twice = new Findings();

  constructor(readonly runs: number) {}

  /** The results of a line, if it is the next. */
  *take(line: JournalLine): Generator<RunResult> {
    if (line.to > this.runs) {
      throw new QrailsError({ code: 'invalid', where: line.where, message: 'has runs that are not of the sweep', found: showRuns(line), expected: `runs below ${this.runs}` });
    }
    if (line.from > this.next) this.#missing.add({ from: this.next, to: line.from });
    if (line.from < this.next) this.repeated({ from: line.from, to: Math.min(line.to, this.next) });
    this.next = Math.max(this.next, line.to);
    if (this.#missing.count + this.#twice.count === 0) yield* parseExtent(line).results;
  }

  repeated(runs: Interval): void {
    this.#twice.add(runs);
  }

  finish(journals: Journals, damaged: number): void {
    if (this.next < this.runs) this.#missing.add({ from: this.next, to: this.runs });
    const found = [this.#missing.text('missing'), this.#twice.text('twice')].filter((text) => text !== '');
    if (found.length === 0) return;
    const more = journals.length > 1 ? ` and ${journals.length - 1} more` : '';
    throw new QrailsError({
      code: 'invalid', where: `${printable(journals[0], 400)}${more}`, message: 'not every run is there once',
      found: [...found, ...(damaged > 0 ? [`damaged lines: ${damaged}`] : [])].join('; '), expected: `runs 0 to ${this.runs - 1}, each once`,
      try: this.#twice.count > 0 ? 'every shard once, each from a folder of its own' : '--resume for a sweep that was interrupted; every shard, for one that was divided',
    });
  }
}

/** The first few of what is wrong, and how many there are. */
class Findings {
  count = 0;
  readonly #named: string[] = [];

  add(runs: Interval): void {
    if (++this.count <= MOST_NAMED) this.#named.push(showRuns(runs));
  }

  text(what: string): string {
    if (this.count === 0) return '';
    return `${what}: ${this.#named.join(', ')}${this.count > MOST_NAMED ? ` and ${this.count - MOST_NAMED} more` : ''}`;
  }
}

/** Sorted files of lines. */
class PutAway {
  readonly #files: string[] = [];
  #made = 0;

  constructor(readonly folder: string, readonly fanIn: number) {}

  get used(): boolean {
    return this.#made > 0;
  }

  async put(lines: Iterable<JournalLine> | AsyncIterable<JournalLine>): Promise<void> {
    const path = join(this.folder, `${this.#made++}.ndjson`);
    try {
      await mkdir(this.folder, { recursive: true });
      await pipeline(blocks(lines), createWriteStream(path));
    } catch (error) {
      fail(path, error);
    }
    this.#files.push(path);
  }

  /** All lines in order. Files beyond what is read at once are merged into fewer first. */
  async *merged(): AsyncGenerator<JournalLine, void> {
    while (this.#files.length > this.fanIn) {
      const some = this.#files.splice(0, this.fanIn);
      await this.put(lowestFirst(some.map(readBack)));
      for (const path of some) await rm(path);
    }
    yield* lowestFirst(this.#files.map(readBack));
  }

  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch((error: unknown) => fail(this.folder, error));
  }
}

/** Text of lines in pieces worth a write each. */
async function* blocks(lines: Iterable<JournalLine> | AsyncIterable<JournalLine>): AsyncGenerator<Buffer> {
  let block: Buffer[] = [];
  let size = 0;
  for await (const { bytes } of lines) {
    block.push(bytes);
    if ((size += bytes.length) < MOST_LINE_BYTES) continue;
    yield Buffer.concat(block);
    [block, size] = [[], 0];
  }
  yield Buffer.concat(block);
}

function readBack(path: string): AsyncGenerator<JournalLine, void> {
  const refuse = (): never => {
    throw new QrailsError({ code: 'unreadable', where: printable(path, 400), message: 'was damaged since it was written', try: 'the same once more; the journal is not touched' });
  };
  return journalLines(path, refuse, true);
}
