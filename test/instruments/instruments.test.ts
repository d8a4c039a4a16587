/** The instruments of whole runs: known numbers of the gain drift, agreement with the trace, and that looking changes no bit. */
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { instrumentHeader, instrumentLine, VALUE_NAMES, type InstrumentRow } from '../../src/instruments/columns.js';
import { hessianExtremes } from '../../src/instruments/hessian.js';
import { measure, MOST_ROWS } from '../../src/instruments/instruments.js';
import { expand, parameterCount } from '../../src/instruments/network.js';
import { createInstruments, initialParameters, type StepInstruments } from '../../src/instruments/perStep.js';
import { phaseTasks } from '../../src/instruments/tasks.js';
import { runPair } from '../../src/run/pair.js';
import { createTrace, type TraceRow } from '../../src/run/trace.js';
import { Instruments, type InstrumentRun } from '../../src/schema/instruments.js';
import { findProblems } from '../../src/schema/validate.js';
import { inFolder, experiment as quick, profile } from '../cli/qrails.js';

const DRIFT = 20;

async function one(options: Parameters<typeof measure>[0]): Promise<InstrumentRun> {
  const { runs } = await measure({ anchor: ['none'], ...options });
  expect(runs).toHaveLength(1);
  return runs[0]!;
}

const sideRows = (run: InstrumentRun, side: 'float' | 'fixed'): InstrumentRow[] => run.rows.filter((row) => row.side === side);

describe('exp-000c', () => {
  let run: InstrumentRun;
  beforeAll(async () => {
    run = await one({ experiment: 'exp-000c', throttle: ['gt0/secant'] });
  });

  it('the margin is 0.54 in the warm-up and about 8.67 under the drift, on both sides', () => {
    for (const side of ['float', 'fixed'] as const) {
      const rows = sideRows(run, side);
      expect(rows).toHaveLength(120);
      for (const [step, row] of rows.entries()) {
        expect(row.step).toBe(step);
        // The draw's λmax is 1.082, the population's 1.0833; rounding of inputs to the target's format moves it a little.
        expect(row.rawMargin! / (0.5 * 1.082 * (step < DRIFT ? 1 : 16))).toBeCloseTo(1, 2);
        expect(row.throttledMargin).toBeCloseTo(row.rate! * row.lambdaMax!, 12);
        expect(row.rawRadius).toBeCloseTo(Math.max(Math.abs(1 - row.rawMargin!), Math.abs(1 - (row.rawMargin! / row.lambdaMax!) * row.lambdaMin!)), 12);
        expect(row.lambdaMin!).toBeGreaterThan(0);
        expect(row.gradientSharpness!).toBeLessThanOrEqual(row.lambdaMax! * (1 + 1e-9));
        expect(row.gradientSharpness!).toBeGreaterThanOrEqual(row.lambdaMin! * (1 - 1e-9));
      }
      expect(rows[DRIFT]!.rawMargin!).toBeCloseTo(8.66, 1);
    }
  });

  it('a float throttle keeps the direction; its plateau is the ideal throttle', () => {
    const drift = sideRows(run, 'float').slice(DRIFT);
    for (const { updateCosine } of drift) expect(updateCosine).toBeCloseTo(1, 9);
    for (const { alpha } of drift.slice(1, 6)) expect(alpha).toBeCloseTo(1.5 / 8.66, 2);
    expect(drift[1]!.throttledMargin).toBeCloseTo(1.5, 1);
  });

  it('limits are of the rows under the drift: γ² below those of the population', () => {
    const limits = run.limits!;
    expect(limits).toMatchObject({ batch: 1000, rows: 1000, learningRate: 0.5 });
    expect(limits.gradientDescent * 16).toBeCloseTo(2 / 1.082, 2);
    expect(limits.meanSquare!.withoutReplacement).toBeCloseTo(limits.gradientDescent, 10);
    expect(run.float.batchSharpness).toMatchObject({ batches: 1, limit: 4 });
    // Under a throttle whose C follows the slow modes up to the edge some steps are beyond it.
    expect(run.float.unstableShare).toBeGreaterThan(0);
    expect(run.float.unstableShare).toBeLessThan(0.3);
  });

  it('the phases are tasks: what the warm-up learned is given up for the drifted optimum', () => {
    const { stabilityGap } = run.float;
    // The optimum of the drift is A/4: the loss of the undrifted rows ends at ½·E‖¾·A·x‖², and has been worse on the way.
    expect(stabilityGap!.minAccuracy).toBeLessThan(-0.3);
    expect(stabilityGap!.worstCase).toBeGreaterThanOrEqual(stabilityGap!.minAccuracy! / 2 - 1e-9);
    expect(stabilityGap!.windowedForgetting).toHaveLength(2);
    // The one unthrottled step, from a loss of about 3 to 174.
    expect(stabilityGap!.windowedForgetting[1]! / 171).toBeCloseTo(1, 1);
  });

  it('a task is what its phase was given: other rows, or the same behind another sensor', () => inFolder({
    'log.csv': `a,y\n${Array.from({ length: 60 }, (_, row) => `${1 + (row % 3)},${(row < 30 ? 1 : -1) * (1 + (row % 3))}`).join('\n')}\n`,
    'two.json': quick({
      data: { kind: 'csv', file: 'log.csv', inputs: ['a'], targets: ['y'] },
      phases: [{ steps: 8, batch: 4, learningRate: 0.1 }, { steps: 7, batch: 4, learningRate: 0.1 }], evaluation: { rows: 10 },
    }),
  }, async (folder) => {
    const options = { experiment: 'two.json', directory: folder.path, throttle: ['none'], anchor: ['none'] };
    const { variants: [variant], dataset } = await prepare(options);
    const [first, second] = await phaseTasks(variant!.plan, dataset);
    // Phase 0 takes rows 0…31, phase 1 rows 32…59.
    expect(first).toEqual({ count: 10, inputs: Float64Array.from({ length: 10 }, (_, k) => 1 + ((22 + k) % 3)), targets: Float64Array.from({ length: 10 }, (_, k) => (22 + k < 30 ? 1 : -1) * (1 + ((22 + k) % 3))) });
    expect(second).toEqual({ count: 10, inputs: Float64Array.from({ length: 10 }, (_, k) => 1 + ((50 + k) % 3)), targets: Float64Array.from({ length: 10 }, (_, k) => -(1 + ((50 + k) % 3))) });
    // From y = a to y = −a: what was learned is lost for good, E(2a)²/2 of the first eight of ten rows.
    const { float: { stabilityGap } } = await one(options);
    const squares = [...first!.inputs].slice(0, 8).reduce((sum, a) => sum + (2 * a) ** 2, 0);
    expect(stabilityGap!.minAccuracy! / (-squares / 20)).toBeCloseTo(1, 1);
    expect(stabilityGap!.windowedPlasticity[1]).toBeGreaterThan(1);
  }));

  it('the result is what its schema says', async () => {
    expect(await findProblems(Instruments, await measure({ steps: 30, every: 7 }) as never)).toEqual([]);
  });
});

