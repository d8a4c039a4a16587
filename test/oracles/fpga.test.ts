/** Profiles of FPGA slices against the cell models of yosys under Icarus Verilog: sums of the core and multiply-accumulate chains of one slice. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCore } from '../../src/core/load.js';
import type { Counters } from '../../src/format/quantise.js';
import type { Profile } from '../../src/schema/profile.js';
import { Random } from '../oracle/random.js';
import { altered, edgeOperands, formatsOf, learn, randomOperands, shipped, type Operands } from './target.js';
import { Bench, cells, FULL, native, needTool } from './tool.js';

const bench = new Bench();
afterAll(() => bench.close());

/** The slices, with the bits of their signed multiplier ports: A takes the input, B the weight. */
const SLICES = [
  { target: 'dsp48e1', family: 'xilinx', source: 'dsp48e1.v', ports: [25, 18], taps: [1, 2, 3, 128] },
  { target: 'sb-mac16', family: 'ice40', source: 'sb_mac16.v', ports: [16, 16], taps: [1, 2, 3, 16] },
] as const;
type Slice = (typeof SLICES)[number];

/** The raws that a chain multiplies, port by port. */
type Chain = readonly [a: readonly number[], b: readonly number[]];

/** The accumulator of the slice after each chain. */
function accumulated({ source, family, ports }: Slice, chains: readonly Chain[]): bigint[] {
  const program = bench.program(source, (path) =>
    void bench.run('iverilog', ['-g2012', '-DNO_ICE40_DEFAULT_ASSIGNMENTS', '-s', 'bench', '-o', path, native(source), cells(family)]));
  const hex = (raw: number, bits: number): string => BigInt.asUintN(bits, BigInt(raw)).toString(16);
  const flag = (on: boolean): string => (on ? '1' : '0');
  const lines = chains.map(([a, b]) =>
    a.map((raw, i) => `${flag(i === 0)} ${flag(i === a.length - 1)} ${hex(raw, ports[0])} ${hex(b[i]!, ports[1])}\n`).join(''));
  return String(bench.run('vvp', ['-n', program], lines.join(''))).trim().split('\n').map((line) => BigInt.asIntN(4 * line.length, BigInt(`0x${line}`)));
}

/** What differs between the core's sums and the slice's. */
function differences(slice: Slice, chains: readonly Chain[], sums: readonly bigint[]): string[] {
  const answers = accumulated(slice, chains);
  expect(answers.length).toBe(sums.length);
  return sums.flatMap((raw, k) => {
    if (raw === answers[k]) return [];
    const [a, b] = chains[k]!;
    return [`A ${a.join()} B ${b.join()}: core ${raw}, ${slice.target} ${answers[k]}`];
  });
}

const overflows = ({ overflowHigh, overflowLow }: Counters): number => overflowHigh + overflowLow;

/** Forward sums: a chain for each sample and output. */
async function forward(slice: Slice, profile: Profile, operands: Operands): Promise<Result> {
  const { accumulators, counters } = learn(await loadCore(), profile, operands);
  const chains = operands.inputs.flatMap((a) => operands.weights.map((b): Chain => [a, b]));
  return { compared: chains.length, differences: differences(slice, chains, accumulators), overflows: overflows(counters['layer0.accumulator']!) };
}

/** Gradient sums: a chain for each weight, errors on the port of the weights. */
async function backward(slice: Slice, profile: Profile, operands: Operands): Promise<Result> {
  const { errors, gradientSums, counters } = learn(await loadCore(), profile, operands);
  const { weights, inputs } = operands;
  const error = (b: number, o: number): number => Number(errors[b * weights.length + o]!);
  const chains = weights.flatMap((row, o) => row.map((_, i): Chain => [inputs.map((a) => a[i]!), inputs.map((__, b) => error(b, o))]));
  return { compared: chains.length, differences: differences(slice, chains, gradientSums), overflows: overflows(counters['layer0.gradientAccumulator']!) };
}

interface Result {
  readonly compared: number;
  readonly differences: string[];
  readonly overflows: number;
}

/** Random operands of at least `products` products, `taps` in a forward sum. */
function random(profile: Profile, taps: number, products: number): Operands {
  const side = Math.ceil(Math.sqrt(products / taps));
  return randomOperands(new Random(taps), profile, { outputs: side, inputs: taps, batch: 2 ** Math.round(Math.log2(side)) });
}

describe.each(SLICES)('$target and the cell model of yosys', (slice) => {
  beforeEach((context) => needTool(context, 'iverilog', 'cell models of yosys'));

  it('operands fit the ports of the multiplier', async () => {
    const formats = formatsOf(await shipped(slice.target));
    for (const [site, port] of [['input', 0], ['layer0.weight', 1], ['layer0.error', 1]] as const) {
      expect(formats[site], site).toMatchObject({ signed: true, wordLength: slice.ports[port] });
    }
  });

  it('edges: every pair of operands, chains of one and two', async () => {
    const profile = await shipped(slice.target);
    for (const taps of [1, 2]) {
      const { compared, differences } = await forward(slice, profile, edgeOperands(profile, taps));
      expect(compared).toBeGreaterThanOrEqual(7 ** (2 * taps));
      expect(differences).toEqual([]);
    }
  });

  it.each(slice.taps.map((taps) => [taps]))('random operands, forward sums of %i', async (taps) => {
    const profile = await shipped(slice.target);
    const longest = taps === Math.max(...slice.taps);
    const { differences, overflows } = await forward(slice, profile, random(profile, taps, (longest ? 100_000 : 2_000) * (FULL ? 10 : 1)));
    expect(differences).toEqual([]);
    if (longest) expect(overflows).toBeGreaterThan(0); // else nothing has wrapped
  });

  it('random operands, gradient sums of 512', async () => {
    const profile = await shipped(slice.target);
    const side = FULL ? 24 : 8;
    const { differences, overflows } = await backward(slice, profile, randomOperands(new Random(5), profile, { outputs: side, inputs: side, batch: 512 }));
    expect(differences).toEqual([]);
    expect(overflows).toBeGreaterThan(0);
  });

  it('sees a profile that saturates where the slice wraps', async () => {
    const profile = altered(await shipped(slice.target), 'accumulator', { overflow: 'SAT' });
    const { differences } = await forward(slice, profile, random(profile, Math.max(...slice.taps), 5_000));
    expect(differences.length).toBeGreaterThan(0);
  });
});
