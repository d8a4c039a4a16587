/** Widths, memory and controllers of a plan's costs. */
import { describe, expect, it } from 'vitest';
import { prepare, type RunOptions } from '../../src/compare/prepare.js';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { loadCore, type CoreExports } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { stateBytes } from '../../src/core/state.js';
import { stateFields } from '../../src/core/stateFields.js';
import { CONTROLLER_CHOICES, controllerCosts } from '../../src/cost/controllers.js';
import { cost } from '../../src/cost/cost.js';
import { memoryOf } from '../../src/cost/memory.js';
import { costReport } from '../../src/cost/report.js';
import { passesOf } from '../../src/cost/widths.js';
import { reciprocalBits } from '../../src/cost/rows.js';
import { list } from '../../src/document/catalogue.js';
import { QrailsError } from '../../src/errors.js';
import { concerns } from '../../src/plan/concerns.js';
import { hashJson } from '../../src/plan/hash.js';
import { explainProfile } from '../../src/profile/explain.js';
import type { Cost } from '../../src/schema/cost.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Profile } from '../../src/schema/profile.js';
import { randomPlan } from '../oracle/plans.js';

async function planned(options: RunOptions): Promise<{ plan: Plan; profile: Profile; cost: Cost }> {
  const { variants, profile } = await prepare(options);
  const { plan } = variants.at(-1)!;
  return { plan, profile, cost: cost(plan, profile) };
}

/** Every shipped target that runs the default experiment, with small batches. */
const SMALL = ['experiment.phases[0].batch=16', 'experiment.phases[1].batch=16'];
async function everyTarget(): Promise<{ plan: Plan; profile: Profile; cost: Cost }[]> {
  const result = [];
  for (const name of list('profile')) {
    try {
      result.push(await planned({ profile: name, set: SMALL }));
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
    }
  }
  expect(result.length).toBeGreaterThan(20);
  return result;
}

