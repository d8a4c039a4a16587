import { afterAll, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { exportC, type ExportCOptions } from '../../src/export/c.js';
import type { Plan } from '../../src/schema/plan.js';
import { randomPlan } from '../oracle/plans.js';
import { CHOICES } from './choices.js';
import { expectedOf, type Expected } from './expected.js';
import { extremePlan, smallPlan } from './extreme.js';
import { C_STANDARDS, needCompiler, Workshop } from './gcc.js';
import { printingProgram } from './program.js';
import { tablesIn } from './variants.js';

const OPTIONS: ExportCOptions = { name: 'demo', title: 'gain drift', profile: 'enabol-mid', sensor: 'step-gain-4', planHash: '7f3a91c2', toolVersion: '0.1.0' };

interface Case {
  readonly stem: string;
  readonly files: Record<string, string>;
  readonly expected: Expected;
}

function exported(stem: string, plan: Plan, finalRaw?: readonly (readonly number[])[]): Case {
  const { files } = exportC(plan, { ...OPTIONS, name: stem, ...(finalRaw && { finalRaw }) });
  return { stem, files, expected: expectedOf(plan, stem, finalRaw) };
}

/** The initial parameters backwards: other numbers of the same formats. */
function shuffled(plan: Plan): number[][] {
  return plan.initial.map(({ weightsRaw, biasRaw }) => [...weightsRaw.flat().map(Number).reverse(), ...biasRaw.map(Number).reverse()]);
}

/** Every controller, fitting and wild formats in turn; some with final parameters. */
function cases(): Case[] {
  const random = CHOICES.map((choice, index) => {
    const { plan } = randomPlan(1000 + index, { ...choice, wild: index % 2 === 1, ...(index % 4 === 0 && { errorRule: 'sign', activation: 'sigmoid', balance: true }) });
    return exported(`p${index}`, plan, index % 3 === 0 ? shuffled(plan) : undefined);
  });
  return [...random, exported('small', smallPlan(), [[7, -8, 9]]), exported('extreme', extremePlan())];
}

/** Names the header defines, without its guard. */
const defined = (header: string): string[] => [...header.matchAll(/^#define (\w+) /gm)].map(([, name]) => name!);

const workshops: Workshop[] = [];
function workshop(): Workshop {
  const made = new Workshop();
  workshops.push(made);
  return made;
}
afterAll(() => workshops.forEach((made) => made.close()));

describe('exported C', () => {
  const all = cases();

  it('has every kind of table in some plan', () => {
    const names = new Set(all.flatMap(({ stem, expected }) => [...expected.tables.keys()].map((name) => name.slice(stem.length + 1).replace(/\d+/, ''))));
    expect([...names].toSorted()).toEqual([
      'divider_reciprocal', 'layer_bias', 'layer_bias_final', 'layer_weight', 'layer_weight_final', 'learning_rate', 'reciprocal', 'reciprocal_batch',
      'sigmoid', 'throttle_numerator', 'throttle_table',
    ]);
  });

  it('defines every macro that is expected, each once, and no other', () => {
    for (const { stem, files, expected } of all) {
      const found = defined(files[`${stem}.h`]!);
      const checksums = [...expected.tables.keys()].map((name) => `${name.toUpperCase()}_CRC32`);
      expect(tablesIn(files[`${stem}.c`]!).map(({ name }) => name)).toEqual([...expected.tables.keys()]);
      expect(found.toSorted()).toEqual([...expected.integers.keys(), ...expected.reals.keys(), ...expected.texts.keys(), ...checksums].toSorted());
    }
  });

  for (const flags of C_STANDARDS) {
    it(`gives back every macro and table: gcc ${flags.join(' ')}`, (context) => {
      needCompiler(context, 'gcc');
      const shop = workshop();
      all.forEach(({ files }) => shop.write(files));
      shop.write({ 'main.c': printingProgram(all.map(({ stem }) => `${stem}.h`), all.map(({ expected }) => expected)) });
      expect(shop.compile('gcc', flags, ['main.c', ...all.map(({ stem }) => `${stem}.c`)], 'main')).toBe('');
      const printed = new Map(shop.run('main').trim().split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));

      for (const { stem, expected } of all) {
        expect([stem, printed.get(`${stem}.check`)]).toEqual([stem, '0']);
        for (const [name, text] of expected.texts) expect([name, printed.get(name)]).toEqual([name, text]);
        for (const [name, value] of expected.integers) expect([name, printed.get(name)]).toEqual([name, String(value)]);
        for (const [name, value] of expected.reals) expect([name, Number(printed.get(name))]).toEqual([name, value]);
        for (const name of expected.absent) expect([name, printed.get(name)]).toEqual([name, 'absent']);
        for (const [name, { values }] of expected.tables) {
          expect([name, printed.get(name)]).toEqual([name, values.join(' ')]);
          expect(printed.get(`${name}.crc`)).toMatch(/^\d+$/);
          expect([name, printed.get(`${name}.macro`)]).toEqual([name, printed.get(`${name}.crc`)]);
        }
      }
    });
  }

  it('links from C++, old and new', (context) => {
    needCompiler(context, 'g++');
    const shop = workshop();
    const { files } = exported('small', smallPlan());
    shop.write({ ...files, 'main.cpp': '#include "small.h"\nint main() { return small_layer0_weight[1] == 384 && SMALL_LAYER0_WEIGHT_LEN == 2U ? small_check_tables() : -1; }\n' });
    for (const standard of ['-std=c++98', '-std=c++17']) {
      expect(shop.compile('gcc', ['-std=c99', '-c'], ['small.c'], 'small.o')).toBe('');
      expect(shop.compile('g++', [standard], ['main.cpp', 'small.o'], 'main')).toBe('');
      expect(shop.run('main')).toBe('');
    }
  });

  it('stops a compiler whose integers are not what the arithmetic relies on', (context) => {
    needCompiler(context, 'gcc');
    const shop = workshop();
    const { files } = exported('small', smallPlan());
    shop.write({ ...files, 'small.c': files['small.c']!.replace('(int)-1 >> 1) == -1', '(int)-1 >> 1) == 1') });
    expect(shop.compile('gcc', ['-std=c99'], ['small.c'])).toContain('small_assert_int_shifts_right_arithmetically');
  });

  it('reads as documented', () => {
    const { files } = exportC(smallPlan(), { ...OPTIONS, finalRaw: [['7', -8n, 9]] });
    const header = files['demo.h']!;
    const source = files['demo.c']!;
    expect(Object.keys(files)).toEqual(['demo.h', 'demo.c']);
    for (const text of [header, source]) {
      expect(text).toContain(' * gain drift\n *\n * made by  qrails 0.1.0; do not edit, export again\n * plan     7f3a91c2\n * profile  enabol-mid\n * sensor   step-gain-4\n * seed     42\n');
      expect(text).toMatch(/^[\n -~]+\n$/);
    }
    expect(header).toContain('#ifndef DEMO_H\n#define DEMO_H\n\n#include <stdint.h>\n');
    expect(header).toMatch(/\/\* layer0\.weight: sfix12_En8, ap_fixed<12,4> \*\/\n#define DEMO_LAYER0_WEIGHT_WORD_BITS +12\n/);
    expect(header).toMatch(/#define DEMO_LAYER0_WEIGHT_RAIL_LOW +\(-1024\)\n#define DEMO_LAYER0_WEIGHT_RAIL_HIGH +1023\n/);
    expect(header).toMatch(/#define DEMO_LAYER0_BIAS_RAIL_LOW +INT16_MIN\n/);
    expect(header).toMatch(/#define DEMO_THROTTLE_RHO +1638U \/\* 0\.04998779296875 for 0\.05, ufix16_En15 \*\/\n/);
    expect(header).toContain('#define DEMO_PHASE0_RECIPROCAL 85 /* 0.33203125 for 1/3, sfix16_En8 */\n');
    expect(header).toContain('#define DEMO_ONE_MINUS_MEAN_RATE 31130U /* 0.95001220703125 */\n');
    expect(source).toContain(
      'typedef char demo_assert_mean_rates_add_to_one[((uint32_t)DEMO_MEAN_RATE + (uint32_t)DEMO_ONE_MINUS_MEAN_RATE == (uint32_t)DEMO_MEAN_RATE_SCALE) ? 1 : -1];\n',
    );
    expect(header).toContain('/* layer 0, initial biases: sfix16_En12 */\nextern const int16_t demo_layer0_bias[DEMO_LAYER0_BIAS_LEN] DEMO_TABLE_ATTRIBUTE;\n');
    expect(source).toContain(
      'const int16_t demo_layer0_weight[DEMO_LAYER0_WEIGHT_LEN] DEMO_TABLE_ATTRIBUTE = {\n    -2048, /* [0][0]  -2048 = -8 */\n    384,   /* [0][1]    384 = 1.5 */\n};\n',
    );
    expect(source).toContain('    INT16_MIN, /* [0]  -32768 = -8 */\n');
    expect(source).toContain('const int16_t demo_layer0_bias_final[DEMO_LAYER0_BIAS_LEN] DEMO_TABLE_ATTRIBUTE = {\n    9, /* [0]  9 = 0.002197265625 */\n};\n');
    expect(source).toContain('const uint16_t demo_learning_rate[DEMO_LEARNING_RATE_LEN] DEMO_TABLE_ATTRIBUTE = {\n    1638U, /* phase 0, asked 0.05  1638 = 0.04998779296875 */\n};\n');
  });

  it('writes the ends of each type so that no compiler misreads them', () => {
    const { files } = exportC(extremePlan(), OPTIONS);
    const elements = (table: string): string[] =>
      [...new RegExp(`demo_${table}\\[\\w+\\] \\w+ = \\{\\n([^}]*)\\}`).exec(files['demo.c']!)![1]!.matchAll(/^ {4}(.*?), +\/\*/gm)].map(([, literal]) => literal!);
    expect(elements('layer0_weight')).toEqual(['-2', '1', '-1', '-1', '0', '-1']);
    expect(elements('layer1_weight').slice(0, 2)).toEqual(['INT8_MIN', '127']);
    expect(elements('layer2_weight').slice(0, 3)).toEqual(['INT16_MIN', '32767', 'INT16_MIN']);
    expect(elements('layer3_weight')).toEqual(['INT32_MIN', '2147483647', '-32768', 'INT32_MIN', '65535', '-1']);
    expect(elements('layer3_bias')).toEqual(['0U', '4294967295U']);
    expect(elements('layer4_weight').slice(0, 4)).toEqual(['INT64_MIN', 'INT64_C(9223372036854775807)', '-INT64_C(32768)', '-INT64_C(2147483648)']);
    expect(elements('layer4_bias')).toEqual(['UINT64_C(0)', 'UINT64_C(18446744073709551615)']);
    for (const [key, { signed }] of Object.entries(extremePlan().sites)) {
      const word = key.replace('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
      const high = new RegExp(`^#define DEMO_${word}_RAIL_HIGH +(.*)$`, 'm').exec(files['demo.h']!)![1]!;
      expect([key, /^(\d+U|UINT64_C\(\d+\))$/.test(high)]).toEqual([key, !signed]);
    }
  });

  it('is the same bytes every time, whatever the order of keys', () => {
    const plan = extremePlan();
    const reversed = { ...plan, sites: Object.fromEntries(Object.entries(plan.sites).reverse()) };
    const first = exportC(plan, OPTIONS);
    expect(exportC(structuredClone(plan), { ...OPTIONS })).toEqual(first);
    expect(exportC(reversed, OPTIONS)).toEqual(first);
  });
});

describe('hostile text', () => {
  const titles = [
    'a */ int evil; /* b', '*/', '/*', '*//*/**/', '*?' + '?/\n/ int evil;', 'ends in ?' + '?/', 'back\\', '*\\\n/ int evil;', 'two\r\nlines\u2028three',
    'γ‮⁦ bidi', '\0\x1b[31m', '%:define', '//', '_Pragma("x")', '#error', 'x'.repeat(5000), '',
  ];

  it('stays inside its comment', (context) => {
    needCompiler(context, 'gcc');
    const shop = workshop();
    const code = (text: string): string => text.slice(text.indexOf('*/'));
    const plain = exportC(smallPlan(), OPTIONS).files;
    const sources = titles.flatMap((title, index) => {
      const { files } = exportC(smallPlan(), { ...OPTIONS, title, profile: title, sensor: title, planHash: title, toolVersion: title });
      // nothing but the first comment differs
      expect(code(files['demo.h']!)).toBe(code(plain['demo.h']!));
      expect(code(files['demo.c']!)).toBe(code(plain['demo.c']!));
      expect(files['demo.h']!).toMatch(/^[\n -~]+$/);
      shop.write({ [`t${index}.c`]: `${files['demo.h']}${files['demo.c']!.replace('#include "demo.h"', '')}` });
      return [`t${index}.c`];
    });
    for (const flags of C_STANDARDS) expect(shop.compile('gcc', flags, sources)).toBe('');
  });

  it('keeps titles readable', () => {
    const { files } = exportC(smallPlan(), { ...OPTIONS, title: 'Gain ×4,\n 50 % of C:\\rail' });
    expect(files['demo.h']).toContain(' * Gain <U+00D7>4, 50 % of C:<U+005C>rail\n');
  });

  it.each([
    ['gain-drift.v2', 'gain_drift_v2'], ['000c', 'q_000c'], ['Demo', 'demo'], ['a--b_.', 'a_b'], ['int', 'int'],
  ])('makes an identifier of %s', (name, stem) => {
    const { files } = exportC(smallPlan(), { ...OPTIONS, name });
    expect(Object.keys(files)).toEqual([`${stem}.h`, `${stem}.c`]);
    expect(files[`${stem}.h`]).toContain(`extern const int16_t ${stem}_layer0_weight[${stem.toUpperCase()}_LAYER0_WEIGHT_LEN] ${stem.toUpperCase()}_TABLE_ATTRIBUTE;`);
  });

  it.each(['', '..', '../x', 'a/b', 'a\\b', 'a b', 'a*/b', 'a\nb', '_a', '-a', 'ä', 'x;y', 'a'.repeat(65), 'stdint', 'Math', 'nul', '__proto__'])('refuses the name %j', (name) => {
    expect(() => exportC(smallPlan(), { ...OPTIONS, name })).toThrow(QrailsError);
    expect(() => exportC(smallPlan(), { ...OPTIONS, name })).toThrow(/^name: /);
  });
});

describe('plans that do not fit', () => {
  const refuse = (change: (plan: Plan) => void, message: RegExp): void => {
    const plan = smallPlan();
    change(plan);
    expect(() => exportC(plan, OPTIONS)).toThrow(QrailsError);
    expect(() => exportC(plan, OPTIONS)).toThrow(message);
  };

  it('names what is wrong', () => {
    refuse((plan) => void (plan.initial[0]!.weightsRaw[0]![1] = '2048'), /^initial\[0\]\.weightsRaw\[1\]: is no raw of its format\n.*2048\n.*from -2048 to 2047 \(sfix12_En8\)$/);
    refuse((plan) => void (plan.initial[0]!.weightsRaw[0]![1] = '1; int evil'), /^initial\[0\]\.weightsRaw\[1\]: is no raw/);
    refuse((plan) => void plan.initial[0]!.weightsRaw[0]!.pop(), /^initial\[0\]\.weightsRaw\[0\]: does not fit the layers/);
    refuse((plan) => void (plan.initial[0]!.biasRaw = []), /^initial\[0\]\.biasRaw: does not fit the layers/);
    refuse((plan) => void (plan.initial = []), /^initial: does not fit the layers/);
    refuse((plan) => void (plan.layers[0]!.outputs = 0), /^layers\[0\]: a layer needs/);
    refuse((plan) => void delete plan.sites['layer0.weight'], /^sites: the plan has no format for layer0\.weight/);
    refuse((plan) => void delete plan.throttle.chi, /^throttle\.chi: the plan has no value for it, but gt0 reads it/);
    refuse((plan) => void (plan.sites['loss']!.rails = ['0', '99999']), /^sites\.loss\.rails\[1\]: is no raw/);
    refuse((plan) => void (plan.layers[0]!.inputs = 1_000_000), /^export c: too many parameters/);
  });

  it('takes final parameters of the right shape only', () => {
    const withFinal = (finalRaw: number[][]) => () => exportC(smallPlan(), { ...OPTIONS, finalRaw });
    expect(withFinal([[1, 2]])).toThrow(/^finalRaw\[0\]: does not fit the layers/);
    expect(withFinal([])).toThrow(/^finalRaw: does not fit the layers/);
    expect(withFinal([[1, 2.5, 3]])).toThrow(/^finalRaw\[0\]\[1\]: is no raw/);
  });
});
