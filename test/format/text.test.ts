/** Formats as text: what each notation means, that it reads what it prints, and what it says about text that is no format. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VOCABULARIES } from '../../src/format/aliases.js';
import { FORMAT_LIMITS, overflowProblem } from '../../src/format/check.js';
import { OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import { NOTATION_NAMES, NOTATIONS, type Notation, type NotationName, type TextFormat } from '../../src/format/notations.js';
import { LONGEST_FORMAT, parseFormat, printFormat, readFormat } from '../../src/format/text.js';
import { failure } from '../document/failure.js';

const { wordLength: W, fractionLength: F } = FORMAT_LIMITS;

const bare = fc.record({ signed: fc.boolean(), wordLength: fc.integer({ min: W.minimum, max: W.maximum }), fractionLength: fc.integer({ min: F.minimum, max: F.maximum }) });
/** Formats with modes that go together. */
const withModes: fc.Arbitrary<TextFormat> = fc
  .tuple(bare, fc.constantFrom(...ROUNDINGS), fc.constantFrom(...OVERFLOWS), fc.integer({ min: 0, max: W.maximum }))
  .filter(([format, , overflow, n]) => overflowProblem(format, overflow, n) === undefined)
  .map(([format, rounding, overflow, n]) => ({ ...format, rounding, overflow, ...(n > 0 && { saturatedBits: n }) }));

const notations: Record<NotationName, Notation> = NOTATIONS;
const modesOf = (name: NotationName) => notations[name].modes;

describe('meaning', () => {
  const s = (signed: boolean, wordLength: number, fractionLength: number, more: Partial<TextFormat> = {}): TextFormat => ({ signed, wordLength, fractionLength, ...more });
  const hls = { rounding: 'TRN', overflow: 'WRAP' } as const;

  it.each<[string, TextFormat]>([
    ['ap_fixed<16,8>', s(true, 16, 8, hls)],
    ['ap_ufixed<8,4,AP_RND,AP_SAT>', s(false, 8, 4, { rounding: 'RND', overflow: 'SAT' })],
    ['ap_fixed<8,12>', s(true, 8, -4, hls)],
    ['ap_fixed<8,-3>', s(true, 8, 11, hls)],
    ['ap_fixed<8, 4, AP_TRN_ZERO>', s(true, 8, 4, { rounding: 'TRN_ZERO', overflow: 'WRAP' })],
    ['ap_fixed<8,4,AP_RND_CONV,AP_WRAP_SM,2>', s(true, 8, 4, { rounding: 'RND_CONV', overflow: 'WRAP_SM', saturatedBits: 2 })],
    ['ap_ufixed<8,4,AP_TRN,AP_WRAP,8>', s(false, 8, 4, { ...hls, saturatedBits: 8 })],
    ['ac_fixed<16,8,true>', s(true, 16, 8, hls)],
    ['ac_fixed<16,8,false,AC_RND_CONV_ODD,AC_SAT_SYM>', s(false, 16, 8, { rounding: 'RND_CONV_ODD', overflow: 'SAT_SYM' })],
    ['sc_fixed<5,2,SC_RND_MIN_INF,SC_SAT_ZERO>', s(true, 5, 3, { rounding: 'RND_MIN_INF', overflow: 'SAT_ZERO' })],
    ['sc_ufixed<5,2,SC_TRN,SC_WRAP,1>', s(false, 5, 3, { ...hls, saturatedBits: 1 })],
    ['sfix16_En15', s(true, 16, 15)],
    ['ufix8', s(false, 8, 0)],
    ['sfix8_E3', s(true, 8, -3)],
    ['sfix8_En-3', s(true, 8, -3)],
    ['sfix8_E-3', s(true, 8, 3)],
    ['fi(1,16,15)', s(true, 16, 15)],
    ['numerictype(false, 8, -2)', s(false, 8, -2)],
    ['arm:Q1.15', s(true, 16, 15)],
    ['ti:Q0.15', s(true, 16, 15)],
    ['ti:Q1.15', s(true, 17, 15)],
    ['arm:UQ8.8', s(false, 16, 8)],
    ['UQ8.8', s(false, 16, 8)],
    [' sfix1 ', s(true, 1, 0)],
  ])('%s', (text, format) => {
    expect(parseFormat(text)).toEqual(format);
    expect(Object.is(parseFormat(text).fractionLength, -0)).toBe(false);
  });

  it('takes the reading of a bare Qm.n from the option, and from the text where that says it', () => {
    expect(parseFormat('Q1.15', { q: 'arm' })).toEqual(s(true, 16, 15));
    expect(parseFormat('Q1.15', { q: 'ti' })).toEqual(s(true, 17, 15));
    expect(parseFormat('arm:Q1.15', { q: 'ti' })).toEqual(s(true, 16, 15));
    expect(readFormat('Q1.15', { q: 'ti' }).notation).toBe('ti:Q');
  });
});

