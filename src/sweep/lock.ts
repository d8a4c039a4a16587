/** One process at a time for a folder, also where it is on a file system that machines share. */
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, open, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { fail } from '../output/file.js';

export const LOCK_FILE = 'journal.lock';

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
    return typeof place === 'string' && Number.isSafeInteger(pid) && (start === null || typeof start === 'string') ? ({ place, pid, start } as Holder) : undefined;
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
