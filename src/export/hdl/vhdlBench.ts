/** `P_tb.vhd`: a bench that holds package, tables and units to their vectors. */
import type { Table } from '../cTable.js';
import { macroWord } from '../cText.js';
import { constantsCrc32 } from './checksum.js';
import { elementBits, type HdlConstant, type HdlTables } from './constants.js';
import type { TestedUnit } from './fill.js';
import { CONSTANT_BITS, hex, isPlain, vectorFile } from './text.js';
import { isClocked } from './units.js';
import { fieldsOf, rowBits, vectorsCrc32, type Field } from './vectors.js';
import { vectorType } from './vhdlPackage.js';
import { vhdlType } from './vhdlPrimitives.js';

/** Everything but the first comment. */
export function vhdlBench(hdl: HdlTables, units: readonly TestedUnit[], prefix: string): string[] {
  return [
    `library ieee;\nuse ieee.std_logic_1164.all;\nuse ieee.numeric_std.all;\nuse std.textio.all;\nuse work.${prefix}_pkg.all;`,
    `entity ${prefix}_tb is\nend entity;`,
    `architecture bench of ${prefix}_tb is`,
    helpers(),
    units.map(unitSignals).join('\n\n'),
    'begin',
    units.map(({ unit }, index) => instance(unit, index, prefix)).join('\n'),
    [
      '  process',
      '    file vectors : text;',
      '    variable sum : std_logic_vector(31 downto 0);',
      '    variable checks, row : natural := 0;',
      ...units.map(({ unit }, index) => `    variable word${index} : std_logic_vector(${rowBits(unit.ports) - 1} downto 0);`),
      '  begin',
      constantsCheck(hdl),
      ...hdl.tables.map(tableCheck),
      ...units.map((tested, index) => unitCheck(tested, index, prefix)),
      '    write(output, "PASS " & integer\'image(checks) & " checks" & LF);',
      '    std.env.stop(0);',
      '    wait;',
      '  end process;',
      'end architecture;',
    ].join('\n'),
  ];
}

function helpers(): string {
  return `  -- CRC-32 of IEEE 802.3 (as zlib has it) over the bytes of a word, lowest first, before it is inverted
  function crc32(former : std_logic_vector(31 downto 0); word : std_logic_vector) return std_logic_vector is
    alias bits : std_logic_vector(word'length - 1 downto 0) is word;
    variable sum : std_logic_vector(31 downto 0) := former;
    variable odd : std_logic;
  begin
    for i in 0 to bits'length - 1 loop
      odd := sum(0) xor bits(i);
      sum := '0' & sum(31 downto 1);
      if odd /= '0' then
        sum := sum xor x"EDB88320";
      end if;
    end loop;
    return sum;
  end function;

  procedure fail(message : string) is
  begin
    write(output, message & LF & "FAIL" & LF);
    std.env.stop(1);
    wait;
  end procedure;

  procedure check_sum(what : string; found, expected : std_logic_vector(31 downto 0)) is
  begin
    if found /= expected then
      fail(what & ": CRC-32 " & to_hstring(found) & ", expected " & to_hstring(expected));
    end if;
  end procedure;

  procedure differ(where : string; row : natural; what, found, expected : string) is
  begin
    fail(where & ", row " & integer'image(row) & ": " & what & " is " & found & ", expected " & expected);
  end procedure;

  -- the next row of a file, past comments
  procedure read_row(file vectors : text; where : string; word : out std_logic_vector) is
    variable content : line;
    variable good : boolean := false;
  begin
    loop
      if endfile(vectors) then
        fail(where & " ends early");
      end if;
      readline(vectors, content);
      exit when content'length > 0 and content(content'left) /= '/';
    end loop;
    hread(content, word, good);
    if not good then
      fail(where & " has a row that is none");
    end if;
  end procedure;

  signal clk : std_logic := '0';`;
}

const zero = ({ flag }: Field): string => (flag ? "'0'" : "(others => '0')");

