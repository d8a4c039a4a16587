import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { exportC, type ExportCOptions } from '../../src/export/c.js';
import { trainedSizes } from '../../src/plan/trainedSizes.js';
import type { Plan } from '../../src/schema/plan.js';
import { createRowOrder } from '../../src/signal/order.js';
import { Bench, FULL } from '../oracles/tool.js';
import { Random } from '../oracle/random.js';
import { extremePlan, format, smallPlan } from './extreme.js';
import { AVR_FLAGS, COMPILERS, flip, fullPlan, needCommand, OPTIONS, tablePlan, tablesIn, VARIANTS } from './variants.js';

const bench = new Bench();
afterAll(() => bench.close());

const exported = (plan: Plan, options: Partial<ExportCOptions> = {}): Record<string, string> => exportC(plan, { ...OPTIONS, ...options }).files;
/** Where the tables are defined. */
const definitions = (files: Record<string, string>): string => files['demo.c'] ?? files['demo.h']!;
const macro = (files: Record<string, string>, name: string): string | undefined => new RegExp(`^#define DEMO_${name} +(\\S+)`, 'm').exec(files['demo.h']!)?.[1];

/** Two units that include the header, one of which checks the tables. */
const MAIN = `#include "demo.h"
extern int other(void);
int main(void) { return other() == (int)DEMO_LAYER0_WEIGHT_LEN ? demo_check_tables() : -1; }
`;
const OTHER = '#include "demo.h"\nextern int other(void);\nint other(void) { return (int)(sizeof demo_layer0_weight / sizeof demo_layer0_weight[0]); }\n';

describe('variants', () => {
  for (const command of ['gcc', 'clang', 'g++', 'clang++']) {
    it(`compile, link from two units and find their tables whole: ${command}`, (context) => {
      needCommand(context, command);
      for (const { flags, extension } of COMPILERS.filter((compiler) => compiler.command === command)) {
        for (const options of Object.values(VARIANTS)) {
          const files = exported(fullPlan(), options);
          for (const [name, text] of Object.entries({ ...files, [`main.${extension}`]: MAIN, [`other.${extension}`]: OTHER })) bench.write(name, text);
          const sources = [`main.${extension}`, `other.${extension}`, ...(options.singleHeader ? [] : ['demo.c'])];
          bench.run(command, [...flags, '-o', 'variant', ...(extension === 'cpp' ? ['-x', 'c++'] : []), ...sources]);
          bench.run(`${bench.dir}/variant`);
        }
      }
    });
  }

  it('compile for an AVR, whose int has 16 bits', (context) => {
    needCommand(context, 'avr-gcc');
    for (const plan of [fullPlan(), tablePlan(), extremePlan()]) {
      for (const options of Object.values(VARIANTS)) {
        const files = exported(plan, options);
        for (const [name, text] of Object.entries({ ...files, 'main.c': MAIN })) bench.write(name, text);
        bench.run('avr-gcc', [...AVR_FLAGS, '-c', 'main.c', '-o', 'main.o']);
        if (!options.singleHeader) bench.run('avr-gcc', [...AVR_FLAGS, '-c', 'demo.c', '-o', 'demo.o']);
        const object = options.singleHeader ? 'main.o' : 'demo.o';
        const sections = bench.run('avr-objdump', ['-t', object]).toString();
        expect([options.progmem, /\.progmem\.data\S*\s.*demo_learning_rate$/m.test(sections)]).toEqual([options.progmem, options.progmem === true]);
      }
    }
  });

  it('break no rule of MISRA C:2012 but those of docs/misra.md', (context) => {
    needCommand(context, 'cppcheck');
    const found = new Set<string>();
    // The whole lot takes half a minute.
    const [plans, variants] = FULL ? [[fullPlan(), tablePlan()], Object.keys(VARIANTS)] : [[fullPlan()], ['plain', 'all']];
    for (const plan of plans) {
      for (const options of variants.map((variant) => VARIANTS[variant]!)) {
        for (const [name, text] of Object.entries({ 'demo.c': '', ...exported(plan, options), 'other.c': OTHER, 'main.c': MAIN })) bench.write(name, text);
        // Only what stands in the exported files: the units around them are of this test.
        const flags = ['--addon=misra', '--enable=warning,style,performance,portability', '--std=c99', '--quiet', '--suppress=missingIncludeSystem', '--template={file} {id}'];
        bench.run('cppcheck', [...flags, '--output-file=found.txt', 'main.c', 'other.c', 'demo.c']);
        for (const [, id] of bench.run('cat', ['found.txt']).toString().matchAll(/^demo\.[ch] (\S+)$/gm)) found.add(id!);
      }
    }
    const permitted = [...readFileSync(new URL('../../docs/misra.md', import.meta.url), 'utf8').matchAll(/^\| (\d+\.\d+) \|/gm)].map(([, rule]) => `misra-c2012-${rule}`);
    expect([...found].toSorted()).toEqual(permitted.toSorted());
  });

  it('are the same bytes every time', () => {
    for (const options of Object.values(VARIANTS)) expect(exported(structuredClone(fullPlan()), { ...options })).toEqual(exported(fullPlan(), options));
  });

  it('hold the same tables, whatever the form', () => {
    const plain = tablesIn(definitions(exported(fullPlan())));
    expect(plain.map(({ name }) => name)).toEqual([
      'layer0_weight', 'layer0_bias', 'layer1_weight', 'layer1_bias', 'learning_rate', 'reciprocal_batch', 'reciprocal', 'divider_reciprocal',
      'drift_step', 'drift_gain', 'drift_offset',
    ].map((name) => `demo_${name}`));
    for (const [name, options] of Object.entries(VARIANTS)) {
      const files = exported(fullPlan(), options);
      expect([name, Object.keys(files)]).toEqual([name, options.singleHeader ? ['demo.h'] : ['demo.h', 'demo.c']]);
      const tables = tablesIn(definitions(files));
      expect(tables.filter((table) => !table.name.endsWith('_cmsis'))).toEqual(plain);
      expect(macro(files, 'TABLES')).toBe(String(tables.length));
      tables.forEach((table, index) => expect(macro(files, `TABLE${index + 1}_NAME`)).toBe(`"${table.name}"`));
      expect(Object.values(files).every((text) => /^[\n -~]+\n$/.test(text))).toBe(true);
    }
  });
});

