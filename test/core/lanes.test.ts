/**
 * Values side by side give the bits of values one by one: the build with lanes against the one without, on networks whose rows end inside, at and behind
 * a group of lanes, in words of 32 bits and of 64, with values that never, sometimes and always are near a rail. Every word, counter and first overflow.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { LANES } from '../../src/core/abi.js';
import { lanesOf, takesLanes } from '../../src/core/lanes.js';
import { loadCore, type CoreExports } from '../../src/core/load.js';
import { Session, type Batch, type NumberSystem, type SessionOptions } from '../../src/core/session.js';
import type { Counters } from '../../src/format/quantise.js';
import { alignPlan } from '../../src/plan/alignment.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/schema/plan.js';
import { Random } from '../oracle/random.js';
import { drawn, type Case } from './networks.js';

const SEEDS = process.env['QRAILS_FULL'] ? 6000 : 1000;
/** All that a run leaves. */
function outcomeOf(core: CoreExports, { plan, batches }: Case, options: SessionOptions, kind: NumberSystem = 'fixed'): unknown {
  const session = new Session(core, plan, kind, options);
  const rows: unknown[] = [];
  session.onRow((step, row) => rows.push({ step, ...row }));
  for (const batch of batches) session.push(batch);
  session.finish();
  const after = { theta: session.read('theta'), gradient: session.read('gradient'), update: session.read('update'), errors: plan.layers.map((_, layer) => session.peek('errors', layer)) };
  return { rows, ...after, counters: session.counters(), loss: session.evaluate({ ...batches[0]!, phase: plan.phases.length - 1 }) };
}

