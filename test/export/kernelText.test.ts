/** The text of a kernel: what it is made of, which compilers take it, how it refuses, and that a change of any constant shows. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { exportKernel } from '../../src/export/kernel/kernel.js';
import { DETERMINISTIC_ROUNDINGS, ROUNDING, ROUNDINGS } from '../../src/format/modes.js';
import { roundsIntegers, upCondition } from '../../src/export/kernel/rounding.js';
import { needCommand, Shop, type Compiler } from './kernel/compile.js';
import { runCore, type CoreRun } from './kernel/core.js';
import { expectSame, ORIGIN, randomCases, runKernels, type Case } from './kernel/run.js';
import { smallPlan } from './extreme.js';
import type { PlanOptions } from '../oracle/plans.js';

const shops: Shop[] = [];
const shop = (): Shop => {
  const made = new Shop();
  shops.push(made);
  return made;
};
afterAll(() => shops.forEach((made) => made.close()));

/** The small plan with initial raws inside its rails. */
function inRails(): ReturnType<typeof smallPlan> {
  const plan = smallPlan();
  plan.initial[0]!.weightsRaw = [['-1024', '384']];
  return plan;
}

const exported = ({ plan, prefix }: Case): Record<string, string> => exportKernel(plan, { prefix, origin: ORIGIN });
const some: Case[] = [...randomCases({}, 6, 9001), ...randomCases({ wild: true }, 6, 9101), ...randomCases({ narrow: true }, 4, 9201)];

