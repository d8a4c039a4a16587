/** SystemVerilog and VHDL: the benches pass in every simulator, and fail when a bit of anything exported is another. */
import { describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { ROUNDINGS, OVERFLOWS } from '../../src/format/modes.js';
import { benchOf } from '../../src/export/hdl/fill.js';
import { exportSv } from '../../src/export/hdl/sv.js';
import { exportVhdl } from '../../src/export/hdl/vhdl.js';
import { controllerConstants } from '../../src/plan/concernsExact.js';
import { parseFormat, quantiseExact } from '../oracle/exact.js';
import { Random } from '../oracle/random.js';
import { drift, driftOf, flipDigit, inFolderOf, needCommand, randomBench, type Ended, type Files, type HdlFolder } from './hdlTools.js';

const SIMULATOR = { sv: 'iverilog', vhdl: 'ghdl' } as const;
const NAMES = { name: 'demo', title: 'random', profile: 'random', sensor: 'none', planHash: '0'.repeat(64), toolVersion: '0.1.0' };

const passes = ({ code, said }: Ended): number => {
  const checks = /^PASS (\d+) checks$/m.exec(said)?.[1];
  expect([code, said]).toEqual([0, expect.stringMatching(/^PASS \d+ checks$/m)]);
  expect(said).not.toMatch(/warning|error/i);
  return Number(checks);
};

const fails = ({ code, said }: Ended, what: string): void => {
  expect([what, code === 0, /^PASS/m.test(said)]).toEqual([what, false, false]);
};

interface Both {
  readonly sv: Files;
  readonly vhdl: Files;
  /** Rows of all vectors. */
  readonly rows: number;
}

async function make(options: (typeof drift)[keyof typeof drift]): Promise<Both> {
  const { plan, dataset, names } = await driftOf(options);
  const bench = await benchOf(plan, dataset);
  return { sv: exportSv(plan, bench, names), vhdl: exportVhdl(plan, bench, names), rows: bench.units.reduce((sum, { vectors }) => sum + vectors.rows.length, 0) };
}

const made = new Map<object, Promise<Both>>();
const both = (options: (typeof drift)[keyof typeof drift]): Promise<Both> => made.get(options) ?? made.set(options, make(options)).get(options)!;

describe.each(Object.entries(drift))('the benches of plan %s', (_, options) => {
  it('pass in iverilog, in GHDL and in the lint of Verilator, with as many checks', async (context) => {
    needCommand(context, 'iverilog', 'ghdl', 'verilator');
    const { sv, vhdl, rows } = await both(options);
    const checks = inFolderOf({ ...sv, ...vhdl }, (folder) => {
      const lint = folder.run('verilator', ['--lint-only', '--timing', '--top', 'demo_tb', ...folder.ending('_pkg.sv', '_prim.sv', '_tb.sv')]);
      expect(lint).toEqual({ code: 0, said: '' });
      return [passes(folder.iverilog()), passes(folder.ghdl())];
    });
    expect(checks[0]).toBe(checks[1]);
    expect(checks[0]).toBeGreaterThan(2 * rows);
    for (const content of Object.values({ ...sv, ...vhdl })) expect(content).toMatch(/^[\n -~]*$/);
    expect(await make(options)).toEqual({ sv, vhdl, rows });
  });
});

describe('a changed bit', () => {
  /** A file of vectors with one bit of one row the other way round. */
  const flipped = (text: string, random: Random): string => {
    const first = text.search(/^[0-9a-f]/m);
    const places = [...text.slice(first)].flatMap((character, place) => (character === '\n' ? [] : [first + place]));
    return flipDigit(text, random.pick(places), random.integer(0, 3));
  };

  it.for(['sv', 'vhdl'] as const)('of any file of vectors fails the %s bench', async (language, context) => {
    needCommand(context, SIMULATOR[language]);
    const files = (await both(drift.table))[language];
    const random = new Random(7);
    inFolderOf(files, (folder) => {
      const run = (): Ended => (language === 'sv' ? folder.run('vvp', ['bench']) : folder.ghdlAgain());
      passes(language === 'sv' ? folder.iverilog() : folder.ghdl());
      const vectors = folder.ending('.mem');
      expect(vectors.length).toBeGreaterThan(12);
      for (const name of vectors) {
        const text = files[name] as string;
        folder.write({ [name]: flipped(text, random) });
        const ended = run();
        fails(ended, name);
        expect(ended.said).toMatch(/(row \d+: \w+ is [0-9A-Fa-f]+, expected [0-9A-Fa-f]+|CRC-32 [0-9A-Fa-f]{8}, expected [0-9A-Fa-f]{8})\nFAIL\n/);
        folder.write({ [name]: text });
      }
      passes(run());
    });
  });

  /** Changes to a package: one of each kind of constant, and an element of each table. */
  const changes: Readonly<Record<'sv' | 'vhdl', readonly (readonly [kind: string, line: RegExp])[]>> = {
    sv: [
      ['integer', /(THROTTLE_CHI = \d*)(\d);/], ['flag', /(LAYER0_WEIGHT_SIGNED = 1'b)(1);/], ['rail', /(LAYER0_ACTIVATION_RAIL_HIGH = 65'sd\d*)(\d);/],
      ['checksum', /(LAYER0_WEIGHT_CRC32 = 32'h[0-9A-F]{7})([0-9A-F]);/], ['mode', /(RATE_ROUNDING = ROUNDING_)(RND);/],
    ],
    vhdl: [
      ['integer', /(THROTTLE_CHI : integer := \d*)(\d);/], ['flag', /(LAYER0_WEIGHT_SIGNED : boolean := )(true);/], ['rail', /(LAYER0_ACTIVATION_RAIL_HIGH : signed\(64 downto 0\) := 65x"[0-9A-F]*)([0-9A-F])"/],
      ['checksum', /(LAYER0_WEIGHT_CRC32 : std_logic_vector\(31 downto 0\) := x"[0-9A-F]{7})([0-9A-F])"/], ['mode', /(RATE_ROUNDING : rounding_t := ROUNDING_)(RND);/],
    ],
  };
  const other = (value: string): string =>
    value === 'true' ? 'false' : value === 'RND' ? 'TRN' : /^\d$/.test(value) ? String(Number(value) ^ 1) : (Number.parseInt(value, 16) ^ 1).toString(16);

  it.for(['sv', 'vhdl'] as const)('of a constant or table fails the %s bench', async (language, context) => {
    needCommand(context, SIMULATOR[language]);
    const files = (await both(drift.table))[language];
    const name = `demo_pkg.${language === 'sv' ? 'sv' : 'vhd'}`;
    const text = files[name] as string;
    const tables = [...text.matchAll(language === 'sv' ? /(?<=\n +0: (\w+) = \d+'h[0-9A-F]*)[0-9A-F](?=;)/g : /(?<=constant (\w+) : \w+_t := \(\n +0 => \d+x"[0-9A-F]*)[0-9A-F](?=")/g)];
    expect(tables.map(([, table]) => table)).toEqual(['layer0_weight', 'learning_rate', 'throttle_numerator', 'throttle_table', 'drift_step', 'drift_gain', 'drift_offset']);
    const texts = [
      ...changes[language].map(([kind, line]) => {
        const match = line.exec(text)!;
        const place = match.index + match[1]!.length;
        return [kind, `${text.slice(0, place)}${other(match[2]!)}${text.slice(place + match[2]!.length)}`] as const;
      }),
      ...tables.map((match) => [match[1]!, flipDigit(text, match.index)] as const),
    ];
    inFolderOf(files, (folder) => {
      for (const [what, changed] of texts) {
        expect(changed).not.toBe(text);
        folder.write({ [name]: changed });
        fails(language === 'sv' ? folder.iverilog() : folder.ghdl(), what);
      }
    });
  });
});

it('passes in Verilator as a program, and fails there too', async (context) => {
  needCommand(context, 'verilator');
  const { sv } = await both(drift.slice);
  inFolderOf(sv, (folder) => {
    const made = folder.run('verilator', ['--binary', '--timing', '-j', '2', '-MAKEFLAGS', 'OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0', '--top', 'demo_tb', '-o', 'bench', ...folder.ending('_pkg.sv', '_prim.sv', '_tb.sv')]);
    expect([made.code, made.said.match(/%(Warning|Error).*/g)]).toEqual([0, null]);
    expect(folder.run('obj_dir/bench', [])).toEqual({ code: 0, said: expect.stringMatching(/^PASS \d+ checks\n/) });
    const name = 'demo_layer0_weight_quantise.mem';
    const text = sv[name] as string;
    folder.write({ [name]: flipDigit(text, text.length - 2, 3) });
    fails(folder.run('obj_dir/bench', []), name);
  });
});

it('passes with every mode that random plans draw, which the oracle says the same of', async (context) => {
  needCommand(context, 'iverilog', 'ghdl');
  const modes = new Set<string>();
  for (const [seed, options] of [[3, { wild: true }], [8, {}], [61, { wild: true, traps: 2 }]] as const) {
    const { plan, bench } = await randomBench(seed, options);
    for (const { rounding, overflow } of Object.values(plan.sites)) [rounding, overflow].forEach((mode) => modes.add(mode));
    for (const { unit, vectors } of bench.units) {
      if (unit.kind !== 'quantise' || unit.quantiser.random) continue;
      const { format, operand } = unit.quantiser;
      for (const [x, raw, high, low] of vectors.rows) {
        const expected = quantiseExact({ n: x!, f: operand.fraction }, parseFormat(format));
        expect([raw, high, low]).toEqual([expected.raw, expected.overflow === 'high' ? 1n : 0n, expected.overflow === 'low' ? 1n : 0n]);
      }
    }
    inFolderOf({ ...exportSv(plan, bench, NAMES), ...exportVhdl(plan, bench, NAMES) }, (folder: HdlFolder) => expect(passes(folder.iverilog())).toBe(passes(folder.ghdl())));
  }
  expect([...modes].sort()).toEqual([...ROUNDINGS, ...OVERFLOWS].sort());
});

describe('every law of every controller', () => {
  const LAWS = [
    ...THROTTLE_NAMES.map((throttle, k) => ({ throttle, anchor: ANCHOR_NAMES[k % ANCHOR_NAMES.length]!, supervisor: SUPERVISOR_NAMES[k % SUPERVISOR_NAMES.length]! })),
    ...ANCHOR_NAMES.map((anchor, k) => ({ throttle: 'none', anchor, supervisor: SUPERVISOR_NAMES[(k + 1) % SUPERVISOR_NAMES.length]! })),
  ];

  it.each(LAWS)('$throttle, $anchor, $supervisor: units, vectors and names', async (laws) => {
    const seed = 40 + LAWS.indexOf(laws);
    const { plan, bench } = await randomBench(seed, { ...laws, traps: 0, errorRule: seed % 2 === 0 ? 'sign' : 'difference', activation: seed % 3 === 0 ? 'sigmoid' : 'linear' });
    const sv = exportSv(plan, bench, NAMES)['demo_pkg.sv'] as string;
    const vhdl = exportVhdl(plan, bench, NAMES)['demo_pkg.vhd'] as string;
    for (const text of [sv, vhdl]) expect(text).toMatch(/^[\n -~]*$/);
    // Whatever is declared has a name that both languages take; VHDL takes no two underlines, and none at the end.
    const declared = [...sv.matchAll(/^ *localparam [^=]*?(\w[\w-]*) = /gm), ...vhdl.matchAll(/^ *constant ([^ ]+) :/gm)].map(([, name]) => name!);
    expect(declared.length).toBeGreaterThan(100);
    expect(declared.filter((name) => !/^[A-Za-z](_?[A-Za-z0-9])*$/.test(name))).toEqual([]);
    for (const { where, constant } of controllerConstants(plan)) {
      expect(sv, where).toMatch(new RegExp(`${where.replace('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase()} = [^;]*${BigInt(constant.raw) < 0n ? '-' : ''}`));
    }
  });

  it('passes in the simulators', async (context) => {
    needCommand(context, 'iverilog', 'ghdl');
    for (const [seed, laws] of [
      [71, { throttle: 'gt2-qa/trace', anchor: 'elastic', supervisor: 'cusum', activation: 'sigmoid' }], [72, { throttle: 'rails/rayleigh', anchor: 'gated', supervisor: 'rollback', errorRule: 'sign' }],
      [73, { throttle: 'clip', anchor: 'ema', supervisor: 'none', balance: true }],
    ] as const) {
      const { plan, bench } = await randomBench(seed, { ...laws, traps: 0 });
      inFolderOf({ ...exportSv(plan, bench, NAMES), ...exportVhdl(plan, bench, NAMES) }, (folder: HdlFolder) => expect(passes(folder.iverilog())).toBe(passes(folder.ghdl())));
    }
  });
});

it('can be synthesized', async (context) => {
  needCommand(context, 'yosys', 'ghdl');
  const { sv, vhdl } = await both(drift.slice);
  inFolderOf({ ...sv, ...vhdl }, (folder) => {
    for (const unit of ['layer0_accumulator_mac', 'ema', 'table_throttle', 'layer0_weight_quantise']) {
      expect([unit, folder.run('yosys', ['-q', '-p', `read_verilog -sv demo_pkg.sv demo_prim.sv; hierarchy -check -top demo_${unit}; proc; check -assert`])]).toEqual([unit, { code: 0, said: '' }]);
      expect([unit, folder.run('ghdl', ['--synth', '--std=08', 'demo_pkg.vhd', 'demo_prim.vhd', '-e', `demo_${unit}`]).code]).toEqual([unit, 0]);
    }
  });
});
