/** The host quantiser against the saturating fixed-point types of ISO/IEC TR 18037 in clang: q7, q15, q31 and their unsigned and _Accum kin. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { quantise } from '../../src/format/quantise.js';
import type { Rational } from '../../src/format/real.js';
import type { SiteFormat } from '../../src/schema/plan.js';
import { Random } from '../oracle/random.js';
import { formatOf } from './cases.js';
import { Bench, FULL, native, needTool } from './tool.js';

/** clang truncates every result towards minus infinity, a quotient too. */
const fixed = (signed: boolean, wordLength: number, fractionLength: number): SiteFormat =>
  formatOf({ signed, wordLength, fractionLength, rounding: 'TRN', overflow: 'SAT' });

const TYPES = {
  q7: fixed(true, 8, 7), q15: fixed(true, 16, 15), q31: fixed(true, 32, 31),
  uq8: fixed(false, 8, 8), uq16: fixed(false, 16, 16), uq32: fixed(false, 32, 32),
  a7: fixed(true, 16, 7), a15: fixed(true, 32, 15), a31: fixed(true, 64, 31),
};
type Type = keyof typeof TYPES;
const NAMES = Object.keys(TYPES) as Type[];

const OPERATIONS = {
  add: (a: bigint, b: bigint): Rational => ({ numerator: a + b, denominator: 1n }),
  sub: (a: bigint, b: bigint): Rational => ({ numerator: a - b, denominator: 1n }),
  mul: (a: bigint, b: bigint, f: bigint): Rational => ({ numerator: a * b, denominator: 1n << f }),
  div: (a: bigint, b: bigint, f: bigint): Rational => ({ numerator: (b < 0n ? -a : a) << f, denominator: b < 0n ? -b : b }),
} as const;
type Operation = keyof typeof OPERATIONS;

interface Case {
  readonly line: string;
  readonly raw: bigint;
}

/** An operation on two raws of a type; every exact result is in units of the last place. */
function calculation(type: Type, operation: Operation, a: bigint, b: bigint): Case {
  const format = TYPES[type];
  const { numerator, denominator } = OPERATIONS[operation](a, b, BigInt(format.fractionLength));
  return {
    line: `${type} ${operation} ${a} ${b}`,
    raw: quantise({ numerator, denominator: denominator << BigInt(format.fractionLength) }, format).raw,
  };
}

const conversion = (into: Type, from: Type, a: bigint): Case => ({
  line: `${into} convert ${from} ${a}`,
  raw: quantise({ numerator: a, denominator: 1n << BigInt(TYPES[from].fractionLength) }, TYPES[into]).raw,
});

const bench = new Bench();
afterAll(() => bench.close());

function agree(cases: readonly Case[]): void {
  const program = bench.program('fract', (path) => void bench.run('clang', ['-ffixed-point', '-O2', '-Wall', '-Wextra', '-o', path, native('fract.c')]));
  const answers = String(bench.run(program, [], `${cases.map(({ line }) => line).join('\n')}\n`)).trim().split('\n');
  expect(answers.length).toBe(cases.length);
  const wrong = cases.flatMap(({ line, raw }, i) => (answers[i] === String(raw) ? [] : [`${line}: host ${raw}, clang ${answers[i]!}`]));
  expect({ mismatches: wrong.length, first: wrong[0] }).toEqual({ mismatches: 0, first: undefined });
}

function everyRaw({ rails: [low, high] }: SiteFormat): bigint[] {
  const all: bigint[] = [];
  for (let raw = BigInt(low); raw <= BigInt(high); raw++) all.push(raw);
  return all;
}

/** A raw of a type: anywhere, close to a rail, or small. */
function someRaw(random: Random, { rails, signed, wordLength }: SiteFormat): bigint {
  const anywhere = (BigInt(random.word()) << 32n) | BigInt(random.word());
  const [low, high] = [BigInt(rails[0]), BigInt(rails[1])];
  const near = BigInt(random.integer(0, 3));
  return random.pick([
    () => (signed ? BigInt.asIntN(wordLength, anywhere) : BigInt.asUintN(wordLength, anywhere)),
    () => low + near,
    () => high - near,
    () => (signed && random.chance(0.5) ? -near : near),
  ])();
}

const operations = Object.keys(OPERATIONS) as Operation[];

describe('host quantiser and clang _Sat _Fract', () => {
  beforeEach((context) => needTool(context, 'clang -ffixed-point'));

  it.each(['q7', 'uq8'] as const)('%s: every pair of operands', (type) => {
    const every = everyRaw(TYPES[type]);
    agree(operations.flatMap((operation) => every.flatMap((a) => every.filter((b) => operation !== 'div' || b !== 0n).map((b) => calculation(type, operation, a, b)))));
  });

  it.each(NAMES)('%s: random operands', (type) => {
    const random = new Random(7);
    const cases: Case[] = [];
    for (let i = 0; i < (FULL ? 400_000 : 10_000); i++) {
      const [a, b] = [someRaw(random, TYPES[type]), someRaw(random, TYPES[type])];
      for (const operation of operations) if (operation !== 'div' || b !== 0n) cases.push(calculation(type, operation, a, b));
    }
    agree(cases);
  });

  it('conversions between all of them: every raw of 8 and 16 bits, random ones of 32 and 64', () => {
    const random = new Random(11);
    const cases: Case[] = [];
    for (const from of NAMES) {
      const raws = TYPES[from].wordLength <= 16 ? everyRaw(TYPES[from]) : Array.from({ length: FULL ? 100_000 : 5000 }, () => someRaw(random, TYPES[from]));
      for (const into of NAMES) for (const raw of raws) cases.push(conversion(into, from, raw));
    }
    agree(cases);
  });
});
