/** Tables as memory files, Rust and NumPy arrays: read back they are the tables of the plan, and each check finds a changed bit. */
import { crc32 } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runPair } from '../../src/run/pair.js';
import { exportCoe, exportMem, exportMif } from '../../src/export/memory.js';
import { exportNumpy } from '../../src/export/numpy.js';
import { exportRust } from '../../src/export/rust.js';
import { readNpy } from '../../src/signal/npy.js';
import { expectedOf, type ExpectedTable } from './expected.js';
import { drift, driftOf, flipDigit, HdlFolder, inFolderOf, needCommand, type Exported, type Files } from './hdlTools.js';

interface Wanted extends Exported {
  readonly finalRaw: readonly (readonly number[])[];
  /** Of weights, biases, rates and shares; by the name without prefix. */
  readonly tables: ReadonlyMap<string, ExpectedTable>;
}

/** Tables as the C export must have them, worked out apart from it. */
async function wantedOf(options: (typeof drift)[keyof typeof drift]): Promise<Wanted> {
  const exported = await driftOf(options);
  const finalRaw = (await runPair(exported.plan, exported.dataset)).fixed.parametersRaw!;
  const { tables } = expectedOf(exported.plan, 'demo', finalRaw);
  return { ...exported, finalRaw, tables: new Map([...tables].filter(([name]) => !name.includes('drift')).map(([name, table]) => [name.slice('demo_'.length), table])) };
}

const bitsOf = ({ type }: ExpectedTable): number => Number(/\d+/.exec(type)![0]);
const sumOf = (table: ExpectedTable, values: readonly bigint[]): string => {
  const size = bitsOf(table) / 8;
  const bytes = values.flatMap((value) => Array.from({ length: size }, (_, byte) => Number((BigInt.asUintN(8 * size, value) >> BigInt(8 * byte)) & 0xffn)));
  return crc32(Uint8Array.from(bytes)).toString(16).padStart(8, '0');
};

/** Words of a file and their length, read by the rules of its format; comments apart. */
const READERS = {
  '.mem': (text: string, bits: number) => lines(text, /^\/\/ ?/).map((word) => digits(word, 16, bits)),
  '_bits.mem': (text: string, bits: number) => lines(text, /^\/\/ ?/).map((word) => digits(word, 2, bits)),
  '.coe': (text: string, bits: number) => {
    const [, list] = /^memory_initialization_radix=16;\nmemory_initialization_vector=\n([^;]*);$/.exec(lines(text, /^;/).join('\n'))!;
    return list!.split(',').map((word) => digits(word.trim(), 16, bits));
  },
  '.mif': (text: string, bits: number) => {
    const [, width, depth, content] = /^WIDTH=(\d+);\nDEPTH=(\d+);\nADDRESS_RADIX=UNS;\nDATA_RADIX=HEX;\nCONTENT BEGIN\n([^]*)END;$/.exec(lines(text, /^--/).join('\n'))!;
    const entries = [...content!.matchAll(/ *(\d+) : ([0-9A-F]+);\n/g)];
    expect([Number(width), Number(depth), entries.map(([, address]) => Number(address))]).toEqual([bits, entries.length, entries.map((_, index) => index)]);
    return entries.map(([, , word]) => digits(word!, 16, bits));
  },
} as const;

const lines = (text: string, comment: RegExp): string[] => text.split('\n').slice(0, -1).filter((line) => !comment.test(line));
/** A word that fills its digits, no more. */
function digits(word: string, radix: 2 | 16, bits: number): bigint {
  expect(word).toMatch(radix === 2 ? /^[01]+$/ : /^[0-9A-F]+$/);
  expect(word.length).toBe(Math.ceil(bits / (radix === 2 ? 1 : 4)));
  const value = BigInt(`${radix === 2 ? '0b' : '0x'}${word}`);
  expect(value < 1n << BigInt(bits)).toBe(true);
  return value;
}

const MEMORIES = [
  { name: 'mem', make: exportMem, ends: ['.mem', '_bits.mem'] },
  { name: 'coe', make: exportCoe, ends: ['.coe'] },
  { name: 'mif', make: exportMif, ends: ['.mif'] },
] as const;

describe.each(MEMORIES)('memory files $name', ({ make, ends }) => {
  it.each([['narrow words', drift.table], ['18 and 25 bits', drift.slice]] as const)('hold the tables of a plan with %s, under their checksum', async (_, options) => {
    const { plan, names, finalRaw, tables } = await wantedOf(options);
    const files: Files = make(plan, names, finalRaw);
    for (const [name, table] of tables) {
      const site = plan.sites[name.startsWith('layer0_weight') ? 'layer0.weight' : name === 'throttle_table' ? 'throttle' : 'learningRate']!;
      const format = name === 'throttle_numerator' ? { signed: false, wordLength: 6 } : name === 'divider_reciprocal' ? { signed: false, wordLength: 7 } : site;
      for (const end of ends) {
        const text = files[`demo_${name}${end}`] as string;
        const words = (changed: string): bigint[] => READERS[end](changed, format.wordLength).map((word) => (format.signed ? BigInt.asIntN(format.wordLength, word) : word));
        expect([name, end, words(text)]).toEqual([name, end, table.values]);
        const sum = /CRC-32 of its elements as C holds them: ([0-9a-f]{8})$/m.exec(text)![1];
        expect(sumOf(table, words(text))).toBe(sum);
        const last = /[0-9A-F](?=;?\n(END;\n)?$)/.exec(text)!.index;
        expect(sumOf(table, words(flipDigit(text, last)))).not.toBe(sum);
      }
    }
    expect(Object.values(files).every((content) => /^[\n -~]*$/.test(content as string) && (content as string).includes(names.planHash))).toBe(true);
    expect(make(plan, names, finalRaw)).toEqual(files);
  });
});

