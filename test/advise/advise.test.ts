/** Advice: what it proposes does what was asked, is no dearer than what the requirement needs, and is the same again. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { advise } from '../../src/advise/advise.js';
import { bitsOf } from '../../src/advise/cost.js';
import { filled, wordOf } from '../../src/advise/design.js';
import { kneeOf, paretoFront, type Tried } from '../../src/advise/front.js';
import { drawFront } from '../../src/advise/picture.js';
import { profileAt } from '../../src/advise/point.js';
import { wholeBits } from '../../src/advise/search.js';
import { renderAdvice } from '../../src/advise/text.js';
import { compare } from '../../src/compare/compare.js';
import { QrailsError } from '../../src/errors.js';
import { svgOf } from '../../src/map/svg.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';
import { writeFileSync } from 'node:fs';

const folder = mkdtempSync(join(tmpdir(), 'qrails-advise-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['none'], seeds: 2, steps: 300, set: ['experiment.phases[0].batch=32'], workers: 1 };

describe('a proposal', async () => {
  const options = { ...SMALL, sites: ['activation', 'update', 'weight'], maxLoss: 0.05 };
  const advice = await advise(options);

  it('is valid, and cheaper than what was given', async () => {
    expect(await findProblems(SCHEMAS.advice, structuredClone(advice))).toEqual([]);
    expect(advice.evidence.sites.map(({ key }) => key)).toEqual(['layer0.activation', 'layer0.update', 'layer0.weight']);
    expect(advice.cost.proposal).toBeLessThan(advice.cost.given);
  });

  it('survives as a profile under every seed, without an overflow at a proposed site', async () => {
    const profile = join(folder, 'proposal.json');
    writeFileSync(profile, JSON.stringify(advice.proposal));
    for (const seed of advice.plan.seeds) {
      const { runs: [run] } = await compare({ ...SMALL, profile, seed, anchor: ['none'], tries: false });
      expect(run!.verdict.fixed).toBe('survives');
      for (const { key, format } of advice.evidence.sites) {
        const site = run!.fixed.sites[key]!;
        expect(site.format).toBe(format);
        expect(site.overflowHigh + site.overflowLow, key).toBe(0);
      }
    }
  });

  it('has nothing to spare: with one fraction bit less anywhere it does not do', () => {
    for (const { oneBitLess, why } of advice.evidence.sites) {
      expect(oneBitLess.refused || oneBitLess.overflows || oneBitLess.stalls > 0 || oneBitLess.lost > 0 || oneBitLess.medianLoss! > 0.05, why).toBe(true);
    }
  });

  it('lies on a front that falls, with one knee at most, of which every point is a profile', () => {
    const { front } = advice;
    expect(front.filter(({ proposal }) => proposal)).toHaveLength(1);
    expect(front.filter(({ knee }) => knee).length).toBeLessThanOrEqual(1);
    for (const [index, point] of front.entries()) {
      if (index > 0) {
        expect(point.cost).toBeGreaterThan(front[index - 1]!.cost);
        expect(point.loss.median!).toBeLessThan(front[index - 1]!.loss.median!);
      }
      const { sites } = profileAt(advice, index);
      for (const [key, format] of Object.entries(point.formats)) expect((sites as Record<string, object>)[key.split('.').at(-1)!]).toMatchObject(format);
    }
    expect(() => profileAt(advice, front.length)).toThrow(QrailsError);
    expect(svgOf(drawFront(advice))).toContain('final loss');
  });

  it('is the same again, and says what it is founded on', async () => {
    expect(await advise(options)).toEqual(advice);
    const text = renderAdvice(advice);
    for (const { key, format, why } of advice.evidence.sites) for (const part of [key, format, why]) expect(text).toContain(part);
  });
});

it('keeps to the words a target has, and fills them', async () => {
  const { evidence } = await advise({ ...SMALL, sites: ['update', 'weight'], words: [8, 12, 16, 32] });
  for (const { format } of evidence.sites) expect([8, 12, 16, 32]).toContain(Number(/^sfix(\d+)/.exec(format)![1]));
});

it('costs memory and multipliers as the cost model does, and refuses multipliers where the target names none', async () => {
  await expect(advise({ ...SMALL, cost: 'multipliers' })).rejects.toMatchObject({ exitCode: 2 });
  const { cost } = await advise({ ...SMALL, sites: ['weight'], cost: 'memory' });
  expect(cost.proposal).toBeLessThan(cost.given);
});

it('takes another rounding and overflow mode where it does, which a point of the front says', async () => {
  const advice = await advise({ ...SMALL, sites: ['activation', 'weight'], roundings: ['TRN', 'RND'], overflows: ['WRAP'] });
  for (const { key, rounding, overflow } of advice.evidence.sites) {
    expect(overflow).toBe('WRAP');
    expect(advice.front.find(({ proposal }) => proposal)!.formats[key]).toMatchObject({ rounding, overflow });
  }
  // The other points were not run with these modes.
  const { sites } = profileAt(advice, advice.front.findIndex(({ proposal }) => !proposal)) as { sites: Record<string, { overflow?: string }> };
  expect([sites['activation']!.overflow, sites['weight']!.overflow]).toEqual(['SAT', 'SAT']);
});

it('meets a ratio of signal to quantisation noise', async () => {
  const free = await advise({ ...SMALL, sites: ['activation', 'weight'] });
  const sqnr = free.evidence.proposal!.medianSqnrDb! + 10;
  const better = await advise({ ...SMALL, sites: ['activation', 'weight'], sqnr });
  expect(better.evidence.proposal!.medianSqnrDb).toBeGreaterThanOrEqual(sqnr);
  expect(better.cost.proposal).toBeGreaterThan(free.cost.proposal!);
});

it('multiplies rates that --set states', async () => {
  const of = async (set: string[], rates: number[]): Promise<unknown> => (await advise({ ...SMALL, set: [...SMALL.set, ...set], sites: ['weight'], rates })).front;
  expect(await of(['experiment.phases[0].learningRate=1/16'], [0.5])).toEqual(await of(['experiment.phases[0].learningRate=1/32'], [1]));
});

it('takes another rounding where it does, and the cheapest of several controllers', async () => {
  const { evidence } = await advise({ ...SMALL, sites: ['weight'], roundings: ['TRN', 'RND'] });
  const alone = await advise({ ...SMALL, sites: ['weight'] });
  expect(evidence.sites[0]!.format).toBe(alone.evidence.sites[0]!.format);
  const both = await advise({ ...SMALL, sites: ['weight'], throttle: ['none', 'gt0/trace'] });
  expect(both.evidence.tried).toHaveLength(2);
  expect(both.cost.proposal).toBe(Math.min(...both.evidence.tried.map(({ cost }) => cost ?? Infinity)));
});

it('says so where nothing does', async () => {
  // The throttle is what float64 needs here.
  const none = await advise({ experiment: 'exp-000b', profile: 'enabol-mid', throttle: ['none'], seeds: 1, sites: ['weight'] });
  expect(none).toMatchObject({ proposal: null, controllers: null, cost: { proposal: null, givenMeets: false } });
  expect(renderAdvice(none)).toContain('float64 itself does not survive');
  const { status } = spawnSync(process.execPath, ['bin/qrails.js', 'advise', 'exp-000b', '--throttle', 'none', '--seeds', '1', '--sites', 'weight', '-q']);
  expect(status).toBe(1);
});

it('prints a profile on standard output, and what it is founded on beside', () => {
  const args = ['bin/qrails.js', 'advise', 'exp-000a', '--throttle', 'none', '--seeds', '1', '--steps', '120', '--set', 'experiment.phases[0].batch=32', '--sites', 'weight', '--svg', join(folder, 'front.svg')];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'enabol-wide-advised', sites: { weight: { source: expect.stringContaining('integer bit') as string } } });
  expect(stderr).toContain('wanted:');
  expect(readFileSync(join(folder, 'front.svg'), 'utf8')).toContain('<svg');
  const checked = join(folder, 'checked.json');
  writeFileSync(checked, stdout);
  execFileSync(process.execPath, ['bin/qrails.js', 'profile', 'validate', checked]);
});

it.each([
  [{ seeds: 0 }, '--seeds'], [{ survive: 2 }, '--survive'], [{ maxLoss: -1 }, '--max-loss'], [{ words: [16, 8] }, '--words'], [{ rates: [0] }, '--rates'],
  [{ sites: ['weihgt'] }, '--sites'], [{ anchor: ['none', 'ema'] }, '--anchor'],
  [{ sqnr: NaN }, '--sqnr'], [{ overflows: ['CLIP' as 'SAT'] }, '--overflows'], [{ guard: 'none' as 'measured' }, '--guard'], [{ workers: 0 }, '--workers'], [{ resume: true }, '--resume'],
] as const)('refuses %j', async (wrong, where) => {
  await expect(advise({ ...SMALL, ...wrong })).rejects.toMatchObject({ parts: { where } });
});

describe('parts', () => {
  it('integer bits hold both ends and no fewer do', () => {
    fc.assert(fc.property(fc.double({ min: -1e6, max: 0, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }), (low, high) => {
      const bits = wholeBits([low, high]);
      const fits = (whole: number): boolean => -(2 ** (whole - 1)) <= low && high < 2 ** (whole - 1);
      return fits(bits) && (bits === 1 || !fits(bits - 1));
    }));
    expect([wholeBits([0, 0]), wholeBits([-1, 0.999]), wholeBits([-1, 1]), wholeBits([0, 4])]).toEqual([1, 1, 2, 4]);
  });

  it('words are the shortest that hold a format', () => {
    expect(wordOf({ whole: 3, fraction: 6 }, 'layer0.weight', [8, 16, 32])).toBe(16);
    expect(wordOf({ whole: 20, fraction: 14 }, 'layer0.weight', [8, 16, 32])).toBeUndefined();
    expect(wordOf({ whole: 20, fraction: 14 }, 'layer0.weight', undefined)).toBeUndefined(); // a signal has 32 bits at most
    expect(filled({ 'layer0.weight': { whole: 3, fraction: 6 } }, [8, 16])).toEqual({ 'layer0.weight': { whole: 3, fraction: 13 } });
  });

  it('a front is what no other beats', () => {
    const tried = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 12 }), median: fc.integer({ min: 1, max: 12 }) }), { maxLength: 20 });
    fc.assert(fc.property(tried, (list) => {
      const all = list.map(({ cost, median }, k): Tried => ({ design: { [`layer0.weight${k}`]: { whole: 1, fraction: cost } }, cost, ok: true, loss: { median, low: median, high: median } }));
      const front = paretoFront(all);
      const beaten = ({ cost, loss }: Tried): boolean => all.some((other) => other.cost <= cost && other.loss.median <= loss.median && (other.cost < cost || other.loss.median < loss.median));
      expect(front.some(beaten)).toBe(false);
      for (const one of all) if (!beaten(one)) expect(front.some(({ cost, loss }) => cost === one.cost && loss.median === one.loss.median)).toBe(true);
    }));
    const points = [[10, 1], [11, 0.01], [12, 0.009], [20, 0.001]].map(([cost, median]) => ({ cost: cost!, loss: { median: median! } }));
    expect(kneeOf(points)).toBe(1);
    expect(kneeOf(points.slice(0, 2))).toBe(-1);
  });

  it('bits are those of all words', () => expect(bitsOf({ a: { whole: 3, fraction: 5 }, b: { whole: 16, fraction: -7 } })).toBe(17));
});
