/** `P_pkg.sv`: constants, formats and tables of a plan as a SystemVerilog package. */
import { formatName, rawToReal } from '../../format/format.js';
import type { Table } from '../cTable.js';
import { ENUMERATIONS, type HdlConstant, type HdlTables } from './constants.js';
import { hex, isPlain } from './text.js';

/** Everything but the first comment. */
export function svPackage({ groups, tables }: HdlTables, prefix: string): string[] {
  return [
    `package ${prefix}_pkg;`,
    ...Object.entries(ENUMERATIONS).map(([name, words]) => enumeration(name, words)),
    ...groups.map(({ comment, constants }) => [`    // ${comment}`, ...constants.map((constant) => `    ${constantLine(constant)}`)].join('\n')),
    ...tables.map(tableFunction),
    'endpackage',
  ];
}

function enumeration(name: string, words: readonly string[]): string {
  return [`    typedef enum int {`, words.map((word, index) => `        ${name}_${word} = ${index}`).join(',\n'), `    } ${name.toLowerCase()}_e;`].join('\n');
}

/** A mode is an int with the name of its value: not every tool takes parameters of an enumeration. */
function constantLine(constant: HdlConstant): string {
  const { name, value, comment, of, rail } = constant;
  const note = comment === undefined ? '' : ` // ${comment}`;
  if (of) return `localparam int ${name} = ${of.enumeration}_${of.word};${note}`;
  if (name.endsWith('_SIGNED')) return `localparam bit ${name} = 1'b${value};${note}`;
  if (isPlain(constant)) return `localparam int ${name} = ${value};${note}`;
  if (name.endsWith('_CRC32')) return `localparam logic [31:0] ${name} = 32'h${hex(value, 32)};${note}`;
  if (rail || value < 0n) return `localparam logic signed [64:0] ${name} = ${value < 0n ? '-' : ''}65'sd${value < 0n ? -value : value};${note}`;
  return `localparam logic [63:0] ${name} = 64'd${value};${note}`;
}

/** A table as a function of the index: a ROM to every tool, as long as need be. */
function tableFunction({ name, about, format, raws, label }: Table): string {
  const { wordLength, signed } = format;
  const last = raws.length - 1;
  return [
    `    // ${about}: ${formatName(format)}; ${raws.length} words`,
    `    function automatic logic ${signed ? 'signed ' : ''}[${wordLength - 1}:0] ${name}(input int index);`,
    '        case (index)',
    ...raws.map((raw, index) => `            ${index}: ${name} = ${wordLength}'h${hex(raw, wordLength)}; // ${label(index)}  ${raw} = ${rawToReal(raw, format.fractionLength)}`),
    `            default: ${name} = '0; // 0 to ${last} only`,
    '        endcase',
    '    endfunction',
  ].join('\n');
}
