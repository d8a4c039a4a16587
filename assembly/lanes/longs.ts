/** Two values side by side as words of 64 bits: exact values up to 61 bits (src/core/lanes.ts). Products are of words of 32 bits. */
import * as abi from '../abi';
import { dot } from '../number/dot';
import { narrow, narrowBytes, pairDots } from './short';

/** Makes every exact value positive, so that it can be shifted right without its sign. */
const BIAS: i64 = 1 << 62;

@unmanaged
export class Longs {
  @inline size(): i32 { return 2; }
  @inline group(products: i32): i32 { return products; }
  @inline none(): v128 { return i64x2.splat(0); }
  @inline top(): v128 { return i64x2.splat(i64.MAX_VALUE); }
  @inline bottom(): v128 { return i64x2.splat(i64.MIN_VALUE); }
  @inline load(from: usize): v128 { return v128.load_ext<i32>(from); }
  @inline each(from: usize): v128 { return i64x2.extend_low_i32x4_s(v128.load_splat<i32>(from)); }
  @inline product(each: usize, neighbours: usize): v128 { return i64x2.extmul_low_i32x4_s(v128.load_zero<i64>(neighbours), v128.load_splat<i32>(each)); }
  @inline products(a: usize, b: usize): v128 { return i64x2.extmul_low_i32x4_s(v128.load_zero<i64>(a), v128.load_zero<i64>(b)); }
  @inline mean(sum: v128, site: usize, divisor: usize): v128 {
    const factor = load<i64>(divisor, abi.DIVISOR_MULTIPLIER);
    const x = factor == 1 ? sum : i64x2.mul(sum, i64x2.splat(factor));
    return this.shl(x, load<i32>(site, abi.SITE_LEFT0) + load<i32>(divisor, abi.DIVISOR_LEFT));
  }
  @inline store(to: usize, v: v128): void { v128.store_lane<i64>(to, i32x4.shuffle(v, v, 0, 2, 0, 2), 0); }
  @inline value(from: usize, lane: i32): i64 { return load<i64>(from + (<usize>lane << 3)); }
  @inline scatter(to: usize, stride: usize, v: v128): void {
    v128.store_lane<i32>(to, v, 0);
    v128.store_lane<i32>(to + stride, v, 2);
  }
  @inline transpose(rows: usize, width: i32, to: usize): void {
    for (let i = 0; i < width; i++) {
      const at = rows + (<usize>i << 2), out = to + (<usize>i << 4);
      store<i32>(out, load<i32>(at));
      store<i32>(out, load<i32>(at + (<usize>width << 2)), 4);
    }
  }
  @inline sidePairs(rows: usize, width: i32, to: usize): void {
    narrow(rows, width, to);
    narrow(rows + (<usize>width << 2), width, to + narrowBytes(width));
  }
  @inline pairDots(row: usize, columns: usize, width: i32): v128 {
    const bytes = narrowBytes(width);
    return pairDots(row, columns, columns + bytes, bytes);
  }
  @inline byColumns(): bool { return false; }
  @inline dots(row: usize, rows: usize, columns: usize, width: i32): v128 {
    return i64x2(dot(row, rows, width), dot(row, rows + (<usize>width << 2), width));
  }
  @inline base(site: usize): v128 { return i64x2.splat(load<i64>(site, abi.SITE_BASE) + BIAS); }
  @inline add(a: v128, b: v128): v128 { return i64x2.add(a, b); }
  @inline sub(a: v128, b: v128): v128 { return i64x2.sub(a, b); }
  @inline shl(v: v128, left: i32): v128 { return left ? i64x2.shl(v, left) : v; }
  @inline addend(site: usize): v128 { return v128.load_splat<i64>(site, abi.SITE_BASE); }
  @inline grid(shift: i32): v128 { return i64x2.splat(<i64>-1 << <i64>shift); }
  @inline onward(sum: v128, step: v128, shift: i32): v128 { return i64x2.add(sum, step); }
  @inline raw(sum: v128, shift: i32, site: usize): v128 { return shift ? i64x2.sub(i64x2.shr_u(i64x2.add(sum, i64x2.splat(BIAS)), shift), v128.load_splat<i64>(site, abi.SITE_LANE_BACK)) : sum; }
  @inline min(a: v128, b: v128): v128 { return v128.bitselect(b, a, i64x2.gt_s(a, b)); }
  @inline max(a: v128, b: v128): v128 { return v128.bitselect(a, b, i64x2.gt_s(a, b)); }
  @inline notAbove(a: v128, b: v128): v128 { return i64x2.le_s(a, b); }
  @inline differs(a: v128, b: v128): v128 { return v128.xor(a, b); }
  @inline equal(a: v128, b: v128): v128 { return i64x2.eq(a, b); }
  @inline lost(count: v128, sum: v128, terms: v128, step: v128): v128 {
    return i64x2.add(count, v128.andnot(i64x2.eq(sum, this.none()), i64x2.eq(terms, step)));
  }
  @inline underflow(count: v128, raw: v128, x: v128): v128 {
    const zero = this.none();
    return i64x2.add(count, v128.andnot(i64x2.eq(raw, zero), i64x2.eq(x, zero)));
  }
  @inline magnitude(raw: v128): v128 { return i64x2.abs(raw); }
  @inline magnitudeOfSum(sum: v128, shift: i32): v128 { return i64x2.shr_u(i64x2.abs(sum), shift); }
  @inline total(sums: v128, v: v128): v128 { return i64x2.add(sums, v); }
  @inline sum(v: v128): i64 { return i64x2.extract_lane(v, 0) + i64x2.extract_lane(v, 1); }
  @inline atEdge(least: v128, most: v128, site: usize): bool {
    const inside = v128.and(i64x2.gt_s(least, v128.load_splat<i64>(site, abi.SITE_EDGE_LOW)), i64x2.gt_s(v128.load_splat<i64>(site, abi.SITE_EDGE_HIGH), most));
    return !i64x2.all_true(inside);
  }
  @inline least(v: v128): i64 { return min(i64x2.extract_lane(v, 0), i64x2.extract_lane(v, 1)); }
  @inline most(v: v128): i64 { return max(i64x2.extract_lane(v, 0), i64x2.extract_lane(v, 1)); }
}

