/** Files of every kind as arrays of numbers. */
import { basename, extname, resolve } from 'node:path';
import { printable } from '../document/show.js';
import { readText, STDIN_LABEL } from '../document/text.js';
import type { NumberArray } from './array.js';
import { readC } from './cArrays.js';
import { Macros } from './cMacros.js';
import { readCoe } from './coe.js';
import { readNumbers } from './csv.js';
import { describedByHeading, describedByMacros, matchesChecksum } from './describe.js';
import { readFormats, type ArrayFormats } from './formats.js';
import { IMPORT_LIMITS } from './limits.js';
import { readMem } from './mem.js';
import { isMif, readMif } from './mif.js';
import { readNpyArray } from './npy.js';
import { refusal } from './refusal.js';
import { plainText } from './text.js';

/** Kinds of file, with the endings that say so. */
export const IMPORT_KINDS = {
  c: { about: 'C or C++ arrays', endings: ['.h', '.hpp', '.hh', '.inc', '.c', '.cc', '.cpp', '.cxx', '.ino'] },
  memh: { about: '$readmemh, hexadecimal; a name that ends in _bits is binary', endings: ['.mem', '.memh', '.hex'] },
  memb: { about: '$readmemb, binary', endings: ['.memb', '.bin'] },
  coe: { about: 'COE of AMD (Xilinx)', endings: ['.coe'] },
  mif: { about: 'MIF of Intel (Altera), or the binary words Vivado calls so', endings: ['.mif'] },
  npy: { about: 'NumPy array', endings: ['.npy'] },
  csv: { about: 'rows of numbers', endings: ['.csv', '.tsv', '.txt', '.dat'] },
  json: { about: 'the formats.json of a NumPy export', endings: ['.json'] },
} as const satisfies Record<string, { about: string; endings: readonly string[] }>;
export type ImportKind = keyof typeof IMPORT_KINDS;

const HEADERS: readonly string[] = ['.h', '.hpp', '.hh', '.inc'];

export interface ReadFiles {
  readonly arrays: readonly NumberArray[];
  /** What was noticed and is no error. */
  readonly notes: readonly string[];
}

export interface ReadOptions {
  readonly as?: ImportKind | undefined;
  readonly directory?: string | undefined;
}

interface Source {
  readonly path: string;
  readonly label: string;
  readonly kind: ImportKind;
  readonly stem: string;
}

/** What files say of arrays in others. */
interface Beside {
  readonly macros: Macros;
  readonly formats: ArrayFormats;
}

/**
 * Reads files one after the other. Headers of C come before its sources, and formats before arrays of NumPy, so that what they say is known.
 *
 * @param options.as kind of every file; default by the ending of each
 * @param options.directory where relative paths start; default the working directory
 * @throws QrailsError `usage` for a kind that cannot be told; else as the readers do
 */
export async function readFiles(files: readonly string[], { as, directory = process.cwd() }: ReadOptions = {}): Promise<ReadFiles> {
  if (files.length > IMPORT_LIMITS.files) throw refusal('usage', 'files', 'too many files', String(files.length), `at most ${IMPORT_LIMITS.files}`);
  const sources = files.map((file) => sourceOf(file, as, directory));
  const before = ({ path, kind }: Source): boolean => kind === 'json' || HEADERS.includes(extname(path).toLowerCase());
  const beside: Beside = { macros: new Macros(), formats: new Map() };
  const arrays: NumberArray[] = [];
  for (const source of [...sources.filter(before), ...sources.filter((other) => !before(other))]) {
    for (const array of await readSource(source, beside)) arrays.push(array);
    if (arrays.length > IMPORT_LIMITS.arrays) throw refusal('data', source.label, 'too many arrays', String(arrays.length), `at most ${IMPORT_LIMITS.arrays}`);
  }
  const { macros } = beside;
  const given = new Set(sources.map(({ path }) => basename(path)));
  const missing = [...macros.included].filter(([file]) => !given.has(basename(file)));
  return {
    arrays,
    notes: [
      ...missing.map(([file, from]) => `${from}: #include "${printable(file)}" is not followed: name that file too if its macros are needed`),
      ...macros.notes,
      ...arrays.filter((array) => !matchesChecksum(array)).map(({ name, file }) => `${file}: ${printable(name)} does not match its checksum: it was changed after it was exported`),
    ],
  };
}

function sourceOf(file: string, as: ImportKind | undefined, directory: string): Source {
  const ending = extname(file).toLowerCase();
  const kind = as ?? (Object.keys(IMPORT_KINDS) as ImportKind[]).find((name) => (IMPORT_KINDS[name].endings as readonly string[]).includes(ending));
  const label = file === '-' ? STDIN_LABEL : printable(file, 400);
  if (kind === undefined || (file === '-' && kind === 'npy')) {
    const endings = Object.values(IMPORT_KINDS).flatMap((described) => described.endings).join(' ');
    throw refusal('usage', label, 'what kind of file this is cannot be told', ending === '' ? 'no ending' : ending, endings, `--as ${Object.keys(IMPORT_KINDS).join(', ')}`);
  }
  return { path: file === '-' ? '-' : resolve(directory, file), label, kind, stem: file === '-' ? 'stdin' : basename(file, extname(file)) };
}

async function readSource({ path, label, kind, stem }: Source, { macros, formats }: Beside): Promise<NumberArray[]> {
  if (kind === 'npy') return [{ ...(await readNpyArray(path, label, stem)), ...formats.get(basename(path)) }];
  const text = plainText(await readText(path, label, IMPORT_LIMITS.bytes), label);
  switch (kind) {
    case 'c': return readC(text, label, macros).map((array) => describedByMacros(array, macros));
    case 'memh': return [describedByHeading(readMem(text, label, stem, stem.endsWith('_bits') ? 2 : 16), text)];
    case 'memb': return [describedByHeading(readMem(text, label, stem, 2), text)];
    case 'coe': return [describedByHeading(readCoe(text, label, stem), text)];
    case 'mif': return [describedByHeading(isMif(text) ? readMif(text, label, stem) : readMem(text, label, stem, 2), text)];
    case 'csv': return [readNumbers(text, label, stem)];
    case 'json':
      for (const [file, format] of await readFormats(text, label)) formats.set(file, format);
      return [];
  }
}
