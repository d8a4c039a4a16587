/**
 * Profiles of Arm cores against real Arm instructions under qemu-arm: a whole learning step of the core, and the same step in the instructions
 * that the profile names at its sites (native/arm.c). The instructions of the DSP extension are the same on Cortex-M and on the emulated core.
 */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCore } from '../../src/core/load.js';
import { quantise, type Counters } from '../../src/format/quantise.js';
import type { Profile } from '../../src/schema/profile.js';
import { Random } from '../oracle/random.js';
import { altered, anyRaw, edgeOperands, edgesOf, formatsOf, learn, randomOperands, shipped, type Operands, type Step } from './target.js';
import { Bench, FULL, native, needTool } from './tool.js';

/** What native/arm.c has a step for. */
const TARGETS = ['cortex-m3-q15', 'cortex-m4-q15', 'cortex-m4-smlad', 'cortex-m7-q31', 'cmsis-q15-lms', 'cmsis-q31-lms'] as const;
/** Sums of products in a random step: every pair of a weight row and a sample. */
const OUTPUTS = 64;
const BATCH = 64;
const ROUNDS = FULL ? 250 : 25;
/** Differences that are collected. */
const SHOWN = 5;

const bench = new Bench();
afterAll(() => bench.close());

function arm(words: readonly bigint[], ...args: string[]): BigInt64Array {
  const program = bench.program('arm', (path) =>
    void bench.run('arm-linux-gnueabihf-gcc', ['-O2', '-marm', '-mcpu=cortex-a7', '-static', '-Wall', '-Wextra', '-o', path, native('arm.c')]));
  const printed = bench.run('qemu-arm', [program, ...args], new Uint8Array(BigInt64Array.from(words).buffer));
  return new BigInt64Array(Uint8Array.from(printed).buffer);
}

const big = (rows: readonly (readonly number[])[]): bigint[] => rows.flat().map(BigInt);

/** Sites in which a step of native/arm.c looks at the Q flag after each element, in its order. */
const FLAGGED = ['activation', 'error', 'gradient', 'update', 'weight'] as const;

interface Answer extends Omit<Step, 'counters' | 'rate'> {
  /** How many instructions of each forward sum set the Q flag. */
  readonly flags: bigint[];
  /** How often the Q flag rose at each of FLAGGED. */
  readonly rose: bigint[];
}

/** The same steps in instructions. */
function instructions(target: string, steps: readonly { operands: Operands; rate: bigint }[]): Answer[] {
  const words = steps.flatMap(({ operands: { weights, inputs, targets }, rate }) => [
    BigInt(weights.length), BigInt(weights[0]!.length), BigInt(Math.log2(inputs.length)), rate, ...big(weights), ...big(inputs), ...big(targets),
  ]);
  const printed = arm(words, 'step', target);
  let at = 0;
  const take = (count: number): bigint[] => [...printed.subarray(at, (at += count))];
  const answers = steps.map(({ operands: { weights, inputs } }): Answer => {
    const [sums, parameters] = [weights.length * inputs.length, weights.length * weights[0]!.length];
    return {
      accumulators: take(sums), flags: take(sums), activations: take(sums), errors: take(sums),
      gradientSums: take(parameters), gradients: take(parameters), updates: take(parameters), weights: take(parameters), rose: take(FLAGGED.length),
    };
  });
  expect(at).toBe(printed.length);
  return answers;
}

const overflows = ({ overflowHigh, overflowLow }: Counters): number => overflowHigh + overflowLow;

/** Sites whose overflow raises the Q flag, as the profile has it. */
const raisesQ = ({ hardware }: Profile): readonly string[] => hardware?.flags?.find(({ name }) => name === 'Q')?.sites ?? [];

/** What differs between the core's step and the instructions, in words. */
function* differences(profile: Profile, operands: Operands, step: Step, answer: Answer): Generator<string> {
  const { weights, inputs, targets } = operands;
  const forward = (k: number): string => `inputs ${inputs[Math.floor(k / weights.length)]!.join()} weights ${weights[k % weights.length]!.join()}`;
  const columns = inputs[0]!.length;
  const parameter = (k: number): string => `output ${Math.floor(k / columns)} input ${k % columns} weight ${weights.flat()[k]} rate ${step.rate}`;
  const where = {
    accumulators: forward,
    activations: (k: number) => `${forward(k)} accumulator ${step.accumulators[k]}`,
    errors: (k: number) => `output ${step.activations[k]} target ${targets.flat()[k]}`,
    gradientSums: parameter,
    gradients: (k: number) => `${parameter(k)} sum ${step.gradientSums[k]}`,
    updates: (k: number) => `${parameter(k)} gradient ${step.gradients[k]}`,
    weights: (k: number) => `${parameter(k)} update ${step.updates[k]}`,
  };
  for (const name of Object.keys(where) as (keyof typeof where)[]) {
    for (const [k, raw] of step[name].entries()) {
      if (raw !== answer[name][k]) yield `${profile.name} ${name}, ${where[name](k)}: core ${raw}, Arm ${answer[name][k]}`;
    }
  }
  const counted = (site: string): number => (raisesQ(profile).includes(site) ? overflows(step.counters[`layer0.${site}`]!) : 0);
  const flags = [['accumulator', answer.flags.reduce((sum, flag) => sum + flag)] as const, ...FLAGGED.map((site, i) => [site, answer.rose[i]!] as const)];
  for (const [site, rose] of flags) {
    if (Number(rose) !== counted(site)) yield `${profile.name} ${site}: ${counted(site)} overflows that set Q by the profile, ${rose} in Arm instructions`;
  }
}

