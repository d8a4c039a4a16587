/** The host quantiser against resize() of IEEE fixed_pkg under GHDL: saturate and wrap, truncate and round (half to even). */
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../oracle/random.js';
import { compareRuns, formatOf, randomStart, type Run } from './cases.js';
import { Bench, FULL, native, needTool } from './tool.js';

const ROUNDINGS = ['TRN', 'RND_CONV'] as const;
const OVERFLOWS = ['SAT', 'WRAP'] as const;

/** Values a word of `bits` bits holds. */
interface Words extends Run {
  readonly bits: number;
}

const bench = new Bench();
afterAll(() => bench.close());

/** The bits of every result, as text. */
function ghdl(runs: readonly Words[]): string[] {
  const args = ['--std=08', `--workdir=${bench.dir}`];
  bench.program('resizing', () => void bench.run('ghdl', ['-a', ...args, native('resize.vhd')]));
  const lines = runs.map(({ format: { signed, wordLength, fractionLength, rounding, overflow }, first, count, fraction, bits: own }) => {
    // resize() does not round a word that lies wholly below the last place of its result: signs or zeros in front of it, up to that place
    const length = Math.max(own, fraction - fractionLength + 1);
    const bits = BigInt.asUintN(length, first).toString(2).padStart(length, '0');
    return `${signed ? 's' : 'u'} ${wordLength} ${fractionLength} ${rounding} ${overflow} ${length} ${count} ${fraction} ${bits}\n`;
  });
  return String(bench.run('ghdl', ['-r', ...args, 'resizing'], lines.join(''))).trim().split('\n');
}

function agree(runs: readonly Words[]): number {
  const answers = ghdl(runs);
  const result = compareRuns(runs, (at, { signed, wordLength }) => {
    const bits = BigInt(`0b${answers[at]!}`);
    return { raw: signed ? BigInt.asIntN(wordLength, bits) : bits };
  }, 'GHDL');
  expect(result).toEqual({ compared: answers.length, mismatches: 0, first: undefined });
  return result.compared;
}

const modes = ROUNDINGS.flatMap((rounding) => OVERFLOWS.map((overflow) => ({ rounding, overflow })));

describe('host quantiser and IEEE fixed_pkg', () => {
  it('8-bit into 1 … 7 bits: every value and shift, every pair of modes', (context) => {
    needTool(context, 'ghdl');
    const runs: Words[] = [];
    for (const signed of [true, false]) {
      for (let wordLength = 1; wordLength <= 7; wordLength++) {
        for (let shift = -7; shift <= 9; shift++) {
          const fractionLength = wordLength - 3;
          for (const mode of modes) {
            runs.push({ format: formatOf({ signed, wordLength, fractionLength, ...mode }), first: signed ? -128n : 0n, count: 256, fraction: fractionLength + shift, bits: 8 });
          }
        }
      }
    }
    agree(runs);
  });

  it('random formats of 1 … 64 bits, values of hundreds of bits', (context) => {
    needTool(context, 'ghdl');
    const random = new Random(20240602);
    const runs = Array.from({ length: FULL ? 100_000 : 10_000 }, (): Words => {
      const format = formatOf({ signed: random.chance(0.6), wordLength: random.integer(1, 64), fractionLength: random.integer(-8, 72), ...random.pick(modes) });
      const shift = random.integer(-20, 90);
      const count = random.integer(1, 5);
      const first = randomStart(random, format, shift) - BigInt(count >> 1);
      const own = format.signed || first >= 0n ? first : -first;
      const longest = Math.max(...[own, own + BigInt(count)].map((n) => n.toString(2).replace('-', '').length));
      return { format, first: own, count, fraction: format.fractionLength + shift, bits: longest + 1 };
    });
    expect(agree(runs)).toBeGreaterThan(20_000);
  });
});