describe('self-check', () => {
  /** What each of the exports finds, by its stem: all of them in one program. */
  const checked = (exports: ReadonlyMap<string, Record<string, string>>): Map<string, number> => {
    const stems = [...exports.keys()];
    for (const files of exports.values()) for (const [name, text] of Object.entries(files)) bench.write(name, text);
    const calls = stems.map((stem) => `printf("%d\\n", ${stem}_check_tables());`);
    bench.write('main.c', ['#include <stdio.h>', ...stems.map((stem) => `#include "${stem}.h"`), 'int main(void) {', ...calls, 'return 0; }'].join('\n'));
    // optimised: what a compiler could work out from the tables it must not
    bench.run('gcc', ['-O2', '-o', 'check', 'main.c', ...[...exports.values()].flatMap((files) => Object.keys(files).filter((name) => name.endsWith('.c')))]);
    const found = bench.run(`${bench.dir}/check`).toString().trim().split('\n').map(Number);
    return new Map(stems.map((stem, index) => [stem, found[index]!]));
  };

  it('names the table with a flipped bit', (context) => {
    needCommand(context, 'gcc');
    const cases: [string, Plan, Partial<ExportCOptions>][] = [
      ['full', fullPlan(), {}], ['table', tablePlan(), { singleHeader: true }], ['extreme', extremePlan(), { progmem: true }],
      ['small', smallPlan(), { cmsisOrder: true, finalRaw: [[7, -8, 9]] }],
    ];
    const exports = new Map<string, Record<string, string>>();
    const expected = new Map<string, number>();
    const add = (stem: string, files: Record<string, string>, number: number): void => {
      exports.set(stem, files);
      expected.set(stem, number);
    };
    for (const [name, plan, options] of cases) {
      add(name, exported(plan, { ...options, name }), 0);
      tablesIn(definitions(exported(plan, options))).forEach(({ name: table, type, raws }, index) => {
        const stem = `${name}${index + 1}`;
        const files = exported(plan, { ...options, name: stem });
        const file = options.singleHeader ? `${stem}.h` : `${stem}.c`;
        const bits = Number(/\d+/.exec(type)![0]);
        const text = flip(files[file]!, table.replace('demo', stem), index % raws.length, (7 * index + 3) % bits);
        expect([stem, text === files[file]]).toEqual([stem, false]);
        add(stem, { ...files, [file]: text }, index + 1);
      });
    }
    const files = exported(fullPlan(), { name: 'two' });
    add('two', { ...files, 'two.c': flip(flip(files['two.c']!, 'two_learning_rate', 0, 0), 'two_layer1_bias', 0, 30) }, 4);
    expect(expected.size).toBeGreaterThan(40);
    expect(checked(exports)).toEqual(expected);
  });

  it('reads what lies in memory, not what was compiled', (context) => {
    needCommand(context, 'gcc');
    // the table in a section that can be written, spoilt while the program runs
    const files = exported(smallPlan(), { attribute: '__attribute__((section(".data")))' });
    for (const [name, text] of Object.entries(files)) bench.write(name, text);
    bench.write('main.c', '#include "demo.h"\nint main(void) { int before = demo_check_tables(); *(volatile int16_t *)&demo_layer0_bias[0] ^= 1; return before == 0 && demo_check_tables() == 2 ? 0 : 1; }\n');
    bench.run('gcc', ['-O2', '-flto', '-w', '-o', 'spoilt', 'main.c', 'demo.c']);
    bench.run(`${bench.dir}/spoilt`);
  });
});

