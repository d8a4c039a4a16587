/** `name_selftest.c`, the one program of an export: it checks tables and golden values, holds the kernel to them, and prints the checksum of the state it ends in. */
import { stateFields } from '../../core/stateFields.js';
import type { Plan } from '../../schema/plan.js';
import { integerType, typeName } from '../cInteger.js';
import { macroWord } from '../cText.js';
import { formatAt } from '../cSites.js';
import { goldenArrays, type GoldenArray } from './arrays.js';
import { coverage } from './cGolden.js';
import { originComment, type Origin } from '../origin.js';
import type { Golden } from './run.js';
import { comparison } from './selftestKernel.js';
import { crcOf, CRC32_WORD, element, elements, output, port, type Names } from './selftestParts.js';

export interface SelftestParts {
  readonly prefix: string;
  /** How many `name.h` has. */
  readonly tables: number;
  /** Whether the export has a kernel. */
  readonly kernel: boolean;
  readonly golden?: Golden | undefined;
  /** The parameters a run begins with: those of the plan, or those of the tables `..._final`. */
  readonly begins: 'initial' | 'final';
  /** Whether tables and golden values lie in the program memory of an AVR. */
  readonly progmem: boolean;
}

/** The program as C99 source, ASCII only, lines end in \n. */
export function selftestC(plan: Plan, parts: SelftestParts, origin: Origin): string {
  const { prefix, kernel, golden } = parts;
  const arrays = golden ? goldenArrays(plan, golden) : [];
  const given = arrays.filter((array) => array.given);
  const expected = arrays.filter((array) => !array.given);
  const names = { p: prefix, P: prefix.toUpperCase() };
  const ends = `${prefix}_state_crc32(&state)`;
  const body =
    kernel && golden ? [...comparison(plan, { golden, progmem: parts.progmem }, arrays, names), selftest(names, [
      // a difference is named by its step before the array it lies in
      check(given, names), 'compare_run()', 'compare_resumed()', 'compare_evaluation()', check(expected, names),
    ], `kernel matches ${coverage(golden)}, saved and resumed half way, evaluation`, ends)]
    : golden ? [selftest(names, [check(arrays, names), lastChecksum(names)], `golden values of ${coverage(golden)} are whole`, `${names.P}_GOLDEN_STATE_CRC32`)]
    : kernel ? [initialChecksum(plan, parts, names), kernelBegins(names), selftest(names, ['kernel_differs()'], 'kernel begins with the tables, saves and restores', ends)]
    : [initialChecksum(plan, parts, names), selftest(names, [], 'tables match their checksums', 'initial_checksum()')];
  const read = golden ? arrays.map(({ format }) => format) : plan.layers.flatMap(({ bias }, layer) => [formatAt(plan, 'weight', layer), ...(bias ? [formatAt(plan, 'bias', layer)] : [])]);
  return `${[
    originComment(plan, origin, 'Self-test: exits 0 where everything matches, else 1 after naming the first difference. The last line is the checksum of a state.'),
    [`#include "${prefix}.h"`, ...(kernel ? [`#include "${prefix}_kernel.h"`] : []), ...(golden ? [`#include "${prefix}_golden.h"`] : []), '', '#include <stdint.h>'].join('\n'),
    port(names),
    ...(kernel ? [`static ${prefix}_state state;\nstatic uint8_t bytes[${names.P}_STATE_BYTES];`] : []),
    ...output(kernel && golden !== undefined, kernel || golden !== undefined),
    CRC32_WORD,
    ...elements(read, golden !== undefined, parts.progmem, names),
    tablesDiffer(parts.tables, names),
    ...body,
    `int main(void)\n{\n    const int status = selftest();\n    ${names.P}_EXIT(status);\n}`,
  ].join('\n\n')}\n`;
}

const tablesDiffer = (tables: number, { p, P }: Names): string => `static int tables_differ(void)
{
    static const char *const name[${P}_TABLES] = {
${Array.from({ length: tables }, (_, index) => `        ${P}_TABLE${index + 1}_NAME,`).join('\n')}
    };
    const int wrong = ${p}_check_tables();
    if (wrong == 0) {
        return 0;
    }
    put(name[wrong - 1]);
    put(" does not match its checksum\\n");
    return 1;
}`;

/** Condition that is true, and said, where an array is not what its checksum says. */
function check(arrays: readonly GoldenArray[], { p, P }: Names): string {
  return arrays.map(({ name, format }) =>
    `checksum_differs("${p}_${name}", ${crcOf(typeName(integerType(format)))}(${p}_${name}, ${P}_${macroWord(name)}_LEN), ${P}_${macroWord(name)}_CRC32)`).join('\n        || ');
}

const lastChecksum = ({ p, P }: Names): string => `checksum_differs("last of ${p}_golden_checksum", (uint32_t)get_uint32(${p}_golden_checksum + ${P}_GOLDEN_STEPS - 1U), ${P}_GOLDEN_STATE_CRC32)`;

const selftest = ({ p }: Names, conditions: readonly string[], summary: string, checksum: string): string => `static int selftest(void)
{
${['tables_differ()', ...conditions].map((condition) => `    if (${condition}) {\n        return 1;\n    }\n`).join('')}    put("${p}: ${summary}\\n");
    put("crc32 ");
    put_hex(${checksum});
    put("\\n");
    return 0;
}`;

/** Checksum of the state before the first step, from the tables: the step, the parameters, and what controllers begin with. */
function initialChecksum(plan: Plan, { begins }: SelftestParts, names: Names): string {
  const { P } = names;
  const loop = (length: string, word: string): string => `    for (i = 0U; i < ${length}; i++) {\n        crc = crc32_word(crc, ${word}, 8U);\n    }\n`;
  const table = (kind: 'weight' | 'bias', layer: number): string => {
    const name = `layer${layer}_${kind}${begins === 'final' ? '_final' : ''}`;
    return loop(`${P}_LAYER${layer}_${macroWord(kind)}_LEN`, `(uint64_t)${element({ name, format: formatAt(plan, kind, layer) }, 'i', names)}`);
  };
  const kept = keptAtFirst(plan);
  const about = kept.every(({ word }) => word === 0n) ? ', which is 0' : '';
  return `/* Checksum of the state before the first step: the step, the parameters, and what controllers keep${about} (docs/state.md). */
