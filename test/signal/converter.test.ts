import { describe, expect, test } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { DETERMINISTIC_ROUNDINGS } from '../../src/format/modes.js';
import { createConverter } from '../../src/signal/converter.js';
import { fromBinary64, round } from '../oracle/exact.js';

/** The exact value of v in units of 2^-6, rounded by the independent oracle and clipped. */
function code(v: number, rounding: Parameters<typeof round>[3], low: bigint, high: bigint): number {
  const { n, f } = fromBinary64(v);
  const rounded = round(f >= 0 ? n : n << BigInt(-f), f >= 0 ? 1n << BigInt(f) : 1n, 6, rounding);
  return Number(rounded < low ? low : rounded > high ? high : rounded);
}

/** The next smaller double, of one that is not zero. */
function below(value: number): number {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0]! += value > 0 ? -1n : 1n;
  return new Float64Array(bits.buffer)[0]!;
}

describe('ADC', () => {
  test.each(DETERMINISTIC_ROUNDINGS)('is numerics §2 on a power-of-two step, %s', (rounding) => {
    // lsb = 2^-6 both ways; zero of the unsigned one is −2, a multiple of it.
    const unsigned = createConverter({ wordLength: 8, fullScale: [-2, 2], rounding });
    const signed = createConverter({ wordLength: 8, signed: true, fullScale: [-2, 2], rounding });
    for (let i = -700; i <= 700; i++) {
      for (const v of [i / 256, i / 256 + 2 ** -40, i / 256 - 2 ** -40, i / 128]) {
        expect(unsigned(v)).toBe(-2 + code(v + 2, rounding, 0n, 255n) / 64);
        expect(signed(v)).toBe(code(v, rounding, -128n, 127n) / 64);
      }
    }
  });

  test('corners: first and last code, half steps, far outside', () => {
    const convert = createConverter({ wordLength: 2, fullScale: [0, 4], rounding: 'RND' });
    const pairs = [[-1e300, 0], [-0.5, 0], [0, 0], [0.49, 0], [0.5, 1], [1.5, 2], [2.5, 3], [3.5, 3], [4, 3], [1e300, 3], [Number.MAX_VALUE, 3]];
    expect(pairs.map(([v]) => convert(v!))).toEqual(pairs.map(([, code]) => code));
    const even = createConverter({ wordLength: 2, fullScale: [0, 4], rounding: 'RND_CONV' });
    expect([0.5, 1.5, 2.5, 3.5].map(even)).toEqual([0, 2, 2, 3]);
    const truncating = createConverter({ wordLength: 2, fullScale: [0, 4] });
    expect([-0.1, 0.999, 1, 3.999, 4.1].map(truncating)).toEqual([0, 0, 1, 3, 3]);
  });

  test('TRN_ZERO goes to code zero: the middle of a signed scale, the bottom of an unsigned one', () => {
    expect(createConverter({ wordLength: 4, signed: true, fullScale: [-8, 8], rounding: 'TRN_ZERO' })(-2.5)).toBe(-2);
    expect(createConverter({ wordLength: 4, fullScale: [-8, 8], rounding: 'TRN_ZERO' })(-2.5)).toBe(-3);
  });

  // JAM moves every even code.
  test.each(DETERMINISTIC_ROUNDINGS.filter((mode) => mode !== 'JAM'))('on a scale that is not dyadic a code stays itself and the ladder is monotone, %s', (rounding) => {
    for (const [fullScale, wordLength, signed] of [[[0, 3.3], 12, false], [[-0.1, 1.7], 10, false], [[-3.3, 3.3], 12, true], [[0.1, 0.3], 16, true]] as const) {
      const convert = createConverter({ wordLength, signed, fullScale: [...fullScale], rounding });
      const [low, high] = fullScale;
      const lsb = (high - low) / 2 ** wordLength;
      const zero = signed ? low + (high - low) / 2 : low;
      const first = signed ? -(2 ** (wordLength - 1)) : 0;
      let before = -Infinity;
      for (let c = first; c < first + 2 ** wordLength; c += 7) {
        const value = zero + c * lsb;
        expect(convert(value)).toBe(value);
        expect(value).toBeGreaterThan(before);
        before = value;
      }
      for (let i = 0, previous = -Infinity; i < 2000; i++) {
        const out = convert(low - lsb + (i / 1990) * (high - low + 2 * lsb));
        expect(out).toBeGreaterThanOrEqual(previous);
        previous = out;
      }
    }
  });

  test('the double just below a code belongs to the code before', () => {
    for (const fullScale of [[0, 3.3], [-0.1, 1.7], [0.1, 0.3]] as [number, number][]) {
      const [low, high] = fullScale;
      const convert = createConverter({ wordLength: 12, fullScale });
      const valueOf = (code: number) => low + code * ((high - low) / 4096);
      for (let code = 1; code < 4096; code++) expect(convert(below(valueOf(code)))).toBe(valueOf(code - 1));
    }
  });

  test('a 32-bit converter uses its whole ladder', () => {
    const convert = createConverter({ wordLength: 32, fullScale: [0, 1] });
    expect(convert(1)).toBe(1 - 2 ** -32);
    expect(convert(2 ** -32)).toBe(2 ** -32);
    expect(convert(2 ** -33)).toBe(0);
  });

  test.each([
    [[1, 1], /full scale/],
    [[2, -2], /full scale/],
    [[-1.7e308, 1.7e308], /full scale/],
    [[1e9, 1e9 + 1], /cannot tell apart/],
    [[0, 1e-310], /cannot tell apart/],
  ])('refuses full scale %j', (fullScale, message) => {
    const make = () => createConverter({ wordLength: 24, fullScale: fullScale as [number, number] });
    expect(make).toThrow(QrailsError);
    expect(make).toThrow(message);
  });
});
