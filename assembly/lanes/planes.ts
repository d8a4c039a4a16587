/**
 * The histogram of a site's values side by side, 128 at a time. How many magnitudes are longer than k bits is, once the bits right of each highest one are
 * filled with ones, how many have a one in place k: a positional population count, with carry-save adders after Harley and Seal that take sixteen vectors at
 * a time (Muła, Kurz, Lemire, "Faster population counts using AVX2 instructions", 2018; Klarqvist, Muła, Lemire, "Efficient computation of positional
 * population counts using SIMD instructions", 2021). Bit i of plane j is bit j of the count of place i, so nothing waits for memory, whatever bin values fall in.
 *
 * A place is one of 16 bits in one of eight lanes. Magnitudes of more bits are all ones there, and the rest of them is counted on levels of their own, for
 * bits 16–30, 31–46 and 47–61, if any magnitude of the 128 has so many. A log holds what does not make a block of 128 yet, whatever groups it came in.
 */
import * as abi from '../abi';

/** Bytes of a block of 128. */
const BLOCK: usize = 16 * abi.LANE_BLOCK;
/** Blocks that the planes of a level hold. */
const MOST_BLOCKS: i32 = (1 << abi.PLANE_PAIRS) - 1;

/** Where a site packs magnitudes of 64 bits; and where it puts magnitudes aside, behind all levels. */
@inline
function packedOf(site: usize): usize {
  return <usize>load<i32>(site, abi.SITE_LANE_PLANES) + abi.PLANE_LEVELS * abi.PLANES_SIZE;
}
@inline
function logOf(site: usize): usize {
  return packedOf(site) + BLOCK;
}

/** Where the log of a site is long enough to count a block. */
@inline
export function logEnd<L>(site: usize): usize {
  return logOf(site) + (changetype<L>(0).size() == 2 ? 2 * BLOCK : BLOCK);
}

/** Empties the log of a site that has one. */
export function beginCount(site: usize): void {
  store<i32>(site, <i32>logOf(site), abi.SITE_LANE_LOGGED);
}

/** What lies before `to` stays in the log until it makes a block, which is counted; where the log goes on. */
@inline
export function commit<L>(site: usize, to: usize, end: usize): usize {
  return to < end ? to : changetype<L>(0).size() == 2 ? countLongs(site, to) : countWords(site, to);
}

/** Counts whole blocks, the last first, so that the rest stays where it is. */
function countWords(site: usize, to: usize): usize {
  const log = logOf(site), planes = <usize>load<i32>(site, abi.SITE_LANE_PLANES);
  while (to - log >= BLOCK) {
    to -= BLOCK;
    countBlock(planes, to);
    makeRoom(site);
  }
  return to;
}

/** The same of magnitudes of 64 bits: 31 bits, all ones where there are more, and the bits above. */
function countLongs(site: usize, to: usize): usize {
  const log = logOf(site), packed = packedOf(site), planes = <usize>load<i32>(site, abi.SITE_LANE_PLANES);
  while (to - log >= 2 * BLOCK) {
    to -= 2 * BLOCK;
    let seen = i64x2.splat(0);
    for (let at: usize = 0; at < BLOCK; at += 16) {
      const a = v128.load(to + 2 * at), b = v128.load(to + 2 * at, 16);
      const low = i32x4.shuffle(a, b, 0, 2, 4, 6), high = i32x4.shuffle(a, b, 1, 3, 5, 7);
      seen = v128.or(seen, v128.or(a, b));
      v128.store(packed + at, i32x4.min_u(v128.or(low, i32x4.gt_s(high, i32x4.splat(0))), i32x4.splat(i32.MAX_VALUE)));
    }
    countBlock(planes, packed);
    if (v128.any_true(i64x2.shr_u(seen, 31))) {
      for (let at: usize = 0; at < BLOCK; at += 16) {
        const a = i64x2.shr_u(v128.load(to + 2 * at), 31), b = i64x2.shr_u(v128.load(to + 2 * at, 16), 31);
        v128.store(packed + at, i32x4.shuffle(a, b, 0, 2, 4, 6));
      }
      countBlock(planes + 2 * abi.PLANES_SIZE, packed);
    }
    makeRoom(site);
  }
  return to;
}

/** All that was counted joins the site's histogram; zeros fill up the last block. */
export function endCount<L>(site: usize): void {
  const log = logOf(site), end = logEnd<L>(site);
  const to = <usize>load<i32>(site, abi.SITE_LANE_LOGGED);
  let zeros: usize = 0;
  if (to > log) {
    zeros = end - to;
    memory.fill(to, 0, zeros);
    commit<L>(site, end, end);
  }
  fold(site, <i64>(zeros >> 4) * <i64>changetype<L>(0).size());
}

/** Counts a block of magnitudes of 31 bits on a level, and where there are any of more than 16 on the next. */
function countBlock(level: usize, from: usize): void {
  if (addLow(level, from)) addHigh(level + abi.PLANES_SIZE, from);
}

/** The first level has the most blocks. */
@inline
function makeRoom(site: usize): void {
  if (load<i32>(<usize>load<i32>(site, abi.SITE_LANE_PLANES), abi.PLANES_BLOCKS) == MOST_BLOCKS) fold(site, 0);
}

function addLow(level: usize, from: usize): bool {
  return add(level, from, 0);
}
function addHigh(level: usize, from: usize): void {
  add(level, from, 16);
}

/** Two vectors as one of 16 bits from bit `shift` on, all ones right of the highest. */
@inline
function filled(a: v128, b: v128, shift: i32): v128 {
  if (shift) {
    a = i32x4.shr_u(a, shift);
    b = i32x4.shr_u(b, shift);
  }
  let x = i16x8.narrow_i32x4_u(a, b);
  x = v128.or(x, i16x8.shr_u(x, 1));
  x = v128.or(x, i16x8.shr_u(x, 2));
  x = v128.or(x, i16x8.shr_u(x, 4));
  return v128.or(x, i16x8.shr_u(x, 8));
}

