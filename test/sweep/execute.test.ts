/** Runs of a sweep: every measure has the bits that a comparison gives, whatever is kept from run to run. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare, type RunOptions } from '../../src/compare/prepare.js';
import { GROUP } from '../../src/core/group.js';
import { QrailsError } from '../../src/errors.js';
import type { ComparisonRun } from '../../src/schema/comparison.js';
import { Cache } from '../../src/sweep/cache.js';
import { createExecutor } from '../../src/sweep/execute.js';
import { measuresOf, SWEEP_MEASURE_NAMES, SWEEP_MEASURES } from '../../src/sweep/measures.js';
import * as sides from '../../src/sweep/sides.js';
import type { RunResult, SideResult, SweepSpace } from '../../src/sweep/types.js';
import { experiment, Folder, profile, recorded } from '../cli/qrails.js';

const phases = (learningRate: number) => [{ steps: 10, batch: 4, learningRate }, { steps: 30, batch: 4, learningRate, sensor: true }];
const folder = new Folder({
  'mine.json': experiment({ phases: phases(0.1), model: { layers: [{ outputs: 1 }] }, throttle: { law: 'gt0', estimator: 'trace', chi: 1.5 } }),
  'two.json': experiment({ phases: phases(0.1), model: { layers: [{ outputs: 3, activation: 'relu', bias: true }, { outputs: 1 }] } }),
  'log.json': recorded(),
  'log.csv': `a,b,y\n${Array.from({ length: 20 }, (_, i) => `${(i % 7) / 7},${(i % 5) / 5},${(i % 3) / 3}\n`).join('')}`,
  'trap.json': profile({ update: { overflow: 'TRAP', wordLength: 8, fractionLength: 8 } }),
  'narrow.json': profile({ weight: { wordLength: 8, fractionLength: 6, rails: [-1.3125, 1.3125] } }),
});
afterAll(() => folder.remove());

/** A space whose points are options, one after the other. */
function spaceOf(points: readonly RunOptions[], seeds = 1, numbers: 'both' | 'fixed' | 'float64' = 'both', firstSeed = 42): SweepSpace {
  return {
    spec: { name: 'points', axes: [], numbers }, hash: '0'.repeat(64), points: points.length, seeds, runs: points.length * seeds, firstSeed, columns: [],
    valuesAt: () => [],
    optionsAt: (point) => ({ throttle: ['none'], anchor: ['none'], directory: folder.path, ...points[point]! }),
    seedAt: (run) => firstSeed + (run % seeds),
  };
}

async function runAll(space: SweepSpace, order = Array.from({ length: space.runs }, (_, run) => run)): Promise<RunResult[]> {
  const { run } = createExecutor(space);
  const results: RunResult[] = [];
  for (const at of order) results.push(await run(at));
  return results.sort((a, b) => a.run - b.run);
}

/** A run as `compare` tells it. */
async function compared(space: SweepSpace, run: number): Promise<Pick<RunResult, 'hash' | 'float' | 'fixed'>> {
  const options = { ...space.optionsAt(Math.floor(run / space.seeds)), seed: space.seedAt(run) };
  const { plan } = (await prepare(options)).variants[0]!;
  const [told] = (await compare({ ...options, tries: false })).runs as [ComparisonRun];
  const side = (kind: 'float' | 'fixed'): SideResult => {
    const { finalLoss, meanLoss, maxLoss, weightError, stalledSteps, steps, divergedAt, stillFrom, alpha, rejectedSteps } = told[kind];
    const loop = /^layer\d+\.(accumulator|activation|error|gradientAccumulator|gradient|update|weight|bias)$|^rate$/;
    const sites = Object.entries(told.fixed.sites).filter(([key, { count }]) => loop.test(key) && count > 0).map(([, site]) => site);
    const fixed = <T>(value: T): T | null => (kind === 'fixed' ? value : null);
    return {
      verdict: told.verdict[kind], finalLoss, meanLoss, maxLoss, weightError, stalledShare: stalledSteps / steps, divergedAt, stillFrom, alphaMin: alpha?.min ?? null,
      rejectedShare: plan.supervisor.law === 'none' ? null : rejectedSteps / steps,
      lossRatio: fixed(told.difference.lossRatio),
      overflowShare: fixed(Math.max(0, ...sites.map(({ overflowHigh, overflowLow, count }) => (overflowHigh + overflowLow) / count))),
      nearRailShare: fixed(Math.max(0, ...sites.map(({ nearRail, count }) => nearRail / count))),
      parameterBits: fixed(plan.initial.flatMap(({ weightsRaw, biasRaw }, layer) => [
        ...weightsRaw.flat().map(() => plan.sites[`layer${layer}.weight`]!.wordLength), ...biasRaw.map(() => plan.sites[`layer${layer}.bias`]!.wordLength),
      ]).reduce((sum, bits) => sum + bits, 0)),
    };
  };
  return { hash: told.planHash, float: side('float'), fixed: side('fixed') };
}

