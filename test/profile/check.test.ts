import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { loadProfile, validateProfile } from '../../src/profile/load.js';
import type { Profile, ProfileSite } from '../../src/schema/profile.js';
import { SITES, SITE_NAMES, type SiteDefinition } from '../../src/site/sites.js';
import { failure } from '../document/failure.js';

let sound: Profile;
beforeAll(async () => {
  sound = (await loadProfile('enabol-mid')).value;
});

type Sites = Record<string, ProfileSite>;
const changed = (sites: Sites, rest: Partial<Profile> = {}): Profile => ({ ...structuredClone(sound), ...rest, sites: { ...structuredClone(sound.sites), ...sites } });
const q15 = { wordLength: 16, fractionLength: 15 };

describe('profiles that cannot be', () => {
  const cases: [what: string, sites: Sites, code: ErrorCode, ...parts: string[]][] = [
    ['no fraction length', { weight: { wordLength: 12 } }, 'invalid', 'sites.weight.fractionLength is missing'],
    ['a site with a source alone', { weight: { source: 'x' } }, 'invalid', 'sites.weight.wordLength is missing', 'found     only source'],
    ['signal too wide', { weight: { wordLength: 33, fractionLength: 8 } }, 'format', 'sites.weight.wordLength = 33 is out of range', '2 to 32 bits (signed signal)'],
    ['layer too wide', { 'layer3.weight': { wordLength: 33 } }, 'format', 'sites.layer3.weight.wordLength = 33 is out of range'],
    ['unsigned accumulator', { accumulator: { wordLength: 64, fractionLength: 8, signed: false } }, 'format', '2 to 63 bits (unsigned accumulator)'],
    ['unsigned metric', { norm: { wordLength: 64, fractionLength: 8, signed: false } }, 'format', '2 to 63 bits (unsigned metric)'],
    ['rails on wrap', { weight: { ...q15, overflow: 'WRAP', rails: [-0.5, 0.5] } }, 'format', 'sites.weight.rails belong to SAT and TRAP only', 'found     WRAP'],
    ['inexact rail', { weight: { ...q15, rails: [-0.1, 0.5] } }, 'format', 'sites.weight.rails[0] = -0.1 is not a multiple of the last place', 'a multiple of 2^-15'],
    ['rail finer than binary64 scales', { weight: { wordLength: 8, fractionLength: -64, rails: [0, 5e-324] } }, 'format', 'rails[1] = 5e-324 is not a multiple'],
    ['low rail below', { weight: { ...q15, rails: [-2, 0.5] } }, 'format', 'rails[0] = -2 lies outside the format', 'at least -1 (sfix16_En15)', '"fractionLength": 14'],
    ['rail of unsigned below zero', { weight: { ...q15, signed: false, rails: [-1, 0.5] } }, 'format', 'at least 0 (ufix16_En15)', 'try       a rail within 0 to 1.99997'],
    ['rail that no format holds', { weight: { ...q15, rails: [0, 1e300] } }, 'format', 'rails[1] = 1e+300 lies outside the format', 'try       a rail within ±1'],
    ['rails above zero', { weight: { ...q15, rails: [0.25, 0.5] } }, 'format', 'rails[0] = 0.25 shuts out zero'],
    ['rails below zero', { weight: { ...q15, rails: [-0.5, -0.25] } }, 'format', 'rails[1] = -0.25 shuts out zero'],
    ['rails without room', { weight: { ...q15, rails: [0, 0] } }, 'format', 'sites.weight.rails leave no room'],
    ['one over the end', { weight: { ...q15, rails: [-1, 1] } }, 'format', 'rails[1] = 1 lies outside the format'],
    ['metric that wraps', { curvature: { wordLength: 32, fractionLength: 16, overflow: 'WRAP' } }, 'format', 'sites.curvature.overflow = WRAP: controller metrics saturate'],
    ['square that wraps', { squaredNorm: { wordLength: 64, fractionLength: 32, overflow: 'WRAP' } }, 'format', 'expected  SAT'],
    ['throttle below 1', { throttle: { ...q15 } }, 'format', 'sites.throttle cannot hold 1 exactly', 'found     sfix16_En15', 'ufix16_En15'],
    ['throttle coarser than 1', { throttle: { wordLength: 8, fractionLength: -1 } }, 'format', 'cannot hold 1 exactly', 'sfix8_E1'],
    ['throttle with a rail below 1', { throttle: { ...q15, signed: false, rails: [0, 0.5] } }, 'format', 'rails [0, 0.5]'],
  ];
  it.each(cases)('%s', async (_what, sites, code, ...parts) => {
    const message = await failure(code, () => validateProfile(changed(sites), 'mine.json'));
    for (const part of ['mine.json: ', ...parts]) expect(message).toContain(part);
  });

  it('says what the rail of the manual says', async () => {
    expect(await failure('format', () => validateProfile(changed({ weight: { ...q15, rails: [-1, 1.5] } }), 'hw-profiles/mine.json'))).toBe(
      [
        'hw-profiles/mine.json: sites.weight.rails[1] = 1.5 lies outside the format',
        '  found     1.5',
        '  expected  at most 0.999969 (sfix16_En15)',
        '  try       "fractionLength": 14, or a rail within ±1',
      ].join('\n'),
    );
  });

  it.each(SITE_NAMES.filter((name) => (SITES[name] as SiteDefinition).fallback === undefined && !(SITES[name] as SiteDefinition).optional))('misses %s', async (name) => {
    const profile = structuredClone(sound);
    delete profile.sites![name];
    expect(await failure('invalid', () => validateProfile(profile, 'mine.json'))).toContain(`sites.${name} is missing`);
  });

  it('wants a source for every site, or one for all', async () => {
    const { source: _source, ...profile } = changed({ rate: { ...q15, signed: false } });
    expect(await failure('invalid', () => validateProfile(profile, 'mine.json'))).toContain('sites.rate has no source');
    await expect(validateProfile({ ...profile, source: 'a data sheet' })).resolves.toBeDefined();
  });

  const flag = { name: 'Q', kind: 'sticky' as const, sites: ['activation' as const] };
  const documents: [what: string, rest: Partial<Profile>, ...parts: string[]][] = [
    ['table bits without a table', { divide: { method: 'exact', bits: 6 } }, 'divide.bits belongs to a table of reciprocals', 'found     bits 6 with exact'],
    ['a counter without bits', { hardware: { flags: [{ ...flag, kind: 'counter' }] } }, 'hardware.flags[0] is a counter without bits', 'found     Q, counter', '"bits": 6'],
    ['bits of no counter', { hardware: { flags: [flag, { ...flag, name: 'V', kind: 'oneCycle', bits: 6 }] } }, 'hardware.flags[1].bits belong to a counter', 'found     V, oneCycle'],
    ['a flag twice', { hardware: { flags: [flag, flag] } }, 'hardware.flags[1] has a name that is taken', 'found     Q'],
    ['a flag of a constant', { hardware: { flags: [{ ...flag, sites: ['activation', 'learningRate'] }] } }, 'hardware.flags[0] can never rise at learningRate'],
    ['a flag of an exact product', { hardware: { flags: [{ ...flag, sites: ['product'] }] } }, 'hardware.flags[0] can never rise at product', 'try       a format in sites.product'],
    ['a product of too many bits', { hardware: { multiplier: { operands: [16, 18], product: 35 } } }, 'hardware.multiplier.product is longer', 'found     35 bits', 'at most 16 + 18 = 34'],
  ];
  it.each(documents)('%s', async (_what, rest, ...parts) => {
    const message = await failure('invalid', () => validateProfile(changed({}, rest), 'mine.json'));
    for (const part of ['mine.json: ', ...parts]) expect(message).toContain(part);
  });

  it.each<[string, NonNullable<Profile['hardware']>]>([
    ['multiplier', { multiplier: { operands: [16, 16], product: 32 } }], ['accumulator', { accumulator: { wordLength: 40 } }], ['shift', { shift: { right: 'TRN' } }], ['flags[0]', { flags: [flag] }],
  ])('wants a source for hardware.%s', async (path, hardware) => {
    const { source: _source, ...profile } = changed({}, { hardware });
    for (const site of Object.values(profile.sites!)) site.source = 'a data sheet';
    expect(await failure('invalid', () => validateProfile(profile, 'mine.json'))).toContain(`hardware.${path} has no source`);
    await expect(validateProfile({ ...profile, source: 'a data sheet' })).resolves.toBeDefined();
  });

  it('wants sites at all', async () => {
    expect(await failure('invalid', () => validateProfile({ name: 'mine' }, 'mine.json'))).toContain('sites.input is missing');
  });
});

