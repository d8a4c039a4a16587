import { describe, expect, test } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Dataset } from '../../src/signal/dataset.js';
import { deliveries, stepsPerPass } from '../../src/signal/delivery.js';
import { hashValues } from '../../src/signal/values.js';
import { oracleNormal, shuffledPass, xoroshiro } from './oracle.js';

/** Row r has inputs r, r + 0.5 and target −r. */
function dataset(rows: number): Dataset {
  const values = Float64Array.from({ length: rows * 3 }, (_, i) => [1, 1, -1][i % 3]! * Math.floor(i / 3) + (i % 3 === 1 ? 0.5 : 0));
  return { rows, inputs: 2, targets: 1, values, sha256: hashValues(values), names: ['a', 'b', 'y'] };
}

type Phase = { steps: number; batch: number; sensor?: boolean };
type Options = Partial<Pick<Plan, 'order' | 'lastBatch' | 'seed' | 'sensor' | 'evaluationRows'>>;

/** The part of a plan that deliveries read. */
function plan({ rows, inputs, targets, sha256 }: Dataset, phases: Phase[], options: Options = {}): Plan {
  return {
    data: { rows, inputs, targets, sha256 }, order: 'sequential', lastBatch: 'keep', seed: 42, sensor: {}, evaluationRows: 2,
    phases: phases.map((phase) => ({ sensor: false, ...phase })), ...options,
  } as unknown as Plan;
}

function run(rows: number, phases: Phase[], options?: Options) {
  const data = dataset(rows);
  return [...(function* () {
    for (const { count, inputs, targets, unchanged, phase, step } of deliveries(plan(data, phases, options), data)) {
      expect(inputs.length).toBe(count * 2);
      expect(targets.length).toBe(count);
      yield { count, inputs: [...inputs], rows: [...targets].map((y) => 0 - y), unchanged, phase, step };
    }
  })()];
}
const rowsOf = (...given: Parameters<typeof run>) => run(...given).slice(0, -1).map(({ rows }) => rows);

describe('batches in file order', () => {
  test('carry inputs and targets of their rows', () => {
    const [first, second] = run(4, [{ steps: 2, batch: 2 }]);
    expect(first).toMatchObject({ count: 2, inputs: [0, 0.5, 1, 1.5], rows: [0, 1], phase: 0, step: 0 });
    expect(second).toMatchObject({ count: 2, inputs: [2, 2.5, 3, 3.5], rows: [2, 3], phase: 0, step: 1 });
  });

  test.each<[Plan['lastBatch'], number[][]]>([
    ['keep', [[0, 1], [2, 3], [4], [0, 1], [2, 3]]],
    ['drop', [[0, 1], [2, 3], [0, 1], [2, 3], [0, 1]]],
    ['wrap', [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4]]],
  ])('%s at the end of a pass', (lastBatch, wanted) => {
    expect(rowsOf(5, [{ steps: 5, batch: 2 }], { lastBatch })).toEqual(wanted);
  });

  test('the position runs on over phases', () => {
    const phases = [{ steps: 1, batch: 3 }, { steps: 2, batch: 1 }, { steps: 2, batch: 4 }];
    expect(rowsOf(6, phases)).toEqual([[0, 1, 2], [3], [4], [5], [0, 1, 2, 3]]);
    expect(rowsOf(6, phases, { lastBatch: 'drop' })).toEqual([[0, 1, 2], [3], [4], [0, 1, 2, 3], [0, 1, 2, 3]]);
    expect(rowsOf(6, phases, { lastBatch: 'wrap' })).toEqual([[0, 1, 2], [3], [4], [5, 0, 1, 2], [3, 4, 5, 0]]);
    expect(run(6, phases).map(({ phase, step }) => [phase, step])).toEqual([[0, 0], [1, 1], [1, 2], [2, 3], [2, 4], [2, 5]]);
  });

  test('a batch larger than the data', () => {
    expect(rowsOf(3, [{ steps: 2, batch: 7 }])).toEqual([[0, 1, 2], [0, 1, 2]]);
    expect(rowsOf(3, [{ steps: 2, batch: 7 }], { lastBatch: 'wrap' })).toEqual([[0, 1, 2, 0, 1, 2, 0], [1, 2, 0, 1, 2, 0, 1]]);
    expect(() => run(3, [{ steps: 1, batch: 1 }, { steps: 2, batch: 7 }], { lastBatch: 'drop' })).toThrow(/phases\[1\]\.batch.*larger/);
  });
});

