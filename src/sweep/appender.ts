/** Appends lines to a file in batches, one fdatasync for each: what is flushed stays, whatever ends the process. */
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { QrailsError } from '../errors.js';
import { fail, outputError } from '../output/file.js';
import type { Kept } from './line.js';
import type { FolderLock } from './lock.js';

/** A batch is written when it is so large or so old. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_MS = 100;

/**
 * Opens a file to go on behind what is kept of it, or with its first line where nothing is.
 *
 * @param lock of its folder, looked at before each batch; released by the caller
 * @throws QrailsError `output` where it cannot be written
 */
export async function openAppender(path: string, head: Buffer, { end }: Kept, lock: FolderLock): Promise<Appender> {
  const handle = await open(path, 'a').catch((error: unknown) => fail(path, error));
  try {
    await restore(handle, end, head);
    if (end === 0) await syncFolder(dirname(path));
  } catch (error) {
    await handle.close();
    fail(path, error);
  }
  return new Appender(path, handle, lock);
}

/** Cuts the tail off, and writes the head where there is none. What was read may not have reached the disk yet: it has when this is done. */
async function restore(handle: FileHandle, end: number, head: Buffer): Promise<void> {
  if ((await handle.stat()).size > end) await handle.truncate(end);
  if (end === 0) await handle.appendFile(head);
  await handle.datasync();
}

/** Makes the name of a new file last, where folders can be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

export class Appender {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #lock: FolderLock;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(path: string, handle: FileHandle, lock: FolderLock) {
    [this.#path, this.#handle, this.#lock] = [path, handle, lock];
  }

  /** @throws QrailsError `output` once something could not be written; what was flushed before stays good */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Takes lines. Resolves when there is room for more, which is before they are on the disk: see `flush`. @throws as `check` */
  async append(lines: Uint8Array): Promise<void> {
    this.check();
    this.#queue.push(lines);
    this.#queued += lines.length;
    if (this.#queued < BATCH_BYTES) this.#timer ??= setTimeout(() => void this.#write(), BATCH_MS);
    else {
      const before = this.#writing; // the disk is behind: wait for it
      void this.#write();
      await before;
      this.check();
    }
  }

  /** Resolves when all that was appended is on the disk. @throws as `check` */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#queued > 0 || this.#writing)) await this.#write();
    this.check();
  }

  /** Flushes and closes the file, that also where flushing fails. @throws as `check` */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      clearTimeout(this.#timer);
      await this.#handle.close();
    }
  }

  /** One batch, or the one that is being written. Never rejects: whoever appends, flushes or closes next is told. */
  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#writing ??= this.#batch().catch((error: unknown) => {
      this.#failure = { error: unwritten(this.#path, error) };
      [this.#queue, this.#queued] = [[], 0];
    }).finally(() => {
      this.#writing = undefined;
      if (this.#queued > 0) this.#timer ??= setTimeout(() => void this.#write(), this.#queued < BATCH_BYTES ? BATCH_MS : 0);
    }));
  }

  async #batch(): Promise<void> {
    const batch = Buffer.concat(this.#queue, this.#queued);
    [this.#queue, this.#queued] = [[], 0];
    await this.#lock.check();
    await this.#handle.appendFile(batch);
    await this.#handle.datasync();
  }
}

function unwritten(path: string, error: unknown): unknown {
  if (error instanceof QrailsError) return error;
  const told = outputError(path, error);
  return !(told instanceof QrailsError) ? told : new QrailsError({ ...told.parts, expected: 'room for the journal', try: 'repair that, then --resume: nothing that was written before is lost' });
}
