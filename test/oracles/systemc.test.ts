/** The host quantiser against SystemC's sc_fix: 7 roundings × 5 overflow modes, words up to 64 bits. */
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../oracle/random.js';
import { compareRuns, formatOf, lineOf, overflowModes, randomStart, SYSTEMC_ROUNDINGS, type Run } from './cases.js';
import { Bench, FULL, needTool } from './tool.js';

const bench = new Bench();
afterAll(() => bench.close());

/** Nine bytes for each value: the 64-bit raw, then whether it overflowed. */
function agree(runs: readonly Run[]): number {
  const answers = bench.run(bench.systemc('quantise.cpp'), [], runs.map(lineOf).join(''));
  const result = compareRuns(runs, (at, { signed }) => ({
    raw: signed ? answers.readBigInt64LE(9 * at) : answers.readBigUInt64LE(9 * at),
    overflow: answers[9 * at + 8] === 1,
  }), 'SystemC');
  expect(result).toEqual({ compared: answers.length / 9, mismatches: 0, first: undefined });
  return result.compared;
}

/** Every pair of modes on every value of a 12-bit source with `fraction` more fraction bits than the 5-bit target. */
function exhaustive(fraction: number, from: boolean, into: boolean): Run[] {
  const fractionLength = 3;
  return SYSTEMC_ROUNDINGS.flatMap((rounding) =>
    [...overflowModes(into, 2)].map((mode) => ({
      format: formatOf({ signed: into, wordLength: 5, fractionLength, rounding, ...mode }),
      first: from ? -2048n : 0n,
      count: 4096,
      fraction: fractionLength + fraction,
    })),
  );
}

function randomRun(random: Random): Run {
  const signed = random.chance(0.6);
  const wordLength = random.integer(1, 64);
  const { overflow, saturatedBits } = random.pick([...overflowModes(signed, wordLength)]);
  const format = formatOf({
    signed, wordLength, fractionLength: random.integer(-8, 72), rounding: random.pick(SYSTEMC_ROUNDINGS), overflow,
    saturatedBits: saturatedBits > 2 && random.chance(0.5) ? random.integer(0, 2) : saturatedBits,
  });
  const shift = random.chance(0.15) ? random.integer(-20, 0) : random.integer(1, random.chance(0.2) ? 300 : 70);
  const count = random.integer(1, 5);
  return { format, first: randomStart(random, format, shift) - BigInt(count >> 1), count, fraction: format.fractionLength + shift };
}

describe('host quantiser and SystemC', () => {
  for (const from of [true, false]) {
    for (const into of [true, false]) {
      it(`12-bit ${from ? 'signed' : 'unsigned'} into 5-bit ${into ? 'signed' : 'unsigned'}: every value and shift, every pair of modes, n = 0, 1, 2`, (context) => {
        needTool(context, 'SystemC');
        const pairs = SYSTEMC_ROUNDINGS.length * (into ? 9 : 6);
        for (let fraction = -3; fraction <= 13; fraction++) {
          expect(agree(exhaustive(fraction, from, into))).toBe(pairs * 4096);
        }
      });
    }
  }

  it('every n up to the word length: 9-bit into 1 … 6 bits', (context) => {
    needTool(context, 'SystemC');
    const runs: Run[] = [];
    for (const signed of [true, false]) {
      for (let wordLength = 1; wordLength <= 6; wordLength++) {
        for (const mode of overflowModes(signed, wordLength)) {
          for (const rounding of SYSTEMC_ROUNDINGS) {
            runs.push({ format: formatOf({ signed, wordLength, fractionLength: -1, rounding, ...mode }), first: -256n, count: 768, fraction: 1 });
          }
        }
      }
    }
    agree(runs);
  });

  it('random formats of 1 … 64 bits, fraction lengths −8 … 72, values of hundreds of bits', (context) => {
    needTool(context, 'SystemC');
    const random = new Random(20240601);
    const compared = agree(Array.from({ length: FULL ? 1_000_000 : 150_000 }, () => randomRun(random)));
    expect(compared).toBeGreaterThan(400_000);
  });
});
