import { describe, expect, it } from 'vitest';
import { makeBaseline } from '../../src/check/baseline.js';
import { baselineText, validateBaseline } from '../../src/check/file.js';
import { parseJson } from '../../src/document/json.js';
import { changed, compared, DIVERGING, PLAN, RECORDED, RUN } from './made.js';

const [run] = RECORDED.runs as [(typeof RECORDED.runs)[number]];

describe('a recorded baseline', () => {
  it('fits its schema and survives being written and read', async () => {
    const both = makeBaseline(compared(RUN, DIVERGING), {});
    expect(await validateBaseline(parseJson(baselineText(both), 'made'))).toEqual(both);
  });

  it('keeps raws by value and leaves out curves, the real fixed parameters and idle sites', () => {
    expect(run.fixed.finalWeightsRaw).toEqual([[['85', '-51']]]);
    expect(run.fixed.finalLossRaw).toBe('4');
    expect(Object.keys(run.fixed.sites)).toEqual(['layer0.weight']);
    expect(JSON.stringify(run)).not.toContain('curve');
    expect(run.fixed).not.toHaveProperty('finalWeights');
  });

  it('writes float values as short as their tolerance allows, fixed ones in full', () => {
    expect(run.float.finalWeights).toEqual([[[0.333333333333, -0.2]]]);
    const inFull = makeBaseline(compared(RUN), {}, { tolerances: { float: { relative: 0, why: 'same engine' } } });
    expect(inFull.runs[0]!.float.finalWeights[0]![0]![0]).toBe(1 / 3);
    const long = makeBaseline(compared(changed(({ fixed }) => (fixed.meanLoss = 1.7510579427083333))), {});
    expect(long.runs[0]!.fixed.meanLoss).toBe(1.7510579427083333);
  });

  it('does not depend on prescriptions', () => {
    const advised = changed(({ verdict }) => {
      const outcome = { verdict: 'survives' as const, finalLoss: 0, maxLoss: 0, weightError: 0 };
      verdict.try = [{ why: 'w', change: [], command: 'c', effect: 'e', before: outcome, after: outcome }];
    });
    expect(makeBaseline(compared(advised), {}).comparison).toBe(makeBaseline(compared(RUN), {}).comparison);
    expect(makeBaseline(compared(DIVERGING), {}).comparison).not.toBe(makeBaseline(compared(RUN), {}).comparison);
  });

  it('stores long lists of the plan as their hash and the controllers with their run', () => {
    const wide = { ...PLAN, initial: [{ ...PLAN.initial[0]!, weights: [Array.from({ length: 40 }, (_, i) => i)] }] };
    const { plan, runs } = makeBaseline({ ...compared(RUN), plans: [wide] }, {});
    expect(plan['initial']).toEqual([{ weights: expect.stringMatching(/^sha256 [0-9a-f]{16}$/), bias: [], weightsRaw: [['128', '64']], biasRaw: [] }]);
    expect(plan).not.toHaveProperty('throttle');
    expect(runs[0]!.plan).toEqual({ throttle: PLAN.throttle, anchor: PLAN.anchor });
  });
});

describe('proposed bounds', () => {
  it('lie half a bit from what was recorded', () => {
    expect(run.bounds.lossRatio?.atMost).toBe(2.2); // (2·4 + 1) / 4096 / 0.001 = 2.197…
    expect(run.bounds.maxLossRatio?.atMost).toBe(2.51); // (2·2.5 + 2^-12) / 2 = 2.50012…
    expect(run.bounds.weightSqnrDb?.atLeast).toBe(44.1); // 47.12 − 3.01
    expect(run.bounds.stalledShare?.atMost).toBe(0.15);
    expect(run.bounds.verdict).toMatchObject({ float: ['survives'], fixed: ['survives'] });
  });

  it('each say why', () => {
    for (const bound of Object.values(run.bounds)) expect(bound.why).toMatch(/^proposed: .{10}/);
    expect(RECORDED.tolerances.fixed).toMatchObject({ relative: 0, why: expect.stringMatching(/bit/) });
    expect(RECORDED.tolerances.float).toMatchObject({ relative: 1e-9, why: expect.stringMatching(/1e-9/) });
  });

  it('are verdicts alone where the float run did not survive', () => {
    const { bounds } = makeBaseline(compared(DIVERGING), {}).runs[0]!;
    expect(bounds).toEqual({ verdict: { float: ['diverged'], fixed: ['limit cycle'], why: expect.any(String) } });
  });

  it('leave out a metric without a finite value', () => {
    const same = changed(({ difference }) => (difference.weightSqnrDb = null));
    expect(makeBaseline(compared(same), {}).runs[0]!.bounds).not.toHaveProperty('weightSqnrDb');
  });

  it('give way to stated ones', () => {
    const { tolerances, runs } = makeBaseline(compared(RUN), {}, {
      tolerances: { fixed: null, float: { relative: 0.01, why: 'another solver' } },
      bounds: { lossRatio: { atMost: 1.1, why: 'data sheet' }, stalledShare: null },
    });
    expect(tolerances).toEqual({ float: { relative: 0.01, why: 'another solver' } });
    expect(runs[0]!.bounds.lossRatio).toEqual({ atMost: 1.1, why: 'data sheet' });
    expect(Object.keys(runs[0]!.bounds).sort()).toEqual(['lossRatio', 'maxLossRatio', 'verdict', 'weightSqnrDb']);
  });
});