/** Runs the steps on both and returns the first differences, with how often each site overflowed in the core. */
async function compare(
  profile: Profile, all: readonly Operands[], target = profile.name,
): Promise<{ found: string[]; compared: number; overflowed: Record<string, number> }> {
  const core = await loadCore();
  const steps = all.map((operands) => ({ operands, ...learn(core, profile, operands) }));
  const answers = instructions(target, steps);
  const overflowed: Record<string, number> = {};
  for (const { counters } of steps) for (const [key, one] of Object.entries(counters)) overflowed[key] = (overflowed[key] ?? 0) + overflows(one);
  const found: string[] = [];
  for (const [i, step] of steps.entries()) {
    for (const difference of differences(profile, step.operands, step, answers[i]!)) {
      if (found.push(difference) === SHOWN) break;
    }
    if (found.length >= SHOWN) break;
  }
  return {
    found,
    compared: steps.reduce((sum, { accumulators }) => sum + accumulators.length, 0),
    overflowed,
  };
}

/** Steps of one sample and one input: every combination of edges, whose means overflow where those of many samples do not. */
function oneByOne(profile: Profile): Operands[] {
  const { weights, inputs, targets, ...rest } = edgeOperands(profile, 1);
  return inputs.flatMap((sample) => targets.map((row) => ({ weights, inputs: [sample], targets: [row], ...rest })));
}

/** Steps of 16 … 1 inputs, both parities; then small ones of 1, 2 and 4 samples. */
function randomSteps(profile: Profile, rounds = ROUNDS): Operands[] {
  const random = new Random(1515);
  return [
    ...Array.from({ length: rounds }, (_, i) => randomOperands(random, profile, { outputs: OUTPUTS, inputs: 16 - (i % 16), batch: BATCH })),
    ...Array.from({ length: rounds }, (_, i) => randomOperands(random, profile, { outputs: 16, inputs: 8, batch: 2 ** (i % 3) })),
  ];
}

describe('Arm profiles and Arm instructions', () => {
  beforeEach((context) => needTool(context, 'arm-linux-gnueabihf-gcc', 'qemu-arm'));

  it.each(TARGETS)('%s: a learning step on every combination of edges', async (target) => {
    const profile = await shipped(target);
    const { found, compared, overflowed } = await compare(profile, [...[1, 2].map((inputs) => edgeOperands(profile, inputs)), ...oneByOne(profile)]);
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(7 ** 2 + 7 ** 4);
    // −1 × −1: the gradient of one sample overflows, or the product that it is made of.
    expect((overflowed['layer0.gradient'] ?? 0) + (overflowed['layer0.gradientProduct'] ?? 0)).toBeGreaterThan(0);
  });

  it.each(TARGETS)('%s: learning steps on 10^5 random sums', async (target) => {
    const profile = await shipped(target);
    const { found, compared, overflowed } = await compare(profile, randomSteps(profile));
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(100_000);
    // Overflow is what most of the instructions are about.
    for (const site of ['activation', 'error', 'weight']) expect(overflowed[`layer0.${site}`], site).toBeGreaterThan(0);
    if (formatsOf(profile)['layer0.accumulator']!.wordLength === 32 || target === 'cmsis-q31-lms') expect(overflowed['layer0.accumulator']).toBeGreaterThan(0);
  });

  it('cortex-m4-smlad: the accumulator overflows in exactly the sums that set Q', async () => {
    const profile = await shipped('cortex-m4-smlad');
    const core = await loadCore();
    const random = new Random(7);
    const steps = Array.from({ length: FULL ? 5000 : 300 }, (_, i) => {
      const operands = randomOperands(random, profile, { outputs: 1, inputs: 2 + (i % 31), batch: 1 });
      return { operands, ...learn(core, profile, operands) };
    });
    const sums = instructions(profile.name, steps).map(({ flags }) => Number(flags[0]));
    expect(steps.map(({ counters }) => overflows(counters['layer0.accumulator']!))).toEqual(sums);
    expect(new Set(sums)).toContain(0);
    expect(Math.max(...sums)).toBeGreaterThan(1);
  });

  it('cmsis-q15-lms: an output of 32766 against a target of −32768 gives a small error of the wrong sign', async () => {
    const target = -32768;
    const operands = { weights: [[32767]], inputs: [[32767]], targets: [[target]], rate: 1 };
    const { errors, activations } = learn(await loadCore(), await shipped('cmsis-q15-lms'), operands);
    expect([activations, errors]).toEqual([[32766n], [-2n]]);
    // The filter subtracts the other way round: target minus output.
    const [filter] = arm([BigInt(target), 32766n], 'one', 'ssub16');
    expect(BigInt.asIntN(16, filter!)).toBe(2n);
  });
});