@unmanaged
export class LongsOne extends Longs {
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 {
    return shift ? i64x2.sub(i64x2.shr_u(i64x2.add(x, base), shift), v128.load_splat<i64>(site, abi.SITE_LANE_BACK)) : x;
  }
  @inline onGrid(sum: v128, terms: v128, base: v128, grid: v128, shift: i32, site: usize): v128 {
    return v128.and(i64x2.add(terms, base), grid);
  }
}

@unmanaged
export class LongsThree extends Longs {
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 {
    const even = v128.and(i64x2.shr_u(i64x2.add(x, i64x2.splat(BIAS)), shift), v128.load_splat<i64>(site, abi.SITE_LSB));
    const sign = v128.and(i64x2.lt_s(x, this.none()), v128.load_splat<i64>(site, abi.SITE_SIGN));
    return i64x2.sub(i64x2.shr_u(i64x2.add(i64x2.add(x, base), i64x2.add(even, sign)), shift), v128.load_splat<i64>(site, abi.SITE_LANE_BACK));
  }
  @inline onGrid(sum: v128, terms: v128, base: v128, grid: v128, shift: i32, site: usize): v128 {
    const x = i64x2.add(sum, terms);
    const even = v128.and(i64x2.shr_u(i64x2.add(x, i64x2.splat(BIAS)), shift), v128.load_splat<i64>(site, abi.SITE_LSB));
    const sign = v128.and(i64x2.lt_s(x, this.none()), v128.load_splat<i64>(site, abi.SITE_SIGN));
    return i64x2.sub(v128.and(i64x2.add(i64x2.add(x, base), i64x2.add(even, sign)), grid), sum);
  }
}
