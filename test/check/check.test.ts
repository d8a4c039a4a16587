import { describe, expect, it } from 'vitest';
import { makeBaseline, type Compared } from '../../src/check/baseline.js';
import { holdAgainst } from '../../src/check/check.js';
import type { Baseline } from '../../src/schema/baseline.js';
import { Check } from '../../src/schema/check.js';
import type { ComparisonRun } from '../../src/schema/comparison.js';
import { findProblems } from '../../src/schema/validate.js';
import { changed, compared, DIVERGING, edited, PLAN, RECORDED, RUN } from './made.js';

const hold = (change: (run: ComparisonRun) => void, baseline: Baseline = RECORDED): Check => holdAgainst(baseline, compared(changed(change)));
/** Rows as `metric recorded → now`, failed ones with a mark. */
const brief = ({ rows }: Check): string[] => rows.map(({ metric, recorded, now, passed }) => `${metric} ${recorded} → ${now}${passed ? '' : ' !'}`);
const withFixed = (relative: number): Baseline => edited(({ tolerances }) => (tolerances.fixed = { relative, why: 'noise draws' }));

it('an unmoved comparison passes without a row', async () => {
  const recorded = makeBaseline(compared(RUN, DIVERGING), {});
  const check = holdAgainst(recorded, compared(RUN, DIVERGING));
  expect(check).toMatchObject({ passed: true, changes: [], rows: [] });
  expect(check.comparison.now).toBe(check.comparison.recorded);
  expect(check.held).toBeGreaterThan(100);
  expect(await findProblems(Check, check)).toEqual([]);
});

describe('the fixed side', () => {
  it.each<[string, (run: ComparisonRun) => void]>([
    ['fixed.finalWeightsRaw[0][0][1] -51 → -50 !', ({ fixed }) => (fixed.finalWeightsRaw[0]![0]![1] = '-50')],
    ['fixed.finalLossRaw 4 → 5 !', ({ fixed }) => (fixed.finalLossRaw = '5')],
    ['fixed.meanLoss 0.1 → 0.10000000000000002 !', ({ fixed }) => (fixed.meanLoss = 0.10000000000000002)],
    ['fixed.stillFrom null → 90 !', ({ fixed }) => (fixed.stillFrom = 90)],
    ['fixed.sites.layer0.weight.overflowHigh 3 → 4 !', ({ fixed }) => (fixed.sites['layer0.weight']!.overflowHigh = 4)],
    ['fixed.sites.layer0.weight.firstOverflow.wanted 2100 → 2101 !', ({ fixed }) => (fixed.sites['layer0.weight']!.firstOverflow!.wanted = '2101')],
    ['fixed.sites.layer0.weight.format sfix12_En8 → sfix12_En7 !', ({ fixed }) => (fixed.sites['layer0.weight']!.format = 'sfix12_En7')],
    ['fixed.targets.underflow 7 → 8 !', ({ fixed }) => (fixed.targets.underflow = 8)],
    ['fixed.eventSteps [] → [12] !', ({ fixed }) => fixed.eventSteps.push(12)],
    ['fixed.finite true → false !', ({ fixed }) => (fixed.finite = false)],
  ])('is exact: %s', (row, change) => {
    const check = hold(change);
    expect(check.passed).toBe(false);
    expect(brief(check)).toEqual([row]);
    expect(check.rows[0]).toMatchObject({ throttle: 'table', anchor: 'none', heldBy: 'fixed', allowed: 'exact', why: RECORDED.tolerances.fixed!.why });
  });

  it('tells of a list the entry that moved farthest', () => {
    const { rows } = hold(({ fixed }) => (fixed.finalWeightsRaw[0] = [['86', '-61']]));
    expect(rows).toMatchObject([{ metric: 'fixed.finalWeightsRaw[0][0][1]', recorded: '-51', now: '-61', note: '2 of 2 moved, this one farthest' }]);
  });

  it('holds raws beyond 53 bits', () => {
    const big = '9223372036854775806';
    const baseline = makeBaseline(compared(changed(({ fixed }) => (fixed.finalLossRaw = big))), {});
    expect(hold(({ fixed }) => (fixed.finalLossRaw = big), baseline).passed).toBe(true);
    expect(brief(hold(({ fixed }) => (fixed.finalLossRaw = '9223372036854775807'), baseline))).toEqual([`fixed.finalLossRaw ${big} → 9223372036854775807 !`]);
  });

  it('tells of a site that began or ceased to count', () => {
    expect(brief(hold(({ fixed }) => (fixed.sites['layer0.bias'] = { ...fixed.sites['layer0.bias']!, count: 5 })))).toEqual([
      'fixed.sites.layer0.bias not there → an object with 11 keys !',
    ]);
    expect(brief(hold(({ fixed }) => (fixed.sites['layer0.weight']!.count = 0)))).toEqual(['fixed.sites.layer0.weight an object with 11 keys → not there !']);
  });

  it('may move within a tolerance, weights in proportion to the largest', () => {
    const loose = withFixed(0.02); // 1.7 of 85
    const near = hold(({ fixed }) => (fixed.finalWeightsRaw[0]![0]![1] = '-52'), loose);
    expect(near.passed).toBe(true);
    expect(near.rows).toMatchObject([{ metric: 'fixed.finalWeightsRaw[0][0][1]', allowed: '± 1.7', passed: true, why: 'noise draws' }]);
    expect(hold(({ fixed }) => (fixed.finalWeightsRaw[0]![0]![1] = '-53'), loose).passed).toBe(false);
    expect(hold(({ fixed }) => (fixed.finite = false), loose).passed).toBe(false);
    expect(hold(({ fixed }) => (fixed.stillFrom = 90), loose).passed).toBe(false);
  });

  it('is not held without a tolerance', () => {
    const baseline = edited(({ tolerances }) => delete tolerances.fixed);
    expect(hold(({ fixed }) => (fixed.finalLossRaw = '400'), baseline)).toMatchObject({ passed: true, rows: [] });
  });
});

