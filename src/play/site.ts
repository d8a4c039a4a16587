/** The files of the page, as `npm run build:play` left them. */
import { readdir, readFile } from 'node:fs/promises';
import { QrailsError } from '../errors.js';

const SITE = new URL('../../dist/play/site/', import.meta.url); // the same from src/play and from dist/play

/** Content by plain file name, sorted. @throws QrailsError `not-found` where the page was not built */
export async function siteFiles(): Promise<Record<string, Uint8Array>> {
  const names = await readdir(SITE).catch((): string[] => []);
  if (!names.includes('index.html')) throw new QrailsError({ code: 'not-found', where: 'dist/play/site', message: 'the page was not built', try: 'npm run build, or install the package again' });
  return Object.fromEntries(await Promise.all(names.sort().map(async (name) => [name, await readFile(new URL(name, SITE))] as const)));
}
