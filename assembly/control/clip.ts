/** α at which the update has a given norm: gradient clipping, and the smallest step that still moves a parameter. docs/numerics.md §6.2. */
import * as abi from '../abi';

/** 1 if rate·n ≤ target, else min(1, Q(target / (rate·n))), n the gradient's norm. */
export function normBound<C, V>(header: usize, rate: V, norm: V, index: i32): V {
  const c = changetype<C>(0);
  const one = load<V>(header, abi.HEADER_ONE), target = load<V>(header, abi.HEADER_NORM_TARGET);
  if (c.atMost(rate, norm, load<i32>(header, abi.HEADER_NORM_COMPARE_RIGHT), target, load<i32>(header, abi.HEADER_NORM_COMPARE_LEFT))) return one;
  const x = c.add(c.zero(), target, load<i32>(header, abi.HEADER_NORM_LEFT_TARGET));
  const site = <usize>load<i32>(header, abi.HEADER_THROTTLE);
  return min<V>(c.divided(x, rate, c.guard(norm), load<i32>(header, abi.HEADER_NORM_LEFT_NORM), site, 0, index, header), one);
}