describe('the float side', () => {
  it('may move by its tolerance and no more', () => {
    const within = hold(({ float }) => (float.maxLoss = 2 + 1.5e-9));
    expect(within.passed).toBe(true);
    expect(within.rows).toMatchObject([{ metric: 'float.maxLoss', heldBy: 'float', allowed: '± 2e-9', passed: true }]);
    expect(hold(({ float }) => (float.maxLoss = 2 + 2.5e-9)).rows).toMatchObject([{ metric: 'float.maxLoss', passed: false }]);
  });

  it('moves nowhere by what was rounded off when it was written, also when its tolerance is edited afterwards', () => {
    for (const relative of [1e-11, 1e-9, 1e-3]) {
      const baseline = edited(({ tolerances }) => (tolerances.float = { relative, why: 'edited' }));
      expect(hold(({ float }) => (float.finalWeights[0]![0]![0] = 1 / 3 + 1e-16), baseline).rows).toEqual([]);
    }
  });

  it('is exact in every bit under a tolerance of 0', () => {
    const exact = makeBaseline(compared(RUN), {}, { tolerances: { float: { relative: 0, why: 'same engine' } } });
    expect(hold(() => undefined, exact).rows).toEqual([]);
    expect(brief(hold(({ float }) => (float.meanLoss = 0.10000000000000002), exact))).toEqual(['float.meanLoss 0.1 → 0.10000000000000002 !']);
  });

  it('fails where a value stops being finite', () => {
    expect(brief(hold(({ float }) => (float.finalWeights[0]![0]![0] = null)))).toEqual(['float.finalWeights[0][0][0] 0.333333333333 → null !']);
    expect(brief(hold(({ float }) => (float.alpha = null)))).toEqual(['float.alpha {"first":1,"median":0.5,"last":0.25,"min":0.25,"max":1} → null !']);
  });

  it('lends its tolerance to the weight error of the fixed side, which the host measures', () => {
    expect(hold(({ fixed }) => (fixed.weightError = 1 / 3 + 1e-10)).rows).toMatchObject([{ metric: 'fixed.weightError', passed: true }]);
    expect(hold(({ fixed }) => (fixed.weightError = 1 / 3 + 1e-8)).passed).toBe(false);
    expect(hold(({ fixed }) => (fixed.weightError = 7), edited(({ tolerances }) => delete tolerances.fixed)).rows).toEqual([]);
  });
});

describe('bounds', () => {
  const bounded = edited(({ tolerances }) => {
    delete tolerances.fixed;
    delete tolerances.float;
  });

  it.each<[string, string, (run: ComparisonRun) => void, (run: ComparisonRun) => void]>([
    ['lossRatio', 'at most 2.2', ({ fixed }) => (fixed.finalLoss = 0.0021), ({ fixed }) => (fixed.finalLoss = 0.0023)],
    ['maxLossRatio', 'at most 2.51', ({ fixed }) => (fixed.maxLoss = 5), ({ fixed }) => (fixed.maxLoss = 5.1)],
    ['stalledShare', 'at most 0.15', ({ fixed }) => (fixed.stalledSteps = 15), ({ fixed }) => (fixed.stalledSteps = 16)],
    ['weightSqnrDb', 'at least 44.1', ({ difference }) => (difference.weightSqnrDb = 44.2), ({ difference }) => (difference.weightSqnrDb = 44)],
  ])('%s is %s', (metric, allowed, inside, outside) => {
    expect(hold(inside, bounded).rows).toMatchObject([{ metric, allowed, heldBy: 'bound', passed: true }]);
    expect(hold(inside, bounded).passed).toBe(true);
    expect(hold(outside, bounded).rows).toMatchObject([{ metric, allowed, heldBy: 'bound', passed: false, why: expect.stringMatching(/^proposed: /) }]);
    expect(hold(outside, bounded).passed).toBe(false);
  });

  it('fail where nothing moved, if they are set tighter than what was recorded', () => {
    const tight = edited(({ runs }) => (runs[0]!.bounds.lossRatio = { atMost: 0.5, why: 'data sheet' }));
    expect(holdAgainst(tight, compared(RUN)).rows).toMatchObject([{ metric: 'lossRatio', recorded: 0.976563, now: 0.976563, passed: false, why: 'data sheet' }]);
  });

  it('fail without a finite value', () => {
    expect(hold(({ fixed }) => (fixed.maxLoss = null), bounded).rows).toMatchObject([{ metric: 'maxLossRatio', now: null, passed: false, note: 'no finite value' }]);
    expect(hold(({ difference }) => (difference.weightSqnrDb = null), bounded).passed).toBe(false);
  });

  it('pass where the weights do not differ at all', () => {
    const exact = hold((run) => {
      run.difference.weightSqnrDb = null;
      run.fixed.finalWeights = run.float.finalWeights;
    }, bounded);
    expect(exact).toMatchObject({ passed: true, rows: [{ metric: 'weightSqnrDb', now: null, note: 'no difference at all' }] });
  });

  it('hold the verdict, and tell why it moved', () => {
    const stuck = (run: ComparisonRun): void => {
      run.verdict.fixed = 'dead zone';
    };
    expect(hold(stuck).rows).toMatchObject([
      { metric: 'verdict.fixed', recorded: 'survives', now: 'dead zone', allowed: 'survives', passed: false, note: 'no parameter moved from step 90 on' },
    ]);
    const lenient = edited(({ runs }) => (runs[0]!.bounds.verdict = { fixed: ['survives', 'dead zone'], why: 'it is reset every night' }));
    expect(hold(stuck, lenient).rows).toMatchObject([{ allowed: 'survives or dead zone', passed: true, why: 'it is reset every night' }]);
    expect(hold(stuck, edited(({ runs }) => delete runs[0]!.bounds.verdict)).rows).toMatchObject([{ allowed: 'not held', passed: true }]);
  });
});

