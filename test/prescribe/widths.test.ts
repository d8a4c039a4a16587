/** Bits added to words: the assignments make exactly the formats the words name. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepare, type Prepared } from '../../src/compare/prepare.js';
import { formatName } from '../../src/format/format.js';
import { assignments, joined, keysOf, namesOf, partText, totalBits, widthsOf, widthsText, type Widths } from '../../src/prescribe/widths.js';

const SET = ['profile.sites.layer1.activation.wordLength=12', 'profile.sites.weight.rails=[-1, 1.5]'];
let layered: Prepared;
let one: Prepared;
beforeAll(async () => {
  [layered, one] = await Promise.all([prepare({ experiment: 'relu-4-8-2', profile: 'enabol-mid', throttle: ['none'], set: SET }), prepare({ experiment: 'exp-000c', profile: 'enabol-tight', throttle: ['none'] })]);
});

/** Formats of a plan with a change, where they are other than before. */
async function changedFormats(prepared: Prepared, options: { experiment: string; profile: string; set: string[] }, widths: Widths): Promise<Record<string, string>> {
  const { profile, variants: [variant] } = prepared;
  const set = assignments(variant!.plan, profile, widths);
  const { variants: [changed] } = await prepare({ ...options, throttle: ['none'], set: [...options.set, ...set] });
  return Object.fromEntries(Object.entries(changed!.plan.sites).filter(([key, format]) => formatName(format) !== formatName(variant!.plan.sites[key]!)).map(([key, format]) => [key, formatName(format)]));
}
const LAYERED = { experiment: 'relu-4-8-2', profile: 'enabol-mid', set: SET };

describe('bits in words', () => {
  it('of one site, with its format', () => {
    const { plan } = one.variants[0]!;
    const widths = widthsOf(plan, ['weight'], { whole: 1, fraction: 2 })!;
    expect(widthsText(plan, widths)).toBe('1 more integer bit and 2 more fraction bits in weight (sfix8_En5 → sfix11_En7)');
    expect(totalBits(widths)).toBe(3);
    expect(assignments(plan, one.profile, widths)).toEqual(['profile.sites.weight.wordLength=11', 'profile.sites.weight.fractionLength=7']);
  });

  it('of several: those with the same together, formats where they are two at most', () => {
    const { plan } = one.variants[0]!;
    const two = joined(widthsOf(plan, ['weight'], { fraction: 1 })!, widthsOf(plan, ['update'], { fraction: 3 })!);
    expect(widthsText(plan, two)).toBe('1 more fraction bit in weight (sfix8_En5 → sfix9_En6), 3 more fraction bits in update (sfix10_En8 → sfix13_En11)');
    expect(widthsText(plan, widthsOf(plan, ['activation', 'update', 'weight'], { fraction: 2 })!)).toBe('2 more fraction bits in activation, update and weight');
    expect(partText('whole', 1, 'fewer')).toBe('1 fewer integer bit');
    const fewer = widthsOf(plan, ['weight'], { whole: 1, fraction: -2 })!;
    expect(widthsText(plan, fewer)).toBe('1 more integer bit and 2 fewer fraction bits in weight (sfix8_En5 → sfix7_En3)');
    expect(assignments(plan, one.profile, fewer)).toEqual(['profile.sites.weight.wordLength=7', 'profile.sites.weight.fractionLength=3']);
    expect(namesOf(['layer1.weight', 'input', 'layer0.weight'])).toEqual(['weight', 'input']);
  });

  it('of layers: by site where all are alike, by layer where they are not', async () => {
    const { plan } = layered.variants[0]!;
    const all = widthsOf(plan, ['update'], { fraction: 2 })!;
    expect([...all.keys()]).toEqual(keysOf(plan, 'update'));
    expect(totalBits(all)).toBe(4);
    expect(assignments(plan, layered.profile, all)).toHaveLength(2);
    expect(Object.keys(await changedFormats(layered, LAYERED, all))).toEqual(expect.arrayContaining(['layer0.update', 'layer1.update']) as string[]);
    const second = new Map([...all].filter(([key]) => key === 'layer1.update'));
    expect(widthsText(plan, second)).toMatch(/^2 more fraction bits in layer1\.update \(/);
    const formats = await changedFormats(layered, LAYERED, second);
    expect(formats['layer0.update']).toBeUndefined();
    expect(formats['layer1.update']).toBe(formatName({ ...plan.sites['layer1.update']!, wordLength: plan.sites['layer1.update']!.wordLength + 2, fractionLength: plan.sites['layer1.update']!.fractionLength + 2 }));
  });

  it('of layers that differ: each its own', async () => {
    const { plan } = layered.variants[0]!;
    const widths = widthsOf(plan, ['activation'], { whole: 1 })!;
    const formats = await changedFormats(layered, LAYERED, widths);
    for (const key of keysOf(plan, 'activation')) expect(formats[key], key).toBe(formatName({ ...plan.sites[key]!, wordLength: plan.sites[key]!.wordLength + 1 }));
  });
});

it('rails of its own stay where only the fraction grows, and go where the word is widened', async () => {
  const { plan } = layered.variants[0]!;
  const railsWith = async (bits: { whole?: number; fraction?: number }): Promise<readonly number[]> => {
    const set = assignments(plan, layered.profile, widthsOf(plan, ['weight'], bits)!);
    const { variants: [changed] } = await prepare({ ...LAYERED, throttle: ['none'], set: [...SET, ...set] });
    const { rails, fractionLength } = changed!.plan.sites['layer1.weight']!;
    return rails.map((rail) => Number(rail) * 2 ** -fractionLength);
  };
  expect(await railsWith({ fraction: 2 })).toEqual([-1, 1.5]);
  const { wordLength, fractionLength } = plan.sites['layer1.weight']!;
  expect(await railsWith({ whole: 1 })).toEqual([-(2 ** (wordLength - fractionLength)), 2 ** (wordLength - fractionLength) - 2 ** -fractionLength]);
});

it('there is none where a word cannot be as long', () => {
  const { plan } = one.variants[0]!;
  expect(widthsOf(plan, ['weight'], { whole: 25 })).toBeUndefined();
  expect(widthsOf(plan, ['weight'], { whole: 24 })?.size).toBe(1);
  expect(widthsOf(plan, ['weight'], { fraction: -7 })).toBeUndefined();
  expect(widthsOf(plan, [], { whole: 1 })).toBeUndefined();
});
