import { describe, expect, it } from 'vitest';
import { list } from '../../src/document/catalogue.js';
import { loadExperiment } from '../../src/experiment/load.js';

describe('shipped experiments', () => {
  it.each(list('experiment'))('%s says in every phase how long it lasts and what is on', async (name) => {
    const { value } = await loadExperiment(name);
    for (const phase of value.phases) {
      expect([phase.steps, phase.epochs].filter((length) => length !== undefined)).toHaveLength(1);
      expect(phase).toMatchObject({ throttle: expect.any(Boolean), anchor: expect.any(Boolean), sensor: expect.any(Boolean) });
    }
    // A controller that is named acts somewhere; and one named on the command line acts where the stress is.
    if ((value.throttle?.law ?? 'none') !== 'none') expect(value.phases.some(({ throttle }) => throttle)).toBe(true);
    if ((value.anchor?.law ?? 'none') !== 'none') expect(value.phases.some(({ anchor }) => anchor)).toBe(true);
    if ((value.sensor ?? 'none') !== 'none') expect(value.phases.some(({ sensor, throttle, anchor }) => sensor && (throttle || anchor))).toBe(true);
  });

  it('learn the same teacher from the same weights of Glorot size', async () => {
    const experiments = await Promise.all(['exp-000a', 'exp-000b', 'exp-000c', 'anchor-event'].map(async (name) => (await loadExperiment(name)).value));
    for (const { model, data } of experiments) {
      expect(model).toEqual(experiments[0]!.model);
      expect(data).toMatchObject({ kind: 'teacher', rows: 1000, weights: [[1.25, -0.75, 0.5, 0.2], [-0.4, 0.9, 1.1, -0.6]] });
      const { initial } = model;
      if (initial?.kind !== 'values') throw new Error('weights are not given');
      for (const weight of initial.layers[0]!.weights.flat()) expect(Math.abs(weight)).toBeLessThan(1);
    }
  });
});
