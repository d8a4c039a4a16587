/**
 * Exact sums of products of words of 16 bits (src/core/lanes.ts says where). A product fits a lane of 32 bits; where its sums do not, they are taken modulo
 * 2^32, their upper halves are added apart, and both together give every bit. Where it is worth bringing them together, neighbours share a lane, the first
 * one low, and one instruction multiplies both and adds the two products. Only −2^15·−2^15 twice leaves 32 bits then: it is looked for beforehand.
 */
import { storeColumns } from './transpose';

/** Two words of −2^15. */
const LOWEST: i32 = 0x80008000;

/** Bytes of a row of `length` words of 16 bits, in whole vectors. */
@inline
export function narrowBytes(length: i32): usize { return <usize>((length + 7) & ~7) << 1; }

/** A row of words as words of 16 bits, zeros behind the last. */
export function narrow(from: usize, length: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    const at = from + (<usize>i << 2);
    v128.store(to + (<usize>i << 1), i16x8.narrow_i32x4_s(v128.load(at), v128.load(at, 16)));
  }
  if (i == length) return;
  v128.store(to + (<usize>i << 1), i32x4.splat(0));
  for (; i < length; i++) store<i16>(to + (<usize>i << 1), <i16>load<i32>(from + (<usize>i << 2)));
}

/** Rows of words two by two: words of the first low, of the second high; zeros where there is no second. */
export function pairRows(from: usize, width: i32, count: i32, to: usize): void {
  const bytes = <usize>width << 2, low = i32x4.splat(0xffff);
  for (let b = 0; b < count; b += 2) {
    const two = b + 1 < count;
    let k = 0;
    for (; k + 4 <= width; k += 4) {
      const at = from + (<usize>k << 2), first = v128.and(v128.load(at), low);
      v128.store(to + (<usize>k << 2), two ? v128.or(first, i32x4.shl(v128.load(at + bytes), 16)) : first);
    }
    for (; k < width; k++) {
      const at = from + (<usize>k << 2);
      store<i32>(to + (<usize>k << 2), (load<i32>(at) & 0xffff) | (two ? load<i32>(at + bytes) << 16 : 0));
    }
    from += 2 * bytes;
    to += bytes;
  }
}

/** Whether any of these pairs is −2^15 twice: two products of it may not fit. */
export function hasLowest(from: usize, bytes: usize): bool {
  let i: usize = 0;
  let found = i32x4.splat(0);
  for (; i + 16 <= bytes; i += 16) found = v128.or(found, i32x4.eq(v128.load(from + i), i32x4.splat(LOWEST)));
  if (v128.any_true(found)) return true;
  for (; i < bytes; i += 4) if (load<i32>(from + i) == LOWEST) return true;
  return false;
}

/** Sums of 64 bits, of the lower two lanes and of the upper two, from what they are modulo 2^32 and the sum of upper halves: the lower halves add up to less than 2^32. */
@inline
function lowerSums(modulo: v128, high: v128): v128 {
  return i64x2.add(i64x2.shl(i64x2.extend_low_i32x4_s(high), 16), i64x2.extend_low_i32x4_u(i32x4.sub(modulo, i32x4.shl(high, 16))));
}
@inline
function upperSums(modulo: v128, high: v128): v128 {
  return i64x2.add(i64x2.shl(i64x2.extend_high_i32x4_s(high), 16), i64x2.extend_high_i32x4_u(i32x4.sub(modulo, i32x4.shl(high, 16))));
}

@inline
function products(paired: bool, e: v128, a: usize): v128 {
  return paired ? i32x4.dot_i16x8_s(e, v128.load(a)) : i32x4.mul(e, v128.load(a));
}

/**
 * Σ_b e·a of the first `whole` columns, as lanes L at `to`. `paired`: of rows of `pairRows`, else of rows of words; `rows`: how many; `stride`: bytes from
 * the errors of one row to the next.
 */
