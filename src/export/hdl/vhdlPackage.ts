/** `P_pkg.vhd`: constants, formats and tables of a plan as a VHDL package. */
import { formatName, rawToReal } from '../../format/format.js';
import type { Table } from '../cTable.js';
import { ENUMERATIONS, type HdlConstant, type HdlTables } from './constants.js';
import { hex, isPlain } from './text.js';

/** Everything but the first comment. */
export function vhdlPackage({ groups, tables }: HdlTables, prefix: string): string[] {
  return [
    'library ieee;\nuse ieee.std_logic_1164.all;\nuse ieee.numeric_std.all;',
    `package ${prefix}_pkg is`,
    ...Object.entries(ENUMERATIONS).map(([name, words]) => `  type ${name.toLowerCase()}_t is (\n${words.map((word) => `    ${name}_${word}`).join(',\n')}\n  );`),
    ...groups.map(({ comment, constants }) => [`  -- ${comment}`, ...constants.map((constant) => `  ${constantLine(constant)}`)].join('\n')),
    ...tables.map(tableConstant),
    'end package;',
  ];
}

/** Integers where 32 bits with sign hold them; rails have 65 bits. */
function constantLine(constant: HdlConstant): string {
  const { name, value, comment, of, rail } = constant;
  const note = comment === undefined ? '' : ` -- ${comment}`;
  if (of) return `constant ${name} : ${of.enumeration.toLowerCase()}_t := ${of.enumeration}_${of.word};${note}`;
  if (name.endsWith('_SIGNED')) return `constant ${name} : boolean := ${value === 1n};${note}`;
  if (isPlain(constant)) return `constant ${name} : integer := ${value};${note}`;
  if (name.endsWith('_CRC32')) return `constant ${name} : std_logic_vector(31 downto 0) := x"${hex(value, 32)}";${note}`;
  if (rail || value < 0n) return `constant ${name} : signed(64 downto 0) := 65x"${hex(value, 65)}"; -- ${value}`;
  return `constant ${name} : unsigned(63 downto 0) := x"${hex(value, 64)}";${note === '' ? ` -- ${value}` : note}`;
}

/** How the words of a table are held. */
export const vectorType = (signed: boolean): string => (signed ? 'signed' : 'unsigned');

function tableConstant({ name, about, format, raws, label }: Table): string {
  const { wordLength, signed } = format;
  return [
    `  -- ${about}: ${formatName(format)}`,
    `  type ${name}_t is array (0 to ${raws.length - 1}) of ${vectorType(signed)}(${wordLength - 1} downto 0);`,
    `  constant ${name} : ${name}_t := (`,
    ...raws.map((raw, index) => `    ${index} => ${wordLength}x"${hex(raw, wordLength)}"${index < raws.length - 1 ? ',' : ' '} -- ${label(index)}  ${raw} = ${rawToReal(raw, format.fractionLength)}`),
    '  );',
  ].join('\n');
}
