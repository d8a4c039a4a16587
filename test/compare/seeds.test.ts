/** Many seeds: each is what `compare` says of it alone, and controllers are held against each other seed by seed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { medianInterval, medianRanks, resamplingStream } from '../../src/compare/bootstrap.js';
import { compare } from '../../src/compare/compare.js';
import { compareSeeds, MOST_SEEDS, pairBySeed, type CompareSeedsOptions } from '../../src/compare/seeds.js';
import { SEED_MEASURE_NAMES } from '../../src/compare/seedsMeasures.js';
import { QrailsError } from '../../src/errors.js';
import { hashJson } from '../../src/plan/hash.js';
import { renderSeeds, seedsCsv } from '../../src/report/seeds.js';
import { SeedComparison } from '../../src/schema/seeds.js';
import { validate } from '../../src/schema/validate.js';
import { experiment, Folder, profile, recorded } from '../cli/qrails.js';

const phases = (learningRate: number) => [{ steps: 10, batch: 4, learningRate }, { steps: 30, batch: 4, learningRate, sensor: true }];
const folder = new Folder({
  'mine.json': experiment({ phases: phases(0.1), model: { layers: [{ outputs: 1 }] }, throttle: { law: 'gt0', estimator: 'trace', chi: 1.5 } }),
  // Past the stable rate under some draws of data and weights, not under others.
  'edge.json': experiment({ phases: phases(1.5), model: { layers: [{ outputs: 1 }] }, data: { kind: 'teacher', rows: 4, weights: [[0.5, -0.25]], high: 1.45 } }),
  'log.json': recorded(), 'shuffled.json': experiment({ data: { kind: 'csv', file: 'log.csv', inputs: ['a', 'b'], targets: ['y'] }, order: 'shuffled', model: { layers: [{ outputs: 1 }] } }),
  'log.csv': `a,b,y\n${Array.from({ length: 20 }, (_, i) => `${(i % 7) / 7},${(i % 5) / 5},${(i % 3) / 3}\n`).join('')}`,
  'two.json': experiment({ phases: phases(0.1), model: { layers: [{ outputs: 3, activation: 'relu' }, { outputs: 1 }] } }),
  'trap.json': profile({ update: { overflow: 'TRAP', wordLength: 8, fractionLength: 8 } }),
  'narrow.json': profile({ weight: { wordLength: 8, fractionLength: 6, rails: [-1.3125, 1.3125] } }),
});
afterAll(() => folder.remove());
const at = { directory: folder.path };

async function refusal(promise: Promise<unknown>): Promise<QrailsError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(QrailsError);
  return error as QrailsError;
}

describe('each seed', () => {
  it.each<[string, Omit<CompareSeedsOptions, 'seeds'>]>([
    ['of a teacher', { experiment: './mine.json', sensor: 'step-gain-4', seed: 5, anchor: ['none', 'fixed'] }],
    ['of a recording in drawn order', { experiment: './shuffled.json', throttle: ['none'] }],
    ['of two layers', { experiment: './two.json', throttle: ['none'] }],
    ['at the edge of stability', { experiment: './edge.json', throttle: ['none', 'gt0/trace'], sensor: 'none' }],
  ])('is what compare says of it alone: %s', async (_, options) => {
    const seeds = 6;
    const result = await compareSeeds({ ...at, ...options, seeds });
    expect(result.plan.first).toBe(options.seed ?? 42);
    for (let index = 0; index < seeds; index++) {
      const { runs } = await compare({ ...at, ...options, seed: result.plan.first + index, tries: false });
      expect(runs.length).toBe(result.runs.length);
      for (const [k, run] of runs.entries()) {
        const found = result.runs[k]!;
        expect([found.throttle, found.anchor, found.planHashes[index]]).toEqual([run.throttle, run.anchor, run.planHash]);
        for (const side of ['float', 'fixed'] as const) {
          const { finalLoss, meanLoss, maxLoss, weightError, stalledSteps, steps } = run[side];
          expect(Object.fromEntries(['verdict' as const, ...SEED_MEASURE_NAMES].map((name) => [name, found[side].values[name][index]]))).toEqual({
            verdict: run.verdict[side], finalLoss, meanLoss, maxLoss, weightError, stalledShare: stalledSteps / steps,
          });
        }
      }
    }
    expect(new Set(result.runs.flatMap(({ planHashes }) => planHashes)).size).toBe(seeds * result.runs.length);
  });
});

describe('a result', () => {
  let result: SeedComparison;
  beforeAll(async () => {
    result = await compareSeeds({ ...at, experiment: './edge.json', throttle: ['none', 'gt0/trace'], sensor: 'none', seeds: 24 });
  });

  it('can be computed again from its own values', () => {
    const { plan, runs, against } = result;
    expect(plan.hash).toBe(hashJson(Array.from({ length: plan.seeds }, (_, index) => runs.map(({ planHashes }) => planHashes[index])).flat()));
    const ranks = medianRanks(plan.seeds, resamplingStream(plan.hash));
    const losses = runs.map(({ fixed, float }) => [float, fixed].map(({ values }) => values.finalLoss.map((loss, index) => (values.verdict[index] === 'diverged' ? Infinity : loss!))));
    for (const [k, { float, fixed }] of runs.entries()) {
      for (const [s, side] of [float, fixed].entries()) {
        const { median, low, high } = medianInterval(losses[k]![s]!, ranks);
        const orNull = (value: number) => (value === Infinity ? null : value);
        expect(side.medians.finalLoss).toEqual({ median: orNull(median), low: orNull(low), high: orNull(high) });
        expect(Object.values(side.verdicts).reduce((sum, { count }) => sum + count, 0)).toBe(plan.seeds);
        expect(side.verdicts.diverged.count).toBe(side.values.verdict.filter((name) => name === 'diverged').length);
      }
    }
    expect(against).toHaveLength(1);
    expect(against[0]!.fixed).toEqual(pairBySeed(losses[1]![1]!, losses[0]![1]!, ranks));
    expect(against[0]!.float.better).toBe(losses[1]![0]!.filter((loss, index) => loss < losses[0]![0]![index]!).length);
  });

  it('has runs of either end, or the tests here would hold nothing', () => {
    const { survives, degraded, 'dead zone': dead, diverged } = result.runs[0]!.float.verdicts;
    expect(diverged.count).toBeGreaterThan(0);
    expect(survives.count + degraded.count + dead.count).toBeGreaterThan(0);
  });

  it('is what its schema says, and can be printed', async () => {
    await expect(validate(SeedComparison, result, 'result')).resolves.toBeDefined();
    const text = renderSeeds(result);
    expect(text).toContain('24 seeds, 42 to 65, each draws data, weights ·');
    expect(text).toMatch(/\n {2}throttle gt0\/trace against no throttle, seed by seed\n {4}float64 {2}final loss × .*; lower in \d+ of 24 seeds/);
    for (const width of [40, 80, 110, 200]) for (const line of renderSeeds(result, { width: Math.max(width, 60), wrap: Math.max(width, 60) }).split('\n').slice(4)) expect([...line].length).toBeLessThanOrEqual(Math.max(width, 60));
  });

  it('has a row of CSV for every seed, run and side', () => {
    const [head, ...rows] = [...seedsCsv(result)].map((line) => line.trimEnd().split(','));
    expect(rows).toHaveLength(24 * 2 * 2);
    const row = rows.find(([seed, throttle, , side]) => seed === '45' && throttle === 'gt0/trace' && side === 'fixed')!;
    const loss = result.runs[1]!.fixed.values.finalLoss[3];
    expect(row[head!.indexOf('finalLoss')]).toBe(String(loss));
    expect(row).toHaveLength(head!.length);
  });

  it('is the same every time, on every build', async () => {
    const options = { ...at, experiment: './edge.json', throttle: ['none', 'gt0/trace'], sensor: 'none', seeds: 24 };
    expect(await compareSeeds({ ...options, build: 'scalar' })).toEqual(result);
  });

  it('of several seeds begins like that of fewer', async () => {
    const fewer = await compareSeeds({ ...at, experiment: './edge.json', throttle: ['none', 'gt0/trace'], sensor: 'none', seeds: 3, seed: 44 });
    expect(fewer.runs[1]!.fixed.values.finalLoss).toEqual(result.runs[1]!.fixed.values.finalLoss.slice(2, 5));
  });
});

describe('paired by seed', () => {
  const ranks = medianRanks(8, resamplingStream('pairs'));
  const bases = [1, 2, 4, 8, 16, 32, 64, 128];
  const better = bases.map((loss) => loss / 2);

  it('a permutation of one side changes the pairs, and no median', () => {
    const rotated = [...better.slice(5), ...better.slice(0, 5)];
    const pairs = pairBySeed(better, bases, ranks);
    const shuffled = pairBySeed(rotated, bases, ranks);
    expect(pairs).toEqual({ ratio: { median: 0.5, low: 0.5, high: 0.5 }, better: 8, ties: 0, worse: 0, betterShare: expect.objectContaining({ share: 1, high: 1 }), signTest: 2 / 256 });
    expect(shuffled).toMatchObject({ better: 5, worse: 3 });
    expect(shuffled.ratio).not.toEqual(pairs.ratio);
    expect(medianInterval(rotated, ranks)).toEqual(medianInterval(better, ranks));
    // The same permutation of both sides changes nothing.
    expect(pairBySeed(rotated, [...bases.slice(5), ...bases.slice(0, 5)], ranks)).toEqual(pairs);
  });

  it('swapped sides give the inverse', () => {
    const swapped = pairBySeed(bases, better, ranks);
    expect(swapped).toMatchObject({ ratio: { median: 2 }, better: 0, worse: 8, signTest: 2 / 256 });
  });

  it('runs that diverged rank last, and tie with each other', () => {
    const four = medianRanks(4, resamplingStream('pairs'));
    const found = pairBySeed([1, Infinity, Infinity, 0], [Infinity, 1, Infinity, 0], four);
    expect(found).toMatchObject({ better: 1, ties: 2, worse: 1, betterShare: { share: 0.5 }, signTest: 1, ratio: { median: 1 } });
    expect(pairBySeed([1, 1, 1, 1], Array<number>(4).fill(Infinity), four)).toMatchObject({ better: 4, ratio: { median: 0, low: 0, high: 0 } });
    expect(pairBySeed(Array<number>(4).fill(Infinity), [1, 1, 1, 1], four)).toMatchObject({ worse: 4, ratio: { median: null, low: null, high: null } });
  });
});

describe('a run that diverged', () => {
  it('counts as infinite, whatever loss it had when a trap ended it', async () => {
    const { runs: [run] } = await compareSeeds({ ...at, experiment: './mine.json', profile: './trap.json', set: ['experiment.phases.0.learningRate=1.9', 'experiment.phases.1.learningRate=1.9'], throttle: ['none'], seeds: 6 });
    const { verdicts, values, medians } = run!.fixed;
    expect(verdicts.diverged.count).toBeGreaterThan(3);
    expect(values.finalLoss.every((loss) => loss !== null)).toBe(true);
    expect(medians.finalLoss).toMatchObject({ median: null, high: null });
    expect(medians.weightError!.median).toBeNull();
    expect(medians.stalledShare!.median).not.toBeNull();
    expect(renderSeeds(await compareSeeds({ ...at, experiment: './mine.json', profile: './trap.json', throttle: ['none'], seeds: 2 }))).toContain('so few seeds are not enough for 95 %: these intervals hold the median in at least 50 % of the cases');
  });

  it('there is no weight error of two layers', async () => {
    const { runs: [run] } = await compareSeeds({ ...at, experiment: './two.json', throttle: ['none'], seeds: 2 });
    expect(run!.fixed.medians.weightError).toBeNull();
    expect(run!.fixed.medians.finalLoss).not.toBeNull();
  });
});

describe('what a seed draws', () => {
  it.each<[string, Partial<CompareSeedsOptions>, string[]]>([
    ['a teacher and weights', { experiment: './mine.json' }, ['data', 'weights']],
    ['a recording in drawn order', { experiment: './shuffled.json' }, ['weights', 'order']],
    ['noise, where the sensor is on', { experiment: './log.json', sensor: 'thermometer-drift' }, ['noise']],
    ['random bits', { experiment: './log.json', set: ['profile.sites.weight.rounding=STOCHASTIC'] }, ['rounding']],
  ])('%s', async (_, options, drawn) => {
    const { plan, runs } = await compareSeeds({ ...at, throttle: ['none'], anchor: ['none'], seeds: 2, ...options });
    expect(plan.drawn).toEqual(drawn);
    const [a, b] = runs[0]!.fixed.values.meanLoss;
    expect(a).not.toBe(b);
  });

  it.each<[string, Partial<CompareSeedsOptions>]>([['nothing', {}], ['noise of a sensor that is off', { sensor: 'thermometer-drift', steps: 5 }]])('is refused: %s', async (_, options) => {
    const error = await refusal(compareSeeds({ ...at, experiment: './log.json', seeds: 2, ...options }));
    expect(error.message).toMatch(/--seeds: a seed draws nothing[^]*try +--set experiment\.order=shuffled/);
  });
});

describe('is refused:', () => {
  it.each<[string, CompareSeedsOptions, RegExp]>([
    ['one seed, with the reason', { seeds: 1 }, /--seeds: one seed has no spread to make an interval of\n +found +1\n +expected +2 to 10000/],
    ['none', { seeds: 0 }, /a wrong number of seeds/],
    ['too many', { seeds: MOST_SEEDS + 1 }, /a wrong number of seeds/],
    ['half a seed', { seeds: 2.5 }, /a wrong number of seeds/],
    ['seeds past the last', { seeds: 2, seed: 4294967295 }, /past the last[^]*4294967295 to 4294967296/],
    ['a seed that is set', { seeds: 2, set: ['experiment.seed=7'] }, /--set: sets the seed/],
    ['a seed that is set to the first', { seeds: 2, seed: 7, set: ['experiment.seed=7'] }, /--set: sets the seed/],
    ['an experiment that is not there', { seeds: 2, experiment: 'exp-00c' }, /exp-00c/],
    ['a seed whose weights do not fit, by its number', { ...at, seeds: 40, seed: 100, experiment: './mine.json', profile: './narrow.json' }, /^seed 1(?!00)\d\d, .*model\.initial\.layers/],
  ])('%s', async (_, options, message) => {
    expect((await refusal(compareSeeds(options))).message).toMatch(message);
  });
});

it('can be interrupted, between runs too short to look up', async () => {
  const interruption = new AbortController();
  let seen = 0;
  const running = compareSeeds({ ...at, experiment: './mine.json', seeds: 500, signal: interruption.signal, onProgress: () => { if (++seen === 4) interruption.abort(); } });
  await expect(running).rejects.toThrow(/abort/i);
  expect(seen).toBeLessThan(10);
});

it('tells how far it is', async () => {
  const told: [number, number, string][] = [];
  await compareSeeds({ ...at, experiment: './mine.json', seeds: 3, throttle: ['none'], onProgress: (...progress) => told.push(progress) });
  expect(told).toEqual([[40, 120, 'seed 1 of 3'], [80, 120, 'seed 2 of 3'], [120, 120, 'seed 3 of 3']]);
});
