/** An example main around a kernel, compiled only where its macro is defined. */
import type { Kernel } from './context.js';

/** @param origin lines of a comment, each beginning ` *` */
export function exampleText({ prefix, macro }: Kernel, origin: readonly string[]): string {
  return `/*
${origin.join('\n')}
 *
 * How firmware uses the kernel: cc -std=c99 -D${macro}_EXAMPLE ${prefix}_kernel.c ${prefix}_example.c
 */

#ifdef ${macro}_EXAMPLE

#include "${prefix}_kernel.h"

#include <stdio.h>

/* Stands for the sensor: raws at the formats of input and target, small and always the same. */
static void read_sample(${prefix}_input_t *inputs, ${prefix}_target_t *targets)
{
    static uint32_t noise = 1;
    for (uint32_t i = 0; i < ${macro}_INPUTS; i++) {
        noise = noise * UINT32_C(1664525) + UINT32_C(1013904223);
        inputs[i] = (${prefix}_input_t)((int64_t)(noise >> 24) % (${macro}_INPUT_HIGH + 1));
    }
    for (uint32_t o = 0; o < ${macro}_OUTPUTS; o++) targets[o] = (${prefix}_target_t)((int64_t)inputs[o % ${macro}_INPUTS] % (${macro}_TARGET_HIGH + 1));
}

int main(void)
{
    static ${prefix}_state state;
    static ${prefix}_input_t inputs[${macro}_BATCH * ${macro}_INPUTS];
    static ${prefix}_target_t targets[${macro}_BATCH * ${macro}_OUTPUTS];
    static ${prefix}_output_t outputs[${macro}_OUTPUTS];
    ${prefix}_row row;

    ${prefix}_init(&state);
    for (int step = 0; step < 20; step++) {
        for (uint32_t b = 0; b < ${macro}_BATCH; b++) read_sample(&inputs[b * ${macro}_INPUTS], &targets[b * ${macro}_OUTPUTS]);
        if (${prefix}_step(&state, inputs, targets, ${macro}_BATCH, &row) != 0) break;
        printf("step %d: loss %ld\\n", step, (long)row.loss);
    }
    ${prefix}_predict(&state, inputs, outputs);
    printf("first output %ld, state %08lx\\n", (long)outputs[0], (unsigned long)${prefix}_state_crc32(&state));
    return 0;
}

#else

typedef int ${prefix}_example_is_not_compiled; /* C wants something in every source */

#endif
`;
}
