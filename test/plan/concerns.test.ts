import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepare, type Prepared, type RunOptions } from '../../src/compare/prepare.js';
import { DETERMINISTIC_ROUNDINGS, ROUNDINGS, type Rounding } from '../../src/format/modes.js';
import { quantise, siteFormat } from '../../src/format/quantise.js';
import { scaled } from '../../src/format/real.js';
import { checkDivider, checkLearns, concerns, concernsOfAll, rangesOf, type Concern } from '../../src/plan/concerns.js';
import { CONCERN_CODES, CONCERNS, type ConcernCode } from '../../src/plan/concernsCodes.js';
import { meanError } from '../../src/plan/concernsLearning.js';
import { pathsOf, threshold } from '../../src/plan/concernsMoves.js';
import { printConcerns } from '../../src/report/concerns.js';
import { Concern as ConcernSchema } from '../../src/schema/concern.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import type { Hardware, Profile } from '../../src/schema/profile.js';
import { validate } from '../../src/schema/validate.js';
import { failure } from '../document/failure.js';

let prepared: Prepared;
let base: Plan;
let profile: Profile;
beforeAll(async () => {
  prepared = await prepare({ experiment: 'exp-000a', profile: 'enabol-mid' });
  ({ profile } = prepared);
  base = prepared.variants[0]!.plan;
});

const GROUPS = ['each', 'pair', 3, 'end'] as const;
type Change = (plan: Plan) => void;
const changed = (...changes: Change[]): Plan => {
  const plan = structuredClone(base);
  for (const change of changes) change(plan);
  return plan;
};
/** `sfix8_En4` and modes at a site; rails, in raws, at the ends unless given. */
const format = (key: string, signed: 's' | 'u', wordLength: number, fractionLength: number, more: Partial<SiteFormat> = {}): Change => (plan) => {
  const next = siteFormat({ ...plan.sites[key]!, signed: signed === 's', wordLength, fractionLength, rounding: 'RND', overflow: 'SAT', ...more });
  plan.sites[key] = { ...next, ...(more.rails && { rails: more.rails }) };
};
const codes = (found: readonly Concern[]): ConcernCode[] => found.map(({ code }) => code);
const one = (found: readonly Concern[], code: ConcernCode, where?: string): Concern => {
  const match = found.find((concern) => concern.code === code && (where === undefined || concern.where === where));
  if (!match) throw new Error(`no ${code}${where === undefined ? '' : ` at ${where}`} in ${codes(found).join(', ')}`);
  return match;
};
const raw = (value: number, key: string) => ({ value, raw: String(quantise(scaled(BigInt(value * 2 ** 40), 40), base.sites[key]!).raw) });
const batch = (size: number): Change => (plan) => { plan.phases[0]!.batch = size; };
const eta = (rate: number, fractionLength: number): Change => (plan) => { plan.phases[0]!.learningRate = { value: rate * 2 ** -fractionLength, raw: String(rate) }; };

// Full-scale products −4 × −8 = 32, four of them 128: 2^16 raws at F = 9.
const small: Change[] = [format('input', 's', 8, 4), format('layer0.weight', 's', 8, 5), (plan) => { plan.accumulate.accumulator = 'end'; }];
const accumulator = (high: bigint, more: Partial<SiteFormat> = {}): Change => format('layer0.accumulator', 's', 20, 9, { rails: [String(-(2n ** 17n)), String(high)], ...more });
// A rate of 1/2 and equal last places: a gradient of one last place is a tie.
const equal: Change[] = [
  format('rate', 'u', 16, 15), eta(2 ** 14, 15), format('layer0.gradient', 's', 16, 8), format('layer0.update', 's', 16, 8), format('layer0.weight', 's', 12, 8),
];
const throttled = (law: Partial<Plan['throttle']>): Change => (plan) => {
  plan.throttle = { law: 'gt0', estimator: 'secant', chi: raw(1.5, 'throttleTarget'), rho: raw(0.0625, 'meanRate'), floor: raw(2 ** -15, 'throttle'), firstAlpha: raw(1, 'throttle'), ...law };
  plan.phases[0]!.throttle = true;
};
const anchored = (law: Plan['anchor']): Change => (plan) => {
  plan.anchor = law;
  plan.phases[0]!.anchor = true;
};
const supervised = (law: Partial<Plan['supervisor']>, sensor = false): Change => (plan) => {
  plan.supervisor = { law: 'rollback', margin: raw(0.5, 'loss'), rate: raw(0.125, 'meanRate'), backoff: 4, recovery: 10, patience: 5, ...law };
  Object.assign(plan.phases[0]!, { supervisor: true, sensor });
};
const rails = (rowRail: string): Change => (plan) => {
  throttled({ law: 'rails', estimator: 'trace', rowRail: { value: 1, raw: rowRail }, columnRail: raw(4, 'normRail'), biasRail: raw(4, 'normRail') })(plan);
  plan.initial[0]!.weightsRaw = [['-256', '0', '0', '0'], ['0', '0', '0', '0']];
};
const sigmoid: Change = (plan) => {
  plan.layers[0]!.activation = 'sigmoid';
  plan.sigmoid = Array<string>(256).fill('0');
};
const sign: Change = (plan) => {
  plan.errorRule = 'sign';
  plan.errorOne = { value: 1, raw: String(quantise({ numerator: 1n, denominator: 1n }, plan.sites['layer0.error']!).raw) };
};
const SILICON = (hardware: Hardware): Partial<Profile> => ({ hardware });

