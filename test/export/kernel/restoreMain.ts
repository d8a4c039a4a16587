/** A main that spoils the words of a saved state one by one: what restore refuses must leave the state alone, what it takes must go on without a fault. */

export function restoreMain(prefix: string, half: number): string {
  const macro = prefix.toUpperCase();
  return `#include "${prefix}_kernel.h"

#include <inttypes.h>
#include <stdio.h>

static ${prefix}_state state, other;
static ${prefix}_input_t inputs[${macro}_EVALUATION * ${macro}_INPUTS];
static ${prefix}_target_t targets[${macro}_EVALUATION * ${macro}_OUTPUTS];
static uint8_t saved[${macro}_STATE_BYTES], bytes[${macro}_STATE_BYTES];

static int64_t number(void)
{
    int64_t n = 0;
    if (scanf("%" SCNd64, &n) != 1) printf("no number\\n");
    return n;
}

static void word(uint32_t k, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) bytes[8 * k + i] = (uint8_t)(value >> (8 * i));
}

int main(void)
{
    const int64_t values[] = { INT64_MIN, INT64_MAX, -1, 0, 1, 2, INT64_C(1) << 31, INT64_C(1) << 40, -(INT64_C(1) << 22), INT64_C(1) << 23 };
    ${prefix}_row row;
    uint32_t count = 0;
    (void)number();
    ${prefix}_init(&state);
    for (int step = 0; step < ${half}; step++) {
        count = (uint32_t)number();
        for (uint32_t k = 0; k < count * ${macro}_INPUTS; k++) inputs[k] = (${prefix}_input_t)number();
        for (uint32_t k = 0; k < count * ${macro}_OUTPUTS; k++) targets[k] = (${prefix}_target_t)number();
        if (${prefix}_step(&state, inputs, targets, count, &row) != 0) printf("stopped\\n");
    }
    ${prefix}_save(&state, saved);
    for (uint32_t k = 0; k < ${macro}_STATE_BYTES / 8; k++) {
        for (unsigned v = 0; v < sizeof values / sizeof values[0]; v++) {
            const uint32_t before = ${prefix}_state_crc32(&state);
            int refused;
            for (uint32_t i = 0; i < ${macro}_STATE_BYTES; i++) bytes[i] = saved[i];
            word(k, (uint64_t)values[v]);
            other = state;
            refused = ${prefix}_restore(&other, bytes);
            printf("%" PRIu32 " %" PRId64 " %d\\n", k, values[v], refused);
            if (refused) {
                if (${prefix}_state_crc32(&other) != before) printf("changed\\n");
            } else {
                for (int step = 0; step < 12; step++) (void)${prefix}_step(&other, inputs, targets, count, &row);
            }
        }
    }
    return 0;
}
`;
}
