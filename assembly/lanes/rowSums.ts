/** Sums of a batch over the columns of its inputs: Σ_b e·a. */
import { at } from '../network/layer';

/** The sums of the first `whole` columns of `count` rows, as lanes at `to`; four vectors at a time, for a sum waits for the one before. `stride`: bytes from one error to the next. */
@inline
export function rowSums<N, L>(errors: usize, stride: usize, inputs: usize, width: i32, whole: i32, count: i32, to: usize): void {
  const l = changetype<L>(0);
  const size = l.size(), bytes = at<N>(0, size), row = at<N>(0, width);
  let k = 0;
  for (; k + 4 * size <= whole; k += 4 * size) {
    let s0 = l.none(), s1 = s0, s2 = s0, s3 = s0;
    let e = errors, a = at<N>(inputs, k);
    for (let b = 0; b < count; b++) {
      s0 = l.add(s0, l.product(e, a));
      s1 = l.add(s1, l.product(e, a + bytes));
      s2 = l.add(s2, l.product(e, a + 2 * bytes));
      s3 = l.add(s3, l.product(e, a + 3 * bytes));
      e += stride;
      a += row;
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
    to += 64;
  }
  for (; k < whole; k += size) {
    let sum = l.none();
    let e = errors, a = at<N>(inputs, k);
    for (let b = 0; b < count; b++) {
      sum = l.add(sum, l.product(e, a));
      e += stride;
      a += row;
    }
    v128.store(to, sum);
    to += 16;
  }
}
