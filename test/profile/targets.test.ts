import { describe, expect, it } from 'vitest';
import { list } from '../../src/document/catalogue.js';
import { loadProfile } from '../../src/profile/load.js';

describe('shipped targets', () => {
  it.each(list('profile'))('%s gives the source of every figure and what it leaves out', async (name) => {
    const { value } = await loadProfile(name);
    for (const [key, site] of Object.entries(value.sites!)) expect(site.source, key).toBeDefined();
    for (const part of [value, value.defaults, value.accumulate, value.batch]) expect(part?.source).toBeDefined();
    expect(value.leavesOut).not.toHaveLength(0);
    expect(value.defaults).toMatchObject({ rounding: expect.any(String), overflow: expect.any(String) });
  });

  it.each(list('profile').filter((name) => name.startsWith('enabol-')))('%s states each format as its ap_fixed source does', async (name) => {
    const { value } = await loadProfile(name);
    for (const [key, { source, wordLength, fractionLength }] of Object.entries(value.sites!)) {
      const [, word, integer] = /ap_fixed<(\d+),(\d+)>/.exec(source!)!;
      expect([wordLength, fractionLength], key).toEqual([Number(word), Number(word) - Number(integer)]);
    }
  });
});
