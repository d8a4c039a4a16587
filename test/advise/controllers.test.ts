/** Formats of controllers: shorter than the target's where learning does with it, as they are where nothing says how long they have to be. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { advise } from '../../src/advise/advise.js';
import { controllersOf, isWatched } from '../../src/advise/controllers.js';
import { designOf, longest, profileWith, wordOf } from '../../src/advise/design.js';
import { guardedBy } from '../../src/advise/guard.js';
import { wholeBits } from '../../src/advise/search.js';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';

const folder = mkdtempSync(join(tmpdir(), 'qrails-controllers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RUN = { experiment: 'exp-000c', profile: 'enabol-mid', throttle: ['gt0/secant'], seeds: 2 };
const CONTROLLERS = ['squaredNorm', 'curvature', 'throttle', 'rate'];
const planOf = async (options: Parameters<typeof prepare>[0]) => (await prepare({ anchor: ['none'], ...options })).variants[0]!.plan;
const bits = (format: string): number => Number(/^[su]fix(\d+)/.exec(format)![1]);

describe('a proposal', async () => {
  const options = { ...RUN, sites: ['weight', ...CONTROLLERS], maxLoss: 0.05 };
  const advice = await advise({ ...options, workers: 1 });
  const { sites } = advice.evidence;

  it('is valid, of the learning step first, and shorter at every controller', async () => {
    expect(await findProblems(SCHEMAS.advice, structuredClone(advice))).toEqual([]);
    expect(sites.map(({ key }) => key)).toEqual(['layer0.weight', ...CONTROLLERS]);
    for (const { key, format, given } of sites.slice(1)) {
      expect(format, key).toMatch(/^ufix/);
      expect(bits(format), key).toBeLessThan(bits(given));
      expect(bits(format), key).toBeGreaterThanOrEqual(2);
    }
    expect(advice.cost).toMatchObject({ proposal: sites.reduce((sum, { format }) => sum + bits(format), 0), given: sites.reduce((sum, { given }) => sum + bits(given), 0) });
  });

  it('has a reason for each, which counts no sign where there is none', () => {
    const { sites: proposed } = advice.proposal as { sites: Record<string, { source: string; signed: boolean }> };
    for (const name of CONTROLLERS) expect(proposed[name]).toMatchObject({ signed: false, source: expect.stringMatching(/integer bits?; one fraction bit less: /) as string });
    expect(proposed['weight']).toMatchObject({ signed: true, source: expect.stringContaining('with the sign') as string });
  });

  it('has nothing to spare: with one fraction bit less anywhere it does not do', () => {
    for (const { oneBitLess, why } of sites) {
      expect(oneBitLess.refused || oneBitLess.overflows || oneBitLess.stalls > 0 || oneBitLess.lost > 0 || oneBitLess.medianLoss! > 0.05, why).toBe(true);
    }
  });

  it('survives as a profile under every seed, with α = 1 in its throttle, η as it was, and no overflow at a proposed site', async () => {
    const profile = join(folder, 'proposal.json');
    writeFileSync(profile, JSON.stringify(advice.proposal));
    const [before, after] = [await planOf(RUN), await planOf({ ...RUN, profile })];
    expect(after.sites['throttle']!.fractionLength).toBeGreaterThanOrEqual(0);
    expect(after.sites['learningRate']).toEqual(before.sites['learningRate']);
    expect(after.phases).toEqual(before.phases);
    for (const seed of advice.plan.seeds) {
      const { runs: [run] } = await compare({ ...RUN, profile, seed, anchor: ['none'], tries: false });
      expect(run!.verdict.fixed).toBe('survives');
      for (const { key } of sites) expect(run!.fixed.sites[key]!.overflowHigh + run!.fixed.sites[key]!.overflowLow, key).toBe(0);
    }
  });

  it('has a front of all its sites, up to designs with controllers as the target has them', () => {
    const formats = advice.front.map((point) => point.formats);
    for (const point of formats) expect(Object.keys(point)).toEqual(sites.map(({ key }) => key));
    for (const name of CONTROLLERS) expect(formats.some((point) => bits(sites.find(({ key }) => key === name)!.given) === point[name]!.wordLength), name).toBe(true);
  });

  it('is the same for any number of threads', async () => expect(await advise({ ...options, workers: 2 })).toEqual(advice));
});

it('shortens controllers alone where only they are named', async () => {
  const { evidence, proposal } = await advise({ ...RUN, sites: ['throttle'], workers: 1 });
  expect(evidence.sites.map(({ key }) => key)).toEqual(['throttle']);
  expect(bits(evidence.sites[0]!.format)).toBeLessThan(16);
  expect(proposal!.sites).not.toHaveProperty('learningRate');
});

it('keeps to the words that are offered', async () => {
  const { evidence } = await advise({ ...RUN, sites: ['weight', 'squaredNorm', 'curvatureMean', 'throttle'], words: [8, 16, 32, 64], workers: 1 });
  expect(evidence.sites.map(({ key }) => key)).toEqual(['layer0.weight', 'squaredNorm', 'curvatureMean', 'throttle']);
  for (const { key, format } of evidence.sites) expect([8, 16, 32, 64], key).toContain(bits(format));
});

it('holds a guard where the rate is another', async () => {
  const { proposal, evidence } = await advise({ ...RUN, sites: ['gradient', 'update', 'rate'], guard: 'interval', workers: 1 });
  expect(bits(evidence.sites.find(({ key }) => key === 'rate')!.format)).toBeLessThan(16);
  const profile = join(folder, 'guarded.json');
  writeFileSync(profile, JSON.stringify(proposal));
  const plan = await planOf({ ...RUN, profile });
  const design = designOf(plan, evidence.sites.map(({ key }) => key));
  expect(guardedBy(plan, design)).toBe(design);
  // With a bit less it could overflow.
  const { whole, fraction } = design['layer0.update']!;
  expect(guardedBy(plan, { ...design, 'layer0.update': { whole: whole - 1, fraction } })).toEqual(design);
});

it('says what the rate makes of η', async () => {
  const { evidence: { sites: [rate] } } = await advise({ experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['none'], seeds: 1, steps: 300, set: ['experiment.phases[0].batch=32'], sites: ['rate'], workers: 1 });
  expect(rate).toMatchObject({ format: 'ufix4_En4', why: expect.stringContaining('η of 0.05 becomes 0.063 here') as string });
});

describe('stays as the target has it', () => {
  it('what saturates there', async () => {
    const short = { signed: false, wordLength: 8, fractionLength: 4, source: 'test' };
    const { evidence, proposal } = await advise({ ...RUN, sites: ['weight', 'curvature', 'throttle'], set: [`profile.sites.curvature=${JSON.stringify(short)}`], workers: 1 });
    expect(evidence.sites.map(({ key }) => key)).toEqual(['layer0.weight', 'throttle']);
    expect(proposal!.sites!.curvature).toEqual(short);
  });

  it('what has no value in these runs', async () => {
    // No phase has the throttle on.
    const { evidence } = await advise({ experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['clip'], seeds: 1, steps: 300, set: ['experiment.phases[0].batch=32'], sites: ['weight', 'norm', 'throttle'], workers: 1 });
    expect(evidence.sites.map(({ key }) => key)).toEqual(['layer0.weight']);
  });

  it('what is only watched, unless it is named', async () => {
    const guarded = { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['none'], supervisor: 'cusum' };
    const plan = await planOf(guarded);
    expect(controllersOf(plan)).toEqual(['loss', 'rate', 'measureMean', 'cusum']);
    expect(controllersOf(plan).filter((key) => !isWatched(key))).toEqual(['rate']);
    expect(controllersOf(await planOf({ ...guarded, supervisor: 'none' }))).toEqual(['rate']); // nobody reads the loss
    const { evidence } = await advise({ ...guarded, seeds: 1, steps: 300, set: ['experiment.phases[0].batch=32'], sites: ['loss'], workers: 1 });
    expect(evidence.sites.map(({ key }) => key)).toEqual(['loss']);
  });
});

describe('parts', () => {
  it('integer bits without a sign are one fewer, none at the least', () => {
    for (const high of [0.3, 0.5, 0.999, 1, 17, 31.9, 32]) expect(wholeBits([0, high], true), String(high)).toBe(wholeBits([0, high]) - 1);
    expect([wholeBits([0, 0], true), wholeBits([0, 0.01], true), wholeBits([0, 1], true)]).toEqual([0, 0, 1]);
  });

  it('an unsigned metric is one bit shorter at the most', () => {
    expect([longest('curvature', { unsigned: true }), longest('velocity', {}), longest('squaredNorm', { unsigned: true })]).toEqual([63, 64, 64]);
    expect(longest('curvature', { unsigned: true }, [8, 16, 32, 64])).toBe(32);
    expect(wordOf({ whole: 20, fraction: 44, unsigned: true }, 'curvature', undefined)).toBeUndefined();
    expect(wordOf({ whole: 20, fraction: 44 }, 'velocity', undefined)).toBe(64);
  });

  it('a design has the sign of the plan, and gives it to the profile', async () => {
    const plan = await planOf(RUN);
    const design = designOf(plan, ['layer0.weight', 'norm', 'rate']);
    expect(design).toEqual({ 'layer0.weight': { whole: 4, fraction: 8 }, norm: { whole: 16, fraction: 14, unsigned: true }, rate: { whole: 1, fraction: 15, unsigned: true } });
    const { sites } = profileWith({ name: 'x', sites: { rate: { signed: false, wordLength: 12, fractionLength: 11 } } }, design, 1);
    expect(sites).toMatchObject({ norm: { signed: false, wordLength: 30 }, rate: { signed: false, wordLength: 16 }, learningRate: { signed: false, wordLength: 12, fractionLength: 11 } });
  });
});