/** Steps that make it worth while to go side by side. */
const LONG = 600;

const SWEEPS: [string, SweepSpace][] = [
  ['learning rates under several seeds', spaceOf([0.05, 0.2, 1.5].map((rate) => ({ experiment: './mine.json', sensor: 'step-gain-4', set: ['experiment.divergedLoss=0.5', ...[0, 1].map((phase) => `experiment.phases[${phase}].learningRate=${rate}`)] })), 3)],
  ['throttles', spaceOf(['none', 'gt0/trace', 'gt0/secant', 'gt2-qa/secant', 'clip', 'table'].map((throttle) => ({ experiment: './mine.json', sensor: 'step-gain-4', throttle: [throttle] })))],
  ['formats, where float64 is run once', spaceOf([4, 6, 9].flatMap((fractionLength) => ['none', 'gt2-qa/secant'].map((throttle) => ({
    experiment: './mine.json', sensor: 'step-gain-4', throttle: [throttle], set: [`profile.sites.weight.fractionLength=${fractionLength}`, `profile.sites.update.fractionLength=${fractionLength}`],
  }))), 2)],
  ['two layers and targets', spaceOf(['enabol-tight', 'enabol-mid', './narrow.json', './trap.json'].map((name) => ({ experiment: './two.json', profile: name })), 2)],
  ['anchors and supervisors', spaceOf([{ anchor: ['ema'] }, { anchor: ['fixed'] }, { supervisor: 'rollback' }, { supervisor: 'cusum' }].map((options) => ({ experiment: './mine.json', sensor: 'step-gain-4', ...options })))],
  ['seeds of small batches', spaceOf([0.05, 0.4].map((rate) => ({ experiment: './mine.json', sensor: 'step-gain-4', set: [`experiment.phases[1].steps=${LONG}`, ...[0, 1].flatMap((phase) => [`experiment.phases[${phase}].batch=${phase + 1}`, `experiment.phases[${phase}].learningRate=${rate}`])] })), 6)],
  ['seeds of two layers with a throttle', spaceOf([0.1, 0.9].map((rate) => ({ experiment: './two.json', throttle: ['gt0/secant'], set: [`experiment.phases[0].steps=${LONG}`, `experiment.phases[0].learningRate=${rate}`] })), 4)],
  ['a recording', spaceOf([0.01, 0.1].map((rate) => ({ experiment: './log.json', set: [`experiment.phases[0].learningRate=${rate}`] })), 2)],
  ['shipped experiments', spaceOf(['exp-000a', 'relu-4-8-2', 'stress-rails', 'balance-2'].map((name) => ({ experiment: name, steps: 12 })))],
];

