import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import type { SensorModel, Term } from '../../src/schema/sensor.js';
import { fewestInputs } from '../../src/signal/model.js';
import { createFrontEnd } from '../../src/signal/sensor.js';
import { RISE, temperatureAt } from '../../src/signal/temperature.js';
import { createWalk } from '../../src/signal/walk.js';
import { sensed, walked, xoroshiro } from './oracle.js';

function deliver(sensor: SensorModel, sample: readonly number[], clock = 0, seed = 42): number[] {
  const out = new Float64Array(sample.length);
  createFrontEnd(sensor, sample.length, seed).deliver(Float64Array.from(sample), 0, clock, out, 0);
  return [...out];
}

/** A gain (of 1) and an offset (on 0) at each of these clocks. */
const gains = (term: Term, clocks: readonly number[]) => clocks.map((clock) => deliver({ gain: [term] }, [1], clock)[0]);
const offsets = (term: Term, clocks: readonly number[]) => clocks.map((clock) => deliver({ offset: [term] }, [0], clock)[0]);

describe('golden doubles, worked out by another program from docs/sensors.md', () => {
  test('ramp', () => {
    const term: Term = { kind: 'ramp', at: 3, steps: 7, value: 4 };
    expect(gains(term, [0, 3, 4, 5, 9, 10, 11, 1e9])).toEqual([1, 1, 1.4285714285714286, 1.8571428571428572, 3.571428571428571, 4, 4, 4]);
    // from + (value − from) is 0.7000000000000001 here: the end is the value itself.
    expect(offsets({ kind: 'ramp', from: 0.1, at: 0, steps: 3, value: 0.7 }, [0, 2, 3])).toEqual([0.1, 0.5, 0.7]);
  });

  test('ageing goes with the root of the clock', () => {
    expect(gains({ kind: 'ageing', rate: -0.1, per: 5000 }, [0, 1, 777, 5000, 20000])).toEqual([1, 0.9985857864376269, 0.9605791933111459, 0.9, 0.8]);
    expect(offsets({ kind: 'ageing', rate: 0.03, per: 7 }, [0, 1, 7, 8])).toEqual([0, 0.011338934190276815, 0.03, 0.03207134902949093]);
  });

  test('temperature cycles: sine and triangle', () => {
    const at = (kind: 'sine' | 'triangle', from: number, to: number, steps: number, clocks: readonly number[]) =>
      clocks.map((clock) => temperatureAt({ kind, reference: 0, from, to, steps }, clock));
    expect(at('sine', 10, 40, 144, [0, 1, 36, 50, 72, 100, 143, 144, 200])).toEqual([
      10, 10.014554659525553, 25, 33.603534499804184, 40, 30.13020694255829, 10.014554659525553, 10, 36.49058063824971,
    ]);
    expect(at('sine', -3.3, 21.7, 7, [0, 1, 2, 3, 4, 7])).toEqual([-3.3, 1.4064493809427532, 11.981468204089573, 20.461903388159616, 20.461903388159616, -3.3]);
    expect(at('triangle', 15, 65, 1440, [0, 1, 700, 720, 1000, 1440])).toEqual([15, 15.069444444444445, 63.61111111111111, 65, 45.55555555555556, 15]);
    expect(at('triangle', 0.1, 0.3, 7, [1, 2, 3, 4, 8])).toEqual([0.15714285714285714, 0.21428571428571427, 0.2714285714285714, 0.2714285714285714, 0.15714285714285714]);
    expect(at('sine', 5, 5.5, 1, [0, 1, 2])).toEqual([5, 5, 5]);
  });

  test('temperature terms follow the cycle', () => {
    const temperature = { kind: 'sine' as const, reference: 25, from: 10, to: 40, steps: 144 };
    expect(deliver({ temperature, gain: [{ kind: 'temperature', perDegree: 0.01 }] }, [1], 50)).toEqual([1 + 0.01 * (33.603534499804184 - 25)]);
    expect(deliver({ temperature, offset: [{ kind: 'temperature', perDegree: 0.01 }] }, [0], 216)).toEqual([0.01 * (40 - 25)]);
  });

  test('the table behind the sine', () => {
    const bytes = Buffer.alloc(257 * 4);
    RISE.forEach((entry, i) => bytes.writeUInt32LE(entry, 4 * i));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe('b95fe86cbff659202725626eec4c2caf33bac1e90d83d5386e91d9f2b247d435');
    for (let i = 0; i <= 256; i++) expect(RISE[i]).toBe(Math.round(((1 - Math.cos((Math.PI * i) / 256)) / 2) * 2 ** 24));
  });

  test('random walks by seed, list, entry and channel', () => {
    const places = (seed: number, key: string, channel: number, moves: readonly number[]) => {
      const walk = createWalk(seed, key, [channel]);
      return moves.map((n) => walk.at(n, 0));
    };
    expect(places(42, 'sensor.gain[0]', 0, [0, 1, 2, 3, 10, 31, 32, 33, 64, 100, 1000])).toEqual([0, -1, -2, -3, 2, -3, -2, -3, 8, 12, -72]);
    expect(places(42, 'sensor.gain[0]', 1, [1, 32, 100])).toEqual([-1, -2, 10]);
    expect(places(42, 'sensor.offset[1]', 2, [1, 32, 100])).toEqual([-1, -10, -16]);
    expect(places(7, 'sensor.gain[0]', 0, [1, 32, 100])).toEqual([-1, 0, 2]);
    const term: Term = { kind: 'randomWalk', stepSize: 0.0095 };
    expect(gains(term, [0, 10, 100, 1000])).toEqual([1, 1.019, 1.1139999999999999, 0.31600000000000006]);
    expect(gains({ ...term, every: 3 }, [32, 300])).toEqual([1.019, 1.1139999999999999]);
    expect(deliver({ gain: [term] }, [1, 1], 100)).toEqual([1.1139999999999999, 1 + 0.0095 * 10]);
    expect(deliver({ offset: [{ kind: 'constant', value: 0 }, { ...term, channels: [2] }] }, [0, 0, 0], 32)).toEqual([0, 0, 0.0095 * -10]);
  });

  test('curves: held or interpolated, ended or repeated', () => {
    const values = [1, 0.9, 1.05];
    const curve = (rest: object): Term => ({ kind: 'curve', values, every: 4, ...rest });
    expect(gains(curve({}), [0, 3, 4, 7, 8, 11, 12, 1e9])).toEqual([1, 1, 0.9, 0.9, 1.05, 1.05, 1.05, 1.05]);
    expect(gains(curve({ end: 'repeat' }), [11, 12, 16, 24])).toEqual([1.05, 1, 0.9, 1]);
    expect(gains(curve({ interpolation: 'linear', end: 'repeat' }), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])).toEqual([
      1, 0.975, 0.95, 0.925, 0.9, 0.9375, 0.9750000000000001, 1.0125, 1.05, 1.0375, 1.025, 1.0125, 1, 0.975,
    ]);
    expect(gains(curve({ interpolation: 'linear' }), [8, 9, 12, 1e9])).toEqual([1.05, 1.05, 1.05, 1.05]);
    expect(gains({ kind: 'curve', values: [3] }, [0, 5])).toEqual([3, 3]);
  });

  test('perChannel: by position, or by the channels listed', () => {
    expect(deliver({ gain: [{ kind: 'perChannel', values: [2, 3] }] }, [1, 1, 1])).toEqual([2, 3, 1]);
    expect(deliver({ gain: [{ kind: 'perChannel', values: [2, 3, 5], channels: [2, 0, 1] }] }, [1, 1, 1, 1])).toEqual([3, 5, 2, 1]);
    expect(deliver({ offset: [{ kind: 'perChannel', values: [-1], channels: [1] }] }, [0, 0])).toEqual([0, -1]);
  });
});

