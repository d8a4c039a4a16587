/** The promises of docs/reproduction.md on a few seeds: what the page says of twenty must be true here, or one of the two is wrong. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

interface Run {
  readonly loss: number[];
  readonly alpha: number[];
  readonly flags: number[];
  readonly finalLoss: number;
}
type Values<T> = Record<string, (T | undefined)[]>;
interface Simulate {
  overSeeds<T>(options: object, measure: (run: Run) => T): Promise<Values<T>>;
  readonly FLOAT: object;
  readonly SYSTEMS: Record<string, { profile: string } | undefined>;
}
interface Anchors {
  readonly TASKS: readonly { experiment: string; promises: Record<string, (of: unknown) => boolean> }[];
  valuesOf(task: object, seeds: number[], systems: object): Promise<unknown>;
  kept(values: unknown, test: (of: unknown) => boolean): number[];
}

// The page's own measurements, which are plain JavaScript over the built package.
const script = (name: string): string => new URL(`../../scripts/reproduction/${name}.mjs`, import.meta.url).href;
let simulate: Simulate;
let anchors: Anchors;
beforeAll(async () => {
  simulate = (await import(script('simulate'))) as Simulate;
  anchors = (await import(script('anchors'))) as Anchors;
});

const SEEDS = [1, 2, 3];
const worst = ({ loss }: Run): number => Math.max(...loss);
const late = ({ alpha }: Run): number => alpha.slice(-10).reduce((sum, value) => sum + value, 0) / 10;

async function drifted(throttle: string, set: string[] = []): Promise<{ worst: number; final: number; late: number }[]> {
  const { float64 } = await simulate.overSeeds({ experiment: 'exp-000c', throttle, set, seeds: SEEDS, systems: simulate.FLOAT }, (run) => ({ worst: worst(run), final: run.finalLoss, late: late(run) }));
  return float64!.map((value) => value!);
}

describe('throttles under gain drift, float64', () => {
  it.each([
    ['gt0/secant', [], [150, 210], 1e-11, [0.2, 0.26]],
    ['gt0/secant', ['throttle.firstAlpha=1/32'], [3, 4], 1e-11, [0.2, 0.26]],
    ['gt0/secant', ['throttle.keepState=true'], [3, 4], 1e-11, [0.2, 0.26]],
    ['gt0/secant-latch', ['throttle.firstAlpha=1/32'], [3, 4], 5e-10, [0.16, 0.185]],
    ['gt0/trace', [], [3, 4], 1e-7, [0.13, 0.15]],
    ['gt0/rayleigh', [], [3, 4], 5e-12, [0.2, 0.24]],
    ['table', [], [150, 210], 1e-11, [0.18, 0.26]],
    ['gt1/secant', [], [3, 4], 1e-11, [0.2, 0.26]],
    ['gt1/secant', ['throttle.firstAlpha=1'], [250, 450], 1e-11, [0.2, 0.26]],
  ] as const)('%s %j', async (throttle, set, [low, high], most, [least, greatest]) => {
    for (const run of await drifted(throttle, [...set])) {
      expect(run.worst).toBeGreaterThan(low);
      expect(run.worst).toBeLessThan(high);
      expect(run.final).toBeLessThan(most);
      expect(run.late).toBeGreaterThan(least);
      expect(run.late).toBeLessThan(greatest);
    }
  });

  it('one sample a step: the secant locks gt0 up; the trace and gt1 do not', async () => {
    const set = ['experiment.phases.0.batch=1', 'experiment.phases.1.batch=1', 'experiment.phases.0.throttle=true', 'experiment.phases.1.steps=2000'];
    for (const { final } of await drifted('gt0/secant', set)) expect(final).toBeGreaterThan(0.02);
    for (const throttle of ['gt0/trace', 'gt1/secant']) for (const { final } of await drifted(throttle, set)) expect(final).toBeLessThan(1e-9);
  });

  it('gt2 with a large gain swings for ever; gt2-qa does not', async () => {
    const swing = async (throttle: string): Promise<number[]> => {
      const set = ['throttle.gain=0.5', 'throttle.momentum=0.9'];
      const { float64 } = await simulate.overSeeds({ experiment: 'exp-000c', throttle, set, seeds: SEEDS, steps: 420, systems: simulate.FLOAT }, ({ alpha }) => Math.max(...alpha.slice(-100)) - Math.min(...alpha.slice(-100)));
      return float64 as number[];
    };
    for (const value of await swing('gt2/secant')) expect(value).toBeGreaterThan(0.5);
    for (const value of await swing('gt2-qa/secant')) expect(value).toBeLessThan(1e-6);
  });
});

describe('anchors', () => {
  it('keep and break what they promise, in float64 and on 16 and 8 bits', { timeout: 120_000 }, async () => {
    const { float64, wide, tight } = simulate.SYSTEMS;
    for (const task of anchors.TASKS) {
      const values = await anchors.valuesOf(task, [1, 2], { float64, wide, tight });
      for (const [promise, test] of Object.entries(task.promises)) expect({ promise, shares: anchors.kept(values, test) }).toEqual({ promise, shares: [1, 1, 1] });
    }
  });
});

describe('supervisor', () => {
  const rejected = ({ flags }: Run): number => flags.filter((flag) => (flag & 32) !== 0).length;

  it('ends a burst, and live-locks on a drift unless it has patience', async () => {
    const final = async (experiment: string, supervisor: string, set: string[] = []): Promise<{ final: number; rejected: number }[]> => {
      const { float64 } = await simulate.overSeeds({ experiment, supervisor, set, seeds: SEEDS, systems: simulate.FLOAT }, (run) => ({ final: run.finalLoss, rejected: rejected(run) }));
      return float64!.map((value) => value!);
    };
    for (const run of await final('supervisor-burst', 'none')) expect(run.final).toBeGreaterThan(1e6);
    for (const run of await final('supervisor-burst', 'rollback')) expect(run.final).toBeLessThan(0.01);
    for (const run of await final('supervisor-drift', 'rollback')) expect(run).toEqual({ final: expect.closeTo(4.6, 0) as number, rejected: 400 });
    for (const run of await final('supervisor-drift', 'rollback', ['supervisor.patience=10'])) {
      expect(run.rejected).toBe(10);
      expect(run.final).toBeLessThan(1e-12);
    }
  });
});

describe('docs/reproduction.md', () => {
  it('has every section, and says how it was made', () => {
    const page = readFileSync(new URL('../../docs/reproduction.md', import.meta.url), 'utf8');
    for (const heading of ['Throttles under gain drift', 'Precision maps', 'Anchors', 'Which promise holds where', 'Supervisor', 'Measures of stability', 'Moving means and balance', 'Which controller survives where']) {
      expect(page).toContain(heading);
    }
    expect(page).toContain('npm run generate:reproduction');
    for (const { promises } of anchors.TASKS) for (const promise of Object.keys(promises)) expect(page).toContain(promise);
  });
});
