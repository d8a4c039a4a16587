/** Several targets at once: each row is what a comparison of that target alone says, and those that refuse do not stop the others. */
import { afterAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { siteOf } from '../../src/compare/stepOrder.js';
import { compareTargets, MOST_TARGETS } from '../../src/compare/targets.js';
import { list } from '../../src/document/catalogue.js';
import { QrailsError } from '../../src/errors.js';
import { renderTargets } from '../../src/report/targets.js';
import { TargetComparison } from '../../src/schema/targets.js';
import { validate } from '../../src/schema/validate.js';
import { SITES } from '../../src/site/sites.js';
import { experiment, Folder, onePhase, profile } from '../cli/qrails.js';

const folder = new Folder({
  'mine.json': experiment(), 'eleven.json': onePhase({ batch: 11 }), 'one.json': profile({}, { name: 'one', batch: { sizes: 'one' } }), 'two.json': profile({}, { name: 'two', batch: { sizes: 'powerOfTwo' } }),
  'copy.json': profile({}), 'a/mine.json': profile({ weight: { wordLength: 20, fractionLength: 10 } }),
});
afterAll(() => folder.remove());
const at = { directory: folder.path };

async function refusal(promise: Promise<unknown>): Promise<QrailsError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(QrailsError);
  return error as QrailsError;
}

describe('a row', () => {
  it('is what the target says alone, under the second column of its throttle', async () => {
    const profiles = ['enabol-wide', 'enabol-mid', 'enabol-tight', 'cortex-m4-q15'];
    const { targets, reference, plan, parts } = await compareTargets({ profiles });
    expect(plan).toMatchObject({ experiment: 'exp-000c', throttle: 'gt0/secant', anchor: 'none', steps: 120, stressFrom: 20 });
    for (const [index, name] of profiles.entries()) {
      const { runs } = await compare({ profile: name, throttle: ['gt0/secant'], tries: false });
      const { float, fixed, verdict, planHash, difference, flags } = runs[0]!;
      expect(targets[index]).toMatchObject({ target: name, given: name, refused: null });
      expect(targets[index]!.ran).toMatchObject({
        planHash, finalLoss: fixed.finalLoss, finalLossRaw: fixed.finalLossRaw, stalledSteps: fixed.stalledSteps, verdict: verdict.fixed, lossRatio: difference.lossRatio,
        weight: fixed.sites['layer0.weight']!.format, accumulator: fixed.sites['layer0.accumulator']!.format,
      });
      expect(targets[index]!.ran!.flags).toEqual(flags);
      expect(reference).toMatchObject({ finalLoss: float.finalLoss, verdict: verdict.float });
      const first = targets[index]!.ran!.firstOverflow;
      const steps = Object.entries(fixed.sites).filter(([key]) => SITES[siteOf(key).name].kind !== 'metric').map(([, site]) => site.firstOverflow?.step ?? Infinity);
      expect(first?.step ?? Infinity).toBe(Math.min(...steps));
      if (first) expect(fixed.sites[first.site]!.firstOverflow).toMatchObject({ step: first.step, element: first.element, wanted: first.wanted, raw: first.raw });
    }
    expect(parts.map(({ base, target }) => [base, target])).toEqual([['float64', 'enabol-wide'], ['enabol-wide', 'enabol-mid'], ['enabol-wide', 'enabol-tight'], ['enabol-wide', 'cortex-m4-q15']]);
  });

  it('never has the place beyond a last place before the first difference, nor within one', async () => {
    const { parts } = await compareTargets({ experiment: 'stream', profiles: list('profile').filter((_, index) => index % 4 === 0), steps: 40 });
    for (const { first, beyond, steps } of parts) {
      expect(steps).toBeGreaterThan(0);
      if (!beyond) continue;
      expect(first).not.toBeNull();
      expect(beyond.step ?? -1).toBeGreaterThanOrEqual(first!.step ?? -1);
      expect(Math.abs(beyond.target.value! - beyond.base.value!)).toBeGreaterThan(beyond.lastPlace);
    }
  });

  it('says why a target refuses, and the next is the base', async () => {
    const result = await compareTargets({ ...at, experiment: './mine.json', profiles: ['./one.json', './two.json', './copy.json'] });
    expect(result.targets.map(({ target, ran }) => [target, ran !== null])).toEqual([['one', false], ['two', true], ['mine', true]]);
    expect(result.targets[0]!.refused!.message).toMatch(/cannot run this batch, found 4, expected 1/);
    expect(result.parts.map(({ base, target }) => [base, target])).toEqual([['float64', 'two'], ['two', 'mine']]);
    expect(renderTargets(result)).toMatch(/\n {2}one +refused: .*cannot run this batch/);
    await expect(validate(TargetComparison, result, 'result')).resolves.toBeDefined();
  });

  it('is called as it was given where two have the same name', async () => {
    const { targets } = await compareTargets({ ...at, experiment: './mine.json', profiles: ['./copy.json', './a/mine.json', './two.json'] });
    expect(targets.map(({ target }) => target)).toEqual(['./copy.json', './a/mine.json', 'two']);
  });
});

describe('is refused:', () => {
  it('a list where no target runs, with every reason', async () => {
    const error = await refusal(compareTargets({ ...at, experiment: './eleven.json', profiles: ['./one.json', './two.json'] }));
    expect(error.message).toMatch(/no target can run this\n.*one: one cannot run this batch.*two: two cannot run this batch/);
  });

  it('a fault of the experiment, as it is for one target', async () => {
    const one = await refusal(compare({ experiment: 'exp-000c', set: ['experiment.phases.0.batch=5000'] }));
    const several = await refusal(compareTargets({ experiment: 'exp-000c', profiles: ['enabol-mid', 'enabol-wide'], set: ['experiment.phases.0.batch=5000'] }));
    expect(several.message).toBe(one.message);
  });

  it.each<[string, Parameters<typeof compareTargets>[0], RegExp]>([
    ['one target', { profiles: ['enabol-mid'] }, /wrong number of targets/],
    ['too many', { profiles: Array<string>(MOST_TARGETS + 1).fill('enabol-mid') }, /wrong number of targets/],
    ['a target twice', { profiles: ['enabol-mid', 'enabol-wide', 'enabol-mid'] }, /named twice\n +found +enabol-mid\n/],
    ['a file twice', { ...at, profiles: ['./copy.json', 'copy.json'] }, /copy\.json and copy\.json, the same file/],
    ['two throttles', { profiles: ['enabol-mid', 'enabol-wide'], throttle: ['none', 'table'] }, /--throttle: several targets are compared under one controller/],
    ['two anchors', { profiles: ['enabol-mid', 'enabol-wide'], anchor: ['none', 'event'] }, /--anchor: several targets/],
    ['a name that is not there', { profiles: ['enabol-mid', 'enabol-wdie'] }, /"enabol-wdie"[^]*try +enabol-wide/],
  ])('%s', async (_, options, message) => {
    expect((await refusal(compareTargets(options))).message).toMatch(message);
  });
});

it('can be interrupted', async () => {
  await expect(compareTargets({ profiles: ['enabol-mid', 'enabol-wide'], signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});
