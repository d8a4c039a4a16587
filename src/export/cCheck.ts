/** The self-check: firmware recomputes the CRC-32 of every table and says which one is not what was exported. */
import { integerType, orderedTypes, typeName, type IntegerType } from './cInteger.js';
import type { MacroGroup } from './cMacro.js';
import type { Table } from './cTable.js';
import { macroWord } from './cText.js';

const BYTE_HELPER = 'crc32_bytes';
const checkName = (prefix: string): string => `${prefix}_check_tables`;
const sumName = (prefix: string, type: IntegerType): string => `${prefix}_crc32_${typeName(type).replace(/_t$/, '')}`;

/** How many tables there are, and the name of each: what the self-check counts from 1. */
export function tableList(tables: readonly Table[], prefix: string): MacroGroup {
  return {
    comment: `tables, numbered as ${checkName(prefix)}() does`,
    macros: [
      { name: 'TABLES', value: String(tables.length) },
      ...tables.map(({ name }, index) => ({ name: `TABLE${index + 1}_NAME`, value: `"${prefix}_${name}"` })),
    ],
  };
}

const about = (prefix: string): string => `/* 0 where every table holds what was exported, else the number of the first that does not (1 to ${prefix.toUpperCase()}_TABLES) */`;

export function declareCheck(prefix: string): string {
  return `${about(prefix)}\nint ${checkName(prefix)}(void);`;
}

/** A function in a header: no warning where a unit does not call it. */
function localMacro(macroPrefix: string): string {
  const name = `${macroPrefix}_LOCAL`;
  return [
    '#if defined(__cplusplus) || (defined(__STDC_VERSION__) && (__STDC_VERSION__ >= 199901L))', `#define ${name} static inline`,
    '#elif defined(__GNUC__)', `#define ${name} static __inline__`,
    '#else', `#define ${name} static`, '#endif',
  ].join('\n');
}

/**
 * The self-check and its helpers. Elements are read through pointers to volatile (or from program memory): a compiler that knows what is in a table must
 * not work the sum out by itself.
 *
 * @param local for a header: nothing outside the unit that includes it
 */
export function defineCheck(tables: readonly Table[], prefix: string, { local = false, progmem = false }: { readonly local?: boolean | undefined; readonly progmem?: boolean | undefined }): string {
  const macroPrefix = prefix.toUpperCase();
  const own = local ? `${macroPrefix}_LOCAL` : 'static';
  const checks = tables.map(({ name, length, format }, index) => [
    `    if (${sumName(prefix, integerType(format))}(${prefix}_${name}, ${macroPrefix}_${length}) != ${macroPrefix}_${macroWord(name)}_CRC32) {`,
    `        wrong = ${index + 1};`,
    '    }',
  ]);
  return [
    ...(local ? [localMacro(macroPrefix)] : []),
    byteHelper(prefix, own),
    ...orderedTypes(tables.map(({ format }) => format)).map((type) => sumFunction(type, prefix, own, progmem)),
    [
      ...(local ? [about(prefix)] : []),
      `${local ? `${own} ` : ''}int ${checkName(prefix)}(void)`,
      '{',
      '    int wrong = 0;',
      '    /* the last table first, so that the first that is wrong stays */',
      ...checks.toReversed().flat(),
      '    return wrong;',
      '}',
    ].join('\n'),
  ].join('\n\n');
}

/** CRC-32 of IEEE 802.3 (as zlib has it), reflected, bit by bit: a table for it would need a check of its own. */
function byteHelper(prefix: string, own: string): string {
  return `/* CRC-32 over the lowest bytes of a word, lowest first */
${own} uint32_t ${prefix}_${BYTE_HELPER}(uint32_t before, uint32_t word, unsigned int bytes)
{
    uint32_t sum = before;
    uint32_t rest = word;
    unsigned int byte;
    unsigned int bit;
    for (byte = 0U; byte < bytes; byte++) {
        sum ^= rest & 0xFFU;
        for (bit = 0U; bit < 8U; bit++) {
            sum = (sum >> 1) ^ (((sum & 1U) != 0U) ? 0xEDB88320U : 0U);
        }
        rest >>= 8;
    }
    return sum;
}`;
}

function sumFunction(type: IntegerType, prefix: string, own: string, progmem: boolean): string {
  const { bits } = type;
  const element = progmem ? `${prefix.toUpperCase()}_READ${bits}(&table[i])` : 'table[i]';
  const step = (word: string, bytes: number): string => `        sum = ${prefix}_${BYTE_HELPER}(sum, ${word}, ${bytes}U);`;
  const body =
    bits === 64
      ? [`        const uint64_t word = (uint64_t)${element};`, step('(uint32_t)(word & 0xFFFFFFFFU)', 4), step('(uint32_t)(word >> 32)', 4)]
      : [step(`(uint32_t)${element}`, bits / 8)];
  return [
    `${own} uint32_t ${sumName(prefix, type)}(const ${progmem ? '' : 'volatile '}${typeName(type)} *table, uint32_t length)`,
    '{',
    '    uint32_t sum = 0xFFFFFFFFU;',
    '    uint32_t i;',
    '    for (i = 0U; i < length; i++) {',
    ...body,
    '    }',
    '    return sum ^ 0xFFFFFFFFU;',
    '}',
  ].join('\n');
}
