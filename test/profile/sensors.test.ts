import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { prepare } from '../../src/compare/prepare.js';
import { list } from '../../src/document/catalogue.js';
import { QrailsError, type ErrorCode } from '../../src/errors.js';
import { loadSensor, validateSensor } from '../../src/profile/sensor.js';
import { SensorModel, type Sensor } from '../../src/schema/sensor.js';
import { validate } from '../../src/schema/validate.js';
import { fewestInputs, sensorModel } from '../../src/signal/model.js';
import { createFrontEnd } from '../../src/signal/sensor.js';
import { sensed, xoroshiro } from '../signal/oracle.js';

const directory = mkdtempSync(join(tmpdir(), 'qrails-sensors-'));
afterAll(() => rmSync(directory, { recursive: true }));

function deliver(sensor: SensorModel, sample: readonly number[], clock: number): number[] {
  const out = new Float64Array(sample.length);
  createFrontEnd(sensor, sample.length, 42).deliver(Float64Array.from(sample), 0, clock, out, 0);
  return [...out];
}
const shipped = async (name: string): Promise<SensorModel> => sensorModel((await loadSensor(name)).value);
/** A sensor without what blurs its drift. */
const analogue = async (name: string): Promise<SensorModel> => {
  const { noise: _n, adc: _a, ...rest } = await shipped(name);
  return rest;
};

describe('shipped sensors', () => {
  const names = list('sensor');

  test('there are many', () => {
    expect(names.length).toBeGreaterThanOrEqual(12);
  });

  test.each(names)('%s gives the source of every figure and what it leaves out, and builds', async (name) => {
    const { value } = await loadSensor(name);
    await validateSensor(value);
    expect(value.leavesOut).not.toHaveLength(0);
    expect(value.leavesOut).toBeDefined();
    const { temperature, gain = [], offset = [], supply, dead = [], noise, adc } = value;
    for (const part of [temperature, ...gain, ...offset, supply, ...(supply?.terms ?? []), ...dead, noise, adc]) {
      if (part !== undefined) expect(part.source, JSON.stringify(part)).toMatch(/\w{3}/);
    }
    const model = sensorModel(value);
    await validate(SensorModel, model, name);
    const inputs = Math.max(4, fewestInputs(value));
    const frontEnd = createFrontEnd(model, inputs, 42);
    const sample = [0.5, -0.5, 0.25, -0.75].slice(0, inputs);
    const out = new Float64Array(inputs);
    const draw = xoroshiro('noise', 42);
    // A 24-bit ladder is not looked through code by code.
    const { adc: _, ...unconverted } = model;
    for (const clock of [0, 1, 20, 499, 500, 1000, 1461, 5000]) {
      frontEnd.deliver(Float64Array.from(sample), 0, clock, out, 0);
      const wanted = sensed(unconverted, sample, clock, 42, draw);
      const step = adc === undefined ? 0 : (adc.fullScale[1] - adc.fullScale[0]) / 2 ** adc.wordLength;
      wanted.forEach((v, i) => {
        if (adc === undefined) expect(out[i]).toBe(v);
        else {
          expect(v - out[i]!).toBeGreaterThanOrEqual(0);
          expect(v - out[i]!).toBeLessThan(step);
        }
      });
    }
  });

  test('they do what they say', async () => {
    expect(deliver(await shipped('none'), [0.3, -1], 5)).toEqual([0.3, -1]);
    for (const clock of [0, 1e6]) expect(deliver(await shipped('step-gain-4'), [0.3, -1], clock)).toEqual([1.2, -4]);
    const ramp = await shipped('ramp-gain');
    expect([0, 25, 50, 1000].map((clock) => deliver(ramp, [1], clock)[0])).toEqual([1, 2.5, 4, 4]);

    const drift = await analogue('thermometer-drift');
    expect(deliver(drift, [1], 0)).toEqual([1]);
    expect(deliver(drift, [1], 1000)[0]).toBeCloseTo(1.12 + 0.12, 12);

    const day = await analogue('daily-cycle');
    expect(deliver(day, [0], 72)[0]).toBeCloseTo(0.002 * 15, 12);
    expect(deliver(day, [0], 144)[0]).toBeCloseTo(0.002 * -15, 12);

    expect(deliver(await shipped('dead-column'), [1, 1], 19)).toEqual([1, 1]);
    expect(deliver(await shipped('dead-column'), [1, 1], 20)).toEqual([0, 1]);

    const [x, , z] = deliver(await analogue('adxl350'), [0, 0, 0], 1000);
    expect(x).toBeCloseTo(0.0102, 9);
    expect(z).toBeCloseTo(0.0144, 9);
    const gyro = deliver(await analogue('mpu-6050'), [1, 1, 1], 1000);
    expect(gyro[0]! - gyro[1]!).toBeCloseTo(0.06 * (1 + 60 * 0.00033), 9);

    expect(deliver(await analogue('strain-bridge'), [0], 720)[0]).toBeCloseTo(0.0005, 12);
    expect(deliver(await analogue('strain-bridge'), [1], 720)[0]).toBeCloseTo(1.002 + 0.0005, 12);
    expect(deliver(await analogue('ratiometric-supply'), [1], 400)).toEqual([1]);
    expect(deliver(await analogue('absolute-reference'), [1], 400)[0]).toBeCloseTo(2.4 / 3.3, 1);

    expect(deliver(await analogue('photodiode-bpw21'), [1], 720)[0]).toBeCloseTo(0.98, 9);
    expect(deliver(await analogue('ads1220-reference-ageing'), [1], 9000)[0]).toBeCloseTo(1 - 330e-6, 9);
    expect(deliver(await analogue('stm32l1-reference'), [1], 1000)[0]).toBeCloseTo(0.9855 * 0.9988 * 0.999, 9);
    expect(deliver(await analogue('ph-electrode'), [0], 5000)[0]).toBeCloseTo(30 / 59.16 / 7, 3);
    expect(deliver(await analogue('gas-array'), [1, 1, 1, 1], 500)[3]).toBe(0);
    expect(deliver(await analogue('pressure-bridge'), [1], 1000)[0]).toBeCloseTo(1.024, 12);
  });

  test('seattle-bridge replays the recorded temperatures, again and again', async () => {
    const bridge = await analogue('seattle-bridge');
    const gain = bridge.gain![0]!;
    expect(gain).toMatchObject({ kind: 'curve', end: 'repeat' });
    expect((gain as { values: number[] }).values).toHaveLength(1461);
    // 12.8 °C on 1 January 2012, 10.6 °C the day after.
    expect(deliver(bridge, [1], 0)).toEqual([1 * ((12.8 + 4975) * 0.0002) + (12.8 - 25) * 0.0002]);
    expect(deliver(bridge, [1], 1461 + 1)).toEqual([1 * ((10.6 + 4975) * 0.0002) + (10.6 - 25) * 0.0002]);
  });
});

