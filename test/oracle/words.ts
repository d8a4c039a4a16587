/** Random words of docs/numerics.md §2.1, written from that page alone: a function of where a value is quantised, not of what came before. */

const GOLDEN = 0x9e3779b97f4a7c15n;
const low64 = (n: bigint): bigint => BigInt.asUintN(64, n);

/** The 32-bit FNV-1a hash of an ASCII text. */
export function fnv1a(text: string): bigint {
  let hash = 0x811c9dc5n;
  for (const character of text) hash = BigInt.asUintN(32, (hash ^ BigInt(character.charCodeAt(0))) * 0x01000193n);
  return hash;
}

/** The finaliser of SplitMix64. */
export function mix(z: bigint): bigint {
  const first = low64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  const second = low64((first ^ (first >> 27n)) * 0x94d049bb133111ebn);
  return second ^ (second >> 31n);
}

/** Where a value is quantised: `index` tells the quantisations of one element in one step apart. */
export interface Place {
  readonly seed: number;
  readonly step: number;
  /** `fnv1a` of the site's key. */
  readonly site: bigint;
  readonly element: number;
  readonly index: number;
}

/** word(seed, step, site, element, index, k): 64 bits. */
export function word({ seed, step, site, element, index }: Place, k: 0 | 1): bigint {
  const ofStep = mix(low64(GOLDEN * BigInt(seed + 1) + BigInt(step)));
  const ofElement = mix(low64(ofStep + GOLDEN * ((site << 32n) + BigInt(element))));
  return mix(low64(ofElement + GOLDEN * BigInt(2 * index + k + 1)));
}
