/** The exported kernel on emulated boards: size of its code, and what the last steps of a run execute. The checksum of the state must be the core's. */
import { loadCore } from '../core/load.js';
import { Session } from '../core/session.js';
import { stateBytes, stateCrc32 } from '../core/state.js';
import { exportKernel } from '../export/kernel/kernel.js';
import { hashJson } from '../plan/hash.js';
import { planSteps } from '../run/pair.js';
import type { Measured } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { BoardProgram, BOARDS, compilerVersion, LONGEST_MS, missingTool, type Board, type Ran } from './boards.js';

/** Steps that are measured: the last ones of the run. */
const STEPS = 3;
const PREFIX = 'measured';

/** The last steps of a run: the state before them, what they are given, and the checksum after them. */
interface Excerpt {
  readonly before: Uint8Array;
  readonly steps: readonly { readonly count: number; readonly inputs: readonly number[]; readonly targets: readonly number[] }[];
  readonly stateCrc32: string;
}

export interface Measurements {
  readonly measured: Measured[];
  /** `cortex-m0: does not fit …` */
  readonly notMeasured: string[];
}

/**
 * Compiles the kernel of a plan for every board, with -Os, and counts what its last steps execute.
 *
 * A board whose tools are not installed, or that the program does not fit, is named in `notMeasured`.
 *
 * @param boards names as in `BOARD_NAMES`
 * @throws QrailsError of the kernel's generator; Error where a board computes other bits than the core
 */
export async function measure(plan: Plan, dataset: Dataset, boards: readonly string[], signal?: AbortSignal): Promise<Measurements> {
  const excerpt = await excerptOf(plan, dataset);
  const result: Measurements = { measured: [], notMeasured: [] };
  if (typeof excerpt === 'string') return { ...result, notMeasured: [excerpt] };
  const kernel = exportKernel(plan, { prefix: PREFIX, origin: [] });
  const unit = `${PREFIX}_kernel.c`;
  for (const board of BOARDS.filter(({ name }) => boards.includes(name))) {
    signal?.throwIfAborted();
    const missing = await missingTool(board);
    if (missing !== undefined) {
      result.notMeasured.push(`${board.name}: ${missing} is not installed`);
      continue;
    }
    const program = await BoardProgram.create(board, { ...kernel, 'main.c': mainText(excerpt) }, signal);
    try {
      const problem = (await program.compile([unit, 'main.c'], ['-std=c99', '-Os'])) ?? (await program.link([unit, 'main.c']));
      if (problem === undefined) {
        const ran = await program.run();
        if (ran.endless) result.notMeasured.push(`${board.name}: ${STEPS} steps take longer than ${LONGEST_MS / 1000} s to emulate`);
        else result.measured.push(await measuredOn(board, program, ran, unit, excerpt));
      } else if (/will not fit|overflowed by|not within region/.test(problem)) result.notMeasured.push(`${board.name}: the kernel does not fit ${board.cpu}, ${board.machine}`);
      else throw new Error(`${board.name}: ${problem}`);
    } finally {
      await program.close();
    }
  }
  return result;
}

async function measuredOn(board: Board, program: BoardProgram, { status, lines }: Ran, unit: string, { stateCrc32: expected }: Excerpt): Promise<Measured> {
  const words = lines.map((line) => line.split(' '));
  const found = words.findLast(([name]) => name === 'crc32')?.[1];
  if (status !== 0 || found !== expected) throw new Error(`${board.name}: the kernel ended with ${status} and state ${found}, the core has ${expected}\n${lines.join('\n')}`);
  const hex = (text: string | undefined): number => Number.parseInt(text!, 16);
  const counts = words.filter(([name]) => name === 'count').map(([, coarse, fine]) => board.counted(hex(coarse), hex(fine)));
  // The first pair has nothing between them: what measuring itself takes.
  const [empty = 0, ...steps] = counts;
  return {
    board: board.name, cpu: board.cpu, emulator: `${board.emulator} ${board.machine}`, compiler: `${board.compiler} ${await compilerVersion(board)} -Os`,
    code: await program.sections(unit), stateBytes: hex(words.find(([name]) => name === 'state')?.[1]), unit: board.unit, steps: steps.map((count) => count - empty),
  };
}