describe('supply', () => {
  const supply = { nominal: 3.3, terms: [{ kind: 'ramp' as const, at: 0, steps: 400, value: -0.9 }, { kind: 'randomWalk' as const, stepSize: 0.001 }] };

  test('scales after the gains, before the offsets', () => {
    const place = walked(42, 'sensor.supply.terms[1]', 0, 100);
    expect(place).toBe(-24);
    const ratio = (3.3 - 0.9 / 4 + 0.001 * place) / 3.3;
    expect(deliver({ supply }, [0.5, 1], 100)).toEqual([0.4622727272727273, 0.9245454545454546]);
    expect(deliver({ supply, gain: [{ kind: 'constant', value: 0.3 }], offset: [{ kind: 'constant', value: 7 }] }, [0.1], 100)).toEqual([0.1 * 0.3 * ratio + 7]);
    expect(deliver({ supply: { ...supply, channels: [1] } }, [1, 1], 100)).toEqual([1, 0.9245454545454546]);
  });

  test('changes nothing where the converter follows it', () => {
    expect(deliver({ supply: { ...supply, ratiometric: true } }, [0.5], 100)).toEqual([0.5]);
    expect(createFrontEnd({ supply: { ...supply, ratiometric: true } }, 1, 1).isStatic(0, 99)).toBe(true);
    expect(createFrontEnd({ supply }, 1, 1).isStatic(0, 99)).toBe(false);
  });
});

