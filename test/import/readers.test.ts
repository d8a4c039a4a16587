/** Files of words and numbers: what each reader makes of a good one, and how it refuses a bad one. */
import { expect, it } from 'vitest';
import { npyTable } from '../../src/export/golden/npy.js';
import type { NumberArray } from '../../src/import/array.js';
import { readCoe } from '../../src/import/coe.js';
import { readNumbers } from '../../src/import/csv.js';
import { readMem } from '../../src/import/mem.js';
import { isMif, readMif } from '../../src/import/mif.js';
import { readFiles } from '../../src/import/readers.js';
import { plainText } from '../../src/import/text.js';
import { rawsOf } from '../../src/import/array.js';
import { failure } from '../document/failure.js';
import { inFolder } from '../cli/qrails.js';
import { shown } from './read.js';

const readers: Record<string, (text: string) => NumberArray> = {
  memh: (text) => readMem(text, 'f', 'f', 16), memb: (text) => readMem(text, 'f', 'f', 2), coe: (text) => readCoe(text, 'f', 'f'), mif: (text) => readMif(text, 'f', 'f'), csv: (text) => readNumbers(text, 'f', 'f'),
};
const width = ({ numbers }: NumberArray): string => (numbers.kind === 'word' ? ` (${numbers.bits} bits)` : '');

const MIF = '-- from a tool, 100 % sure\n%two\nlines%\nWIDTH=8;\nDEPTH=6;\nADDRESS_RADIX=HEX; DATA_RADIX=UNS;\nCONTENT BEGIN\n  0 : 255 1;\n  [2..4] : 7 8;\nEND;\n';

it.each<[string, string, string]>([
  ['memh', '// head\n@2 0A ff\n@0 7_f /* two\nlines */ 80\n', 'f 4 ?: 127 128 10 255 (8 bits)'],
  ['memh', '@100 1\r\n2\r\n', 'f 2 ?: 1 2 (4 bits)'],
  ['memb', '0000_0001\n11111111', 'f 2 ?: 1 255 (8 bits)'],
  ['coe', '; a comment; of two\nmemory_initialization_radix = 16; behind\nmemory_initialization_vector =\n00ff,\n; a comment between\n8000\n;', 'f 2 ?: 255 32768 (16 bits)'],
  ['coe', 'Radix=10; CoefData= -1, 2 3,\n-4;', 'f 4 ?: -1 2 3 -4'],
  ['coe', 'radix=2;\nCoefdata=01,10;\n', 'f 2 ?: 1 2 (2 bits)'],
  ['coe', 'radix=16;\ncoefdata=-1,7f;', 'f 2 ?: -1 127'],
  ['mif', MIF, 'f 6 ?: 255 1 7 8 7 0 (8 bits)'],
  ['mif', 'DEPTH=2;WIDTH=4;DATA_RADIX=DEC;CONTENT BEGIN 1:-1;0:7;END;', 'f 2 ?: 7 15 (4 bits)'],
  ['csv', '# made by hand\nw0,w1\n0.1,-2e-3\r\n+3,.5\n', 'f 2×2 ?: 0.1 -0.002 3 0.5'],
  ['csv', '1;2;3;\n', 'f 3 ?: 1 2 3'],
  ['csv', '1\n2\n', 'f 2 ?: 1 2'],
  ['csv', '1 2\t\n3  4', 'f 2×2 ?: 1 2 3 4'],
])('%s %j', (kind, text, expected) => {
  const array = readers[kind]!(text);
  expect(`${shown(array)}${width(array)}`).toBe(expected);
});