describe('the text of a kernel', () => {
  it('is the same bytes every time, whatever the order of keys; three files, ASCII', () => {
    for (const one of some) {
      const files = exported(one);
      expect(Object.keys(files)).toEqual([`${one.prefix}_kernel.h`, `${one.prefix}_kernel.c`, `${one.prefix}_example.c`]);
      for (const text of Object.values(files)) expect(text).toMatch(/^[\n -~]+\n$/);
      const sites = Object.fromEntries(Object.entries(one.plan.sites).reverse());
      expect(exported({ ...one, plan: structuredClone({ ...one.plan, sites }) })).toEqual(files);
    }
  });

  it('says neither float nor heap, and includes nothing but integers', () => {
    for (const one of some) {
      const files = exported(one);
      for (const text of [files[`${one.prefix}_kernel.h`]!, files[`${one.prefix}_kernel.c`]!]) {
        expect(text).not.toMatch(/\b(float|double|malloc|calloc|realloc|free|alloca|__int128|inline|asm)\b|\?\?/);
        expect([...text.matchAll(/#include (.*)/g)].map(([, name]) => name).filter((name) => !['<stdint.h>', '<stddef.h>', `"${one.prefix}_kernel.h"`].includes(name!))).toEqual([]);
      }
    }
  });

  it('has no 128-bit helper where 63 bits are enough, and no controller that the plan has not', () => {
    const [one] = randomCases({ narrow: true, throttle: 'none', anchor: 'none', traps: 0 }, 1, 9301) as [Case];
    const source = exported(one)[`${one.prefix}_kernel.c`]!;
    expect(source).not.toMatch(/\bwide|anchor_|throttle\(/);
    const deterministic = { ...one.plan, sites: Object.fromEntries(Object.entries(one.plan.sites).map(([key, format]) => [key, { ...format, rounding: 'RND' as const }])) };
    expect(exported({ ...one, plan: deterministic })[`${one.prefix}_kernel.c`]).not.toMatch(/mix|random|step_hash/);
  });

  it('rounds by the rules of src/format/modes.ts', () => {
    for (const rounding of DETERMINISTIC_ROUNDINGS) {
      for (const discarded of [0, 1, 2, 3] as const) {
        for (const odd of [false, true]) {
          for (const negative of [false, true]) {
            const condition = upCondition(rounding, {
              inexact: String(discarded > 0), atLeastHalf: String(discarded >= 2), half: String(discarded === 2), aboveHalf: String(discarded === 3),
              odd: String(odd), even: String(!odd), negative: negative ? 'true' : undefined, notNegative: String(!negative),
            });
            // A condition of true, false, && and || alone: or of its alternatives.
            const holds = (condition ?? 'false').split(' || ').some((part) => part.replace(/[()]/g, '').split(' && ').every((word) => word === 'true'));
            expect([rounding, discarded, odd, negative, holds]).toEqual([rounding, discarded, odd, negative, ROUNDING[rounding].up(discarded, odd, negative)]);
          }
        }
      }
    }
    expect(ROUNDINGS.filter(roundsIntegers)).toEqual(['JAM']);
  });

  it('is refused for what cannot be a plan', () => {
    const refuse = (change: (plan: ReturnType<typeof smallPlan>) => void, message: RegExp): void => {
      const plan = inRails();
      change(plan);
      expect(() => exportKernel(plan, { prefix: 'demo', origin: ORIGIN })).toThrow(QrailsError);
      expect(() => exportKernel(plan, { prefix: 'demo', origin: ORIGIN })).toThrow(message);
    };
    refuse((plan) => void (plan.initial[0]!.weightsRaw[0]![0] = '-1025'), /^initial\[0\]\.weightsRaw: does not fit its layer and rails/);
    refuse((plan) => void plan.initial[0]!.biasRaw.pop(), /^initial\[0\]\.biasRaw: does not fit/);
    refuse((plan) => void delete plan.throttle.chi, /^throttle\.chi: the plan has no value/);
    refuse((plan) => void (plan.sites['layer0.accumulator'] = { ...plan.sites['layer0.accumulator']!, fractionLength: 128 }), /needs?|need/);
    refuse((plan) => {
      plan.layers[0]!.inputs = 1_000_001;
      plan.evaluationRows = 1;
    }, /too many parameters/);
  });
});

describe.each<[Compiler, string[]]>([
  ['gcc', ['-std=c99']], ['gcc', ['-std=c11', '-O2']], ['clang', ['-std=c99', '-O2']], ['clang', ['-std=c11']], ['gcc', ['-std=c99', '-mgeneral-regs-only', '-O2']],
])('%s %s', (compiler, flags) => {
  it('takes kernels and examples, with and without counters, without a warning', async (context) => {
    needCommand(context, compiler);
    const made = shop();
    for (const one of [some[0]!, some[7]!, some[13]!]) {
      const { prefix } = one;
      const macro = prefix.toUpperCase();
      made.write(exported(one));
      const sources = [`${prefix}_kernel.c`, `${prefix}_example.c`];
      const options = flags.includes('-mgeneral-regs-only') ? [] : [[`-D${macro}_EXAMPLE`], [`-D${macro}_EXAMPLE`, `-D${macro}_COUNTERS`]];
      for (const defined of options) {
        await made.build(compiler, [...flags, ...defined], sources, prefix);
        expect(await made.run(prefix, '')).toMatch(/^(step \d+: loss -?\d+\n)*first output -?\d+, state [0-9a-f]{8}\n$/);
      }
      made.write({ 'empty.c': 'int main(void)\n{\n    return 0;\n}\n' });
      await made.build(compiler, flags, [...sources, 'empty.c'], `${prefix}-plain`);
    }
  });
});

describe('a compiled kernel', () => {
  beforeEach((context) => needCommand(context, 'gcc'));

  it('calls nothing but itself: no floating point, no heap, no library', async (context) => {
    needCommand(context, 'nm');
    const made = shop();
    made.write({ 'empty.c': 'int main(void)\n{\n    return 0;\n}\n' });
    for (const one of some.filter((_, k) => k % 3 === 0)) {
      made.write(exported(one));
      await made.build('gcc', ['-std=c99', '-O2', '-ffreestanding'], [`${one.prefix}_kernel.c`, 'empty.c'], one.prefix);
      const undefinedNames = made.tool('nm', ['-u', `${one.prefix}-${one.prefix}_kernel.c.o`]).split('\n').map((line) => line.trim().split(' ').at(-1)!).filter((name) => name !== '');
      // what a compiler makes of a loop that copies, or of an assignment of a structure
      expect(undefinedNames.filter((name) => !['memcpy', 'memset', 'memmove', '_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail'].includes(name))).toEqual([]);
      const defined = made.tool('nm', ['-g', '--defined-only', `${one.prefix}-${one.prefix}_kernel.c.o`]).split('\n').filter((line) => line !== '').map((line) => line.split(' ').at(-1));
      expect(defined.sort()).toEqual(['evaluate', 'init', 'predict', 'restore', 'save', 'state_crc32', 'step'].map((name) => `${one.prefix}_${name}`));
    }
  });

  it('says what it cannot do', async () => {
    const made = shop();
    made.write({
      ...exportKernel(inRails(), { prefix: 'demo', origin: ORIGIN }),
      'main.c': `#include "demo_kernel.h"
#include <stdio.h>
static demo_state s;
int main(void)
{
    demo_input_t inputs[2 * 4] = { 0 };
    demo_target_t targets[4] = { 0 };
    demo_row row;
    demo_init(&s);
    printf("%d", demo_step(&s, inputs, targets, 0, &row));
    printf("%d", demo_step(&s, inputs, targets, 4, &row));
    printf("%d", (int)s.step);
    for (int k = 0; k < 4; k++) printf("%d", demo_step(&s, inputs, targets, 3, &row));
    printf("%d", (int)s.step);
    printf("%d", demo_evaluate(&s, inputs, targets, 0) == INT64_MIN);
    printf("%d", demo_evaluate(&s, inputs, targets, 5) == INT64_MIN);
    printf("%d\\n", demo_evaluate(&s, inputs, targets, 4) == INT64_MIN);
    return 0;
}
`,
    });
    await made.build('gcc', ['-std=c99', '-fsanitize=undefined', '-fno-sanitize-recover=all'], ['demo_kernel.c', 'main.c'], 'demo');
    // Three steps of the plan, of batches of 1 to 3, evaluations of 1 to 4.
    expect(await made.run('demo', '')).toBe('33000013110\n');
  });

  it('differs from the core as soon as a constant does', async () => {
    const [one] = randomCases({ narrow: true, throttle: 'gt0/secant', anchor: 'event', supervisor: 'none', balance: false, errorRule: 'difference', activation: 'linear', traps: 0 }, 1, 9444) as [Case];
    const run: CoreRun = await runCore(one.plan, one.deliveries);
    const text = exported(one)[`${one.prefix}_kernel.c`]!;
    const found = (pattern: RegExp, change: (digits: string) => string): { whole: string; other: string }[] =>
      [...text.matchAll(pattern)].map(([whole, before, digits]) => ({ whole, other: `${before}${change(digits!)}` }));
    const changes = [
      ...found(/^(#define LAYER\d_(?:INPUTS|OUTPUTS) +UINT32_C\()(\d+)/gm, (digits) => String(Number(digits) - 1)),
      ...found(/^(#define \w+_SHIFT +)(\d+)/gm, (digits) => String(Number(digits) + 1)),
      ...found(/^(#define (?:CALIBRATION|WINDOW|HOLD) +UINT32_C\()(\d+)/gm, (digits) => String(Number(digits) - 1)),
      ...found(/(initial_\w+\[\d+\] = \{\n {4})(-?\d+)/g, (digits) => String(Number(digits) ^ 1)),
      ...found(/(\{ UINT64_C\(\d+\), INT64_C\()(\d+)/g, (digits) => String(2 * Number(digits))),
    ];
    expect(changes.length).toBeGreaterThan(20);
    const all = [one, ...changes.map((_, k): Case => ({ ...one, prefix: `${one.prefix}f${k}` }))];
    const printed = await runKernels(shop(), all, all.map(() => run), {
      compiler: 'gcc', flags: ['-std=c99', '-w', '-Wno-error'],
      edit: (source, prefix) => {
        const change = changes[Number(prefix.split('f')[1] ?? NaN)];
        return change ? source.replace(change.whole, change.other) : source;
      },
    });
    expectSame([one], [run], printed.slice(0, 1));
    const hidden = changes.filter((_, k) => JSON.stringify(printed[k + 1]!.slice(0, run.lines.length)) === JSON.stringify(run.lines));
    // In this run nothing is hidden by saturation, and the anchor lets go and holds.
    expect(hidden.map(({ whole }) => whole)).toEqual([]);
  });

  it('differs from the core in some run as soon as a constant of a controller does', async () => {
    const constants = /^#define (ERROR_ONE|LAYER\d_GATE|PATIENCE|BACKOFF|RECOVERY|WARMUP|THROTTLE_FIRST|THROTTLE_ONE) +\w+\((\d+)\)/gm;
    const nameOf = (line: string): string => line.split(/ +/)[1]!.replace(/\d/, '');
    const laws: PlanOptions[] = [
      { throttle: 'gt1/trace', anchor: 'gated', supervisor: 'rollback' }, { throttle: 'gt2-qa/secant', anchor: 'elastic', supervisor: 'cusum' }, { throttle: 'rails/secant', anchor: 'gated', supervisor: 'rollback' },
    ];
    const originals = laws.flatMap((options, k) => randomCases({ ...options, narrow: true, traps: 0, balance: true, errorRule: 'sign' }, 3, 9501 + 100 * k));
    const runs: CoreRun[] = [];
    for (const { plan, deliveries } of originals) runs.push(await runCore(plan, deliveries));
    const changes = originals.flatMap((one, of) =>
      [...exported(one)[`${one.prefix}_kernel.c`]!.matchAll(constants)].map(([whole, , digits]) => ({ of, whole, other: whole.replace(/\d+\)$/, `${Number(digits) === 0 ? 1 : Number(digits) - 1})`) })));
    const all = changes.map(({ of }, k): Case => ({ ...originals[of]!, prefix: `${originals[of]!.prefix}f${k}` }));
    const printed = await runKernels(shop(), all, changes.map(({ of }) => runs[of]!), {
      compiler: 'gcc', flags: ['-std=c99', '-w', '-Wno-error'],
      edit: (source, prefix) => {
        const { whole, other } = changes[Number(prefix.split('f')[1])]!;
        expect(source).toContain(whole);
        return source.replace(whole, other);
      },
    });
    const seen = changes.filter(({ of }, k) => JSON.stringify(printed[k]) !== JSON.stringify(runs[of]!.lines));
    expect([...new Set(seen.map(({ whole }) => nameOf(whole)))].sort()).toEqual([...new Set(changes.map(({ whole }) => nameOf(whole)))].sort());
    expect(new Set(changes.map(({ whole }) => nameOf(whole)))).toEqual(new Set(['ERROR_ONE', 'LAYER_GATE', 'PATIENCE', 'BACKOFF', 'RECOVERY', 'WARMUP', 'THROTTLE_FIRST', 'THROTTLE_ONE']));
  });
});
