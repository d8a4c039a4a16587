/** Holds a learner on a board: gain drift under a throttle, on the target of board.json. */
import { expect, it } from 'vitest';
import { simulate } from 'qrails/vitest';

const learner = { experiment: 'exp-000c', profile: './board.json', directory: import.meta.dirname };
const run = await simulate(learner);

it('survives gain drift', () => {
  expect(run).toSurvive();
});

it('owes that to its throttle', async () => {
  expect(await simulate({ ...learner, throttle: 'none', tries: false })).not.toSurvive();
});

it('stays near float64', () => {
  expect(run).toTrackFloat({ sqnrDb: 30, maxLossRatio: 1.5 });
});

it('never drives a weight into its rails, and an output rarely', () => {
  expect(run).toStayInsideRails({ site: 'weight' });
  expect(run).toStayInsideRails({ site: 'activation', allow: 0.01 });
});

it('has the same bits without SIMD', async () => {
  expect(await simulate({ ...learner, build: 'scalar', tries: false })).toBeBitIdenticalTo(run);
});

it('does what it did', async () => {
  await expect(run).toMatchBaseline('learner.baseline.json');
});
