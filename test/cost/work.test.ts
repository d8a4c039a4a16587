/**
 * The work of a step against the oracle with its arithmetic counted, and against the counters of the core: what is derived from a plan is what a step does.
 */
import { describe, expect, it, vi } from 'vitest';
import { prepare } from '../../src/compare/prepare.js';
import { ANCHOR_NAMES, integrates, SUPERVISOR_NAMES, THROTTLE_NAMES, type AnchorLaw, type SupervisorLaw } from '../../src/control/registry.js';
import { loadCore } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { operationsOf } from '../../src/cost/cost.js';
import type { Work } from '../../src/cost/rows.js';
import { railSearch } from '../../src/cost/throttleWork.js';
import { stepWork } from '../../src/cost/work.js';
import { alphaVaries } from '../../src/plan/concernsExact.js';
import { PHASES, type Phase } from '../../src/schema/cost.js';
import type { Plan } from '../../src/schema/plan.js';
import { deliveries as delivered } from '../../src/signal/delivery.js';
import { siteKey } from '../../src/site/sites.js';
import type { Exact } from '../oracle/exact.js';
import { FixedAnchor } from '../oracle/fixed-anchor.js';
import { FixedBalance } from '../oracle/fixed-balance.js';
import { FixedSupervisor } from '../oracle/fixed-supervisor.js';
import { FixedThrottle } from '../oracle/fixed-throttle.js';
import { runFixed } from '../oracle/fixed.js';
import { randomPlan } from '../oracle/plans.js';
import { addTo, counting, emptyTally, isVariable, takePending, type Tally } from './tally.js';

vi.mock('../oracle/exact.js', async (original) => {
  const { counted } = await import('./tally.js');
  return counted(await original<typeof import('../oracle/exact.js')>());
});

vi.mock('../oracle/fixed-divide.js', async (original) => {
  const { divide } = await original<typeof import('../oracle/fixed-divide.js')>();
  return {
    divide: (...args: Parameters<typeof divide>) => {
      counting.dividing = args[0].divide.method;
      const quotient = divide(...args);
      counting.dividing = undefined;
      return quotient;
    },
  };
});

const SEEDS = Math.ceil(Number(process.env['QRAILS_ORACLE_SEEDS'] ?? 60) / 30);
/** Plans that are looked at until everything has been reached. */
const MOST_SEEDS = 80;

/** One step of the oracle: what it computed in each phase, and how often each site rounded. */
interface Step {
  readonly batch: number;
  readonly phases: Record<Phase, Tally>;
  readonly rounded: Record<Phase, Record<string, number>>;
  readonly pulling: boolean;
  readonly infeasible: boolean;
  readonly rejected: boolean;
  /** The phase has the anchor on. */
  readonly anchored: boolean;
  /** What it begins from is taken in this step. */
  readonly anchorStarts: boolean;
}

type Deliveries = ReturnType<typeof randomPlan>['deliveries'];

function stepsOf(plan: Plan, deliveries: Deliveries): Step[] {
  // A balance rounds at sites of other phases.
  const phaseOf = new Map(stepWork(plan).filter(({ phase }) => phase !== 'balance').map(({ site, phase }) => [site, phase]));
  let balancing = false;
  const timeline = plan.phases.flatMap(({ steps, anchor }, p) =>
    Array.from({ length: steps }, (_, k) => ({ anchored: anchor, anchorStarts: anchor && k === 0 && plan.phases[p - 1]?.anchor !== true })));
  const steps: Step[] = [];
  const each = <T>(make: () => T): Record<Phase, T> => Object.fromEntries(PHASES.map((phase) => [phase, make()])) as Record<Phase, T>;
  let phases = each(emptyTally);
  let rounded = each((): Record<string, number> => ({}));
  const give = (phase: Phase): void => addTo(phases[phase], takePending());

  around(FixedSupervisor.prototype, 'judge', (_, ...[, , parameters]) => {
    give('supervisor');
    (parameters as Exact[][]).flat().forEach(isVariable);
  });
  around(FixedSupervisor.prototype, 'backOff', (alpha) => {
    if (alphaVaries(plan)) isVariable(alpha as Exact);
  });
  around(FixedAnchor.prototype, 'decide', () => {
    give('anchor');
    balancing = true;
  });
  around(FixedBalance.prototype, 'apply', () => (balancing = false));
  around(FixedThrottle.prototype, 'decide', (result) => {
    give('throttle');
    if (plan.throttle.law !== 'none') isVariable((result as ReturnType<FixedThrottle['decide']>).alpha);
  });
  around(FixedThrottle.prototype, 'constant', (result, name) => {
    if (name === 'firstAlpha') isVariable(result as Exact);
  });
  takePending();
  runFixed(plan, deliveries, ({ step, pulling, infeasible, rejected }) => {
    give('update');
    steps.push({ batch: deliveries[step]!.count, phases, rounded, pulling, infeasible, rejected, ...timeline[step]! });
    phases = each(emptyTally);
    rounded = each(() => ({}));
  }, ({ key }) => {
    if (key === 'input') return;
    const phase = balancing ? 'balance' : phaseOf.get(key)!;
    rounded[phase][key] = (rounded[phase][key] ?? 0) + 1;
    give(phase);
  });
  vi.restoreAllMocks();
  return steps;
}

