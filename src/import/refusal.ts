import { printable } from '../document/show.js';
import { QrailsError, type ErrorCode } from '../errors.js';

/** Bad input, for the user: what was found is made printable and short, it comes from a hostile file. */
export function refusal(code: ErrorCode, where: string, message: string, found: string, expected: string, repair?: string): QrailsError {
  return new QrailsError({ code, where, message, found: printable(found, 400), expected, ...(repair !== undefined && { try: repair }) });
}
