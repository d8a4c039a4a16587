import { describe, expect, it } from 'vitest';
import { resolveOverflow, resolveRounding, spelling, VOCABULARIES, type Vocabulary } from '../../src/format/aliases.js';
import { OVERFLOWS, ROUNDING, ROUNDINGS, type Rounding } from '../../src/format/modes.js';
import { parseReal } from '../../src/format/real.js';
import { quantise, siteFormat } from '../../src/format/quantise.js';
import { failure } from '../document/failure.js';

const rounded = (value: string, rounding: Rounding): number =>
  Number(quantise(parseReal(value), siteFormat({ signed: true, wordLength: 16, fractionLength: 0, rounding, overflow: 'SAT' })).rounded);

describe('aliases', () => {
  it('our own names are themselves', () => {
    for (const mode of ROUNDINGS) expect(resolveRounding(mode, '--rounding')).toBe(mode);
    for (const mode of OVERFLOWS) expect(resolveOverflow(mode, '--overflow')).toBe(mode);
  });

  it.each(Object.entries(VOCABULARIES as Record<string, Vocabulary>))('%s: every name is resolved, and no two are one mode', (_, { rounding, overflow }) => {
    for (const [name, mode] of Object.entries(rounding)) {
      expect(ROUNDING).toHaveProperty(mode);
      expect(resolveRounding(name, '--rounding')).toBe(mode);
      expect(spelling(rounding, mode)).toBe(name);
    }
    for (const [name, mode] of Object.entries(overflow)) expect(resolveOverflow(name, '--overflow')).toBe(mode);
  });

  // Values of MATLAB's documentation: 2.5, -2.5, 3.5, -0.75.
  it.each<[string, number[]]>([
    ['Floor', [2, -3, 3, -1]],
    ['Zero', [2, -2, 3, 0]],
    ['Nearest', [3, -2, 4, -1]],
    ['Round', [3, -3, 4, -1]],
    ['Convergent', [2, -2, 4, -1]],
  ])('MATLAB %s rounds 2.5, -2.5, 3.5, -0.75 to %j', (name, expected) => {
    expect(['2.5', '-2.5', '3.5', '-0.75'].map((value) => rounded(value, resolveRounding(name, '')))).toEqual(expected);
  });

  it('refuses what none of our modes equals, and says what it means', async () => {
    const message = await failure('invalid', () => resolveRounding('Ceiling', '--rounding'));
    for (const part of ['--rounding', 'towards plus infinity', 'found     Ceiling', 'quantise the negated value with TRN']) expect(message).toContain(part);
    expect(await failure('invalid', () => resolveRounding('AP_RDN', '--rounding'))).toContain('try       AP_RND');
    expect(await failure('invalid', () => resolveRounding('nearest', '--rounding'))).toContain('try       Nearest');
    expect(await failure('invalid', () => resolveOverflow('RND', '--overflow'))).toContain('an unknown overflow mode');
    for (const name of ['', 'constructor', '__proto__', 'toString']) await failure('invalid', () => resolveRounding(name, '--rounding'));
  });

  it('what stands in for Ceiling is the ceiling', () => {
    for (const value of ['2.5', '-2.5', '3', '-3', '0.01', '-0.01']) {
      const negated = value.startsWith('-') ? value.slice(1) : `-${value}`;
      expect(0 - rounded(negated, 'TRN')).toBe(Math.ceil(Number(value)) + 0);
    }
  });
});
