import { describe, expect, test } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { loadSensor } from '../../src/profile/sensor.js';
import type { SensorModel as Model } from '../../src/schema/sensor.js';
import { sensorModel } from '../../src/signal/model.js';
import { createFrontEnd } from '../../src/signal/sensor.js';
import { oracleNormal, xoroshiro } from './oracle.js';

function deliver(sensor: Model, sample: readonly number[], clock = 0, seed = 42): number[] {
  const out = new Float64Array(sample.length);
  createFrontEnd(sensor, sample.length, seed).deliver(Float64Array.from(sample), 0, clock, out, 0);
  return [...out];
}

/** Worked out once by another program, from docs/sensors.md. */
const GOLDEN = { analogue: [0.590405199456215, -0.4709352714002133], converted: [0.58984375, -0.4716796875] };

describe('terms', () => {
  test('no sensor delivers samples as they are', () => {
    expect(deliver({}, [0.1, -3e-300, 0])).toEqual([0.1, -3e-300, 0]);
  });

  test('gains come before offsets, each in file order, rounded one by one', () => {
    const x = 1.4;
    const wanted = x * 0.1 * 3 * 0.7 + 0.1 + 0.2 + -0.3;
    expect(wanted).toBe(0.2939999999999999);
    const chain = (gain: number[], offset: number[]) =>
      deliver({ offset: offset.map((value) => ({ kind: 'constant', value })), gain: gain.map((value) => ({ kind: 'constant', value })) }, [x])[0];
    expect(chain([0.1, 3, 0.7], [0.1, 0.2, -0.3])).toBe(wanted);
    // Any other order gives another double.
    expect(chain([0.7, 3, 0.1], [0.1, 0.2, -0.3])).not.toBe(wanted);
    expect(chain([0.1, 3, 0.7], [-0.3, 0.2, 0.1])).not.toBe(wanted);
    expect((x + 0.1 + 0.2 + -0.3) * 0.1 * 3 * 0.7).not.toBe(wanted);
    expect(x * (0.1 * 3 * 0.7) + (0.1 + 0.2 + -0.3)).not.toBe(wanted);
  });

  test('a step acts from its clock on, on its channels', () => {
    const sensor: Model = {
      gain: [{ kind: 'step', at: 3, value: 4, channels: [1] }],
      offset: [{ kind: 'step', at: 5, value: -1 }],
    };
    expect([2, 3, 4, 5].map((clock) => deliver(sensor, [0.5, 0.5], clock))).toEqual([[0.5, 0.5], [0.5, 2], [0.5, 2], [-0.5, 1]]);
  });

  test('temperature is linear in the clock, then held', () => {
    const temperature = { reference: 20, from: 25, to: 85, steps: 7 };
    const sensor: Model = { temperature, gain: [{ kind: 'temperature', perDegree: 0.003 }], offset: [{ kind: 'temperature', perDegree: -0.002 }] };
    for (const clock of [0, 1, 3, 7, 8, 1e9]) {
      const degrees = 25 + (85 - 25) * (Math.min(clock, 7) / 7);
      expect(deliver(sensor, [0.3], clock)).toEqual([0.3 * (1 + 0.003 * (degrees - 20)) + -0.002 * (degrees - 20)]);
    }
    expect(deliver(sensor, [0.3], 0)[0]).toBe(0.3 * 1.015 - 0.01);
  });

  test('clocks may come in any order', () => {
    const frontEnd = createFrontEnd({ gain: [{ kind: 'step', at: 2, value: 4 }] }, 1, 1);
    const out = new Float64Array(3);
    [5, 1, 2].forEach((clock, i) => frontEnd.deliver(Float64Array.of(1), 0, clock, out, i));
    expect([...out]).toEqual([4, 1, 4]);
  });

  test('is static where nothing changes', () => {
    const step = createFrontEnd({ gain: [{ kind: 'step', at: 2, value: 4 }] }, 1, 1);
    expect([[0, 1], [1, 2], [2, 3], [0, 9]].map(([a, b]) => step.isStatic(a!, b!))).toEqual([true, false, true, false]);
    const warm = createFrontEnd({ temperature: { reference: 0, from: 0, to: 1, steps: 4 }, offset: [{ kind: 'temperature', perDegree: 1 }] }, 1, 1);
    expect([[0, 1], [3, 4], [4, 5]].map(([a, b]) => warm.isStatic(a!, b!))).toEqual([false, false, true]);
    const noisy = createFrontEnd({ noise: { standardDeviation: 1e-9 } }, 1, 1);
    expect(noisy.isStatic(3, 3)).toBe(false);
    expect(createFrontEnd({ noise: { standardDeviation: 0 } }, 1, 1).isStatic(3, 4)).toBe(true);
  });
});