describe('values side by side', () => {
  let simd: CoreExports, scalar: CoreExports;
  beforeAll(async () => void ([simd, scalar] = await Promise.all([loadCore('simd'), loadCore('scalar')])));
  const cases = drawn(SEEDS);

  it.each(['counts', 'off', 'full'] as const)(`are those one by one, ${SEEDS} networks, recording %s`, (record) => {
    for (const { seed, ...one } of cases) {
      const chunk = 1 + (seed % 9);
      const found = outcomeOf(simd, one, { record, chunk }), expected = outcomeOf(scalar, one, { record, chunk });
      if (record === 'off') for (const outcome of [found, expected] as { counters?: unknown }[]) delete outcome.counters;
      expect(found, `seed ${seed}`).toEqual(expected);
    }
  });

  it(`are those one by one in the reference, ${SEEDS} networks, as they are and with values that are zero, −0, huge or nothing at all`, () => {
    const strange = [0, -0, 1e300, -1e308, 5e-324, NaN, Infinity];
    for (const { seed, plan, batches } of cases) {
      const random = new Random(seed);
      const odd = (values: Float64Array): Float64Array => values.map((value) => (random.chance(0.05) ? random.pick(strange) : value));
      const all = seed % 2 === 0 ? batches : batches.map((batch) => ({ ...batch, inputs: odd(batch.inputs), targets: odd(batch.targets) }));
      const [found, expected] = [simd, scalar].map((core) => outcomeOf(core, { plan, batches: all }, { chunk: 1 + (seed % 9) }, 'float'));
      expect(found, `seed ${seed}`).toEqual(expected);
    }
  });

  it('are hit in every part, in words of 32 bits and of 64, by one addend and by three, with and without a value at a rail', () => {
    const seen = new Set<string>();
    for (const { plan, batches } of cases) {
      const session = new Session(simd, plan, 'fixed');
      for (const batch of batches) session.push(batch);
      const counters = session.counters();
      lanesOf(plan, alignPlan(plan)).forEach((layer, index) => {
        for (const [part, short] of [['lanesForward', 'shortForward'], ['lanesGradient', 'shortGradient']] as const) {
          if (layer[short]) seen.add(`${short} ${Object.entries(LANES).find(([, kind]) => kind === layer[part])![0]}`);
        }
        for (const [part, site] of [['lanesForward', 'activation'], ['lanesError', 'error'], ['lanesGradient', 'gradient'], ['lanesUpdate', 'weight']] as const) {
          const { nearRail, count } = counters[`layer${index}.${site}`]!;
          seen.add(`${part} ${Object.entries(LANES).find(([, kind]) => kind === layer[part])![0]} ${nearRail === 0 ? 'never' : nearRail < count ? 'sometimes' : 'always'}`);
        }
      });
    }
    const wanted = ['lanesForward', 'lanesError', 'lanesGradient', 'lanesUpdate'].flatMap((part) =>
      Object.keys(LANES).filter((kind) => kind !== 'none' && kind !== 'reals' && (kind !== 'wordsRaw' || part === 'lanesForward' || part === 'lanesGradient')).flatMap((kind) => ['never', 'sometimes'].map((how) => `${part} ${kind} ${how}`)));
    for (const part of ['shortForward', 'shortGradient']) for (const kind of ['wordsOne', 'wordsThree', 'longsOne', 'longsThree']) wanted.push(`${part} ${kind}`);
    expect(wanted.filter((each) => !seen.has(each))).toEqual([]);
  });

  it('are in the histograms of those one by one over many steps, in one run of the core and in some, and where groups with a value at a rail are left out', () => {
    for (const { seed, plan, batches } of cases.slice(0, 80)) {
      const steps = batches.flatMap((batch) => Array<Batch>(30).fill(batch));
      const [found, expected] = [simd, scalar].map((core) => outcomeOf(core, { plan, batches: steps }, { record: 'full', chunk: 1 + ((seed * 37) % 97) }));
      expect(found, `seed ${seed}`).toEqual(expected);
    }
  });

  // One input and a weight of a power of two, learnt already: sums are the inputs, further up. Words of 16 bits and more, of 32 and more, and as long as lanes go.
  it.each([
    [12, 0, 'wordsOne'], [16, 0, 'wordsOne'], [17, 0, 'wordsOne'], [27, 0, 'wordsOne'], [24, 5, 'wordsOne'], [27, 4, 'longsOne'], [27, 5, 'longsOne'], [27, 12, 'longsOne'], [28, 20, 'longsOne'], [28, 28, 'longsOne'],
  ] as const)('are in the bins of their lengths: inputs of %i bits, times 2^%i, in %s', (bits, power, kind) => {
    const edges = Array.from({ length: bits - 1 }, (_, k) => [2 ** k - 1, 2 ** k, 2 ** k + 1]).flat().filter((raw) => raw < 2 ** (bits - 1));
    const raws = [...edges, ...edges.map((raw) => -raw), 0, 0, 0].filter((raw) => Math.abs(raw) < 2 ** (bits - 1) - 1);
    const word = (wordLength: number) => ({ wordLength, fractionLength: 0 });
    const sums = word(bits + power + 3), short = word(Math.min(32, bits + power));
    const plan = buildPlan({
      profile: {
        name: 'lengths', defaults: { rounding: 'TRN', overflow: 'SAT' },
        sites: { input: word(bits), target: short, weight: word(power + 2), bias: word(power + 2), accumulator: sums, activation: short, error: word(8), gradientAccumulator: word(20), gradient: word(10), update: word(8), loss: word(60), rate: { wordLength: 4, fractionLength: 2 } },
        accumulate: { accumulator: 'end', gradientAccumulator: 'end' }, batch: { division: 'exact', sizes: 'any' },
      },
      sensor: { name: 'none' }, throttle: { law: 'none' }, anchor: { law: 'none' }, supervisor: { law: 'none' },
      experiment: {
        name: 'lengths', data: { kind: 'teacher', rows: 256, weights: [] }, model: { layers: [{ outputs: 1, bias: false }], initial: { kind: 'values', layers: [{ weights: [[2 ** power]] }] } },
        phases: [{ steps: 3, batch: raws.length, learningRate: 0.25, throttle: false, anchor: false, supervisor: false }],
      },
      dataset: { rows: raws.length, inputs: 1, targets: 1, values: new Float64Array(), sha256: '0'.repeat(64), names: [] },
    });
    expect(lanesOf(plan, alignPlan(plan), 'full')[0]!.lanesForward).toBe(LANES[kind]);
    const batch = { count: raws.length, phase: 0, inputs: Float64Array.from(raws), targets: Float64Array.from(raws, (raw) => raw * 2 ** power) };
    const [found, expected] = [simd, scalar].map((core) => outcomeOf(core, { plan, batches: [batch, batch, batch] }, { record: 'full', chunk: 2 }));
    expect(found).toEqual(expected);
    const histogram = Array<number>(65).fill(0);
    for (const raw of raws) histogram[raw === 0 ? 0 : BigInt(Math.abs(raw)).toString(2).length + power]! += 3;
    expect((found as { counters: Record<string, Counters> }).counters['layer0.accumulator']!.full!.histogram).toEqual(histogram);
  });

  it.each([12, 40])('are counted on when the planes are full: more than 2^23 values of a site in one run, sums of %i bits', (bits) => {
    const long = bits === 40;
    const [inputs, outputs, count, steps] = [32, 16, 32, 530];
    const word = (wordLength: number, fractionLength: number) => ({ wordLength, fractionLength });
    const plan = buildPlan({
      profile: {
        name: 'many', defaults: { rounding: 'TRN', overflow: 'SAT' },
        sites: {
          input: long ? word(20, 18) : word(8, 6), target: word(12, 6), weight: long ? word(14, 12) : word(8, 6), bias: word(8, 6), accumulator: word(bits, long ? 30 : 6), activation: word(12, 6), error: word(12, 6), gradientAccumulator: word(24, 12), gradient: word(12, 6), update: word(12, 6),
          loss: word(48, 16), rate: word(8, 7),
        },
        accumulate: { accumulator: 'each', gradientAccumulator: 'end' }, batch: { division: 'exact', sizes: 'any' },
      },
      sensor: { name: 'none' }, throttle: { law: 'none' }, anchor: { law: 'none' }, supervisor: { law: 'none' },
      experiment: {
        name: 'many', data: { kind: 'teacher', rows: 256, weights: [] }, model: { layers: [{ outputs, bias: true }], initial: { kind: 'glorot', scale: 0.5 } },
        phases: [{ steps, batch: count, learningRate: 0.0625, throttle: false, anchor: false, supervisor: false }],
      },
      dataset: { rows: count, inputs, targets: outputs, values: new Float64Array(), sha256: '0'.repeat(64), names: [] },
    });
    expect(lanesOf(plan, alignPlan(plan), 'full')[0]!.lanesForward).toBe(long ? LANES.longsOne : LANES.wordsOne);
    const random = new Random(bits);
    const values = (width: number): Float64Array => Float64Array.from({ length: count * width }, () => random.between(-1, 1));
    const batch = { count, phase: 0, inputs: values(inputs), targets: values(outputs) };
    const batches = [batch, ...Array<Batch>(steps - 1).fill({ ...batch, unchanged: true })];
    const [found, expected] = [simd, scalar].map((core) => outcomeOf(core, { plan, batches }, { record: 'full' }));
    expect(found).toEqual(expected);
    const { count: all, nearRail } = (found as { counters: Record<string, Counters> }).counters['layer0.accumulator']!;
    expect(all).toBe(inputs * outputs * count * steps + outputs * count * steps);
    expect(all - 16 * nearRail).toBeGreaterThan(2 ** 23);
  });

  it.each<[number, boolean, number, number?]>([[3, true, 0], [3, false, 0], [4, true, 0], [4, false, 0], [5, true, 0], [5, false, 4], [9, false, 8], [5, false, 4, 8]])('are those one by one where every factor is −2^15, so that two products leave 32 bits: %i outputs, with biases: %s, from output %i on', (outputs, bias, from, late = 0) => {
    const wide = { wordLength: 48, fractionLength: 23 };
    const [inputs, count] = [9, 10];
    const plan = buildPlan({
      profile: {
        name: 'corner', defaults: { rounding: 'RND', overflow: 'SAT' },
        sites: {
          input: { wordLength: 16, fractionLength: 8 }, target: { wordLength: 24, fractionLength: 8 }, weight: { wordLength: 16, fractionLength: 15 }, bias: { wordLength: 16, fractionLength: 15 },
          accumulator: wide, activation: { wordLength: 24, fractionLength: 8 }, error: { wordLength: 16, fractionLength: 8 }, gradientAccumulator: { wordLength: 40, fractionLength: 16 },
          gradient: { wordLength: 28, fractionLength: 8 }, update: { wordLength: 28, fractionLength: 15 }, loss: wide, rate: { wordLength: 16, fractionLength: 15 },
        },
        accumulate: { accumulator: 'end', gradientAccumulator: 'end' }, batch: { division: 'exact', sizes: 'any' },
      },
      sensor: { name: 'none' }, throttle: { law: 'none' }, anchor: { law: 'none' }, supervisor: { law: 'none' },
      experiment: {
        name: 'corner', data: { kind: 'teacher', rows: 16, weights: [] },
        model: { layers: [{ outputs, bias }], initial: { kind: 'values', layers: [{ weights: Array.from({ length: outputs }, (_, o) => Array<number>(inputs).fill(o < from ? 0.5 : -1)), ...(bias && { bias: Array<number>(outputs).fill(-1) }) }] } },
        phases: [{ steps: 2, batch: count, learningRate: 2 ** -15, throttle: false, anchor: false, supervisor: false }],
      },
      dataset: { rows: 16, inputs, targets: outputs, values: new Float64Array(), sha256: '0'.repeat(64), names: [] },
    });
    const [lanes] = lanesOf(plan, alignPlan(plan));
    expect([lanes!.lanesForward, lanes!.lanesGradient, lanes!.shortForward, lanes!.shortGradient]).toEqual([LANES.longsOne, LANES.longsOne, 1, 1]);
    expect(alignPlan(plan).sites['layer0.gradientAccumulator']!.bits).toBe(34); // 10 · 2^30, whatever the biases need
    const batch = { count, phase: 0, inputs: new Float64Array(count * inputs).fill(-128), targets: Float64Array.from({ length: count * outputs }, (_, k) => (k % outputs < from ? -500 : k < late * outputs ? 1152 : 30_000)) };
    const [found, expected] = [simd, scalar].map((core) => outcomeOf(core, { plan, batches: [batch, batch] }, {}));
    expect(found).toEqual(expected);
    // Every gradient is the mean of ten times −2^15·2^−8 · −2^15·2^−8, in last places of 2^−8.
    if (late === 0) expect((found as { gradient: number[][] }).gradient[0]!.slice(from * inputs, outputs * inputs)).toEqual(Array<number>((outputs - from) * inputs).fill(2 ** 22));
  });

  it('are not for sites that draw, that trap, or whose values may be too long', () => {
    const { plan } = cases.find(({ plan }) => plan.layers[0]!.inputs >= 8 && takesLanes(lanesOf(plan, alignPlan(plan))))!;
    const withAll = (change: object): Plan => ({ ...plan, sites: Object.fromEntries(Object.entries(plan.sites).map(([key, format]) => [key, { ...format, ...change }])) });
    for (const change of [{ rounding: 'STOCHASTIC' }, { overflow: 'TRAP' }]) {
      const changed = withAll(change);
      expect(takesLanes(lanesOf(changed, alignPlan(changed))), JSON.stringify(change)).toBe(false);
    }
    const wide = withAll({ wordLength: 32, rails: [String(-(2n ** 31n)), String(2n ** 31n - 1n)] });
    expect(lanesOf(wide, alignPlan(wide))[0]!.lanesForward).toBe(LANES.none);
  });
});