describe('attribute', () => {
  it('moves and aligns every table, and yields to one of the user', (context) => {
    needCommand(context, 'gcc');
    const files = exported(fullPlan(), VARIANTS['attribute']);
    const names = tablesIn(definitions(files)).map(({ name }) => name);
    const addresses = names.map((name) => `(size_t)(const void *)${name}`);
    for (const [name, text] of Object.entries(files)) bench.write(name, text);
    bench.write('main.c', [
      '#include <stdio.h>', '#include <stddef.h>', '#include "demo.h"', 'extern const char __start_demo_coef[] __attribute__((weak)), __stop_demo_coef[] __attribute__((weak));',
      `int main(void) { size_t at[] = { ${addresses.join(', ')} }; unsigned i, inside = 0, aligned = 0;`,
      'for (i = 0; i < sizeof at / sizeof *at; i++) { inside += at[i] >= (size_t)__start_demo_coef && at[i] < (size_t)__stop_demo_coef; aligned += at[i] % 64 == 0; }',
      'printf("%u %u", inside, aligned); return 0; }',
    ].join('\n'));
    bench.run('gcc', ['-o', 'placed', 'main.c', 'demo.c']);
    expect(bench.run(`${bench.dir}/placed`).toString().split(' ')[0]).toBe(String(names.length));
    bench.run('gcc', ['-DDEMO_TABLE_ATTRIBUTE=__attribute__((aligned(64)))', '-o', 'placed', 'main.c', 'demo.c']);
    expect(bench.run(`${bench.dir}/placed`).toString()).toBe(`0 ${names.length}`);
  });

  it.each([
    '__attribute__((section(".coef"), aligned(4)))', '__attribute__((section(".ro(data")))', 'PLACE_IN_ROM', ' [[gnu::aligned(8)]] ', '__at(0x08010000)', 'A(1) B[2]',
  ])('takes %j', (attribute) => {
    expect(exported(smallPlan(), { attribute })['demo.h']).toContain(`#ifndef DEMO_TABLE_ATTRIBUTE\n#define DEMO_TABLE_ATTRIBUTE ${attribute.trim()}\n#endif\n`);
  });

  it.each([
    '', '   ', 'a\nb', 'a\r', 'a\\', '; int evil', '= {0}; int x[]', '{', '}', '#', 'a(', 'a)', ')(', 'a([)]', '"open', 'a /* b', 'a */ b', 'a // b', 'a ??/', "'", 'ä', '\0', '\u2028',
    ', evil[2]', 'x'.repeat(201), `${' '.repeat(300)}x`,
  ])('refuses %j', (attribute) => {
    expect(() => exported(smallPlan(), { attribute })).toThrow(QrailsError);
    expect(() => exported(smallPlan(), { attribute })).toThrow(/^attribute: /);
  });
});

describe('order of CMSIS', () => {
  it('turns every row of weights round, and nothing else', () => {
    const finalRaw = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -2, -3], [20, 21, 22, -4]];
    const tables = new Map(tablesIn(definitions(exported(fullPlan(), { cmsisOrder: true, finalRaw }))).map(({ name, raws }) => [name, raws.map(Number)]));
    expect([...tables.keys()].filter((name) => name.endsWith('_cmsis'))).toEqual([
      'demo_layer0_weight_cmsis', 'demo_layer0_weight_final_cmsis', 'demo_layer1_weight_cmsis', 'demo_layer1_weight_final_cmsis',
    ]);
    expect(tables.get('demo_layer0_weight_cmsis')).toEqual([4, 3, 2, 1, -8, -7, -6, -5, 9, 0, -2048, 2047]);
    expect(tables.get('demo_layer0_weight_final_cmsis')).toEqual([4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9]);
    expect(tables.get('demo_layer1_weight_cmsis')).toEqual([-1, 127, -128]);
    expect(tables.get('demo_layer1_bias_final')).toEqual([-4]);
  });
});

