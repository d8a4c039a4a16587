/** Memory initialisation files of Intel (Altera): MIF. Quartus Prime, "Memory Initialization File (.mif) Definition". */
import { rawRange } from '../format/format.js';
import type { NumberArray } from './array.js';
import { Scanner } from './scanner.js';
import { checkCount } from './text.js';

interface Radix {
  readonly digits: RegExp;
  readonly prefix: string;
}
const RADICES: ReadonlyMap<string, Radix> = new Map([
  ['BIN', { digits: /^[01]{1,128}$/, prefix: '0b' }],
  ['OCT', { digits: /^[0-7]{1,43}$/, prefix: '0o' }],
  ['HEX', { digits: /^[0-9A-Fa-f]{1,32}$/, prefix: '0x' }],
  ['UNS', { digits: /^[0-9]{1,39}$/, prefix: '' }],
  ['DEC', { digits: /^-?[0-9]{1,39}$/, prefix: '' }],
]);
const SPACE = /\s+|--[^\n]*|%[^%]*%/y;
const WORD = /[A-Za-z0-9_.+-]+|[=;:[\]]/y;
const RANGE = /^([^.]{1,40})\.\.([^.]{1,40})$/;
const WIDEST = 64;

/** Whether a text is one of these, and not a list of binary words as Vivado calls MIF. */
export const isMif = (text: string): boolean => /\bCONTENT\b/i.test(text.slice(0, 2 ** 16));

/**
 * The words of a memory, from address 0 to its depth. Words not given are zero, as Quartus fills them.
 *
 * @throws QrailsError `unreadable` for what is no MIF; `data` for words and addresses that do not fit
 */
export function readMif(text: string, file: string, name: string): NumberArray {
  const scanner = new Scanner(text, file);
  const next = (): string => {
    scanner.skip(SPACE);
    const word = scanner.take(WORD);
    if (word === undefined) throw scanner.fail('unreadable', 'no word of a MIF', scanner.here, 'WIDTH=16; … CONTENT BEGIN … END;');
    return word;
  };
  const expect = (wanted: string): void => {
    const word = next();
    if (word.toUpperCase() !== wanted) throw scanner.fail('unreadable', 'unexpected text', word, wanted);
  };

  const header = new Map<string, string>();
  for (let key; (key = next().toUpperCase()) !== 'CONTENT';) {
    expect('=');
    header.set(key, next().toUpperCase());
    expect(';');
  }
  expect('BEGIN');
  const size = (key: string, most: number): number => {
    const value = header.get(key) ?? 'none';
    if (!/^[0-9]{1,9}$/.test(value) || Number(value) < 1 || Number(value) > most) throw scanner.fail('data', `${key} is not a size this reads`, value, `1 to ${most}`);
    return Number(value);
  };
  const radix = (key: string): Radix => {
    const value = header.get(key) ?? 'HEX';
    const found = RADICES.get(value);
    if (found === undefined) throw scanner.fail('data', `an unknown ${key}`, value, [...RADICES.keys()].join(', '));
    return found;
  };
  const [width, depth] = [size('WIDTH', WIDEST), size('DEPTH', 10 ** 9)];
  checkCount(depth, file);
  const [addresses, data] = [radix('ADDRESS_RADIX'), radix('DATA_RADIX')];
  const number = (word: string, { digits, prefix }: Radix): bigint => {
    if (!digits.test(word)) throw scanner.fail('data', 'no number of its radix', word, 'digits of the radix the header says');
    return word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(prefix + word);
  };
  const address = (word: string): number => {
    const value = number(word, addresses);
    if (value < 0n || value >= BigInt(depth)) throw scanner.fail('data', 'an address outside the memory', word, `0 to ${depth - 1}`);
    return Number(value);
  };
  const values = Array<bigint | undefined>(depth).fill(undefined);
  const [low] = rawRange({ signed: true, wordLength: width, fractionLength: 0 });
  const put = (place: number, word: bigint): void => {
    if (place >= depth) throw scanner.fail('data', 'more words than the memory has', String(place + 1), String(depth));
    if (values[place] !== undefined) throw scanner.fail('data', 'a word is given twice', `address ${place}`, 'every address once');
    if (word < low || word >= 1n << BigInt(width)) throw scanner.fail('data', 'a word wider than the memory', String(word), `${width} bits`);
    values[place] = BigInt.asUintN(width, word);
  };
  for (let word = next(); word.toUpperCase() !== 'END'; word = next()) {
    let [first, last] = [word, word];
    const isRange = word === '[';
    if (isRange) {
      const text = next();
      const range = RANGE.exec(text);
      if (!range) throw scanner.fail('unreadable', 'no range of addresses', text, '[0..3]');
      [first, last] = [range[1]!, range[2]!];
      expect(']');
    }
    expect(':');
    const words: bigint[] = [];
    for (let entry; (entry = next()) !== ';';) checkCount(words.push(number(entry, data)), scanner.where);
    if (words.length === 0) throw scanner.fail('data', 'an address without words', first, 'words');
    const [from, to] = [address(first), address(last)];
    if (isRange) for (let place = from; place <= to; place++) put(place, words[(place - from) % words.length]!);
    else words.forEach((value, index) => put(from + index, value));
  }
  return { name, file, shape: [depth], numbers: { kind: 'word', values: values.map((value) => value ?? 0n), bits: width } };
}