describe('every run', () => {
  it.each(SWEEPS)('has the bits of compare, in any order: %s', async (_, space) => {
    const results = await runAll(space);
    for (const [run, { error, ...result }] of results.entries()) {
      expect(error).toBeNull();
      expect(result).toEqual({ run, ...(await compared(space, run)) });
    }
    const runs = results.map(({ run }) => run).reverse();
    expect(await runAll(space, [...runs.filter((run) => run % 2 === 1), ...runs.filter((run) => run % 2 === 0)])).toEqual(results);
    const { together } = createExecutor(space);
    for (let from = results.length % GROUP; from < results.length; from += GROUP) expect(await together({ from, to: from + GROUP })).toEqual(results.slice(from, from + GROUP));
  });

  it('is taken side by side with its neighbours where that is faster: seeds, rates and sensors; with one that cannot be run all are taken one by one', async () => {
    const [groups, alone] = [vi.spyOn(sides, 'together'), vi.spyOn(sides, 'alone')];
    const counts = async (space: SweepSpace): Promise<[number, number]> => {
      groups.mockClear();
      alone.mockClear();
      const { run, together } = createExecutor(space);
      const results = await together({ from: 0, to: GROUP });
      const counts: [number, number] = [groups.mock.calls.length, alone.mock.calls.length];
      for (const result of results) expect(await run(result.run)).toEqual(result);
      return counts;
    };
    const small = (...set: string[]) => ({ experiment: './mine.json', set: [`experiment.phases[1].steps=${LONG}`, 'experiment.phases[0].batch=1', 'experiment.phases[1].batch=1', ...set] });
    expect(await counts(spaceOf([small()], 4))).toEqual([1, 0]);
    expect(await counts(spaceOf([0.1, 0.2, 0.3, 1.5].map((rate) => small(`experiment.phases[1].learningRate=${rate}`))))).toEqual([1, 0]);
    expect(await counts(spaceOf([1, 2, 3, 4].map((gain) => ({ ...small(`sensor.gain[0].value=${gain}`), sensor: 'step-gain-4' }))))).toEqual([1, 0]);
    expect(await counts(spaceOf([small('experiment.phases[1].batch=4')], 4))).toEqual([0, 4]); // its samples fill the lanes
    expect(await counts(spaceOf([small('experiment.phases[1].steps=20')], 4))).toEqual([0, 4]); // too short
    expect(await counts(spaceOf([8, 9, 10, 11].map((wordLength) => small(`profile.sites.weight.wordLength=${wordLength}`, 'profile.sites.weight.fractionLength=6'))))).toEqual([0, 4]);
    expect(await counts(spaceOf([0.1, 1e9, 0.3, 1.5].map((rate) => small(`experiment.phases[1].learningRate=${rate}`))))).toEqual([0, 3]);
    groups.mockRestore();
    alone.mockRestore();
  });

  it('has all measures, each in words', () => {
    expect(Object.keys(SWEEP_MEASURES)).toEqual(SWEEP_MEASURE_NAMES);
    for (const { label, about } of Object.values(SWEEP_MEASURES)) expect([label.length, about.length].every((length) => length > 3)).toBe(true);
  });

  it('are those of the target and, of two sides, what compares them, where there is such a side', () => {
    const lacking = (...of: Parameters<typeof measuresOf>): string[] => SWEEP_MEASURE_NAMES.filter((name) => !measuresOf(...of).includes(name));
    expect(lacking('fixed')).toEqual([]);
    expect(lacking('fixed', 'fixed')).toEqual(['lossRatio']);
    for (const numbers of ['both', 'float64'] as const) expect(lacking('float', numbers)).toEqual(['lossRatio', 'overflowShare', 'nearRailShare', 'parameterBits']);
  });

  it('diverges, overflows and stalls in what is tested here', async () => {
    const all = (await Promise.all(SWEEPS.map(([, space]) => runAll(space)))).flat();
    expect(new Set(all.map(({ fixed }) => fixed!.verdict)).size).toBeGreaterThan(2);
    for (const name of SWEEP_MEASURE_NAMES) expect(all.some(({ fixed }) => (fixed?.[name] ?? 0) > 0), name).toBe(true);
    for (const name of SWEEP_MEASURE_NAMES) if (!measuresOf('float').includes(name)) expect(all.every(({ float }) => float![name] === null), name).toBe(true);
  });
});

describe('one side', () => {
  const points = [0.05, 0.2].map((rate) => ({ experiment: './mine.json', sensor: 'step-gain-4', set: [`experiment.phases[0].learningRate=${rate}`] }));

  it('has the same measures without the other', async () => {
    const both = await runAll(spaceOf(points, 2));
    const fixed = await runAll(spaceOf(points, 2, 'fixed'));
    const float = await runAll(spaceOf(points, 2, 'float64'));
    both.forEach((run, index) => {
      expect(fixed[index]).toEqual({ ...run, float: null, fixed: { ...run.fixed, lossRatio: null } });
      expect(float[index]).toEqual({ ...run, fixed: null });
    });
  });

  it('runs what only float64 can run in float64', async () => {
    const point = { experiment: './mine.json', throttle: ['gt0/lambda'], reference: true };
    expect((await runAll(spaceOf([point], 1, 'float64')))[0]).toMatchObject({ error: null, fixed: null });
    expect((await runAll(spaceOf([point])))[0]).toMatchObject({ float: null, fixed: null, error: { code: 'unsupported' } });
  });

  it('of float64 is run once where only the target differs', async () => {
    const runs = vi.spyOn(sides, 'alone');
    const formats = [10, 12, 14].map((wordLength) => ({ experiment: './mine.json', set: [`profile.sites.weight.wordLength=${wordLength}`] }));
    const kinds = async (...[points, seeds, numbers]: Parameters<typeof spaceOf>): Promise<string[]> => {
      runs.mockClear();
      await runAll(spaceOf(points, seeds, numbers));
      return runs.mock.calls.map(([, , wanted]) => wanted.join());
    };
    expect(await kinds(formats, 2)).toEqual(['float,fixed', 'float,fixed', 'fixed', 'fixed', 'fixed', 'fixed']);
    expect(await kinds(formats, 1, 'float64')).toEqual(['float']);
    expect(await kinds([...formats, { ...formats[0]!, steps: 20 }, { ...formats[1]!, set: ['experiment.verdict.survives=0.2'] }])).toEqual(['float,fixed', 'fixed', 'fixed', 'float,fixed', 'float,fixed']);
    runs.mockRestore();
  });
});

