/** The golden values as C, and the self-test that holds a kernel to them: compiled and run, whole and with single bits changed. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { stateCrc32 } from '../../src/core/state.js';
import { exportC } from '../../src/export/c.js';
import { tablesOf } from '../../src/export/cTables.js';
import { goldenArrays, type GoldenArray } from '../../src/export/golden/arrays.js';
import { goldenC } from '../../src/export/golden/cGolden.js';
import { parameterNames } from '../../src/export/golden/data.js';
import { goldenOf, initialState, type Golden } from '../../src/export/golden/run.js';
import { selftestC } from '../../src/export/golden/selftest.js';
import { exportKernel } from '../../src/export/kernel/kernel.js';
import type { Plan } from '../../src/schema/plan.js';
import { needCompiler } from './gcc.js';
import { BuiltExport } from './goldenGcc.js';
import { randomRun, type RandomRun } from './goldenRuns.js';
import { replayKernel } from './replay.js';

const NAMES = { name: 'demo', title: 'gain drift', profile: 'enabol-mid', sensor: 'step-gain-4', planHash: '7f3a91c2', toolVersion: '0.1.0' };

interface Made {
  readonly run: RandomRun;
  readonly golden: Golden;
  readonly arrays: readonly GoldenArray[];
  readonly files: Record<string, string>;
}

interface Parts {
  /** One that plays the run back, the exported one, or none. */
  readonly kernel: 'replay' | 'exported' | false;
  readonly golden: boolean;
  readonly singleHeader?: boolean;
  readonly progmem?: boolean;
}

/** An export of a run: with a kernel, with golden values, or with both or none. */
async function made(run: RandomRun, { kernel, golden: withGolden, singleHeader = false, progmem = false }: Parts): Promise<Made> {
  const { plan, batches, evaluation } = run;
  const golden = await goldenOf(plan, batches, evaluation);
  const files = {
    ...exportC(plan, { ...NAMES, singleHeader, progmem }).files,
    ...(withGolden && goldenC(plan, golden, 'demo', NAMES, progmem)),
    ...(kernel === 'replay' && (await replayKernel(run, golden, 'demo'))),
    ...(kernel === 'exported' && exportKernel(plan, { prefix: 'demo', origin: [' * demo'] })),
    'demo_selftest.c': selftestC(plan, { prefix: 'demo', tables: tablesOf(plan).tables.length, kernel: kernel !== false, golden: withGolden ? golden : undefined, begins: 'initial', progmem }, NAMES),
  };
  return { run, golden, arrays: goldenArrays(plan, golden), files };
}

const exports: BuiltExport[] = [];
function built(files: Readonly<Record<string, string>>): BuiltExport {
  exports.push(new BuiltExport(files));
  return exports.at(-1)!;
}
beforeEach((context) => needCompiler(context, 'gcc'));
afterAll(() => exports.forEach((made) => made.close()));

/** The source of golden values with the lowest bit of one element turned over. */
function flipped(source: string, { name }: GoldenArray, index: number): string {
  const begin = source.indexOf(`demo_${name}[`);
  const from = source.indexOf('= {', begin);
  let seen = -1;
  const body = source.slice(from, source.indexOf('};', from)).replace(/( )(-?[A-Z0-9_]+(?:\([0-9]+\))?U?)(?=,)/g, (all, space: string, literal: string) => (++seen === index ? `${space}(${literal} ^ 1)` : all));
  expect(seen).toBeGreaterThanOrEqual(index);
  return source.slice(0, from) + body + source.slice(source.indexOf('};', from));
}

/** First, middle and last element. */
const places = ({ raws }: GoldenArray): number[] => [...new Set([0, raws.length >> 1, raws.length - 1])];

