/** Two values of the reference side by side: binary64, nothing rounded by a target. Every sum keeps its order, so that every bit is that of single values. */
import * as abi from '../abi';

@unmanaged
export class Reals {
  @inline size(): i32 { return 2; }
  /** Where no site rounds, groups of products do not show. */
  @inline group(products: i32): i32 { return 0; }
  @inline none(): v128 { return f64x2.splat(0); }
  @inline top(): v128 { return f64x2.splat(Infinity); }
  @inline bottom(): v128 { return f64x2.splat(-Infinity); }
  @inline load(from: usize): v128 { return v128.load(from); }
  @inline each(from: usize): v128 { return v128.load_splat<f64>(from); }
  @inline product(each: usize, neighbours: usize): v128 { return f64x2.mul(v128.load_splat<f64>(each), v128.load(neighbours)); }
  @inline mean(sum: v128, site: usize, divisor: usize): v128 { return f64x2.div(sum, v128.load_splat<f64>(divisor, abi.DIVISOR_COUNT)); }
  @inline store(to: usize, v: v128): void { v128.store(to, v); }
  @inline value(from: usize, lane: i32): f64 { return load<f64>(from + (<usize>lane << 3)); }
  @inline scatter(to: usize, stride: usize, v: v128): void {
    v128.store_lane<f64>(to, v, 0);
    v128.store_lane<f64>(to + stride, v, 1);
  }
  @inline transpose(rows: usize, width: i32, to: usize): void {
    for (let i = 0; i < width; i++) {
      const at = rows + (<usize>i << 3), out = to + (<usize>i << 4);
      store<f64>(out, load<f64>(at));
      store<f64>(out, load<f64>(at + (<usize>width << 3)), 8);
    }
  }
  @inline sidePairs(rows: usize, width: i32, to: usize): void {}
  @inline pairDots(row: usize, columns: usize, width: i32): v128 { return this.none(); }
  @inline byColumns(): bool { return true; }
  @inline dots(row: usize, rows: usize, columns: usize, width: i32): v128 {
    let sum = this.none();
    for (let i = 0; i < width; i++) sum = f64x2.add(sum, this.product(row + (<usize>i << 3), columns + (<usize>i << 4)));
    return sum;
  }
  @inline base(site: usize): v128 { return this.none(); }
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 { return x; }
  // No sum is rounded on its way: none of these is met.
  @inline addend(site: usize): v128 { return this.none(); }
  @inline grid(shift: i32): v128 { return this.none(); }
  @inline onGrid(sum: v128, terms: v128, base: v128, grid: v128, shift: i32, site: usize): v128 { return terms; }
  @inline onward(sum: v128, step: v128, shift: i32): v128 { return f64x2.add(sum, step); }
  @inline raw(sum: v128, shift: i32, site: usize): v128 { return sum; }
  @inline lost(count: v128, sum: v128, terms: v128, step: v128): v128 { return count; }
  @inline add(a: v128, b: v128): v128 { return f64x2.add(a, b); }
  @inline sub(a: v128, b: v128): v128 { return f64x2.sub(a, b); }
  /** A sum of one term begins at +0, and so does away with −0. */
  @inline shl(v: v128, left: i32): v128 { return f64x2.add(this.none(), v); }
  @inline min(a: v128, b: v128): v128 { return f64x2.pmin(a, b); }
  @inline max(a: v128, b: v128): v128 { return f64x2.pmax(a, b); }
  @inline notAbove(a: v128, b: v128): v128 { return f64x2.le(a, b); }
  @inline equal(a: v128, b: v128): v128 { return f64x2.eq(a, b); }
  @inline differs(a: v128, b: v128): v128 { return f64x2.ne(a, b); }
  @inline underflow(count: v128, raw: v128, x: v128): v128 { return count; }
  @inline sum(v: v128): i64 { return 0; }
  // Nothing is recorded.
  @inline magnitude(raw: v128): v128 { return raw; }
  @inline magnitudeOfSum(sum: v128, shift: i32): v128 { return sum; }
  @inline total(sums: v128, v: v128): v128 { return sums; }
  @inline atEdge(least: v128, most: v128, site: usize): bool { return false; }
}