type Method = (...args: unknown[]) => unknown;

/** Does something after every call of a method, until mocks are restored. */
function around(prototype: object, name: string, after: (result: unknown, ...args: unknown[]) => void): void {
  const methods = prototype as Record<string, Method>;
  const method = methods[name]!;
  vi.spyOn(methods, name).mockImplementation(function (this: unknown, ...args) {
    const result = method.apply(this, args);
    after(result, ...args);
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
  const { law, estimator } = plan.throttle;
  const rounded = (name: string): number => rows.filter(isSite(name)).reduce((sum, { quantisations }) => sum + quantisations, 0);
  const compared = (...names: string[]): number => rows.filter((row) => names.some((name) => isSite(name)(row))).reduce((sum, { comparisons }) => sum + comparisons, 0);
  // It adds each group of products, then that to the running sum; the index of a sigmoid is no number of its.
  if (phase === 'forward') tally.additions += rounded('accumulator') - rows.filter(isSite('activation')).reduce((sum, { additions }) => sum + additions, 0);
  if (phase === 'backward' || phase === 'balance') tally.additions += rounded('gradientAccumulator');
  // A sign, and a zero, are seen without its `compare`.
  tally.comparisons -= compared('activation', 'error', 'squaredNorm', 'norm');
  if (plan.supervisor.law === 'cusum' && phase === 'supervisor') tally.comparisons--;
  if (plan.balance && phase === 'balance') {
    // Two sums that may be zero, and a warm-up that is no number of its; it multiplies by K − 1 even where that is 1.
    tally.comparisons -= 2 + Number(plan.balance.warmup! > 0);
    if (plan.balance.outputs!.length === 2) tally.multiplications++;
  }
  if (phase === 'update') {
    const one = parameters(plan);
    // It takes off the pull of the anchor even where there is none, and the anchor even where that is zero.
    if (!pulling || plan.anchor.law === 'decay' || plan.anchor.law === 'elastic') tally.additions += one;
    // It squares gradients for the gate.
    if (plan.anchor.law === 'gated') tally.multiplications += one;
  }
  // It adds a sample's squares, a 1 or a 0, then the samples.
  if (phase === 'throttle' && estimator === 'trace') tally.additions += plan.layers.reduce((sum, { bias }) => sum + batch * (2 - Number(bias)), 0);
  // It multiplies by the gain and the learning rate one after the other.
  if (phase === 'throttle' && integrates(law)) tally.multiplications++;
  // It does not search between the rails, but divides at every corner.
  if (phase === 'throttle' && law === 'rails') {
    const search = tallyOf([railSearch(plan) as Work].map((parts) => ({ ...EMPTY, ...parts })));
    for (const key of Object.keys(tally) as (keyof Tally)[]) tally[key] -= search[key];
    tally.multiplications += plan.layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (2 * inputs + Number(bias)), 0);
  }
  return tally;
}
const EMPTY: Work = { site: '', phase: 'throttle', when: 'step', products: [], divisions: [], additions: 0, comparisons: 0, roots: 0, quantisations: 0 };

/** The plan as it learns in a step: without its anchor where that is off, or does not pull. */
const acting = (plan: Plan, { pulling, anchored }: Step): Plan => {
  const { law } = plan.anchor;
  return pulling || (anchored && law !== 'event') ? plan : { ...plan, anchor: { law: 'none' } };
};
const atMost = (found: Tally, most: Tally, name: string): void => {
  for (const key of Object.keys(most) as (keyof Tally)[]) expect(found[key], `${name} ${key}`).toBeLessThanOrEqual(most[key]);
};

const CHOICES: [throttle: string, anchor: AnchorLaw, supervisor: SupervisorLaw, balance: 'none' | 'norms'][] = [
  ...THROTTLE_NAMES.map((throttle, index): (typeof CHOICES)[number] => [throttle, ANCHOR_NAMES[index % ANCHOR_NAMES.length]!, 'none', 'none']),
  ...ANCHOR_NAMES.flatMap((anchor, index) => SUPERVISOR_NAMES.map((supervisor, k): (typeof CHOICES)[number] => [THROTTLE_NAMES[(5 * index + 7 * k) % THROTTLE_NAMES.length]!, anchor, supervisor, 'none'])),
  ['none', 'none', 'none', 'norms'], ['gt0/secant', 'event', 'rollback', 'norms'], ['gt2-qa/trace', 'elastic', 'cusum', 'norms'],
];

describe.each(CHOICES)('throttle %s, anchor %s, supervisor %s, balance %s', (throttle, anchor, supervisor, balance) => {
  it(`${SEEDS} random plans, more until everything has happened: every step computes what its plan says`, () => {
    const reached = { throttle: 0, statistic: 0, calibrated: 0, supervisor: 0, gates: 0, twoLosses: 0, moreLosses: 0, exact: 0, powerOfTwo: 0, table: 0 };
    const wanted = (Object.keys(reached) as (keyof typeof reached)[]).filter((what) => ({
      throttle: throttle !== 'none' && throttle !== 'table', statistic: anchor === 'event', calibrated: anchor === 'event', supervisor: supervisor !== 'none', gates: anchor === 'gated',
      ...Object.fromEntries(['twoLosses', 'moreLosses'].map((name) => [name, balance !== 'none'])),
      ...Object.fromEntries(['exact', 'powerOfTwo', 'table'].map((name) => [name, balance !== 'none' && throttle === 'none'])),
    } as Record<typeof what, boolean>)[what]);
    const missing = (): string[] => wanted.filter((what) => reached[what] === 0);
    for (let seed = 1; seed <= SEEDS || (missing().length > 0 && seed <= MOST_SEEDS); seed++) {
      const { plan, deliveries } = randomPlan(9000 + seed, { throttle, anchor, supervisor, balance: balance !== 'none', traps: 0 });
      const calibration = { oracle: emptyTally() };
      const known = new Map<string, Work[]>();
      const workOf = (of: Plan, batch: number): Work[] => {
        const key = `${of.anchor.law} ${batch}`;
        const rows = known.get(key) ?? stepWork(of, batch);
        known.set(key, rows);
        return rows;
      };
      for (const [index, step] of stepsOf(plan, deliveries).entries()) {
        const name = `seed ${seed}, step ${index}`;
        const now = acting(plan, step);
        const all = workOf(plan, step.batch);
        const rows = workOf(now, step.batch).filter(({ when }) => when === 'step');
        const of = (phase: Phase): Work[] => rows.filter((row) => row.phase === phase);
        const error = siteKey('error', plan.layers.length - 1);
        for (const phase of ['forward', 'loss', 'backward', 'update'] as const) {
          if (step.rejected && phase !== 'forward' && phase !== 'loss') continue;
          const expected = asOracle(now, step.batch, phase, of(phase), step.pulling);
          const open = of(phase).filter(isSite('importance')).every(({ site, quantisations }) => step.rounded[phase][site] === quantisations);
          // Behind a gate that is closed there is nothing to divide.
          if (now.anchor.law === 'gated' && phase === 'update' && !open) {
            atMost(step.phases[phase], expected, `${name}, ${phase}`);
            continue;
          }
          if (now.anchor.law === 'gated' && phase === 'update') reached.gates++;
          expect(step.phases[phase], `${name}, ${phase}`).toEqual(expected);
          for (const { site, quantisations } of of(phase)) {
            const starts = step.anchorStarts && /average$/.test(site) ? quantisations : 0;
            expect(step.rounded[phase][site] ?? 0, `${name}, ${site}`).toBe(quantisations + starts);
          }
        }
        if (step.rejected) expect(step.rounded.backward[error], `${name}, rejected`).toBe(step.batch * plan.layers.at(-1)!.outputs);

        // Controllers: never more than the steady state, and as much where everything in it happens.
        const guarded = asOracle(now, step.batch, 'supervisor', of('supervisor'), false);
        const accepted = step.phases.supervisor.multiplications > 0;
        // A sum that is not zero and not above its limit either is held against both.
        atMost(step.phases.supervisor, { ...guarded, comparisons: guarded.comparisons + Number(supervisor === 'cusum' && !accepted) }, `${name}, supervisor`);
        if (accepted) {
          reached.supervisor++;
          expect(step.phases.supervisor, `${name}, supervisor`).toEqual(guarded);
        }
        const balanced = asOracle(now, step.batch, 'balance', of('balance'), false);
        atMost(step.phases.balance, balanced, `${name}, balance`);
        for (const { site, quantisations } of of('balance')) {
          if (step.rejected) expect(step.rounded.balance[site], `${name}, ${site}`).toBeUndefined();
          else if (!/^share/.test(site)) expect(step.rounded.balance[site], `${name}, ${site}`).toBe(quantisations);
        }
        if (plan.balance && step.rounded.balance['share'] === 2 * plan.balance.outputs!.length) {
          reached[plan.balance.outputs!.length === 2 ? 'twoLosses' : 'moreLosses']++;
          reached[plan.divide.method as 'exact']++;
          expect(step.phases.balance, `${name}, balance`).toEqual(balanced);
          expect(step.rounded.balance['shareMean'], `${name}, shareMean`).toBe(plan.balance.outputs!.length);
        }
        const steady = asOracle(now, step.batch, 'throttle', of('throttle'), false);
        atMost(step.phases.throttle, steady, `${name}, throttle`);
        const tried = plan.throttle.law !== 'table' || step.phases.throttle.comparisons === steady.comparisons;
        if (of('throttle').length > 0 && tried && !step.rejected && !step.infeasible && of('throttle').every(({ site, quantisations }) => step.rounded.throttle[site] === quantisations)) {
          reached.throttle++;
          expect(step.phases.throttle, `${name}, throttle`).toEqual(steady);
        }
        if (step.rounded.anchor['statistic']) {
          reached.statistic++;
          expect(step.phases.anchor, `${name}, statistic`).toEqual(tallyOf(all.filter(({ phase, when }) => phase === 'anchor' && when === 'step')));
        } else {
          addTo(calibration.oracle, step.phases.anchor);
          if (step.rounded.anchor['lossVariance']) {
            // The oracle adds all the losses at once, at the end.
            reached.calibrated++;
            const losses = plan.anchor.calibration!;
            const expected = tallyOf(all.filter(({ when }) => when === 'calibrated'));
            for (let k = 0; k < losses; k++) addTo(expected, tallyOf(all.filter(({ when }) => when === 'calibrating')));
            expect(calibration.oracle, `${name}, calibration`).toEqual(expected);
          }
          if (step.rounded.anchor['lossVariance']) calibration.oracle = emptyTally();
        }
      }
    }
    expect(missing()).toEqual([]);
  });
});

it('a table of which no entry fits is tried to its end', () => {
  let reached = 0;
  for (let seed = 1; seed <= 40 && reached === 0; seed++) {
    const { plan, deliveries } = randomPlan(9500 + seed, { throttle: 'table', anchor: 'none', supervisor: 'none', balance: false, traps: 0 });
    for (const step of stepsOf(plan, deliveries)) {
      const steady = tallyOf(stepWork(plan, step.batch).filter(({ phase }) => phase === 'throttle'));
      if (step.phases.throttle.comparisons !== steady.comparisons - 1) continue; // the zero test is none of the oracle's
      reached++;
      expect(step.phases.throttle).toEqual({ ...steady, comparisons: steady.comparisons - 1 });
    }
  }
  expect(reached).toBeGreaterThan(0);
});

it('a search between rails takes no longer than its plan says, and now and then as long', () => {
  let longest = 0;
  for (let seed = 1; seed <= 60 && longest === 0; seed++) {
    const { plan, deliveries } = randomPlan(9700 + seed, { throttle: 'rails/trace', anchor: 'none', supervisor: 'none', balance: false, traps: 0 });
    const most = railSearch(plan).products![0]!.count;
    let bound = 0n;
    around(FixedThrottle.prototype, 'bound', (alpha) => (bound = (alpha as Exact).n));
    around(FixedThrottle.prototype, 'rails', (result) => {
      // A bisection looks at 0, at the bound, then at the middle until nothing lies between.
      const found = (result as Exact).n;
      let [low, high, looks] = [0n, bound, 2];
      while (found < bound && high - low > 1n) {
        const middle = (low + high) / 2n;
        if (middle <= found) low = middle;
        else high = middle;
        looks++;
      }
      expect(looks).toBeLessThanOrEqual(most);
      if (looks === most) longest++;
    });
    runFixed(plan, deliveries);
    vi.restoreAllMocks();
  }
  expect(longest).toBeGreaterThan(0);
});

const ON = ['experiment.phases[0].throttle=true', 'experiment.phases[0].anchor=true', 'experiment.balance.warmup=0'];

it('the core rounds as often as the plan says: steps of shipped experiments in their steady state', async () => {
  for (const [experiment, from, to, options] of [
    ['exp-000c', 25, 35, { throttle: ['gt0/secant'], anchor: ['none'] }], ['exp-000c', 25, 35, { throttle: ['gt0/trace'], anchor: ['fixed'], profile: 'avr-q7' }],
    ['exp-000c', 25, 35, { throttle: ['table'], anchor: ['fixed'], profile: 'c28x-ovm0' }], ['exp-000c', 25, 35, { throttle: ['none'], anchor: ['ema'], set: ['experiment.supervisor={"law":"rollback","margin":1000}'] }],
    ['exp-000c', 25, 35, { throttle: ['gt0/rayleigh'], anchor: ['elastic'] }], ['anchor-event', 800, 900, { throttle: ['none'], anchor: ['event'] }],
    ['balance-2', 100, 105, { throttle: ['none'], anchor: ['none'] }], ['balance-2', 5, 10, { throttle: ['table'], anchor: ['fixed'], set: ON }],
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

it('the core rounds as often as random plans with a balance say', async () => {
  const core = await loadCore();
  const reached = new Set<string>();
  for (let seed = 1; seed <= MOST_SEEDS && reached.size < 5; seed++) {
    const { plan, deliveries } = randomPlan(9900 + seed, { throttle: 'none', anchor: 'none', supervisor: 'none', balance: true, traps: 0 });
    if (!plan.balance) continue;
    const losses = plan.balance.outputs!.length;
    const session = new Session(core, plan, 'fixed', { chunk: 1 });
    const phases = plan.phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase));
    let before: Record<string, number> = {};
    for (const [step, { count, inputs, targets }] of deliveries.slice(0, -1).entries()) {
      session.push({ count, inputs, targets, phase: phases[step]! });
      session.finish();
      const counts = Object.fromEntries(Object.entries(session.counters()).map(([key, counters]) => [key, counters.count]));
      const found: Record<string, number> = Object.fromEntries(Object.entries(counts).map(([key, all]): [string, number] => [key, all - (before[key] ?? 0)]).filter(([key, all]) => key !== 'input' && all !== 0));
      before = counts;
      const expected: Record<string, number> = {};
      for (const { site, quantisations } of stepWork(plan, count)) if (quantisations > 0) expected[site] = (expected[site] ?? 0) + quantisations;
      // Warm-up rounds no weights, and gradients of zero no shares.
      const steady = found['share'] === 2 * losses;
      if (steady) reached.add(plan.divide.method).add(losses === 2 ? 'two' : 'more');
      else for (const key of ['share', 'shareMean']) {
        expect(found[key] ?? 0).toBeLessThanOrEqual(losses);
        delete found[key];
        delete expected[key];
      }
      expect(found, `seed ${seed}, step ${step}`).toEqual(expected);
    }
  }
  expect(reached).toEqual(new Set(['exact', 'powerOfTwo', 'table', 'two', 'more']));
});
