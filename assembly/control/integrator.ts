/** gt1, gt2, gt2-qa: α is integrated from how far the stability product lies from its target. docs/numerics.md §6.2. */
import * as abi from '../abi';
import { bound } from './bound';
import { normBound } from './clip';
import { curvature, star } from './estimator';
import { gradientNorm } from './norm';

/** α of this step, stored; returns flags. */
export function integrate<N, C, V>(header: usize, state: usize): i32 {
  const c = changetype<C>(0);
  const one = load<V>(header, abi.HEADER_ONE), floor = load<V>(header, abi.HEADER_FLOOR), eta = load<V>(header, abi.HEADER_ETA);
  const before = load<V>(state, abi.STATE_ALPHA);
  const velocity = c.velocity(
    load<V>(state, abi.STATE_VELOCITY), load<V>(header, abi.HEADER_MOMENTUM), load<V>(header, abi.HEADER_GAIN), load<V>(header, abi.HEADER_CHI), eta, before,
    star<C, V>(header, state), <usize>load<i32>(header, abi.HEADER_VELOCITY),
  );
  store<V>(state, velocity, abi.STATE_VELOCITY);
  const site = <usize>load<i32>(header, abi.HEADER_THROTTLE);
  const left = load<i32>(site, abi.SITE_LEFT0);
  const x = c.align(before, left) + c.align(velocity, load<i32>(site, abi.SITE_LEFT1));
  let alpha = floor;
  if (x >= c.align(one, left)) alpha = one;
  else if (x > c.align(floor, left)) alpha = min<V>(max<V>(c.quantise(c.add(c.zero(), x, 0), site, 0), floor), one);
  let flags = 0;
  if (load<i32>(header, abi.HEADER_THROTTLE_LAW) == abi.THROTTLE_GT2_QA) {
    const most = bound<C, V>(header, curvature<C, V>(header, state), 1);
    const least = normBound<C, V>(header, eta, gradientNorm<N, C, V>(header, load<i32>(header, abi.HEADER_LAYERS), 2), 2);
    if (least > most) flags = abi.FLAG_INFEASIBLE;
    alpha = least > most ? most : min<V>(max<V>(alpha, least), most);
  }
  store<V>(state, alpha, abi.STATE_ALPHA);
  return flags;
}
