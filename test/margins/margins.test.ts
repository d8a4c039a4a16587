/** Margins against theory, against runs of their own, and on the command line. */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { shareInterval } from '../../src/compare/seedsCount.js';
import { hessianExtremes } from '../../src/instruments/hessian.js';
import { margins } from '../../src/margins/margins.js';
import { renderMargins } from '../../src/margins/text.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';
import type { Margins } from '../../src/schema/margins.js';

/** Largest eigenvalue of XᵀX/N of the data as it is. */
async function lambdaOf(experiment: string): Promise<number> {
  const { dataset, variants: [variant] } = await prepare({ experiment });
  const inputs = Float64Array.from({ length: dataset.rows * dataset.inputs }, (_, k) => dataset.values[Math.floor(k / dataset.inputs) * (dataset.inputs + dataset.targets) + (k % dataset.inputs)]!);
  return hessianExtremes(variant!.plan.layers, new Float64Array(0), { count: dataset.rows, inputs, targets: new Float64Array(0) })!.max;
}
const quantity = ({ quantities }: Margins, name: string): Margins['quantities'][number] => quantities.find((one) => one.name === name)!;

describe('against the limit of gradient descent, η·γ²·λmax < 2', () => {
  it('the largest η of a run that does not survive lies below it', async () => {
    const result = await margins({ experiment: 'stress-learning-rate', throttle: ['none'], of: ['rate'], seeds: 1, share: 1 });
    const limit = 2 / (await lambdaOf('stress-learning-rate'));
    const { now, survivesAt, failsAt } = quantity(result, 'rate');
    expect(result.now.survives).toBe(false);
    expect((await margins({ experiment: 'stress-learning-rate', throttle: ['none'], of: ['drift'], seeds: 1, share: 1 })).drift!.tried).toEqual([]);
    expect(now).toBe(0.99);
    expect(survivesAt!.value).toBeLessThan(limit);
    // What is slow to settle just below the limit has not done so in 200 steps.
    expect(failsAt!.value / limit).toBeGreaterThan(0.95);
    expect(failsAt!.value / limit).toBeLessThan(1.06);
  });

  it('the largest gain as well', async () => {
    const result = await margins({ experiment: 'exp-000b', throttle: ['none'], sensor: 'gain-offset', set: ['sensor.gain[0].value=1', 'sensor.offset[0].value=0'], of: ['gain'], seeds: 1, share: 1 });
    const limit = Math.sqrt(2 / (0.5 * (await lambdaOf('exp-000b'))));
    const { survivesAt, failsAt, term } = quantity(result, 'gain');
    expect(term).toBe(1);
    expect(survivesAt!.value).toBeLessThan(limit);
    expect(failsAt!.value / limit).toBeGreaterThan(0.95);
    expect(failsAt!.value / limit).toBeLessThan(1.06);
  });
});

