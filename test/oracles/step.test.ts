/** The core against a learning step in SystemC (native/step.cpp): every raw, controller state and counter after every step of random plans. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { alignPlan } from '../../src/plan/alignment.js';
import { FLAGS } from '../../src/core/abi.js';
import { loadCore } from '../../src/core/load.js';
import { Session, type Row } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import type { Counters } from '../../src/format/quantise.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import { randomPlan } from '../oracle/plans.js';
import { Random } from '../oracle/random.js';
import type { Delivered } from '../oracle/state.js';
import { SYSTEMC_OVERFLOWS, SYSTEMC_ROUNDINGS } from './cases.js';
import { parseRuns, planText, type PrintedStep, type SiteCounters } from './stepText.js';
import { Bench, FULL, needTool } from './tool.js';

const PLANS = FULL ? 600 : 60;

const bench = new Bench();
afterAll(() => bench.close());

interface Case {
  readonly seed: number;
  readonly plan: Plan;
  readonly deliveries: Delivered[];
}

/** The format with modes that SystemC has: another one of its roundings, and SAT for TRAP. */
function inSystemC(format: SiteFormat, random: Random): SiteFormat {
  const another = random.pick(SYSTEMC_ROUNDINGS);
  return {
    ...format,
    rounding: SYSTEMC_ROUNDINGS.find((mode) => mode === format.rounding) ?? another,
    overflow: SYSTEMC_OVERFLOWS.find((mode) => mode === format.overflow) ?? 'SAT',
  };
}

/** What step.cpp knows. The other laws are held to the BigInt oracle in test/oracle/. */
const STEP_THROTTLES = ['none', 'gt0/secant', 'gt0/trace', 'table'] as const;
const STEP_ANCHORS = ['none', 'fixed', 'event'] as const;

/** Random plans of one or two layers that the core takes. */
function plans(wild: boolean): Case[] {
  const cases: Case[] = [];
  for (let seed = 1; cases.length < PLANS; seed++) {
    const random = new Random(seed);
    const { plan: drawn, deliveries } = randomPlan(seed, {
      wild, traps: 0, throttle: random.pick(STEP_THROTTLES), anchor: random.pick(STEP_ANCHORS), supervisor: 'none', activation: 'linear', errorRule: 'difference', balance: false,
    });
    if (drawn.layers.length > 2) continue;
    const plan = { ...drawn, sites: Object.fromEntries(Object.entries(drawn.sites).map(([key, format]) => [key, inSystemC(format, random)])) };
    try {
      alignPlan(plan);
      cases.push({ seed, plan, deliveries });
    } catch (error) {
      // needs registers wider than docs/numerics.md §10 allows
      if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
    }
  }
  return cases;
}

const countersText = (counters: Counters): SiteCounters => {
  const { count, overflowHigh, overflowLow, underflow, nearRail, min, max, firstOverflow: first } = counters;
  return {
    count: `${count}`, overflowHigh: `${overflowHigh}`, overflowLow: `${overflowLow}`, underflow: `${underflow}`, nearRail: `${nearRail}`,
    min: `${min ?? '-'}`, max: `${max ?? '-'}`, firstOverflow: first ? [first.step, first.element, first.wanted, first.raw].join() : '-',
  };
};

/** What a session shows after a step, in the words of the program. */
function seen(session: Session, row: Row): PrintedStep {
  const raw = (field: Parameters<Session['rawOfLastRow']>[0]): string => `${session.rawOfLastRow(field)}`;
  const flag = (name: keyof typeof FLAGS): boolean => (row.flags & FLAGS[name]) !== 0;
  const rows = (what: Parameters<Session['read']>[0]): string[] => session.read(what).map((layer) => layer.join(' '));
  const counters = { ...session.counters(), target: session.targetCounters() };
  return {
    loss: raw('loss'), alpha: raw('alpha'), rate: raw('rate'), curvature: raw('curvature'), curvatureMean: raw('curvatureMean'), events: `${row.events}`,
    infeasible: flag('infeasible'), stalled: flag('stalled'), zeroUpdate: flag('zeroUpdate'), pulling: flag('pulling'),
    weights: rows('theta'), gradients: rows('gradient'), updates: rows('update'),
    sites: Object.fromEntries(Object.entries(counters).map(([key, of]) => [key, countersText(of)])),
  };
}

describe('core and a learning step in SystemC', () => {
  beforeEach((context) => needTool(context, 'SystemC'));

  it.each([['fitting', false], ['wild', true]] as const)(`${PLANS} random %s plans, bit for bit after every step`, async (_kind, wild) => {
    const core = await loadCore();
    const cases = plans(wild);
    const runs = parseRuns(String(bench.run(bench.systemc('step.cpp'), [], cases.map(({ plan, deliveries }) => planText(plan, deliveries)).join(''))));
    expect(runs.length).toBe(cases.length);
    for (const [i, { seed, plan, deliveries }] of cases.entries()) {
      const where = `seed ${seed}`;
      const session = new Session(core, plan, 'fixed', { chunk: 1 });
      let row: Row | undefined;
      session.onRow((_, latest) => (row = { ...latest }));
      let step = 0;
      for (const [phase, { steps }] of plan.phases.entries()) {
        for (let k = 0; k < steps; k++, step++) {
          session.push({ ...deliveries[step]!, phase });
          session.finish();
          const core = seen(session, row!);
          const { sites, ...systemc } = runs[i]!.steps[step]!;
          expect({ step, ...core, sites: {} }, where).toEqual({ step, ...systemc, sites: {} });
          for (const [key, counters] of Object.entries(core.sites)) expect({ step, key, ...counters }, where).toEqual({ step, key, ...sites[key] });
        }
      }
      expect(runs[i]!.steps.length).toBe(step);
      expect(`${session.evaluate({ ...deliveries.at(-1)!, phase: plan.phases.length - 1 }).raw!}`, where).toBe(runs[i]!.finalLoss);
    }
  });
});
