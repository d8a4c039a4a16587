/** Counter-based random bits of the stochastic modes. docs/numerics.md §2.1. */
import * as abi from '../abi';

const G: u64 = 0x9e3779b97f4a7c15;

/** Words 0 and 1 of the last draw. */
export let randomHigh: u64 = 0;
export let randomLow: u64 = 0;

/** Hash of seed and step, made once a step. */
let place: u64 = 0;
export function seedStep(seed: i64, step: i64): void {
  place = mix(G * <u64>(seed + 1) + <u64>step);
}

/** SplitMix64's finaliser. */
function mix(z: u64): u64 {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** Draws the bits of quantisation `index` of an element of a site in this step. */
export function draw(site: usize, element: i32, index: i32): void {
  const here = mix(place + G * ((load<u64>(site, abi.SITE_STREAM) << 32) + <u64>element));
  randomHigh = mix(here + G * (<u64>(2 * <i64>index) + 1));
  randomLow = mix(here + G * (<u64>(2 * <i64>index) + 2));
}
