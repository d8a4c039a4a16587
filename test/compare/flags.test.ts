/** Flags of the hardware, read against counters. */
import { afterAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { flagsText, raisedFlags } from '../../src/compare/flags.js';
import { renderComparison } from '../../src/report/terminal.js';
import { Folder, profile } from '../cli/qrails.js';

const counted = (overflowHigh: number, overflowLow: number, step?: number) => ({ overflowHigh, overflowLow, firstOverflow: step === undefined ? undefined : { step } });
const SITES = {
  input: counted(0, 0), 'layer0.accumulator': counted(40, 0, 9), 'layer1.accumulator': counted(20, 7, 4), 'layer0.activation': counted(1, 2, 4), 'layer0.weight': counted(0, 0),
};

describe('a flag', () => {
  it('that is sticky is set by the first overflow of its sites, in any layer', () => {
    expect(raisedFlags([{ name: 'Q', kind: 'sticky', sites: ['accumulator', 'weight'] }], SITES)).toEqual([
      { name: 'Q', kind: 'sticky', raised: { step: 4, site: 'layer1.accumulator' }, high: 60, low: 7, shows: 1 },
    ]);
  });

  it('that counts shows overflows modulo its bits, or all of them', () => {
    const [six, all] = raisedFlags([{ name: 'OVC', kind: 'counter', bits: 6, sites: ['accumulator'] }, { name: 'N', kind: 'counter', sites: ['accumulator'] }], SITES);
    expect(six).toEqual({ name: 'OVC', kind: 'counter', bits: 6, raised: { step: 4, site: 'layer1.accumulator' }, high: 60, low: 7, shows: 67 - 64 });
    expect(all).toMatchObject({ shows: 67 });
    expect(all).not.toHaveProperty('bits');
  });

  it('that is high for one cycle shows how many cycles', () => {
    expect(raisedFlags([{ name: 'OV', kind: 'oneCycle', sites: ['activation'] }], SITES)).toMatchObject([{ raised: { step: 4, site: 'layer0.activation' }, shows: 3 }]);
  });

  it('never rises where nothing overflows, or where the network has no such site', () => {
    expect(raisedFlags([{ name: 'SA', kind: 'sticky', sites: ['weight', 'product', 'target'] }], SITES)).toEqual([{ name: 'SA', kind: 'sticky', raised: null, high: 0, low: 0, shows: 0 }]);
  });

  it('is said in one line', () => {
    const flags = raisedFlags(
      [
        { name: 'Q', kind: 'sticky', sites: ['activation'] }, { name: 'OVC', kind: 'counter', bits: 6, sites: ['accumulator'] },
        { name: 'P', kind: 'oneCycle', sites: ['activation'] }, { name: 'V\u001b', kind: 'sticky', sites: ['weight'] },
      ],
      SITES,
    );
    expect(flagsText(flags)).toBe(
      'Q set at step 4 by layer0.activation; OVC shows 3 after 67 overflows (6 bits), first at step 4 by layer1.accumulator; P high for 3 cycles, first at step 4 by layer0.activation; V\\u001b never',
    );
  });
});

describe('a run', () => {
  const flags = [{ name: 'Q', kind: 'sticky', sites: ['activation', 'update'] }, { name: 'C', kind: 'counter', bits: 3, sites: ['update'] }, { name: 'T', kind: 'sticky', sites: ['target'] }];
  const folder = new Folder({ 'flags.json': profile({}, { hardware: { flags } }), 'none.json': profile({}, { hardware: { flags: [] } }) });
  afterAll(() => folder.remove());
  const run = (name: string) => compare({ profile: `./${name}.json`, throttle: ['none'], tries: false, directory: folder.path });

  it('says which flags of its profile rose, from its own counters', async () => {
    const result = await run('flags');
    const { flags: raised, fixed: { sites } } = result.runs[0]!;
    const { overflowHigh: high, overflowLow: low, firstOverflow } = sites['layer0.update']!;
    expect(high + low).toBeGreaterThan(8);
    expect(raised).toEqual([
      expect.objectContaining({ name: 'Q', shows: 1, raised: { step: sites['layer0.activation']!.firstOverflow!.step, site: 'layer0.activation' } }),
      { name: 'C', kind: 'counter', bits: 3, raised: { step: firstOverflow!.step, site: 'layer0.update' }, high, low, shows: (high + low) % 8 },
      expect.objectContaining({ name: 'T', raised: null }),
    ]);
    expect(renderComparison(result)).toMatch(/\n {4}flags {2}fixed: Q set at step 21 by layer0\.activation; C shows \d after \d+ overflows \(3 bits\), first at step \d+ by layer0\.update; T never\n/);
  });

  it('says nothing of flags where its profile states none', async () => {
    const result = await run('none');
    expect(result.runs[0]).not.toHaveProperty('flags');
    expect(renderComparison(result)).not.toContain('flags');
  });
});
