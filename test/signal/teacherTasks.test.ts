/** Teachers with a hidden layer, changes, labels and flips. Draws come from the oracle; where weights are 0 the answers can be worked out by hand. */
import { describe, expect, test } from 'vitest';
import { loadExperiment, validateExperiment } from '../../src/experiment/load.js';
import type { TeacherData } from '../../src/schema/experiment.js';
import { drawTeacher } from '../../src/signal/teacher.js';
import { oracleNormal, xoroshiro } from './oracle.js';

const draw = (data: Partial<TeacherData>, seed = 42) => drawTeacher({ kind: 'teacher', rows: 6, weights: [[0, 0]], ...data }, seed);
/** Targets, row by row. */
const targets = (data: Partial<TeacherData>, seed = 42): number[][] => {
  const { values, rows, inputs, targets: count } = draw(data, seed);
  return Array.from({ length: rows }, (_, row) => [...values.subarray(row * (inputs + count) + inputs, (row + 1) * (inputs + count))]);
};
const unit = (next: () => number): number => Number((BigInt(next() >>> 6) << 27n) + BigInt(next() >>> 5)) / 2 ** 53;

describe('a teacher in tasks', () => {
  test('answers through its hidden layer: by hand', () => {
    const hidden = { weights: [[0, 0], [0, 0], [0, 0]], bias: [1, -2, 0.5] };
    expect(targets({ rows: 2, hidden, weights: [[3, 5, -1], [1, 1, 1]], bias: [0.25, 0] })).toEqual([[2.75, 1.5], [2.75, 1.5]]);
    expect(draw({ hidden: { weights: [[1, 2, 3]] }, weights: [[1], [2]] })).toMatchObject({ inputs: 3, targets: 2, names: ['x0', 'x1', 'x2', 'y0', 'y1'] });
  });

  test('changes from a row on; what a change does not state stays: by hand', () => {
    const changes: TeacherData['changes'] = [{ row: 2, bias: [-1] }, { row: 3, hidden: { weights: [[0, 0]], bias: [4] } }, { row: 5, weights: [[-1]] }];
    expect(targets({ hidden: { weights: [[0, 0]], bias: [1] }, weights: [[2]], bias: [0.5], changes }).flat()).toEqual([2.5, 2.5, 1, 7, 7, -5]);
  });

  test('labels what lies above 0, and flips labels where it is told to: by hand', () => {
    const changes = [{ row: 1, bias: [0] }, { row: 2, bias: [2 ** -60] }, { row: 3, bias: [-1] }];
    expect(targets({ bias: [1], changes, labels: true }).flat()).toEqual([1, 0, 1, 0, 0, 0]);
    expect(targets({ bias: [1], changes, labels: true, flips: [{ share: 1, from: 1, to: 5 }, { share: 0, from: 2, to: 3 }] }).flat()).toEqual([1, 1, 1, 1, 1, 0]);
    expect(targets({ bias: [1], labels: true, flips: [{ share: 1 }] }).flat()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('draws docs/sensors.md, to the last bit', () => {
    const [H, h, A, A2] = [[[1, -2], [0.5, 0.25], [-1.5, 1]], [0.1, -0.3, 0], [[1, -1, 2], [-0.5, 0.75, 1]], [[-1, 2, 0.5], [1, 1, -3]]];
    const { values } = draw({
      rows: 300, hidden: { weights: H, bias: h }, weights: A, low: -1, high: 3, noise: 0.5, labels: true, changes: [{ row: 100, weights: A2, bias: [0.5, -0.5] }],
      flips: [{ share: 0.1 }, { share: 0.4, from: 150, to: 200 }],
    }, 7);
    const [data, noise, flips] = [xoroshiro('data', 7), xoroshiro('targets', 7), xoroshiro('flips', 7)];
    const wanted: number[] = [];
    for (let row = 0; row < 300; row++) {
      const x = [0, 0].map(() => -1 + 4 * unit(data));
      const z = H.map((w, j) => Math.max(w[0]! * x[0]! + w[1]! * x[1]! + h[j]!, 0));
      wanted.push(...x, ...(row < 100 ? A : A2).map((w, o) => {
        const sum = w[0]! * z[0]! + w[1]! * z[1]! + w[2]! * z[2]!;
        const y = (row < 100 ? sum : sum + [0.5, -0.5][o]!) + 0.5 * oracleNormal(noise());
        const flipped = unit(flips) < (row >= 150 && row < 200 ? 0.4 : 0.1);
        return (y > 0) !== flipped ? 1 : 0;
      }));
    }
    expect([...values]).toEqual(wanted);
  });

  test('leaves inputs alone whatever the targets do, and a burst leaves all other labels alone', () => {
    const rows = 4000;
    const A = [[1, -1]];
    const column = (data: Partial<TeacherData>, from: number) => [...draw({ rows, weights: A, low: -1, ...data }).values].filter((_, i) => i % 3 === from);
    const noisy: Partial<TeacherData> = { labels: true, flips: [{ share: 0.1 }] };
    const burst: Partial<TeacherData> = { labels: true, flips: [{ share: 0.1 }, { share: 0.6, from: 2000, to: 3000 }] };
    for (const data of [noisy, burst, { changes: [{ row: 9, weights: [[5, 5]] }] }]) for (const i of [0, 1]) expect(column(data, i)).toEqual(column({}, i));
    const [clean, some, more] = [column({ labels: true }, 2), column(noisy, 2), column(burst, 2)];
    const outside = (labels: number[]) => [...labels.slice(0, 2000), ...labels.slice(3000)];
    expect(outside(more)).toEqual(outside(some));
    expect(more.every((label, row) => some[row] === clean[row] || label !== clean[row])).toBe(true); // a larger share flips what a smaller one flips
    const share = (labels: number[], from: number, to: number) => labels.slice(from, to).filter((label, i) => label !== clean[from + i]).length / (to - from);
    expect(share(some, 0, rows)).toBeCloseTo(0.1, 1);
    expect(share(more, 2000, 3000)).toBeCloseTo(0.6, 1);
    expect(column(noisy, 2)).toEqual(some);
    expect(draw({ rows, weights: A, ...noisy }, 43).sha256).not.toBe(draw({ rows, weights: A, ...noisy }).sha256);
  });

  test.each([
    ['exp-000a', 'c6b1f0687610301f24a3eec8dfb85306087aae3f9a48475ee44c455b3099b80c'],
    ['exp-001', 'c6b1f0687610301f24a3eec8dfb85306087aae3f9a48475ee44c455b3099b80c'],
    ['anchor-event', 'f088ef9f6436545bf2bcd50f45250ba09575df5c3de39fd01c4055b457ac3d39'],
  ])('draws the rows of %s as ever', async (name, sha256) => {
    const { data, seed } = (await loadExperiment(name)).value;
    expect(drawTeacher(data as TeacherData, seed!).sha256).toBe(sha256);
  });

  test.each<[string, Partial<TeacherData>, RegExp]>([
    ['a hidden layer that does not feed its outputs', { hidden: { weights: [[1, 2], [3, 4], [5, 6]] } }, /data\.weights\[0\].*\n.*2 weights\n.*3/],
    ['uneven hidden weights', { hidden: { weights: [[1, 2], [3]] } }, /data\.hidden\.weights\[1\]/],
    ['a hidden bias of another length', { hidden: { weights: [[1], [2]], bias: [1] } }, /data\.hidden\.bias/],
    ['a change past the data', { changes: [{ row: 6, bias: [1] }] }, /data\.changes\[0\]\.row.*\n.*6\n.*1 to 5/],
    ['changes at one row', { changes: [{ row: 3, bias: [1] }, { row: 3, bias: [2] }] }, /data\.changes\[1\]\.row.*\n.*3\n.*4 to 5/],
    ['changes that go back', { changes: [{ row: 5, bias: [1] }, { row: 2, bias: [2] }] }, /data\.changes\[1\]\.row.*\n.*2\n.*no more/],
    ['a change of nothing', { changes: [{ row: 3 }] }, /changes nothing/],
    ['a change of size', { changes: [{ row: 3, weights: [[1, 2], [3, 4]] }] }, /data\.changes\[0\]\.weights: .*size/],
    ['a change of inputs', { changes: [{ row: 3, weights: [[1, 2, 3]] }] }, /data\.changes\[0\]\.weights\[0\]/],
    ['a change of biases', { changes: [{ row: 3, bias: [1, 2] }] }, /data\.changes\[0\]\.bias/],
    ['a change that brings a hidden layer', { changes: [{ row: 3, hidden: { weights: [[1, 2]] } }] }, /no hidden layer/],
    ['a hidden layer that grows', { hidden: { weights: [[1, 2], [3, 4]] }, changes: [{ row: 3, hidden: { weights: [[1, 2]] } }] }, /data\.changes\[0\]\.hidden\.weights/],
    ['flips of numbers', { flips: [{ share: 0.5 }] }, /only labels/],
    ['flips of no rows', { labels: true, flips: [{ share: 0.5, from: 3, to: 3 }] }, /data\.flips\[0\]/],
    ['flips past the data', { labels: true, flips: [{ share: 0.5, to: 7 }] }, /rows 0 to 7/],
    ['flips that begin past the data', { labels: true, flips: [{ share: 0.5, from: 6 }] }, /rows 6 to 6/],
    ['hidden sums beyond numbers', { hidden: { weights: [[1e308, -1e308]], bias: [-1e308] }, weights: [[1]], low: 100, high: 101 }, /leaves the range/],
    ['labels of what is no number', { labels: true, weights: [[1e308, 1e308]], low: 100, high: 101 }, /leaves the range/],
  ])('refuses %s', (_, data, message) => {
    expect(() => draw(data)).toThrow(message);
    expect(() => draw(data)).toThrow(expect.objectContaining({ name: 'QrailsError', code: 'invalid' }) as Error);
  });

  const experiment = (extra: object) => ({
    name: 'x', model: { layers: [{ outputs: 1 }] }, data: { kind: 'teacher', rows: 6, weights: [[0, 0]], ...extra }, phases: [{ steps: 1, batch: 1, learningRate: 0.1 }],
  });
  test('the schema takes all of it together', async () => {
    const extra = { hidden: { weights: [[1, 2], [3, 4]], bias: [0, 1] }, changes: [{ row: 1, bias: [1] }, { row: 5, weights: [[2, 2]] }], labels: true, flips: [{ share: 1 }, { share: 0, from: 0, to: 6 }] };
    expect(await validateExperiment(experiment(extra))).toMatchObject({ data: extra });
  });

  const tooMany = Array.from({ length: 101 }, (_, index) => ({ row: index + 1, bias: [0], share: 0 }));
  test.each<[string, object]>([
    ['a change at row 0', { changes: [{ row: 0, bias: [1] }] }],
    ['a change between rows', { changes: [{ row: 1.5, bias: [1] }] }],
    ['a change beyond all rows', { changes: [{ row: 1e9, bias: [1] }] }],
    ['more changes than 100', { changes: tooMany.map(({ row, bias }) => ({ row, bias })) }],
    ['no changes', { changes: [] }],
    ['an unknown key of a change', { changes: [{ row: 1, noise: 1 }] }],
    ['a share above 1', { labels: true, flips: [{ share: 1.1 }] }],
    ['a share below 0', { labels: true, flips: [{ share: -0.1 }] }],
    ['flips from before the data', { labels: true, flips: [{ share: 0.1, from: -1 }] }],
    ['more flips than 100', { labels: true, flips: tooMany.map(({ share }) => ({ share })) }],
    ['labels that are neither', { labels: 'yes' }],
    ['a hidden layer without weights', { hidden: { weights: [] } }],
    ['a second hidden layer', { hidden: { weights: [[1, 2]], hidden: { weights: [[1, 2]] } } }],
  ])('the schema refuses %s', async (_, extra) => {
    await expect(validateExperiment(experiment(extra))).rejects.toHaveProperty('name', 'QrailsError');
  });
});
