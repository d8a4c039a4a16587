import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORMAT_LIMITS } from '../../src/format/check.js';
import { explainFormat } from '../../src/format/explain.js';
import { parseFormat } from '../../src/format/text.js';
import { formatName } from '../../src/format/format.js';
import { FormatExplanation } from '../../src/schema/format.js';

const fits = new Ajv({ strictTypes: false, strictTuples: false }).compile(FormatExplanation);

describe('explainFormat', () => {
  it('says everything of Q15', () => {
    const explained = explainFormat('arm:Q1.15');
    expect(explained).toEqual({
      format: 1, text: 'arm:Q1.15', notation: 'arm:Q', signed: true, wordLength: 16, fractionLength: 15,
      range: ['-1', '0.999969482421875'], rawRange: ['-32768', '32767'], resolution: '0.000030517578125', codes: '65536',
      dynamicRangeDb: 20 * Math.log10(32768), cType: 'int16_t',
      notations: {
        sfix: 'sfix16_En15', ap_fixed: 'ap_fixed<16,1>', ac_fixed: 'ac_fixed<16,1,true>', sc_fixed: 'sc_fixed<16,1>', fi: 'fi(1,16,15)', numerictype: 'numerictype(1,16,15)',
        'arm:Q': 'arm:Q1.15', 'ti:Q': 'ti:Q0.15',
      },
      notes: [],
    });
  });

  it.each<[string, object]>([
    ['ufix8', { range: ['0', '255'], codes: '256', resolution: '1', dynamicRangeDb: 20 * Math.log10(255), cType: 'uint8_t' }],
    ['sfix8_E3', { range: ['-1024', '1016'], resolution: '8', cType: 'int8_t' }],
    ['sfix4_En6', { range: ['-0.125', '0.109375'], resolution: '0.015625' }],
    ['ap_fixed<8,4,AP_RND,AP_SAT_SYM>', { range: ['-7.9375', '7.9375'], rawRange: ['-127', '127'], codes: '255', rounding: 'RND', overflow: 'SAT_SYM' }],
    ['ap_fixed<1,1,AP_RND,AP_SAT_SYM>', { range: ['0', '0'], codes: '1', dynamicRangeDb: null }],
    ['sfix64', { range: ['-9223372036854775808', '9223372036854775807'], codes: '18446744073709551616', cType: 'int64_t' }],
    ['sfix33_En1', { cType: 'int64_t' }],
  ])('%s', (text, expected) => {
    expect(explainFormat(text)).toMatchObject(expected);
  });

  it('tells where ap_fixed and SystemC part', () => {
    expect(explainFormat('ap_fixed<8,4,AP_RND,AP_WRAP_SM>').notes).toHaveLength(1);
    for (const same of ['ap_fixed<8,4,AP_TRN,AP_WRAP_SM>', 'ap_fixed<8,4,AP_RND,AP_WRAP>', 'ap_fixed<8,4>']) expect(explainFormat(same).notes).toEqual([]);
  });

  it('what it prints fits its schema, and every notation it names is the format', () => {
    const { wordLength, fractionLength } = FORMAT_LIMITS;
    const format = fc.record({ signed: fc.boolean(), wordLength: fc.integer({ min: wordLength.minimum, max: wordLength.maximum }), fractionLength: fc.integer({ min: fractionLength.minimum, max: fractionLength.maximum }) });
    fc.assert(fc.property(format, (bare) => {
      const explained = explainFormat(formatName(bare));
      expect(fits(explained), JSON.stringify(fits.errors)).toBe(true);
      for (const text of Object.values(explained.notations)) if (text !== null) expect(parseFormat(text)).toMatchObject(bare);
    }), { numRuns: 200 });
  });
});
