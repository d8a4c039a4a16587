import { describe, expect, it } from 'vitest';
import { makeBaseline } from '../../src/check/baseline.js';
import { diffBaselines } from '../../src/check/diff.js';
import { diffText } from '../../src/check/diffText.js';
import { summariseBaseline, summaryText } from '../../src/check/summary.js';
import { BaselineDiff, BaselineSummary } from '../../src/schema/baselineViews.js';
import { findProblems } from '../../src/schema/validate.js';
import { changed, compared, DIVERGING, edited, RECORDED, RUN } from './made.js';

const OPTIONS = { experiment: 'made.json' };
const recorded = (run: typeof RUN) => makeBaseline(compared(run), OPTIONS);
/** What changed in the only run, by metric. */
const changes = (...baselines: Parameters<typeof diffBaselines>) => new Map(diffBaselines(...baselines).runs[0]!.changes.map((row) => [row.metric, row]));

const MOVED = recorded(changed(({ fixed, float, difference, verdict }) => {
  fixed.finalWeightsRaw[0]![0]![1] = '-54';
  fixed.stalledSteps = 12;
  float.maxLoss = 2 + 1e-9;
  difference.weightSqnrDb = 45.623456789;
  verdict.fixed = 'dead zone';
}));

describe('the difference of two baselines', () => {
  it('of the same is empty', async () => {
    const diff = diffBaselines(RECORDED, structuredClone(RECORDED));
    expect(diff).toMatchObject({ equal: true, documents: [], plan: [], requirements: [], runs: [{ plan: [], requirements: [], changes: [] }] });
    expect(diffText(diff, 'a.json', 'b.json')).toBe('a.json → b.json\nno difference\n');
    expect(await findProblems(BaselineDiff, diff)).toEqual([]);
  });

  it('says what moved, by how much, and how much of what is allowed that takes up', () => {
    const rows = changes(RECORDED, MOVED);
    expect([...rows.keys()]).toEqual(['verdict.fixed', 'stalledShare', 'weightSqnrDb', 'fixed.stalledSteps', 'fixed.finalWeightsRaw[0][0][1]', 'float.maxLoss']);
    expect(rows.get('verdict.fixed')).toMatchObject({ heldBy: 'bound', a: 'survives', b: 'dead zone', change: null, allowed: 'survives', used: null });
    expect(rows.get('weightSqnrDb')).toMatchObject({ heldBy: 'bound', a: 47.1235, b: 45.6235, allowed: 'at least 44.1', why: expect.stringContaining('3 dB') });
    expect(rows.get('weightSqnrDb')!.change).toBeCloseTo(-1.5, 9);
    expect(rows.get('weightSqnrDb')!.used).toBeCloseTo(1.5 / (47.1235 - 44.1), 9);
    expect(rows.get('stalledShare')!.used).toBeCloseTo(0.02 / 0.05, 9);
    expect(rows.get('fixed.finalWeightsRaw[0][0][1]')).toMatchObject({ heldBy: 'fixed', a: '-51', b: '-54', change: -3, share: -3 / 51, allowed: 'exact', used: null });
    expect(rows.get('float.maxLoss')).toMatchObject({ heldBy: 'float', allowed: '± 2e-9' });
    expect(rows.get('float.maxLoss')!.used).toBeCloseTo(0.5, 6);
  });

  it('tells a move away from a bound, past it, and from where there was no room', () => {
    const at = (db: number | null) => recorded(changed(({ difference }) => (difference.weightSqnrDb = db)));
    const used = (a: number | null, b: number | null, edge = 44) =>
      changes(edited(({ runs }) => (runs[0]!.bounds = { weightSqnrDb: { atLeast: edge, why: 'test' } }), at(a)), at(b)).get('weightSqnrDb')!.used;
    expect(used(46, 50)).toBe(-2);
    expect(used(46, 42)).toBe(2);
    expect(used(43, 42)).toBeNull();
    expect(used(44, 42)).toBeNull();
    expect(used(46, null)).toBeNull();
    expect(used(null, 46)).toBeNull();
  });

  it('tells what is not held, too', () => {
    const free = edited(({ tolerances, runs }) => {
      delete tolerances.fixed;
      runs[0]!.bounds = {};
    }, RECORDED);
    const rows = changes(free, MOVED);
    for (const metric of ['verdict.fixed', 'weightSqnrDb', 'fixed.finalWeightsRaw[0][0][1]']) expect(rows.get(metric)).toMatchObject({ allowed: 'not held', used: null });
  });

  it('names fields of documents, plan, tolerances and bounds by their paths', async () => {
    const other = edited((baseline) => {
      baseline.names.profile = 'other';
      baseline.options.seed = 7;
      (baseline.plan['sites'] as Record<string, { wordLength: number }>)['layer0.weight']!.wordLength = 10;
      baseline.tolerances.float!.relative = 1e-6;
      const [run] = baseline.runs;
      (run!.plan['throttle'] as { law: string }).law = 'none';
      run!.bounds.weightSqnrDb = { atLeast: 30, why: 'enough' };
      delete run!.bounds.lossRatio;
    });
    const diff = diffBaselines(RECORDED, other);
    expect(await findProblems(BaselineDiff, diff)).toEqual([]);
    expect(diff).toMatchObject({
      equal: false,
      documents: [{ at: 'names.profile', a: 'made', b: 'other' }, { at: 'options.seed', b: 7 }],
      plan: [{ at: 'sites.layer0.weight.wordLength', a: 12, b: 10 }],
      requirements: [{ at: 'tolerances.float.relative', a: 1e-9, b: 1e-6 }],
      runs: [{ plan: [{ at: 'throttle.law', a: 'table', b: 'none' }], changes: [] }],
    });
    expect(diff.documents[1]).not.toHaveProperty('a');
    expect(diff.runs[0]!.requirements.map(({ at }) => at)).toEqual(expect.arrayContaining(['bounds.weightSqnrDb.atLeast', 'bounds.weightSqnrDb.why']));
    const text = diffText(diff, 'a.json', 'b.json');
    expect(text).toContain('\n0 values moved; 2 fields of the plan changed\n');
    expect(text).toMatch(/\nplan\n {2}sites\.layer0\.weight\.wordLength {2}12 → 10\n/);
    expect(text).toMatch(/\n {2}options\.seed +none → 7\n/);
    expect(text).toMatch(/\nthrottle table, anchor none\n {2}plan\.throttle\.law +"table" → "none"\n/);
  });

  it('tells runs that only one of them has', () => {
    const both = makeBaseline(compared(RUN, DIVERGING), OPTIONS);
    const [less, more] = [diffBaselines(both, RECORDED), diffBaselines(RECORDED, both)];
    expect(less).toMatchObject({ equal: false, runs: [{ throttle: 'table' }, { throttle: 'none', planHash: { a: DIVERGING.planHash, b: null } }] });
    expect(more.runs[1]).toMatchObject({ throttle: 'none', planHash: { a: null, b: DIVERGING.planHash } });
    expect(diffText(less, 'a.json', 'b.json')).toContain('throttle none, anchor none\n  only in a.json\n');
    expect(diffText(more, 'a.json', 'b.json')).toContain('only in b.json');
  });

  it('as text, is a table, and says that no field of the plan explains it', () => {
    expect(diffText(diffBaselines(RECORDED, MOVED), 'a\u001b.json', 'b.json')).toBe(`a\\u001b.json → b.json
6 values moved; no field of the plan changed, so what moved is the arithmetic, what is recorded, or a file that was edited

throttle table, anchor none
  bounds.stalledShare.atMost   0.15 → 0.17
  bounds.weightSqnrDb.atLeast  44.1 → 42.6
  bounds.verdict.fixed         ["survives"] → ["dead zone"]
  metric                                 a            b     change  allowed        used
  verdict.fixed                   survives    dead zone             survives
  stalledShare                         0.1         0.12      +20 %  at most 0.15   40 %
  weightSqnrDb                       47.12        45.62     -3.2 %  at least 44.1  50 %
  fixed.stalledSteps                    10           12      +20 %  exact
  fixed.finalWeightsRaw[0][0][1]       -51          -54     -5.9 %  exact
  float.maxLoss                          2  2.000000001  +5.0e-8 %  ± 2e-9         50 %
`);
  });

  it('as text, is cut', () => {
    const far = recorded(changed(({ fixed }) => {
      for (let index = 0; index < 50; index++) fixed.sites[`layer${index}.weight`] = { ...fixed.sites['layer0.weight']!, count: 1 };
    }));
    expect(diffText(diffBaselines(RECORDED, far), 'a', 'b')).toContain('and 10 more: the JSON output has all of them');
  });
});

