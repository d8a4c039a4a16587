/**
 * Stochastic rounding: unbiased, however many bits are discarded, and a function of place alone. Seeds are fixed, so every run sees the same
 * numbers: a mean over n draws lies within Z = 4.5 standard errors of what it should be (6.8·10⁻⁶ two-sided for a true generator).
 */
import { describe, expect, it } from 'vitest';
import { BUILDS, loadCore, type Build } from '../../src/core/load.js';
import { Session, type SessionOptions } from '../../src/core/session.js';
import { ArrayQuantiser, quantise, siteFormat } from '../../src/format/quantise.js';
import { randomWords, siteStream } from '../../src/format/random.js';
import { alignPlan } from '../../src/plan/alignment.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import { requiredSiteKeys, siteKeys, SITES, type SiteName } from '../../src/site/sites.js';
import { Random } from '../oracle/random.js';
import { fnv1a, word } from '../oracle/words.js';

const Z = 4.5;
const DRAWS = 20_480;
/** Discarded bits: where 32-bit and 53-bit generators and 64-bit words end, and beyond. */
const DISCARDED = [1, 12, 24, 32, 48, 53, 63, 64, 65, 100];

/** Checks that `ups` of `n` draws is right for probability p. Where n·p is far below one, no draw may go up, and as much the other way. */
function expectShare(ups: number, n: number, p: number, where: string): void {
  const allowed = Z * Math.sqrt(n * p * (1 - p));
  expect(Math.abs(ups - n * p), `${where}: ${ups} of ${n} went up, expected ${n * p} ± ${allowed}`).toBeLessThanOrEqual(Math.max(allowed, n * Math.min(p, 1 - p)));
}

/** Discarded parts d = X / 2^s for s bits: tiny, middling, nearly one; with the last bit set, so that all s bits count. */
function fractions(s: number): bigint[] {
  const one = 1n << BigInt(s);
  const of = (share: bigint): bigint => (one * share) / 4096n | 1n;
  return [...new Set([1n, of(3n), of(2047n), of(3000n), one - 1n])].filter((x) => x > 0n && x < one);
}

const integers = (rounding: SiteFormat['rounding'], wordLength = 32): SiteFormat => siteFormat({ signed: true, wordLength, fractionLength: 0, rounding, overflow: 'SAT' });

describe('host', () => {
  const site = siteStream('layer0.weight');

  it.each(DISCARDED)('STOCHASTIC is unbiased with %i bits discarded, on both sides of zero', (s) => {
    for (const [k, x] of fractions(s).entries()) {
      for (const whole of [0n, -6n]) {
        const value = { numerator: (whole << BigInt(s)) + x, denominator: 1n << BigInt(s) };
        let ups = 0;
        for (let n = 0; n < DRAWS; n++) {
          const { raw } = quantise(value, integers('STOCHASTIC'), randomWords(k + 1, n >> 8, site, n & 255));
          if (raw !== whole) expect(raw).toBe(whole + 1n);
          if (raw !== whole) ups++;
        }
        expectShare(ups, DRAWS, Number(x) / 2 ** s, `${whole} + ${x}/2^${s}`);
      }
    }
  });

  it('STOCHASTIC is unbiased for quotients, and past 128 bits', () => {
    for (const [n, d] of [[1n, 3n], [2n, 3n], [-1n, 7n], [1n, 1000n], [10n ** 30n + 1n, 3n * 10n ** 30n], [(1n << 199n) + 1n, 1n << 200n], [1n, 1n << 200n]] as const) {
      const floor = n < 0n ? -1n : 0n;
      let ups = 0;
      for (let i = 0; i < DRAWS; i++) if (quantise({ numerator: n, denominator: d }, integers('STOCHASTIC'), randomWords(7, i, site, 0)).raw > floor) ups++;
      expectShare(ups, DRAWS, Number((((n % d) + d) * 1_000_000_000_000n) / d % 1_000_000_000_000n) / 1e12, `${n}/${d}`);
    }
  });

  it('STOCHASTIC_EQUAL goes up half the time, whatever was discarded, and never from an exact value', () => {
    for (const s of DISCARDED) {
      for (const x of fractions(s)) {
        let ups = 0;
        for (let i = 0; i < DRAWS / 4; i++) if (quantise({ numerator: x, denominator: 1n << BigInt(s) }, integers('STOCHASTIC_EQUAL'), randomWords(s, i, site, 3)).raw === 1n) ups++;
        expectShare(ups, DRAWS / 4, 0.5, `${x}/2^${s}`);
      }
      for (const rounding of ['STOCHASTIC', 'STOCHASTIC_EQUAL'] as const) {
        for (let i = 0; i < 100; i++) expect(quantise({ numerator: 3n << BigInt(s), denominator: 1n << BigInt(s) }, integers(rounding), randomWords(1, i, site, 0)).raw).toBe(3n);
      }
    }
  });

  it('draws the same words in any order', () => {
    const places = Array.from({ length: 500 }, (_, i) => [i % 7, i % 11, i] as const);
    const draw = ([seed, step, element]: readonly [number, number, number]): bigint => randomWords(seed, step, site, element, 2)(1);
    expect(places.toReversed().map(draw).toReversed()).toEqual(places.map(draw));
    const values = Array.from({ length: 500 }, (_, i) => i / 77 - 3);
    const format = integers('STOCHASTIC', 8);
    const [forth, back] = [0, 1].map(() => new ArrayQuantiser(format, { key: 'input', seed: 4 }));
    const there = values.map((value, element) => forth!.one(value, 9, element));
    const again = values.map((_, i) => back!.one(values[499 - i]!, 9, 499 - i)).toReversed();
    expect(again).toEqual(there);
    const { firstOverflow: _a, ...a } = forth!.finish();
    const { firstOverflow: _b, ...b } = back!.finish();
    expect(b).toEqual(a);
  });
});

