/** `P_tb.sv`: a bench that holds package, tables and units to their vectors. */
import type { Table } from '../cTable.js';
import { macroWord } from '../cText.js';
import { constantsCrc32 } from './checksum.js';
import { elementBits, type HdlTables } from './constants.js';
import type { TestedUnit } from './fill.js';
import { svType } from './svPrimitives.js';
import { CONSTANT_BITS, hex, vectorFile, widest } from './text.js';
import { isClocked } from './units.js';
import { fieldsOf, rowBits, vectorsCrc32, type Field } from './vectors.js';

/** Everything but the first comment. */
export function svBench(hdl: HdlTables, units: readonly TestedUnit[], prefix: string): string[] {
  const most = widest([...units.map(({ unit }) => rowBits(unit.ports)), ...hdl.tables.map(elementBits)]);
  const clocked = units.some(({ unit }) => isClocked(unit));
  return [
    [
      `module ${prefix}_tb;`,
      '    int checks = 0;',
      '    logic [31:0] sum;',
      ...(clocked ? ["    logic clk = 1'b0;"] : []),
    ].join('\n'),
    checksumFunction(most),
    reportTasks(most),
    constantsTask(hdl, prefix, most),
    ...hdl.tables.map((table) => tableTask(table, prefix, most)),
    ...units.map((tested, index) => unitTask(tested, index, prefix, most)),
    [
      '    initial begin',
      '        check_constants;',
      ...hdl.tables.map(({ name }) => `        check_table_${name};`),
      ...units.map(({ unit }) => `        check_${unit.name};`),
      '        $display("PASS %0d checks", checks);',
      '        $finish;',
      '    end',
      'endmodule',
    ].join('\n'),
  ];
}

function checksumFunction(most: number): string {
  return `    // CRC-32 of IEEE 802.3 (as zlib has it) over the lowest bytes of a word, lowest first, before it is inverted
    function automatic logic [31:0] crc32(input logic [31:0] former, input logic [${most - 1}:0] word, input int bytes);
        /* verilator no_inline_task */
        crc32 = former;
        for (int i = 0; i < 8 * bytes; i++) crc32 = {1'b0, crc32[31:1]} ^ (crc32[0] ^ word[i] ? 32'hEDB88320 : 32'h0);
    endfunction`;
}

function reportTasks(most: number): string {
  return `    task automatic differ(input string where, input int row, input string what, input logic [${most - 1}:0] found, input logic [${most - 1}:0] expected);
        /* verilator no_inline_task */
        $display("%s, row %0d: %s is %0h, expected %0h", where, row, what, found, expected);
        $display("FAIL");
        $fatal(1);
    endtask

    task automatic check_sum(input string what, input logic [31:0] found, input logic [31:0] expected);
        checks++;
        if (found !== expected) begin
            $display("%s: CRC-32 %08h, expected %08h", what, found, expected);
            $display("FAIL");
            $fatal(1);
        end
    endtask`;
}

function constantsTask({ groups }: HdlTables, prefix: string, most: number): string {
  const names = groups.flatMap(({ constants }) => constants.map(({ name }) => name));
  const signed = (name: string): string => (name.endsWith('_SIGNED') || name.endsWith('_CRC32') ? `{1'b0, ${prefix}_pkg::${name}}` : `${prefix}_pkg::${name}`);
  const word = (name: string): string => `        ${CONSTANT_BITS}'(${signed(name)})`;
  return [
    '    // every constant of the package, the first in the lowest bits',
    `    localparam logic [${CONSTANT_BITS * names.length - 1}:0] CONSTANTS = {`,
    names.toReversed().map(word).join(',\n'),
    '    };',
    '',
    '    task automatic check_constants;',
    "        sum = '1;",
    `        for (int i = 0; i < ${names.length}; i++) sum = crc32(sum, ${most}'(CONSTANTS[${CONSTANT_BITS}*i +: ${CONSTANT_BITS}]), ${CONSTANT_BITS / 8});`,
    `        check_sum("constants of ${prefix}_pkg", ~sum, 32'h${hex(constantsCrc32(groups), 32)});`,
    '    endtask',
  ].join('\n');
}

function tableTask(table: Table, prefix: string, most: number): string {
  const { name, format, raws } = table;
  const bits = elementBits(table);
  return [
    `    task automatic check_table_${name};`,
    `        logic ${format.signed ? 'signed ' : ''}[${format.wordLength - 1}:0] element;`,
    `        logic ${format.signed ? 'signed ' : ''}[${bits - 1}:0] word;`,
    "        sum = '1;",
    `        for (int i = 0; i < ${raws.length}; i++) begin`,
    `            element = ${prefix}_pkg::${name}(i);`,
    `            word = ${bits}'(element);`,
    `            sum = crc32(sum, ${most}'($unsigned(word)), ${bits / 8});`,
    '        end',
    `        check_sum("table ${name}", ~sum, ${prefix}_pkg::${macroWord(name)}_CRC32);`,
    '    endtask',
  ].join('\n');
}

function unitTask(tested: TestedUnit, index: number, prefix: string, most: number): string {
  const { unit, vectors } = tested;
  const bits = rowBits(unit.ports);
  const fields = fieldsOf(unit.ports);
  const outputs = fields.filter(({ out }) => out);
  const slice = ({ high, low, flag }: Field): string => `row${index}[${flag ? high : `${high}:${low}`}]`;
  const connections = [...(isClocked(unit) ? ['.clk(clk)'] : []), ...fields.map((field) => `.${field.name}(${field.out ? `${field.name}${index}` : slice(field)})`)];
  const file = vectorFile(prefix, tested);
  return [
    `    // ${unit.about}`,
    `    logic [${bits - 1}:0] rows${index} [0:${vectors.rows.length - 1}];`,
    `    logic [${bits - 1}:0] row${index};`,
    ...outputs.map((field) => `    ${svType(field)}${field.name}${index};`),
    `    ${prefix}_${unit.name} unit${index} (${connections.join(', ')});`,
    '',
    `    task automatic check_${unit.name};`,
    `        $readmemh("${file}", rows${index});`,
    `        for (int i = 0; i < ${vectors.rows.length}; i++) begin`,
    `            row${index} = rows${index}[i];`,
    ...(isClocked(unit) ? ["            #1 clk = 1'b1;", '            #1;'] : ['            #1;']),
    ...outputs.flatMap((field) => [
      `            if (${field.name}${index} !== ${slice(field)}) differ("${unit.name}", i, "${field.name}", ${most}'($unsigned(${field.name}${index})), ${most}'(${slice(field)}));`,
    ]),
    `            checks += ${outputs.length};`,
    ...(isClocked(unit) ? ["            clk = 1'b0;"] : []),
    '        end',
    // in a loop without delays: Verilator 5.006 takes the sum for constant over one
    "        sum = '1;",
    `        for (int i = 0; i < ${vectors.rows.length}; i++) sum = crc32(sum, ${most}'(rows${index}[i]), ${bits / 8});`,
    `        check_sum("${file}", ~sum, 32'h${hex(vectorsCrc32(vectors), 32)});`,
    '    endtask',
  ].join('\n');
}