describe('recorded terms', () => {
  const write = (name: string, content: object | string | Uint8Array): string => {
    const path = join(directory, name);
    writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
    return path;
  };
  const sensor = (term: object, more: object = {}) => ({ name: 'mine', gain: [{ kind: 'recorded', ...term }], ...more });
  const valuesOf = ({ gain }: Sensor) => (gain![0] as { values: number[] }).values;
  const npy = (descr: string, shape: string, ...values: number[]): Buffer => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n';
    const data = Buffer.alloc(8 * values.length);
    values.forEach((value, i) => data.writeDoubleLE(value, 8 * i));
    return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]), Buffer.from(header), data]);
  };
  write('gain.csv', 'day,gain\nmon,1\ntue,0.5\nwed,2\n');
  write('only.csv', 'gain\n4\n5\n');
  write('one.npy', npy('<f8', '(2,)', 0.25, 3));
  write('two.npy', npy('<f8', '(2, 2)', 0.25, 3, 1, 7));

  test('CSV and NPY, by column, scaled, with how they are played', async () => {
    const load = async (term: object) => (await loadSensor(write('a.json', sensor(term)))).value;
    expect((await load({ file: 'gain.csv', column: 'gain', every: 3, interpolation: 'linear', end: 'repeat', channels: [1], source: 'a log' })).gain).toEqual([
      { kind: 'curve', values: [1, 0.5, 2], every: 3, interpolation: 'linear', end: 'repeat', channels: [1], source: 'a log' },
    ]);
    expect(valuesOf(await load({ file: 'only.csv' }))).toEqual([4, 5]);
    expect(valuesOf(await load({ file: 'one.npy' }))).toEqual([0.25, 3]);
    expect(valuesOf(await load({ file: 'two.npy', column: 1, offset: 0.1, scale: 3 }))).toEqual([(3 - 0.1) * 3, (7 - 0.1) * 3]);
  });

  test('in offsets and supplies too', async () => {
    const file = write('all.json', { name: 'mine', offset: [{ kind: 'constant', value: 1 }, { kind: 'recorded', file: 'only.csv' }], supply: { nominal: 3, terms: [{ kind: 'recorded', file: 'one.npy' }] } });
    const { offset, supply } = (await loadSensor(file)).value;
    expect(offset).toEqual([{ kind: 'constant', value: 1 }, { kind: 'curve', values: [4, 5] }]);
    expect(supply).toEqual({ nominal: 3, terms: [{ kind: 'curve', values: [0.25, 3] }] });
  });

  test('paths start from the file that states the term, wherever it is extended', async () => {
    mkdirSync(join(directory, 'inner'), { recursive: true });
    write('base.json', sensor({ file: './gain.csv', column: 'gain' }));
    const over = write('inner/over.json', { name: 'over', extends: '../base.json', noise: { standardDeviation: 0 } });
    expect(valuesOf((await loadSensor(over)).value)).toEqual([1, 0.5, 2]);
    const own = write('inner/own.json', { ...sensor({ file: '../only.csv' }), extends: '../base.json' });
    expect(valuesOf((await loadSensor(own)).value)).toEqual([4, 5]);
    const shippedBase = write('inner/seattle.json', { name: 'mine', extends: 'seattle-bridge' });
    expect(valuesOf((await loadSensor(shippedBase)).value)).toHaveLength(1461);
  });

  test('the plan holds the values, and its hash depends on them alone', async () => {
    const hashOf = async (file: string, content: string) => {
      write(`${file}.csv`, content);
      const path = write(`${file}.json`, sensor({ file: `${file}.csv` }));
      const { variants: [variant] } = await prepare({ experiment: 'exp-000c', sensor: path, steps: 2, throttle: ['none'] });
      expect(variant!.plan.sensor).toEqual({ gain: [{ kind: 'curve', values: [1, 4] }].map((term) => ({ ...term, values: content.split('\n').slice(1, -1).map(Number) })) });
      expect(JSON.stringify(variant!.plan)).not.toContain('.csv');
      return variant!.hash;
    };
    const first = await hashOf('h1', 'g\n1\n4\n');
    expect(await hashOf('h2', 'other\n1.0\n4e0\n')).toBe(first);
    expect(await hashOf('h3', 'g\n1\n4.000000000000001\n')).not.toBe(first);
  });

  test('a term put in afterwards is not read', async () => {
    await expect(prepare({ experiment: 'exp-000c', sensor: 'step-gain-4', set: ['sensor.gain[0]={"kind":"recorded","file":"x.csv"}'] })).rejects.toThrow(/--set.*\n?.*read when its sensor is loaded/);
  });

  test.each<[string, object, ErrorCode, RegExp]>([
    ['a file that is not there', { file: 'nowhere.csv' }, 'not-found', /nowhere\.csv: no such file[^]*relative to the sensor file/],
    ['a directory', { file: '.' }, 'unreadable', /directory/],
    ['a column that is not there', { file: 'gain.csv', column: 'gian' }, 'not-found', /gain\.csv, line 1[^]*"gian"[^]*did you mean "gain"/],
    ['no column named where there are two', { file: 'gain.csv' }, 'invalid', /gain\.csv, line 1: there is more than one column[^]*"day", "gain"[^]*"column"/],
    ['a column of text', { file: 'gain.csv', column: 'day' }, 'data', /gain\.csv, line 2, column "day"/],
    ['a number for a heading', { file: 'gain.csv', column: 1 }, 'invalid', /bad\.json: gain\[0\]\.column.*headings/],
    ['a heading for a number', { file: 'two.npy', column: 'gain' }, 'invalid', /bad\.json: gain\[0\]\.column.*no headings/],
    ['a column the array does not have', { file: 'two.npy', column: 2 }, 'not-found', /two\.npy: there is no column 2/],
    ['no column named of an array of two', { file: 'two.npy' }, 'invalid', /two\.npy: there is more than one column/],
    ['a gap', { file: 'gap.csv', column: 'g' }, 'data', /gap\.csv, line 3, column "g": this cell is empty[^]*no gaps/],
    ['NaN in an array', { file: 'nan.npy' }, 'data', /nan\.npy\[1, 0\]: this cell is empty/],
    ['no heading', { file: 'bare.csv' }, 'data', /bare\.csv, line 1: there is no heading/],
    ['too many rows', { file: 'long.csv' }, 'data', /long\.csv: this curve is too long[^]*65536/],
    ['a value beyond doubles', { file: 'only.csv', scale: 1e308 }, 'data', /bad\.json: gain\[0\].*finite[^]*\(4 − 0\) × 1e\+308/],
    ['an unknown key', { file: 'only.csv', colum: 'g' }, 'invalid', /gain\[0\]\.colum is not a known key/],
  ])('refuses %s', async (_, term, code, message) => {
    write('gap.csv', 'g,h\n1,1\n,1\n');
    write('nan.npy', npy('<f8', '(2,)', 1, NaN));
    write('bare.csv', '1\n2\n');
    write('long.csv', `g\n${'1\n'.repeat(65537)}`);
    const error: unknown = await loadSensor(write('bad.json', sensor(term))).then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(QrailsError);
    expect((error as QrailsError).code).toBe(code);
    expect((error as QrailsError).message).toMatch(message);
  });

  test('as many rows as a curve may have', async () => {
    write('most.csv', `g\n${'1\n'.repeat(65536)}`);
    expect(valuesOf((await loadSensor(write('most.json', sensor({ file: 'most.csv' })))).value)).toHaveLength(65536);
  });
});