/** Where a self-test with a kernel must see that this element is another. */
function placeOf(plan: Plan, golden: Golden, { name, raws, given }: GoldenArray, index: number): string {
  const raw = raws[index]!;
  const found = (expected: bigint): string => `: ${raw} expected ${expected}`;
  const field = name.slice('golden_'.length);
  if (given) return `demo_${name}: crc32 `;
  if (field === 'checksum') return `step ${index}, state: crc32 ${golden.steps[index]!.stateCrc32} expected ${(raw ^ 1n).toString(16).padStart(8, '0')}`;
  if (field === 'outputs') return `evaluation, output[${index}]${found(raw ^ 1n)}`;
  if (field === 'loss' && index === golden.steps.length) return `evaluation, loss${found(raw ^ 1n)}`;
  if (field === 'state') {
    const words = ['step[0]', ...Object.entries(golden.state.values).flatMap(([key, values]) => values.map((_, k) => `${key}[${k}]`))];
    return `final state, ${words[index]}${found(raw ^ 1n)}`;
  }
  const layer = /^layer(\d+)_(weight|bias)$/.exec(field);
  if (layer) {
    const names = parameterNames(plan).filter((parameter) => parameter.startsWith(`layer${layer[1]}.${layer[2]}[`));
    return `step ${Math.floor(index / names.length)}, ${names[index % names.length]}${found(raw ^ 1n)}`;
  }
  return `step ${index}, ${field === 'curvature_mean' ? 'curvatureMean' : field}${found(raw ^ 1n)}`;
}

const run = randomRun(3, { throttle: 'gt0/secant', anchor: 'event', traps: 0 });

describe('an export', () => {
  it.each<Parts & { says: RegExp }>([
    { kernel: false, golden: false, says: /^demo: tables match their checksums$/ },
    { kernel: 'replay', golden: false, says: /^demo: kernel begins with the tables, saves and restores$/ },
    { kernel: 'exported', golden: false, says: /^demo: kernel begins with the tables, saves and restores$/ },
    { kernel: false, golden: true, says: /^demo: golden values of all \d+ steps are whole$/ },
    { kernel: 'replay', golden: true, says: /^demo: kernel matches all \d+ steps, saved and resumed half way, evaluation$/ },
    { kernel: 'exported', golden: true, says: /^demo: kernel matches all \d+ steps, saved and resumed half way, evaluation$/ },
  ])('compiles without a warning, runs, and ends with the checksum of the core: kernel $kernel, golden $golden', async ({ says, ...parts }) => {
    for (const variant of [{}, { singleHeader: true }, { progmem: true }]) {
      const { files, golden } = await made(run, { ...parts, ...variant });
      for (const text of Object.values(files)) expect(text).toMatch(/^[\n -~]+\n$/);
      const { code, lines } = built(files).run();
      const state = parts.golden ? golden.state : await initialState(run.plan);
      expect(lines.at(-1)).toBe(`crc32 ${stateCrc32(run.plan, state)}`);
      expect(lines[0]).toMatch(says);
      expect([code, lines.length]).toEqual([0, 2]);
    }
  });

  it('stands also where words have 64 bits, layers have biases, and a TRAP ends the run', async () => {
    const seen = { trapped: 0, inside: 0 };
    for (let seed = 900; seed < 906; seed++) {
      const { files, golden } = await made(randomRun(seed, { traps: 4, wild: seed % 2 === 0 }), { kernel: 'exported', golden: true });
      seen.trapped += Number(golden.trapped !== undefined);
      seen.inside += Number(golden.trappedInside);
      expect(built(files).run()).toEqual({ code: 0, lines: [expect.stringMatching(/^demo: kernel matches all/), `crc32 ${golden.stateCrc32}`] });
    }
    expect(seen.trapped).toBeGreaterThan(0);
    expect(seen.inside).toBeGreaterThan(0);
  });

  it('is the same bytes every time', async () => {
    for (const kernel of [false, 'exported'] as const) expect((await made(run, { kernel, golden: true })).files).toEqual((await made(run, { kernel, golden: true })).files);
  });

  it('takes its output and its end from macros where a target has no stdio', async () => {
    const { files } = await made(run, { kernel: 'replay', golden: true });
    const port = '#include <stdio.h>\n#include <stdlib.h>\n#define DEMO_PUTS(text) ((void)fprintf(stderr, "%s", (text)))\n#define DEMO_EXIT(status) exit(40 + (status))\n';
    const { code, lines } = built({ ...files, 'demo_selftest.c': port + files['demo_selftest.c']! }).run();
    expect([code, lines]).toEqual([40, []]);
  });
});