/** Single instructions and the site that each of them is. */
const SINGLE = [
  { instruction: 'ssat', profile: 'cortex-m4-q15', site: 'layer0.activation', exact: (a: bigint) => a, q: true },
  { instruction: 'usat', profile: 'cortex-m4-q15', site: 'rate', exact: (a: bigint) => a, q: true },
  { instruction: 'qadd16', profile: 'cortex-m4-q15', site: 'layer0.error', exact: (a: bigint, b: bigint) => a + b, q: false },
  { instruction: 'qsub16', profile: 'cortex-m4-q15', site: 'layer0.error', exact: (a: bigint, b: bigint) => a - b, q: false },
  { instruction: 'ssub16', profile: 'cmsis-q15-lms', site: 'layer0.error', exact: (a: bigint, b: bigint) => a - b, q: false },
  { instruction: 'qadd', profile: 'cortex-m7-q31', site: 'layer0.activation', exact: (a: bigint, b: bigint) => a + b, q: true },
  { instruction: 'qsub', profile: 'cortex-m7-q31', site: 'layer0.error', exact: (a: bigint, b: bigint) => a - b, q: true },
] as const;

describe('single Arm instructions and sites of Arm profiles', () => {
  beforeEach((context) => needTool(context, 'arm-linux-gnueabihf-gcc', 'qemu-arm'));

  it.each(SINGLE)('$instruction: $site of $profile', async ({ instruction, profile, site, exact, q }) => {
    const format = formatsOf(await shipped(profile))[site]!;
    // Saturation takes a whole register, addition two words of the site.
    const operand = exact.length === 1 ? formatsOf(await shipped('cortex-m4-smlad'))['layer0.accumulator']! : format;
    const random = new Random(32);
    const edges = [...edgesOf(operand), ...edgesOf(format), ...format.rails.map((rail) => Number(rail) + 1), ...format.rails.map((rail) => Number(rail) - 1)]
      .filter((raw) => raw >= Number(operand.rails[0]) && raw <= Number(operand.rails[1]));
    const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));
    for (let i = 0; i < (FULL ? 1_000_000 : 100_000); i++) pairs.push([anyRaw(random, operand), anyRaw(random, operand)]);
    const answers = arm(pairs.flat().map(BigInt), 'one', instruction);
    expect(answers.length).toBe(2 * pairs.length);
    const found = pairs.flatMap(([a, b], i) => {
      const { raw, overflow } = quantise({ numerator: exact(BigInt(a), BigInt(b)), denominator: 1n << BigInt(format.fractionLength) }, format);
      const word = format.signed ? BigInt.asIntN(format.wordLength, answers[2 * i]!) : answers[2 * i]!;
      const rose = answers[2 * i + 1] === 1n;
      return raw === word && (q && overflow !== 0) === rose ? [] : [`${instruction} ${a} ${b}: site ${raw} overflow ${overflow}, Arm ${word} Q ${rose}`];
    });
    expect(found.slice(0, 5)).toEqual([]);
  });
});

describe('the Arm lane fails where it should', () => {
  beforeEach((context) => needTool(context, 'arm-linux-gnueabihf-gcc', 'qemu-arm'));

  it.each([
    ['cortex-m4-q15', 'activation', { rounding: 'RND' }],
    ['cortex-m4-q15', 'gradient', { rounding: 'TRN_ZERO' }],
    ['cortex-m4-smlad', 'accumulator', { overflow: 'SAT' }],
    ['cortex-m7-q31', 'accumulator', { rounding: 'TRN' }],
    ['cmsis-q15-lms', 'error', { overflow: 'SAT' }],
    ['cmsis-q31-lms', 'activation', { overflow: 'SAT' }],
  ] as const)('%s with %s of %o', async (target, site, property) => {
    const profile = altered(await shipped(target), site, property);
    expect((await compare(profile, randomSteps(profile, 2))).found.length).toBeGreaterThan(0);
  });

  it('SMMLA is not cortex-m7-q31, but is where the profile drops what it rounds', async () => {
    const profile = await shipped('cortex-m7-q31');
    expect((await compare(profile, randomSteps(profile, 2), 'smmla')).found.length).toBeGreaterThan(0);
    const floored = altered(profile, 'accumulator', { rounding: 'TRN' });
    expect((await compare(floored, randomSteps(floored, 2), 'smmla')).found).toEqual([]);
  });
});