static uint32_t initial_checksum(void)
{
    uint32_t crc = crc32_word(UINT32_C(0xFFFFFFFF), 0U, 8U);
    uint32_t i;
${plan.layers.map(({ bias }, layer) => table('weight', layer) + (bias ? table('bias', layer) : '')).join('')}${kept.map(({ count, word }) => loop(`${count}U`, word === 0n ? '0U' : `UINT64_C(${word})`)).join('')}    return crc ^ UINT32_C(0xFFFFFFFF);
}`;
}

/** Words behind the parameters before the first step, in runs of the same: 0, but shares of losses are equal. */
function keptAtFirst(plan: Plan): { count: number; word: bigint }[] {
  const runs: { count: number; word: bigint }[] = [];
  for (const { name, count } of stateFields(plan)) {
    if (name === 'theta') continue;
    const word = name === 'shares' ? BigInt(plan.balance!.firstMean!.raw) : 0n;
    const last = runs.at(-1);
    if (last?.word === word) last.count += count;
    else runs.push({ count, word });
  }
  return runs;
}

const kernelBegins = ({ p }: Names): string => `static int kernel_differs(void)
{
    const uint32_t begins = initial_checksum();
    ${p}_init(&state);
    if (checksum_differs("state after ${p}_init", ${p}_state_crc32(&state), begins)) {
        return 1;
    }
    ${p}_save(&state, bytes);
    if (${p}_restore(&state, bytes) != 0) {
        put("${p}_restore refused a saved state\\n");
        return 1;
    }
    return checksum_differs("state after ${p}_restore", ${p}_state_crc32(&state), begins);
}`;
