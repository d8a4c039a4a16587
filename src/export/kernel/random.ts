/** Random bits of the stochastic modes in C. docs/numerics.md §2.1. */
import type { Helper } from './helpers.js';

/** Golden ratio constant of SplitMix64. */
const G = 0x9e3779b97f4a7c15n;

/** G·(seed + 1), what a step's number is added to. */
export const seedWord = (seed: number): bigint => BigInt.asUintN(64, G * BigInt(seed + 1));

export const RANDOM_HELPERS: readonly Helper[] = [
  {
    name: 'mix',
    text: `/* the finaliser of SplitMix64, modulo 2^64 */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}`,
  },
  {
    name: 'random_word',
    text: `/*
 * word k of the random bits of quantisation \`index\` of an element of a site (its FNV-1a hash) in this step; numerics.md section 2.1
 */
static uint64_t random_word(uint64_t step_hash, uint64_t site, uint32_t element, uint32_t index, unsigned k)
{
    const uint64_t golden = UINT64_C(0x${G.toString(16)});
    const uint64_t here = mix(step_hash + golden * ((site << 32) + element));
    return mix(here + golden * (2 * (uint64_t)index + k + 1));
}`,
  },
  {
    name: 'random_wide',
    text: `/* the n top bits of words 0 and 1 as one number, 64 <= n <= 127 */
static wide random_wide(uint64_t word0, uint64_t word1, unsigned n)
{
    wide w;
    w.low = n == 64 ? word0 : (word0 << (n - 64U)) | (word1 >> (128U - n));
    w.high = n == 64 ? 0 : word0 >> (128U - n);
    return w;
}`,
  },
];
