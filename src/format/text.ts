/** Formats as text: reads any notation of src/format/notations.ts, writes every one. */
import { closest } from '../document/closest.js';
import { QrailsError } from '../errors.js';
import { formatName } from './format.js';
import { NOTATION_NAMES, NOTATIONS, Q_READINGS, qFormat, qWordLength, readMN, type MN, type NotationName, type QReading, type TextFormat } from './notations.js';
import { Scanner } from './scanner.js';

export type { NotationName, QReading, TextFormat } from './notations.js';

export interface FormatTextOptions {
  /** How a Qm.n that does not say so itself is read. */
  readonly q?: QReading | undefined;
}

/** Longest text read as a format. */
export const LONGEST_FORMAT = 200;

const BARE_Q = /(U?)Q(?=\s*\d)/y;
const READINGS = Object.keys(Q_READINGS) as QReading[];

/**
 * The format a text stands for. Types of Vitis HLS, SystemC and Algorithmic C that state no modes have those of their family (TRN, WRAP);
 * other notations state none. Word lengths 1…64, fraction lengths −64…128.
 *
 * @throws QrailsError `format`, with the character it happened at; also for a bare Qm.n, which means two formats
 * @example
 * parseFormat('ap_fixed<16,8,AP_RND,AP_SAT>') // { signed: true, wordLength: 16, fractionLength: 8, rounding: 'RND', overflow: 'SAT' }
 * parseFormat('Q1.15', { q: 'arm' }) // { signed: true, wordLength: 16, fractionLength: 15 }
 */
export const parseFormat = (text: string, options: FormatTextOptions = {}): TextFormat => readFormat(text, options).format;

/** As `parseFormat`, with the notation it was written in. */
export function readFormat(text: string, { q }: FormatTextOptions = {}): { readonly notation: NotationName; readonly format: TextFormat } {
  if (text.length > LONGEST_FORMAT) {
    throw new QrailsError({ code: 'format', message: 'too long for a format', found: `${text.length} characters`, expected: `at most ${LONGEST_FORMAT}` });
  }
  const scanner = new Scanner(text);
  for (const notation of NOTATION_NAMES) {
    const { head, read } = NOTATIONS[notation];
    const match = scanner.take(head);
    if (match === undefined) continue;
    const format = read(scanner, match[0]);
    scanner.end();
    return { notation, format };
  }
  const bare = scanner.take(BARE_Q);
  if (bare === undefined) return unknown(scanner);
  const signed = bare[1] === '';
  const mn = readMN(scanner);
  scanner.end();
  // Both readings of an unsigned one are the same.
  const reading = q ?? (signed ? undefined : READINGS[0]!);
  if (reading === undefined) return ambiguous(scanner, mn);
  return { notation: `${reading}:Q`, format: qFormat(scanner, mn, signed, reading) };
}

/**
 * A format in a notation, modes included where the notation has them and they are stated. `parseFormat` reads it back.
 *
 * @returns undefined where the notation cannot say it: a Q with a negative fraction length, a mode without a name there
 * @example printFormat({ signed: true, wordLength: 16, fractionLength: 15 }, 'ap_fixed') // 'ap_fixed<16,1>'
 */
export const printFormat = (format: TextFormat, notation: NotationName): string | undefined => NOTATIONS[notation].print(format);

function unknown(scanner: Scanner): never {
  const word = /^[A-Za-z_:]*/.exec(scanner.text.slice(scanner.skip()))?.[0] ?? '';
  const heads = NOTATION_NAMES.flatMap((name) => (name.endsWith(':Q') ? [name] : [name, name.replace('fixed', 'ufixed').replace('sfix', 'ufix')]));
  const repair = closest(word, heads);
  return scanner.fail('not a format', NOTATION_NAMES.map((name) => NOTATIONS[name].form).join(', '), {
    found: scanner.text === '' ? 'an empty text' : scanner.text, ...(repair !== undefined && repair !== word && { try: `${repair}…` }),
  });
}

/** Says what a bare Qm.n would be in each reading. */
function ambiguous(scanner: Scanner, mn: MN): never {
  const names = READINGS.map((reading) => `${reading}:Q${mn.m}.${mn.n}`);
  const meanings = READINGS.map((reading, index) => {
    const wordLength = qWordLength(mn, true, reading);
    return `${names[index]!} = ${wordLength === 0 ? 'no format' : formatName({ signed: true, wordLength, fractionLength: mn.n })} (${Q_READINGS[reading].about})`;
  });
  return scanner.fail('Qm.n has two readings, and this does not say which', meanings.join(', or '), {
    at: 0, found: scanner.text.trim(), try: `${names.join(' or ')}, or say it once with --q ${READINGS.join(' or --q ')}`,
  });
}
