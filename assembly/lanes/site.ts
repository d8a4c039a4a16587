/**
 * Four words side by side: how a site rounds and what it counts, where the host has proved that no exact value leaves 31 bits (src/core/lanes.ts).
 * A group with a value near a rail or beyond is left to the text for single values, so what lanes count is neither.
 */
import * as abi from '../abi';

/** Values in a group. */
export const LANES: i32 = 4;

/** Rounding by one addend: TRN and RND. */
@unmanaged
export class OneAddend {
  @inline round(x: v128, site: usize): v128 {
    return i32x4.shr_s(i32x4.add(x, v128.load_splat<i32>(site, abi.SITE_LANE_BASE)), load<i32>(site, abi.SITE_SHIFT));
  }
}

/** Rounding by all three addends; see `round` of fixed/quantise.ts. */
@unmanaged
export class ThreeAddends {
  @inline round(x: v128, site: usize): v128 {
    const shift = load<i32>(site, abi.SITE_SHIFT);
    const even = v128.and(i32x4.shr_s(x, shift), v128.load_splat<i32>(site, abi.SITE_LANE_LSB));
    const sign = v128.and(i32x4.shr_s(x, 31), v128.load_splat<i32>(site, abi.SITE_LANE_SIGN));
    return i32x4.shr_s(i32x4.add(i32x4.add(x, v128.load_splat<i32>(site, abi.SITE_LANE_BASE)), i32x4.add(even, sign)), shift);
  }
}

/** −1 in every lane that underflowed: something became zero. */
@inline
export function underflowed(raw: v128, x: v128): v128 {
  const zero = i32x4.splat(0);
  return v128.andnot(i32x4.eq(raw, zero), i32x4.eq(x, zero));
}

/** Whether any of the values between these is near a rail of the site or beyond. */
@inline
export function atEdge(least: v128, most: v128, site: usize): bool {
  return v128.any_true(v128.or(
    i32x4.le_s(least, v128.load_splat<i32>(site, abi.SITE_LANE_LOW)), i32x4.ge_s(most, v128.load_splat<i32>(site, abi.SITE_LANE_HIGH)),
  ));
}

@inline
export function leastOf(v: v128): i32 {
  return min(min(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1)), min(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

@inline
export function mostOf(v: v128): i32 {
  return max(max(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1)), max(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

/** Adds what lanes saw: range, and underflows as a sum of −1. Nothing if `least` is above `most`. */
@inline
export function tally(site: usize, least: v128, most: v128, underflows: v128): void {
  const low = <i64>leastOf(least), high = <i64>mostOf(most);
  if (low < load<i64>(site, abi.SITE_MIN)) store<i64>(site, low, abi.SITE_MIN);
  if (high > load<i64>(site, abi.SITE_MAX)) store<i64>(site, high, abi.SITE_MAX);
  const pairs = i32x4.add(underflows, i32x4.shuffle(underflows, underflows, 2, 3, 0, 1));
  store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) - <i64>(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1)), abi.SITE_UNDERFLOW);
}
