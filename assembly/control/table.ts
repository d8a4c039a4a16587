/** The table throttle: compares products, never divides, takes no root. docs/numerics.md §6.2. */
import * as abi from '../abi';
import { squaredNorm } from './norm';

/** The largest α of the table that keeps α·η·‖Δg‖ ≤ χ·‖Δθ‖, stored; without one: the smallest, flagged. It holds while ‖Δθ‖ is zero. */
export function choose<N, C, V>(header: usize, state: usize): i32 {
  const c = changetype<C>(0);
  const layers = load<i32>(header, abi.HEADER_LAYERS);
  const squareTheta = squaredNorm<N, C, V>(header, layers, <usize>load<i32>(header, abi.HEADER_THETA), <usize>load<i32>(header, abi.HEADER_LAST_THETA), true, 0);
  const squareGradient = squaredNorm<N, C, V>(header, layers, <usize>load<i32>(header, abi.HEADER_GRADIENT), <usize>load<i32>(header, abi.HEADER_LAST_GRADIENT), false, 1);
  if (squareTheta == 0) return 0;
  const eta = load<V>(header, abi.HEADER_ETA), chi = load<V>(header, abi.HEADER_CHI);
  let a = 0, flags = abi.FLAG_INFEASIBLE;
  for (let k = 0; k < abi.TABLE_LENGTH; k++) {
    a = unchecked(abi.TABLE[k]);
    if (c.tableFits(a, eta, squareGradient, chi, squareTheta, header)) {
      flags = 0;
      break;
    }
  }
  store<V>(state, c.tableAlpha(a, <usize>load<i32>(header, abi.HEADER_THROTTLE)), abi.STATE_ALPHA);
  return flags;
}