describe('dead elements', () => {
  const sensor: SensorModel = {
    gain: [{ kind: 'constant', value: 2 }], offset: [{ kind: 'constant', value: 1 }],
    dead: [{ at: 5, channels: [1] }, { at: 7, value: -0.26, channels: [1, 2] }],
  };

  test('replace the value after gain and offset, from their clock on, later entries last', () => {
    expect([4, 5, 7].map((clock) => deliver(sensor, [1, 1, 1], clock))).toEqual([[3, 3, 3], [3, 0, 3], [3, -0.26, -0.26]]);
  });

  test('noise and ADC act on what they deliver', () => {
    const frontEnd = createFrontEnd({ ...sensor, noise: { standardDeviation: 0.5, channels: [2] }, adc: { wordLength: 4, signed: true, fullScale: [-1, 1] } }, 3, 3);
    const out = new Float64Array(3);
    frontEnd.deliver(Float64Array.of(0, 0, 0), 0, 7, out, 0);
    const draw = xoroshiro('noise', 3);
    const wanted = sensed({ dead: sensor.dead!, noise: { standardDeviation: 0.5, channels: [2] } }, [0, 0, 0], 7, 3, draw)[2]!;
    expect([...out]).toEqual([0.875, -0.375, Math.min(Math.max(Math.floor(wanted * 8) / 8, -1), 0.875)]);
  });

  test('are a change, and take what a gain broke', () => {
    const frontEnd = createFrontEnd(sensor, 3, 1);
    expect([[4, 5], [5, 6], [6, 7], [7, 99]].map(([a, b]) => frontEnd.isStatic(a!, b!))).toEqual([false, true, false, true]);
    expect(deliver({ gain: [{ kind: 'constant', value: 1e300 }], dead: [{ at: 0, channels: [0] }] }, [1e300])).toEqual([0]);
  });
});

describe('rails of the ADC', () => {
  test('clip before the conversion', () => {
    const adc = { wordLength: 4, fullScale: [0, 16] as [number, number], rails: [1.5, 12.25] as [number, number] };
    expect([-3, 1, 2.9, 12, 13, 99].map((v) => deliver({ adc }, [v])[0])).toEqual([1, 1, 2, 12, 12, 12]);
    expect([-3, 99].map((v) => deliver({ adc: { ...adc, rounding: 'RND' } }, [v])[0])).toEqual([2, 12]);
  });

  test('none is not the full scale: JAM moves a clipped bottom code, not a saturated one', () => {
    const adc = { wordLength: 4, fullScale: [0, 16] as [number, number], rounding: 'JAM' as const };
    expect(deliver({ adc }, [-0.5])).toEqual([0]);
    expect(deliver({ adc: { ...adc, rails: [0, 16] } }, [-0.5])).toEqual([1]);
  });
});

