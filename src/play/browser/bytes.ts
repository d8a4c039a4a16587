/** Stands in for src/core/bytes.ts in the page: the builds are files beside it. */
import { CORE_URLS } from 'virtual:qrails/core';
import { QrailsError } from '../../errors.js';

/** @throws QrailsError `not-found` where the file does not come */
export async function coreBytes(file: string): Promise<BufferSource> {
  const url = CORE_URLS[file];
  const response = url === undefined ? undefined : await fetch(new URL(url, import.meta.url));
  if (!response?.ok) throw new QrailsError({ code: 'not-found', where: file, message: 'the core did not come', found: String(response?.status), try: 'load the page again' });
  return response.arrayBuffer();
}