it.each<[string, string, 'unreadable' | 'data', RegExp]>([
  ['memh', '12\n1x', 'data', /line 2: this word has bits that are not known\n {2}found {5}1x/],
  ['memh', '@0 1 @2 1', 'data', /no line gives\n {2}found {5}none from address 0x1 to 0x1/],
  ['memh', '@0 1 2 @1 1', 'data', /a word is given twice\n {2}found {5}address 0x1/],
  ['memh', '@fffffffffffff 1', 'data', /address is too large/],
  ['memh', ':10010000214601360121470136007EFE09D2190140', 'unreadable', /Intel HEX is not read/],
  ['memh', '/* 1', 'unreadable', /comment is not closed/],
  ['memh', '// nothing', 'data', /there are no words/],
  ['memh', 'G', 'data', /no hexadecimal word/],
  ['memb', '2', 'data', /no binary word\n {2}found {5}2\n {2}expected {2}.*--as memh/],
  ['coe', '1,2;', 'unreadable', /no statement of a COE file/],
  ['coe', 'memory_initialization_vector=1;', 'unreadable', /no radix/],
  ['coe', 'radix=16;', 'unreadable', /no vector/],
  ['coe', 'radix=8;\ncoefdata=1;', 'data', /an unknown radix\n {2}found {5}8/],
  ['coe', 'radix=2;\ncoefdata=2;', 'data', /no number of the radix/],
  ['coe', 'radix=2;\ncoefdata=1', 'unreadable', /the file ends within a statement/],
  ['coe', 'radix=2;\ncoefdata=1;\ncoefdata=1;', 'data', /the vector is given twice/],
  ['coe', 'radix=2 3;', 'unreadable', /more than one value/],
  ['mif', 'WIDTH=8;CONTENT BEGIN END;', 'data', /DEPTH is not a size/],
  ['mif', 'WIDTH=8;DEPTH=2;CONTENT BEGIN 0:1;0:2;END;', 'data', /a word is given twice/],
  ['mif', 'WIDTH=8;DEPTH=2;CONTENT BEGIN 2:1;END;', 'data', /an address outside the memory/],
  ['mif', 'WIDTH=8;DEPTH=2;CONTENT BEGIN 0:1 2 3;END;', 'data', /more words than the memory has/],
  ['mif', 'WIDTH=8;DEPTH=2;CONTENT BEGIN 0:100;END;', 'data', /a word wider than the memory/],
  ['mif', 'WIDTH=8;DEPTH=2;DATA_RADIX=constructor;CONTENT BEGIN END;', 'data', /an unknown DATA_RADIX/],
  ['mif', 'WIDTH=8;DEPTH=999999999;CONTENT BEGIN END;', 'data', /too many numbers/],
  ['mif', 'WIDTH=8;DEPTH=2;CONTENT BEGIN 0:1;', 'unreadable', /no word of a MIF\n {2}found {5}the end of the text/],
  ['csv', '1,2\n3\n', 'data', /line 2: rows differ in length/],
  ['csv', '1,2\n3,x\n', 'data', /line 2: column 2 is no number\n {2}found {5}x/],
  ['csv', '0,5;1,5\n', 'data', /column 1 is no number|no numbers/],
  ['csv', 'a,b\n', 'data', /there are no numbers/],
  ['csv', '1,0x10\n', 'data', /column 2 is no number/],
  ['csv', '1e999', 'data', /this exponent is too large/],
  ['csv', '1,NaN', 'data', /column 2 is no number/],
])('%s refuses %j', async (kind, text, code, message) => {
  expect(await failure(code, () => readers[kind]!(plainText(text, 'f')))).toMatch(message);
});

it('tells the two kinds of MIF apart', () => expect([isMif(MIF), isMif('0101\n1100\n')]).toEqual([true, false]));

it.each<[bigint, number, number, boolean, string]>([
  [0xfffn, 12, 12, true, '-1'], [0x1fffn, 13, 16, true, '-1'], [0xffffn, 13, 16, true, '-1'], [0x0fffn, 13, 16, true, '4095'], [0xefffn, 13, 16, true, 'refused'], [0x2000n, 13, 16, true, 'refused'],
  [0xfffn, 12, 12, false, '4095'], [0x1000n, 12, 16, false, 'refused'],
])('the word %s in %i bits, written in %i, signed %s, is %s', (word, wordLength, bits, signed, expected) => {
  const read = (): string => {
    try {
      return String(rawsOf({ name: 'f', file: 'f', shape: [1], numbers: { kind: 'word', values: [word], bits } }, { signed, wordLength, fractionLength: 0 })[0]);
    } catch {
      return 'refused';
    }
  };
  expect(read()).toBe(expected);
});

