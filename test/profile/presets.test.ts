/** Every shipped target and every shipped sensor through every preset, to the end of the run or past every change of phase. */
import { describe, expect, it } from 'vitest';
import { prepare, throttleName, type RunOptions, type Variant } from '../../src/compare/prepare.js';
import { list } from '../../src/document/catalogue.js';
import { loadExperiment } from '../../src/experiment/load.js';
import { planSteps, runPair, type Pair } from '../../src/run/pair.js';
import type { Dataset } from '../../src/signal/dataset.js';
import { faultsOf } from './sound.js';

/** Whole runs; else the last phase is cut short. */
const FULL = Boolean(process.env['QRAILS_FULL']);
/** Steps of the last phase where it is cut. */
const TAIL = 40;

const targets = list('profile');
const sensors = list('sensor');
const experiments = list('experiment');

interface Taken {
  readonly variant: Variant;
  readonly dataset: Dataset;
  readonly pair: Pair;
}

/** Data of an experiment, drawn or read once. */
const datasets = new Map<string, Dataset>();

/** The pair of an experiment with its own controllers. */
async function take(options: RunOptions & { experiment: string }): Promise<Taken> {
  const { throttle = { law: 'none' as const }, anchor = { law: 'none' as const } } = (await loadExperiment(options.experiment)).value;
  const own = { ...options, throttle: [throttleName(throttle)], anchor: [anchor.law] };
  let prepared = await prepare(own, datasets.get(options.experiment));
  const { dataset } = prepared;
  datasets.set(options.experiment, dataset);
  const { phases } = prepared.variants[0]!.plan;
  const before = phases.slice(0, -1).reduce((sum, { steps }) => sum + steps, 0);
  if (!FULL) prepared = await prepare({ ...own, steps: before + Math.min(TAIL, phases.at(-1)!.steps) }, dataset);
  const [variant] = prepared.variants as [Variant];
  return { variant, dataset, pair: await runPair(variant.plan, dataset) };
}

/** What two runs must share to be the same run. */
const bits = ({ fixed, float }: Pair) => ({
  parameters: fixed.parametersRaw, loss: fixed.finalLossRaw, counters: fixed.counters, float: [float.parameters, float.finalLoss],
  curves: [fixed.recorder.curve, float.recorder.curve],
});

describe.each(experiments)('experiment %s', (experiment) => {
  it.each(targets)('runs on %s', async (profile) => {
    const { pair } = await take({ experiment, profile });
    expect(pair.fixed.trapped).toBeUndefined();
    expect(pair.plan.phases.length).toBe((await loadExperiment(experiment)).value.phases.length);
    expect(faultsOf(pair)).toEqual([]);
  });
});

/** Stress in a phase of its own, and as many inputs as any shipped sensor names. */
const STRESSED = 'exp-000c';

describe('sensors', () => {
  it.each(sensors)(`${STRESSED} runs behind %s`, async (sensor) => {
    const { pair, variant } = await take({ experiment: STRESSED, sensor });
    expect(pair.plan.phases.some((phase) => phase.sensor)).toBe(true);
    expect(faultsOf(pair)).toEqual([]);
    const { variant: bare } = await take({ experiment: STRESSED, sensor: 'none' });
    expect(variant.hash === bare.hash).toBe(sensor === 'none');
  });
});

describe('the same twice', () => {
  // One target of each kind of accumulation and rounding, and sensors with noise, a recorded curve and a walk of the supply.
  const samples: [experiment: string, profile: string, sensor?: string][] = [
    ['exp-000b', 'cortex-m4-q15'],
    ['stream', 'loihi-8bit', 'seattle-bridge'],
    ['anchor-event', 'enabol-tight', 'thermometer-drift'],
    ['exp-000c', 'dspic33-wrap', 'absolute-reference'],
  ];
  it.each(samples)('%s on %s', async (experiment, profile, sensor) => {
    const [one, other] = [await take({ experiment, profile, sensor }), await take({ experiment, profile, sensor })];
    expect(other.variant.hash).toBe(one.variant.hash);
    expect(bits(other.pair)).toEqual(bits(one.pair));
    expect(planSteps(one.variant.plan)).toBe(one.pair.float.recorder.steps);
  });
});
