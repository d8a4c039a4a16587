/** Random walks: moves up and down counted in integers, so that a place depends on seed, walk, channel and number of moves alone. */
import { randomWords, siteStream } from '../format/random.js';

/** Moves one random word decides. */
const MOVES = 32;

/** How many of the bits `from` … `to` − 1 of a word are set. */
function ones(word: number, from: number, to: number): number {
  let sum = 0;
  for (let bit = from; bit < to; bit++) sum += (word >>> bit) & 1;
  return sum;
}

export interface Walk {
  /** Moves up less moves down among the first `moves` (≥ 0) of the entry `index` of the channels. Quick where `moves` rises from call to call. */
  at(moves: number, index: number): number;
}

/**
 * The walks of one entry of a sensor, one for each channel: move j goes up if bit j mod 32 of the upper half of the random word of step
 * ⌊j / 32⌋ is set, else down (docs/numerics.md §2.1, site = `key`, element = channel).
 *
 * @param key what tells the entry from others: `sensor.gain[0]`
 */
export function createWalk(seed: number, key: string, channels: ArrayLike<number>): Walk {
  const site = siteStream(key);
  const moved = new Float64Array(channels.length);
  const place = new Float64Array(channels.length);
  const word = new Uint32Array(channels.length);
  const wordOf = new Float64Array(channels.length).fill(-1);

  return {
    at(moves, index) {
      if (moves < moved[index]!) moved[index] = place[index] = 0;
      for (let from = moved[index]!; from < moves;) {
        const block = Math.floor(from / MOVES);
        if (wordOf[index] !== block) {
          word[index] = Number(randomWords(seed, block, site, channels[index]!)(0) >> 32n);
          wordOf[index] = block;
        }
        const start = block * MOVES;
        const to = Math.min(moves, start + MOVES);
        place[index]! += 2 * ones(word[index]!, from - start, to - start) - (to - from);
        from = moved[index] = to;
      }
      return place[index]!;
    },
  };
}
