/** Runs of designs that are kept on disk, in the journal of a sweep: what is there is not run again. */
import { join } from 'node:path';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { JOURNAL_FILE, journalLines, openJournal, sealExtent, type JournalLine } from '../sweep/journal.js';
import type { RunResult } from '../sweep/types.js';
import type { Ran } from './scenario.js';

/** The results of an extent are runs of designs here. The journal itself looks at nothing but their number. */
interface Kept {
  readonly run: number;
  readonly key: string;
  readonly ran: Ran;
}

export interface Store {
  readonly folder: string;
  /** Runs kept, those of before among them. */
  readonly size: number;
  get(key: string): Ran | undefined;
  /** Resolves when there is room for more. @throws QrailsError `output` */
  keep(key: string, ran: Ran): Promise<void>;
  /** @throws QrailsError `output` */
  close(): Promise<void>;
}

/** More than are ever run: their number is not known before. */
const MOST_RUNS = 2 ** 40;

/**
 * Opens the journal of a folder, which is made if it is not there.
 *
 * @param hash of all that runs depend on beside the design
 * @param resume go on with what is there
 * @throws QrailsError `output` for a journal that is there without `resume`, or a folder that another process works on; `invalid` for the journal of
 *   something else
 */
export async function openStore(folder: string, hash: string, name: string, resume: boolean): Promise<Store> {
  const journal = await openJournal(folder, { sweep: hash, name: `advice on ${name}`, shard: [1, 1], points: 1, seeds: 1, runs: MOST_RUNS }, { resume });
  const known = new Map<string, Ran>();
  let next = 0;
  try {
    for await (const line of journalLines(join(folder, JOURNAL_FILE), () => undefined)) {
      for (const { key, ran } of keptIn(line)) known.set(key, ran);
      next = Math.max(next, line.to);
    }
  } catch (error) {
    await journal.close();
    throw error;
  }
  return {
    folder,
    get size() {
      return known.size;
    },
    get: (key) => known.get(key),
    keep(key, ran) {
      known.set(key, ran);
      const kept: Kept = { run: next++, key, ran };
      return journal.append(sealExtent({ from: kept.run, results: [kept as unknown as RunResult] }));
    },
    close: () => journal.close(),
  };
}

function keptIn({ bytes, from, to, where }: JournalLine): Kept[] {
  const { results } = JSON.parse(bytes.toString()) as { results: Kept[] };
  const shaped = results.length === to - from && results.every(({ key, ran }) => typeof key === 'string' && typeof ran === 'object' && typeof ran.refused === 'boolean' && typeof ran.overflows === 'object');
  if (!shaped) throw new QrailsError({ code: 'invalid', where: printable(where, 400), message: 'is whole, but nothing this version writes', expected: 'runs of designs', try: 'another folder' });
  return results;
}