it('is a Rust module without std whose check finds a changed bit', async (context) => {
  needCommand(context, 'rustc');
  const { plan, names, finalRaw, tables } = await wantedOf(drift.table);
  const { 'demo.rs': text } = exportRust(plan, names, finalRaw) as { 'demo.rs': string };
  expect(text).toMatch(/^[\n -~]*$/);
  const weights = tables.get('layer0_weight_final')!;
  const main = `mod demo;\nfn main() {\n    println!("{} {} {:?} {:?}", demo::check(), demo::LAYER0_WEIGHT_FRAC_BITS, demo::LAYER0_WEIGHT_OVERFLOW, demo::LAYER0_WEIGHT_FINAL);\n}\n`;
  inFolderOf({ 'demo.rs': text, 'main.rs': main, 'lib.rs': '#![no_std]\npub mod demo;\n' }, (folder) => {
    expect(folder.run('rustc', ['--edition', '2021', '--crate-type', 'rlib', '--emit', 'metadata', '-D', 'warnings', 'lib.rs'])).toEqual({ code: 0, said: '' });
    const said = (changed: string): string => {
      folder.write({ 'demo.rs': changed });
      expect(folder.run('rustc', ['--edition', '2021', '-D', 'warnings', 'main.rs'])).toEqual({ code: 0, said: '' });
      return folder.run(join(folder.dir, 'main'), []).said;
    };
    const values = `5 SAT [${weights.values.join(', ')}]\n`;
    expect(said(text)).toBe(`0 ${values}`);
    const all = [...tables.keys()];
    const place = /const THROTTLE_TABLE: \[u16; 12\] = \[\n +\d*(\d),/.exec(text)!;
    const digit = place.index + place[0].length - 2;
    expect(said(`${text.slice(0, digit)}${Number(text[digit]) ^ 1}${text.slice(digit + 1)}`)).toBe(`${all.indexOf('throttle_table') + 1} ${values}`);
    // after all tables, those of the drift included
    expect(said(text.replace(/(RATE_RAIL_HIGH: i32|RATE_RAIL_HIGH: i64) = 65535/, '$1 = 65534'))).toBe(`${all.length + 4} ${values}`);
  });
});

it('is NumPy arrays, which numpy and our own reader take, with checksums that find a changed bit', async (context) => {
  const { plan, names, finalRaw, tables } = await wantedOf(drift.slice);
  const files: Files = exportNumpy(plan, { ...names, title: 'γ' }, finalRaw);
  const json = files['demo_formats.json'] as string;
  expect(json).toMatch(/^[\n -~]*$/);
  const formats = JSON.parse(json) as { tables: Record<string, { file: string; shape: number[]; crc32: string; fractionLength: number }>; sites: unknown; constants: Record<string, string> };
  expect(formats.sites).toEqual(Object.fromEntries(Object.entries(plan.sites).map(([key, site]) => [key, { saturatedBits: 0, ...site }])));
  expect(formats.constants).toMatchObject({ LAYER0_INPUTS: '4', LAYER0_ACCUMULATOR_RAIL_LOW: String(-(2n ** 47n)), THROTTLE_CHI: plan.throttle.chi!.raw, LAYER0_ACCUMULATOR_OVERFLOW: '3' });
  const folder = new HdlFolder(files);
  try {
    for (const [name, table] of tables) {
      const { file, shape, crc32: sum } = formats.tables[name]!;
      expect(shape).toEqual(name.startsWith('layer0_weight') ? [2, 4] : [table.values.length]);
      const columns = Array.from({ length: shape[1] ?? 1 }, (_, index) => index);
      const read = await readNpy(join(folder.dir, file), { shown: file, limit: 1000, columns, missing: 'refuse', advice: { path: '', empty: '' } });
      expect([name, [...read.values].map(BigInt)]).toEqual([name, table.values]);
      expect(sumOf(table, table.values)).toBe(sum);
    }
    needCommand(context, 'python3');
    const script = `
import json, zlib, sys
try:
    import numpy as np
except ImportError:
    sys.exit(77)
for table in json.load(open('demo_formats.json'))['tables'].values():
    array = np.load(table['file'])
    assert list(array.shape) == table['shape']
    assert '%08x' % zlib.crc32(array.tobytes()) == table['crc32']
    array.flat[0] ^= 1
    assert '%08x' % zlib.crc32(array.tobytes()) != table['crc32']
`;
    const { code, said } = folder.run('python3', ['-c', script]);
    if (code === 77 && !process.env['QRAILS_REQUIRE_ORACLES']) context.skip('numpy is not installed');
    expect([code, said]).toEqual([0, '']);
  } finally {
    folder.close();
  }
});
