import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { geometricMean, mean, medianInterval, medianRanks, resamplingStream } from '../../src/compare/bootstrap.js';
import { shareInterval } from '../../src/compare/seedsCount.js';
import { VERDICTS } from '../../src/compare/thresholds.js';
import type { Sweep } from '../../src/schema/sweep.js';
import { SweepResult } from '../../src/schema/sweepResult.js';
import { findProblems } from '../../src/schema/validate.js';
import { pointTable } from '../../src/sweep/columns.js';
import { SWEEP_MEASURE_NAMES } from '../../src/sweep/measures.js';
import { createStatistics, type PointStatistics } from '../../src/sweep/statistics.js';
import { Front, MOST_BEST, MOST_ERRORS } from '../../src/sweep/summary.js';
import { writeTables } from '../../src/sweep/tables.js';
import { keeps, targetName, targetsOf, targetValue } from '../../src/sweep/targets.js';
import { renderSweep } from '../../src/sweep/text.js';
import type { RunResult, SideResult, SweepSpace } from '../../src/sweep/types.js';
import { madeResult, madeResults, madeSide, madeSpace, noise } from './made.js';

/** Statistics of one point with these fixed sides, one a seed. */
function point(sides: readonly Partial<SideResult>[], space: SweepSpace = madeSpace({ numbers: 'fixed' }, { seeds: sides.length })): PointStatistics {
  const statistics = createStatistics(space);
  for (const [run, changes] of sides.entries()) statistics.add({ run, hash: '', float: null, fixed: madeSide(run, { verdict: 'survives', ...changes }), error: null });
  return statistics;
}
const losses = (values: readonly (number | null)[]): Partial<SideResult>[] => values.map((finalLoss) => ({ finalLoss }));

describe('medians', () => {
  const key = madeSpace().hash;
  it.each([2, 3, 4, 5, 10, 24, 25, 100, 201])('and their intervals of %i seeds are those of a comparison over seeds', (n) => {
    const ranks = medianRanks(n, resamplingStream(`${key}/${n}`));
    for (const kind of [0, 1, 2]) {
      const values = Array.from({ length: n }, (_, k) => (kind === 1 ? Math.floor(4 * noise(k)) : kind === 2 && noise(k) < 0.4 ? Infinity : noise(k + 1000 * kind)));
      for (const [name, middle] of [['meanLoss', mean], ['lossRatio', geometricMean]] as const) {
        const { median, interval } = point(values.map((value) => ({ [name]: Number.isFinite(value) ? value : 1, verdict: Number.isFinite(value) ? 'survives' : 'diverged' }))).sides.fixed!.measures[name];
        const expected = medianInterval(values, ranks, middle);
        expect([median, ...interval!]).toEqual([expected.median, expected.low, expected.high]);
      }
    }
  });

  it('do not depend on what was asked before', () => {
    const space = madeSpace({ numbers: 'fixed' }, { seeds: 12 });
    const statistics = createStatistics(space);
    const asked = Array.from({ length: 20 }, (_, k) => {
      statistics.clear();
      for (let run = 0; run < 12; run++) statistics.add({ run, hash: '', float: null, fixed: madeSide(run, { verdict: 'survives', meanLoss: noise(100 * k + run) }), error: null });
      return statistics.sides.fixed!.measures.meanLoss.interval;
    });
    const fresh = Array.from({ length: 20 }, (_, k) => point(Array.from({ length: 12 }, (_, run) => ({ meanLoss: noise(100 * k + run) })), space).sides.fixed!.measures.meanLoss.interval);
    expect(asked).toEqual(fresh);
  });

  it('count a run that diverged as +∞ in losses, not in other measures, and leave out what is not there', () => {
    const { measures } = point([
      { verdict: 'diverged', finalLoss: null, weightError: null, alphaMin: 0.5, lossRatio: null }, { finalLoss: 1, weightError: 4, alphaMin: null, lossRatio: null },
      { verdict: 'diverged', finalLoss: 0.1, weightError: 3, alphaMin: 0.25, lossRatio: null },
    ]).sides.fixed!;
    const shown = (name: 'finalLoss' | 'weightError' | 'alphaMin' | 'lossRatio'): unknown[] => [measures[name].count, measures[name].median, measures[name].statistic('best', true)];
    expect(shown('finalLoss')).toEqual([3, Infinity, 1]);
    expect(shown('weightError')).toEqual([3, Infinity, 4]);
    expect(shown('alphaMin')).toEqual([2, 0.375, 0.25]);
    expect(shown('lossRatio')).toEqual([0, null, null]);
  });

  it('of one seed are its value, without an interval', () => {
    const { meanLoss } = point([{ meanLoss: 3 }]).sides.fixed!.measures;
    expect([meanLoss.median, meanLoss.interval, meanLoss.count]).toEqual([3, null, 1]);
  });
});

