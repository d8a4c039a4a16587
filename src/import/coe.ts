/** Coefficient files of AMD (Xilinx) memory and filter generators: COE. Vivado UG901, PG149 and PG058. */
import type { NumberArray } from './array.js';
import { IMPORT_LIMITS } from './limits.js';
import { Scanner } from './scanner.js';
import { checkCount } from './text.js';

/** Bits a digit of each radix stands for; 0 where it is no whole number. */
const RADICES: ReadonlyMap<string, { readonly digits: RegExp; readonly bits: number; readonly prefix: string }> = new Map([
  ['2', { digits: /^[01]+$/, bits: 1, prefix: '0b' }],
  ['10', { digits: /^[+-]?[0-9]+$/, bits: 0, prefix: '' }],
  ['16', { digits: /^-?[0-9a-fA-F]+$/, bits: 4, prefix: '0x' }],
]);
const VECTORS = ['memory_initialization_vector', 'coefdata', 'mem_init_vector'];
const RADIX_KEYS = ['memory_initialization_radix', 'radix', 'coefradix'];
/** White space, and comments: a semicolon where no statement is open. */
const BETWEEN = /\s+|;[^\n]*/y;
/** What follows a statement on its line is a comment, unless it is another statement. */
const ANOTHER = new RegExp(`[ \\t]*(?:${[...VECTORS, ...RADIX_KEYS].join('|')})[ \\t]*=`, 'iy');
const KEY = /[A-Za-z_][A-Za-z0-9_]*/y;
const EQUALS = /\s*=/y;
const SPACE = /\s+/y;
/** Where the vector cannot end, a line that begins with a semicolon is a comment. */
const SPACE_OR_COMMENT = /[^\S\n]+|\n[^\S\n]*;[^\n]*|\n/y;
const WORD = /[^\s,;=]+/y;

/**
 * The vector of a COE file: words where the radix is 2 or 16, integers with a sign where it is 10 or a minus is written.
 *
 * @throws QrailsError `unreadable` for what is no COE file; `data` for words that do not fit its radix
 */
export function readCoe(text: string, file: string, name: string): NumberArray {
  const scanner = new Scanner(text, file);
  let radix: string | undefined;
  let words: readonly string[] | undefined;
  for (scanner.skip(BETWEEN); !scanner.ended; scanner.skip(BETWEEN)) {
    const key = scanner.take(KEY)?.toLowerCase();
    if (key === undefined) throw scanner.fail('unreadable', 'no statement of a COE file', scanner.here, 'memory_initialization_radix=16;');
    if (scanner.take(EQUALS) === undefined) throw scanner.fail('unreadable', 'a statement without a value', scanner.here, '=');
    const list = listOf(scanner);
    if (!scanner.sees(ANOTHER)) scanner.take(/[^\n]*/y);
    const isVector = VECTORS.includes(key);
    if (!isVector && list.length > 1) throw scanner.fail('unreadable', 'a statement with more than one value', list[1]!, ';');
    if (isVector && words !== undefined) throw scanner.fail('data', 'the vector is given twice', key, 'one vector');
    if (isVector) words = list;
    if (RADIX_KEYS.includes(key)) radix = list[0] ?? '';
  }
  if (radix === undefined) throw scanner.fail('unreadable', 'there is no radix in this file', 'none', 'memory_initialization_radix=16;');
  if (words === undefined || words.length === 0) throw scanner.fail('unreadable', 'there is no vector in this file', 'none', 'memory_initialization_vector=…;');
  const { digits, bits, prefix } = RADICES.get(radix) ?? fail('an unknown radix', radix, [...RADICES.keys()].join(', '));
  const values = words.map((word) => {
    if (word.length > IMPORT_LIMITS.bits || !digits.test(word)) fail('no number of the radix of this file', word, prefix === '' ? 'decimal digits' : `digits as after ${prefix}`);
    return word.startsWith('-') ? -BigInt(prefix + word.slice(1)) : BigInt(prefix + word.replace('+', ''));
  });
  const signed = bits === 0 || words.some((word) => word.startsWith('-'));
  const widest = words.reduce((most, word) => Math.max(most, word.length), 0);
  return { name, file, shape: [values.length], numbers: signed ? { kind: 'raw', values } : { kind: 'word', values, bits: widest * bits } };

  function fail(message: string, found: string, expected: string): never {
    throw scanner.fail('data', message, found, expected);
  }
}

/** Values with commas or white space between them, up to a semicolon. */
function listOf(scanner: Scanner): string[] {
  const list: string[] = [];
  for (let open = true; ;) {
    scanner.skip(open ? SPACE_OR_COMMENT : SPACE);
    if (scanner.take(/;/y)) return list;
    open = scanner.take(/,/y) !== undefined;
    if (open) continue;
    const word = scanner.take(WORD);
    if (word === undefined) {
      throw scanner.fail('unreadable', scanner.ended ? 'the file ends within a statement' : 'no word of a COE file', scanner.here, 'numbers, commas, and a semicolon at the end');
    }
    checkCount(list.push(word), scanner.where);
  }
}