/** Runs the plan in the core. A text where it does not come to its end. */
async function excerptOf(plan: Plan, dataset: Dataset): Promise<Excerpt | string> {
  const total = planSteps(plan);
  const from = Math.max(0, total - STEPS);
  const session = new Session(await loadCore(), plan, 'fixed', { chunk: 1 });
  const hash = hashJson(plan);
  const steps: Excerpt['steps'][number][] = [];
  let before = stateBytes(plan, session.save(hash));
  let step = 0;
  for (const batch of deliveries(plan, dataset)) {
    if (step === total) break;
    if (step === from) before = stateBytes(plan, session.save(hash));
    session.push(batch);
    session.finish();
    if (session.trapped !== undefined) return `${session.trapped} traps at step ${step}: there is nothing to measure`;
    if (step >= from) steps.push({ count: batch.count, inputs: session.peek('inputs'), targets: session.peek('targets') });
    step++;
  }
  return { before, steps, stateCrc32: stateCrc32(plan, session.save(hash)) };
}

const lines = (values: Iterable<number>): string => {
  const all = [...values];
  return Array.from({ length: Math.ceil(all.length / 24) }, (_, at) => `    ${all.slice(24 * at, 24 * at + 24).join(', ')},`).join('\n');
};

/** The program: restores the state, counts each step, prints counts, the size of the state and its checksum. */
const mainText = ({ before, steps }: Excerpt): string => `#include "board.h"
#include "${PREFIX}_kernel.h"

#ifdef __AVR__
#include <avr/pgmspace.h>
#else
#define PROGMEM
#endif

static const uint8_t before[${before.length}] PROGMEM = {
${lines(before)}
};
static const ${PREFIX}_input_t inputs[] PROGMEM = {
${lines(steps.flatMap((step) => step.inputs))}
};
static const ${PREFIX}_target_t targets[] PROGMEM = {
${lines(steps.flatMap((step) => step.targets))}
};
static const uint32_t counts[${steps.length}] = { ${steps.map(({ count }) => count).join(', ')} };
static ${PREFIX}_state state;

#ifdef __AVR__
static uint8_t bytes[sizeof before];
static ${PREFIX}_input_t step_inputs[${PREFIX.toUpperCase()}_BATCH * ${PREFIX.toUpperCase()}_INPUTS];
static ${PREFIX}_target_t step_targets[${PREFIX.toUpperCase()}_BATCH * ${PREFIX.toUpperCase()}_OUTPUTS];
#define FETCH(to, from, length) memcpy_P(to, from, (size_t)(length) * sizeof *(from))
#else
static const uint8_t *bytes;
static const ${PREFIX}_input_t *step_inputs;
static const ${PREFIX}_target_t *step_targets;
#define FETCH(to, from, length) ((to) = (from))
#endif

static void put_hex(uint32_t value)
{
    char text[9];
    for (int i = 0; i < 8; i++) text[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15];
    text[8] = '\\0';
    board_put(text);
}

static void put(const char *name, uint32_t value)
{
    board_put(name);
    put_hex(value);
}

static void count_ends(void)
{
    uint32_t coarse;
    uint32_t fine;
    board_end(&coarse, &fine);
    put("count ", coarse);
    put(" ", fine);
    board_put("\\n");
}

int main(void)
{
    uint32_t sample = 0;
    ${PREFIX}_row row;
    ${PREFIX}_init(&state);
    FETCH(bytes, before, sizeof before);
    if (${PREFIX}_restore(&state, bytes) != 0) return 1;
    board_begin();
    count_ends();
    for (uint32_t k = 0; k < ${steps.length}; k++) {
        int status;
        FETCH(step_inputs, inputs + sample * ${PREFIX.toUpperCase()}_INPUTS, counts[k] * ${PREFIX.toUpperCase()}_INPUTS);
        FETCH(step_targets, targets + sample * ${PREFIX.toUpperCase()}_OUTPUTS, counts[k] * ${PREFIX.toUpperCase()}_OUTPUTS);
        board_begin();
        status = ${PREFIX}_step(&state, step_inputs, step_targets, counts[k], &row);
        count_ends();
        if (status != 0) return 1;
        sample += counts[k];
    }
    put("state ", (uint32_t)sizeof state);
    put("\\ncrc32 ", ${PREFIX}_state_crc32(&state));
    board_put("\\n");
    return 0;
}
`;