it('a row of a point has shares of all seeds with their Wilson intervals, those that failed counted', () => {
  const space = madeSpace({ numbers: 'fixed' }, { seeds: 4 });
  const statistics = point([{ verdict: 'survives' }, { verdict: 'dead zone' }, { verdict: 'survives' }], space);
  statistics.add({ run: 3, hash: null, float: null, fixed: null, error: { code: 'format', message: '' } });
  const { columns, row } = pointTable(space);
  const cells = row(0, space.valuesAt(0), statistics, true);
  const read = (name: string): unknown => cells[columns.findIndex((column) => column.name === name)];
  const { share, low, high } = shareInterval(2, 4);
  expect([read('failed'), read('fixed.survives'), read('fixed.survives.low'), read('fixed.survives.high'), read('fixed.deadZone'), read('fixed.diverged')]).toEqual([1, share, low, high, 0.25, 0]);
});

describe('objectives and constraints', () => {
  const quantity = { measure: 'finalLoss' } as const;
  it('take the median of the fixed side unless they say otherwise, and of float64 where only that is run', () => {
    const { objectives: [fixed] } = targetsOf({ name: 'a', axes: [], objectives: [{ ...quantity, goal: 'minimise' }] });
    const { objectives: [float] } = targetsOf({ name: 'a', axes: [], numbers: 'float64', objectives: [{ ...quantity, goal: 'minimise' }] });
    expect([fixed, float]).toMatchObject([{ side: 'fixed', statistic: 'median' }, { side: 'float', statistic: 'median' }]);
  });

  it('worst and best are the far ends, whichever way is better', () => {
    const statistics = point(losses([3, 1, 2, 10]));
    const value = (statistic: 'mean' | 'worst' | 'best' | 'median', goal: 'minimise' | 'maximise'): unknown => {
      const [target] = targetsOf({ name: 'a', axes: [], objectives: [{ ...quantity, statistic, goal }] }).objectives;
      return [targetName(target!), targetValue(target!, statistics)];
    };
    expect([value('worst', 'minimise'), value('best', 'minimise'), value('worst', 'maximise'), value('best', 'maximise'), value('mean', 'minimise'), value('median', 'minimise')]).toEqual([
      ['fixed.finalLoss.max', 10], ['fixed.finalLoss.min', 1], ['fixed.finalLoss.min', 1], ['fixed.finalLoss.max', 10], ['fixed.finalLoss.mean', 4], ['fixed.finalLoss.median', 2.5],
    ]);
  });

  it('a constraint with two bounds holds its worst value to each; one on what is not there does not hold', () => {
    const held = (bounds: { atMost?: number; atLeast?: number }, values: readonly (number | null)[], measure: 'finalLoss' | 'alphaMin' = 'finalLoss'): boolean => {
      const { constraints } = targetsOf({ name: 'a', axes: [], constraints: [{ measure, statistic: 'worst', ...bounds }] });
      const statistics = point(values.map((value) => ({ [measure]: value })));
      return constraints.every((bound) => keeps(bound, statistics));
    };
    expect([held({ atMost: 3, atLeast: 1 }, [1, 3]), held({ atMost: 2, atLeast: 0 }, [1, 3]), held({ atMost: 5, atLeast: 2 }, [1, 3])]).toEqual([true, false, false]);
    expect([held({ atMost: 1e300 }, [null]), held({ atLeast: 1 }, [null]), held({ atMost: 1 }, [null], 'alphaMin'), held({ atLeast: 0 }, [null], 'alphaMin')]).toEqual([false, true, false, false]);
  });

  it('survives is the share of all seeds', () => {
    const [target] = targetsOf({ name: 'a', axes: [], objectives: [{ measure: 'survives', goal: 'maximise' }] }).objectives;
    expect([targetName(target!), targetValue(target!, point([{ verdict: 'survives' }, { verdict: 'diverged' }, {}, {}]))]).toEqual(['fixed.survives', 0.75]);
  });
});