describe('round trip', () => {
  it.each(NOTATION_NAMES)('%s reads every format it prints', (notation) => {
    let printed = 0;
    fc.assert(fc.property(bare, (format) => {
      const text = printFormat(format, notation);
      if (text === undefined) return;
      printed++;
      expect(readFormat(text)).toMatchObject({ notation, format });
    }), { numRuns: 500 });
    expect(printed).toBeGreaterThan(50);
  });

  it.each(NOTATION_NAMES.filter(modesOf))('%s keeps modes, or says that it has no word for one', (notation) => {
    const names = VOCABULARIES[modesOf(notation)!];
    const has = (table: object, mode: string): boolean => (Object.values(table) as string[]).includes(mode);
    let printed = 0;
    fc.assert(fc.property(withModes, (format) => {
      const text = printFormat(format, notation);
      const sayable = has(names.rounding, format.rounding!) && has(names.overflow, format.overflow!) && (format.saturatedBits === undefined || notation !== 'ac_fixed');
      expect(text !== undefined).toBe(sayable);
      if (text === undefined) return;
      printed++;
      expect(parseFormat(text)).toEqual(format);
    }), { numRuns: 1000 });
    expect(printed).toBeGreaterThan(50);
  });

  it('only Q has formats it cannot say, and only those', () => {
    fc.assert(fc.property(bare, fc.constantFrom(...NOTATION_NAMES), (format, notation) => {
      const { signed, wordLength: word, fractionLength: f } = format;
      const q = notation === 'arm:Q' || notation === 'ti:Q';
      const whole = word - f - (signed && notation === 'ti:Q' ? 1 : 0);
      expect(printFormat(format, notation) === undefined).toBe(q && (f < 0 || whole < 0));
    }));
  });

  it('leaves out what is the default', () => {
    expect(printFormat(parseFormat('ap_fixed<8,4,AP_TRN,AP_WRAP,0>'), 'ap_fixed')).toBe('ap_fixed<8,4>');
    expect(printFormat(parseFormat('ap_fixed<8,4,AP_TRN,AP_SAT>'), 'sc_fixed')).toBe('sc_fixed<8,4,SC_TRN,SC_SAT>');
  });
});

