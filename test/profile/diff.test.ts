import { describe, expect, it } from 'vitest';
import { list } from '../../src/document/catalogue.js';
import { diffProfiles } from '../../src/profile/diff.js';
import { renderProfileDiff } from '../../src/profile/diffText.js';
import { loadProfile } from '../../src/profile/load.js';
import type { Profile, ProfileSite } from '../../src/schema/profile.js';
import { ProfileDiff, type ProfileDifference, type ViewDimensions } from '../../src/schema/profileViews.js';
import { findProblems } from '../../src/schema/validate.js';

const load = async (name: string): Promise<Profile> => (await loadProfile(name)).value;
const at = (entries: readonly ProfileDifference[], key: string): ProfileDifference => entries.find((entry) => entry.at === key)!;

/** enabol-mid against itself with something changed. */
async function changed(sites: Record<string, Partial<ProfileSite>>, rest: Partial<Profile> = {}, dimensions: Partial<ViewDimensions> = {}): Promise<ProfileDiff> {
  const profile = await load('enabol-mid');
  const own = profile.sites as Record<string, ProfileSite>;
  const merged = Object.fromEntries(Object.entries(sites).map(([key, site]) => [key, { ...own[key], ...site }]));
  return diffProfiles(profile, { ...profile, ...rest, sites: { ...own, ...merged } }, dimensions);
}

describe.each(list('profile'))('%s', (name) => {
  it('equals itself', async () => {
    const profile = await load(name);
    for (const dimensions of [{}, { layers: 3, batch: 7 }]) {
      expect(diffProfiles(profile, structuredClone(profile), dimensions)).toMatchObject({ equal: true, sites: [], rules: [], hardware: [], modes: [] });
    }
  });

  it('differs from another one, within any width', async () => {
    const other = name === 'enabol-mid' ? 'cortex-m4-q15' : 'enabol-mid';
    const difference = diffProfiles(await load(name), await load(other), { batch: 10 });
    expect(difference.equal).toBe(false);
    expect(await findProblems(ProfileDiff, JSON.parse(JSON.stringify(difference)))).toEqual([]);
    for (const width of [60, 80, 120]) {
      expect(renderProfileDiff(difference, { width }).split('\n').filter((line) => [...line].length > width)).toEqual([]);
      expect(renderProfileDiff(difference, { width, ascii: true })).toMatch(/^[\x20-\x7e\n]+$/);
    }
  });
});

describe('what a change changes', () => {
  it('range, resolution, the shift beside it and the updates that are lost', async () => {
    const { sites, equal } = await changed({ weight: { fractionLength: 10 } });
    expect(equal).toBe(false);
    const weight = at(sites, 'layer0.weight');
    expect([weight.a, weight.b]).toEqual(['sfix12_En8 RND SAT', 'sfix12_En10 RND SAT']);
    expect(weight.effects).toEqual(expect.arrayContaining([
      '1/4 of the range: -8 … 7.99609 → -2 … 1.99902', '2 bits finer: a last place is 2^-8 → 2^-10', 'an update below 2^-9 is lost → an update below 2^-11 is lost',
    ]));
    // The accumulator has the same format, but products reach less far and drop two bits more: sfix24_En16 becomes sfix24_En18.
    const accumulator = at(sites, 'layer0.accumulator');
    expect(accumulator.a).toBe(accumulator.b);
    expect(accumulator.effects).toEqual(expect.arrayContaining(['guard bits: 3 → 5', 'shift on the way in: ≫ 2 → ≫ 4', 'bias of the rounding: +0.125 last places, 16 times → +0.0313 last places, 16 times']));
    // bias falls back to weight.
    expect(at(sites, 'layer0.bias').b).toBe('sfix12_En10 RND SAT');
  });

  it('guard bits and what they hold', async () => {
    const { sites } = await changed({ accumulator: { wordLength: 20 } });
    // 64 is the largest product: 8 × 8. ap_fixed<20,6> ends below 32.
    expect(at(sites, 'layer0.accumulator').effects).toEqual(expect.arrayContaining(['guard bits: 3 → -1', 'full-scale products before it overflows: 7 → 0', '1/16 of the range: -512 … 511.999939 → -32 … 31.9999']));
  });

  it('rounding and what it biases', async () => {
    const { sites, modes } = await changed({ activation: { rounding: 'TRN' } });
    expect(at(sites, 'layer0.activation').effects).toEqual(['rounds TRN instead of RND', 'bias of the rounding: none → -0.496 last places']);
    expect(modes.map(({ mode }) => mode)).toEqual(['TRN', 'RND']);
  });

  it('overflow, and rails', async () => {
    const { sites } = await changed({ gradient: { overflow: 'WRAP' }, update: { rails: [-1, 1] } });
    expect(at(sites, 'layer0.gradient').effects).toEqual(['what does not fit is made to wrap instead of to saturate', 'full-scale operands: can saturate → can wrap']);
    expect(at(sites, 'layer0.update')).toMatchObject({ b: 'sfix16_En12 RND SAT, rails -1 … 1', effects: expect.arrayContaining(['1/8 of the range: -8 … 7.99976 → -1 … 1']) });
  });

  it('a product that is rounded first', async () => {
    const { sites } = await changed({ product: { wordLength: 16, fractionLength: 8, source: 'x' } });
    expect(at(sites, 'layer0.product')).toMatchObject({ a: null, b: 'sfix16_En8 RND SAT' });
    expect(at(sites, 'layer0.accumulator').effects).toEqual(['guard bits: 3 → 2', 'shift on the way in: ≫ 2 → no shift', 'bias of the rounding: +0.125 last places, 16 times → none']);
  });

  it('rules', async () => {
    const { rules, sites } = await changed({}, { divide: { method: 'table' }, accumulate: { accumulator: 'end', gradientAccumulator: 4, order: 'descending' }, batch: { division: 'reciprocal', sizes: 'one' } }, { batch: 10 });
    expect(rules.map(({ at: place, a, b }) => [place, a, b])).toEqual([
      ['accumulate.accumulator', 'each', 'end'], ['accumulate.gradientAccumulator', 'end', '4'], ['accumulate.order', 'ascending', 'descending'],
      ['divide', 'exact', 'table 6'], ['batch.division', 'exact', 'reciprocal'], ['batch.sizes', 'any', 'one'],
    ]);
    for (const { effects } of rules) expect(effects).toHaveLength(1);
    expect(at(sites, 'layer0.accumulator').effects).toEqual(['bias of the rounding: +0.125 last places, 16 times → +0.125 last places']);
  });

  it('hardware changes no bit', async () => {
    const { equal, hardware, sites } = await changed({}, { hardware: { multiplier: { operands: [8, 8], product: 16 }, flags: [] } });
    expect({ equal, sites }).toEqual({ equal: true, sites: [] });
    expect(hardware).toEqual([
      { at: 'hardware.multiplier', a: null, b: '8 × 8 bits, 16 kept', effects: [] }, { at: 'hardware.flags', a: null, b: 'none', effects: [] },
    ]);
  });

  it('names, sources and fallbacks stated do not count', async () => {
    const { equal, sites, rules } = await changed({ bias: { wordLength: 12, fractionLength: 8, source: 'x' } }, { name: 'other', title: 'Other', leavesOut: [] });
    expect({ equal, sites, rules }).toEqual({ equal: true, sites: [], rules: [] });
  });
});
