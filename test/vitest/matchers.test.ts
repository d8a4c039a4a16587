import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { simulate, type Run } from '../../src/vitest/index.js';
import { changed, compared, DIVERGING, RUN } from '../check/made.js';
import { failed } from './failure.js';

const SPARKLINE = /[▁▂▃▄▅▆▇█]{32}/;

let throttled: Run;
let free: Run;
beforeAll(async () => {
  throttled = await simulate({ experiment: 'exp-000c' });
  free = await simulate({ experiment: 'exp-000c', throttle: 'none' });
});

describe('simulate', () => {
  it('is one run of the comparison with the same options, under the controllers of the experiment', async () => {
    const { runs } = await compare({ experiment: 'exp-000c', throttle: ['gt0/secant'], anchor: ['none'] });
    const { title, plan, comparison, options, directory, ...run } = throttled;
    expect(run).toEqual(runs[0]);
    expect(comparison.runs).toEqual(runs);
    expect({ title, law: plan.throttle.law, options, directory }).toEqual({
      title: 'Gain drift with a throttle', law: 'gt0', options: { experiment: 'exp-000c', throttle: ['gt0/secant'], anchor: ['none'] }, directory: process.cwd(),
    });
  });

  it('reads paths from the folder it is given, and names them from the working directory', async () => {
    const run = await simulate({ experiment: './exp-000c.json', directory: 'experiments', steps: 30, tries: false });
    expect(run.options.experiment).toBe('./experiments/exp-000c.json');
    expect(run.fixed.steps).toBe(30);
  });
});

describe('toSurvive', () => {
  it('asks for the verdict of the target, of float64, or of both', () => {
    expect(throttled).toSurvive();
    expect(throttled).toSurvive('both');
    expect(free).not.toSurvive();
    expect(free).not.toSurvive('float');
    const half = changed(({ verdict }) => (verdict.fixed = 'dead zone'));
    expect(half).toSurvive('float');
    expect(half).not.toSurvive('both');
  });

  it('fails with the run, the losses, the reason and a command', async () => {
    const text = await failed(() => expect(free).toSurvive());
    expect(text).toMatch(/^expect\(run\)\.toSurvive\(\)\n\nGain drift with a throttle \(exp-000c\) on enabol-mid, no throttle, plan [0-9a-f]{8}\n\n {2}expected {2}fixed to survive\n {2}received {2}fixed: limit cycle\n/);
    expect(text).toMatch(new RegExp(`float64  ${SPARKLINE.source}  diverged\n    fixed    ${SPARKLINE.source}  limit cycle`));
    for (const why of free.verdict.why) expect(text).toContain(`\n  why  ${why}`);
    expect(text).toContain(`\n         npx ${free.verdict.try[0]!.command}`);
    expect(free.verdict.try[0]!.command).toContain('--throttle gt0/secant');
  });

  it('negated, fails without advice', async () => {
    const text = await failed(() => expect(throttled).not.toSurvive());
    expect(text).toContain('expect(run).not.toSurvive()');
    expect(text).toContain('expected  fixed not to survive');
    expect(text).not.toContain('try');
  });
});

