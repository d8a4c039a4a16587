/** Stands in for src/document/text.ts in the page: the shipped documents are all there is to read. */
import { FILES } from 'virtual:qrails/files';
import { QrailsError } from '../../errors.js';

export const STDIN_LABEL = '(standard input)';

/** @throws QrailsError `not-found` for anything that was not shipped with the page */
export function readText(file: string, label = file): Promise<string> {
  if (!Object.hasOwn(FILES, file)) return Promise.reject(new QrailsError({ code: 'not-found', where: label, message: 'this page does not have it', expected: 'a document that is shipped' }));
  return Promise.resolve(FILES[file]!);
}
