/** Products and running sums that are taken again on the host are those of the core: what the core makes of them says so. */
import { describe, expect, it } from 'vitest';
import { ANCHOR_NAMES, SUPERVISOR_NAMES } from '../../src/control/registry.js';
import { rational } from '../../src/compare/runningSum.js';
import { stepOrder } from '../../src/compare/stepOrder.js';
import { SteppedRun } from '../../src/compare/stepValues.js';
import { QrailsError } from '../../src/errors.js';
import { rawToReal } from '../../src/format/format.js';
import { ROUNDING, type RoundingMode } from '../../src/format/modes.js';
import { quantise } from '../../src/format/quantise.js';
import { randomWords, siteStream } from '../../src/format/random.js';
import { alignPlan } from '../../src/plan/alignment.js';
import type { Plan } from '../../src/schema/plan.js';
import { siteKey } from '../../src/site/sites.js';
import { runFixed } from '../oracle/fixed.js';
import { randomPlan } from '../oracle/plans.js';
import type { Delivered } from '../oracle/state.js';

const PLANS = 60;

/** Random plans the core takes; wider ones are refused. */
function plans(): { seed: number; plan: Plan; deliveries: Delivered[] }[] {
  const taken = [];
  for (let seed = 0; taken.length < PLANS; seed++) {
    const { plan, deliveries } = randomPlan(seed, { wild: seed % 3 === 0 });
    try {
      alignPlan(plan);
      taken.push({ seed, plan, deliveries });
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
    }
  }
  return taken;
}

/** What a site makes of raw·2^−F / divisor. */
function made(plan: Plan, key: string, raw: bigint, fractionLength: number, divisor: bigint, step: number, element: number): bigint {
  const format = plan.sites[key]!;
  const random = (ROUNDING[format.rounding] as RoundingMode).random !== undefined ? randomWords(plan.seed, step, siteStream(key), element) : undefined;
  const { numerator, denominator } = rational({ raw, fractionLength });
  return quantise({ numerator, denominator: denominator * divisor }, format, random).raw;
}

/** What a layer hands on of a z. */
function activated(plan: Plan, activation: Plan['layers'][number]['activation'], z: bigint): bigint {
  if (activation === 'relu') return z < 0n ? 0n : z;
  if (activation === 'linear') return z;
  const k = Math.floor(16 * rawToReal(z, plan.sites[`layer${plan.layers.length - 1}.activation`]!.fractionLength)) + 128;
  return BigInt(plan.sigmoid![Math.min(255, Math.max(0, k))]!);
}

describe('sums taken again, on random plans', () => {
  const seen = new Set<string>();
  it.each(plans())('seed $seed', async ({ plan, deliveries }) => {
    const run = await SteppedRun.open(plan, 'fixed');
    const phases = plan.phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase));
    for (const [step, phase] of phases.entries()) {
      if (run.trapped !== undefined) break;
      const { count } = deliveries[step]!;
      run.step({ ...deliveries[step]!, unchanged: false, phase, step });
      if (run.rejected) continue;
      for (const [layer, { activation }] of plan.layers.entries()) {
        const key = (name: string): string => `layer${layer}.${name}`;
        const sums = run.values(key('accumulator'));
        const outputs = sums.numbers.map((sum, element) => made(plan, key('activation'), sum as bigint, sums.fractionLength!, 1n, step, element));
        expect(run.values(key('activation')).numbers.map(BigInt), `step ${step}`).toEqual(outputs.map((raw) => activated(plan, activation, raw)));

        const power = 2 ** Math.ceil(Math.log2(count));
        if (plan.batchDivision === 'reciprocal' && power !== count) continue;
        const totals = run.values(key('gradientAccumulator'));
        const divisor = BigInt(plan.batchDivision === 'powerOfTwo' ? power : count);
        const gradients = totals.numbers.map((sum, element) => made(plan, key('gradient'), sum as bigint, totals.fractionLength!, divisor, step, element));
        expect(run.values(key('gradient')).numbers.map(BigInt), `step ${step}`).toEqual(gradients);
        for (const name of ['product', 'gradientProduct']) if (plan.sites[key(name)]) seen.add(name);
        seen.add(`accumulate ${plan.accumulate.accumulator}`).add(plan.accumulate.order);
        if ((ROUNDING[plan.sites[key('accumulator')]!.rounding] as RoundingMode).random !== undefined) seen.add('stochastic');
      }
    }
  });

  it('cover both optional sites, every rule of accumulation and order, and stochastic rounding', () => {
    for (const what of ['product', 'gradientProduct', 'accumulate each', 'accumulate pair', 'accumulate end', 'ascending', 'descending', 'stochastic']) expect(seen, what).toContain(what);
  });
});

describe('what controllers keep, and errors behind a sign or a share', () => {
  const seen = new Set<string>();
  it.each(ANCHOR_NAMES.flatMap((anchor, k) => [0, 1, 2].map((more) => ({ anchor, supervisor: SUPERVISOR_NAMES[more]!, throttle: ['gt1/trace', 'gt2/trace', 'gt2-qa/trace', 'table'][(k + more) % 4]! }))))('$throttle, $anchor, $supervisor', async (laws) => {
    const { plan, deliveries } = randomPlan(7100 + ANCHOR_NAMES.indexOf(laws.anchor), { ...laws, traps: 0, errorRule: laws.supervisor === 'none' ? 'sign' : 'difference', balance: laws.supervisor === 'cusum' });
    const states: Record<string, readonly bigint[]>[] = [];
    const last = siteKey('error', plan.layers.length - 1);
    const errors: bigint[][] = [];
    runFixed(plan, deliveries, ({ controllers }) => states.push(controllers), ({ key, step, index, outcome }) => {
      if (key === last && index === 0) (errors[step] ??= []).push(outcome.raw);
    });
    const run = await SteppedRun.open(plan, 'fixed');
    const phases = plan.phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase));
    for (const [step, phase] of phases.entries()) {
      run.step({ ...deliveries[step]!, unchanged: false, phase, step });
      expect(run.values(last).numbers.map(BigInt), `step ${step}`).toEqual(errors[step]);
      if (run.rejected) seen.add('rejected');
      const found = new Map<string, bigint[]>();
      for (const key of stepOrder(plan, () => false)) {
        const name = key.slice(key.indexOf('.') + 1);
        if (name in states[step]!) found.set(name, [...(found.get(name) ?? []), ...run.values(key).numbers.map(BigInt)]);
      }
      for (const [name, values] of found) {
        seen.add(name);
        expect(values, `step ${step}, ${name}`).toEqual([...states[step]![name]!]);
      }
    }
    if (plan.balance) seen.add('balance');
    if (plan.errorRule === 'sign') seen.add('sign');
  });

  it('covers them', () => {
    for (const what of ['velocity', 'measureMean', 'cusum', 'importance', 'average', 'rejected', 'sign', 'balance']) expect(seen, what).toContain(what);
  });
});
