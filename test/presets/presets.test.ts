/** Every shipped experiment validates and plans, and those that promise something show it. The promises are in their `about`. */
import { describe, expect, it } from 'vitest';
import { compare, type CompareOptions } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { list } from '../../src/document/catalogue.js';
import { loadSensor } from '../../src/profile/sensor.js';

const PROMISING = /^(anchor-(?!event)|relu-|stress-|supervisor-|tasks-)/;
const shipped = list('experiment');

/** Runs of an experiment in the order of its controllers, float64 and target beside each other. */
async function show(experiment: string, options: Omit<CompareOptions, 'experiment'> = {}) {
  const { runs } = await compare({ experiment, tries: false, ...options });
  return runs.map(({ float, fixed, verdict }) => ({ float, fixed, verdicts: [verdict.float, verdict.fixed] }));
}
const both = <T>(one: T): [T, T] => [one, one];

describe('shipped experiments', () => {
  it.each(shipped)('%s plans on its own target with its own controllers', async (name) => {
    const { experiment, variants } = await prepare({ experiment: name });
    expect(experiment.title).toBeTruthy();
    expect(experiment.profile).toBeTruthy();
    expect(variants.length).toBeGreaterThan(0);
    for (const { plan } of variants) expect(plan.data.rows).toBeGreaterThan(0);
    if (PROMISING.test(name)) expect(experiment.about).toMatch(/Expected.*(Source: |\(.* 20\d\d\))/s);
    if (experiment.data.kind === 'teacher' && experiment.data.changes) {
      // A change is where a phase begins: it has a name in every report.
      const starts = new Set<number>();
      let row = 0;
      for (const { steps = 0, batch } of experiment.phases) {
        starts.add(row);
        row += steps * Number(batch);
      }
      for (const change of experiment.data.changes) expect(starts).toContain(change.row);
      expect(experiment).toMatchObject({ order: 'sequential', data: { rows: row } });
    }
  });

  it('cover the stress families, anchors, supervisor, two layers and tasks', () => {
    expect(shipped.filter((name) => PROMISING.test(name))).toEqual([
      'anchor-burst', 'anchor-converged', 'anchor-instability-long', 'anchor-instability-short', 'anchor-shift', 'relu-4-8-2',
      'stress-accumulator', 'stress-clipping', 'stress-dead-column', 'stress-dead-zone', 'stress-gain', 'stress-learning-rate', 'stress-norm-rails', 'stress-offset',
      'stress-optimiser-state', 'stress-rails', 'stress-spike', 'supervisor-burst', 'supervisor-drift', 'tasks-3',
    ]);
  });

  it('have sensors that do what they are named for', async () => {
    const { gain } = (await loadSensor('spike')).value;
    expect(gain!.reduce((product, term) => product * (term as { value: number }).value, 1)).toBe(1);
    expect((await loadSensor('gain-offset')).value).toMatchObject({ gain: [{ kind: 'constant' }], offset: [{ kind: 'constant' }] });
  });
});

describe('stresses', () => {
  /** Verdicts without the throttle and with it, each in float64 and on the target. */
  it.each([
    ['stress-learning-rate', ['diverged', 'limit cycle'], both('survives')],
    ['stress-gain', ['diverged', 'limit cycle'], both('survives')],
    ['stress-offset', ['diverged', 'limit cycle'], ['survives', 'dead zone']],
    ['stress-dead-column', both('survives'), both('survives')],
    ['stress-spike', both('survives'), both('survives')],
    ['stress-rails', ['survives', 'dead zone']],
    ['stress-dead-zone', ['survives', 'dead zone']],
    ['stress-accumulator', ['survives', 'limit cycle']],
    ['stress-optimiser-state', both('survives'), ['survives', 'dead zone']],
    ['stress-norm-rails', ['diverged', 'limit cycle'], both('degraded')],
    ['stress-clipping', ['diverged', 'limit cycle'], both('degraded')],
  ])('%s ends as it says', async (name, ...verdicts) => {
    expect((await show(name)).map(({ verdicts: found }) => found)).toEqual(verdicts);
  });

  it('a climbing gain lets no step through, a spike is weighed before it is learned from', async () => {
    for (const side of ['float', 'fixed'] as const) {
      expect((await show('stress-gain', { throttle: ['gt0/secant'] }))[0]![side].maxLossAt).toBe(0);
      const [plain, trace] = await show('stress-spike');
      expect([plain![side].maxLossAt, trace![side].maxLossAt]).toEqual([151, 150]);
    }
  });

  it('a wide sum learns what a narrow one does not', async () => {
    const [run] = await show('stress-accumulator', { profile: 'cortex-m4-q15' });
    expect(run!.verdicts).toEqual(both('survives'));
  });

  it('an estimate that rounding keeps is let go of by a floor, and needed by no throttle without history', async () => {
    const [floored] = await show('stress-optimiser-state', { throttle: ['gt0/secant'], set: ['throttle.floor=1/32'] });
    const [trace] = await show('stress-optimiser-state', { throttle: ['gt0/trace'] });
    expect([floored!.verdicts, trace!.verdicts]).toEqual([both('survives'), both('survives')]);
  });

  it('norm rails hold what gt0 lets go, and do not let in what rounding put outside', async () => {
    const [gt0, rails] = await show('stress-norm-rails', { throttle: ['gt0/secant', 'rails/secant'] });
    expect(gt0!.verdicts).toEqual(['diverged', 'limit cycle']);
    for (const { maxLoss } of [rails!.float, rails!.fixed]) expect(maxLoss).toBeLessThan(64);
    const [outside] = await show('stress-norm-rails', { throttle: ['rails/secant'], set: ['throttle.firstAlpha=1'] });
    expect(outside!.float.maxLoss).toBeLessThan(64);
    expect(outside!.fixed.stillFrom).toBe(24);
  });

  it('two layers survive every cell of their grid in float64, and rounding is what stops them on the target', { timeout: 60_000 }, async () => {
    for (const gain of [1, 3]) {
      for (const offset of [0, 1]) {
        const [run] = await show('relu-4-8-2', { throttle: ['none'], set: [`sensor.gain[0].value=${gain}`, `sensor.offset[0].value=${offset}`] });
        expect(run!.verdicts).toEqual(['survives', 'dead zone']);
        expect(run!.float.finalLoss).toBeLessThan(0.0057);
      }
    }
    const [stochastic] = await show('relu-4-8-2', { throttle: ['none'], set: ['profile.sites.weight.rounding=STOCHASTIC'] });
    expect(stochastic!.verdicts).toEqual(both('survives'));
  });
});

