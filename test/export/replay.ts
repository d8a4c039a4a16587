/** A kernel that only plays back what golden values of another export say: the self-test must take it, and must notice when it is wrong. */
import { loadCore } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { stateBytes } from '../../src/core/state.js';
import { integerType, typeName } from '../../src/export/cInteger.js';
import { macroWord } from '../../src/export/cText.js';
import { ROW_FIELDS, type Golden } from '../../src/export/golden/run.js';
import { hashJson } from '../../src/plan/hash.js';
import type { Plan } from '../../src/schema/plan.js';
import type { RandomRun } from './goldenRuns.js';

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => `${byte}`).join();
const int64 = (value: bigint): string => (value === -(1n << 63n) ? 'INT64_MIN' : `INT64_C(${value})`);

/** Bytes of the state before the first step and after each. */
async function states({ plan, batches }: Pick<RandomRun, 'plan' | 'batches'>, steps: number): Promise<Uint8Array[]> {
  const session = new Session(await loadCore(), plan, 'fixed', { chunk: 1 });
  const saved = (): Uint8Array => stateBytes(plan, session.save(hashJson(plan)));
  const all = [saved()];
  for (const batch of batches.slice(0, steps)) {
    session.push(batch);
    session.finish();
    all.push(saved());
  }
  return all;
}

/** Header and source with the interface of an exported kernel. */
export async function replayKernel(run: Pick<RandomRun, 'plan' | 'batches'>, golden: Golden, prefix: string): Promise<Record<string, string>> {
  const { plan } = run;
  const all = await states(run, golden.steps.length);
  const type = (key: string): string => typeName(integerType(plan.sites[key]!));
  const upper = prefix.toUpperCase();
  const size = all[0]!.length;
  const api = kernelInterface(plan, prefix, size, type, golden.trapped);
  const last = golden.steps.length - 1;
  const source = `#include "${prefix}_kernel.h"
#include <string.h>
static const uint8_t saved[${all.length}][${size}] = {
${all.map((bytes) => `{${hex(bytes)}},`).join('\n')}
};
static const ${prefix}_row rows[${golden.steps.length}] = {
${golden.steps.map(({ row, flags, events }) => `{${[...ROW_FIELDS.map((field) => int64(row[field])), flags, events].join()}},`).join('\n')}
};
static const ${prefix}_output_t predicted[${plan.data.targets}] = {${golden.evaluation.outputs.join()}};
void ${prefix}_init(${prefix}_state *s) { s->at = 0; }
int ${prefix}_step(${prefix}_state *s, const ${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count, ${prefix}_row *row)
{
    (void)inputs; (void)targets; (void)count;
    *row = rows[s->at++];
    s->trapped = s->at == ${last + 1} ? 7 : -1;
    return ${golden.trappedInside ? `s->at == ${last + 1} ? 2 : 0` : '0'};
}
void ${prefix}_predict(${prefix}_state *s, const ${prefix}_input_t *inputs, ${prefix}_output_t *outputs) { (void)s; (void)inputs; memcpy(outputs, predicted, sizeof predicted); }
int64_t ${prefix}_evaluate(${prefix}_state *s, const ${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count)
{
    (void)s; (void)inputs; (void)targets; (void)count;
    return ${int64(golden.evaluation.loss)};
}
void ${prefix}_save(const ${prefix}_state *s, uint8_t *bytes) { memcpy(bytes, saved[s->at], ${upper}_STATE_BYTES); }
int ${prefix}_restore(${prefix}_state *s, const uint8_t *bytes)
{
    if (bytes[7] >= 128) { return 1; }
    s->at = bytes[0];
    return 0;
}
uint32_t ${prefix}_state_crc32(const ${prefix}_state *s)
{
    uint32_t crc = 0xFFFFFFFFU;
    unsigned i;
    int bit;
    for (i = 0; i < ${upper}_STATE_BYTES; i++) {
        crc ^= saved[s->at][i];
        for (bit = 0; bit < 8; bit++) { crc = (crc >> 1) ^ ((crc & 1U) ? 0xEDB88320U : 0U); }
    }
    return ~crc;
}
`;
  return { [`${prefix}_kernel.h`]: api, [`${prefix}_kernel.c`]: source };
}

const kernelInterface = ({ layers }: Plan, p: string, size: number, type: (key: string) => string, trapped: string | undefined): string => `#include <stdint.h>
typedef ${type('input')} ${p}_input_t;
typedef ${type('target')} ${p}_target_t;
typedef ${type(`layer${layers.length - 1}.activation`)} ${p}_output_t;
typedef struct { uint32_t at; int16_t trapped; } ${p}_state;
typedef struct { int64_t loss, alpha, rate, curvature, curvature_mean; uint32_t flags, events; } ${p}_row;
#define ${p.toUpperCase()}_STATE_BYTES ${size}U
${trapped === undefined ? '' : `#define ${p.toUpperCase()}_SITE_${macroWord(trapped)} 7\n`}void ${p}_init(${p}_state *s);
int ${p}_step(${p}_state *s, const ${p}_input_t *inputs, const ${p}_target_t *targets, uint32_t count, ${p}_row *row);
void ${p}_predict(${p}_state *s, const ${p}_input_t *inputs, ${p}_output_t *outputs);
int64_t ${p}_evaluate(${p}_state *s, const ${p}_input_t *inputs, const ${p}_target_t *targets, uint32_t count);
void ${p}_save(const ${p}_state *s, uint8_t *bytes);
int ${p}_restore(${p}_state *s, const uint8_t *bytes);
uint32_t ${p}_state_crc32(const ${p}_state *s);
`;
