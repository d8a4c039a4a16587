/** Permutations that are computed, not kept: what a Latin hypercube shuffles its strata with. docs/sweep.md. */
import { createHash } from 'node:crypto';

/** Rounds of the Feistel network, each with a 32-bit key. */
const ROUNDS = 8;

/** MurmurHash3's 32-bit finaliser. */
function mix(value: number): number {
  let z = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/**
 * A permutation of 0 … size − 1, chosen by a key. It holds no table: an entry costs the same whatever the size.
 *
 * Indices are split into an upper and a lower half of equally many bits, just enough to hold size − 1. Each round replaces (upper, lower) by
 * (lower, upper ⊕ low bits of mix(lower ⊕ key of the round)), which can be undone and so permutes all such pairs; a result past the end is
 * permuted again until it is below `size` (cycle walking: fewer than four times on average). The keys are the eight big-endian words of the
 * SHA-256 of `key`, `mix` is the 32-bit finaliser of MurmurHash3.
 *
 * @param size 1 … 2^52
 * @example const shuffled = permutation(1e12, 'mine'); shuffled(0) // one of 0 … 10^12 − 1, the same on every machine
 * @see J. Black, P. Rogaway: Ciphers with arbitrary finite domains, CT-RSA 2002, methods 2 and 3
 */
export function permutation(size: number, key: string): (index: number) => number {
  if (size === 1) return () => 0;
  const digest = createHash('sha256').update(key, 'utf8').digest();
  const keys = Array.from({ length: ROUNDS }, (_, round) => digest.readUInt32BE(4 * round));
  let half = 1; // 2 to the bits of a half; no shifts, for both halves together may have more than 32 bits
  while (half * half < size) half *= 2;
  return (index) => {
    let at = index;
    do {
      let lower = at % half;
      let upper = (at - lower) / half;
      for (const round of keys) [upper, lower] = [lower, (upper ^ (mix(lower ^ round) & (half - 1))) >>> 0];
      at = upper * half + lower;
    } while (at >= size);
    return at;
  };
}