describe('a result', () => {
  const RUN = { experiment: 'exp-000c', throttle: ['gt0/secant'], anchor: ['none'], steps: 60, set: ['experiment.phases[1].batch=50', 'experiment.phases[0].batch=50'] };
  const SEEDS = 3;
  let result: Margins;
  beforeAll(async () => {
    result = await margins({ ...RUN, seeds: SEEDS, share: 0.6, tolerance: 0.1 });
  });
  const ends = (): { survives: boolean; end: NonNullable<Margins['quantities'][number]['failsAt']> }[] =>
    [...result.quantities, ...result.words, ...result.drift!.tried].flatMap(({ survivesAt, failsAt }) => [
      ...(survivesAt ? [{ survives: true, end: survivesAt }] : []), ...(failsAt ? [{ survives: false, end: failsAt }] : []),
    ]);

  it('is valid, prints, and needs two of three seeds', async () => {
    expect(await findProblems(SCHEMAS.margins, structuredClone(result))).toEqual([]);
    expect(result.needed).toBe(2);
    for (const { site } of result.words) expect(renderMargins(result)).toContain(site);
    expect(renderMargins(result)).toContain('(worst)');
  });

  it('has ends that survive and fail as they say, with the interval of their count', () => {
    expect(ends().length).toBeGreaterThan(20);
    for (const { survives, end } of ends()) {
      expect(end.survived >= result.needed, JSON.stringify(end)).toBe(survives);
      expect(end.of).toBe(SEEDS);
      const { low, high } = shareInterval(end.survived, SEEDS);
      expect([end.low, end.high]).toEqual([low, high]);
    }
  });

  it('has the margin of every seed alone, with its range', async () => {
    const alone = await Promise.all(Array.from({ length: SEEDS }, (_, k) => margins({ ...RUN, seed: 46 + k, seeds: 1, share: 1, tolerance: 0.1, of: ['gain', 'rate'] })));
    let differ = 0;
    for (const name of ['gain', 'leastRate']) {
      const { bySeed } = quantity(result, name);
      expect(bySeed!.values, name).toEqual(alone.map((one) => quantity(one, name).survivesAt!.value));
      const sorted = alone.map((one) => quantity(one, name).survivesAt!.value).sort((a, b) => a - b);
      expect([bySeed!.low, bySeed!.median, bySeed!.high]).toEqual([sorted[0], sorted[1], sorted[2]]);
      expect(quantity(alone[0]!, name).bySeed).toBeNull();
      if (sorted[0] !== sorted[2]) differ++;
    }
    expect(differ).toBeGreaterThan(0);
    for (const { survivesAt, bySeed } of result.words) expect(bySeed === null).toBe(survivesAt === null);
  });

  it('gives what compare gives with the same assignments, seed by seed', async () => {
    // Words that are judged by the outputs have a test of their own.
    const own = ends().filter(({ end }) => !result.words.some(({ outputs, survivesAt, failsAt }) => outputs && (survivesAt === end || failsAt === end)));
    const some = own.filter((_, index) => index % 7 === 0);
    expect(some.some(({ end: { refused } }) => refused === null)).toBe(true);
    for (const { end } of some) {
      const verdicts = await Promise.all(Array.from({ length: SEEDS }, async (_, k) => {
        const { runs } = await compare({ ...RUN, seed: 46 + k, tries: false, set: [...RUN.set, ...end.set] });
        return runs[0]!.verdict.fixed;
      })).catch(() => 'refused');
      if (verdicts === 'refused') expect(end.refused).not.toBeNull();
      else expect((verdicts as string[]).filter((verdict) => verdict === 'survives'), JSON.stringify(end)).toHaveLength(end.survived);
    }
  });

  it('has words of neighbouring lengths, with the sites that follow', () => {
    for (const { survivesAt, failsAt, wordLength } of result.words) {
      if (survivesAt && failsAt) expect(survivesAt.value - failsAt.value).toBe(1);
      expect(survivesAt!.value).toBeLessThanOrEqual(wordLength);
    }
    const followers = Object.fromEntries(result.words.map((word) => [word.site, word.followers]));
    expect(followers['activation']).toEqual(['target', 'layer0.error']);
    expect(followers['rate']).toEqual(['learningRate']);
    // Nothing of the anchor, of biases, of the target's own products.
    for (const site of ['bias', 'average', 'anchorPull', 'product', 'target', 'error']) expect(followers).not.toHaveProperty(site);
  });

  it('judges words that round the measure itself by the outputs', async () => {
    expect(result.words.filter(({ outputs }) => outputs).map(({ site, part }) => `${site} ${part}`)).toEqual(['activation fraction', 'activation whole', 'loss fraction', 'loss whole']);
    expect(renderMargins(result)).toContain('own loss is rounded with it: activation, loss');
    // Nothing reads the loss: no word of it is too short for learning.
    for (const { survivesAt, failsAt } of result.words.filter(({ site }) => site === 'loss')) expect([survivesAt!.value, failsAt]).toEqual([2, null]);
    // Of two bits are the error and the target too: no loss is left to see, and none was learned away.
    const { failsAt, again, wordLength } = result.words.find(({ site, part }) => site === 'activation' && part === 'fraction')!;
    expect(again).toEqual([]);
    expect(failsAt!.value).toBeGreaterThan(2);
    const coarse = [`profile.sites.activation.wordLength=2`, `profile.sites.activation.fractionLength=${7 - (wordLength - 2)}`];
    const { runs: [run] } = await compare({ ...RUN, seed: 46, tries: false, set: [...RUN.set, ...coarse] });
    expect([run!.verdict.fixed, run!.fixed.finalLoss]).toEqual(['survives', 0]);
  });

  it('finds the drift that is worst at equal length', () => {
    const [worst, ...others] = result.drift!.tried;
    for (const { failsAt } of others) expect(failsAt?.value ?? Infinity).toBeGreaterThanOrEqual(worst!.failsAt!.value);
  });

  it('is the same again', async () => {
    const again = await margins({ ...RUN, seeds: SEEDS, share: 0.6, tolerance: 0.1, of: ['rate'] });
    expect(again.quantities).toEqual(result.quantities.filter(({ name }) => /rate/i.test(name)));
  });
});

it('puts the sensor on where no phase has it, and says so', async () => {
  const result = await margins({ experiment: 'stress-rails', of: ['offset'], seeds: 1, share: 1, steps: 40 });
  expect(result.sensorOn).toBe(false);
  expect(quantity(result, 'offset').failsAt!.set).toContain('experiment.phases[0].sensor=true');
  expect(renderMargins(result)).toContain('no phase has the sensor on');
});

it('says where every seed gives the same run', async () => {
  const fixed = { experiment: 'exp-000c', steps: 40, of: ['rate' as const], throttle: ['gt0/secant'] };
  expect((await margins({ ...fixed, seeds: 2 })).now.same).toBe(false);
  const csv = 'examples/data/seattle-weather.csv';
  const { now } = await margins({ data: { file: csv, inputs: ['temp_max'], targets: ['temp_min'] }, set: ['experiment.model.initial={"kind":"zero"}'], steps: 200, seeds: 2, of: ['rate'], throttle: ['none'] });
  expect(now.same).toBe(true);
});

it('refuses what makes no margin', async () => {
  for (const [options, found] of [[{ seeds: 0 }, '0'], [{ share: 0 }, '0'], [{ share: 1.5 }, '1.5'], [{ tolerance: 0 }, '0'], [{ throttle: ['none', 'table'] }, 'none,table'], [{ of: ['words', 'luck'] as never[] }, 'luck']] as const) {
    await expect(margins(options)).rejects.toMatchObject({ exitCode: 2, parts: { found } });
  }
  await expect(margins({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

it('runs from the command line', () => {
  const run = (...args: string[]): string => execFileSync(process.execPath, ['bin/qrails.js', 'margins', '--steps', '30', '--seeds', '1', '--of', 'rate', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  expect(JSON.parse(run('exp-000a', '--json'))).toMatchObject({ margins: 1, plan: { experiment: 'exp-000a', throttle: 'none', seeds: 1 } });
  expect(run('exp-000a')).toMatch(/^largest learning rate η +\d/m);
});