describe('noise', () => {
  test('draws once per listed channel in ascending order, after gain and offset, before the ADC', () => {
    const sensor: Model = {
      gain: [{ kind: 'constant', value: 0.7 }],
      offset: [{ kind: 'constant', value: 0.01 }],
      noise: { standardDeviation: 0.3, channels: [2, 0] },
      adc: { wordLength: 8, fullScale: [-2, 2] },
    };
    const frontEnd = createFrontEnd(sensor, 3, 9);
    const draw = xoroshiro('noise', 9);
    const out = new Float64Array(3);
    for (let i = 0; i < 50; i++) {
      const sample = [0.5, 0.25 * i / 50, -1];
      frontEnd.deliver(Float64Array.from(sample), 0, i, out, 0);
      const n = [oracleNormal(draw()), 0, oracleNormal(draw())];
      const wanted = sample.map((x, channel) => {
        const v = channel === 1 ? x * 0.7 + 0.01 : x * 0.7 + 0.01 + 0.3 * n[channel]!;
        return Math.min(Math.max(Math.floor(v * 64), -128), 127) / 64;
      });
      expect([...out]).toEqual(wanted);
    }
  });

  test('has the stated deviation, and depends on the seed', () => {
    const frontEnd = createFrontEnd({ noise: { standardDeviation: 0.25 } }, 1, 5);
    const out = new Float64Array(50_000);
    for (let i = 0; i < out.length; i++) frontEnd.deliver(Float64Array.of(2), 0, i, out, i);
    const mean = out.reduce((a, b) => a + b) / out.length;
    const deviation = Math.sqrt(out.reduce((sum, v) => sum + (v - mean) ** 2, 0) / out.length);
    expect(Math.abs(mean - 2)).toBeLessThan(0.005);
    expect(Math.abs(deviation - 0.25)).toBeLessThan(0.004);
    const noise = { standardDeviation: 1 };
    expect(deliver({ noise }, [0, 0], 0, 5)).toEqual(deliver({ noise }, [0, 0], 0, 5));
    expect(deliver({ noise }, [0, 0], 0, 5)).not.toEqual(deliver({ noise }, [0, 0], 0, 6));
  });

  test('golden doubles: the whole chain at seed 42', async () => {
    const { value } = await loadSensor('thermometer-drift');
    const { adc: _, ...analogue } = sensorModel(value);
    expect(deliver(analogue, [0.5, -0.5], 500)).toEqual(GOLDEN.analogue);
    expect(deliver(sensorModel(value), [0.5, -0.5], 500)).toEqual(GOLDEN.converted);
  });
});

describe('refuses', () => {
  test.each<[string, Model, RegExp]>([
    ['a channel that is not there', { gain: [{ kind: 'constant', value: 1 }, { kind: 'constant', value: 2, channels: [0, 7] }] }, /gain\[1\]\.channels\[1\].*\n.*7\n.*0 to 1/],
    ['a noise channel that is not there', { noise: { standardDeviation: 1, channels: [2] } }, /noise\.channels\[0\]/],
    ['a temperature term without a temperature', { offset: [{ kind: 'temperature', perDegree: 1 }] }, /offset\[0\].*temperature/],
    ['a gain that is not finite', { temperature: { reference: 0, from: 0, to: 1e300, steps: 1 }, gain: [{ kind: 'temperature', perDegree: 1e300 }] }, /gain\[0\].*range/],
    ['a temperature that is not finite', { temperature: { reference: 0, from: -1.7e308, to: 1.7e308, steps: 1 }, offset: [{ kind: 'temperature', perDegree: 1 }] }, /offset\[0\].*range/],
    ['an offset that is not finite', { offset: [{ kind: 'step', at: 4, value: Infinity }] }, /offset\[0\].*range/],
    ['an ADC without a scale', { adc: { wordLength: 8, fullScale: [1, 0] } }, /adc\.fullScale/],
  ])('%s', (_, sensor, message) => {
    expect(() => createFrontEnd(sensor, 2, 1)).toThrow(QrailsError);
    expect(() => createFrontEnd(sensor, 2, 1)).toThrow(message);
  });

  test('a delivered value that is not finite', () => {
    const gain = [{ kind: 'constant' as const, value: 1e300 }];
    expect(() => deliver({ gain, adc: { wordLength: 8, fullScale: [-1, 1] } }, [0, 1e10], 4)).toThrow(/channel 1 at clock 4/);
  });
});
