/** Counter-based random bits of the stochastic rounding modes. docs/numerics.md §2.1. */

const G = 0x9e3779b97f4a7c15n;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** SplitMix64's finaliser. */
function mix(z: bigint): bigint {
  z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/** 32-bit FNV-1a hash of a site's key: what tells the streams of sites apart. */
export function siteStream(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Word k (0 or 1) of the 128 random bits of one quantisation. */
export type RandomWords = (k: 0 | 1) => bigint;

/** The random bits of quantisation `index` of an element of a site in a step. `seed` up to 2^32 − 1. */
export function randomWords(seed: number, step: number, site: number, element: number, index = 0): RandomWords {
  const place = mix(u64(G * BigInt(seed + 1) + BigInt(step)));
  const here = mix(u64(place + G * ((BigInt(site) << 32n) + BigInt(element))));
  return (k) => mix(u64(here + G * BigInt(2 * index + k + 1)));
}
