import { describe, expect, it } from 'vitest';
import { DRIFT_LIMIT } from '../../src/export/cDrift.js';
import { exportC } from '../../src/export/c.js';
import { loadSensor } from '../../src/profile/sensor.js';
import type { Plan } from '../../src/schema/plan.js';
import { deliveries } from '../../src/signal/delivery.js';
import { sensorModel } from '../../src/signal/model.js';
import { smallPlan } from './extreme.js';
import { fullPlan, OPTIONS, tablesIn } from './variants.js';

interface Drift {
  readonly header: string;
  readonly columns: number;
  readonly step: readonly bigint[];
  readonly gain: readonly number[];
  readonly offset: readonly number[];
}

/** What the files say, values as raw × LSB. */
function driftOf(plan: Plan): Drift {
  const { files } = exportC(plan, OPTIONS);
  const header = files['demo.h']!;
  const number = (name: string): number => Number(new RegExp(`^#define DEMO_DRIFT_${name} +(\\S+?)U?( |$)`, 'm').exec(header)![1]);
  const tables = new Map(tablesIn(files['demo.c']!).map((table) => [table.name, table.raws]));
  const step = tables.get('demo_drift_step') ?? [];
  expect(number('LEN')).toBe(step.length);
  const columns = step.length === 0 ? 0 : number('COLS');
  const values = (name: 'gain' | 'offset'): number[] => (tables.get(`demo_drift_${name}`) ?? []).map((raw) => Number(raw) * number(`${name.toUpperCase()}_LSB`));
  return { header, columns, step, gain: values('gain'), offset: values('offset') };
}

describe('drift of the sensor', () => {
  it('has an entry for each change, in steps of the run', () => {
    const { columns, step, gain, offset, header } = driftOf(fullPlan());
    expect(columns).toBe(4);
    // off for 4 steps; then a ramp to 2, and from its clock 3 on channel 2 dead
    expect(step).toEqual([0n, 4n, 5n, 6n, 7n]);
    expect(gain).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1.5, 1.5, 1.5, 1.5, 2, 2, 2, 2, 2, 2, 0, 2]);
    expect(offset).toEqual([0, 0, 0, 0, 0, -0.25, 0, 0, 0, -0.25, 0, 0, 0, -0.25, 0, 0, 0, -0.25, 0.5, 0]);
    expect(header).toMatch(/#define DEMO_DRIFT_GAIN_FRAC_BITS +29\n[^]*#define DEMO_DRIFT_OFFSET_FRAC_BITS +30\n/);
  });

  it('takes one column where all inputs are alike, and starts anew with the clock', () => {
    const plan = smallPlan();
    const [phase] = plan.phases as [Plan['phases'][number]];
    plan.sensor = { gain: [{ kind: 'step', at: 1, value: 4 }], supply: { nominal: 2, terms: [{ kind: 'constant', value: -1 }] } };
    plan.phases = [{ ...phase, steps: 2 }, { ...phase, steps: 0, sensor: false }, { ...phase, steps: 3 }, { ...phase, steps: 1, sensor: false }];
    expect(driftOf(plan)).toMatchObject({ columns: 1, step: [0n, 1n, 2n, 3n, 5n], gain: [0.5, 2, 0.5, 2, 1], offset: [0, 0, 0, 0, 0] });
  });

  it('is left out, with the reason, where there is none, too much or too large', () => {
    const reason = (sensor: Plan['sensor'], steps = 3, on = true): string => {
      const plan = smallPlan();
      plan.sensor = sensor;
      plan.phases = [{ ...plan.phases[0]!, steps, sensor: on }];
      const drift = driftOf(plan);
      return drift.step.length > 0 ? `${drift.step.length}` : /drift of the sensor: no table, (.*) \*\//.exec(drift.header)![1]!;
    };
    const nothing = 'its gain is 1 and its offset 0 in every step';
    expect(reason({})).toBe(nothing);
    expect(reason({ noise: { standardDeviation: 1 }, adc: { wordLength: 8, fullScale: [-1, 1] } })).toBe(nothing);
    expect(reason({ gain: [{ kind: 'constant', value: 4 }] }, 3, false)).toBe(nothing);
    expect(reason({ gain: [{ kind: 'constant', value: 1e30 }] })).toBe('its values are too large for 32 bits');
    const ageing: Plan['sensor'] = { offset: [{ kind: 'ageing', rate: 1, per: 1 }] };
    // one more than the steps: the final loss
    expect(reason(ageing, DRIFT_LIMIT - 1)).toBe(`${DRIFT_LIMIT}`);
    expect(reason(ageing, DRIFT_LIMIT)).toBe(`it would have more than ${DRIFT_LIMIT} values`);
    expect(reason({ offset: [{ kind: 'ageing', rate: 1, per: 1, channels: [0] }] }, DRIFT_LIMIT / 2)).toBe(`it would have more than ${DRIFT_LIMIT} values`);
  });

  it.each(['step-gain-4', 'ramp-gain', 'dead-column', 'daily-cycle', 'gas-array', 'absolute-reference', 'stm32l1-reference', 'ph-electrode', 'mpu-6050'])(
    'does to samples what the front end does: %s', async (name) => {
      const { noise: _noise, adc: _adc, ...sensor } = sensorModel((await loadSensor(name)).value);
      const plan = smallPlan();
      const rows = 3;
      const inputs = 4;
      plan.layers = [{ inputs, outputs: 1, activation: 'linear', bias: false }];
      plan.initial = [{ weights: [], bias: [], weightsRaw: [['1', '2', '3', '4']], biasRaw: [] }];
      plan.sensor = sensor;
      plan.data = { ...plan.data, rows, inputs, targets: 1 };
      const [phase] = plan.phases as [Plan['phases'][number]];
      plan.phases = [{ ...phase, steps: 30, batch: rows }, { ...phase, steps: 5, batch: rows, sensor: false }, { ...phase, steps: 40, batch: rows }];
      const samples = [1, -0.5, 0.25, 0, -1, 1, 0.75, 0.5, 0.125, -0.25, 1, -1];
      const values = Float64Array.from({ length: rows * (inputs + 1) }, (_, index) => (index % 5 === 4 ? 0 : samples[Math.floor(index / 5) * inputs + (index % 5)]!));
      const { columns, step, gain, offset } = driftOf(plan);
      let steps = 0;
      for (const delivered of deliveries(plan, { ...plan.data, values, names: [] })) {
        const entry = step.findLastIndex((first) => first <= BigInt(delivered.step));
        delivered.inputs.forEach((value, index) => {
          const at = entry * columns + (columns === 1 ? 0 : index % inputs);
          expect(Math.abs(gain[at]! * samples[index % samples.length]! + offset[at]! - value)).toBeLessThan(2 ** -20);
        });
        steps++;
      }
      expect(steps).toBe(76);
    },
  );
});
