/** Where tables lie: the macro after every declarator, its text checked, and how a table in the flash of an AVR is read. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';

const LONGEST_ATTRIBUTE = 200;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']' };

/** Full name of the macro that stands after the declarator of every table. */
export const attributeMacro = (macroPrefix: string): string => `${macroPrefix}_TABLE_ATTRIBUTE`;

/**
 * An attribute that can stand after a declarator and do nothing else: one line of at most 200 printable ASCII characters whose brackets and quotes close,
 * without what could end the declaration, begin a comment or continue the line.
 *
 * @returns the text without outer spaces
 * @throws QrailsError `usage`
 * @example attributeText('__attribute__((section(".coef"), aligned(4)))')
 */
export function attributeText(text: string): string {
  const refuse = (message: string): never => {
    throw new QrailsError({
      code: 'usage', where: 'attribute', message, found: printable(JSON.stringify(text.slice(0, LONGEST_ATTRIBUTE))),
      expected: `one line of 1 to ${LONGEST_ATTRIBUTE} printable ASCII characters with brackets and quotes closed`, try: '__attribute__((section(".coef"), aligned(4)))',
    });
  };
  const trimmed = text.trim();
  if (trimmed.length === 0 || text.length > LONGEST_ATTRIBUTE) refuse('is no attribute');
  const foreign = /[^ -~]|[\\;{}#=']|\/[/*]|\*\/|\?\?/.exec(text);
  if (foreign) refuse(`${printable(JSON.stringify(foreign[0]))} has no place in an attribute`);
  const open: string[] = [];
  let quoted = false;
  for (const character of trimmed) {
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (CLOSING[character] !== undefined) open.push(CLOSING[character]);
    else if ((character === ')' || character === ']') && open.pop() !== character) refuse(`a ${character} closes nothing`);
    // a comma outside brackets begins another declarator
    else if (character === ',' && open.length === 0) refuse('a comma has no place between attributes');
  }
  if (quoted || open.length > 0) refuse(quoted ? 'a quote is not closed' : `a ${open.at(-1)} is missing`);
  return trimmed;
}

/** The definition of the macro, which yields to one of the user's. */
export function attributeDefinition(macroPrefix: string, { attribute, progmem = false }: { readonly attribute?: string | undefined; readonly progmem?: boolean | undefined }): string {
  const name = attributeMacro(macroPrefix);
  const value = [...(progmem ? [`${macroPrefix}_PROGMEM`] : []), ...(attribute === undefined ? [] : [attributeText(attribute)])].join(' ');
  return [
    `/* ${attribute === undefined ? 'after the declarator of every table: define it, in every unit alike, for a section or an alignment' : 'where tables lie; one defined before, in every unit alike, is taken instead'} */`,
    `#ifndef ${name}`,
    `#define ${name}${value && ` ${value}`}`,
    '#endif',
  ].join('\n');
}

/** Bits of the words a table can be read in. */
const WIDTHS = [8, 16, 32, 64] as const;
const PGM_READ = { 8: 'pgm_read_byte', 16: 'pgm_read_word', 32: 'pgm_read_dword' } as const;

/**
 * Macros for tables in the program memory of an AVR, where a pointer cannot follow: `P_READ16(address)` gives an element as an unsigned word. Elsewhere
 * they are plain reads.
 */
export function programMemory(macroPrefix: string): string {
  const high = `((const uint8_t *)(address) + 4)`;
  const onAvr = WIDTHS.map((bits) =>
    bits === 64
      ? `#define ${macroPrefix}_READ64(address) ((uint64_t)pgm_read_dword(address) | ((uint64_t)pgm_read_dword${high} << 32))`
      : `#define ${macroPrefix}_READ${bits}(address) ((uint${bits}_t)${PGM_READ[bits]}(address))`,
  );
  const elsewhere = WIDTHS.map((bits) => `#define ${macroPrefix}_READ${bits}(address) (*(const volatile uint${bits}_t *)(address))`);
  return [
    '/* tables in program memory, read as unsigned words of so many bits; within the first 64 KiB of flash */',
    '#ifdef __AVR__', '#include <avr/pgmspace.h>', `#define ${macroPrefix}_PROGMEM PROGMEM`, ...onAvr,
    '#else', `#define ${macroPrefix}_PROGMEM`, ...elsewhere,
    '#endif',
  ].join('\n');
}