describe('products and sums', () => {
  it('a product takes as many passes as parts of its operands meet', () => {
    const narrow = { operands: [8, 8] as [number, number], product: 16 };
    expect([[8, 8], [8, 9], [16, 16], [17, 16], [24, 8]].map((operands) => passesOf(operands as [number, number], narrow, operands[0]! + operands[1]!))).toEqual([1, 2, 4, 6, 3]);
    // the better of the two ways round
    expect(passesOf([18, 25], { operands: [25, 18], product: 43 }, 43)).toBe(1);
    expect(passesOf([26, 18], { operands: [25, 18], product: 43 }, 44)).toBe(2);
    // the low half of a product only: a wide product is made of halves
    const low = { operands: [32, 32] as [number, number], product: 32 };
    expect([[16, 16], [32, 32], [17, 17]].map((operands) => passesOf(operands as [number, number], low, operands[0]! + operands[1]!))).toEqual([1, 4, 4]);
  });

  it('products add up to the multiplications of every site, and passes to those of the step', async () => {
    for (const { cost: found } of await everyTarget()) {
      for (const { site, when, multiplications } of found.operations) {
        expect(found.products.filter((product) => product.site === site && product.when === when).reduce((sum, { count }) => sum + count, 0), `${found.target} ${site}`).toBe(multiplications);
      }
      const passes = found.products.filter(({ when }) => when === 'step').map((product) => (product.passes === null ? null : product.passes * product.count));
      expect(found.passes).toBe(found.hardware?.multiplier ? passes.reduce<number>((sum, value) => sum + value!, 0) : null);
      for (const key of Object.keys(found.total) as (keyof Cost['total'])[]) expect(Object.values(found.phases).reduce((sum, phase) => sum + phase[key], 0)).toBe(found.total[key]);
    }
  });

  it('says of every shipped target what profile explain draws', async () => {
    const drawn = { 'weight × input': 'layer0.forward.product', 'error × input': 'layer0.gradient.product', 'rate × gradient': 'layer0.update.product', 'α × η': 'throttle.rate' };
    let compared = 0;
    for (const { profile, cost: found } of await everyTarget()) {
      const { nodes } = explainProfile(profile, { inputs: 4, batch: 16 });
      for (const [what, id] of Object.entries(drawn)) {
        const product = found.products.find((one) => one.what === what);
        const node = nodes.find((one) => one.id === id)!.multiplier!;
        expect([...product!.operands].sort(), `${profile.name} ${what}`).toEqual([...node.operands].sort());
        expect(product!.bits).toBe(node.product);
        // The picture names bits that are not kept in a note.
        if (product!.passes === null || product!.kept! >= product!.bits) expect(product!.passes).toBe(node.passes);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(80);
  });

  it('needs the registers that the concerns name', async () => {
    let named = 0;
    for (const [name, accumulate, most] of [['cortex-m4-q15', 'end', 24], ['enabol-mid', '3', 25], ['dsp48e1', 'pair', 40], ['avr-q7', 'end', 20]] as const) {
      const { plan, profile, cost: found } = await planned({
        profile: name, set: [...SMALL, `profile.hardware.accumulator.wordLength=${most}`, 'profile.sites.accumulator.overflow=SAT', `profile.accumulate.accumulator=${accumulate}`],
      });
      for (const { where, found: text } of concerns(plan, profile).filter(({ code, message }) => code === 'accumulator-width' && message.includes('added exactly'))) {
        const sum = found.sums.find(({ site }) => site === where)!;
        named++;
        expect(text, `${profile.name} ${where}`).toBe(`${sum.bits} bits at worst`);
        expect(sum.registers).toBeGreaterThan(1);
      }
    }
    expect(named).toBeGreaterThan(0);
  });

  it('enabol-mid by hand', async () => {
    const { cost: found } = await planned({ profile: 'enabol-mid', throttle: ['gt0/secant'], set: SMALL });
    const sum = (site: string): object => found.sums.find((one) => one.site === site)!;
    // 16 × 2 errors of −2^11: 2^22 × 32 = 2^27
    expect(sum('loss')).toEqual({ site: 'loss', terms: 32, bits: 28, registers: null });
    // one 12 × 12 product of 16 fraction bits beside a running sum of 24 bits with 14
    expect(sum('layer0.accumulator')).toMatchObject({ terms: 1, bits: 26 });
    // (2·2^15)² of gradients with 20 fraction bits brought to the 32 of the norm, 8 of them: 2^(32 + 12 + 3)
    expect(sum('squaredNorm')).toMatchObject({ terms: 8, bits: 48 });
    expect(found.divisions.map(({ site }) => site)).toEqual(['curvature', 'throttle']);
    // differences have a bit more than what is taken from what
    const operands = (what: string): readonly number[] => found.products.find((one) => one.what === what)!.operands;
    expect([operands('(change of weight)²'), operands('(change of gradient)²')]).toEqual([[13, 13], [17, 17]]);
  });

  it('a reciprocal of the table never needs more bits', () => {
    for (let bits = 1; bits <= 12; bits++) {
      let widest = 0;
      for (let m = 2 ** bits; m < 2 ** (bits + 1); m++) widest = Math.max(widest, Math.floor(2 ** (2 * bits + 2) / (2 * m + 1) + 0.5));
      expect(reciprocalBits(bits)).toBe(widest.toString(2).length);
    }
  });
});

/** A session of a drawn plan; none where it is too wide for the core. */
function openSession(core: CoreExports, plan: Plan): Session | undefined {
  try {
    return new Session(core, plan, 'fixed');
  } catch (error) {
    if (error instanceof QrailsError) return undefined;
    throw error;
  }
}

describe('memory', () => {
  it('has the fields of docs/state.md, and every value of a run fits the bits of its field', async () => {
    const core = await loadCore();
    let looked = 0;
    for (let seed = 1; seed <= 36; seed++) {
      const { plan, deliveries } = randomPlan(8200 + seed, {
        throttle: THROTTLE_NAMES[seed % THROTTLE_NAMES.length]!, anchor: ANCHOR_NAMES[seed % ANCHOR_NAMES.length]!, supervisor: SUPERVISOR_NAMES[seed % SUPERVISOR_NAMES.length]!, traps: 0,
      });
      const session = openSession(core, plan);
      if (!session) continue;
      looked++;
      const memory = memoryOf(plan);
      expect(memory.state.map(({ name }) => name)).toEqual(['step', ...stateFields(plan).map(({ name }) => name)]);
      const phases = plan.phases.flatMap(({ steps }, phase) => Array<number>(steps).fill(phase));
      for (const [step, { count, inputs, targets }] of deliveries.slice(0, -1).entries()) {
        session.push({ count, inputs, targets, phase: phases[step]! });
        session.finish();
        const state = session.save(hashJson(plan));
        expect(memory.saved).toBe(stateBytes(plan, state).length);
        for (const { name, count: words } of stateFields(plan)) {
          const field = memory.state.find((one) => one.name === name)!;
          if (name === 'squareSumHigh') continue; // with the low word
          expect(field.values).toBe(words);
          const values = state.values[name]!.map((word) => (name === 'squareSum' ? BigInt.asUintN(64, BigInt(word)) + (BigInt(state.values['squareSumHigh']![0]!) << 64n) : BigInt(word)));
          const unsigned = name === 'lossVariance' ? values.map((value) => BigInt.asUintN(64, value)) : values;
          const needed = unsigned.map((value) => (value < 0n ? (-value - 1n).toString(2).length * Number(value !== -1n) + 1 : value === 0n ? 0 : value.toString(2).length));
          // Weights and biases of several layers differ in width: together they have the bits of all.
          if (field.values === 1 || name === 'window') expect(Math.max(...needed), `seed ${seed}, ${name} ${values.join()}`).toBeLessThanOrEqual(field.bits / field.values);
          else expect(needed.reduce((sum, bits) => sum + bits, 0)).toBeLessThanOrEqual(field.bits);
          expect(8 * field.bytes).toBeGreaterThanOrEqual(field.bits);
        }
      }
    }
    expect(looked).toBeGreaterThan(24);
  });

  it('exp-000c on avr-q7 by hand', async () => {
    const { cost: { memory } } = await planned({ profile: 'avr-q7', throttle: ['gt0/secant'], set: SMALL });
    const bytes = Object.fromEntries([...memory.state, ...memory.working].map((field) => [field.name, field.bytes]));
    // 120 steps; eight weights and gradients of 16 bits; C of 32 and its mean of 40; outputs of a sample, errors and data of 16
    expect(bytes).toEqual({ step: 1, theta: 16, lastTheta: 16, lastGradient: 16, history: 1, curvature: 4, curvatureMean: 8, gradient: 16, activation: 2, error: 32, batch: 96 });
    expect(memory.ram.bytes).toBe(208);
    expect(memory.tables).toEqual([{ name: 'reciprocals of divisors', entries: 64, wordLength: 7, bits: 448, bytes: 64 }]);
    expect(memory.flash).toEqual({ bits: 128 + 448, bytes: 16 + 64 });
  });

  it('anchor-event by hand: a detector with 100 losses to calibrate on, a window of 20, 3 in a row, a hold of 60', async () => {
    const { plan, cost: { memory, phases, operations } } = await planned({ experiment: 'anchor-event', profile: 'enabol-mid' });
    expect(plan.sites['loss']).toMatchObject({ wordLength: 24, signed: true });
    const bits = Object.fromEntries(memory.state.map((field) => [field.name, field.bits]));
    // Σ loss reaches 100·2^23, and has a sign; Σ loss² 100·2^46
    expect(bits).toMatchObject({ window: 20 * 24, locked: 1, holdLeft: 6, calibrated: 1, seen: 7, windowAt: 5, above: 2, lossSum: 31, squareSum: 53, squareSumHigh: 0 });
    // n·loss, its squared distance from the mean, κ·w·V; a calibration stands in rows of its own
    expect(phases.anchor).toMatchObject({ multiplications: 41, additions: 40, comparisons: 1, quantisations: 1 });
    expect(operations.filter(({ when }) => when !== 'step').map(({ site, when }) => `${site} ${when}`)).toEqual(['lossMean calibrating', 'lossVariance calibrating', 'lossMean calibrated', 'lossVariance calibrated']);
  });

  it('balance-2 by hand: two losses of an output each share eight hidden neurons, 16 rows a step', async () => {
    const { cost: { phases, sums, divisions, memory } } = await planned({ experiment: 'balance-2' });
    // twice 16 × 8 × 2 hidden products, 512 of gradients and 40 squares; 2 means, 32 errors; of their sums those of 8 biases in 16 samples too
    expect(phases.balance).toEqual({
      multiplications: 2 * (256 + 512 + 40) + 2 + 32, additions: 2 * (256 + 512 + 128 + 40) + 6 + 4, comparisons: 2 * 128 + 2 + 2 + 1, divisions: 4, roots: 2,
      quantisations: 2 * (128 + 40 + 40 + 1 + 1) + 4 + 2 + 32,
    });
    expect(sums.find(({ site }) => site === 'squaredNorm')!.terms).toBe(40);
    // two words of 32 bits added
    expect(sums.find(({ site }) => site === 'share')).toMatchObject({ terms: 2, bits: 33 });
    expect(divisions.map(({ site, count }) => `${site} ${count}`)).toEqual(['share 2', 'share 2']);
    expect(memory.working.find(({ name }) => name === 'balance')).toMatchObject({ values: 32 + 2 });
  });

  it('keeps the outputs of a hidden layer for the whole batch, and reciprocals of odd batch sizes', async () => {
    const { cost: { memory, batch } } = await planned({
      profile: 'enabol-mid', throttle: ['none'],
      set: [
        'experiment.model={"layers":[{"outputs":3,"activation":"relu","bias":true},{"outputs":2}],"initial":{"kind":"glorot"}}',
        'profile.batch.division=reciprocal', 'experiment.phases[0].batch=6', 'experiment.phases[1].batch=6',
      ],
    });
    expect(batch).toBe(6);
    const values = (name: string): number => [...memory.state, ...memory.working].find((field) => field.name === name)!.values;
    expect([values('theta'), values('activation'), values('error')]).toEqual([3 * 4 + 3 + 2 * 3, 6 * 3 + 2, 6 * 5]);
    // 1000 rows in batches of 6, the last of each pass 4, which is a shift
    expect(memory.tables).toEqual([{ name: 'reciprocals of batch sizes', entries: 1, wordLength: 16, bits: 16, bytes: 2 }]);
  });
});

describe('controllers', () => {
  it('have the difference of two plans, each by itself', async () => {
    const { targets: [target] } = await costReport({ profiles: ['cortex-m0-q15'], set: SMALL });
    expect(target!.controllers.map(({ throttle, anchor, supervisor }) => ({ throttle, anchor, supervisor }))).toEqual(CONTROLLER_CHOICES);
    for (const [kind, names] of [['throttle', THROTTLE_NAMES], ['anchor', ANCHOR_NAMES], ['supervisor', SUPERVISOR_NAMES]] as const) expect(new Set(CONTROLLER_CHOICES.map((choice) => choice[kind]))).toEqual(new Set(names));
    const bare = (await planned({ profile: 'cortex-m0-q15', set: SMALL, throttle: ['none'], anchor: ['none'] })).cost;
    for (const { throttle, anchor, supervisor, extra, affordable } of target!.controllers) {
      const own = (await planned({ profile: 'cortex-m0-q15', set: SMALL, throttle: [throttle], anchor: [anchor], supervisor })).cost;
      expect(affordable).toBe(true);
      expect(extra!.multiplications).toBe(own.total.multiplications - bare.total.multiplications);
      expect(extra!.ramBytes).toBe(own.memory.ram.bytes - bare.memory.ram.bytes);
      expect(extra!.passes).toBe(own.passes! - bare.passes!);
    }
    // history of parameters and gradients is what the trace estimator does not need
    const ram = (throttle: string): number => target!.controllers.find((one) => one.throttle === throttle)!.extra!.ramBytes;
    expect(ram('gt0/secant') - ram('gt0/trace')).toBe(2 * 8 * 2 + 1);
  });

  it('says why one cannot be had: no divider, no room', async () => {
    const { targets: [target] } = await costReport({ profiles: ['cortex-m0-q15'], set: [...SMALL, 'profile.divide={"method":"none"}'], throttle: 'table', ram: 330 });
    const divides = ({ throttle, anchor }: { throttle: string; anchor: string }): boolean => !/^(none|table|gt[12]\/trace)$/.test(throttle) || anchor === 'gated';
    for (const { throttle, anchor, supervisor, affordable, why, extra } of target!.controllers) {
      const name = `${throttle} ${anchor} ${supervisor}`;
      if (divides({ throttle, anchor })) {
        expect(why, name).toEqual([expect.stringMatching(/has no way to divide/)]);
        expect([affordable, extra], name).toEqual([false, null]);
      } else {
        // batch, errors, weights, gradients, outputs of a sample, the step
        const bytes = 192 + 64 + 16 + 16 + 4 + 1 + extra!.ramBytes;
        expect(affordable, name).toBe(bytes <= 330);
        if (!affordable) expect(why, name).toEqual([expect.stringMatching(new RegExp(`^${bytes} bytes of RAM: batch 192, (window 80, )?error 64`))]);
      }
    }
    const verdicts = target!.controllers.filter((one) => !divides(one)).map(({ affordable }) => affordable);
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });

  it('names the ways in which a target divides, and what is too wide for it', async () => {
    const why = async (profile: string, throttle: string): Promise<string> =>
      (await costReport({ profiles: [profile], set: SMALL })).targets[0]!.controllers.find((one) => one.throttle === throttle)!.why.join('; ');
    expect(await why('sb-mac16', 'gt0/secant')).toContain('the quotient is a shift');
    expect(await why('avr-q7', 'gt0/secant')).toContain('a table of reciprocals');
    expect(await why('avr-q7', 'gt0/secant')).toMatch(/passes of the 8 × 8 multiplier/);
    expect(await why('cortex-m4-q15', 'gt0/secant')).toMatch(/divides up to \d+ by \d+ bits/);
    expect(await why('avr-q7', 'none')).toBe('');
  });

  it('without the bare learner there are costs but no differences', () => {
    expect(controllerCosts([{ throttle: 'none', anchor: 'none', supervisor: 'none', refused: 'too wide' }])).toEqual([{ throttle: 'none', anchor: 'none', supervisor: 'none', affordable: false, why: ['too wide'], extra: null }]);
  });
});

it('a report throws where every target refuses', async () => {
  await expect(costReport({ profiles: ['cortex-m4-q15', 'enabol-mid'], set: ['experiment.phases[0].batch=3', 'profile.batch.sizes=powerOfTwo'] })).rejects.toThrow(/cannot run this batch/);
});