describe('the Pareto front', () => {
  const made = (costs: readonly number[], k: number): { point: number; values: []; objectives: readonly number[]; costs: readonly number[] } => ({ point: k, values: [], objectives: costs, costs });
  const candidates = fc.integer({ min: 2, max: 4 }).chain((n) => fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: n, maxLength: n }), { maxLength: 60 }));
  /** By definition: no other is as good in all and better in one; of equal ones the first. */
  const exact = (all: readonly (readonly number[])[]): number[][] =>
    all.filter((one, k) => !all.some((other, j) => other.every((cost, i) => cost <= one[i]!) && (other.some((cost, i) => cost < one[i]!) || j < k))).map((one) => [...one])
      .sort((a, b) => a.find((cost, i) => cost !== b[i])! - b[a.findIndex((cost, i) => cost !== b[i])]!);

  it('is the one of its definition', () => {
    fc.assert(fc.property(candidates, (all) => {
      const front = new Front(1000);
      all.forEach((costs, k) => front.add(made(costs, k)));
      expect(front.points.map(({ costs }) => costs)).toEqual(exact(all));
      expect(front.cut).toBe(false);
    }), { numRuns: 300 });
  });

  it('that is cut is the beginning of the true one', () => {
    let cuts = 0;
    fc.assert(fc.property(candidates, fc.integer({ min: 1, max: 6 }), (all, most) => {
      const front = new Front(most);
      all.forEach((costs, k) => front.add(made(costs, k)));
      const whole = exact(all);
      expect(front.points.map(({ costs }) => costs)).toEqual(whole.slice(0, front.points.length));
      if (front.cut) cuts++;
      else expect(front.points).toHaveLength(whole.length);
      expect(front.points.length).toBeLessThanOrEqual(most);
    }), { numRuns: 300, seed: 1 });
    expect(cuts).toBeGreaterThan(30);
  });
});

const swept = (space: SweepSpace, results: Iterable<RunResult> = madeResults(space.runs)): Promise<SweepResult> => writeTables('', space, results, []);

describe('the result', () => {
  const wanted: Partial<Sweep> = {
    objectives: [{ measure: 'survives', goal: 'maximise' }, { measure: 'meanLoss', statistic: 'best', side: 'float', goal: 'minimise' }], constraints: [{ measure: 'stalledShare', statistic: 'worst', atMost: 1e15 }],
  };
  const space = madeSpace(wanted, { points: 200, seeds: 3 });

  it('ranks the feasible points as a sort of all of them does', async () => {
    const result = await swept(space);
    const runs = [...madeResults(space.runs)];
    const points = Array.from({ length: space.points }, (_, k) => {
      const mine = runs.slice(3 * k, 3 * k + 3);
      const fixed = mine.flatMap((run) => (run.fixed ? [run.fixed] : []));
      const means = mine.flatMap(({ float }) => (float ? [float.meanLoss === null || float.verdict === 'diverged' ? Infinity : float.meanLoss] : []));
      const stalled = fixed.flatMap(({ stalledShare }) => stalledShare ?? []);
      return { k, survives: fixed.filter(({ verdict }) => verdict === 'survives').length / 3, mean: means.length === 0 ? null : Math.min(...means), feasible: stalled.length > 0 && Math.max(...stalled) <= 1e15 };
    });
    const feasible = points.filter((one) => one.feasible);
    expect([result.feasible, feasible.length > 20, feasible.length < 200]).toEqual([feasible.length, true, true]);
    const ranked = feasible.filter((one) => one.mean !== null).sort((a, b) => b.survives - a.survives || (a.mean === b.mean ? 0 : a.mean! - b.mean!) || a.k - b.k);
    expect(result.best).toEqual(ranked.slice(0, MOST_BEST).map(({ k, survives, mean }) => ({ point: k, values: space.valuesAt(k), objectives: [survives, mean === Infinity ? null : mean] })));
    const front = ranked.filter((one, place) => !ranked.slice(0, place).some((other) => other.survives >= one.survives && other.mean! <= one.mean!));
    expect(result.front).toEqual({ points: front.map(({ k, survives, mean }) => ({ point: k, values: space.valuesAt(k), objectives: [survives, mean === Infinity ? null : mean] })), cut: false });
    expect(await findProblems(SweepResult, JSON.parse(JSON.stringify(result)))).toEqual([]);
  });

  it('counts errors by what they say, with the first run of each, and no more than so many kinds', async () => {
    const failing = madeSpace({}, { points: 1000, seeds: 1 });
    function* results(): Generator<RunResult> {
      for (let run = 0; run < 1000; run++) yield run % 2 === 0 ? { ...madeResult(run), error: null } : { run, hash: null, float: null, fixed: null, error: { code: 'format', message: run % 4 === 1 ? 'the same' : `run ${run}` } };
    }
    const { errors, failed } = await swept(failing, results());
    expect([failed, errors.listed.length, errors.listed[0]]).toEqual([500, MOST_ERRORS, { code: 'format', message: 'the same', runs: 250, first: 1 }]);
    expect(errors.listed[1]).toEqual({ code: 'format', message: 'run 3', runs: 1, first: 3 });
    expect(errors.others).toBe(250 - (MOST_ERRORS - 1));
  });

  it('has no points to rank without objectives, and no front with one', async () => {
    const none = await swept(madeSpace({}, { points: 10, seeds: 2 }));
    expect([none.best, none.front, none.feasible]).toEqual([[], null, 10]);
    const one = await swept(madeSpace({ objectives: [{ measure: 'finalLoss', goal: 'minimise' }] }, { points: 10, seeds: 2 }));
    expect([one.best.length, one.front]).toEqual([10, null]);
  });

  it('of one number system says nothing of the other', async () => {
    const fixed = madeSpace({ numbers: 'fixed' }, { points: 4, seeds: 2 });
    const { verdicts } = await swept(fixed, [...madeResults(8)].map((result) => ({ ...result, float: null })));
    expect([verdicts.float, Object.keys(verdicts.fixed!)]).toEqual([null, [...VERDICTS]]);
  });
});

