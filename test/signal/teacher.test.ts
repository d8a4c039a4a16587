import { describe, expect, test } from 'vitest';
import type { TeacherData } from '../../src/schema/experiment.js';
import { loadDataset } from '../../src/signal/dataset.js';
import { oracleNormal, xoroshiro } from './oracle.js';

const A = [[1.25, -0.75, 0.5, 0.2], [-0.4, 0.9, 1.1, -0.6]];
const load = (data: Partial<TeacherData>, seed = 42) =>
  loadDataset({ kind: 'teacher', rows: 200, weights: A, ...data }, { seed, baseDirectory: '.' });

describe('affine teacher', () => {
  test('draws docs/sensors.md, to the last bit', async () => {
    const { values, rows, inputs, targets, names } = await load({ low: -1, high: 3, bias: [0.35, -0.25], noise: 0.1 });
    expect({ rows, inputs, targets }).toEqual({ rows: 200, inputs: 4, targets: 2 });
    expect(names).toEqual(['x0', 'x1', 'x2', 'x3', 'y0', 'y1']);
    const [draw, disturb] = [xoroshiro('data', 42), xoroshiro('targets', 42)];
    const wanted: number[] = [];
    for (let row = 0; row < 200; row++) {
      const x = [0, 0, 0, 0].map(() => {
        const k = (BigInt(draw() >>> 6) << 27n) + BigInt(draw() >>> 5);
        return -1 + 4 * (Number(k) / 2 ** 53);
      });
      wanted.push(...x, ...A.map((a, o) => a[0]! * x[0]! + a[1]! * x[1]! + a[2]! * x[2]! + a[3]! * x[3]! + [0.35, -0.25][o]! + 0.1 * oracleNormal(disturb())));
    }
    expect([...values]).toEqual(wanted);
  });

  test('is the same for the same seed, another for another, and noise leaves the inputs alone', async () => {
    const [a, b, c, noisy] = await Promise.all([load({}), load({}), load({}, 43), load({ noise: 1 })]);
    expect(a.sha256).toBe(b.sha256);
    expect(a.sha256).not.toBe(c.sha256);
    for (let i = 0; i < 200 * 6; i++) {
      if (i % 6 < 4) expect(noisy.values[i]).toBe(a.values[i]);
      else expect(noisy.values[i]).not.toBe(a.values[i]);
    }
  });

  test('has uniform inputs', async () => {
    const { values } = await load({ rows: 20_000, weights: [[1]], low: -1, high: 1 });
    const x = values.filter((_, i) => i % 2 === 0);
    expect(x.every((v) => v >= -1 && v < 1)).toBe(true);
    expect(Math.abs(x.reduce((a, b) => a + b) / x.length)).toBeLessThan(0.02);
    expect(Math.abs(x.reduce((a, b) => a + b * b, 0) / x.length - 1 / 3)).toBeLessThan(0.01);
  });

  test.each<[string, Partial<TeacherData>, RegExp]>([
    ['uneven weights', { weights: [[1, 2], [1]] }, /weights\[1\].*\n.*1 weights/],
    ['a bias of another length', { bias: [1] }, /data\.bias/],
    ['an empty range', { low: 1, high: 1 }, /low/],
    ['a range beyond numbers', { low: -1.7e308, high: 1.7e308 }, /low/],
    ['targets beyond numbers', { weights: [[1e308, 1e308]], low: 100, high: 101 }, /weights\[0\].*range/],
    ['more rows than fit', { rows: 10_000_000, weights: [[1, 1, 1, 1, 1, 1, 1]] }, /too many values/],
  ])('refuses %s', async (_, data, message) => {
    await expect(load(data)).rejects.toThrow(message);
    await expect(load(data)).rejects.toHaveProperty('name', 'QrailsError');
  });
});
