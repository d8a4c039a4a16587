/**
 * Two values side by side as binary64, where the host has proved that no exact value leaves 53 bits (src/core/lanes.ts): what a double holds is then an
 * integer, and sums, products, shifts and ⌊·⌋ of it are exact.
 */
import * as abi from '../abi';
import { dot } from '../number/dot';

/** 2^n of a double, −1022 ≤ n ≤ 1023. */
@inline
function power(n: i32): v128 {
  return f64x2.splat(reinterpret<f64>(<i64>(1023 + n) << 52));
}

@unmanaged
export class Doubles {
  @inline size(): i32 { return 2; }
  @inline none(): v128 { return f64x2.splat(0); }
  @inline top(): v128 { return f64x2.splat(Infinity); }
  @inline bottom(): v128 { return f64x2.splat(-Infinity); }
  @inline load(from: usize): v128 { return f64x2.convert_low_i32x4_s(v128.load_zero<i64>(from)); }
  @inline each(from: usize): v128 { return f64x2.splat(<f64>load<i32>(from)); }
  @inline splat(value: i64): v128 { return f64x2.splat(<f64>value); }
  @inline store(to: usize, v: v128): void { v128.store_lane<i64>(to, i32x4.trunc_sat_f64x2_s_zero(v), 0); }
  @inline scatter(to: usize, stride: usize, v: v128): void {
    const words = i32x4.trunc_sat_f64x2_s_zero(v);
    v128.store_lane<i32>(to, words, 0);
    v128.store_lane<i32>(to + stride, words, 1);
  }
  @inline transpose(rows: usize, width: i32, to: usize): void {
    const stride = <usize>width << 2;
    for (let i = 0; i < width; i++) {
      const at = rows + (<usize>i << 2);
      v128.store(to + (<usize>i << 4), f64x2.replace_lane(f64x2.splat(<f64>load<i32>(at)), 1, <f64>load<i32>(at + stride)));
    }
  }
  /** By the sums of 64 bits, which are faster than those of doubles. */
  @inline dots(row: usize, rows: usize, columns: usize, width: i32): v128 {
    const first = <f64>dot(row, rows, width), second = <f64>dot(row, rows + (<usize>width << 2), width);
    return f64x2.replace_lane(f64x2.splat(first), 1, second);
  }
  /** The rows as doubles at `to`: every output reads them. */
  @inline rows(inputs: usize, values: i32, to: usize): usize {
    let i = 0;
    for (; i + 2 <= values; i += 2) v128.store(to + (<usize>i << 3), this.load(inputs + (<usize>i << 2)));
    if (i < values) store<f64>(to + (<usize>i << 3), <f64>load<i32>(inputs + (<usize>i << 2)));
    return to;
  }
  @inline rowSums(errors: usize, stride: usize, rows: usize, width: i32, whole: i32, count: i32, to: usize): void {
    let k = 0;
    for (; k + 8 <= whole; k += 8) {
      let s0 = this.none(), s1 = s0, s2 = s0, s3 = s0;
      let e = errors, a = rows + (<usize>k << 3);
      for (let b = 0; b < count; b++) {
        const each = this.each(e);
        s0 = f64x2.add(s0, f64x2.mul(each, v128.load(a)));
        s1 = f64x2.add(s1, f64x2.mul(each, v128.load(a, 16)));
        s2 = f64x2.add(s2, f64x2.mul(each, v128.load(a, 32)));
        s3 = f64x2.add(s3, f64x2.mul(each, v128.load(a, 48)));
        e += stride;
        a += <usize>width << 3;
      }
      const at = to + (<usize>k << 3);
      v128.store(at, s0);
      v128.store(at, s1, 16);
      v128.store(at, s2, 32);
      v128.store(at, s3, 48);
    }
    for (; k < whole; k += 2) {
      let sum = this.none();
      let e = errors, a = rows + (<usize>k << 3);
      for (let b = 0; b < count; b++) {
        sum = f64x2.add(sum, f64x2.mul(this.each(e), v128.load(a)));
        e += stride;
        a += <usize>width << 3;
      }
      v128.store(to + (<usize>k << 3), sum);
    }
  }
  @inline base(site: usize): v128 { return this.splat(load<i64>(site, abi.SITE_BASE)); }
  @inline add(a: v128, b: v128): v128 { return f64x2.add(a, b); }
  @inline sub(a: v128, b: v128): v128 { return f64x2.sub(a, b); }
  @inline mul(a: v128, b: v128): v128 { return f64x2.mul(a, b); }
  @inline shl(v: v128, left: i32): v128 { return f64x2.mul(v, power(left)); }
  @inline min(a: v128, b: v128): v128 { return f64x2.pmin(a, b); }
  @inline max(a: v128, b: v128): v128 { return f64x2.pmax(a, b); }
  @inline notAbove(a: v128, b: v128): v128 { return f64x2.le(a, b); }
  @inline equal(a: v128, b: v128): v128 { return f64x2.eq(a, b); }
  @inline underflow(count: v128, raw: v128, x: v128): v128 {
    const zero = this.none();
    return f64x2.sub(count, v128.and(v128.andnot(f64x2.eq(raw, zero), f64x2.eq(x, zero)), f64x2.splat(1)));
  }
  @inline sum(v: v128): i64 { return <i64>f64x2.extract_lane(v, 0) + <i64>f64x2.extract_lane(v, 1); }
  @inline atEdge(least: v128, most: v128, site: usize): bool {
    return v128.any_true(v128.or(f64x2.le(least, this.splat(load<i64>(site, abi.SITE_EDGE_LOW))), f64x2.ge(most, this.splat(load<i64>(site, abi.SITE_EDGE_HIGH)))));
  }
  @inline least(v: v128): i64 { return <i64>min(f64x2.extract_lane(v, 0), f64x2.extract_lane(v, 1)); }
  @inline most(v: v128): i64 { return <i64>max(f64x2.extract_lane(v, 0), f64x2.extract_lane(v, 1)); }
}

@unmanaged
export class DoublesOne extends Doubles {
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 {
    return f64x2.floor(f64x2.mul(f64x2.add(x, base), power(-shift)));
  }
}

@unmanaged
export class DoublesThree extends Doubles {
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 {
    const place = power(-shift);
    const floor = f64x2.floor(f64x2.mul(x, place));
    const odd = f64x2.sub(floor, f64x2.mul(f64x2.floor(f64x2.mul(floor, f64x2.splat(0.5))), f64x2.splat(2)));
    const even = f64x2.mul(odd, this.splat(load<i64>(site, abi.SITE_LSB)));
    const sign = v128.and(f64x2.lt(x, this.none()), this.splat(load<i64>(site, abi.SITE_SIGN)));
    return f64x2.floor(f64x2.mul(f64x2.add(f64x2.add(x, base), f64x2.add(even, sign)), place));
  }
}
