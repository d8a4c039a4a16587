/**
 * C around exported kernels, for tests: reads deliveries as raws, does the steps and prints everything a step leaves behind. Beside the state that runs
 * through, a second one is saved, thrown away and restored before every step; it must agree.
 */
import type { Plan } from '../../../src/schema/plan.js';

/** Source of `drive_<prefix>`, which reads one run from stdin. */
export function driverText(plan: Plan, prefix: string): string {
  const macro = prefix.toUpperCase();
  const print = (field: string): string => plan.layers.map((_, l) => `    PRINT(s->layer${l}_${field});`).join('\n');
  return `#include "${prefix}_kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int drive_${prefix}(void);

#define PRINT(array) for (size_t k = 0; k < sizeof(array) / sizeof((array)[0]); k++) printf(" %" PRId64, (int64_t)(array)[k])

static ${prefix}_input_t inputs[${macro}_EVALUATION * ${macro}_INPUTS];
static ${prefix}_target_t targets[${macro}_EVALUATION * ${macro}_OUTPUTS];

static int64_t number(void)
{
    int64_t n = 0;
    if (scanf("%" SCNd64, &n) != 1) printf("no number\\n");
    return n;
}

static uint32_t batch(void)
{
    const uint32_t count = (uint32_t)number();
    for (uint32_t k = 0; k < count * ${macro}_INPUTS; k++) inputs[k] = (${prefix}_input_t)number();
    for (uint32_t k = 0; k < count * ${macro}_OUTPUTS; k++) targets[k] = (${prefix}_target_t)number();
    return count;
}

static void print_arrays(const ${prefix}_state *s)
{
    printf(" g");
${print('gradient')}
    printf(" u");
${print('update')}
    printf("\\n");
}

int drive_${prefix}(void)
{
    static ${prefix}_state state, other;
    static uint8_t bytes[${macro}_STATE_BYTES], before[${macro}_STATE_BYTES];
    const ${prefix}_state *const s = &state;
    ${prefix}_row row, again;
    const int64_t steps = number();
    memset(&row, 0, sizeof row);
    memset(&again, 0, sizeof again);
    ${prefix}_init(&state);
    for (int64_t step = 0; step < steps; step++) {
        const uint32_t count = batch();
        int first, second;
        memset(&other, 0x5a, sizeof other);
        ${prefix}_init(&other);
        ${prefix}_save(s, bytes);
        if (${prefix}_restore(&other, bytes) != 0) printf("refused\\n");
        first = ${prefix}_step(&state, inputs, targets, count, &row);
        second = ${prefix}_step(&other, inputs, targets, count, &again);
        ${prefix}_save(s, bytes);
        ${prefix}_save(&other, before);
        if (first != second || memcmp(bytes, before, sizeof bytes) != 0 || memcmp(&row, &again, sizeof row) != 0) printf("differs after restore\\n");
        printf("%d %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu32 " %08" PRIx32, first, (int)s->trapped, row.loss, row.alpha, row.rate,
            row.curvature, row.curvature_mean, row.flags, row.events, ${prefix}_state_crc32(s));
        print_arrays(s);
    }
    {
        const uint32_t count = batch();
        const uint32_t crc = ${prefix}_state_crc32(s);
        const int16_t trapped = s->trapped;
        ${prefix}_output_t outputs[${macro}_OUTPUTS];
        printf("loss %" PRId64, ${prefix}_evaluate(&state, inputs, targets, count));
        ${prefix}_predict(&state, inputs, outputs);
        PRINT(outputs);
        printf("%s\\n", crc == ${prefix}_state_crc32(s) && trapped == s->trapped ? "" : " left a mark");
    }
#ifdef ${macro}_COUNTERS
    for (unsigned k = 0; k < ${macro}_SITES; k++) {
        const ${prefix}_site *const c = &s->sites[k];
        printf("site %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\\n", c->count, c->overflow_high, c->overflow_low, c->underflow,
            c->near_rail, c->min, c->max);
    }
#endif
    printf("end\\n");
    return 0;
}
`;
}

/** A main that drives kernels one after the other. */
export function mainText(prefixes: readonly string[]): string {
  return `${prefixes.map((prefix) => `int drive_${prefix}(void);`).join('\n')}

int main(void)
{
    return ${prefixes.map((prefix) => `drive_${prefix}()`).join(' | ')};
}
`;
}
