/** The part of a self-test that holds a kernel to golden values, step by step. */
import { stateFields } from '../../core/stateFields.js';
import type { Plan } from '../../schema/plan.js';
import { macroWord } from '../cText.js';
import type { GoldenArray } from './arrays.js';
import { ROW_FIELDS, type Golden } from './run.js';
import { element, type Names } from './selftestParts.js';

/** Functions that hold the kernel to the golden values. */
export function comparison(plan: Plan, { golden, progmem }: { readonly golden: Golden; readonly progmem: boolean }, arrays: readonly GoldenArray[], names: Names): string[] {
  const { p, P } = names;
  const at = (name: string, index: string): string => element(arrays.find((array) => array.name === `golden_${name}`)!, index, names);
  // where an input trapped first, golden values do not name the site inside the step
  const trapped = golden.trapped === 'input' || golden.trapped === 'target' ? undefined : golden.trapped;
  const checksum = `(uint32_t)${at('checksum', 'step')}`;
  return [
    `static uint8_t half_way[${P}_STATE_BYTES];`,
    `static int step_differs(uint32_t step, const char *what, int64_t found, int64_t expected)
{
    if (found == expected) {
        return 0;
    }
    put("step ");
    put_unsigned(step);
    put(", ");
    put(what);
    put_difference(found, expected);
    return 1;
}`,
    `static int step_checksum_differs(uint32_t step, uint32_t expected)
{
    const uint32_t found = ${p}_state_crc32(&state);
    if (found == expected) {
        return 0;
    }
    put("step ");
    put_unsigned(step);
    put(", ");
    return checksum_differs("state", found, expected);
}`,
    `/* A word of a saved state: two's complement, lowest byte first. */
static int64_t word_at(uint32_t index)
{
    uint64_t word = 0U;
    int i;
    for (i = 7; i >= 0; i--) {
        word = (word << 8) | bytes[8U * index + (uint32_t)i];
    }
    return (word >> 63) != 0U ? -(int64_t)(~word) - 1 : (int64_t)word;
}`,
    samples('input', plan.data.inputs, golden, progmem, at, names),
    samples('target', plan.data.targets, golden, progmem, at, names),
    `static uint32_t samples_of(uint32_t batch)
{
    return (uint32_t)${at('count', 'batch')};
}`,
    `static int run_step(uint32_t step, ${p}_row *row)
{
    const uint32_t batch = (uint32_t)${at('batch', 'step')};
    const int expected = ${P}_GOLDEN_TRAPPED && step == ${P}_GOLDEN_STEPS - 1U ? 2 : 0;
    const int found = ${p}_step(&state, inputs_of(batch), targets_of(batch), samples_of(batch), row);
    return step_differs(step, "what ${p}_step returned", found, expected)${trapped === undefined ? '' : `
        || (expected == 2 && step_differs(step, "site that trapped", state.trapped, ${P}_SITE_${macroWord(trapped)}))`};
}`,
    rowDiffers(at, names),
    ...parametersDiffer(plan, at),
    stateDiffers(plan, at),
    `static int compare_run(void)
{
    ${p}_row row;
    uint32_t step;
    ${p}_init(&state);
    for (step = 0U; step < ${P}_GOLDEN_STEPS; step++) {
        if (step == ${P}_GOLDEN_STEPS / 2U) {
            ${p}_save(&state, half_way);
        }
        if (run_step(step, &row) || row_differs(step, &row)) {
            return 1;
        }
        ${p}_save(&state, bytes);
        if (parameters_differ(step) || step_checksum_differs(step, ${checksum})) {
            return 1;
        }
    }
    return state_differs();
}`,
    `/* From the state half way on, a second time. What no run can reach is refused first: a negative step. */
static int compare_resumed(void)
{
    ${p}_row row;
    uint32_t step;
    half_way[7] ^= 128U;
    if (${p}_restore(&state, half_way) != 1) {
        put("${p}_restore took a state of a negative step\\n");
        return 1;
    }
    half_way[7] ^= 128U;
    if (${p}_restore(&state, half_way) != 0) {
        put("${p}_restore refused a saved state\\n");
        return 1;
    }
    for (step = ${P}_GOLDEN_STEPS / 2U; step < ${P}_GOLDEN_STEPS; step++) {
        if (run_step(step, &row) || step_checksum_differs(step, ${checksum})) {
            put("resumed after step ");
            put_unsigned(${P}_GOLDEN_STEPS / 2U);
            put("\\n");
            return 1;
        }
    }
    return 0;
}`,
    `static int compare_evaluation(void)
{
    const uint32_t batch = (uint32_t)${at('batch', `${P}_GOLDEN_STEPS`)};
    const int64_t expected = ${at('loss', `${P}_GOLDEN_STEPS`)};
    const int64_t loss = ${p}_evaluate(&state, inputs_of(batch), targets_of(batch), samples_of(batch));
    ${p}_output_t outputs[${P}_GOLDEN_OUTPUTS_LEN];
    uint32_t i;
    if (loss != expected) {
        put("evaluation, loss");
        put_difference(loss, expected);
        return 1;
    }
    ${p}_predict(&state, inputs_of(batch), outputs);
    for (i = 0U; i < ${P}_GOLDEN_OUTPUTS_LEN; i++) {
        if (outputs[i] != ${at('outputs', 'i')}) {
            put("evaluation, output[");
            put_unsigned(i);
            put("]");
            put_difference((int64_t)outputs[i], ${at('outputs', 'i')});
            return 1;
        }
    }
    return checksum_differs("state after the evaluation", ${p}_state_crc32(&state), ${P}_GOLDEN_STATE_CRC32);
}`,
  ];
}

