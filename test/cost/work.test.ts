/**
 * The work of a step against the oracle with its arithmetic counted, and against the counters of the core: what is derived from a plan is what a step does.
 */
import { describe, expect, it, vi } from 'vitest';
import { prepare } from '../../src/compare/prepare.js';
import { ANCHOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { loadCore } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { operationsOf } from '../../src/cost/cost.js';
import { stepWork, type Work } from '../../src/cost/work.js';
import { PHASES, type Phase } from '../../src/schema/cost.js';
import type { Plan } from '../../src/schema/plan.js';
import { deliveries as delivered } from '../../src/signal/delivery.js';
import { FixedAnchor } from '../oracle/fixed-anchor.js';
import { FixedThrottle } from '../oracle/fixed-throttle.js';
import { runFixed } from '../oracle/fixed.js';
import { randomPlan } from '../oracle/plans.js';
import { addTo, counting, emptyTally, isVariable, takePending, type Tally } from './tally.js';

vi.mock('../oracle/exact.js', async (original) => {
  const { counted } = await import('./tally.js');
  return counted(await original<typeof import('../oracle/exact.js')>());
});

const SEEDS = Math.ceil(Number(process.env['QRAILS_ORACLE_SEEDS'] ?? 60) / 12);

/** One step of the oracle: what it computed in each phase, and how often each site rounded. */
interface Step {
  readonly batch: number;
  readonly phases: Record<Phase, Tally>;
  readonly rounded: Record<string, number>;
  readonly pulling: boolean;
}

type Deliveries = ReturnType<typeof randomPlan>['deliveries'];

function stepsOf(plan: Plan, deliveries: Deliveries): Step[] {
  const phaseOf = new Map(stepWork(plan).map(({ site, phase }) => [site, phase]));
  const steps: Step[] = [];
  const fresh = (): Record<Phase, Tally> => Object.fromEntries(PHASES.map((phase) => [phase, emptyTally()])) as Record<Phase, Tally>;
  let phases = fresh();
  let rounded: Record<string, number> = {};
  const give = (phase: Phase): void => addTo(phases[phase], takePending());

  around(FixedAnchor.prototype, 'decide', () => give('anchor'));
  around(FixedThrottle.prototype, 'decide', (result) => {
    give('throttle');
    if (plan.throttle.law !== 'none') isVariable((result as ReturnType<FixedThrottle['decide']>).alpha);
  });
  around(FixedThrottle.prototype, 'divide', () => (counting.dividing = undefined), () => (counting.dividing = plan.divide.method));
  takePending();
  runFixed(plan, deliveries, ({ step, pulling }) => {
    give('update');
    steps.push({ batch: deliveries[step]!.count, phases, rounded, pulling });
    phases = fresh();
    rounded = {};
  }, ({ key }) => {
    rounded[key] = (rounded[key] ?? 0) + 1;
    if (key !== 'input') give(phaseOf.get(key)!);
  });
  vi.restoreAllMocks();
  return steps;
}

type Method = (...args: unknown[]) => unknown;

/** Does something before and after every call of a method, until mocks are restored. */
function around(prototype: object, name: string, after: (result: unknown) => void, before: () => void = () => undefined): void {
  const methods = prototype as Record<string, Method>;
  const method = methods[name]!;
  vi.spyOn(methods, name).mockImplementation(function (this: unknown, ...args) {
    before();
    const result = method.apply(this, args);
    after(result);
    return result;
  });
}

const tallyOf = (rows: readonly Work[]): Tally => {
  const { quantisations: _, ...tally } = operationsOf(rows);
  return tally;
};
const parameters = ({ layers }: Plan): number => layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + Number(bias)), 0);
const isSite = (name: string) => ({ site }: Work): boolean => site === name || site.endsWith(`.${name}`);

/** What the oracle counts otherwise, by the way its text is written. */
function asOracle(plan: Plan, batch: number, phase: Phase, rows: readonly Work[], pulling: boolean): Tally {
  const tally = tallyOf(rows);
  const rounded = (name: string): number => rows.filter(isSite(name)).reduce((sum, { quantisations }) => sum + quantisations, 0);
  const compared = (...names: string[]): number => rows.filter((row) => names.some((name) => isSite(name)(row))).reduce((sum, { comparisons }) => sum + comparisons, 0);
  // It adds each group of products, then that to the running sum.
  if (phase === 'forward') tally.additions += rounded('accumulator');
  if (phase === 'backward') tally.additions += rounded('gradientAccumulator');
  // A sign, and a zero, are seen without its `compare`.
  tally.comparisons -= compared('activation', 'error', 'squaredNorm', 'norm');
  // It takes off the pull of the anchor even where there is none.
  if (phase === 'update' && !pulling) {
    const one = parameters(plan);
    if (plan.anchor.law === 'none') tally.additions += one;
    else {
      tally.additions -= one;
      tally.multiplications -= one;
    }
  }
  // It adds a sample's squares, a 1 or a 0, then the samples.
  if (phase === 'throttle' && plan.throttle.estimator === 'trace') tally.additions += plan.layers.reduce((sum, { bias }) => sum + batch * (2 - Number(bias)), 0);
  return tally;
}

