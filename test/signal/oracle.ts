/** What docs/sensors.md says, written down a second time and slowly. Shares nothing with the product but the table of normal quantiles. */
import { createHash } from 'node:crypto';
import { NORMAL_TABLE } from '../../src/signal/normal.js';

/** Draws as unsigned 32-bit integers. */
export function xoroshiro(purpose: string, seed: number): () => number {
  const digest = createHash('sha256').update(`qrails/1/${purpose}/${seed}`).digest();
  let [s0, s1] = [digest.readBigUInt64BE(0), digest.readBigUInt64BE(8)];
  const word = (x: bigint) => BigInt.asUintN(64, x);
  const rotate = (x: bigint, k: bigint) => word((x << k) | (x >> (64n - k)));
  return () => {
    const draw = Number((s0 + s1) & 0xffffffffn);
    s1 ^= s0;
    s0 = rotate(s0, 24n) ^ s1 ^ word(s1 << 16n);
    s1 = rotate(s1, 37n);
    return draw;
  };
}

export const oracleNormal = (draw: number): number => NORMAL_TABLE[Math.floor(draw / 2 ** 20)]!;

/** One pass of rows in shuffled order. */
export function shuffledPass(rows: number, draw: () => number): number[] {
  const pass = Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const bits = i.toString(2).length;
    let j: number;
    do j = Math.floor(draw() / 2 ** (32 - bits));
    while (j > i);
    [pass[i], pass[j]] = [pass[j]!, pass[i]!];
  }
  return pass;
}

/** Exact rational with a power-of-two denominator. */
interface Dyadic {
  readonly numerator: bigint;
  readonly exponent: number;
}

export function exact(x: number): Dyadic {
  let exponent = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    exponent++;
  }
  return { numerator: BigInt(x), exponent };
}

/** numerics §2 in exact arithmetic for an lsb that is a power of two: raw code of v, saturated. */
export function quantise(v: number, fraction: number, rounding: string, first: bigint, last: bigint): number {
  const { numerator, exponent } = exact(v);
  // v·2^fraction = scaled / denominator
  const shift = BigInt(Math.abs(fraction));
  const scaled = fraction >= 0 ? numerator << shift : numerator;
  const denominator = (1n << BigInt(exponent)) << (fraction >= 0 ? 0n : shift);
  let q = scaled / denominator;
  if (q * denominator > scaled) q--;
  const twice = 2n * (scaled - q * denominator);
  const up =
    rounding === 'TRN_ZERO' ? numerator < 0n && twice > 0n
    : rounding === 'RND' ? twice >= denominator
    : rounding === 'RND_CONV' ? twice > denominator || (twice === denominator && q % 2n !== 0n)
    : false;
  if (up) q++;
  return Number(q < first ? first : q > last ? last : q);
}
