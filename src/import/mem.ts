/** Memory files of Verilog, as $readmemh and $readmemb read them: IEEE 1364-2005 §17.2.9. */
import type { NumberArray } from './array.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';
import { Scanner } from './scanner.js';
import { checkCount } from './text.js';

const SPACE = /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y;
const WORD = /[0-9a-zA-Z_?]+/y;
const ADDRESS = /@[0-9a-fA-F_]+/y;
const RADICES = {
  2: { name: 'binary', digits: /^[01]+$/, bits: 1, prefix: '0b' },
  16: { name: 'hexadecimal', digits: /^[0-9a-fA-F]+$/, bits: 4, prefix: '0x' },
} as const;

/** Words from an address on. */
interface Run {
  readonly address: number;
  readonly words: bigint[];
}

/**
 * The words of a memory file by rising address. Addresses may jump about, but leave no gap and name no word twice.
 *
 * @param radix 16 for $readmemh, 2 for $readmemb
 * @throws QrailsError `unreadable` for what is no memory file; `data` for unknown bits (x, z), gaps and words given twice
 */
export function readMem(text: string, file: string, name: string, radix: 2 | 16): NumberArray {
  const scanner = new Scanner(text, file);
  const { name: notation, digits, bits, prefix } = RADICES[radix];
  const runs: Run[] = [{ address: 0, words: [] }];
  let [width, count] = [0, 0];
  for (scanner.skip(SPACE); !scanner.ended; scanner.skip(SPACE)) {
    const jump = scanner.take(ADDRESS);
    if (jump !== undefined) {
      const address = parseInt(jump.slice(1).replaceAll('_', ''), 16);
      if (!(address < 2 ** 48)) throw scanner.fail('data', 'this address is too large', jump, 'at most 12 hexadecimal digits');
      runs.push({ address, words: [] });
      continue;
    }
    const written = scanner.take(WORD);
    if (written === undefined) {
      if (scanner.sees(/\/\*/y)) throw scanner.fail('unreadable', 'this comment is not closed', '/*', '*/');
      const message = scanner.here === ':' ? 'no word of a memory file (Intel HEX is not read)' : 'no word of a memory file';
      throw scanner.fail('unreadable', message, scanner.here, `words in ${notation}, @addresses, comments`);
    }
    const word = written.replaceAll('_', '');
    if (/[xXzZ?]/.test(word)) throw scanner.fail('data', 'this word has bits that are not known', written, 'digits without x and z');
    if (word.length * bits > IMPORT_LIMITS.bits || !digits.test(word)) {
      throw scanner.fail('data', `no ${notation} word`, written, `digits of at most ${IMPORT_LIMITS.bits} bits; --as memb or --as memh says which`);
    }
    checkCount(++count, scanner.where);
    width = Math.max(width, word.length * bits);
    runs.at(-1)!.words.push(BigInt(prefix + word));
  }
  const values = joined(runs, file);
  return { name, file, shape: [values.length], numbers: { kind: 'word', values, bits: width } };
}

function joined(runs: readonly Run[], file: string): bigint[] {
  const used = runs.filter(({ words }) => words.length > 0).sort((a, b) => a.address - b.address);
  if (used.length === 0) throw refusal('data', file, 'there are no words in this file', 'none', 'at least one');
  const values: bigint[] = [];
  let next = used[0]!.address;
  for (const { address, words } of used) {
    if (address < next) throw refusal('data', file, 'a word is given twice', `address ${hex(address)}`, 'every address once');
    if (address > next) throw refusal('data', file, 'there are words that no line gives', `none from address ${hex(next)} to ${hex(address - 1)}`, 'no gaps');
    for (const word of words) values.push(word);
    next = address + words.length;
  }
  return values;
}

const hex = (address: number): string => `0x${address.toString(16)}`;