describe('the plan', () => {
  const moved = (plan: object, change: (run: ComparisonRun) => void = () => undefined): Compared => ({
    ...compared(changed((run) => {
      run.planHash = 'd'.repeat(64);
      change(run);
    })),
    plans: [{ ...PLAN, ...plan }],
  });
  const narrower = { sites: { ...PLAN.sites, 'layer0.weight': { ...PLAN.sites['layer0.weight']!, wordLength: 10, rails: ['-512', '511'] as [string, string] } } };

  it('fails when its hash moves, says what changed, and the metrics are compared all the same', () => {
    const check = holdAgainst(RECORDED, moved(narrower, ({ fixed }) => (fixed.finalLossRaw = '9')));
    expect(check.passed).toBe(false);
    expect(check.changes).toEqual(['sites.layer0.weight: wordLength 12 → 10, rails ["-2048","2047"] → ["-512","511"]']);
    expect(check.rows).toMatchObject([{ metric: 'planHash', heldBy: 'plan', note: 'the plan changed' }, { metric: 'fixed.finalLossRaw' }]);
  });

  it('may change where bits are not held', () => {
    for (const baseline of [withFixed(0.01), edited(({ tolerances }) => delete tolerances.fixed)]) {
      const check = holdAgainst(baseline, moved(narrower));
      expect(check.passed).toBe(true);
      expect(check.rows).toMatchObject([{ metric: 'planHash', allowed: 'not held', passed: true }]);
      expect(check.changes).toHaveLength(1);
    }
  });

  it('names the run whose controller changed, and the documents', () => {
    const check = holdAgainst(RECORDED, moved({ throttle: { ...PLAN.throttle, chi: { value: 1, raw: '16384' } } }));
    expect(check.changes).toEqual(['table, anchor none: throttle.chi: value 1.5 → 1, raw "24576" → "16384"']);
    const renamed = compared(RUN);
    renamed.comparison.plan.profile = 'other';
    expect(holdAgainst(RECORDED, renamed).changes).toEqual(['profile "made" → "other"']);
  });

  it('says so where the hash moved and nothing else', () => {
    expect(holdAgainst(RECORDED, moved({})).rows[0]?.note).toMatch(/no difference/);
  });
});

describe('runs', () => {
  it('that are gone fail', () => {
    const check = holdAgainst(makeBaseline(compared(RUN, DIVERGING), {}), compared(RUN));
    expect(check.passed).toBe(false);
    expect(check.rows).toMatchObject([{ throttle: 'none', metric: 'run', recorded: true, now: false, passed: false }]);
  });

  it('that are new are told and not held', () => {
    const check = holdAgainst(RECORDED, compared(RUN, DIVERGING));
    expect(check.passed).toBe(true);
    expect(check.rows).toMatchObject([{ throttle: 'none', metric: 'run', recorded: false, now: true, allowed: 'not held' }]);
  });

  it('are found by their controllers, in any order', () => {
    expect(holdAgainst(makeBaseline(compared(RUN, DIVERGING), {}), compared(DIVERGING, RUN)).rows).toEqual([]);
  });
});

it('what a diverging run records is held too', () => {
  const baseline = makeBaseline(compared(DIVERGING), {});
  const tamed = changed(({ verdict, float }) => {
    verdict.float = 'survives';
    float.finalLoss = 0.5;
  }, DIVERGING);
  expect(brief(holdAgainst(baseline, compared(tamed)))).toEqual(['verdict.float diverged → survives !', 'float.finalLoss null → 0.5 !']);
});
