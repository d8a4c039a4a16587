/** Σ (a − b)², or Σ a² for a null b, of words whose difference has 32 bits, exact in 64 bits if the host says so. */
export function squares(a: usize, b: usize, length: i32): i64 {
  let sum: i64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let even = i64x2.splat(0), odd = i64x2.splat(0);
    for (; i + 4 <= length; i += 4) {
      let d = v128.load(a + (<usize>i << 2));
      if (b) d = i32x4.sub(d, v128.load(b + (<usize>i << 2)));
      even = i64x2.add(even, i64x2.extmul_low_i32x4_s(d, d));
      odd = i64x2.add(odd, i64x2.extmul_high_i32x4_s(d, d));
    }
    even = i64x2.add(even, odd);
    sum = i64x2.extract_lane(even, 0) + i64x2.extract_lane(even, 1);
  }
  for (; i < length; i++) {
    const d = <i64>load<i32>(a + (<usize>i << 2)) - (b ? <i64>load<i32>(b + (<usize>i << 2)) : 0);
    sum += d * d;
  }
  return sum;
}

/** Σ a·b of 32-bit words, exact in 64 bits: four products at a time where the build has SIMD. A sum of integers is the same in any order. */
@inline
export function dot(a: usize, b: usize, length: i32): i64 {
  let sum: i64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let even = i64x2.splat(0), odd = i64x2.splat(0);
    for (; i + 4 <= length; i += 4) {
      const x = v128.load(a + (<usize>i << 2)), y = v128.load(b + (<usize>i << 2));
      even = i64x2.add(even, i64x2.extmul_low_i32x4_s(x, y));
      odd = i64x2.add(odd, i64x2.extmul_high_i32x4_s(x, y));
    }
    even = i64x2.add(even, odd);
    sum = i64x2.extract_lane(even, 0) + i64x2.extract_lane(even, 1);
  }
  for (; i < length; i++) sum += <i64>load<i32>(a + (<usize>i << 2)) * <i64>load<i32>(b + (<usize>i << 2));
  return sum;
}
