/** Tables as memory files: `$readmemh` and `$readmemb`, COE of AMD tools, MIF of Intel tools. Two's complement at the word length. docs/hdl.md. */
import { formatName } from '../format/format.js';
import type { Plan } from '../schema/plan.js';
import { checksumMacro, type Table } from './cTable.js';
import { tablesOf, type LayerRaws } from './cTables.js';
import { identifierOf } from './cText.js';
import { originLines, type Origin } from './origin.js';

export interface TableOptions extends Origin {
  /** Stem of the file names: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
}

/** A file for each table, or several. */
type Files = Record<string, string>;

function filesOf(plan: Plan, options: TableOptions, finalRaw: LayerRaws | undefined, fileOf: (table: Table, stem: string, about: readonly string[]) => Files): Files {
  const prefix = identifierOf(options.name);
  const { tables } = tablesOf(plan, { finalRaw });
  return Object.assign({}, ...tables.map((table) => {
    const lines = [`Table: ${table.about}; ${formatName(table.format)}, ${table.raws.length} words.`, `CRC-32 of its elements as C holds them: ${tableChecksum(table)}`];
    return fileOf(table, `${prefix}_${table.name}`, originLines(plan, options, lines));
  })) as Files;
}

/** CRC-32 of a table, eight lower-case hexadecimal digits: that of the C export. */
export const tableChecksum = (table: Table): string => checksumMacro(table).value.slice(2, 10).toLowerCase();

const digits = ({ format: { wordLength } }: Table, bits: 1 | 4): number => Math.ceil(wordLength / bits);
const word = (raw: bigint, table: Table, radix: 2 | 16): string =>
  BigInt.asUintN(table.format.wordLength, raw).toString(radix).toUpperCase().padStart(digits(table, radix === 2 ? 1 : 4), '0');
const comment = (mark: string, about: readonly string[]): string[] => about.map((line) => `${mark}${line}`);
const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/**
 * `name_table.mem` for `$readmemh` and `name_table_bits.mem` for `$readmemb`, a word a line.
 *
 * @throws QrailsError as `tablesOf`, `usage` for a name that cannot begin an identifier
 */
export function exportMem(plan: Plan, options: TableOptions, finalRaw?: LayerRaws): Files {
  return filesOf(plan, options, finalRaw, (table, stem, about) => ({
    [`${stem}.mem`]: text([...comment('//', about), ...table.raws.map((raw) => word(raw, table, 16))]),
    [`${stem}_bits.mem`]: text([...comment('//', about), ...table.raws.map((raw) => word(raw, table, 2))]),
  }));
}

/** `name_table.coe`: what the memory generators of AMD tools are initialised with. Throws as `exportMem`. */
export function exportCoe(plan: Plan, options: TableOptions, finalRaw?: LayerRaws): Files {
  return filesOf(plan, options, finalRaw, (table, stem, about) => ({
    [`${stem}.coe`]: text([
      ...comment(';', about), 'memory_initialization_radix=16;', 'memory_initialization_vector=',
      ...table.raws.map((raw, index) => `${word(raw, table, 16)}${index < table.raws.length - 1 ? ',' : ';'}`),
    ]),
  }));
}

/** `name_table.mif`: a memory initialization file of Intel tools. Throws as `exportMem`. */
export function exportMif(plan: Plan, options: TableOptions, finalRaw?: LayerRaws): Files {
  return filesOf(plan, options, finalRaw, (table, stem, about) => ({
    [`${stem}.mif`]: text([
      ...comment('--', about), `WIDTH=${table.format.wordLength};`, `DEPTH=${table.raws.length};`, 'ADDRESS_RADIX=UNS;', 'DATA_RADIX=HEX;', 'CONTENT BEGIN',
      ...table.raws.map((raw, index) => `    ${index} : ${word(raw, table, 16)};`), 'END;',
    ]),
  }));
}