describe('streams of random words', () => {
  const N = 16_384;
  const site = (key: string): number => siteStream(key);
  const base = (i: number, k: 0 | 1 = 0): bigint => randomWords(1, i, site('layer0.weight'), 5, 0)(k);
  const streams: Record<string, (i: number) => bigint> = {
    'another seed': (i) => randomWords(2, i, site('layer0.weight'), 5, 0)(0),
    'a seed far off': (i) => randomWords(0xffffffff, i, site('layer0.weight'), 5, 0)(0),
    'the step after': (i) => randomWords(1, i + 1, site('layer0.weight'), 5, 0)(0),
    'another site': (i) => randomWords(1, i, site('layer0.bias'), 5, 0)(0),
    'the site of another layer': (i) => randomWords(1, i, site('layer1.weight'), 5, 0)(0),
    'the next element': (i) => randomWords(1, i, site('layer0.weight'), 6, 0)(0),
    'the next index': (i) => randomWords(1, i, site('layer0.weight'), 5, 1)(0),
    'the other word': (i) => base(i, 1),
    'elements in place of steps': (i) => randomWords(1, 0, site('layer0.weight'), i, 0)(0),
    'indices in place of steps': (i) => randomWords(1, 0, site('layer0.weight'), 5, i)(0),
    'seeds in place of steps': (i) => randomWords(i, 0, site('layer0.weight'), 5, 0)(0),
  };

  it.each(Object.keys(streams))('of %s: uniform, and nothing to do with it', (name) => {
    const other = streams[name]!;
    const cells = new Float64Array(256);
    const bits = new Float64Array(64);
    const equal = new Float64Array(64);
    let correlation = 0;
    for (let i = 0; i < N; i++) {
      const [a, b] = [base(i), other(i)];
      cells[Number(((a >> 60n) << 4n) | (b >> 60n))]!++;
      correlation += (Number(a >> 11n) / 2 ** 53 - 0.5) * (Number(b >> 11n) / 2 ** 53 - 0.5) * 12;
      const same = BigInt.asUintN(64, ~(a ^ b));
      for (let bit = 0; bit < 64; bit++) {
        bits[bit]! += Number((b >> BigInt(bit)) & 1n);
        equal[bit]! += Number((same >> BigInt(bit)) & 1n);
      }
    }
    // χ² of the joint top four bits, 255 degrees of freedom: mean 255, variance 510.
    const chi = cells.reduce((sum, count) => sum + (count - N / 256) ** 2 / (N / 256), 0);
    expect(Math.abs(chi - 255)).toBeLessThan(Z * Math.sqrt(510));
    expect(Math.abs(correlation)).toBeLessThan(Z * Math.sqrt(N));
    for (let bit = 0; bit < 64; bit++) {
      expectShare(bits[bit]!, N, 0.5, `bit ${bit} set`);
      expectShare(equal[bit]!, N, 0.5, `bit ${bit} equal`);
    }
  });

  it('are those of docs/numerics.md', () => {
    const random = new Random(5);
    for (let i = 0; i < 2000; i++) {
      const key = random.pick(siteKeys(3));
      const [seed, step, element, index] = [random.word(), random.chance(0.2) ? 2 ** 40 + i : random.word(), random.word() >> 1, random.integer(0, 1000)];
      for (const k of [0, 1] as const) expect(randomWords(seed, step, site(key), Math.abs(element), index)(k)).toBe(word({ seed, step, site: fnv1a(key), element: Math.abs(element), index }, k));
    }
    // By hand from the definition: FNV-1a of the empty text and of "a".
    expect([siteStream(''), siteStream('a')]).toEqual([0x811c9dc5, 0xe40c292c]);
  });
});