describe('one bit of a golden value', () => {
  it('is named by its place where there is a kernel', async () => {
    const { files, golden, arrays } = await made(run, { kernel: 'exported', golden: true });
    const whole = built(files);
    for (const array of arrays) {
      for (const index of places(array)) {
        const { code, lines } = whole.with('demo_golden.c', flipped(files['demo_golden.c']!, array, index));
        expect([array.name, index, code, lines[0]]).toEqual([array.name, index, 1, expect.stringContaining(placeOf(run.plan, golden, array, index))]);
        expect(lines.length).toBe(1);
      }
    }
  });

  it('is named by its array where there is none', async () => {
    const { files, arrays } = await made(run, { kernel: false, golden: true });
    const whole = built(files);
    for (const array of arrays) {
      const { code, lines } = whole.with('demo_golden.c', flipped(files['demo_golden.c']!, array, array.raws.length - 1));
      expect([array.name, code, lines]).toEqual([array.name, 1, [expect.stringMatching(new RegExp(`^demo_${array.name}: crc32 [0-9a-f]{8} expected [0-9a-f]{8}$`))]]);
    }
  });

  it('of a table is named by the table', async () => {
    for (const parts of [{ kernel: false, golden: false }, { kernel: 'exported', golden: false }, { kernel: false, golden: true }] as const) {
      const { files } = await made(run, parts);
      const { code, lines } = built(files).with('demo.c', files['demo.c']!.replace(/(demo_learning_rate\[.*\n {4})(\d+)/, '$1 1 ^ $2'));
      expect([code, lines]).toEqual([1, ['demo_learning_rate does not match its checksum']]);
    }
  });
});

describe('a kernel that is wrong', () => {
  const wrong = (name: string, from: RegExp, to: string, says: RegExp, golden = true) => ({ name, from, to, says, golden });
  it.each([
    wrong('in what a step returns', /return 0;\n\}\nvoid demo_predict/, 'return s->at == 2;\n}\nvoid demo_predict', /^step 1, what demo_step returned: 1 expected 0$/),
    wrong('in a row', /return 0;\n\}\nvoid demo_predict/, 'row->curvature_mean += s->at == 3;\n    return 0;\n}\nvoid demo_predict', /^step 2, curvatureMean: \d+ expected \d+$/),
    wrong('in a state besides its parameters', /s->at\+\+\];/, 's->at++]; if (s->at == 2) { s->at = 1; }', /^step 1, /),
    wrong('in refusing', /if \(bytes\[7\] >= 128\) \{ return 1; \}/, '', /^demo_restore took a state of a negative step$/),
    wrong('in restoring', /s->at = bytes\[0\];/, 's->at = bytes[0] + 1U;', /^step \d+, state: crc32 /),
    wrong('in predicting', /memcpy\(outputs, predicted, sizeof predicted\);/, 'outputs[0] = (demo_output_t)(predicted[0] ^ 1);', /^evaluation, output\[0\]: /),
    wrong('in evaluating', /return INT64_C\((-?\d+)\);/, 'return INT64_C($1) + 1;', /^evaluation, loss: /),
    wrong('in leaving its state alone', /\(void\)s; \(void\)inputs; memcpy/, 's->at--; (void)inputs; memcpy', /^state after the evaluation: crc32 /),
    wrong('in its beginning', /s->at = 0;/, 's->at = 1;', /^state after demo_init: crc32 /, false),
    wrong('in restoring', /s->at = bytes\[0\];/, 's->at = bytes[0] + 1U;', /^state after demo_restore: crc32 /, false),
  ])('is found $name', async ({ from, to, says, golden }) => {
    const { files } = await made(run, { kernel: 'replay', golden });
    expect(files['demo_kernel.c']).toMatch(from);
    const { code, lines } = built(files).with('demo_kernel.c', files['demo_kernel.c']!.replace(from, to));
    expect(code).toBe(1);
    expect(lines[0]).toMatch(says);
  });
});
