/**
 * Four values side by side as words of 32 bits, where the host has proved that no exact value leaves 31 bits (src/core/lanes.ts). A kernel is written over
 * a kind of lanes L: WordsOne, WordsRaw and WordsThree here, LongsOne and LongsThree in longs.ts, by the addends of the rounding; and Reals of the reference.
 */
import * as abi from '../abi';
import { transposePairs } from './short';
import { storeColumns } from './transpose';

@unmanaged
export class Words {
  /** Values side by side. */
  @inline size(): i32 { return 4; }
  /** Products between two quantisations of a running sum. */
  @inline group(products: i32): i32 { return products; }
  @inline none(): v128 { return i32x4.splat(0); }
  /** Above and below every value. */
  @inline top(): v128 { return i32x4.splat(i32.MAX_VALUE); }
  @inline bottom(): v128 { return i32x4.splat(i32.MIN_VALUE); }
  /** Neighbouring words of memory, and one word in every lane. */
  @inline load(from: usize): v128 { return v128.load(from); }
  @inline each(from: usize): v128 { return v128.load_splat<i32>(from); }
  /** One word times each of a row of neighbours. */
  @inline product(each: usize, neighbours: usize): v128 { return i32x4.mul(v128.load_splat<i32>(each), v128.load(neighbours)); }
  /** Each of a row of words times its neighbour in another. */
  @inline products(a: usize, b: usize): v128 { return i32x4.mul(v128.load(a), v128.load(b)); }
  /** The exact value of a batch's mean, before it is rounded. */
  @inline mean(sum: v128, site: usize, divisor: usize): v128 {
    const factor = load<i64>(divisor, abi.DIVISOR_MULTIPLIER);
    const x = i32x4.mul(sum, i32x4.splat(<i32>factor));
    return this.shl(x, load<i32>(site, abi.SITE_LEFT0) + load<i32>(divisor, abi.DIVISOR_LEFT));
  }
  @inline store(to: usize, v: v128): void { v128.store(to, v); }
  /** Value of one lane of a stored vector. */
  @inline value(from: usize, lane: i32): i64 { return <i64>load<i32>(from + (<usize>lane << 2)); }
  /** Stores each value `stride` bytes after the one before. */
  @inline scatter(to: usize, stride: usize, v: v128): void {
    v128.store_lane<i32>(to, v, 0);
    v128.store_lane<i32>(to + stride, v, 1);
    v128.store_lane<i32>(to + 2 * stride, v, 2);
    v128.store_lane<i32>(to + 3 * stride, v, 3);
  }
  /** Words of four rows, column by column at `to`, as lanes. */
  @inline transpose(rows: usize, width: i32, to: usize): void {
    const stride = <usize>width << 2;
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const at = rows + (<usize>i << 2), out = to + (<usize>i << 4);
      const a = v128.load(at), b = v128.load(at + stride), c = v128.load(at + 2 * stride), d = v128.load(at + 3 * stride);
      storeColumns(a, b, c, d, out);
    }
    for (; i < width; i++) {
      for (let k: usize = 0; k < 4; k++) store<i32>(to + (<usize>i << 4) + (k << 2), load<i32>(rows + (<usize>i << 2) + k * stride));
    }
  }
  /** The same of words of 16 bits; see short.ts. `row`: of `narrow`. */
  @inline sidePairs(rows: usize, width: i32, to: usize): void { transposePairs(rows, width, to); }
  @inline pairDots(row: usize, columns: usize, width: i32): v128 {
    let sum = this.none();
    for (let i = 0; i < width; i += 2) sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load_splat<i32>(row + (<usize>i << 1)), v128.load(columns + (<usize>i << 3))));
    return sum;
  }
  /** Whether `dots` takes samples column by column. */
  @inline byColumns(): bool { return true; }
  /** Σ w·a of a row of weights with each sample, whose inputs lie at `rows` and, column by column, at `columns`. */
  @inline dots(row: usize, rows: usize, columns: usize, width: i32): v128 {
    let sum = this.none();
    for (let i = 0; i < width; i++) sum = i32x4.add(sum, this.product(row + (<usize>i << 2), columns + (<usize>i << 4)));
    return sum;
  }
  /** The first addend of a site's rounding, as `round` and as `onGrid` take it. */
  @inline base(site: usize): v128 { return v128.load_splat<i32>(site, abi.SITE_LANE_BASE); }
  @inline addend(site: usize): v128 { return this.base(site); }
  @inline add(a: v128, b: v128): v128 { return i32x4.add(a, b); }
  @inline sub(a: v128, b: v128): v128 { return i32x4.sub(a, b); }
  /** Most shifts are by 0, and one by a count that is read takes four instructions. */
  @inline shl(v: v128, left: i32): v128 { return left ? i32x4.shl(v, left) : v; }
  /** A running sum is a multiple of this, at the scale of exact values. */
  @inline grid(shift: i32): v128 { return i32x4.splat(-1 << shift); }
  @inline min(a: v128, b: v128): v128 { return i32x4.min_s(a, b); }
  @inline max(a: v128, b: v128): v128 { return i32x4.max_s(a, b); }
  @inline notAbove(a: v128, b: v128): v128 { return i32x4.le_s(a, b); }
  /** Bits that are set where they differ. */
  @inline differs(a: v128, b: v128): v128 { return v128.xor(a, b); }
  @inline equal(a: v128, b: v128): v128 { return i32x4.eq(a, b); }
  /** `count`, with one less in every lane in which a running sum became 0 by a step that is not what was to be added. */
  @inline lost(count: v128, sum: v128, terms: v128, step: v128): v128 {
    return i32x4.add(count, v128.andnot(i32x4.eq(sum, this.none()), i32x4.eq(terms, step)));
  }
  /** `count`, with one less in every lane in which a value became zero. */
  @inline underflow(count: v128, raw: v128, x: v128): v128 {
    const zero = this.none();
    return i32x4.add(count, v128.andnot(i32x4.eq(raw, zero), i32x4.eq(x, zero)));
  }
  @inline magnitude(raw: v128): v128 { return i32x4.abs(raw); }
  /** Sums in two words of 64 bits, with those of all lanes. */
  @inline total(sums: v128, v: v128): v128 { return i64x2.add(i64x2.add(sums, i64x2.extend_low_i32x4_s(v)), i64x2.extend_high_i32x4_s(v)); }
  @inline sum(v: v128): i64 {
    const pairs = i32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
    return <i64>(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1));
  }
  /** Whether any of the values between these is near a rail of the site or beyond. */
  @inline atEdge(least: v128, most: v128, site: usize): bool {
    return v128.any_true(v128.or(
      i32x4.le_s(least, v128.load_splat<i32>(site, abi.SITE_LANE_LOW)), i32x4.ge_s(most, v128.load_splat<i32>(site, abi.SITE_LANE_HIGH)),
    ));
  }
  @inline least(v: v128): i64 {
    const pairs = i32x4.min_s(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
    return <i64>min(i32x4.extract_lane(pairs, 0), i32x4.extract_lane(pairs, 1));
  }
  @inline most(v: v128): i64 {
    const pairs = i32x4.max_s(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
    return <i64>max(i32x4.extract_lane(pairs, 0), i32x4.extract_lane(pairs, 1));
  }
}

/** Rounding by one addend: TRN and RND. */
@unmanaged
class OneAddend extends Words {
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 {
    return shift ? i32x4.shr_s(i32x4.add(x, base), shift) : x;
  }
  /**
   * The step of a running sum that gets `terms`: by how much its rounded value changes, at the scale of exact values. With one addend that does not
   * depend on the sum: Q(s·2^shift + t) = s + ⌊(t + base)·2^−shift⌋.
   */
  @inline onGrid(sum: v128, terms: v128, base: v128, grid: v128, shift: i32, site: usize): v128 {
    return v128.and(i32x4.add(terms, base), grid);
  }
}

@unmanaged
export class WordsOne extends OneAddend {
  /** A running sum after one more step, and the raw it stands for. */
  @inline onward(sum: v128, step: v128, shift: i32): v128 { return i32x4.add(sum, step); }
  @inline raw(sum: v128, shift: i32, site: usize): v128 { return shift ? i32x4.shr_s(sum, shift) : sum; }
  /** Magnitude of the raw that a running sum stands for: shifted by 0 too, which costs less than to ask. */
  @inline magnitudeOfSum(sum: v128, shift: i32): v128 { return i32x4.shr_u(i32x4.abs(sum), shift); }
}

/** As WordsOne, but a running sum is kept as a raw: for sums that fit a lane, and exact values that do not. */
@unmanaged
export class WordsRaw extends OneAddend {
  @inline onward(sum: v128, step: v128, shift: i32): v128 { return i32x4.add(sum, i32x4.shr_s(step, shift)); }
  @inline raw(sum: v128, shift: i32, site: usize): v128 { return sum; }
  @inline magnitudeOfSum(sum: v128, shift: i32): v128 { return i32x4.abs(sum); }
}

/** Rounding by all three addends; see `round` of fixed/quantise.ts. */
@unmanaged
export class WordsThree extends Words {
  @inline onward(sum: v128, step: v128, shift: i32): v128 { return i32x4.add(sum, step); }
  @inline raw(sum: v128, shift: i32, site: usize): v128 { return shift ? i32x4.shr_s(sum, shift) : sum; }
  @inline magnitudeOfSum(sum: v128, shift: i32): v128 { return i32x4.shr_u(i32x4.abs(sum), shift); }
  @inline round(x: v128, base: v128, shift: i32, site: usize): v128 {
    const even = v128.and(i32x4.shr_s(x, shift), v128.load_splat<i32>(site, abi.SITE_LANE_LSB));
    const sign = v128.and(i32x4.shr_s(x, 31), v128.load_splat<i32>(site, abi.SITE_LANE_SIGN));
    return i32x4.shr_s(i32x4.add(i32x4.add(x, base), i32x4.add(even, sign)), shift);
  }
  @inline onGrid(sum: v128, terms: v128, base: v128, grid: v128, shift: i32, site: usize): v128 {
    const x = i32x4.add(sum, terms);
    const even = v128.and(i32x4.shr_s(x, shift), v128.load_splat<i32>(site, abi.SITE_LANE_LSB));
    const sign = v128.and(i32x4.shr_s(x, 31), v128.load_splat<i32>(site, abi.SITE_LANE_SIGN));
    return i32x4.sub(v128.and(i32x4.add(i32x4.add(x, base), i32x4.add(even, sign)), grid), sum);
  }
}
