/** Advice on many sites at once: exchanges begin where single bits ended. */
import { expect, it } from 'vitest';
import { advise } from '../../src/advise/advise.js';

it('proposes formats for all sites of a hidden layer and an output', async () => {
  const phases = ['experiment.phases[0].steps=60', 'experiment.phases[1].steps=20', 'experiment.phases[0].learningRate=0.05', 'experiment.phases[1].learningRate=0.05', 'experiment.verdict.survives=0.9'];
  const { proposal, cost, evidence } = await advise({
    experiment: 'relu-4-8-2', throttle: ['none'], seeds: 1, set: phases, sites: ['activation', 'error', 'gradient', 'update', 'weight'],
  });
  expect(evidence.sites).toHaveLength(10);
  expect(proposal).not.toBeNull();
  expect(cost.proposal).toBeLessThan(cost.given);
});