describe('on a terminal', () => {
  const space = madeSpace({ title: 'Widths\u001b[31m', objectives: [{ measure: 'survives', goal: 'maximise' }, { measure: 'finalLoss', statistic: 'worst', goal: 'minimise' }], constraints: [{ measure: 'overflowShare', atMost: 1e18 }] }, { points: 3000, seeds: 2 });
  it.each([60, 80, 110, 200])('says verdicts, errors, feasible and best points in %i columns', async (width) => {
    const result = await swept(space);
    const text = renderSweep(result, { width });
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    for (const line of text.split('\n').slice(2)) if (/ \S+ /.test(line)) expect([line, [...line].length <= width]).toEqual([line, true]);
    expect(text).toContain('3 000 points · 2 seeds, 7 to 8 · 6 000 runs · sweep abababab');
    for (const verdict of VERDICTS) expect(text).toMatch(new RegExp(`^  ${verdict} +[\\d ]+ \\(\\d+ %\\) +[\\d ]+ \\(\\d+ %\\)$`, 'm'));
    expect(text).toMatch(/not run +\d+ \(\d+ %\)/);
    expect(text).toMatch(/\d+ runs, first \d+:\n {4}a "word", another/);
    expect(text.replace(/\s+/g, ' ')).toContain(`points of 3 000 (${Math.round((100 * result.feasible) / 3000)} %) with fixed overflows ≤ 1000000000000000000`);
    expect(text.replace(/\s+/g, ' ')).toContain('maximise fixed survives, then minimise worst fixed final loss');
    for (const { point: number } of result.best) expect(text).toMatch(new RegExp(`^  (point )?${number}\\b`, 'm'));
    expect(text).toMatch(/points? on the Pareto front/);
  });

  it('leaves out what there is not', async () => {
    const text = renderSweep(await swept(madeSpace({ numbers: 'float64' }, { points: 1, seeds: 1 }), [{ run: 0, hash: '', float: madeSide(1, { verdict: 'survives' }), fixed: null, error: null }]));
    expect(text).toBe('Made up (made)\n1 point · 1 seed (7) · 1 run · sweep abababab\n\n                  float64\n  survives        1 (100 %)\n');
  });
});

it('every measure has a sample', () => {
  expect(Object.keys(point([{}]).sides.fixed!.measures)).toEqual([...SWEEP_MEASURE_NAMES]);
});
