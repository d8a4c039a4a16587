/** A C90 program that prints back every macro and table of exported files. */
import type { Expected } from './expected.js';

const HELPERS = `#include <stdio.h>

extern int main(void);

static void put_unsigned(uint64_t value)
{
    char text[24];
    int at = 23;
    text[at] = '\\0';
    do {
        text[--at] = (char)('0' + (int)(value % 10U));
        value /= 10U;
    } while (value != 0U);
    printf("%s", text + at);
}

static void put_signed(int64_t value)
{
    if (value < 0) {
        printf("-");
        put_unsigned(0U - (uint64_t)value);
    } else {
        put_unsigned((uint64_t)value);
    }
}

/* CRC-32 as docs/export.md gives it */
static uint32_t crc32_byte(uint32_t crc, unsigned byte)
{
    int bit;
    crc ^= byte & 0xFFU;
    for (bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ ((crc & 1U) != 0U ? 0xEDB88320U : 0U);
    }
    return crc;
}
`;

/** One line a value: `NAME value`, `table values…`, `table.crc value`, `stem.check value`; and for macros that may be missing `NAME absent`. */
export function printingProgram(headers: readonly string[], all: readonly Expected[]): string {
  const functions = all.map((expected, index) => `static void print_${index}(void)\n{\n    unsigned i;\n${statements(expected, headers[index]!.replace('.h', ''))}}\n`);
  // redeclared with the type they should have: another type does not compile
  const declared = all.flatMap(({ tables }) => [...tables].map(([name, { type, values }]) => `extern const ${type} ${name}[${values.length}];`));
  return [
    ...headers.map((header) => `#include "${header}"`),
    HELPERS,
    ...declared,
    '',
    ...functions,
    'int main(void)\n{',
    ...all.map((_, index) => `    print_${index}();`),
    '    return 0;\n}\n',
  ].join('\n');
}

function statements({ integers, reals, texts, absent, tables }: Expected, stem: string): string {
  const lines: string[] = [];
  const signedness = new Map([...integers].map(([name, value]) => [name, value < 0n]));
  for (const name of integers.keys()) {
    lines.push(`    printf("${name} "); ${signedness.get(name) ? `put_signed((int64_t)(${name}))` : `put_unsigned((uint64_t)(${name}))`}; printf("\\n");`);
    // usable where the preprocessor decides
    lines.push(`#if ${name} < 0 && ${name} > 0\n#error "${name}"\n#endif`);
  }
  for (const name of reals.keys()) lines.push(`    printf("${name} %.17g\\n", ${name});`);
  for (const name of texts.keys()) lines.push(`    printf("${name} %s\\n", ${name});`);
  lines.push(`    printf("${stem}.check %d\\n", ${stem}_check_tables());`);
  for (const name of absent) lines.push(`#ifdef ${name}\n    printf("${name} present\\n");\n#else\n    printf("${name} absent\\n");\n#endif`);
  for (const [name, { type, length }] of tables) {
    const put = type.startsWith('u') ? `put_unsigned(${name}[i])` : `put_signed(${name}[i])`;
    lines.push(`    printf("${name}");\n    for (i = 0; i < ${length}; i++) {\n        printf(" ");\n        ${put};\n    }\n    printf("\\n");`);
    lines.push(`    {
        uint32_t crc = 0xFFFFFFFFU;
        for (i = 0; i < ${length}; i++) {
            uint64_t bits = (uint64_t)${name}[i];
            unsigned byte;
            for (byte = 0; byte < sizeof(${name}[i]); byte++) {
                crc = crc32_byte(crc, (unsigned)(bits & 0xFFU));
                bits >>= 8;
            }
        }
        printf("${name}.crc ");
        put_unsigned(crc ^ 0xFFFFFFFFU);
        printf("\\n");
        printf("${name}.macro ");
        put_unsigned(${name.toUpperCase()}_CRC32);
        printf("\\n");
    }`);
  }
  return `${lines.join('\n')}\n`;
}