describe.each(THROTTLE_NAMES.flatMap((throttle) => ANCHOR_NAMES.map((anchor) => [throttle, anchor] as const)))('throttle %s, anchor %s', (throttle, anchor) => {
  it(`${SEEDS} random plans: every step computes what its plan says`, () => {
    const reached = { throttle: 0, statistic: 0, calibrated: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { plan, deliveries } = randomPlan(9000 + seed, { throttle, anchor, traps: 0 });
      const calibration = { oracle: emptyTally() };
      for (const [index, step] of stepsOf(plan, deliveries).entries()) {
        const name = `seed ${seed}, step ${index}`;
        const all = stepWork(plan, step.batch);
        const rows = all.filter(({ when }) => when === 'step');
        const of = (phase: Phase): Work[] => rows.filter((row) => row.phase === phase);
        for (const phase of ['forward', 'loss', 'backward', 'update'] as const) {
          expect(step.phases[phase], `${name}, ${phase}`).toEqual(asOracle(plan, step.batch, phase, of(phase), step.pulling));
          for (const row of of(phase)) if (!isSite('anchorPull')(row) || step.pulling) expect(step.rounded[row.site] ?? 0, `${name}, ${row.site}`).toBe(row.quantisations);
        }

        // Controllers: never more than the steady state, and as much where everything in it happens.
        const steady = asOracle(plan, step.batch, 'throttle', of('throttle'), false);
        for (const key of Object.keys(steady) as (keyof Tally)[]) expect(step.phases.throttle[key], `${name}, throttle ${key}`).toBeLessThanOrEqual(steady[key]);
        const tried = plan.throttle.law !== 'table' || step.phases.throttle.comparisons === steady.comparisons;
        if (of('throttle').length > 0 && tried && of('throttle').every(({ site, quantisations }) => step.rounded[site] === quantisations)) {
          reached.throttle++;
          expect(step.phases.throttle, `${name}, throttle`).toEqual(steady);
        }
        if (step.rounded['statistic']) {
          reached.statistic++;
          expect(step.phases.anchor, `${name}, statistic`).toEqual(tallyOf(of('anchor')));
        } else {
          addTo(calibration.oracle, step.phases.anchor);
          if (step.rounded['lossVariance']) {
            // The oracle adds all the losses at once, at the end.
            reached.calibrated++;
            const losses = plan.anchor.calibration!;
            const expected = tallyOf(all.filter(({ when }) => when === 'calibrated'));
            for (let k = 0; k < losses; k++) addTo(expected, tallyOf(all.filter(({ when }) => when === 'calibrating')));
            expect(calibration.oracle, `${name}, calibration`).toEqual(expected);
          }
          if (step.rounded['lossVariance']) calibration.oracle = emptyTally();
        }
      }
    }
    if (throttle !== 'none' && throttle !== 'table') expect(reached.throttle).toBeGreaterThan(0);
    if (anchor === 'event') expect([reached.statistic, reached.calibrated].every((count) => count > 0)).toBe(true);
  });
});

it('a table of which no entry fits is tried to its end', () => {
  let reached = 0;
  for (let seed = 1; seed <= 40 && reached === 0; seed++) {
    const { plan, deliveries } = randomPlan(9500 + seed, { throttle: 'table', anchor: 'none', traps: 0 });
    for (const step of stepsOf(plan, deliveries)) {
      const steady = tallyOf(stepWork(plan, step.batch).filter(({ phase }) => phase === 'throttle'));
      if (step.phases.throttle.comparisons !== steady.comparisons - 1) continue; // the zero test is none of the oracle's
      reached++;
      expect(step.phases.throttle).toEqual({ ...steady, comparisons: steady.comparisons - 1 });
    }
  }
  expect(reached).toBeGreaterThan(0);
});

it('the core rounds as often as the plan says: steps of shipped experiments in their steady state', async () => {
  for (const [experiment, from, to, options] of [
    ['exp-000c', 25, 35, { throttle: ['gt0/secant'], anchor: ['none'] }], ['exp-000c', 25, 35, { throttle: ['gt0/trace'], anchor: ['fixed'], profile: 'avr-q7' }],
    ['exp-000c', 25, 35, { throttle: ['table'], anchor: ['fixed'], profile: 'c28x-ovm0' }], ['anchor-event', 800, 900, { throttle: ['none'], anchor: ['event'] }],
  ] as const) {
    const { variants: [variant], dataset } = await prepare({ experiment, ...options });
    const { plan } = variant!;
    const session = new Session(await loadCore(), plan, 'fixed');
    const counts = (): Record<string, number> => Object.fromEntries(Object.entries(session.counters()).map(([key, { count }]) => [key, count]));
    let step = 0;
    let before: Record<string, number> = {};
    const expected: Record<string, number> = {};
    for (const batch of delivered(plan, dataset)) {
      if (step === from) before = counts();
      if (step === to) break;
      session.push(batch);
      session.finish();
      if (step++ < from) continue;
      for (const { site, when, quantisations } of stepWork(plan, batch.count)) if (when === 'step' && quantisations > 0) expected[site] = (expected[site] ?? 0) + quantisations;
    }
    const found = Object.fromEntries(Object.entries(counts()).map(([key, count]) => [key, count - before[key]!]).filter(([key, count]) => key !== 'input' && count !== 0));
    expect(found, `${experiment} ${JSON.stringify(options)}`).toEqual(expected);
  }
});