describe('anchors and supervisor', () => {
  const ANCHORS = ['none', 'fixed', 'ema', 'event'] as const;
  const losses = (runs: Awaited<ReturnType<typeof show>>, side: 'float' | 'fixed') => runs.map((run) => run[side].finalLoss!) as [number, number, number, number];

  it('after convergence nothing fires and nothing is lost', async () => {
    const runs = await show('anchor-converged', { anchor: ANCHORS });
    for (const side of ['float', 'fixed'] as const) {
      expect(runs[3]![side].events).toBe(0);
      expect(Math.max(...losses(runs, side)) / Math.min(...losses(runs, side))).toBeLessThan(1.05);
    }
  });

  it('after a shift fixed fails, event fires and stops short, ema arrives', async () => {
    const runs = await show('anchor-shift', { anchor: ANCHORS });
    for (const side of ['float', 'fixed'] as const) {
      const [plain, fixed, ema, event] = losses(runs, side);
      expect(fixed).toBeGreaterThan(3 * plain);
      expect(ema).toBeLessThan(1.05 * plain);
      expect(event).toBeGreaterThan(1.2 * ema);
      expect(event).toBeLessThan(0.5 * fixed);
      expect(runs[3]![side].eventSteps).toEqual([402]);
    }
  });

  it('a burst of wrong labels fires a false event, which costs more than no anchor at all', async () => {
    const runs = await show('anchor-burst', { anchor: ANCHORS });
    for (const side of ['float', 'fixed'] as const) {
      const [plain, fixed, ema, event] = losses(runs, side);
      expect(runs[3]![side].eventSteps).toEqual([602]);
      expect(event).toBeGreaterThan(1.2 * Math.max(plain, fixed, ema));
    }
  });

  it('where nothing stays a long hold follows and a short one stays behind', async () => {
    const [long] = await show('anchor-instability-long', { anchor: ['event'] });
    const [short] = await show('anchor-instability-short', { anchor: ['event'] });
    for (const side of ['float', 'fixed'] as const) {
      expect(long![side].events).toBe(4);
      expect(short![side].finalLoss! / long![side].finalLoss!).toBeGreaterThan(1.3);
    }
  });

  it('a burst of gradients is taken back; without the supervisor it ends the run', async () => {
    const [guarded] = await show('supervisor-burst');
    const [bare] = await show('supervisor-burst', { supervisor: 'none' });
    expect(guarded!.verdicts).toEqual(both('survives'));
    expect(bare!.verdicts[0]).toBe('diverged');
    for (const { rejectedSteps } of [guarded!.float, guarded!.fixed]) {
      expect(rejectedSteps).toBeGreaterThan(1);
      expect(rejectedSteps).toBeLessThan(10);
    }
  });

  it('a drift that stays live-locks pure rollback, and patience frees it', async () => {
    const [locked] = await show('supervisor-drift');
    const [free] = await show('supervisor-drift', { set: ['supervisor.patience=10'] });
    expect([locked!.float.rejectedSteps, locked!.fixed.rejectedSteps, free!.float.rejectedSteps, free!.fixed.rejectedSteps]).toEqual([400, 400, 10, 10]);
    expect([locked!.verdicts, free!.verdicts]).toEqual([both('degraded'), both('survives')]);
  });

  it('three tasks are learned one after another', async () => {
    const [run] = await show('tasks-3', { anchor: ['none'] });
    expect(run!.verdicts).toEqual(both('survives'));
  });
});
