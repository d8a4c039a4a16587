/** Exact numbers out of hostile text: short ones only. */
import { QrailsError } from '../errors.js';
import { parseReal, type Rational } from '../format/real.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';

const EXPONENT = /([eEpP])([+-]?\d+)$/;

/**
 * The exact value of a decimal or hexadecimal float of at most 400 characters, its exponent within ±400 (of two: ±1600).
 *
 * @throws QrailsError `data`
 */
export function boundedReal(text: string, where: string): Rational {
  const refuse = (message: string, expected: string): never => {
    throw refusal('data', where, message, text, expected);
  };
  if (text.length > IMPORT_LIMITS.number) refuse('this number is too long', `at most ${IMPORT_LIMITS.number} characters`);
  const exponent = EXPONENT.exec(text);
  const hexadecimal = /^[+-]?0[xX]/.test(text);
  const limit = IMPORT_LIMITS.exponent * (hexadecimal ? 4 : 1);
  if (exponent && (!hexadecimal || /[pP]/.test(exponent[1]!)) && !(Math.abs(Number(exponent[2])) <= limit)) refuse('this exponent is too large', `within ±${limit}`);
  if (text.includes('/')) refuse('not a number', 'a decimal such as 0.05');
  try {
    return parseReal(text);
  } catch (error) {
    if (error instanceof QrailsError) refuse('not a number', 'a decimal such as 0.05');
    throw error;
  }
}

/** Text of a file of numbers: without a zero byte, its byte order mark off. @throws QrailsError `unreadable` */
export function plainText(text: string, file: string): string {
  if (text.includes('\0')) throw refusal('unreadable', file, 'this is no text', 'a zero byte', 'text', 'say with --as how it is to be read');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Whether another number may be kept. @throws QrailsError `data` past 4 194 304 of them */
export function checkCount(count: number, where: string): void {
  if (!(count <= IMPORT_LIMITS.numbers)) throw refusal('data', where, 'too many numbers', String(count), `at most ${IMPORT_LIMITS.numbers}`);
}