describe('text that is no format', () => {
  it.each<[string, string[]]>([
    ['', ['""', 'not a format', 'an empty text', 'ap_fixed<W,I[,Q[,O[,N]]]>']],
    ['float', ['character 1', 'not a format', 'float']],
    ['ap_fixd<16,8>', ['not a format', 'try       ap_fixed']],
    ['ap_fixed', ['character 9', '"<" is missing', 'the end of the text']],
    ['ap_fixed<16>', ['character 12', '"," is missing']],
    ['ap_fixed<16,8', ['character 14', '">" is missing']],
    ['ap_fixed<16,8>;', ['character 15', 'text after the end']],
    ['ap_fixed<65,8>', ['character 10', 'the word length is out of range', 'found     65', '1 to 64']],
    ['ap_fixed<0,0>', ['character 10', 'the word length is out of range']],
    ['ap_fixed<99999999999999999999999,8>', ['the word length is out of range', '99999999999999999999999']],
    ['ap_fixed<16,81>', ['character 13', 'integer bits is out of range', '-112 to 80']],
    ['ap_fixed<16,8,AP_RDN>', ['character 15', 'unknown rounding mode', 'found     AP_RDN', 'try       AP_RND']],
    ['ap_fixed<16,8,SC_RND>', ['unknown rounding mode', 'AP_RND']],
    ['ap_fixed<16,8,AP_RND,AP_SATURATE>', ['character 22', 'unknown overflow mode', 'AP_SAT_SYM']],
    ['ap_fixed<16,8,AP_RND_CONV_ODD>', ['unknown rounding mode']],
    ['ap_fixed<8,4,AP_RND,AP_WRAP,9>', ['character 29', 'saturated bits is out of range', '0 to 8']],
    ['ap_fixed<8,4,AP_RND,AP_SAT,1>', ['saturated bits that cannot be', '1 with SAT']],
    ['ap_ufixed<8,4,AP_RND,AP_WRAP_SM>', ['character 22', 'WRAP_SM is for signed formats']],
    ['ac_fixed<16,8>', ['"," is missing']],
    ['ac_fixed<16,8,yes>', ['character 15', 'unknown sign', 'true, false']],
    ['ac_fixed<16,8,true,AC_RND,AC_WRAP,1>', ['">" is missing']],
    ['sfix16_En', ['character 10', 'the fraction length is missing']],
    ['sfix16_En129', ['the fraction length is out of range', '-64 to 128']],
    ['sfix8_E65', ['the scaling exponent is out of range', '-128 to 64']],
    ['fi(0.5,16,15)', ['character 5', '"," is missing']],
    ['fi(2,16,15)', ['unknown sign', 'found     2']],
    ['Q15', ['character 2', 'arm:Q1.15 or ti:Q0.15']],
    ['arm:Q40.40', ['a word length that cannot be', '80 bits']],
    ['ap_fixed<constructor,8>', ['the word length is missing']],
    ['ac_fixed<16,8,constructor>', ['unknown sign']],
  ])('%j', async (text, says) => {
    const message = await failure('format', () => parseFormat(text));
    for (const part of says) expect(message).toContain(part);
  });

  it('shows both readings of a bare Qm.n', async () => {
    const message = await failure('format', () => parseFormat('Q1.15'));
    for (const part of ['two readings', 'arm:Q1.15 = sfix16_En15', 'ti:Q1.15 = sfix17_En15', '--q arm or --q ti']) expect(message).toContain(part);
  });

  it('reads no more than a line, and nothing that reaches a terminal as a command', async () => {
    expect(await failure('format', () => parseFormat('9'.repeat(LONGEST_FORMAT + 1)))).toContain('too long');
    expect(await failure('format', () => parseFormat('ap_fixed<\u001b[2J'))).not.toContain('\u001b');
  });

  it('any text is a format or a QrailsError, fast', async () => {
    const piece = fc.constantFrom('ap_fixed', 'ap_ufixed', 'ac_fixed', 'sc_fixed', 'sfix', 'fi', 'arm:', 'ti:', 'Q', 'U', '<', '>', '(', ')', ',', '.', '_En', '_E', '-', ' ', '1', '16', '64', 'true', 'AP_RND', 'SC_WRAP', '\0', 'é');
    await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')), async (text) => {
      let format: TextFormat;
      try {
        format = parseFormat(text);
      } catch {
        expect(await failure('format', () => parseFormat(text))).toContain('expected');
        return;
      }
      expect(format.wordLength).toBeGreaterThanOrEqual(W.minimum);
      expect(format.wordLength).toBeLessThanOrEqual(W.maximum);
      expect(format.fractionLength).toBeGreaterThanOrEqual(F.minimum);
      expect(format.fractionLength).toBeLessThanOrEqual(F.maximum);
    }), { numRuns: 2000 });
  });
});
