/** Updates of four neighbouring parameters side by side: θ ← Q(θ − Q(r·g)). The rule is that of `updateParameters` (network/step.ts). */
import * as abi from '../abi';
import { MOVED, UPDATED, updateParameters, WANTED } from '../network/step';
import { atEdge, LANES, underflowed } from './site';

/** Updates the parameters from, …, to − 1 of a layer, its weights or its biases; what they did. */
export function updateLanes<N, C, V, P>(header: usize, record: usize, site: usize, rate: V, from: i32, to: i32): i32 {
  const p = changetype<P>(0);
  const updateSite = <usize>load<i32>(record, abi.LAYER_UPDATE);
  const left = load<i32>(updateSite, abi.SITE_LEFT0), leftOld = load<i32>(site, abi.SITE_LEFT0), leftUpdate = load<i32>(site, abi.SITE_LEFT1);
  const first = <usize>load<i32>(record, abi.LAYER_FIRST) << 2;
  const theta = <usize>load<i32>(header, abi.HEADER_THETA) + first, gradient = <usize>load<i32>(header, abi.HEADER_GRADIENT) + first;
  const update = <usize>load<i32>(header, abi.HEADER_UPDATE) + first;
  const r = i32x4.splat(<i32>rate);
  const none = i32x4.splat(0), top = i32x4.splat(i32.MAX_VALUE), bottom = i32x4.splat(i32.MIN_VALUE);
  let leastU = top, mostU = bottom, underU = none, least = top, most = bottom, under = none;
  let moved = none, wanted = none, updated = none;
  let did = 0, counted = 0;
  const whole = from + ((to - from) & -LANES);
  for (let k = from; k < whole; k += LANES) {
    const at = <usize>k << 2;
    const old = v128.load(theta + at), g = v128.load(gradient + at);
    const product = i32x4.shl(i32x4.mul(r, g), left);
    const u = p.round(product, updateSite);
    const x = i32x4.sub(i32x4.shl(old, leftOld), i32x4.shl(u, leftUpdate));
    const next = p.round(x, site);
    if (atEdge(u, u, updateSite) || atEdge(next, next, site)) {
      did |= updateParameters<N, C, V>(header, record, rate, false, false, k, k + LANES);
      continue;
    }
    v128.store(update + at, u);
    v128.store(theta + at, next);
    moved = v128.or(moved, v128.xor(next, old));
    wanted = v128.or(wanted, g);
    updated = v128.or(updated, u);
    counted += LANES;
    leastU = i32x4.min_s(leastU, u);
    mostU = i32x4.max_s(mostU, u);
    underU = i32x4.add(underU, underflowed(u, product));
    least = i32x4.min_s(least, next);
    most = i32x4.max_s(most, next);
    under = i32x4.add(under, underflowed(next, x));
  }
  if (counted) {
    const n = changetype<N>(0);
    n.counted(updateSite, counted);
    n.counted(site, counted);
    n.tally(updateSite, leastU, mostU, underU);
    n.tally(site, least, most, under);
  }
  if (whole < to) did |= updateParameters<N, C, V>(header, record, rate, false, false, whole, to);
  return did | (v128.any_true(moved) ? MOVED : 0) | (v128.any_true(wanted) ? WANTED : 0) | (v128.any_true(updated) ? UPDATED : 0);
}
