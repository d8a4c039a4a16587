/** Numbers as text, in and out: exact, any length, bounded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawText, realText } from '../../src/format/decimal.js';
import { fromDouble, parseReal, REAL_LIMITS, toDouble, type Rational } from '../../src/format/real.js';
import { failure } from '../document/failure.js';

const equal = (a: Rational, b: Rational): boolean => a.numerator * b.denominator === b.numerator * a.denominator;
const integer = fc.bigInt({ min: -(10n ** 120n), max: 10n ** 120n });
const positive = fc.bigInt({ min: 1n, max: 10n ** 60n });

/** As C's printf("%a") writes a double. */
function hexFloat(value: number): string {
  const { numerator, denominator } = fromDouble(value);
  const power = denominator.toString(2).length - 1;
  return `${numerator < 0n ? '-' : ''}0x${(numerator < 0n ? -numerator : numerator).toString(16)}p${-power}`;
}

describe('parseReal', () => {
  it.each<[string, bigint, bigint]>([
    ['0.05', 5n, 100n], ['-1.5e-3', -15n, 10000n], ['1/32', 1n, 32n], ['-1/3', -1n, 3n], ['+2', 2n, 1n], ['.5', 5n, 10n], ['5.', 5n, 1n], [' 7 ', 7n, 1n], ['1E2', 100n, 1n],
    ['0x1.8p-3', 3n, 16n], ['-0X.8P1', -1n, 1n], ['0x10', 16n, 1n], ['0xfe', 254n, 1n], ['0x1p+4', 16n, 1n], ['0x1.00000000000001p0', (1n << 56n) + 1n, 1n << 56n],
  ])('%s', (text, numerator, denominator) => {
    expect(equal(parseReal(text), { numerator, denominator })).toBe(true);
  });

  it('reads hexadecimal floats as the doubles they are', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(equal(parseReal(hexFloat(value)), fromDouble(value))).toBe(true);
    }));
  });

  it('never passes through a double', () => {
    fc.assert(fc.property(integer, fc.integer({ min: 0, max: 300 }), (digits, places) => {
      expect(equal(parseReal(`${digits}e-${places}`), { numerator: digits, denominator: 10n ** BigInt(places) })).toBe(true);
    }));
    expect(parseReal('9007199254740993').numerator).toBe(9007199254740993n);
  });

  it.each(['', ' ', '-', '.', 'e5', '1e', '1e+', '0x', '0x.', '0xp1', '0x1p', '1/0', '1/-2', '1/', '/2', '1/2/3', '1.5/2', 'NaN', 'Infinity', '1,5', '1 2', '0b1', '1_000', '--1', '１', '1n', '0x1g'])('refuses %j', async (text) => {
    expect(await failure('format', () => parseReal(text))).toContain('not a real number');
  });

  it('bounds what a text can ask for', async () => {
    const { length, decimalExponent, binaryExponent } = REAL_LIMITS;
    for (const text of ['1'.repeat(length + 1), `1e${decimalExponent + 1}`, `1e-${decimalExponent + 1}`, `0x1p${binaryExponent + 1}`, `0x1p-${binaryExponent + 1}`, `1e${'9'.repeat(50_000)}`]) {
      const message = await failure('format', () => parseReal(text));
      expect(message).toContain('a number beyond what is read');
      expect(message.length).toBeLessThan(500);
    }
  });

  it('reads the largest and the longest in no time', () => {
    const started = performance.now();
    expect(parseReal(`-1e${REAL_LIMITS.decimalExponent}`).numerator).toBeLessThan(0n);
    expect(parseReal(`1e-${REAL_LIMITS.decimalExponent}`).denominator).toBeGreaterThan(1n);
    expect(parseReal(`0x1p-${REAL_LIMITS.binaryExponent}`).denominator).toBe(1n << BigInt(REAL_LIMITS.binaryExponent));
    expect(parseReal('7'.repeat(REAL_LIMITS.length)).numerator % 10n).toBe(7n);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('realText and rawText', () => {
  it('what is exact reads back as the same number', () => {
    fc.assert(fc.property(integer, positive, (numerator, denominator) => {
      const text = realText({ numerator, denominator });
      expect(text).not.toContain('≈');
      expect(equal(parseReal(text), { numerator, denominator })).toBe(true);
    }));
  });

  it('a raw reads back as raw·2^−F', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(1n << 63n), max: 1n << 64n }), fc.integer({ min: -64, max: 128 }), (raw, f) => {
      const exact = f >= 0 ? { numerator: raw, denominator: 1n << BigInt(f) } : { numerator: raw << BigInt(-f), denominator: 1n };
      expect(equal(parseReal(rawText(raw, f)), exact)).toBe(true);
      expect(realText(exact)).toBe(rawText(raw, f));
    }));
  });

  it.each<[bigint, bigint, number, string]>([
    [1n, 32n, 40, '0.03125'], [-2n, 6n, 40, '-1/3'], [6n, 2n, 40, '3'], [0n, 7n, 40, '0'], [5n, 100n, 40, '0.05'], [-1000n, 1n, 40, '-1000'],
    [1n, 3n * 2n ** 20n, 5, '≈3.1789143880208333e-7'], [-(10n ** 50n), 1n, 10, '≈-1e+50'], [1n, 10n ** 50n, 10, '≈1e-50'],
    [10n ** 50n - 1n, 1n, 10, '≈9.9999999999999999e+49'], [2n, 3n, 2, '≈6.6666666666666666e-1'],
  ])('%s/%s within %i characters is %s', (numerator, denominator, longest, text) => {
    expect(realText({ numerator, denominator }, longest)).toBe(text);
  });

  it('an approximation is the number cut to 17 digits', () => {
    fc.assert(fc.property(integer.filter((n) => n !== 0n), positive, (numerator, denominator) => {
      const text = realText({ numerator, denominator }, 0);
      expect(text).toMatch(/^≈-?[1-9](\.\d{1,16})?e[+-]\d+$/);
      const shown = parseReal(text.slice(1));
      // |x| − |shown| lies in [0, 10^−16·|shown|)
      const sign = numerator < 0n ? -1n : 1n;
      const difference = sign * (numerator * shown.denominator - shown.numerator * denominator);
      expect(difference >= 0n).toBe(true);
      expect(difference * 10n ** 16n < sign * shown.numerator * denominator).toBe(true);
    }));
  });

  it('toDouble is the nearest double', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }).filter((x) => x === 0 || Math.abs(x) > 1e-290), (value) => {
      expect(toDouble(fromDouble(value)) === value).toBe(true);
    }));
  });
});