describe('profiles that can be', () => {
  const cases: [what: string, sites: Sites, rest?: Partial<Profile>][] = [
    ['rails on the ends', { weight: { ...q15, rails: [-1, 1 - 2 ** -15] } }],
    ['64-bit rails', { accumulator: { wordLength: 64, fractionLength: 62, rails: [-2, 1.5] } }],
    ['unsigned 64-bit square', { squaredNorm: { wordLength: 64, fractionLength: 32, signed: false } }],
    ['a site that changes one thing of its fallback', { squaredNorm: { fractionLength: 40 }, 'layer0.bias': { wordLength: 12 } }],
    ['a layer that changes one thing', { 'layer0.weight': { wordLength: 14 } }],
    ['metrics under a default of wrapping', { curvature: { wordLength: 32, fractionLength: 16, rails: [0, 4] } }, { defaults: { overflow: 'WRAP' } }],
    ['a throttle that ends at 1', { throttle: { ...q15, signed: false, rails: [0, 1] } }],
    ['a table of reciprocals with bits', {}, { divide: { method: 'table', bits: 6 } }],
    ['no divider', {}, { divide: { method: 'none' } }],
    ['a product with all its bits', {}, { hardware: { multiplier: { operands: [16, 18], product: 34 } } }],
    ['a counter with bits', {}, { hardware: { flags: [{ name: 'OVC', kind: 'counter', bits: 6, sites: ['accumulator'] }] } }],
    ['a flag of a product that one layer rounds', { 'layer1.product': { wordLength: 16, fractionLength: 8 } }, { hardware: { flags: [{ name: 'Q', kind: 'sticky', sites: ['product'] }] } }],
    ['a throttle of whole numbers', { throttle: { wordLength: 2, fractionLength: 0 } }],
  ];
  it.each(cases)('%s', async (_what, sites, rest) => {
    await expect(validateProfile(changed(sites, rest))).resolves.toBeDefined();
  });
});
