/** What the tests of the variants share: compilers, plans that have every table, and tables with one bit wrong. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'vitest';
import type { ExportCOptions } from '../../src/export/c.js';
import type { Plan } from '../../src/schema/plan.js';
import { format, smallPlan } from './extreme.js';

export const OPTIONS: ExportCOptions = { name: 'demo', title: 'variants', profile: 'p', sensor: 's', planHash: '7f3a91c2', toolVersion: '0.1.0' };

export const VARIANTS: Readonly<Record<string, Partial<ExportCOptions>>> = {
  'plain': {},
  'one header': { singleHeader: true },
  'program memory': { progmem: true },
  'order of CMSIS': { cmsisOrder: true },
  'attribute': { attribute: '__attribute__((section("demo_coef"), aligned(8)))' },
  'all': { singleHeader: true, progmem: true, cmsisOrder: true, attribute: '__attribute__((aligned(8)))' },
};

const STRICT = ['-Wall', '-Wextra', '-Wconversion', '-Wsign-conversion', '-Wpedantic', '-Wshadow', '-Wundef', '-Wcast-qual', '-Wcast-align', '-Werror'];
const C = [...STRICT, '-Wstrict-prototypes', '-Wmissing-prototypes'];

/** Compilers with the standards the exported C is made for. */
export const COMPILERS = [
  ...['gcc', 'clang'].flatMap((command) => ['-std=c90', '-std=c99', '-std=c11'].map((standard) => ({ command, flags: [standard, ...C], extension: 'c' }))),
  ...['g++', 'clang++'].flatMap((command) => ['-std=c++98', '-std=c++17'].map((standard) => ({ command, flags: [standard, ...STRICT], extension: 'cpp' }))),
];

export const AVR_FLAGS = ['-mmcu=atmega328p', '-std=c99', ...C];

/** Skips the test where a compiler is missing, unless QRAILS_REQUIRE_ORACLES says that it must be there. */
export function needCommand(context: TestContext, command: string): void {
  if (spawnSync(command, ['--version']).status === 0) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${command} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
  context.skip(`${command} is not installed: this variant is not compiled with it`);
}

/** Rows of 4 and 3 weights, a table of reciprocals for either division, and a drift that differs by channel and stops. */
export function fullPlan(): Plan {
  const plan = smallPlan();
  for (const [key, site] of Object.entries({ ...plan.sites })) {
    if (key.startsWith('layer0.')) plan.sites[key.replace('layer0', 'layer1')] = site;
  }
  plan.sites['layer1.weight'] = format(true, 8, 7);
  plan.sites['layer1.bias'] = format(true, 32, 28);
  plan.sites['reciprocal'] = format(false, 16, 16);
  plan.layers = [{ inputs: 4, outputs: 3, activation: 'relu', bias: true }, { inputs: 3, outputs: 1, activation: 'linear', bias: true }];
  plan.initial = [
    { weights: [], bias: [], weightsRaw: [['1', '2', '3', '4'], ['-5', '-6', '-7', '-8'], ['2047', '-2048', '0', '9']], biasRaw: ['10', '-11', '12'] },
    { weights: [], bias: [], weightsRaw: [['-128', '127', '-1']], biasRaw: ['-2147483648'] },
  ];
  plan.data = { ...plan.data, rows: 10, inputs: 4 };
  const [phase] = plan.phases as [Plan['phases'][number]];
  plan.phases = [{ ...phase, steps: 4, sensor: false }, { ...phase, steps: 5, batch: 4 }];
  plan.divide = { method: 'table', bits: 2 };
  plan.sensor = { gain: [{ kind: 'ramp', at: 0, steps: 2, value: 2 }], offset: [{ kind: 'constant', value: -0.25, channels: [1] }], dead: [{ at: 3, value: 0.5, channels: [2] }] };
  return plan;
}

/** As `fullPlan`, with the throttle that divides by nothing. */
export function tablePlan(): Plan {
  const plan = fullPlan();
  plan.throttle = { law: 'table', chi: { value: 1.5, raw: '24576' }, firstAlpha: { value: 1, raw: '32768' }, keepState: false };
  return plan;
}

export interface TableText {
  readonly name: string;
  readonly type: string;
  readonly raws: readonly bigint[];
  /** The real value beside each. */
  readonly reals: readonly number[];
}

const DEFINITION = /^(?:static )?const (u?int(?:8|16|32|64)_t) (\w+)\[\w+\] \w+ = \{\n([^}]*)\};$/gm;
const ELEMENT = /^ {4}(\S+), +\/\*.*?(-?\d+) = (\S+) \*\/$/gm;

/** The tables of a source text in order, by the comments of their elements. */
export function tablesIn(text: string): TableText[] {
  return [...text.matchAll(DEFINITION)].map(([, type, name, body]) => {
    const elements = [...body!.matchAll(ELEMENT)];
    return { type: type!, name: name!, raws: elements.map(([, , raw]) => BigInt(raw!)), reals: elements.map(([, , , real]) => Number(real)) };
  });
}

/** The text with one bit of one element inverted. */
export function flip(text: string, table: string, element: number, bit: number): string {
  return text.replace(DEFINITION, (definition, type: string, name: string) => {
    if (name !== table) return definition;
    let at = 0;
    return definition.replace(ELEMENT, (line, literal: string, raw: string) => (at++ === element ? line.replace(literal, flipped(BigInt(raw), type, bit)) : line));
  });
}

function flipped(raw: bigint, type: string, bit: number): string {
  const bits = Number(/\d+/.exec(type)![0]);
  const value = raw ^ (1n << BigInt(bit));
  if (type.startsWith('u')) return `UINT64_C(${BigInt.asUintN(bits, value)})`;
  const signed = BigInt.asIntN(bits, value);
  return signed === -(1n << BigInt(bits - 1)) ? `INT${bits}_MIN` : `${signed}`;
}