const BATCH = 64;

interface Shape {
  readonly inputs?: number;
  readonly batch?: number;
  readonly steps: number;
  /** Sites other than 32 bits, no fraction, TRN, SAT. */
  readonly sites: Record<string, Partial<SiteFormat>>;
  readonly weight?: bigint;
  readonly bias?: bigint;
}

/** One linear output whose parameters never move: the gradient or the update is too small for its format. */
function still({ inputs = 1, batch = BATCH, steps, sites, weight = 0n, bias }: Shape): Plan {
  const format = (key: string): SiteFormat => {
    const { kind } = SITES[key.slice(key.indexOf('.') + 1) as SiteName];
    const wordLength = kind === 'signal' || kind === 'constant' ? 32 : 60;
    return siteFormat({ signed: true, wordLength, fractionLength: 0, rounding: 'TRN', overflow: 'SAT', ...sites[key] });
  };
  const reals = (raw: bigint): number => Number(raw);
  return {
    plan: 1, numerics: 1, seed: 12345, order: 'sequential', lastBatch: 'keep', sensor: {}, divergedLoss: 1e300, evaluationRows: 1,
    layers: [{ inputs, outputs: 1, activation: 'linear', bias: bias !== undefined }],
    initial: [{
      weights: [Array<number>(inputs).fill(reals(weight))], weightsRaw: [Array<string>(inputs).fill(String(weight))],
      bias: bias === undefined ? [] : [reals(bias)], biasRaw: bias === undefined ? [] : [String(bias)],
    }],
    data: { rows: batch, inputs, targets: 1, sha256: '0'.repeat(64) },
    phases: [{ steps, batch, learningRate: { value: 1, raw: '1' }, throttle: false, anchor: false, supervisor: false, sensor: false }],
    sites: Object.fromEntries(requiredSiteKeys(1).map((key) => [key, format(key)])),
    accumulate: { accumulator: 'end', gradientAccumulator: 'end', order: 'ascending' }, divide: { method: 'exact' }, batchDivision: 'exact', errorRule: 'difference',
    throttle: { law: 'none' }, anchor: { law: 'none' }, supervisor: { law: 'none' },
  };
}

const STUCK: Record<string, Partial<SiteFormat>> = { 'layer0.update': { fractionLength: -4, wordLength: 3, rounding: 'TRN_ZERO' } };

/** Raws after every step of a run on the same samples again and again. */
async function raws(plan: Plan, build: Build, options: SessionOptions, look: (session: Session) => number[], input = 1, target = 0): Promise<number[]> {
  const session = new Session(await loadCore(build), plan, 'fixed', { ...options, chunk: 1 });
  const [{ steps, batch }] = plan.phases as [Plan['phases'][number]];
  const { inputs } = plan.data;
  const delivered = { count: batch, inputs: new Float64Array(batch * inputs).fill(input), targets: new Float64Array(batch).fill(target), phase: 0 };
  const seen: number[] = [];
  for (let step = 0; step < steps; step++) {
    session.push(delivered);
    session.finish();
    seen.push(...look(session));
  }
  return seen;
}