describe('shuffled', () => {
  test('is Fisher–Yates of docs/sensors.md, anew each pass', () => {
    const draw = xoroshiro('order', 42);
    const passes = [1, 2, 3].map(() => shuffledPass(7, draw));
    expect(rowsOf(7, [{ steps: 21, batch: 1 }], { order: 'shuffled' }).flat()).toEqual(passes.flat());
    expect(passes[0]).not.toEqual(passes[1]);
  });

  test.each<[Plan['lastBatch'], (a: number[], b: number[]) => number[][]]>([
    ['keep', (a, b) => [a.slice(0, 3), a.slice(3, 6), a.slice(6), b.slice(0, 3)]],
    ['drop', (a, b) => [a.slice(0, 3), a.slice(3, 6), b.slice(0, 3), b.slice(3, 6)]],
    ['wrap', (a, b) => [a.slice(0, 3), a.slice(3, 6), [a[6]!, b[0]!, b[1]!], b.slice(2, 5)]],
  ])('%s', (lastBatch, wanted) => {
    const draw = xoroshiro('order', 5);
    const passes = [shuffledPass(7, draw), shuffledPass(7, draw)] as const;
    expect(rowsOf(7, [{ steps: 4, batch: 3 }], { order: 'shuffled', lastBatch, seed: 5 })).toEqual(wanted(...passes));
  });

  test('every pass has every row; seeds differ', () => {
    const [a, b] = [1, 2].map((seed) => rowsOf(100, [{ steps: 2, batch: 100 }], { order: 'shuffled', seed }));
    for (const batch of [...a!, ...b!]) expect([...batch].sort((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(a).not.toEqual(b);
  });
});

describe('evaluation', () => {
  test('is the last rows in file order, whatever the order of the steps', () => {
    for (const order of ['sequential', 'shuffled'] as const) {
      expect(run(10, [{ steps: 3, batch: 4 }, { steps: 1, batch: 1 }], { order, evaluationRows: 3 }).at(-1))
        .toMatchObject({ count: 3, rows: [7, 8, 9], phase: 1, step: 4 });
    }
    expect(run(4, [{ steps: 1, batch: 1 }], { evaluationRows: 1000 }).at(-1)).toMatchObject({ count: 4, rows: [0, 1, 2, 3] });
  });

  test('has the sensor at the clock of the step after the last', () => {
    const sensor: Plan['sensor'] = { gain: [{ kind: 'step', at: 3, value: 4 }] };
    const last = (steps: number) => run(4, [{ steps, batch: 4, sensor: true }], { sensor, evaluationRows: 1 }).at(-1)!.inputs;
    expect(last(2)).toEqual([3, 3.5]);
    expect(last(3)).toEqual([12, 14]);
    expect(run(4, [{ steps: 5, batch: 4, sensor: true }, { steps: 1, batch: 4 }], { sensor, evaluationRows: 1 }).at(-1)!.inputs).toEqual([3, 3.5]);
  });

  test('noise is drawn on', () => {
    const sensor: Plan['sensor'] = { noise: { standardDeviation: 0.5 } };
    const deliveriesMade = run(3, [{ steps: 1, batch: 3 }, { steps: 2, batch: 2, sensor: true }], { sensor, evaluationRows: 2 });
    const draw = xoroshiro('noise', 42);
    for (const { inputs, rows, step } of deliveriesMade) {
      const clean = rows.flatMap((row) => [row, row + 0.5]);
      expect(inputs).toEqual(step === 0 ? clean : clean.map((v) => v + 0.5 * oracleNormal(draw())));
    }
  });
});

test('the last delivery can be made alone, noise and clock included', () => {
  const sensor: Plan['sensor'] = { gain: [{ kind: 'step', at: 2, value: 4 }], noise: { standardDeviation: 0.5 } };
  const data = dataset(7);
  const phases = [{ steps: 3, batch: 3 }, { steps: 4, batch: 2, sensor: true }];
  for (const order of ['sequential', 'shuffled'] as const) {
    const made = plan(data, phases, { sensor, order });
    const [alone] = [...deliveries(made, data, { lastOnly: true })].map(({ inputs, targets, step, phase }) => ({ inputs: [...inputs], targets: [...targets], step, phase }));
    const last = run(7, phases, { sensor, order }).at(-1)!;
    expect(alone).toMatchObject({ inputs: last.inputs, targets: last.rows.map((row) => 0 - row), step: 7, phase: 1 });
  }
});

describe('clock', () => {
  test('starts with each run of phases that have the sensor on', () => {
    const sensor: Plan['sensor'] = { offset: [{ kind: 'temperature', perDegree: 1 }], temperature: { reference: 0, from: 0, to: 100, steps: 100 } };
    const on = { steps: 2, batch: 1, sensor: true };
    const off = { steps: 2, batch: 1 };
    const offsets = run(1, [off, on, on, off, on], { sensor }).map(({ inputs }) => inputs[0]);
    expect(offsets).toEqual([0, 0, 0, 1, 2, 3, 0, 0, 0, 1, 2]);
  });
});

describe('unchanged', () => {
  const flags = (...given: Parameters<typeof run>) => run(...given).map(({ unchanged }) => unchanged);

  test('full batches in file order without a sensor, or under a static one', () => {
    expect(flags(3, [{ steps: 3, batch: 3 }])).toEqual([false, true, true, false]);
    expect(flags(3, [{ steps: 3, batch: 3 }], { evaluationRows: 3 })).toEqual([false, true, true, true]);
    const sensor: Plan['sensor'] = { gain: [{ kind: 'step', at: 2, value: 4 }] };
    expect(flags(3, [{ steps: 2, batch: 3 }, { steps: 4, batch: 3, sensor: true }], { sensor })).toEqual([false, true, false, true, false, true, false]);
    expect(flags(1, [{ steps: 3, batch: 1 }])).toEqual([false, true, true, true]);
  });

  test('not where rows, order, noise or temperature differ', () => {
    expect(flags(4, [{ steps: 3, batch: 2 }])).toEqual([false, false, false, false]);
    expect(flags(3, [{ steps: 3, batch: 3 }], { order: 'shuffled' })).toEqual([false, false, false, false]);
    expect(flags(3, [{ steps: 2, batch: 3, sensor: true }], { sensor: { noise: { standardDeviation: 1 } } })).toEqual([false, false, false]);
    const warming: Plan['sensor'] = { gain: [{ kind: 'temperature', perDegree: 1 }], temperature: { reference: 0, from: 0, to: 1, steps: 2 } };
    expect(flags(3, [{ steps: 5, batch: 3, sensor: true }], { sensor: warming })).toEqual([false, false, false, true, true, false]);
  });

  test('never lies', () => {
    const sensor: Plan['sensor'] = { gain: [{ kind: 'step', at: 2, value: 4 }] };
    for (const lastBatch of ['keep', 'drop', 'wrap'] as const) {
      for (const order of ['sequential', 'shuffled'] as const) {
        for (const batch of [1, 2, 3, 4]) {
          const all = run(4, [{ steps: 5, batch }, { steps: 5, batch, sensor: true }, { steps: 2, batch: 4 }], { lastBatch, order, sensor, evaluationRows: 4 });
          all.forEach(({ unchanged, inputs, rows, count }, i) => {
            if (unchanged) expect({ inputs, rows, count }).toEqual({ inputs: all[i - 1]!.inputs, rows: all[i - 1]!.rows, count: all[i - 1]!.count });
          });
        }
      }
    }
  });
});

test('refuses data that is not the plan’s', () => {
  const [made, other] = [dataset(4), dataset(5)];
  expect(() => deliveries(plan(made, [{ steps: 1, batch: 1 }]), other).next()).toThrow(QrailsError);
  const changed = { ...made, sha256: 'f'.repeat(64) };
  expect(() => deliveries(plan(made, [{ steps: 1, batch: 1 }]), changed).next()).toThrow(/data\.sha256/);
});

test('refuses batches that do not fit in memory', () => {
  expect(() => run(4, [{ steps: 1, batch: 3e7 }], { lastBatch: 'wrap' })).toThrow(/largest batch.*too many values/);
});

test('stepsPerPass is what deliveries take', () => {
  for (const lastBatch of ['keep', 'drop', 'wrap'] as const) {
    for (const batch of [1, 2, 3, 5, 7]) {
      for (const passes of [1, 3]) {
        const steps = stepsPerPass(7, batch, lastBatch, passes);
        const taken = rowsOf(7, [{ steps: steps + 1, batch }], { lastBatch });
        const samples = taken.slice(0, steps).flat().length;
        if (lastBatch === 'wrap') expect([samples >= 7 * passes, samples - batch < 7 * passes]).toEqual([true, true]);
        else expect([samples, taken[steps]![0]]).toEqual([lastBatch === 'keep' ? 7 * passes : (7 - (7 % batch)) * passes, 0]);
      }
    }
  }
  expect(stepsPerPass(7, 8, 'drop')).toBe(0);
});

test('a million steps of one sample take less than a second', () => {
  const inputs = 8;
  const values = Float64Array.from({ length: 1000 * (inputs + 1) }, (_, i) => i / 1000);
  const data: Dataset = { rows: 1000, inputs, targets: 1, values, sha256: hashValues(values), names: [] };
  const start = performance.now();
  let steps = 0;
  for (const { count } of deliveries(plan(data, [{ steps: 1_000_000, batch: 1 }]), data)) steps += count;
  expect(steps).toBe(1_000_002);
  expect(performance.now() - start).toBeLessThan(1000);
});