describe('toTrackFloat', () => {
  it('bounds the distance from float64 by the metrics of a baseline', () => {
    expect(RUN).toTrackFloat({ sqnrDb: 47.12, lossRatio: 0.98, maxLossRatio: 1.25 });
    expect(RUN).not.toTrackFloat({ sqnrDb: 47.13 });
    expect(RUN).not.toTrackFloat({ lossRatio: 0.97 });
    expect(RUN).not.toTrackFloat({ sqnrDb: 40, maxLossRatio: 1.249 });
  });

  it('a value that is not finite fails, weights without a difference pass', () => {
    expect(DIVERGING).not.toTrackFloat({ maxLossRatio: 1e9 });
    const same = changed(({ fixed, float, difference }) => {
      fixed.finalWeights = float.finalWeights;
      difference.weightSqnrDb = null;
    });
    expect(same).toTrackFloat({ sqnrDb: 200 });
  });

  it('says which bound broke, and where the reference itself is no measure', async () => {
    const text = await failed(() => expect(RUN).toTrackFloat({ sqnrDb: 50, maxLossRatio: 2 }));
    expect(text).toContain('expected  sqnrDb at least 50, maxLossRatio at most 2\n  received  sqnrDb 47.12 FAILED\n            maxLossRatio 1.25\n');
    expect(text).toContain('  why  fixed: no parameter moved from step 90 on');
    expect(await failed(() => expect(DIVERGING).toTrackFloat({ maxLossRatio: 2 }))).toContain('without a finite value FAILED\n            the float64 run itself ends as: diverged');
    expect(await failed(() => expect(RUN).not.toTrackFloat({ sqnrDb: 3 }))).toContain('expected  not sqnrDb at least 3');
  });

  it('refuses to hold nothing, or what it does not know', async () => {
    expect(await failed(() => expect(RUN).toTrackFloat({}))).toContain('nothing is held');
    expect(await failed(() => expect(RUN).toTrackFloat({ sqnrDB: 3 } as object))).toMatch(/no such option[\s\S]*try {7}sqnrDb/);
    expect(await failed(() => expect(RUN).toTrackFloat({ sqnrDb: NaN }))).toContain('sqnrDb cannot be this');
    expect(await failed(() => expect(RUN).toTrackFloat({ lossRatio: -1 }))).toContain('at least 0');
  });
});

describe('toStayInsideRails', () => {
  const inside = changed(({ fixed }) => {
    fixed.sites['layer0.weight']!.overflowHigh = 0;
    fixed.targets.overflowHigh = 0;
  });

  it('looks at every site, at one, at one of a layer, at one rail', () => {
    expect(inside).toStayInsideRails();
    expect(RUN).not.toStayInsideRails();
    expect(RUN).not.toStayInsideRails({ site: 'weight' });
    expect(RUN).not.toStayInsideRails({ site: 'layer0.weight', side: 'high' });
    expect(RUN).toStayInsideRails({ site: 'weight', side: 'low' });
    expect(changed(({ fixed }) => (fixed.targets.overflowLow = 1), inside)).not.toStayInsideRails({ site: 'target' });
  });

  it('allows a share of the values', () => {
    expect(RUN).toStayInsideRails({ allow: 0.015 });
    expect(RUN).not.toStayInsideRails({ allow: 0.0149 });
  });

  it('leaves controller state out unless it is named', () => {
    const full = changed(({ fixed }) => (fixed.sites['curvature'] = { ...fixed.sites['layer0.weight']!, overflowHigh: 9 }), inside);
    expect(full).toStayInsideRails();
    expect(full).not.toStayInsideRails({ site: 'curvature' });
  });

  it('names the sites, the worst first, and where they met their rails', async () => {
    const text = await failed(() => expect(RUN).toStayInsideRails({ site: 'weight', allow: 0.001 }));
    expect(text).toContain('expect(run).toStayInsideRails({"site":"weight","allow":0.001})');
    expect(text).toContain('weight inside its rails, but for 0.1 % of its values');
    expect(text).toContain('layer0.weight (sfix12_En8): 2 % of 200 values, 3 above and 0 below, between -1 and 7.5, first at step 4 (wanted raw 2100, got 2047)');
    expect(await failed(() => expect(inside).not.toStayInsideRails())).toContain('received  400 values inside');
  });

  it('refuses a site that is not there or counted nothing', async () => {
    expect(await failed(() => expect(RUN).toStayInsideRails({ site: 'wieght' }))).toMatch(/no such site[\s\S]*try {7}weight/);
    expect(await failed(() => expect(RUN).toStayInsideRails({ site: 'bias' }))).toContain('counted nothing');
    expect(await failed(() => expect(RUN).toStayInsideRails({ side: 'left' as never }))).toContain('both, high, low');
    expect(await failed(() => expect(RUN).toStayInsideRails({ allow: 2 }))).toContain('a number from 0 to 1');
  });
});

