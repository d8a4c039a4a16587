/** Runs of values through one format, as the native programs read them, and their comparison with the host. */
import type { Overflow, Rounding } from '../../src/format/modes.js';
import { OVERFLOW } from '../../src/format/modes.js';
import { quantise, siteFormat } from '../../src/format/quantise.js';
import type { SiteFormat } from '../../src/schema/plan.js';
import type { Random } from '../oracle/random.js';

/** The values (first + i)·2^−fraction, i = 0 … count − 1, into one format. */
export interface Run {
  readonly format: SiteFormat;
  readonly first: bigint;
  readonly count: number;
  readonly fraction: number;
}

/** What SystemC has. */
export const SYSTEMC_ROUNDINGS = ['TRN', 'TRN_ZERO', 'RND', 'RND_ZERO', 'RND_INF', 'RND_MIN_INF', 'RND_CONV'] as const satisfies readonly Rounding[];
export const SYSTEMC_OVERFLOWS = ['SAT', 'SAT_ZERO', 'SAT_SYM', 'WRAP', 'WRAP_SM'] as const satisfies readonly Overflow[];

/** Overflow modes of a signed or unsigned word with each number of saturated bits up to `most`: WRAP_SM is for signed words only. */
export function* overflowModes(signed: boolean, most: number): Generator<{ overflow: (typeof SYSTEMC_OVERFLOWS)[number]; saturatedBits: number }> {
  for (const overflow of SYSTEMC_OVERFLOWS) {
    if (overflow === 'WRAP_SM' && !signed) continue;
    for (let saturatedBits = 0; saturatedBits <= (OVERFLOW[overflow].saturatedBits ? most : 0); saturatedBits++) yield { overflow, saturatedBits };
  }
}

/** The line of a run that test/oracles/native/quantise.cpp reads. */
export function lineOf({ format: { signed, wordLength, fractionLength, rounding, overflow, saturatedBits = 0 }, first, count, fraction }: Run): string {
  return `${signed ? 's' : 'u'} ${wordLength} ${fractionLength} ${rounding} ${overflow} ${saturatedBits} ${first} ${count} ${fraction}\n`;
}

export const formatOf = (format: Omit<SiteFormat, 'rails'>): SiteFormat => siteFormat(format);

/** A value with `shift` more fraction bits than the format: anywhere up to 300 bits, about as wide as the word, at its rails, on ties, powers of two. */
export function randomStart(random: Random, format: SiteFormat, shift: number): bigint {
  const place = 1n << BigInt(Math.max(shift, 0));
  const sign = random.chance(0.5) ? 1n : -1n;
  const bits = (count: number): bigint => {
    let value = 0n;
    for (let have = 0; have < count; have += 32) value = (value << 32n) | BigInt(random.word());
    return BigInt.asUintN(Math.max(count, 1), value);
  };
  return random.pick([
    () => sign * bits(random.integer(1, 300)),
    () => sign * bits(format.wordLength + Math.max(shift, 0) + random.integer(-2, 3)),
    () => (BigInt(random.pick(format.rails)) * 2n + BigInt(random.integer(-3, 3))) * (place / 2n),
    () => (BigInt(random.integer(-40, 40)) * place) / 2n,
    () => sign << BigInt(random.integer(0, 200)),
  ])();
}

export interface Answer {
  readonly raw: bigint;
  /** Absent where the oracle does not say. */
  readonly overflow?: boolean;
}

/** What the host makes of value i of a run. */
function hostOf({ format, first, fraction }: Run, i: number): Required<Answer> {
  const n = first + BigInt(i);
  const { raw, overflow } = quantise(fraction >= 0 ? { numerator: n, denominator: 1n << BigInt(fraction) } : { numerator: n << BigInt(-fraction), denominator: 1n }, format);
  return { raw, overflow: overflow !== 0 };
}

export interface Comparison {
  compared: number;
  mismatches: number;
  /** The first mismatch with all its operands. */
  first: string | undefined;
}

/** Compares every value of the runs with what `who` answered: its answer number `at`, counted over all runs. */
export function compareRuns(runs: Iterable<Run>, answer: (at: number, format: SiteFormat) => Answer, who: string): Comparison {
  const result: Comparison = { compared: 0, mismatches: 0, first: undefined };
  const print = ({ raw, overflow }: Answer): string => `${raw}${overflow === true ? ' (overflow)' : ''}`;
  for (const run of runs) {
    for (let i = 0; i < run.count; i++) {
      const host = hostOf(run, i);
      const other = answer(result.compared++, run.format);
      if (host.raw === other.raw && (other.overflow ?? host.overflow) === host.overflow) continue;
      result.mismatches++;
      result.first ??= `${run.first + BigInt(i)}·2^${-run.fraction} into ${JSON.stringify(run.format)}: host ${print(host)}, ${who} ${print(other)}`;
    }
  }
  return result;
}
