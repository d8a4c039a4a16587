import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { writeOutputFolder } from '../../src/export/folder.js';

const FILES = { 'demo.h': 'header\n', 'demo.c': 'source\n' };

let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'qrails-folder-'));
  out = join(root, 'out');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function content(dir: string): Record<string, string> {
  return Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
}

async function failure(action: Promise<void>): Promise<QrailsError> {
  const error: unknown = await action.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(QrailsError);
  expect((error as QrailsError).code).toBe('output');
  return error as QrailsError;
}

describe('writing a folder', () => {
  it('writes every file, text and bytes, and leaves nothing else', async () => {
    await writeOutputFolder(out, { ...FILES, 'raw.bin': Uint8Array.of(0, 255) });
    expect(readdirSync(root)).toEqual(['out']);
    expect(readdirSync(out).toSorted()).toEqual(['demo.c', 'demo.h', 'raw.bin']);
    expect(readFileSync(join(out, 'demo.h'), 'utf8')).toBe('header\n');
    expect([...readFileSync(join(out, 'raw.bin'))]).toEqual([0, 255]);
    expect(statSync(out).mode & 0o777).toBe(0o777 & ~process.umask());
  });

  it('takes an empty folder as its own', async () => {
    mkdirSync(out);
    await writeOutputFolder(out, FILES);
    expect(content(out)).toEqual(FILES);
    expect(readdirSync(root)).toEqual(['out']);
  });

  it('takes a name as long as the file system does', async () => {
    const long = join(root, 'x'.repeat(255));
    await writeOutputFolder(long, FILES);
    expect(content(long)).toEqual(FILES);
  });
});

describe('a folder that is there', () => {
  beforeEach(async () => {
    await writeOutputFolder(out, { 'demo.h': 'old\n', 'demo.c': 'old\n' });
  });

  it('is not overwritten without force', async () => {
    const { message } = await failure(writeOutputFolder(out, FILES));
    expect(message).toBe(`${out}: exists already\n  found     demo.c, demo.h\n  try       --force to replace it, or choose another folder`);
    expect(content(out)).toEqual({ 'demo.h': 'old\n', 'demo.c': 'old\n' });
    expect(readdirSync(root)).toEqual(['out']);
  });

  it('is replaced whole with force', async () => {
    await writeOutputFolder(out, FILES, { force: true });
    expect(content(out)).toEqual(FILES);
    expect(readdirSync(root)).toEqual(['out']);
  });

  it('keeps what force would lose', async () => {
    writeFileSync(join(out, 'notes.txt'), 'mine');
    mkdirSync(join(out, '.git'));
    const { message } = await failure(writeOutputFolder(out, FILES, { force: true }));
    expect(message).toContain('holds more than what would replace it\n  found     .git, notes.txt\n  expected  only demo.c, demo.h');
    expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    expect(readFileSync(join(out, 'demo.h'), 'utf8')).toBe('old\n');
  });

  it('keeps a folder or link of the name of a file', async () => {
    rmSync(join(out, 'demo.c'));
    mkdirSync(join(out, 'demo.c'));
    expect((await failure(writeOutputFolder(out, FILES, { force: true }))).message).toContain('found     demo.c\n');
  });

  it('is what it was when writing fails half-way', async () => {
    const files = { 'demo.h': 'new', ['x'.repeat(300)]: 'name too long', 'demo.c': 'new' };
    const { message } = await failure(writeOutputFolder(out, files, { force: true }));
    expect(message).toContain('a name is too long for the file system');
    expect(content(out)).toEqual({ 'demo.h': 'old\n', 'demo.c': 'old\n' });
    expect(readdirSync(root)).toEqual(['out']);
  });

  it('is reached through a link, which stays one', async () => {
    const link = join(root, 'link');
    symlinkSync('out', link);
    await failure(writeOutputFolder(link, FILES));
    await writeOutputFolder(link, FILES, { force: true });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(content(out)).toEqual(FILES);
    expect(readdirSync(root).toSorted()).toEqual(['link', 'out']);
  });
});

describe('places that do not take a folder', () => {
  it('leaves nothing behind when writing fails half-way', async () => {
    await failure(writeOutputFolder(out, { 'a.h': 'a', ['x'.repeat(300)]: 'name too long' }));
    expect(readdirSync(root)).toEqual([]);
  });

  it('names a missing folder above and does not make it', async () => {
    const { message } = await failure(writeOutputFolder(join(root, 'a', 'b'), FILES));
    expect(message).toBe(`${join(root, 'a', 'b')}: the folder above it does not exist\n  found     ${join(root, 'a')}\n  try       mkdir -p ${join(root, 'a')}`);
    expect(existsSync(join(root, 'a'))).toBe(false);
  });

  it.each([false, true])('leaves a file in its place (force %s)', async (force) => {
    writeFileSync(out, 'a file');
    expect((await failure(writeOutputFolder(out, FILES, { force }))).message).toContain('is a file');
    expect((await failure(writeOutputFolder(join(out, 'below'), FILES, { force }))).message).toContain('what is above it is not a folder');
    expect(readFileSync(out, 'utf8')).toBe('a file');
    expect(readdirSync(root)).toEqual(['out']);
  });

  it('says when there is no permission', async () => {
    const closed = join(root, 'closed');
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(root, 0o755); // so that another user gets as far as the closed folder
    const asRoot = process.getuid?.() === 0; // permissions do not bind root
    let error: QrailsError;
    try {
      if (asRoot) process.seteuid!(65534);
      error = await failure(writeOutputFolder(join(closed, 'out'), FILES));
    } finally {
      if (asRoot) process.seteuid!(0);
    }
    expect(error.message).toContain('no permission to write there\n  found     EACCES');
    expect(readdirSync(closed)).toEqual([]);
  });

  it('refuses a link that leads nowhere, the current folder and no name', async () => {
    symlinkSync('nowhere', out);
    expect((await failure(writeOutputFolder(out, FILES, { force: true }))).message).toContain('leads nowhere');
    expect((await failure(writeOutputFolder('.', FILES, { force: true }))).message).toContain('current folder');
    await failure(writeOutputFolder('', FILES));
    await failure(writeOutputFolder('a\0b', FILES));
    await failure(writeOutputFolder('/', FILES, { force: true }));
    expect(existsSync(join(root, 'nowhere'))).toBe(false);
  });
});

describe('file names', () => {
  it.each(['../evil', '/evil', 'a/b', 'a\\b', '..', '.', '', 'c:evil', 'a\0b'])('cannot be %j', async (name) => {
    expect((await failure(writeOutputFolder(out, { ok: 'x', [name]: 'x' }))).message).toContain('cannot be the name of an output file');
    expect(readdirSync(root)).toEqual([]);
  });

  it('cannot differ in case alone', async () => {
    expect((await failure(writeOutputFolder(out, { 'demo.h': 'x', 'Demo.h': 'y' }))).message).toContain('upper and lower case');
    expect(readdirSync(root)).toEqual([]);
  });
});