it('reads NumPy arrays, integers as raws', () => inFolder({
  'w.npy': npyTable([[1n, -2n, 3n], [4n, 5n, -6n]], 3), 'one.npy': npyTable([[7n], [8n]], 1), 'wide.npy': npyTable([[2n ** 53n + 1n]], 1), 'bad.npy': 'no array',
}, async (folder) => {
  const arrays = async (file: string): Promise<string> => shown((await readFiles([file], { directory: folder.path })).arrays[0]!);
  expect(await arrays('w.npy')).toBe('w 2×3 ?: 1 -2 3 4 5 -6');
  expect(await arrays('one.npy')).toBe('one 2 ?: 7 8');
  expect(await failure('data', () => arrays('wide.npy'))).toMatch(/wide\.npy\[0, 0\]: an integer that is not read exactly/);
  expect(await failure('unreadable', () => arrays('bad.npy'))).toMatch(/not a NumPy array/);
  expect(await failure('not-found', () => arrays('none.npy'))).toMatch(/none\.npy: no such file/);
}));

it('reads floats of NumPy as they are, by row whatever their order', () => inFolder({}, async (folder) => {
  const file = (order: string, values: readonly number[]): Uint8Array => {
    const header = `{'descr': '<f4', 'fortran_order': ${order}, 'shape': (2, 2), }`.padEnd(117) + '\n';
    const bytes = Buffer.alloc(128 + 16);
    bytes.write('\x93NUMPY\x01\x00', 'latin1');
    bytes.writeUInt16LE(118, 8);
    bytes.write(header, 10, 'latin1');
    values.forEach((value, index) => bytes.writeFloatLE(value, 128 + 4 * index));
    return bytes;
  };
  folder.write({ 'c.npy': file('False', [0.5, 1, 1.5, 2]), 'f.npy': file('True', [0.5, 1.5, 1, 2]) });
  for (const name of ['c.npy', 'f.npy']) expect(shown((await readFiles([name], { directory: folder.path })).arrays[0]!)).toBe(`${name[0]} 2×2 ?: 0.5 1 1.5 2`);
}));

it('tells a kind by its ending, or asks', () => inFolder({ 'w.MEM': '7f', 'w.xyz': '7f', 'rom.mif': '0101', 'w_bits.mem': '11' }, async (folder) => {
  const read = async (file: string, as?: 'memh'): Promise<string> => shown((await readFiles([file], { directory: folder.path, as })).arrays[0]!);
  expect(await read('w.MEM')).toBe('w 1 ?: 127');
  expect(await read('w.xyz', 'memh')).toBe('w 1 ?: 127');
  expect(await read('rom.mif')).toBe('rom 1 ?: 5');
  expect(await read('w_bits.mem')).toBe('w_bits 1 ?: 3');
  expect(await failure('usage', () => read('w.xyz'))).toMatch(/w\.xyz: what kind of file this is cannot be told[^]*--as c, memh/);
  expect(await failure('usage', () => read('-'))).toMatch(/\(standard input\)/);
}));

it('puts headers before sources, and tells which includes are missing', () => inFolder({ 'a.c': '#include <stdint.h>\n#include "a.h"\n#include "b.h"\nconst int16_t x[N] = {1, 2};', 'a.h': '#define N 2\n#define X_FRAC_BITS 4' }, async (folder) => {
  const { arrays, notes } = await readFiles(['a.c', 'a.h'], { directory: folder.path });
  expect(arrays.map(shown)).toEqual(['x 2 sfix16_En4: 1 2']);
  expect(notes).toEqual(['a.c: #include "b.h" is not followed: name that file too if its macros are needed']);
}));
