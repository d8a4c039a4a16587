/** Stores the columns of four rows of four words of 32 bits, each `stride` bytes behind the one before. */
@inline
export function storeColumns(a: v128, b: v128, c: v128, d: v128, to: usize, stride: usize = 16): void {
  const lowAB = i32x4.shuffle(a, b, 0, 4, 1, 5), highAB = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const lowCD = i32x4.shuffle(c, d, 0, 4, 1, 5), highCD = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(lowAB, lowCD, 0, 2));
  v128.store(to + stride, i64x2.shuffle(lowAB, lowCD, 1, 3));
  v128.store(to + 2 * stride, i64x2.shuffle(highAB, highCD, 0, 2));
  v128.store(to + 3 * stride, i64x2.shuffle(highAB, highCD, 1, 3));
}
