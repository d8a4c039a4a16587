/** The host quantiser against the BigInt oracle: all values of formats up to 10 bits into all formats up to 8 bits, and random wide ones. */
import { describe, expect, it } from 'vitest';
import { DETERMINISTIC_ROUNDINGS, OVERFLOW, OVERFLOWS, type Overflow, type Rounding } from '../../src/format/modes.js';
import { quantise } from '../../src/format/quantise.js';
import type { SiteFormat } from '../../src/schema/plan.js';
import { parseFormat, quantise as exactly, type Format } from '../oracle/exact.js';
import { Random } from '../oracle/random.js';
import { formatOf, randomStart } from './cases.js';
import { FULL } from './tool.js';

const WORDS = [1, 2, 3, 4, 5, 6, 7, 8];
/** Fraction bits that the source has more than the target: past 11 every value of 10 bits is below one half of a last place, as it is at 12. */
const SHIFTS = Array.from({ length: 22 }, (_, i) => i - 9);
/** Values of signed and unsigned words up to 10 bits, and so of every shorter one at the same fraction length. */
const FIRST = -512n;
const LAST = 1023n;

interface Mode {
  readonly overflow: Overflow;
  readonly saturatedBits: number;
}

function overflowModes(signed: boolean, wordLength: number): Mode[] {
  return OVERFLOWS.filter((overflow) => signed || overflow !== 'WRAP_SM').flatMap((overflow) =>
    Array.from({ length: OVERFLOW[overflow].saturatedBits ? wordLength + 1 : 1 }, (_, saturatedBits) => ({ overflow, saturatedBits })),
  );
}

/** What differs between host and oracle, in words. */
function difference(numerator: bigint, denominator: bigint, format: SiteFormat, oracle: Format): string | undefined {
  const host = quantise({ numerator, denominator }, format);
  const other = exactly(numerator, denominator, oracle);
  const side = other.overflow === 'high' ? 1 : other.overflow === 'low' ? -1 : 0;
  if (host.raw === other.raw && host.rounded === other.rounded && host.overflow === side && host.underflow === other.underflow) return undefined;
  const text = (value: object): string => JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? String(one) : one));
  return `${numerator}/${denominator} into ${text(format)}: host ${text(host)}, oracle ${text(other)}`;
}

/** The first difference in every value with `shift` more fraction bits than the format; counts what it compares. */
function sweep(rounding: Rounding, mode: Mode, signed: boolean, wordLength: number, shift: number, tally: { count: number }): string | undefined {
  const fractionLength = wordLength - 3; // negative, zero and positive ones in turn
  const format = formatOf({ signed, wordLength, fractionLength, rounding, ...mode });
  const oracle = parseFormat(format);
  const fraction = fractionLength + shift;
  const [scale, denominator] = fraction >= 0 ? [1n, 1n << BigInt(fraction)] : [1n << BigInt(-fraction), 1n];
  for (let n = FIRST; n <= LAST; n++) {
    tally.count++;
    const found = difference(n * scale, denominator, format, oracle);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('host quantiser and BigInt: 10 bits into up to 8', () => {
  for (const rounding of DETERMINISTIC_ROUNDINGS) {
    // What overflow does follows from ρ alone, so one rounding with every overflow mode says most; the other pairs are swept in full.
    const everyMode = FULL || rounding === 'RND_CONV';
    it(`${rounding}: every value, shift and word, ${everyMode ? 'every overflow mode with every n' : 'SAT'}`, () => {
      const tally = { count: 0 };
      for (const signed of [true, false]) {
        for (const wordLength of WORDS) {
          for (const mode of everyMode ? overflowModes(signed, wordLength) : [{ overflow: 'SAT', saturatedBits: 0 } as const]) {
            for (const shift of SHIFTS) expect(sweep(rounding, mode, signed, wordLength, shift, tally)).toBeUndefined();
          }
        }
      }
      const formats = everyMode ? 196 : 16;
      expect(tally.count).toBe(formats * SHIFTS.length * Number(LAST - FIRST + 1n));
    });
  }
});

describe('host quantiser and BigInt: wide', () => {
  it('random formats of 1 … 64 bits, fraction lengths −8 … 72, values of hundreds of bits, quotients too', () => {
    const random = new Random(20240603);
    for (let i = 0; i < (FULL ? 3_000_000 : 200_000); i++) {
      const signed = random.chance(0.6);
      const wordLength = random.integer(1, 64);
      const format = formatOf({
        signed, wordLength, fractionLength: random.integer(-8, 72), rounding: random.pick(DETERMINISTIC_ROUNDINGS), ...random.pick(overflowModes(signed, wordLength)),
      });
      const shift = random.integer(-20, 90);
      const fraction = format.fractionLength + shift;
      const divisor = random.chance(0.4) ? BigInt(random.integer(1, 1000)) : 1n;
      const start = randomStart(random, format, shift);
      const [numerator, denominator] = fraction >= 0 ? [start, divisor << BigInt(fraction)] : [start << BigInt(-fraction), divisor];
      expect(difference(numerator, denominator, format, parseFormat(format))).toBeUndefined();
    }
  });
});
