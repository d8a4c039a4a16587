/**
 * What `qrails export c` writes, compiled for the chips it is for and run on emulated boards: every golden value of the core, step by step, and the checksum of
 * the state. Cortex-M0 to M55 and RISC-V under QEMU, an AVR, whose int has 16 bits, under simavr.
 */
import { afterAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { FLAGS } from '../../src/core/abi.js';
import { BoardProgram, BOARDS, missingTool, type Board } from '../../src/cost/boards.js';
import type { Golden } from '../../src/export/golden/run.js';
import { exported, PREFIX, RUN_NAMES, sourcesOf } from './emulatedPlans.js';
import { FULL } from './tool.js';

const STRICT = ['-std=c99', '-Os', '-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror'];
/** Text goes out through the board; what main returns is how the program ends. */
const OUTPUT = ['-include', 'board.h', `-D${PREFIX.toUpperCase()}_PUTS(text)=board_put(text)`];

async function needBoard(context: TestContext, board: Board): Promise<void> {
  const missing = await missingTool(board);
  if (missing === undefined) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${missing} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
  context.skip(`${missing} is not installed: ${board.cpu} is not emulated`);
}

const programs: BoardProgram[] = [];
afterAll(() => Promise.all(programs.map((program) => program.close())));

async function programOf(board: Board, files: Readonly<Record<string, string>>, options: readonly string[]): Promise<{ program: BoardProgram; units: string[] }> {
  const program = await BoardProgram.create(board, files);
  programs.push(program);
  const units = Object.keys(files).filter((name) => name.endsWith('.c'));
  expect(await program.compile(units, options)).toBeUndefined();
  return { program, units };
}

/** The golden values with the first element of an array one larger. */
function flipped(text: string, name: string): string {
  const start = text.indexOf('{', text.search(new RegExp(`^const \\w+ ${PREFIX}_golden_${name}\\[`, 'm')));
  const head = /^\{(?:\s|\/\*.*?\*\/)*/.exec(text.slice(start))![0];
  return text.slice(0, start) + head + text.slice(start + head.length).replace(/^-?(0[xX][0-9A-Fa-f]+|\d+)/, (value) => String(Number(value) + 1));
}

describe.each(BOARDS.map((board) => [board.cpu, board] as const))('exported C on %s', (_, board) => {
  beforeEach((context) => needBoard(context, board));

  it.each(RUN_NAMES)('%s: every golden value, and the checksum of the manifest', async (name) => {
    const bundle = await exported(name, board.compiler.startsWith('avr'));
    const { program, units } = await programOf(board, sourcesOf(bundle), [...STRICT, ...OUTPUT]);
    expect(await program.link(units)).toBeUndefined();
    const { status, lines } = await program.run();
    expect([status, lines.at(-1)], lines.join('\n')).toEqual([0, `crc32 ${bundle.manifest.stateCrc32}`]);

    // one golden value changed: the program on the board must see it
    if (!FULL && name !== RUN_NAMES[0]) return;
    const golden = `${PREFIX}_golden.c`;
    for (const array of FULL ? ['loss', 'rate', 'inputs', 'checksum'] : ['rate']) {
      const text = flipped(sourcesOf(bundle)[golden]!, array);
      expect(text).not.toBe(sourcesOf(bundle)[golden]);
      await program.write({ [golden]: text });
      expect(await program.compile(golden, ['-std=c99', '-Os'])).toBeUndefined();
      expect(await program.link(units)).toBeUndefined();
      const wrong = await program.run();
      expect([wrong.status, wrong.lines.some((line) => /expected/.test(line))], wrong.lines.join('\n')).toEqual([1, true]);
    }
  });

  it('counts exactly what is executed', async () => {
    const { text, each } = LOOPS.find(({ compiler }) => board.compiler.startsWith(compiler))!;
    const { program, units } = await programOf(board, { 'main.c': counting(text) }, ['-std=gnu99', '-Os', '-Wall', '-Wextra', '-Werror']);
    expect(await program.link(units)).toBeUndefined();
    const { status, lines } = await program.run();
    expect(status).toBe(0);
    const counts = lines.map((line) => board.counted(...(line.split(' ').map((word) => Number.parseInt(word, 16)) as [number, number])));
    expect(counts).toHaveLength(TURNS.length);
    expect(counts.map((count) => count - counts[0]!)).toEqual(TURNS.map((turns) => (turns - TURNS[0]!) * each));
  });
});

it('the runs reach what they are for: a throttle that holds back, an anchor that pulls, and lets go, a supervisor that takes back', async () => {
  const all = await Promise.all(RUN_NAMES.map(async (name) => (await exported(name, false)).golden!));
  const one = (run: Golden): bigint => run.steps.reduce((most, { row }) => (row.alpha > most ? row.alpha : most), 0n);
  for (const run of all) {
    expect(run.steps.length).toBe(run.planSteps);
    expect(run.steps.some(({ row }) => row.alpha < one(run))).toBe(true);
  }
  expect(all.map(({ steps }) => steps.at(-1)!.events > 0)).toEqual(RUN_NAMES.map((name) => name.includes('event')));
  expect(all.map(({ steps }) => steps.some(({ flags }) => (flags & FLAGS.rejected) !== 0))).toEqual(RUN_NAMES.map((name) => /rollback|cusum/.test(name)));
  expect(all.flatMap(({ steps }) => steps).some(({ flags }) => (flags & FLAGS.pulling) !== 0)).toBe(true);
});

/** From the turns of a loop to those after many wraps of a counter of 24 bits. */
const TURNS = [1, 2, 3, 1000, 1001, 65_537, 1_000_003];

/** A loop over the variable `n`, and what a turn of it takes: instructions, or on an AVR cycles (a branch that is taken has two). */
const LOOPS = [
  { compiler: 'arm', text: '".syntax unified\\n1: subs %0, %0, #1\\n\\tbne 1b" : "+l"(n) : : "cc"', each: 2 },
  { compiler: 'riscv', text: '"1: addi %0, %0, -1\\n\\tbnez %0, 1b" : "+r"(n)', each: 2 },
  { compiler: 'avr', text: '"1: subi %A0, 1\\n\\tsbci %B0, 0\\n\\tsbci %C0, 0\\n\\tsbci %D0, 0\\n\\tbrne 1b" : "+d"(n)', each: 6 },
] as const;

const counting = (loop: string): string => `#include "board.h"

static void put_hex(uint32_t value)
{
    char text[9];
    int i;
    for (i = 0; i < 8; i++) text[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15];
    text[8] = '\\0';
    board_put(text);
}

__attribute__((noinline)) static void spin(uint32_t n)
{
    __asm__ volatile(${loop});
}

int main(void)
{
    static const uint32_t turns[] = { ${TURNS.map((turns) => `${turns}ul`).join(', ')} };
    unsigned k;
    for (k = 0; k < sizeof turns / sizeof *turns; k++) {
        uint32_t coarse;
        uint32_t fine;
        board_begin();
        spin(turns[k]);
        board_end(&coarse, &fine);
        put_hex(coarse);
        board_put(" ");
        put_hex(fine);
        board_put("\\n");
    }
    return 0;
}
`;