describe('core', () => {
  /** The accumulator discards s bits of bias·2^-12 plus a product of 2^-s or nothing. */
  const discarding = (s: number, bias: bigint, weight: bigint, rounding: SiteFormat['rounding']): Plan => still({
    steps: DRAWS / BATCH, weight, bias,
    sites: {
      ...STUCK, 'layer0.accumulator': { rounding, wordLength: 16 },
      'layer0.weight': { fractionLength: s - Math.floor(s / 2), wordLength: 3 }, input: { fractionLength: Math.floor(s / 2), wordLength: 3 },
      'layer0.bias': { fractionLength: 12, wordLength: 16 }, 'layer0.activation': { wordLength: 16 }, 'layer0.error': { wordLength: 16 }, target: { wordLength: 3 },
      'layer0.gradient': { wordLength: 20 }, rate: { wordLength: 8 },
    },
  });

  it.each(DISCARDED.filter((s) => s >= 12))('STOCHASTIC is unbiased with %i bits discarded', async (s) => {
    for (const bias of [0n, 3n, 2047n, -1024n, -4095n]) {
      for (const weight of [1n, -1n]) {
        const plan = discarding(s, bias, weight, 'STOCHASTIC');
        expect(alignPlan(plan).sites['layer0.accumulator']!.shift).toBe(s);
        const x = Number(bias) / 4096 + Number(weight) * 2 ** -s;
        const floor = bias === 0n ? (weight < 0n ? -1 : 0) : Math.floor(Number(bias) / 4096);
        const input = 2 ** -Math.floor(s / 2);
        const seen = await raws(plan, 'scalar', {}, (session) => session.peek('activations'), input);
        expect(seen.length).toBe(DRAWS);
        for (const raw of seen) if (raw !== floor) expect(raw).toBe(floor + 1);
        expectShare(seen.filter((raw) => raw !== floor).length, DRAWS, bias === 0n && weight < 0n ? 1 - 2 ** -s : x - floor, `${bias}/2^12 + ${weight}/2^${s}`);
        // And bit for bit what §2.1 says of each place.
        const exact = (bias << BigInt(s - 12)) + weight;
        const site = fnv1a('layer0.accumulator');
        for (let i = 0; i < 256; i++) {
          const place = { seed: plan.seed, step: Math.floor(i / BATCH), site, element: i % BATCH, index: 0 };
          const r = ((word(place, 0) << 64n) | word(place, 1)) >> BigInt(128 - s);
          expect(seen[i]).toBe(Number((exact + r) >> BigInt(s)));
        }
      }
    }
  });

  it.each([12, 32, 48, 63, 64, 65, 100])('STOCHASTIC_EQUAL goes up half the time with %i bits discarded', async (s) => {
    for (const [bias, weight, floor] of [[0n, 1n, 0], [0n, -1n, -1], [1n, 1n, 0], [-4095n, 1n, -1]] as const) {
      const seen = await raws(discarding(s, bias, weight, 'STOCHASTIC_EQUAL'), 'scalar', {}, (session) => session.peek('activations'), 2 ** -Math.floor(s / 2));
      for (const raw of seen) if (raw !== floor) expect(raw).toBe(floor + 1);
      expectShare(seen.filter((raw) => raw !== floor).length, DRAWS, 0.5, `${bias}/2^12 + ${weight}/2^${s}`);
    }
  });

  it.each(['STOCHASTIC', 'STOCHASTIC_EQUAL'] as const)('%s is right at quotients: the loss and an exactly divided gradient', async (rounding) => {
    // e = 1 for every sample, or a seventh of them; ℓ = Σe² / 2B, g = Σ e·a / B
    for (const batch of [3, 7, 49]) {
      const plan = still({
        batch, inputs: 80, steps: Math.ceil(DRAWS / 80), weight: 0n,
        sites: { ...STUCK, loss: { rounding }, 'layer0.gradient': { rounding }, 'layer0.error': {} },
      });
      const session = new Session(await loadCore('scalar'), plan, 'fixed', { chunk: 1 });
      const inputs = new Float64Array(batch * 80).fill(1);
      const targets = new Float64Array(batch).map((_, b) => (b < 2 ? -1 : 0));
      let [lossUps, gradientUps, gradients, steps] = [0, 0, 0, 0];
      session.onRow((_, { loss }) => {
        steps++;
        lossUps += loss;
      });
      for (let step = 0; step < plan.phases[0]!.steps; step++) {
        session.push({ count: batch, inputs, targets, phase: 0 });
        session.finish();
        for (const g of session.read('gradient')[0]!) {
          gradients++;
          gradientUps += g;
        }
      }
      expect(gradients).toBeGreaterThanOrEqual(DRAWS);
      expectShare(gradientUps, gradients, rounding === 'STOCHASTIC' ? 2 / batch : 0.5, `gradient, ${batch}`);
      expectShare(lossUps, steps, rounding === 'STOCHASTIC' ? 1 / batch : 0.5, `loss, ${batch}`);
    }
  });

  it('draws the loss of 20 480 steps without bias', async () => {
    const plan = still({ batch: 3, steps: DRAWS, sites: { ...STUCK, loss: { rounding: 'STOCHASTIC', fractionLength: 1 } } });
    const session = new Session(await loadCore('scalar'), plan, 'fixed');
    let sum = 0;
    session.onRow((_, { loss }) => (sum += loss * 2));
    const batch = { count: 3, inputs: new Float64Array(3), targets: Float64Array.of(1, 0, 0), phase: 0 };
    for (let step = 0; step < DRAWS; step++) session.push(batch);
    session.finish();
    expectShare(sum, DRAWS, 1 / 3, 'loss of 1/6 in halves');
  });

  it('gives the same bits on every build, in every chunk, in both widths', async () => {
    for (const rounding of ['STOCHASTIC', 'STOCHASTIC_EQUAL'] as const) {
      for (const s of [24, 40]) {
        const plan = discarding(s, 1234n, 1n, rounding);
        expect(alignPlan(plan).narrow).toBe(true);
        const input = 2 ** -Math.floor(s / 2);
        const all = await Promise.all((Object.keys(BUILDS) as Build[]).flatMap((build) => [false, true].map((wide) => raws(plan, build, { wide }, (session) => session.peek('activations'), input))));
        expect(new Set(all[0]).size).toBe(2);
        for (const one of all) expect(one).toEqual(all[0]);
        const batch = { count: BATCH, inputs: new Float64Array(BATCH).fill(input), targets: new Float64Array(BATCH), phase: 0 };
        const runs = await Promise.all([1, 7, 1024].map(async (chunk) => {
          const session = new Session(await loadCore('simd'), plan, 'fixed', { chunk });
          const losses: number[] = [];
          session.onRow((_, { loss }) => losses.push(loss));
          for (let step = 0; step < plan.phases[0]!.steps; step++) session.push(batch);
          session.finish();
          return { losses, counters: session.counters() };
        }));
        expect(runs[1]).toEqual(runs[0]);
        expect(runs[2]).toEqual(runs[0]);
      }
    }
  });

  it('draws for a place, not for a turn: a sample more or less in the batch leaves the others as they are', async () => {
    const plan = discarding(40, 1234n, 1n, 'STOCHASTIC');
    const shorter = { ...plan, phases: plan.phases.map((phase) => ({ ...phase, batch: BATCH - 5 })) };
    const look = (session: Session): number[] => session.peek('activations').slice(0, BATCH - 5);
    const [all, fewer] = await Promise.all([raws(plan, 'simd', {}, look, 2 ** -20), raws(shorter, 'simd', {}, look, 2 ** -20)]);
    expect(fewer).toEqual(all);
    const reseeded = await raws({ ...plan, seed: plan.seed + 1 }, 'simd', {}, look, 2 ** -20);
    const agree = reseeded.filter((raw, i) => raw === all[i]).length;
    const p = 1234 / 4096;
    expectShare(agree, all.length, p * p + (1 - p) * (1 - p), 'two seeds');
  });
});