interface Case {
  readonly code: ConcernCode;
  readonly on: Change[];
  readonly off: Change[];
  readonly profile?: [on: Partial<Profile>, off: Partial<Profile>];
  readonly says: string;
}

/** For every code one plan in which it is true and one just beside it in which it is not. */
const CASES: Case[] = [
  { code: 'accumulator-fan-in', on: [...small, accumulator(65535n)], off: [...small, accumulator(65536n)], says: 'holds 3 full-scale products, but 4 are added: at worst it saturates' },
  {
    code: 'accumulator-initial-weights',
    on: [...small, accumulator(16383n), (plan) => { plan.initial[0]!.weightsRaw = [['0', '0', '0', '0'], ['-64', '0', '0', '-64']]; }],
    off: [...small, accumulator(16384n), (plan) => { plan.initial[0]!.weightsRaw = [['0', '0', '0', '0'], ['-64', '0', '0', '-64']]; }],
    says: 'output 1 overflows with its initial weights',
  },
  {
    // r = 1/2: the largest gradient, 1, gives 1/2 last place of an update with F = 0.
    code: 'stands-still', on: [...equal, format('layer0.gradient', 's', 16, 15, { rails: ['-32768', '32766'] }), format('layer0.update', 's', 8, 0)],
    off: [...equal, format('layer0.gradient', 's', 17, 15, { rails: ['-32769', '32768'] }), format('layer0.update', 's', 8, 0)], says: 'no gradient moves it',
  },
  // r = 1/4: two gradients make half a last place, a tie.
  {
    code: 'dead-zone', on: [...equal, eta(2 ** 13, 15), format('layer0.update', 's', 16, 8, { rounding: 'RND_ZERO' })], off: [...equal, eta(2 ** 13, 15), format('layer0.update', 's', 16, 8, { rounding: 'RND_INF' })],
    says: 'gradients below 0.0117188 change nothing at η = 0.25',
  },
  {
    // Half a last place of weight from a gradient of at most 2^7 needs a rate of 2^-16: α = 2^-15 at η = 1/2.
    code: 'throttle-floor', on: [...equal, throttled({}), format('rate', 'u', 20, 16)], off: [...equal, throttled({}), format('rate', 'u', 20, 17), format('layer0.gradient', 's', 17, 8)],
    says: 'not even the largest gradient moves a parameter',
  },
  { code: 'update-finer', on: [...equal, format('layer0.update', 's', 16, 9)], off: equal, says: 'the last 1 bit of an update' },
  { code: 'update-coarser', on: [...equal, format('layer0.update', 's', 16, 7)], off: equal, says: 'by multiples of 2 last places' },
  {
    // RND of two discarded bits is an eighth of a last place too high, of one bit a quarter.
    code: 'biased-rounding', on: [...equal, format('layer0.update', 's', 16, 8), format('layer0.weight', 's', 12, 7)], off: [...equal, format('layer0.update', 's', 16, 8), format('layer0.weight', 's', 12, 6)],
    says: 'RND moves every weight by 0.002 a step on average, as a gradient of -0.0039 would',
  },
  {
    code: 'initial-zero', on: [(plan) => { plan.initial[0]!.weights[0]![0] = 0.001; plan.initial[0]!.weightsRaw[0]![0] = '0'; }],
    off: [(plan) => { plan.initial[0]!.weights[0]![0] = 0; plan.initial[0]!.weightsRaw[0]![0] = '0'; }], says: '1 of 8 initial weights rounds to zero',
  },
  // Inputs reach 2^-8 below 1, targets are those of the data.
  { code: 'input-range', on: [format('input', 'u', 8, 8, { rounding: 'RND' })], off: [format('input', 'u', 8, 8, { rounding: 'TRN' })], says: "the data's inputs do not fit" },
  { code: 'target-range', on: [format('target', 's', 9, 8)], off: [format('target', 's', 10, 8)], says: "the data's targets do not fit" },
  { code: 'signal-wraps', on: [format('layer0.error', 's', 12, 8, { overflow: 'WRAP' })], off: [format('layer0.error', 's', 12, 8, { overflow: 'WRAP', saturatedBits: 1 })], says: 'wraps' },
  // 15 in place of 16 is 1/16 off, and allowed.
  { code: 'coefficient-inexact', on: [eta(15, 15), (plan) => { plan.phases[0]!.learningRate.value = 16.001 / 2 ** 15; }], off: [eta(15, 15), (plan) => { plan.phases[0]!.learningRate.value = 16 / 2 ** 15; }], says: 'is 0.000457764 in its format' },
  { code: 'batch-mean', on: [batch(33), (plan) => { plan.batchDivision = 'powerOfTwo'; plan.lastBatch = 'drop'; }], off: [batch(32), (plan) => { plan.batchDivision = 'powerOfTwo'; plan.lastBatch = 'drop'; }], says: 'the mean over 33 samples is 0.5156 times what it should be' },
  {
    code: 'norm-underflow', on: [throttled({}), format('layer0.weight', 's', 12, 8), format('squaredNorm', 'u', 40, 14), format('norm', 'u', 30, 14)],
    off: [throttled({}), format('layer0.weight', 's', 12, 8), format('squaredNorm', 'u', 40, 15), format('norm', 'u', 30, 14), format('layer0.gradient', 's', 16, 7)], says: 'does not see a single weight change by less than 2 last places',
  },
  { code: 'secant-samples', on: [throttled({}), batch(1)], off: [throttled({ estimator: 'trace' }), batch(1)], says: 'compares the gradients of two different samples' },
  {
    // 2^-15 × 1.5: more than half of 2^-14, less than half of 2^-12.
    code: 'gain-underflow', on: [throttled({ law: 'gt1', estimator: 'trace', gain: { value: 2 ** -15, raw: '1' } }), format('velocity', 's', 32, 12)],
    off: [throttled({ law: 'gt1', estimator: 'trace', gain: { value: 2 ** -15, raw: '1' } }), format('velocity', 's', 32, 14)], says: 'its velocity stays zero',
  },
  { code: 'rails-broken', on: [rails('65535')], off: [rails('65536')], says: 'the initial sum into output 0 of layer 0 is larger than its rail' },
  {
    // 2^-8 of a last place of 2^-8; half of 2^-15 downwards is nothing.
    code: 'average-dead-band', on: [anchored({ law: 'ema', averageRate: { value: 2 ** -8, raw: '128' } }), format('layer0.weight', 's', 12, 8), format('layer0.average', 's', 24, 15)],
    off: [anchored({ law: 'ema', averageRate: { value: 2 ** -8, raw: '128' } }), format('layer0.weight', 's', 12, 8), format('layer0.average', 's', 24, 16)], says: 'does not follow a weight that is one last place away',
  },
  {
    code: 'importance-underflow', on: [anchored({ law: 'gated', threshold: 0, power: 1 }), format('layer0.gradient', 's', 16, 10), format('layer0.importance', 'u', 16, 9, { rounding: 'TRN' })],
    off: [anchored({ law: 'gated', threshold: 0, power: 1 }), format('layer0.gradient', 's', 16, 10), format('layer0.importance', 'u', 16, 10, { rounding: 'TRN' })], says: 'a gradient that just passes the gate adds nothing',
  },
  { code: 'supervisor-strict', on: [supervised({ margin: { value: 0, raw: '0' } })], off: [supervised({ margin: { value: 0.1, raw: '1' } })], says: 'one last place above the mean of accepted ones is taken back' },
  { code: 'supervisor-live-lock', on: [supervised({ patience: 0 }, true)], off: [supervised({ patience: 1 }, true)], says: 'goes back to the same parameters in every step' },
  // The last entry begins at 127/16: 2032 of 2047 raws, or 4064.
  { code: 'sigmoid-range', on: [sigmoid, format('layer0.activation', 's', 12, 9)], off: [sigmoid, format('layer0.activation', 's', 12, 8)], says: 'is clipped to -4 to 3.99805' },
  { code: 'sign-range', on: [format('layer0.error', 's', 8, 8), sign], off: [format('layer0.error', 's', 8, 7), sign], says: 'the sign of an error is ±0.496094 there' },
  {
    code: 'multiplier-operands', on: [], off: [], profile: [SILICON({ multiplier: { operands: [16, 15], product: 31 } }), SILICON({ multiplier: { operands: [16, 16], product: 32 } })],
    says: 'an operand is wider than the multiplier takes',
  },
  {
    code: 'multiplier-product', on: [], off: [], profile: [SILICON({ multiplier: { operands: [16, 16], product: 23 } }), SILICON({ multiplier: { operands: [16, 16], product: 24 } })],
    says: 'the multiplier drops bits of them',
  },
  {
    code: 'accumulator-width', on: [(plan) => { plan.accumulate.gradientAccumulator = 'each'; }], off: [(plan) => { plan.accumulate.gradientAccumulator = 'each'; }],
    profile: [SILICON({ accumulator: { wordLength: 28 } }), SILICON({ accumulator: { wordLength: 29 } })], says: 'is kept in more than one register',
  },
  { code: 'shift-rounding', on: [], off: [], profile: [SILICON({ shift: { right: 'TRN' } }), SILICON({ shift: { right: 'RND' } })], says: 'another rounding than a right shift of this target' },
  // update: 15 + 10 − 12 = 13 places.
  { code: 'shift-distance', on: [], off: [], profile: [SILICON({ shift: { right: 'RND', most: 12 } }), SILICON({ shift: { right: 'RND', most: 13 } })], says: 'is shifted further than one instruction can' },
];