describe('static where nothing changes', () => {
  const pairs = [[0, 1], [3, 4], [4, 5], [0, 8]] as const;
  test.each<[string, SensorModel, boolean[]]>([
    ['ramp', { gain: [{ kind: 'ramp', at: 3, steps: 1, value: 2 }] }, [true, false, true, false]],
    ['ageing', { gain: [{ kind: 'ageing', rate: 1, per: 5 }] }, [false, false, false, false]],
    ['perChannel', { gain: [{ kind: 'perChannel', values: [2] }] }, [true, true, true, true]],
    ['curve', { gain: [{ kind: 'curve', values: [1, 2, 1], every: 4, end: 'hold' }] }, [true, false, true, true]],
    ['randomWalk, by its moves', { gain: [{ kind: 'randomWalk', stepSize: 1, every: 4 }] }, [true, false, true, false]],
    ['a cycle', { temperature: { kind: 'triangle', reference: 0, from: 0, to: 1, steps: 8 }, gain: [{ kind: 'temperature', perDegree: 1 }] }, [false, false, false, true]],
  ])('%s', (_, sensor, wanted) => {
    const frontEnd = createFrontEnd(sensor, 1, 1);
    expect(pairs.map(([a, b]) => frontEnd.isStatic(a, b))).toEqual(wanted);
  });

  test('clocks may come in any order', () => {
    const frontEnd = createFrontEnd({ gain: [{ kind: 'randomWalk', stepSize: 1 }] }, 1, 42);
    const out = new Float64Array(5);
    [100, 10, 1000, 33, 32].forEach((clock, i) => frontEnd.deliver(Float64Array.of(1), 0, clock, out, i));
    expect([...out]).toEqual([13, 3, -71, -2, -1]);
  });
});

describe('refuses', () => {
  test.each<[string, SensorModel, RegExp]>([
    ['more values than inputs', { gain: [{ kind: 'perChannel', values: [1, 2, 3] }] }, /gain\[0\]\.values\[2\].*no such input/],
    ['values that do not fit the channels', { gain: [{ kind: 'perChannel', values: [1, 2], channels: [0] }] }, /gain\[0\]\.values.*\n.*2 values\n.*1/],
    ['a dead channel that is not there', { dead: [{ at: 0, channels: [2] }] }, /dead\[0\]\.channels\[0\]/],
    ['a supplied channel that is not there', { supply: { nominal: 1, terms: [], channels: [5] } }, /supply\.channels\[0\]/],
    ['a supply that needs a temperature, ratiometric or not', { supply: { nominal: 1, ratiometric: true, terms: [{ kind: 'temperature', perDegree: 1 }] } }, /supply\.terms\[0\].*temperature/],
    ['a ramp too steep for numbers', { gain: [{ kind: 'ramp', from: -1.7e308, at: 0, steps: 2, value: 1.7e308 }] }, /gain\[0\].*range/],
    ['a walk too wide for numbers', { offset: [{ kind: 'randomWalk', stepSize: 1e300 }] }, /offset\[0\].*range/],
    ['ageing beyond numbers', { gain: [{ kind: 'ageing', rate: 1e305, per: 1 }] }, /gain\[0\].*range/],
    ['neighbours too far apart', { gain: [{ kind: 'curve', values: [-1.7e308, 1.7e308], interpolation: 'linear' }] }, /gain\[0\].*range/],
    ['a voltage beyond numbers', { supply: { nominal: 1, terms: [{ kind: 'ageing', rate: 1e305, per: 1 }] } }, /supply\.terms\[0\].*voltage.*range/],
    ['rails off the scale', { adc: { wordLength: 8, fullScale: [-1, 1], rails: [-1.5, 1] } }, /adc\.rails/],
    ['rails the wrong way round', { adc: { wordLength: 8, fullScale: [-1, 1], rails: [0.5, 0.5] } }, /adc\.rails/],
  ])('%s', (_, sensor, message) => {
    expect(() => createFrontEnd(sensor, 2, 1)).toThrow(QrailsError);
    expect(() => createFrontEnd(sensor, 2, 1)).toThrow(message);
  });

  test('a recorded term that no file was read for', () => {
    expect(() => createFrontEnd({ offset: [{ kind: 'recorded', file: 'x.csv' }] }, 1, 1)).toThrow(/offset\[0\].*read when its sensor is loaded/);
  });
});

test('the fewest inputs a sensor can do with', () => {
  expect(fewestInputs({})).toBe(1);
  expect(fewestInputs({ gain: [{ kind: 'perChannel', values: [1, 1, 1] }] })).toBe(3);
  expect(fewestInputs({ gain: [{ kind: 'constant', value: 1, channels: [3] }], dead: [{ at: 0, channels: [6, 2] }], supply: { nominal: 1, terms: [], channels: [4] } })).toBe(7);
  expect(fewestInputs({ noise: { standardDeviation: 1, channels: [8] }, offset: [{ kind: 'constant', value: 1 }] })).toBe(9);
});

