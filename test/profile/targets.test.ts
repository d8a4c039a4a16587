import { describe, expect, it } from 'vitest';
import { prepare } from '../../src/compare/prepare.js';
import { list } from '../../src/document/catalogue.js';
import { loadProfile } from '../../src/profile/load.js';
import type { Dataset } from '../../src/signal/dataset.js';

const targets = list('profile');

/** Cores and conventions whose profiles other pages and tests name. */
const CORES = [
  'avr-q7', 'cmsis-q15-lms', 'cmsis-q31-lms', 'cortex-m0-q15', 'cortex-m0-q7', 'cortex-m3-q15', 'cortex-m33-q15', 'cortex-m4-q15', 'cortex-m4-smlad',
  'cortex-m55-helium-q15', 'cortex-m55-scalar-q15', 'cortex-m7-q31', 'loihi-8bit', 'riscv-p-q15',
];

describe('shipped targets', () => {
  it('are twenty at least, among them the usual cores', () => {
    expect(targets).toEqual(expect.arrayContaining(CORES));
    expect(targets.length).toBeGreaterThanOrEqual(20);
  });

  it.each(targets)('%s gives the source of every figure and what it leaves out', async (name) => {
    const { value } = await loadProfile(name);
    expect(value.name).toBe(name);
    expect(value).toMatchObject({ title: expect.any(String), about: expect.any(String) });
    for (const [key, site] of Object.entries(value.sites!)) expect(site.source, key).toBeDefined();
    for (const part of [value, value.defaults, value.accumulate, value.batch]) expect(part?.source).toBeDefined();
    const { multiplier, accumulator, shift, flags = [] } = value.hardware ?? {};
    for (const part of [value.divide, multiplier, accumulator, shift, ...flags]) if (part) expect(part.source, JSON.stringify(part)).toBeDefined();
    expect(value.leavesOut).toBeDefined();
    expect(value.leavesOut).not.toHaveLength(0);
    expect(value.defaults).toMatchObject({ rounding: expect.any(String), overflow: expect.any(String) });
  });

  it.each(CORES)('%s says what the silicon has and how it divides', async (name) => {
    const { value } = await loadProfile(name);
    expect(value.divide).toBeDefined();
    expect(Object.keys(value.hardware!)).toEqual(expect.arrayContaining(['accumulator', 'shift', 'flags']));
  });

  it.each(targets.filter((name) => name.startsWith('enabol-')))('%s states each format as its ap_fixed source does', async (name) => {
    const { value } = await loadProfile(name);
    for (const [key, { source, wordLength, fractionLength }] of Object.entries(value.sites!)) {
      const [, word, integer] = /ap_fixed<(\d+),(\d+)>/.exec(source!)!;
      expect([wordLength, fractionLength], key).toEqual([Number(word), Number(word) - Number(integer)]);
    }
  });

  it.each(list('experiment'))('all take experiment %s', async (experiment) => {
    let dataset: Dataset | undefined;
    for (const profile of targets) {
      const prepared = await prepare({ experiment, profile }, dataset).catch((error: unknown) => expect.fail(`${profile}: ${String(error)}`));
      dataset = prepared.dataset;
      expect(prepared.profile.name).toBe(profile);
    }
  });
});