describe('every concern', () => {
  it('has a case', () => {
    expect(CASES.map(({ code }) => code).sort()).toEqual([...CONCERN_CODES].sort());
  });

  it.each(CASES)('$code is seen, and not one step beside it', async ({ code, on, off, profile: [onProfile, offProfile] = [{}, {}], says }) => {
    const ranges = rangesOf(prepared.dataset);
    const found = concerns(changed(...on), { ...profile, ...onProfile }, ranges);
    const concern = one(found, code);
    expect(`${concern.where} ${concern.message}`).toContain(says);
    await validate(ConcernSchema, concern, 'concern');
    expect(codes(concerns(changed(...off), { ...profile, ...offProfile }, ranges))).not.toContain(code);
  });

  it('is in docs/concerns.md with its code', () => {
    const headings = [...readFileSync('docs/concerns.md', 'utf8').matchAll(/^### ([\w-]+)$/gm)].map(([, code]) => code);
    expect(headings).toEqual(Object.keys(CONCERNS));
  });

  it('comes with options that repair it', async () => {
    const starts: RunOptions[] = [
      { experiment: 'exp-000a', profile: 'enabol-wide' }, { experiment: 'exp-000c', profile: 'enabol-mid' }, { experiment: 'exp-000c', profile: 'enabol-tight' },
      { experiment: 'exp-000a', profile: 'enabol-mid', set: ['profile.sites.gradient.rails=[-2, 2]', 'profile.sites.squaredNorm.fractionLength=10', 'profile.sites.rate.fractionLength=8', 'profile.sites.rate.wordLength=9'], throttle: ['gt0/secant'] },
      { experiment: 'exp-000a', profile: 'cortex-m4-q15', set: ['experiment.phases[0].batch=33', 'profile.batch.division=reciprocal', 'profile.sites.reciprocal.wordLength=8', 'profile.sites.reciprocal.fractionLength=8'] },
      { experiment: 'exp-000a', profile: 'cortex-m4-q15', set: ['profile.sites.activation.overflow=WRAP', 'profile.sites.accumulator.wordLength=33', 'profile.sites.layer0.accumulator.rounding=TRN'] },
      {
        experiment: 'exp-000c', profile: 'cortex-m4-q15',
        set: ['profile.hardware={"multiplier":{"operands":[16,16],"product":31},"accumulator":{"wordLength":40},"shift":{"right":"RND","most":15},"flags":[]}', 'profile.sites.product.wordLength=32', 'profile.sites.product.fractionLength=30'],
      },
    ];
    const seen = new Set<ConcernCode>();
    starts.push(
      { experiment: 'exp-000a', profile: 'enabol-mid', set: ['profile.sites.weight.fractionLength=3', 'profile.sites.input.rails=[-0.5, 0.5]', 'profile.sites.update.fractionLength=2', 'experiment.phases[0].learningRate=0.3'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', set: ['profile.sites.accumulator.rails=[-4, 4]', 'experiment.phases[0].learningRate=0.0001'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', set: ['profile.hardware={"multiplier":{"operands":[12,8],"product":20}}'] },
      {
        experiment: 'exp-000c', profile: 'enabol-mid',
        set: ['experiment.model={"layers":[{"outputs":4,"activation":"relu"},{"outputs":2}]}', 'profile.sites.layer0.update={"wordLength":8,"fractionLength":-6}'],
      },
    );
    starts.push(
      { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['gt0/secant'], set: ['experiment.phases[0].batch=1', 'experiment.phases[0].throttle=true'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['table'], set: ['experiment.phases[0].batch=1', 'experiment.phases[0].throttle=true'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['gt1/trace'], set: ['throttle.gain=1/1024', 'profile.sites.velocity.fractionLength=8'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['gt1/trace'], set: ['throttle.gain=1/1024', 'profile.sites.throttle={"wordLength":9,"fractionLength":8,"signed":false}'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['rails/trace'], set: ['throttle.rowRail=1/16', 'throttle.columnRail=1/16'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', anchor: ['ema'], set: ['profile.sites.average={"wordLength":12,"fractionLength":8}'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', anchor: ['elastic'], set: ['profile.sites.importance={"wordLength":8,"fractionLength":2,"signed":false}'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', anchor: ['gated'], set: ['experiment.anchor={"law":"gated","threshold":0.0001,"power":2}', 'profile.sites.importance={"wordLength":16,"fractionLength":4,"signed":false}'] },
      { experiment: 'exp-000c', profile: 'enabol-mid', set: ['experiment.supervisor={"law":"rollback","margin":0}'] },
      { experiment: 'exp-000c', profile: 'enabol-mid', set: ['experiment.supervisor={"law":"cusum","slack":0,"limit":0}'] },
      { experiment: 'exp-000a', profile: 'enabol-mid', set: ['experiment.model.layers[0].activation=sigmoid', 'profile.sites.activation={"wordLength":12,"fractionLength":11}', 'experiment.model.errorRule=sign', 'profile.sites.error={"wordLength":8,"fractionLength":9}'] },
    );
    for (const start of starts) {
      const first = await prepare(start);
      const variant = first.variants.at(-1)!;
      for (const { code, where, message, found, try: repair } of concerns(variant.plan, first.profile, rangesOf(first.dataset))) {
        const set = [...repair.matchAll(/--set (\S+)/g)].map(([, assignment]) => assignment!);
        const throttle = /--throttle (\S+)/.exec(repair)?.[1];
        expect(set.length + Number(throttle !== undefined), `${code} at ${where}: ${repair}`).toBeGreaterThan(0);
        const next = await prepare({ ...start, throttle: [throttle ?? variant.throttle], anchor: [variant.anchor], set: [...(start.set ?? []), ...set] });
        const left = concerns(next.variants[0]!.plan, next.profile, rangesOf(next.dataset)).find((concern) => concern.code === code && concern.where === where && (code !== 'batch-mean' || concern.message === message));
        // A dead zone gets narrower, and is no warning any more; anything else is gone.
        if (code === 'dead-zone' && left) {
          expect(left.severity, repair).toBe('note');
          expect(parseInt(left.found), repair).toBeLessThan(parseInt(found));
        }
        else expect(left, `${code} at ${where} after ${repair}`).toBeUndefined();
        seen.add(code);
      }
    }
    expect([...seen].sort()).toEqual([...CONCERN_CODES].sort());
  });
});

describe('accumulators', () => {
  const modes = fc.constantFrom(...DETERMINISTIC_ROUNDINGS);
  const word = fc.record({ wordLength: fc.integer({ min: 2, max: 9 }), fractionLength: fc.integer({ min: -2, max: 8 }), signed: fc.boolean() });
  const sums = fc.record({
    weight: word, input: word, bias: fc.option(word), product: fc.option(word), inputs: fc.integer({ min: 1, max: 13 }), group: fc.constantFrom(...GROUPS), rounding: modes, productRounding: modes,
    accumulator: fc.record({ wordLength: fc.integer({ min: 4, max: 20 }), fractionLength: fc.integer({ min: -3, max: 12 }), signed: fc.boolean() }),
  });

  /** The sum of a row as docs/numerics.md §5 says it, by the exact quantiser: whether any of its quantisations overflows. */
  function overflows(plan: Plan, weights: readonly bigint[], inputs: readonly bigint[], bias: bigint): boolean {
    const f = (key: string): number => plan.sites[key]!.fractionLength;
    const acc = plan.sites['layer0.accumulator']!;
    const product = plan.sites['layer0.product'];
    const productF = product ? f('layer0.product') : f('layer0.weight') + f('input');
    const scale = 64; // finer than anything here, so every value is a whole number of 2^-64
    const up = (value: bigint, fraction: number): bigint => value << BigInt(scale - fraction);
    const products = weights.map((weight, i) => (product ? quantise(scaled(weight * inputs[i]!, f('layer0.weight') + f('input')), product).raw : weight * inputs[i]!));
    const group = { each: 1, pair: 2, end: Infinity }[plan.accumulate.accumulator as string] ?? (plan.accumulate.accumulator as number);
    let state = 0n;
    let over = false;
    const add = (value: bigint): void => {
      const next = quantise(scaled(up(state, acc.fractionLength) + value, scale), acc);
      over ||= next.overflow !== 0;
      state = next.raw;
    };
    for (let at = 0; at < products.length; at += group) {
      const part = products.slice(at, at + group).reduce((all, value) => all + up(value, productF), 0n);
      add(part + (group === Infinity && plan.layers[0]!.bias ? up(bias, f('layer0.bias')) : 0n));
      if (group === Infinity) break;
    }
    if (group !== Infinity && plan.layers[0]!.bias) add(up(bias, f('layer0.bias')));
    return over;
  }

  it('overflow at worst exactly where a concern says so, and in no random row where none does', () => {
    fc.assert(
      fc.property(sums, fc.infiniteStream(fc.nat()), ({ weight, input, bias, product, inputs, group, rounding, productRounding, accumulator: acc }, draws) => {
        const site = (key: string, { signed, wordLength, fractionLength }: typeof weight, mode: Rounding = 'RND'): Change => format(key, signed ? 's' : 'u', wordLength, fractionLength, { rounding: mode });
        const plan = changed(site('layer0.weight', weight), site('input', input), site('layer0.accumulator', acc, rounding), site('layer0.bias', bias ?? weight), (draft) => {
          draft.layers[0] = { ...draft.layers[0]!, inputs, bias: bias !== null };
          draft.initial[0] = { weights: [], bias: [], weightsRaw: [], biasRaw: [] };
          draft.accumulate.accumulator = group;
          if (product) {
            draft.sites['layer0.product'] = draft.sites['layer0.accumulator']!;
            site('layer0.product', product, productRounding)(draft);
          }
        });
        const said = concerns(plan, profile).some(({ code, where }) => code === 'accumulator-fan-in' && where === 'layer0.accumulator');
        const rails = (key: string): [bigint, bigint] => plan.sites[key]!.rails.map(BigInt) as [bigint, bigint];
        const [w, a, b] = [rails('layer0.weight'), rails('input'), rails('layer0.bias')];
        const pairs = w.flatMap((x) => a.map((y) => [x, y] as const));
        const row = (k: number, value: bigint): boolean => overflows(plan, Array<bigint>(inputs).fill(pairs[k]![0]), Array<bigint>(inputs).fill(pairs[k]![1]), value);
        // The worst case is one of the four corners with one of the two biases.
        expect(pairs.some((_, k) => b.some((value) => row(k, value)))).toBe(said);
        if (said) return;
        const draw = ([low, high]: [bigint, bigint]): bigint => low + (BigInt(draws.next().value as number) % (high - low + 1n));
        for (let n = 0; n < 5; n++) expect(overflows(plan, Array.from({ length: inputs }, () => draw(w)), Array.from({ length: inputs }, () => draw(a)), draw(b))).toBe(false);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('say how many products they hold, and what wrapping does', () => {
    const found = one(concerns(changed(...small, accumulator(131071n, { overflow: 'WRAP', wordLength: 18 }), accumulator(65535n, { overflow: 'WRAP', wordLength: 17, rails: ['-65536', '65535'] })), profile), 'accumulator-fan-in', 'layer0.accumulator');
    expect(found).toMatchObject({
      severity: 'warning', message: 'holds 3 full-scale products, but 4 are added: at worst it wraps, and the sum comes out with the other sign',
      found: 'at worst -127 to 128: 4 products of -31.75 to 32', expected: 'within -128 to 127.998 (sfix17_En9): 1 more guard bit', try: '--set profile.sites.accumulator.wordLength=18',
    });
  });

  it('count the batch', () => {
    const sites = [format('input', 's', 8, 4), format('layer0.error', 's', 8, 4), format('layer0.gradientAccumulator', 's', 18, 8)];
    // −8 × −8 = 64, 2^14 raws: 7 fit below 2^17, the eighth does not.
    expect(one(concerns(changed(...sites, batch(8)), profile), 'accumulator-fan-in').message).toContain('holds 7 full-scale products, but 8 are added');
    expect(codes(concerns(changed(...sites, batch(7)), profile))).not.toContain('accumulator-fan-in');
  });
});

describe('learning', () => {
  it('names the smallest gradient that moves a weight', () => {
    // r = 1/2; a weight with a last place 2^-4 of the update's needs 8 updates, or 16 gradients, for half of one; truncation takes any below zero.
    const at = (rounding: Rounding): Concern | undefined => concerns(changed(...equal, format('layer0.weight', 's', 12, 4, { rounding })), profile).find(({ code }) => code === 'dead-zone');
    expect(at('RND_ZERO')?.found).toMatch(/^16 last places/);
    expect(at('TRN')?.message).toContain('positive gradients below 0.00390625 and negative ones above -0.12');
    // Any update counts, and two gradients make one.
    expect(at('STOCHASTIC')).toBeUndefined();
  });

  it('finds, by bisection, what trying every gradient on every weight finds', () => {
    const modes = fc.constantFrom(...DETERMINISTIC_ROUNDINGS);
    fc.assert(
      fc.property(modes, modes, fc.integer({ min: 1, max: 40 }), fc.integer({ min: -2, max: 6 }), fc.integer({ min: -2, max: 6 }), fc.boolean(), (updateRounding, rounding, rate, updateF, weightF, negative) => {
        const plan = changed(
          format('rate', 'u', 10, 5), format('layer0.gradient', 's', 7, 3), format('layer0.update', 's', 8, updateF, { rounding: updateRounding }), format('layer0.weight', 's', 8, weightF, { rounding }),
        );
        const sign = negative ? -1n : 1n;
        const [path] = pathsOf(plan, 0);
        const [update, weight] = [plan.sites['layer0.update']!, plan.sites['layer0.weight']!];
        const changes = (g: bigint): boolean => {
          const u = quantise(scaled(BigInt(rate) * sign * g, 8), update).raw;
          const at = (theta: bigint, change: bigint): bigint => quantise(scaled((theta << BigInt(16 - weightF)) - (change << BigInt(16 - updateF)), 16), weight).rounded;
          return u !== 0n && Array.from({ length: 41 }, (_, k) => BigInt(k - 20)).some((theta) => at(theta, u) !== at(theta, 0n));
        };
        const all = Array.from({ length: negative ? 64 : 63 }, (_, k) => BigInt(k + 1));
        expect(threshold(path!, BigInt(rate), sign)).toBe(all.find(changes));
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it('warns where the dead zone takes half of the bits of the gradient', () => {
    const at = (most: bigint): string => one(concerns(changed(...equal, format('layer0.weight', 's', 12, 4, { rounding: 'RND_ZERO' }), format('layer0.gradient', 's', 16, 8, { rails: [String(-most), String(most)] })), profile), 'dead-zone').severity;
    expect([at(256n), at(255n)]).toEqual(['note', 'warning']);
  });

  it('is refused where nothing can move', async () => {
    const still = changed(...equal, format('layer0.gradient', 's', 16, 15, { rails: ['-32768', '32766'] }), format('layer0.update', 's', 8, 0));
    expect(await failure('format', () => { checkLearns(still, profile); })).toContain('phases[0].learningRate: not even the largest gradient moves a parameter: nothing can be learned');
    // The other sign, a random mode, or a second phase that moves is enough; a phase without a rate is not meant to.
    for (const change of [format('layer0.gradient', 's', 17, 15, { rails: ['-32770', '32766'] }), format('layer0.update', 's', 8, 0, { rounding: 'STOCHASTIC' }), format('layer0.update', 's', 8, 0, { rounding: 'TRN' })]) {
      expect(() => { checkLearns(changed((plan) => Object.assign(plan, structuredClone(still)), change), profile); }).not.toThrow();
    }
    expect(() => { checkLearns({ ...still, phases: [{ ...still.phases[0]!, learningRate: { value: 0, raw: '0' } }] }, profile); }).not.toThrow();
    expect(() => { checkLearns({ ...still, phases: [still.phases[0]!, { ...still.phases[0]!, learningRate: { value: 1.5, raw: '49152' } }] }, profile); }).not.toThrow();
  });

  it('is refused where a reciprocal is zero', async () => {
    const plan = (fractionLength: number): Plan => changed(batch(65), (draft) => { draft.batchDivision = 'reciprocal'; draft.lastBatch = 'drop'; }, format('reciprocal', 'u', 8, fractionLength));
    expect(await failure('format', () => { checkLearns(plan(5), profile); })).toContain('1/65 becomes zero');
    expect(() => { checkLearns(plan(6), profile); }).not.toThrow(); // 64/65 rounds to 1
  });

  it.each(ROUNDINGS)('knows the mean error of %s', (rounding) => {
    for (const shift of [0, 1, 2, 5]) {
      const { numerator, denominator } = meanError(rounding, shift);
      let sum = 0;
      const count = 4 * 2 ** shift;
      if (!(DETERMINISTIC_ROUNDINGS as readonly string[]).includes(rounding)) continue;
      for (let k = -count / 2; k < count / 2; k++) sum += Number(quantise(scaled(BigInt(k), shift), siteFormat({ signed: true, wordLength: 32, fractionLength: 0, rounding: rounding, overflow: 'SAT' })).rounded) - k / 2 ** shift;
      expect(Number(numerator) / Number(denominator)).toBe(sum / count);
    }
  });
});

describe('dividers', () => {
  it.each([
    ['gt0', 'trace', 'none', 'none', false],
    ['clip', undefined, 'none', 'none', false],
    ['gt2-qa', 'trace', 'none', 'none', false],
    ['rails', 'trace', 'none', 'none', false],
    ['gt1', 'secant', 'none', 'none', false],
    ['gt1', 'rayleigh', 'none', 'none', false],
    ['gt1', 'trace', 'none', 'none', true],
    ['table', undefined, 'none', 'none', true],
    ['none', undefined, 'none', 'none', true],
    ['none', undefined, 'elastic', 'none', true],
    ['gt0', 'secant', 'gated', 'powerOfTwo', true],
    ['gt0', 'secant', 'gated', 'table', true],
  ] as const)('%s on %s with the anchor %s, on a target that divides by %s', async (law, estimator, anchor, method, allowed) => {
    const target: Profile = { ...profile, divide: { method } };
    const check = (): void => { checkDivider(target, { law, ...(estimator && { estimator }) }, { law: anchor }); };
    if (allowed) expect(check).not.toThrow();
    else expect(await failure('unsupported', check)).toContain('try       --throttle table');
  });

  it('a gated anchor takes quotients whatever the throttle', async () => {
    const check = (): void => { checkDivider({ ...profile, divide: { method: 'none' } }, { law: 'none' }, { law: 'gated' }); };
    expect(await failure('unsupported', check)).toContain('try       --anchor fixed');
  });
});

describe('a list of concerns', () => {
  it('is ordered, and says once what holds for several layers or plans', async () => {
    const two = await prepare({ experiment: 'exp-000c', profile: 'enabol-mid', set: ['experiment.model={"layers":[{"outputs":4,"activation":"relu","bias":true},{"outputs":2,"bias":true}]}', 'profile.sites.error.overflow=WRAP', 'profile.sites.error.wordLength=8', 'profile.sites.error.fractionLength=4'] });
    const plans = two.variants.map(({ plan }) => plan);
    const all = concernsOfAll(plans, two.profile, rangesOf(two.dataset));
    expect(all.map(({ severity }) => severity)).toEqual(all.map(({ severity }) => severity).sort().reverse());
    expect(one(all, 'signal-wraps').where).toBe('layer0.error, layer1.error');
    expect(new Set(all.map((concern) => JSON.stringify(concern))).size).toBe(all.length);
    expect(concernsOfAll([...plans, ...plans], two.profile, rangesOf(two.dataset))).toEqual(all);
  });

  it('has nothing untrue to say of the widest target', async () => {
    const wide = await prepare({ experiment: 'exp-000a', profile: 'enabol-wide' });
    const found = concernsOfAll(wide.variants.map(({ plan }) => plan), wide.profile, rangesOf(wide.dataset));
    expect(found.filter(({ severity }) => severity === 'warning')).toEqual([]);
    expect(codes(found)).toEqual(['accumulator-fan-in', 'accumulator-fan-in', 'update-finer', 'dead-zone']);
  });

  it('is printed in lines: three warnings at most, and how much more there is', () => {
    const concern = (n: number, severity: Concern['severity']): Concern => ({ code: 'dead-zone', severity, where: `layer${n}.weight`, message: 'says something', found: '1', expected: '2', try: '--set a=\u001b[1m' });
    const warnings = Array.from({ length: 5 }, (_, n) => concern(n, 'warning'));
    expect(printConcerns(warnings.slice(0, 3))).toHaveLength(3);
    expect(printConcerns(warnings).slice(3)).toEqual(['2 more: --json']);
    expect(printConcerns([...warnings.slice(0, 1), concern(1, 'note')])).toHaveLength(2);
    expect(printConcerns([concern(1, 'note')])).toEqual([]);
    expect(printConcerns(warnings)[0]).toBe('layer0.weight: says something (try --set a=\\u001b[1m)');
    expect(printConcerns(warnings.slice(0, 1), 30)).toEqual(['layer0.weight: says something', '  (try --set a=\\u001b[1m)']);
  });
});
