/** An output folder, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { printable } from '../document/show.js';
import { QrailsError, type ErrorParts } from '../errors.js';

export interface FolderOptions {
  /** Replace a folder that has files of these names. It is still refused where anything else in it would be lost. */
  readonly force?: boolean;
}

/**
 * Writes files into a folder of their own: first into a hidden sibling, which then takes the folder's name in one step. A failure leaves what was
 * there before. An empty folder counts as none. A link to a folder stays a link.
 *
 * @param dir the folder; the one above it must exist
 * @param files content by plain file name
 * @throws QrailsError `output` where the folder exists and is not to be replaced, is a file, lies in a place that is missing or cannot be written,
 *   or where a file name is not plain
 * @example await writeOutputFolder('firmware', exportC(plan, options).files, { force: false });
 */
export async function writeOutputFolder(dir: string, files: Readonly<Record<string, string | Uint8Array>>, { force = false }: FolderOptions = {}): Promise<void> {
  const names = Object.keys(files);
  names.forEach(refuseUnsafe);
  refuseEqual(names);
  if (dir === '' || dir.includes('\0')) throw failure(JSON.stringify(dir), { message: 'is no folder name' });

  const target = await locate(dir);
  const replaces = await occupied(dir, target, names, force);
  const staging = sibling(target);
  try {
    await mkdir(staging);
    for (const [name, content] of Object.entries(files)) await writeFile(join(staging, name), content, { flag: 'wx' });
    if (replaces) await exchange(staging, target, names, dir);
    else await rename(staging, target);
  } catch (error) {
    // staging is ours alone; a parent that cannot be written has none to remove
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
    throw systemFailure(error, dir);
  }
}

/** The folder itself, links followed; its parent exists and is a folder. */
async function locate(dir: string): Promise<string> {
  const path = resolve(dir);
  const entry = await lstat(path).catch((error: unknown) => ignoreMissing(error, dir));
  if (entry?.isSymbolicLink()) {
    return realpath(path).catch(() => {
      throw failure(dir, { message: 'is a link that leads nowhere', try: 'remove it, or choose another folder' });
    });
  }
  const parent = dirname(path);
  const above = await stat(parent).catch((error: unknown) => ignoreMissing(error, dir));
  if (!above) throw failure(dir, { message: 'the folder above it does not exist', found: parent, try: `mkdir -p ${dirname(dir)}` });
  if (!above.isDirectory()) throw failure(dir, { message: 'what is above it is not a folder', found: parent });
  return join(await realpath(parent), basename(path));
}

/** Whether there is a folder to replace. Refuses to where that is not wanted or would lose something. */
async function occupied(dir: string, target: string, names: readonly string[], force: boolean): Promise<boolean> {
  const entry = await stat(target).catch((error: unknown) => ignoreMissing(error, dir));
  if (!entry) return false;
  if (!entry.isDirectory()) throw failure(dir, { message: 'is a file', expected: 'a folder, or a name that is free', try: 'choose another folder' });
  if (target === (await realpath('.'))) throw failure(dir, { message: 'is the current folder and cannot be replaced', try: 'name a folder in it' });
  const present = await readdir(target, { withFileTypes: true }).catch((error: unknown) => {
    throw systemFailure(error, dir);
  });
  if (present.length === 0) return true;
  if (!force) throw failure(dir, { message: 'exists already', found: list(present.map(({ name }) => name)), try: '--force to replace it, or choose another folder' });
  const others = present.filter((item) => !item.isFile() || !names.includes(item.name)).map(({ name }) => name);
  if (others.length > 0) {
    throw failure(dir, { message: 'holds more than what would replace it', found: list(others), expected: `only ${list(names)}`, try: 'remove these by hand, or choose another folder' });
  }
  return true;
}

/** Puts the new folder in the place of the old one, and the old one back if that fails. */
async function exchange(staging: string, target: string, names: readonly string[], dir: string): Promise<void> {
  const aside = sibling(target);
  await rename(target, aside);
  try {
    await rename(staging, target);
  } catch (error) {
    await rename(aside, target);
    throw error;
  }
  try {
    // by name and without recursion: what another program put there meanwhile is not deleted
    for (const name of names) await rm(join(aside, name), { force: true });
    await rmdir(aside);
  } catch {
    throw failure(dir, { message: 'was written, but what it replaced could not be removed', found: aside, try: 'remove that folder by hand' });
  }
}

/** Beside the target, so that the rename stays on one file system; short, so that a long name of the target is no obstacle. */
const sibling = (target: string): string => join(dirname(target), `.qrails-${randomBytes(8).toString('hex')}`);

function refuseUnsafe(name: string): void {
  if (name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name)) return;
  throw failure(JSON.stringify(name), { message: 'cannot be the name of an output file', expected: 'a plain file name, without folders' });
}

/** Two names that some file systems take for one. */
function refuseEqual(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) throw failure(name, { message: 'differs from another output file only in upper and lower case', found: other });
    seen.set(name.toLowerCase(), name);
  }
}

function list(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, 5).map((name) => printable(name));
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}

function ignoreMissing(error: unknown, dir: string): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw systemFailure(error, dir);
}

const LONGEST_PATH = 500;

const failure = (where: string, parts: Omit<ErrorParts, 'code' | 'where'>): QrailsError =>
  new QrailsError({ code: 'output', where: printable(where, LONGEST_PATH), ...parts });

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
  EDQUOT: 'no space left in the quota',
  ENAMETOOLONG: 'a name is too long for the file system',
  ENOTDIR: 'what is above it is not a folder',
  ENOTEMPTY: 'exists already: another program made it meanwhile',
  EEXIST: 'exists already: another program made it meanwhile',
  ELOOP: 'leads through links in a circle',
};

/** What the operating system said, in words; a bug stays a bug. */
function systemFailure(error: unknown, dir: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof QrailsError || code === undefined) return error;
  return failure(dir, { message: REASONS[code] ?? 'cannot be written', found: code, try: 'choose another folder' });
}