@inline
export function shortSums<L>(paired: bool, errors: usize, stride: usize, inputs: usize, width: i32, whole: i32, rows: i32, to: usize): void {
  const row = <usize>width << 2;
  const end = errors + <usize>rows * stride;
  if (changetype<L>(0).size() == 4) {
    for (let k = 0; k < whole; k += 4) {
      let sum = i32x4.splat(0);
      for (let e = errors, a = inputs + (<usize>k << 2); e < end; e += stride, a += row) sum = i32x4.add(sum, products(paired, v128.load_splat<i32>(e), a));
      v128.store(to + (<usize>k << 2), sum);
    }
    return;
  }
  let k = 0;
  for (; k + 4 < whole; k += 8) {
    let m0 = i32x4.splat(0), h0 = m0, m1 = m0, h1 = m0;
    for (let e = errors, a = inputs + (<usize>k << 2); e < end; e += stride, a += row) {
      const each = v128.load_splat<i32>(e), x0 = products(paired, each, a), x1 = products(paired, each, a + 16);
      m0 = i32x4.add(m0, x0);
      h0 = i32x4.add(h0, i32x4.shr_s(x0, 16));
      m1 = i32x4.add(m1, x1);
      h1 = i32x4.add(h1, i32x4.shr_s(x1, 16));
    }
    v128.store(to + (<usize>k << 3), lowerSums(m0, h0));
    v128.store(to + (<usize>k << 3), upperSums(m0, h0), 16);
    v128.store(to + (<usize>k << 3), lowerSums(m1, h1), 32);
    v128.store(to + (<usize>k << 3), upperSums(m1, h1), 48);
  }
  for (; k < whole; k += 4) { // here and above: may go on into the row behind, which does not matter
    let m = i32x4.splat(0), h = m;
    for (let e = errors, a = inputs + (<usize>k << 2); e < end; e += stride, a += row) {
      const x = products(paired, v128.load_splat<i32>(e), a);
      m = i32x4.add(m, x);
      h = i32x4.add(h, i32x4.shr_s(x, 16));
    }
    v128.store(to + (<usize>k << 3), lowerSums(m, h));
    v128.store(to + (<usize>k << 3), upperSums(m, h), 16);
  }
}

/** Σ w·a of a row and Σ w·b, all rows of `narrow`. */
@inline
export function pairDots(w: usize, a: usize, b: usize, bytes: usize): v128 {
  let ma = i32x4.splat(0), ha = ma, mb = ma, hb = ma;
  for (const end = w + bytes; w < end; w += 16, a += 16, b += 16) {
    const each = v128.load(w), xa = i32x4.dot_i16x8_s(each, v128.load(a)), xb = i32x4.dot_i16x8_s(each, v128.load(b));
    ma = i32x4.add(ma, xa);
    ha = i32x4.add(ha, i32x4.shr_s(xa, 16));
    mb = i32x4.add(mb, xb);
    hb = i32x4.add(hb, i32x4.shr_s(xb, 16));
  }
  const sa = i64x2.add(lowerSums(ma, ha), upperSums(ma, ha)), sb = i64x2.add(lowerSums(mb, hb), upperSums(mb, hb));
  return i64x2.add(i64x2.shuffle(sa, sb, 0, 2), i64x2.shuffle(sa, sb, 1, 3));
}

/** Pairs of four rows of words, column by column at `to`, as lanes. */
export function transposePairs(rows: usize, width: i32, to: usize): void {
  const stride = <usize>width << 2;
  let i = 0;
  for (; i + 8 <= width; i += 8) {
    const at = rows + (<usize>i << 2), out = to + (<usize>i << 3);
    const a = i16x8.narrow_i32x4_s(v128.load(at), v128.load(at, 16)), b = i16x8.narrow_i32x4_s(v128.load(at + stride), v128.load(at + stride, 16));
    const c = i16x8.narrow_i32x4_s(v128.load(at + 2 * stride), v128.load(at + 2 * stride, 16)), d = i16x8.narrow_i32x4_s(v128.load(at + 3 * stride), v128.load(at + 3 * stride, 16));
    storeColumns(a, b, c, d, out);
  }
  for (; i < width; i += 2) {
    for (let k: usize = 0; k < 4; k++) {
      const at = rows + (<usize>i << 2) + k * stride;
      store<i32>(to + (<usize>i << 3) + (k << 2), (load<i32>(at) & 0xffff) | (i + 1 < width ? load<i32>(at, 4) << 16 : 0));
    }
  }
}