/** Both digits of a + b + c, place by place. */
@inline
function sum(a: v128, b: v128, c: v128): v128 {
  return v128.xor(v128.xor(a, b), c);
}
@inline
function carry(a: v128, b: v128, c: v128): v128 {
  return v128.or(v128.and(a, b), v128.and(v128.xor(a, b), c));
}

/** Adds a block to a level; whether any magnitude may go on in the next. */
@inline
function add(level: usize, from: usize, shift: i32): bool {
  let ones = v128.load(level, abi.PLANES_ONES), twos = v128.load(level, abi.PLANES_TWOS), fours = v128.load(level, abi.PLANES_FOURS);
  const eights = v128.load(level, abi.PLANES_EIGHTS);
  let seen = i32x4.splat(0), held = seen, carried = seen;
  for (const end = from + BLOCK; from < end; from += BLOCK / 2) {
    let a = filled(v128.load(from), v128.load(from, 16), shift), b = filled(v128.load(from, 32), v128.load(from, 48), shift);
    seen = v128.or(seen, v128.or(a, b));
    let twosA = carry(ones, a, b);
    ones = sum(ones, a, b);
    a = filled(v128.load(from, 64), v128.load(from, 80), shift);
    b = filled(v128.load(from, 96), v128.load(from, 112), shift);
    seen = v128.or(seen, v128.or(a, b));
    let twosB = carry(ones, a, b);
    ones = sum(ones, a, b);
    const foursA = carry(twos, twosA, twosB);
    twos = sum(twos, twosA, twosB);
    a = filled(v128.load(from, 128), v128.load(from, 144), shift);
    b = filled(v128.load(from, 160), v128.load(from, 176), shift);
    seen = v128.or(seen, v128.or(a, b));
    twosA = carry(ones, a, b);
    ones = sum(ones, a, b);
    a = filled(v128.load(from, 192), v128.load(from, 208), shift);
    b = filled(v128.load(from, 224), v128.load(from, 240), shift);
    seen = v128.or(seen, v128.or(a, b));
    twosB = carry(ones, a, b);
    ones = sum(ones, a, b);
    const foursB = carry(twos, twosA, twosB);
    twos = sum(twos, twosA, twosB);
    held = carried;
    carried = carry(fours, foursA, foursB);
    fours = sum(fours, foursA, foursB);
  }
  v128.store(level, ones, abi.PLANES_ONES);
  v128.store(level, twos, abi.PLANES_TWOS);
  v128.store(level, fours, abi.PLANES_FOURS);
  v128.store(level, sum(eights, held, carried), abi.PLANES_EIGHTS);
  addSixteens(level, carry(eights, held, carried));
  return v128.any_true(v128.and(seen, i16x8.splat(<i16>0x8000)));
}

/** Every higher plane lets one addend wait for the next, so that of two blocks one goes on to the plane above. */
@inline
function addSixteens(level: usize, sixteens: v128): void {
  const blocks = load<i32>(level, abi.PLANES_BLOCKS);
  let pair = level + abi.PLANES_PAIRS;
  for (let digits = blocks; digits & 1; digits >>= 1) {
    const plane = v128.load(pair), waiting = v128.load(pair, 16);
    v128.store(pair, sum(plane, waiting, sixteens));
    sixteens = carry(plane, waiting, sixteens);
    pair += 32;
  }
  v128.store(pair, sixteens, 16);
  store<i32>(level, blocks + 1, abi.PLANES_BLOCKS);
}

/** Adds all that was counted, less so many zeros, to the site's histogram, which has a bin for each number of leading zeros. */
function fold(site: usize, zeros: i64): void {
  const planes = <usize>load<i32>(site, abi.SITE_LANE_PLANES);
  let longer = (<i64>load<i32>(planes, abi.PLANES_BLOCKS) << 7) - zeros;
  for (let bits = 0; longer; bits++) {
    const all = longer, bin = site + (<usize>(64 - bits) << 3);
    const place = bits < 31 ? bits : bits + 1; // levels are of 16 and of 15 bits in turn
    longer = countOf(planes + <usize>(place >> 4) * abi.PLANES_SIZE, <i64>0x0001000100010001 << <i64>(place & 15));
    store<i64>(bin, load<i64>(bin, abi.SITE_HISTOGRAM) + all - longer, abi.SITE_HISTOGRAM);
  }
  for (let level = planes; level < planes + abi.PLANE_LEVELS * abi.PLANES_SIZE; level += abi.PLANES_SIZE) {
    if (load<i32>(level, abi.PLANES_BLOCKS)) memory.fill(level, 0, abi.PLANES_SIZE);
  }
}

/** What a level has counted in some places. */
function countOf(level: usize, places: i64): i64 {
  let count = ones(level + abi.PLANES_ONES, places) + (ones(level + abi.PLANES_TWOS, places) << 1) + (ones(level + abi.PLANES_FOURS, places) << 2) + (ones(level + abi.PLANES_EIGHTS, places) << 3);
  let pair = level + abi.PLANES_PAIRS, weight: i64 = 4;
  for (let digits = load<i32>(level, abi.PLANES_BLOCKS); digits; digits >>= 1) {
    count += ones(pair, places) << weight;
    if (digits & 1) count += ones(pair + 16, places) << weight;
    pair += 32;
    weight++;
  }
  return count;
}

@inline
function ones(plane: usize, places: i64): i64 {
  return popcnt(load<i64>(plane) & places) + popcnt(load<i64>(plane, 8) & places);
}