/** C expression of an element of a golden array, by its name without `golden_`. */
type At = (name: string, index: string) => string;

/** The inputs or targets of a batch as a kernel takes them; out of program memory they are copied. */
function samples(what: 'input' | 'target', width: number, { batches }: Golden, progmem: boolean, at: At, { p }: Names): string {
  const all = `${p}_golden_${what}s`;
  const first = `(uint32_t)${at('first', 'batch')} * ${width}U`;
  if (!progmem) return `static const ${p}_${what}_t *${what}s_of(uint32_t batch)\n{\n    return ${all} + ${first};\n}`;
  const most = batches.reduce((largest, { count }) => Math.max(largest, count), 0);
  return `static const ${p}_${what}_t *${what}s_of(uint32_t batch)
{
    static ${p}_${what}_t copy[${most * width}];
    const uint32_t length = (uint32_t)${at('count', 'batch')} * ${width}U;
    const uint32_t first = ${first};
    uint32_t i;
    for (i = 0U; i < length; i++) {
        copy[i] = (${p}_${what}_t)${at(`${what}s`, 'first + i')};
    }
    return copy;
}`;
}

function rowDiffers(at: At, { p }: Names): string {
  const conditions = [...ROW_FIELDS, 'flags', 'events'].map((field) => {
    const name = macroWord(field).toLowerCase();
    return `step_differs(step, "${field}", (int64_t)row->${name}, ${at(name, 'step')})`;
  });
  return `static int row_differs(uint32_t step, const ${p}_row *row)\n{\n    return ${conditions.join('\n        || ')};\n}`;
}

function parametersDiffer(plan: Plan, at: At): string[] {
  const loops = plan.layers.map(({ inputs, outputs, bias }, layer) => {
    const loop = (kind: 'weight' | 'bias', length: number, columns: number): string => `    for (i = 0U; i < ${length}U; i++, word++) {
        if (parameter_differs(step, "layer${layer}.${kind}", i, ${columns}U, word_at(word), ${at(`layer${layer}_${kind}`, `step * ${length}U + i`)})) {
            return 1;
        }
    }\n`;
    return loop('weight', inputs * outputs, inputs) + (bias ? loop('bias', outputs, 0) : '');
  });
  return [
    `/* Columns are 0 for a list. */
static int parameter_differs(uint32_t step, const char *what, uint32_t index, uint32_t columns, int64_t found, int64_t expected)
{
    if (found == expected) {
        return 0;
    }
    put("step ");
    put_unsigned(step);
    put(", ");
    put(what);
    put("[");
    put_unsigned(columns > 0U ? index / columns : index);
    put("]");
    if (columns > 0U) {
        put("[");
        put_unsigned(index % columns);
        put("]");
    }
    put_difference(found, expected);
    return 1;
}`,
    `/* Parameters follow the step in a saved state. */
static int parameters_differ(uint32_t step)
{
    uint32_t word = 1U;
    uint32_t i;
${loops.join('')}    return 0;
}`,
  ];
}

/** Names the word of the state that differs: after the other steps only checksums are compared. */
function stateDiffers(plan: Plan, at: At): string {
  const fields = [{ name: 'step', count: 1 }, ...stateFields(plan)];
  return `static int state_differs(void)
{
    static const struct { const char *name; uint32_t count; } field[${fields.length}] = {
${fields.map(({ name, count }) => `        {"${name}", ${count}U},`).join('\n')}
    };
    uint32_t word = 0U;
    uint32_t f;
    for (f = 0U; f < ${fields.length}U; f++) {
        uint32_t i;
        for (i = 0U; i < field[f].count; i++, word++) {
            const int64_t expected = ${at('state', 'word')};
            if (word_at(word) != expected) {
                put("final state, ");
                put(field[f].name);
                put("[");
                put_unsigned(i);
                put("]");
                put_difference(word_at(word), expected);
                return 1;
            }
        }
    }
    return 0;
}`;
}
