/** Tables, formats and constants as a Rust module without std. docs/hdl.md. */
import { formatName, rawToReal } from '../format/format.js';
import type { Plan } from '../schema/plan.js';
import { integerType, type IntegerType } from './cInteger.js';
import type { Table } from './cTable.js';
import type { LayerRaws } from './cTables.js';
import { identifierOf, macroWord } from './cText.js';
import { constantsCrc32 } from './hdl/checksum.js';
import { ENUMERATIONS, namesOf, type HdlConstant } from './hdl/constants.js';
import { CONSTANT_BITS, hex, isPlain } from './hdl/text.js';
import type { TableOptions } from './memory.js';
import { originLines } from './origin.js';

/**
 * A plan as `name.rs`: a module for any crate, with no use of std. `check()` holds tables and constants to their checksums; `rustc --test` runs it.
 *
 * @returns one file, ASCII only
 * @throws QrailsError as `namesOf`, `usage` for a name that cannot begin an identifier
 */
export function exportRust(plan: Plan, options: TableOptions, finalRaw?: LayerRaws): Record<string, string> {
  const prefix = identifierOf(options.name);
  const { groups, tables } = namesOf(plan, finalRaw);
  const about = ['Tables, formats and constants. A raw r stands for r * 2^-FRAC_BITS.'];
  const blocks = [
    originLines(plan, options, about).map((line) => `//${line}`).join('\n'),
    '#![allow(dead_code)]',
    ...Object.entries(ENUMERATIONS).map(([name, words]) => enumeration(name, words)),
    ...groups.map(({ comment, constants }) => [`// ${comment}`, ...constants.map(constantLine)].join('\n')),
    ...tables.map(tableConstant),
    check(tables, groups.flatMap(({ constants }) => constants), constantsCrc32(groups)),
  ];
  return { [`${prefix}.rs`]: `${blocks.join('\n\n')}\n` };
}

const typeOf = ({ signed, bits }: IntegerType): string => `${signed ? 'i' : 'u'}${bits}`;
/** `ROUNDING` is the enumeration `Rounding`. */
const enumerationName = (name: string): string => `${name.slice(0, 1)}${name.slice(1).toLowerCase()}`;

function enumeration(name: string, words: readonly string[]): string {
  return [
    '#[allow(non_camel_case_types)]', '#[derive(Clone, Copy, Debug, PartialEq, Eq)]', `pub enum ${enumerationName(name)} {`,
    ...words.map((word, index) => `    ${word} = ${index},`), '}',
  ].join('\n');
}

function constantLine(constant: HdlConstant): string {
  const { name, value, comment, of } = constant;
  const note = comment === undefined ? '' : ` // ${comment}`;
  if (of) return `pub const ${name}: ${enumerationName(of.enumeration)} = ${enumerationName(of.enumeration)}::${of.word};${note}`;
  if (name.endsWith('_SIGNED')) return `pub const ${name}: bool = ${value === 1n};${note}`;
  if (name.endsWith('_CRC32')) return `pub const ${name}: u32 = 0x${hex(value, 32)};${note}`;
  // lengths are indices
  const type = /_(LEN|ROWS|COLS|VALUES)$/.test(name) ? 'usize' : isPlain(constant) ? 'i32' : value >= 1n << 63n ? 'u64' : 'i64';
  return `pub const ${name}: ${type} = ${value};${note}`;
}

function tableConstant({ name, about, format, raws, label }: Table): string {
  const type = typeOf(integerType(format));
  return [
    `// ${about}: ${formatName(format)}`,
    `pub const ${macroWord(name)}: [${type}; ${raws.length}] = [`,
    ...raws.map((raw, index) => `    ${raw}, // ${label(index)}  ${rawToReal(raw, format.fractionLength)}`),
    '];',
  ].join('\n');
}

function check(tables: readonly Table[], constants: readonly HdlConstant[], sum: number): string {
  const asInteger = ({ name, of }: HdlConstant): string => (of ? `${name} as i32 as i128` : `${name} as i128`);
  return [
    '/// CRC-32 of IEEE 802.3 (as zlib has it) over the lowest bytes of words, lowest first.',
    'fn crc32(words: impl Iterator<Item = i128>, bytes: u32) -> u32 {',
    '    let mut sum = u32::MAX;',
    '    for word in words {',
    '        for bit in 0..8 * bytes {',
    '            let odd = (sum ^ (word >> bit) as u32) & 1 != 0;',
    '            sum = (sum >> 1) ^ if odd { 0xEDB8_8320 } else { 0 };',
    '        }',
    '    }',
    '    !sum',
    '}',
    '',
    `/// 0 where all is as exported, else the number of the first table that is not (1 to ${tables.length}), or ${tables.length + 1} for the constants.`,
    'pub fn check() -> usize {',
    ...tables.map(({ name, format }, index) => {
      const { bits } = integerType(format);
      const macro = macroWord(name);
      return `    if crc32(${macro}.iter().map(|&raw| raw as i128), ${bits / 8}) != ${macro}_CRC32 {\n        return ${index + 1};\n    }`;
    }),
    '    let constants = [',
    ...constants.map((constant) => `        ${asInteger(constant)},`),
    '    ];',
    `    if crc32(constants.iter().copied(), ${CONSTANT_BITS / 8}) != 0x${hex(sum, 32)} {\n        return ${tables.length + 1};\n    }`,
    '    0',
    '}',
    '',
    '#[cfg(test)]',
    'mod tests {',
    '    #[test]',
    '    fn is_as_exported() {',
    '        assert_eq!(super::check(), 0);',
    '    }',
    '}',
  ].join('\n');
}
