/** Tables of raws: one declaration, one definition, and the macros that describe them. */
import { crc32 } from 'node:zlib';
import { formatName, rawRange, rawToReal, type Format } from '../format/format.js';
import { QrailsError } from '../errors.js';
import { attributeMacro } from './cAttribute.js';
import { integerLiteral, integerType, typeName, type IntegerType } from './cInteger.js';
import type { Macro, MacroGroup } from './cMacro.js';
import { macroWord } from './cText.js';

export interface Table {
  /** Identifier without the prefix of the export: `layer0_weight_final`. */
  readonly name: string;
  /** Macro that holds its length, without prefix: `LAYER0_WEIGHT_LEN`. */
  readonly length: string;
  readonly format: Format;
  readonly about: string;
  readonly raws: readonly bigint[];
  /** What the element is, for its comment: `[0][1]`, `phase 0`. */
  readonly label: (index: number) => string;
}

/** Tables that belong together, and the macros beside them. */
export interface Part {
  readonly tables: readonly Table[];
  readonly group: MacroGroup;
}

/**
 * Raws of a plan or run as integers.
 *
 * @throws QrailsError `invalid` where one is not an integer or lies outside its format
 */
export function rawsAt(values: readonly (string | number | bigint)[], format: Format, where: string): bigint[] {
  const [low, high] = rawRange(format);
  return values.map((value, index) => {
    const raw = /^-?[0-9]{1,40}$/.test(String(value)) ? BigInt(value) : undefined;
    if (raw === undefined || raw < low || raw > high) {
      throw new QrailsError({
        code: 'invalid', where: values.length === 1 ? where : `${where}[${index}]`, message: 'is no raw of its format',
        found: String(value).slice(0, 50), expected: `an integer from ${low} to ${high} (${formatName(format)})`,
      });
    }
    return raw;
  });
}

/** `type name[LENGTH] ATTRIBUTE`, as it stands in the declaration and in the definition. */
function declarator({ format, name, length }: Table, prefix: string, macroPrefix: string): string {
  return `const ${typeName(integerType(format))} ${prefix}_${name}[${macroPrefix}_${length}] ${attributeMacro(macroPrefix)}`;
}

export function declareTable(table: Table, prefix: string, macroPrefix: string): string {
  return `/* ${table.about}: ${formatName(table.format)} */\nextern ${declarator(table, prefix, macroPrefix)};`;
}

/** The definition, one element a line with its raw and its real value (the nearest binary64 number); `local` to the units that include it. */
export function defineTable(table: Table, prefix: string, macroPrefix: string, local = false): string {
  const { format, raws } = table;
  const type = integerType(format);
  const rows = raws.map((raw, index) => [`${integerLiteral(raw, type)},`, table.label(index), String(raw), String(rawToReal(raw, format.fractionLength))] as const);
  const width = (column: 0 | 1 | 2): number => rows.reduce((most, row) => Math.max(most, row[column].length), 0);
  const [literals, labels, numbers] = [width(0), width(1), width(2)];
  const lines = rows.map(
    ([literal, label, raw, real]) => `    ${literal.padEnd(literals)} /* ${label.padEnd(labels)}  ${raw.padStart(numbers)} = ${real} */`,
  );
  return [
    `/* ${table.about}: ${formatName(format)} */`,
    `${local ? 'static ' : ''}${declarator(table, prefix, macroPrefix)} = {`,
    ...lines,
    '};',
  ].join('\n');
}

/** `LAYER0_WEIGHT_CRC32`: what firmware must find when it sums the table up. */
export function checksumMacro({ name, format, raws }: Table): Macro {
  const sum = crc32(bytesOf(raws, integerType(format)));
  return { name: `${macroWord(name)}_CRC32`, value: `0x${sum.toString(16).toUpperCase().padStart(8, '0')}U` };
}

/** Elements in order, each as the bytes of its type, lowest first. */
function bytesOf(raws: readonly bigint[], { bits }: IntegerType): Uint8Array {
  const size = bits / 8;
  const bytes = new Uint8Array(raws.length * size);
  const view = new DataView(bytes.buffer);
  raws.forEach((raw, index) => {
    if (size === 1) view.setUint8(index, Number(BigInt.asUintN(8, raw)));
    else if (size === 2) view.setUint16(index * 2, Number(BigInt.asUintN(16, raw)), true);
    else if (size === 4) view.setUint32(index * 4, Number(BigInt.asUintN(32, raw)), true);
    else view.setBigUint64(index * 8, BigInt.asUintN(64, raw), true);
  });
  return bytes;
}