describe('the rows', () => {
  it('say what the trace says, and the same λ where there is one linear layer and nothing is rounded', async () => {
    const traced: TraceRow[] = [];
    const options = { experiment: 'exp-000c', throttle: ['gt0/secant'], anchor: ['none'], steps: 60 };
    await compare({ ...options, tries: false, trace: ({ plan, throttle, anchor }, dataset) => createTrace(plan, dataset, { throttle, anchor }, (row) => void traced.push(row)) });
    const { rows } = await one(options);
    for (const row of rows) {
      const trace = traced[row.step]!;
      for (const name of VALUE_NAMES) {
        const said = trace[`${row.side}.${name}`];
        if (said === undefined) continue;
        if (!/Margin|Radius/.test(name)) expect(row[name]).toBe(said);
        else if (row.side === 'float') expect(row[name]).toBeCloseTo(said as number, 10);
      }
      if (row.side === 'float') expect([row.lambdaMin, row.lambdaMax]).toEqual([expect.closeTo(trace.lambdaMin as number, 10), expect.closeTo(trace.lambdaMax as number, 10)]);
    }
  });

  it('looking changes no bit of the run', async () => {
    const { variants: [variant], dataset } = await prepare({ experiment: 'exp-000c', profile: 'enabol-tight', throttle: ['gt0/secant'], anchor: ['none'], steps: 50 });
    const { plan } = variant!;
    const [plain, watched] = [await runPair(plan, dataset), await runPair(plan, dataset, { onStep: createInstruments(plan, dataset, { throttle: '', anchor: '' }, 3, () => undefined) })];
    expect(watched.fixed.parametersRaw).toEqual(plain.fixed.parametersRaw);
    expect(watched.fixed.counters).toEqual(plain.fixed.counters);
    expect(watched.float.parameters).toEqual(plain.float.parameters);
  });

  it('every n-th step has the row it has when every step is measured', async () => {
    const options = { experiment: 'exp-000c', profile: 'enabol-tight', throttle: ['gt0/secant'], steps: 50 };
    const [all, some] = [await one(options), await one({ ...options, every: 7 })];
    expect(some.rows).toEqual(all.rows.filter(({ step }) => step % 7 === 0));
    expect(some.fixed.measured).toBe(8);
    expect(some.fixed.steps).toBe(50);
  });

  it('ReLU network: λ of each side are of its own parameters, on the batch of the step', () => inFolder({
    'net.json': quick({ model: { layers: [{ outputs: 3, activation: 'relu', bias: true }, { outputs: 1, bias: true }], initial: { kind: 'glorot' } }, order: 'shuffled', seed: 5 }),
  }, async (folder) => {
    const { variants: [variant], dataset } = await prepare({ experiment: 'net.json', directory: folder.path, throttle: ['none'], anchor: ['none'] });
    const { plan } = variant!;
    const steps: (StepInstruments & { inputs: Float64Array; targets: Float64Array; count: number })[] = [];
    let measured: StepInstruments;
    const watch = createInstruments(plan, dataset, { throttle: 'none', anchor: 'none' }, 1, (found) => void (measured = found));
    await runPair(plan, dataset, {
      onStep: async (view) => {
        await watch(view);
        steps.push({ ...measured, count: view.batch.count, inputs: view.batch.inputs.slice(), targets: view.batch.targets.slice() });
      },
    });
    expect(steps).toHaveLength(10);
    expect(steps[0]!.parameters).toEqual(initialParameters(plan));
    for (const [step, { rows: [float, fixed], parameters, ...samples }] of steps.entries()) {
      const { min, max } = hessianExtremes(plan.layers, parameters.float, samples)!;
      expect([float!.lambdaMin, float!.lambdaMax]).toEqual([min, max]);
      expect(float!.rawMargin).toBeCloseTo(0.1 * max, 12);
      // In float64 the step is θ − η·g, with the gradient of the same expansion.
      const { gradient, objective } = expand(plan.layers, parameters.float, samples);
      expect(float!.loss).toBeCloseTo(objective, 12);
      expect(float!.gradientNorm).toBeCloseTo(Math.hypot(...gradient), 12);
      steps[step + 1]?.parameters.float.forEach((value, k) => expect(value).toBeCloseTo(parameters.float[k]! - 0.1 * gradient[k]!, 12));
      expect(Math.abs(fixed!.lambdaMax! - max)).toBeLessThan(0.1 * max);
      expect(fixed!.lambdaMax).not.toBe(max);
    }
    expect(steps[0]!.parameters.fixed).toHaveLength(parameterCount(plan.layers));
  }));

  it('a run that a TRAP has ended has no more rows of the target', () => inFolder({
    'trap.json': profile({ weight: { overflow: 'TRAP' } }),
    'grow.json': quick({ phases: [{ steps: 40, batch: 20, learningRate: 1.9 }], data: { kind: 'teacher', rows: 20, weights: [[7, 5]], low: 1, high: 2 } }),
  }, async (folder) => {
    const run = await one({ experiment: 'grow.json', profile: 'trap.json', directory: folder.path, throttle: ['none'] });
    const fixed = sideRows(run, 'fixed');
    expect(run.fixed.steps).toBeLessThan(40);
    expect(fixed).toHaveLength(run.fixed.steps);
    expect(sideRows(run, 'float')).toHaveLength(40);
    expect(run.float.stabilityGap).toBeNull();
  }));

  it('values that are not finite are null, and empty in CSV', async () => {
    const run = await one({ experiment: 'exp-000b', throttle: ['none'] });
    const last = sideRows(run, 'float').at(-1)!;
    expect(last).toMatchObject({ loss: null, finite: 0, diverged: 1, lambdaMax: expect.closeTo(17.3, 0) as number });
    expect(run.float.batchSharpness).toBeNull();
    const cells = instrumentLine(last).trimEnd().split(',');
    const names = instrumentHeader().trimEnd().split(',');
    expect(cells).toHaveLength(names.length);
    expect([cells[names.indexOf('loss')], cells[names.indexOf('side')], cells[names.indexOf('diverged')]]).toEqual(['', 'float', '1']);
  });

  it('more rows than a result holds are refused before a step is run', async () => {
    await expect(measure({ steps: MOST_ROWS })).rejects.toMatchObject({ code: 'usage', exitCode: 2, parts: { where: '--every' } });
    const stop = new AbortController();
    stop.abort();
    await expect(measure({ steps: MOST_ROWS, rows: false, signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
