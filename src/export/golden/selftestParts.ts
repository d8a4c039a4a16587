/** What every self-test is made of: how text gets out, CRC-32, and how elements of the exported arrays are read. */
import type { Format } from '../../format/format.js';
import { integerType, typeName, type IntegerType } from '../cInteger.js';
import type { GoldenArray } from './arrays.js';

/** The prefix in lower and upper case. */
export interface Names {
  readonly p: string;
  readonly P: string;
}

export const port = ({ P }: Names): string => `/* How text gets out and how the program ends: define these for a target without stdio. */
#ifndef ${P}_PUTS
#include <stdio.h>
#define ${P}_PUTS(text) ((void)fputs((text), stdout))
#endif
#ifndef ${P}_EXIT
#define ${P}_EXIT(status) return (status)
#endif

static void put(const char *text)
{
    ${P}_PUTS(text);
}`;

const PUT_HEX = `static void put_hex(uint32_t value)
{
    char text[9];
    int i;
    for (i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15U];
    }
    text[8] = '\\0';
    put(text);
}`;

const DIFFERS = `static int checksum_differs(const char *what, uint32_t found, uint32_t expected)
{
    if (found == expected) {
        return 0;
    }
    put(what);
    put(": crc32 ");
    put_hex(found);
    put(" expected ");
    put_hex(expected);
    put("\\n");
    return 1;
}`;

const PUT_NUMBERS = `static void put_unsigned(uint64_t value)
{
    char text[21];
    int at = 20;
    text[at] = '\\0';
    do {
        text[--at] = (char)('0' + (int)(value % 10U));
        value /= 10U;
    } while (value != 0U);
    put(text + at);
}

static void put_signed(int64_t value)
{
    if (value < 0) {
        put("-");
    }
    put_unsigned(value < 0 ? 0U - (uint64_t)value : (uint64_t)value);
}

static void put_difference(int64_t found, int64_t expected)
{
    put(": ");
    put_signed(found);
    put(" expected ");
    put_signed(expected);
    put("\\n");
}`;

export const output = (numbers: boolean, differs: boolean): string[] => [PUT_HEX, ...(differs ? [DIFFERS] : []), ...(numbers ? [PUT_NUMBERS] : [])];

export const CRC32_WORD = `/* CRC-32 as in zlib, over the lowest bytes of a word, lowest first. */
static uint32_t crc32_word(uint32_t crc, uint64_t word, unsigned count)
{
    for (; count > 0U; count--) {
        int bit;
        crc ^= (uint32_t)(word & 255U);
        for (bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0U ? UINT32_C(0xEDB88320) : 0U);
        }
        word >>= 8;
    }
    return crc;
}`;

/** How an element of each type is read, and, where arrays are checked, their CRC-32. */
export function elements(formats: readonly Format[], sums: boolean, progmem: boolean, { P }: Names): string[] {
  const types = new Map(formats.map(integerType).map((type): [string, IntegerType] => [typeName(type), type]));
  return [...types].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, { signed, bits }]) => {
    const word = `(uint64_t)${P}_READ${bits}(element)`;
    const body =
      !progmem ? `    return (int64_t)*element;`
      : !signed ? `    return (int64_t)${word};`
      : bits === 64 ? `    const uint64_t word = ${word};\n    return (word >> 63) != 0U ? -(int64_t)(~word) - 1 : (int64_t)word;`
      : `    const int64_t word = (int64_t)${word};\n    return word - ((word >> ${bits - 1}) != 0 ? INT64_C(${1n << BigInt(bits)}) : 0);`;
    return [
      `static int64_t ${getOf(name)}(const ${name} *element)\n{\n${body}\n}`,
      ...(sums ? [`static uint32_t ${crcOf(name)}(const ${name} *values, uint32_t length)
{
    uint32_t crc = UINT32_C(0xFFFFFFFF);
    uint32_t i;
    for (i = 0U; i < length; i++) {
        crc = crc32_word(crc, (uint64_t)${getOf(name)}(values + i), ${bits / 8}U);
    }
    return crc ^ UINT32_C(0xFFFFFFFF);
}`] : []),
    ];
  });
}

/** Element of an array as an int64_t. */
export const element = ({ name, format }: Pick<GoldenArray, 'name' | 'format'>, index: string, { p }: Names): string => `${getOf(typeName(integerType(format)))}(${p}_${name} + ${index})`;

/** `int16_t` is read by `get_int16`. */
const getOf = (name: string): string => `get_${name.slice(0, -2)}`;

/** `int16_t` is summed by `crc32_int16`. */
export const crcOf = (name: string): string => `crc32_${name.slice(0, -2)}`;
