/**
 * Random streams: one per purpose, so that drawing more from one never shifts another. The generator is xoroshiro128+ (24, 16, 37);
 * its 128-bit state is a hash of purpose and seed, so that neighbouring seeds start unrelated. Defined in docs/sensors.md.
 */
import { createHash } from 'node:crypto';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** What a stream is for: inputs of a teacher, noise on its targets, labels that are flipped, initial weights, order of the rows, noise of the front end. */
export type Purpose = 'data' | 'targets' | 'flips' | 'weights' | 'order' | 'noise';

export type RandomStream = RandomGenerator;

/**
 * The stream of one purpose under a seed (an integer, 0 ≤ seed < 2^32).
 *
 * @example uniform(randomStream(42, 'weights')) // always the same number in [0, 1)
 */
export function randomStream(seed: number, purpose: Purpose): RandomStream {
  const digest = createHash('sha256').update(`qrails/1/${purpose}/${seed}`, 'ascii').digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32BE(offset)));
}

/** k / 2^53 in [0, 1), k a 53-bit integer: the upper 26 bits of one draw above the upper 27 bits of the next. Exact. */
export function uniform(stream: RandomStream): number {
  const high = stream.next() >>> 6;
  const low = stream.next() >>> 5;
  return (high * 2 ** 27 + low) / 2 ** 53;
}

/** An integer 0 ≤ j < bound, every one equally likely; 2 ≤ bound ≤ 2^32. Draws as many upper bits as bound − 1 has until they are below it. */
export function below(stream: RandomStream, bound: number): number {
  const shift = Math.clz32(bound - 1);
  for (;;) {
    const candidate = stream.next() >>> shift;
    if (candidate < bound) return candidate;
  }
}