describe('reciprocals', () => {
  it('are there for every size of batch a run meets', () => {
    const random = new Random(7);
    for (let trial = 0; trial < 300; trial++) {
      const plan = smallPlan();
      plan.lastBatch = random.pick(['keep', 'drop', 'wrap']);
      const rows = random.integer(1, 40);
      plan.data.rows = rows;
      plan.phases = Array.from({ length: random.integer(1, 4) }, () => ({ ...plan.phases[0]!, steps: random.integer(0, 60), batch: random.integer(1, plan.lastBatch === 'drop' ? rows : 50) }));
      const order = createRowOrder(plan, rows);
      const met = new Set<number>();
      for (const { steps, batch } of plan.phases) {
        for (let step = 0; step < steps; step++) {
          order.take(batch);
          met.add(order.count);
        }
      }
      expect(trainedSizes(plan)).toEqual([...met].sort((a, b) => a - b));
    }
  });

  it('does not walk over a long run', () => {
    const plan = smallPlan();
    plan.data.rows = 1_000_000_007;
    plan.phases = Array.from({ length: 100 }, () => ({ ...plan.phases[0]!, steps: 1e9, batch: 1000 }));
    // 1e9 steps go over the rows 999 times and 999 000 007 / 1000 steps more; every pass ends with 7.
    expect(trainedSizes(plan)).toEqual([7, 1000]);
  });

  it('of divisors are those of the definition', () => {
    const tables = tablesIn(definitions(exported(fullPlan())));
    // m = 4 … 7: 64 / 9, 64 / 11, 64 / 13, 64 / 15 to nearest
    expect(tables.find(({ name }) => name === 'demo_divider_reciprocal')).toMatchObject({ type: 'uint8_t', raws: [7n, 6n, 5n, 4n], reals: [0.875, 0.75, 0.625, 0.5] });
    for (const bits of [0, 13, 1.5, 64]) {
      const plan = fullPlan();
      plan.divide.bits = bits;
      expect(() => exported(plan)).toThrow(/^divide\.bits: is no size/);
    }
  });
});

describe('coefficients of the moving mean', () => {
  const withRate = (signed: boolean, wordLength: number, fractionLength: number, raw: string): Record<string, string> => {
    const plan = smallPlan();
    plan.sites['meanRate'] = format(signed, wordLength, fractionLength);
    plan.throttle.rho = { value: Number(raw) * 2 ** -fractionLength, raw };
    return exported(plan);
  };

  it('add to one at every fraction length, as the compiler finds', (context) => {
    needCommand(context, 'gcc');
    const cases = [
      [false, 16, 16, '65535', '1U'], [false, 32, 31, '0', '2147483648U'], [true, 32, 30, '1', '1073741823'], [false, 2, 0, '1', '0U'],
      [false, 32, 32, '1', 'UINT64_C(4294967295)'], [false, 32, 63, '4294967295', 'UINT64_C(9223372032559808513)'],
    ] as const;
    for (const [signed, wordLength, fractionLength, raw, rest] of cases) {
      const files = withRate(signed, wordLength, fractionLength, raw);
      expect(macro(files, 'ONE_MINUS_MEAN_RATE')).toBe(rest);
      for (const [name, text] of Object.entries(files)) bench.write(name, text);
      bench.run('gcc', ['-std=c99', '-Wall', '-Wextra', '-Wconversion', '-Werror', '-fsyntax-only', 'demo.c']);
      bench.write('demo.h', files['demo.h']!.replace(/(_ONE_MINUS_MEAN_RATE) (.*?) \/\*/, '$1 ($2 + 1) /*'));
      expect(() => bench.run('gcc', ['-std=c99', '-fsyntax-only', 'demo.c'])).toThrow(/demo_assert_mean_rates_add_to_one/);
    }
  });

  it('are left out where one has no raw, and refused where there is no rest', () => {
    const files = withRate(false, 32, 64, '1');
    expect([macro(files, 'MEAN_RATE'), macro(files, 'ONE_MINUS_MEAN_RATE')]).toEqual(['1U', undefined]);
    expect(definitions(files)).not.toContain('mean_rates');
    expect(() => withRate(false, 16, 15, '32769')).toThrow(/^throttle\.rho: is no share\n {2}found {5}1\.000030517578125\n/);
  });
});