function unitSignals({ unit }: TestedUnit, index: number): string {
  return [`  -- ${unit.about}`, ...fieldsOf(unit.ports).map((field) => `  signal ${field.name}${index} : ${vhdlType(field)}${field.out ? '' : ` := ${zero(field)}`};`)].join('\n');
}

function instance(unit: TestedUnit['unit'], index: number, prefix: string): string {
  const ports = [...(isClocked(unit) ? ['clk'] : []), ...unit.ports.map(({ name }) => `${name}${index}`)];
  return `  unit${index} : entity work.${prefix}_${unit.name} port map (${ports.join(', ')});`;
}

/** A constant in the two's complement that checksums take. */
function constantWord(constant: HdlConstant): string {
  const { name, of, rail, value } = constant;
  if (of) return `to_signed(${of.enumeration.toLowerCase()}_t'pos(${name}), ${CONSTANT_BITS})`;
  if (name.endsWith('_SIGNED')) return `to_signed(boolean'pos(${name}), ${CONSTANT_BITS})`;
  if (isPlain(constant)) return `to_signed(${name}, ${CONSTANT_BITS})`;
  if (rail || (value < 0n && !name.endsWith('_CRC32'))) return `resize(${name}, ${CONSTANT_BITS})`;
  return `signed(resize(unsigned(${name}), ${CONSTANT_BITS}))`;
}

function constantsCheck({ groups }: HdlTables): string {
  return [
    "    sum := (others => '1');",
    ...groups.flatMap(({ constants }) => constants.map((constant) => `    sum := crc32(sum, std_logic_vector(${constantWord(constant)}));`)),
    `    check_sum("constants of the package", not sum, x"${hex(constantsCrc32(groups), 32)}");`,
    '    checks := checks + 1;',
  ].join('\n');
}

function tableCheck(table: Table): string {
  const { name } = table;
  return [
    "    sum := (others => '1');",
    `    for i in ${name}'range loop`,
    `      sum := crc32(sum, std_logic_vector(resize(${name}(i), ${elementBits(table)})));`,
    '    end loop;',
    `    check_sum("table ${name}", not sum, ${macroWord(name)}_CRC32);`,
    '    checks := checks + 1;',
  ].join('\n');
}

function unitCheck(tested: TestedUnit, index: number, prefix: string): string {
  const { unit, vectors } = tested;
  const fields = fieldsOf(unit.ports);
  const outputs = fields.filter(({ out }) => out);
  const file = vectorFile(prefix, tested);
  const slice = ({ high, low, flag, signed }: Field): string => (flag ? `word${index}(${high})` : `${vectorType(signed)}(word${index}(${high} downto ${low}))`);
  const image = ({ flag }: Field, text: string): string => (flag ? `to_string(${text})` : `to_hstring(${text})`);
  return [
    `    -- ${unit.about}`,
    "    sum := (others => '1');",
    `    file_open(vectors, "${file}", read_mode);`,
    '    row := 0;',
    `    while row < ${vectors.rows.length} loop`,
    `      read_row(vectors, "${file}", word${index});`,
    `      sum := crc32(sum, word${index});`,
    ...fields.filter(({ out }) => !out).map((field) => `      ${field.name}${index} <= ${slice(field)};`),
    '      wait for 1 ns;',
    ...(isClocked(unit) ? ["      clk <= '1';", '      wait for 1 ns;'] : []),
    ...outputs.map((field) => [
      `      if ${field.name}${index} /= ${slice(field)} then`,
      `        differ("${unit.name}", row, "${field.name}", ${image(field, `${field.name}${index}`)}, ${image(field, slice(field))});`,
      '      end if;',
    ].join('\n')),
    ...(isClocked(unit) ? ["      clk <= '0';"] : []),
    `      checks := checks + ${outputs.length};`,
    '      row := row + 1;',
    '    end loop;',
    '    file_close(vectors);',
    `    check_sum("${file}", not sum, x"${hex(vectorsCrc32(vectors), 32)}");`,
    '    checks := checks + 1;',
  ].join('\n');
}