describe('against the oracle', () => {
  const INPUTS = 4;
  const real = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const clock = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 1e9 }));
  const steps = clock.map((n) => n + 1).filter((n) => n <= 1e9);
  const someChannels = fc.uniqueArray(fc.integer({ min: 0, max: INPUTS - 1 }), { minLength: 1 });
  const channels = { channels: someChannels };
  const optional = <T extends Record<string, fc.Arbitrary<unknown>>>(required: T, rest: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record({ ...required, ...rest }, { requiredKeys: Object.keys(required) });
  const laws = [
    optional({ kind: fc.constant('constant'), value: real }, {}),
    optional({ kind: fc.constant('step'), at: clock, value: real }, {}),
    optional({ kind: fc.constant('ramp'), at: clock, steps, value: real }, { from: real }),
    optional({ kind: fc.constant('temperature'), perDegree: real }, {}),
    optional({ kind: fc.constant('ageing'), rate: real, per: steps }, {}),
    optional({ kind: fc.constant('randomWalk'), stepSize: real }, { every: steps }),
    optional({ kind: fc.constant('curve'), values: fc.array(real, { minLength: 1, maxLength: 6 }) }, { every: steps, interpolation: fc.constantFrom('hold', 'linear'), end: fc.constantFrom('hold', 'repeat') }),
  ];
  const onChannels = fc.option(someChannels, { nil: undefined });
  const acting = fc.tuple(fc.oneof(...laws), onChannels).map(([term, list]) => ({ ...term, ...(list && { channels: list }) }));
  const perChannel = fc.oneof(
    fc.record({ kind: fc.constant('perChannel'), values: fc.array(real, { minLength: 1, maxLength: INPUTS }) }),
    someChannels.chain((list) => fc.record({ kind: fc.constant('perChannel'), channels: fc.constant(list), values: fc.array(real, { minLength: list.length, maxLength: list.length }) })),
  );
  const terms = fc.array(fc.oneof({ weight: 6, arbitrary: acting }, { weight: 1, arbitrary: perChannel }), { maxLength: 3 });
  const sensors = optional(
    { temperature: optional({ reference: real, from: real, to: real, steps }, { kind: fc.constantFrom('linear', 'triangle', 'sine') }) },
    {
      gain: terms,
      offset: terms,
      supply: optional({ nominal: fc.double({ min: 0.1, max: 10, noNaN: true }), terms: fc.array(fc.oneof(...laws), { maxLength: 2 }) }, { ratiometric: fc.boolean(), ...channels }),
      dead: fc.array(optional({ at: clock, channels: someChannels }, { value: real }), { maxLength: 2 }),
      noise: optional({ standardDeviation: fc.double({ min: 0, max: 2, noNaN: true }) }, channels),
      adc: optional(
        { wordLength: fc.integer({ min: 2, max: 8 }), fullScale: fc.constantFrom([-2, 2], [0, 3.3], [-0.1, 1.7]) },
        { signed: fc.boolean(), rounding: fc.constantFrom('TRN', 'RND'), rails: fc.constant([0.25, 1.1]) },
      ),
    },
  ) as unknown as fc.Arbitrary<SensorModel>;

  test('every sensor is refused, or gives the oracle’s doubles, all finite', () => {
    let delivered = 0;
    fc.assert(
      fc.property(sensors, fc.array(real, { minLength: INPUTS, maxLength: INPUTS }), fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (sensor, sample, clocks, seed) => {
        let frontEnd;
        try {
          frontEnd = createFrontEnd(sensor, INPUTS, seed);
        } catch (error) {
          expect(error).toBeInstanceOf(QrailsError);
          return;
        }
        const draw = xoroshiro('noise', seed);
        const out = new Float64Array(INPUTS);
        for (const at of clocks) {
          const wanted = sensed(sensor, sample, at, seed, draw);
          try {
            frontEnd.deliver(Float64Array.from(sample), 0, at, out, 0);
          } catch (error) {
            expect(error).toMatchObject({ code: 'data' });
            expect(wanted.some((v) => !Number.isFinite(v))).toBe(true);
            return;
          }
          // +0 and −0 are one exact value.
          expect([...out].map((v) => v + 0)).toEqual(wanted.map((v) => v + 0));
          expect(wanted.every(Number.isFinite)).toBe(true);
          delivered++;
        }
      }),
      { numRuns: 1500, seed: 20 },
    );
    expect(delivered).toBeGreaterThan(500);
  });
});
