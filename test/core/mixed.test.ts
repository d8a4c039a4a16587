/** binary64 with the quantisers of chosen sites: with all of them it is the target, with none the reference. */
import { describe, expect, it } from 'vitest';
import { prepareFrom, readDocuments, type Prepared } from '../../src/compare/prepare.js';
import { BUILDS, loadCore, type Build } from '../../src/core/load.js';
import { Session, type NumberSystem, type Row, type SessionOptions } from '../../src/core/session.js';
import { OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import { planSteps, realParameters } from '../../src/run/pair.js';
import type { Plan } from '../../src/schema/plan.js';
import { deliveries } from '../../src/signal/delivery.js';

interface Outcome {
  readonly rows: readonly Row[];
  readonly parameters: readonly (readonly number[])[];
  readonly session: Session;
  readonly counters: ReturnType<Session['counters']>;
  readonly loss: number;
}

async function run({ plan, dataset }: { plan: Plan; dataset: Prepared['dataset'] }, kind: NumberSystem, options: SessionOptions & { build: Build }): Promise<Outcome> {
  const session = new Session(await loadCore(options.build), plan, kind, options);
  const rows: Row[] = [];
  session.onRow((_, row) => rows.push({ ...row }));
  const all = [...deliveries(plan, dataset)].map((batch) => ({ ...batch, inputs: batch.inputs.slice(), targets: batch.targets.slice() }));
  for (const batch of all.slice(0, planSteps(plan))) session.push(batch);
  session.finish();
  const raw = session.read('theta');
  const counters = session.counters(); // an evaluation goes on counting
  return { rows, counters, parameters: kind === 'fixed' ? realParameters(plan, raw) : raw, session, loss: session.evaluate(all.at(-1)!).loss };
}

/** Batches of 32, whose mean is a shift. */
async function prepared(experiment: string, throttle: string, set: readonly string[] = []): Promise<{ plan: Plan; dataset: Prepared['dataset'] }> {
  const options = { experiment, profile: 'enabol-mid', throttle: [throttle], anchor: ['none'], steps: 30 };
  const documents = await readDocuments(options);
  const batches = documents.experiment.value.phases.map((_, phase) => `experiment.phases[${phase}].batch=32`);
  const { variants, dataset } = await prepareFrom(documents, { ...options, set: [...batches, ...set] });
  return { plan: variants[0]!.plan, dataset };
}

/** Signed sites: WRAP_SM is for no others. */
const WHERE = ['input', 'accumulator', 'activation', 'gradient', 'update', 'weight'].map((name) => `sites.${name}`);
const EVERY = (plan: Plan): string[] => Object.keys(plan.sites);

describe.each(Object.keys(BUILDS) as Build[])('core build %s', (build) => {
  it.each([['exp-000c', 'none'], ['exp-000c', 'gt0/trace'], ['relu-4-8-2', 'none']])('%s, %s: all sites chosen are the target, in every mode', async (experiment, throttle) => {
    // Every rounding with an overflow mode, every overflow mode with two roundings.
    for (const [index, rounding] of ROUNDINGS.entries()) {
      const overflow = OVERFLOWS[index % OVERFLOWS.length]!;
      const one = await prepared(experiment, throttle, [`profile.defaults.rounding=${rounding}`, ...WHERE.map((path) => `profile.${path}.overflow=${overflow}`)]);
      const fixed = await run(one, 'fixed', { build });
      const mixed = await run(one, 'float', { build, chosen: EVERY(one.plan) });
      expect(mixed.rows, `${rounding} ${overflow}`).toEqual(fixed.rows);
      expect(mixed.parameters).toEqual(fixed.parameters);
      expect(mixed.loss).toBe(fixed.loss);
      expect(mixed.session.trapped).toBe(fixed.session.trapped);
      expect(mixed.counters).toEqual(fixed.counters);
      expect(mixed.session.targetCounters()).toEqual(fixed.session.targetCounters());
    }
  });

  it('no site chosen is the reference', async () => {
    const one = await prepared('relu-4-8-2', 'gt0/secant');
    const float = await run(one, 'float', { build });
    const mixed = await run(one, 'float', { build, chosen: [] });
    expect(mixed.rows).toEqual(float.rows);
    expect(mixed.parameters).toEqual(float.parameters);
  });

  it('a chosen site alone rounds, counts and keeps to its format; the others stay exact', async () => {
    const one = await prepared('exp-000c', 'gt0/secant');
    const { plan } = one;
    const float = await run(one, 'float', { build });
    for (const key of ['input', 'layer0.accumulator', 'layer0.gradient', 'layer0.weight', 'rate', 'curvature', 'squaredNorm']) {
      const mixed = await run(one, 'float', { build, chosen: [key] });
      expect(Object.keys(mixed.counters), key).toEqual([key]);
      expect(mixed.counters[key]!.count, key).toBeGreaterThan(0);
      expect(mixed.rows, key).not.toEqual(float.rows);
      const place = 2 ** -plan.sites[key]!.fractionLength;
      const onGrid = (value: number): boolean => Number.isInteger(value / place);
      if (key === 'layer0.weight') expect(mixed.parameters[0]!.every(onGrid)).toBe(true);
      else expect(mixed.parameters[0]!.every(onGrid), key).toBe(false);
      if (key === 'rate' || key === 'curvature') expect(mixed.rows.every((row) => onGrid(row[key]))).toBe(true);
    }
  });

  it('takes what is not finite: a number past any rail saturates, what is no number stays so', async () => {
    const one = await prepared('exp-000c', 'none');
    const session = new Session(await loadCore(build), one.plan, 'float', { build, chosen: ['layer0.activation'] } as SessionOptions);
    const rows: Row[] = [];
    session.onRow((_, row) => rows.push({ ...row }));
    const batch = (value: number): Parameters<Session['push']>[0] => ({ count: 1, inputs: new Float64Array([value, 0, 0, 0]), targets: new Float64Array([0, 0]), phase: 0 });
    session.push(batch(1e300));
    session.finish();
    const { rails, fractionLength } = one.plan.sites['layer0.activation']!;
    const limit = Number(rails[1]) * 2 ** -fractionLength;
    expect(session.peek('activations').map(Math.abs).every((value) => value === limit || value === limit + 2 ** -fractionLength)).toBe(true);
    session.push(batch(NaN));
    session.finish();
    expect(session.peek('activations')).toEqual([NaN, NaN]);
  });
});
