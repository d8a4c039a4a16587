/** gt0: the largest stable α, min(1, χ/(η·C)), at least the floor. docs/numerics.md §6.2. */
import * as abi from '../abi';

/** `index`: which quotient of the step it is at `throttle`. */
export function bound<C, V>(header: usize, curvature: V, index: i32): V {
  const c = changetype<C>(0);
  const one = load<V>(header, abi.HEADER_ONE), eta = load<V>(header, abi.HEADER_ETA), chi = load<V>(header, abi.HEADER_CHI);
  if (c.reaches(chi, eta, curvature, header)) return one;
  const x = c.add(c.zero(), chi, load<i32>(header, abi.HEADER_BOUND_LEFT_CHI));
  const site = <usize>load<i32>(header, abi.HEADER_THROTTLE);
  const alpha = c.divided(x, eta, c.guard(curvature), load<i32>(header, abi.HEADER_BOUND_LEFT_ETA), site, 0, index, header);
  // A table of reciprocals may err upwards.
  return min<V>(max<V>(alpha, load<V>(header, abi.HEADER_FLOOR)), one);
}