describe('a plan that cannot be', () => {
  const FAULTS: [string, RunOptions][] = [
    ['a constant that does not fit', { experiment: './mine.json', set: ['experiment.phases[0].learningRate=1e-12'] }],
    ['a path that is not there', { experiment: './mine.json', set: ['experiment.phases[7].batch=4'] }],
    ['a value that breaks its schema', { experiment: './mine.json', set: ['profile.sites.weight.wordLength=99'] }],
    ['a document that is not there', { experiment: './mine.json', profile: './nowhere.json' }],
    ['a recording that is not there', { experiment: './log.json', set: ['experiment.data.file=gone.csv'] }],
    ['a throttle that is not there', { experiment: './mine.json', throttle: ['full'] }],
    ['a channel that is not there', { experiment: './mine.json', set: ['sensor.gain=[{"kind":"constant","value":2,"channels":[9]}]'] }],
    ['a sensor that delivers no number', { experiment: './mine.json', sensor: 'step-gain-4', set: ['sensor.gain=[{"kind":"constant","value":1e300},{"kind":"constant","value":1e300}]'] }],
    ['one too large for the memory of the core', { experiment: './mine.json', set: ['experiment.data.rows=300000', 'experiment.evaluation.rows=300000', 'experiment.model.layers=[{"outputs":4096,"activation":"relu"},{"outputs":1}]'] }],
  ];
  /** Those of which there is a plan. */
  const PLANNED = FAULTS.slice(-2);

  it.each(FAULTS)('is told as compare tells it, and the sweep goes on: %s', async (_, point) => {
    const space = spaceOf([{ experiment: './mine.json' }, point, { experiment: './mine.json' }], 2);
    const results = await runAll(space);
    const refused: unknown = await compare({ ...space.optionsAt(1), seed: space.seedAt(2), tries: false }).then(() => undefined, (error: unknown) => error);
    expect(refused).toBeInstanceOf(QrailsError);
    for (const { float, fixed, error } of results.slice(2, 4)) {
      expect([float, fixed]).toEqual([null, null]);
      expect(error!.code).toBe((refused as QrailsError).code);
      expect(error!.message.endsWith((refused as QrailsError).parts.message)).toBe(true);
      expect(error!.message).not.toMatch(/--set|\n/);
    }
    expect([0, 1, 4, 5].map((run) => results[run]!.error)).toEqual([null, null, null, null]);
    expect({ ...results[4], run: 0 }).toEqual(results[0]);
  });

  it('of more than 4 GiB says so', async () => {
    const [{ error }] = (await runAll(spaceOf([FAULTS.at(-1)![1]]))) as [RunResult];
    expect(error).toEqual({ code: 'unsupported', message: 'memory of the core: the run does not fit' });
  });

  it('reads the same at every value of its axis', async () => {
    const results = await runAll(spaceOf([1e-12, 1e-13].map((rate) => ({ experiment: './mine.json', set: [`experiment.phases[0].learningRate=${rate}`, 'experiment.phases[1].learningRate=0.1'] }))));
    expect(results.map(({ error }) => error)).toEqual(Array(2).fill({ code: 'format', message: 'experiment.phases[0].learningRate: becomes zero in its format' }));
  });

  it.each(PLANNED)('has its hash where it fails in the run: %s', async (_, point) => {
    const space = spaceOf([point]);
    const { variants } = await prepare({ ...space.optionsAt(0), seed: 42 });
    expect((await runAll(space))[0]!.hash).toBe(variants[0]!.hash);
  });

  it('leaves a fault of the program a fault of the program', async () => {
    const space = { ...spaceOf([{}]), optionsAt: (): RunOptions => { throw new TypeError('a fault'); } };
    await expect(createExecutor(space).run(0)).rejects.toThrow(TypeError);
  });
});

describe('what is kept', () => {
  it('is what was used last, and no more than there is room for', () => {
    const cache = new Cache<number>(10);
    cache.set('a', 1, 4);
    cache.set('b', 2, 4);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3, 4);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
    cache.set('a', 5, 6);
    expect(['a', 'c'].map((key) => cache.get(key))).toEqual([5, 3]);
    expect(cache.set('d', 4, 11)).toBe(4);
    expect(['a', 'c', 'd'].map((key) => cache.get(key))).toEqual([undefined, undefined, 4]);
  });
});