describe('toBeBitIdenticalTo', () => {
  it('holds for every build and every level of the recorder', async () => {
    const [scalar, full] = await Promise.all([
      simulate({ experiment: 'exp-000c', build: 'scalar', tries: false }), simulate({ experiment: 'exp-000c', record: 'full', tries: false }),
    ]);
    expect(scalar).toBeBitIdenticalTo(throttled);
    expect(full).toBeBitIdenticalTo(throttled);
    expect(free).not.toBeBitIdenticalTo(throttled);
  });

  it.each<[string, Parameters<typeof changed>[0]]>([
    ['a weight', ({ fixed }) => (fixed.finalWeightsRaw[0]![0]![1] = '-52')],
    ['a loss on the way', ({ fixed }) => (fixed.curve.max[0] = 2.5)],
    ['a counter', ({ fixed }) => fixed.sites['layer0.weight']!.underflow++],
    ['a format', ({ fixed }) => (fixed.sites['layer0.weight']!.format = 'sfix13_En8')],
    ['a site', ({ fixed }) => delete fixed.sites['layer0.weight']],
  ])('notices %s', (_, change) => {
    expect(changed(change)).not.toBeBitIdenticalTo(RUN);
    expect(RUN).not.toBeBitIdenticalTo(changed(change));
  });

  it('does not look at the float side', () => {
    expect(changed(({ float }) => (float.finalLoss = 3))).toBeBitIdenticalTo(RUN);
  });

  it('names the places, and draws both', async () => {
    const text = await failed(() => expect(changed(({ fixed }) => (fixed.finalWeightsRaw[0]![0]![1] = '-52'))).toBeBitIdenticalTo(RUN));
    expect(text).toContain('expected  the bits of throttle table, plan aaaaaaaa\n  received  finalWeightsRaw[0][0][1]: -51 → -52\n');
    const real = await failed(() => expect(free).toBeBitIdenticalTo(throttled));
    expect(real).toMatch(new RegExp(`other  ${SPARKLINE.source}  survives\n    run    ${SPARKLINE.source}  limit cycle`));
    expect(real).toMatch(/and \d+ more places/);
    expect(await failed(() => expect(RUN).not.toBeBitIdenticalTo(RUN))).toContain('received  the same bits');
  });
});

describe('what is expected of', () => {
  it('may be a comparison of one run, or one of its runs', () => {
    expect(compared(RUN).comparison).toSurvive();
    expect(compared(RUN, DIVERGING).comparison.runs[0]).toSurvive();
  });

  it.each<[string, unknown, RegExp]>([
    ['several runs', compared(RUN, DIVERGING).comparison, /several runs[\s\S]*throttle table and no throttle/],
    ['a promise', Promise.resolve(RUN), /promise[\s\S]*await it/],
    ['a number', 3, /no run/],
    ['nothing', undefined, /no run/],
  ])('cannot be %s, negated or not', async (_, received, message) => {
    for (const matcher of ['toSurvive', 'toStayInsideRails'] as const) {
      expect(await failed(() => expect(received)[matcher]())).toMatch(message);
      expect(await failed(() => expect(received).not[matcher]())).toMatch(message);
    }
    expect(await failed(() => expect(RUN).toBeBitIdenticalTo(received as typeof RUN))).toMatch(message);
  });

  it('may lie inside another value', () => {
    expect({ runs: [RUN, DIVERGING] }).toEqual({ runs: [expect.toSurvive(), expect.not.toSurvive()] });
    expect({ RUN }).not.toEqual({ RUN: expect.toTrackFloat({ sqnrDb: 50 }) });
  });

  it('is text a terminal does not act on', async () => {
    const named = compared(changed(({ verdict }) => (verdict.fixed = 'diverged'))).comparison;
    expect(await failed(() => expect({ ...named, plan: { ...named.plan, title: '\u001b[2J' } }).toSurvive())).toContain('\\u001b[2J (made)');
  });
});

it('the types refuse what the matchers refuse', async () => {
  expectTypeOf(expect(RUN).toSurvive).parameter(0).toEqualTypeOf<'fixed' | 'float' | 'both' | undefined>();
  expectTypeOf(expect(RUN).toMatchBaseline).returns.toEqualTypeOf<Promise<void>>();
  // @ts-expect-error no such side
  await failed(() => expect(RUN).toSurvive('left'));
  // @ts-expect-error no such option
  await failed(() => expect(RUN).toTrackFloat({ sqnr: 3 }));
  // @ts-expect-error not a run
  await failed(() => expect(RUN).toBeBitIdenticalTo(3));
  // @ts-expect-error no path
  await failed(() => expect(RUN).toMatchBaseline());
});