describe('what a baseline holds', () => {
  it('is told run by run, with bounds and their reasons', async () => {
    const both = edited((baseline) => {
      baseline.about = 'for a test';
      delete baseline.tolerances.float;
      delete baseline.runs[0]!.bounds.lossRatio;
    }, makeBaseline(compared(RUN, DIVERGING), OPTIONS));
    const summary = summariseBaseline(both);
    expect(await findProblems(BaselineSummary, summary)).toEqual([]);
    expect(summary).toMatchObject({ about: 'for a test', seed: 42, options: OPTIONS, comparison: both.comparison, tolerances: both.tolerances });
    expect(summary.runs.map(({ throttle, steps, verdict }) => [throttle, steps, verdict.float])).toEqual([['table', 100, 'survives'], ['none', 100, 'diverged']]);
    const [run] = summary.runs;
    expect(run!.metrics).toContainEqual({ metric: 'weightSqnrDb', recorded: 47.1235, bound: 'at least 44.1', why: expect.stringContaining('half a bit') });
    expect(run!.metrics).toContainEqual({ metric: 'lossRatio', recorded: 0.976563, bound: null });
    expect(run!.metrics).toContainEqual({ metric: 'verdict.fixed', recorded: 'survives', bound: 'survives', why: expect.stringContaining('ends as it did') });
    const text = summaryText(summary);
    expect(text).toMatch(/^for a test\n\nexperiment {2}made, seed 42\ntarget {6}made\n/);
    expect(text).toContain('\nfloat side  not held\n');
    expect(text).toMatch(/\n {2}lossRatio +0\.9766 {2}not held\n/);
    expect(text).toMatch(/\nthrottle none, anchor none · plan bbbbbbbb · 100 steps\n/);
  });

  it('does without a seed, and cannot act on a terminal', () => {
    const hostile = edited((baseline) => {
      delete baseline.plan['seed'];
      baseline.about = '\u001b[2J';
    });
    expect(summariseBaseline(hostile).seed).toBeNull();
    expect(summaryText(summariseBaseline(hostile))).toMatch(/^\\u001b\[2J\n\nexperiment {2}made, seed not stated\n/);
  });
});
