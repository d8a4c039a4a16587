/** Updates of neighbouring parameters side by side: θ ← Q(θ − Q(r·g)). The rule is that of `updateParameters` (network/step.ts). */
import * as abi from '../abi';
import { at } from '../network/layer';
import { MOVED, UPDATED, updateParameters, WANTED } from '../network/step';
import { commit, logEnd } from './planes';
import { aside, logged, roundingErrors, slice } from './record';
import { keep } from './tally';

/** Updates the parameters from, …, to − 1 of a layer, its weights or its biases; what they did. */
export function updateLanes<N, C, V, L>(header: usize, record: usize, site: usize, rate: V, from: i32, to: i32): i32 {
  const l = changetype<L>(0), n = changetype<N>(0);
  const updateSite = <usize>load<i32>(record, abi.LAYER_UPDATE);
  const left = load<i32>(updateSite, abi.SITE_LEFT0), leftOld = load<i32>(site, abi.SITE_LEFT0), leftUpdate = load<i32>(site, abi.SITE_LEFT1);
  const first = load<i32>(record, abi.LAYER_FIRST);
  const theta = at<N>(<usize>load<i32>(header, abi.HEADER_THETA), first), gradient = at<N>(<usize>load<i32>(header, abi.HEADER_GRADIENT), first);
  const update = at<N>(<usize>load<i32>(header, abi.HEADER_UPDATE), first);
  const none = l.none();
  // The rate, where a product takes its words from.
  const r = <usize>load<i32>(header, abi.HEADER_LANE_SCRATCH);
  n.store(r, 0, rate);
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  const baseU = l.base(updateSite), shiftU = load<i32>(updateSite, abi.SITE_SHIFT);
  let leastU = v128.load(updateSite, abi.SITE_LANE_LEAST), mostU = v128.load(updateSite, abi.SITE_LANE_MOST), underU = none, errorsU = none;
  let least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST), under = none, errors = none;
  let log = logged(site), logU = logged(updateSite);
  const logFull = logEnd<L>(site), logUFull = logEnd<L>(updateSite);
  // Bits that are set in any lane.
  let moved = none, wanted = none, updated = none;
  let did = 0, counted = 0;
  const whole = from + ((to - from) & -l.size());
  for (let k = from; k < whole; ) {
    let near = false, raws = none, exact = none, rawsU = none, exactU = none;
    for (const end = slice<N, L>(k, whole); k < end; k += l.size()) {
      const old = l.load(at<N>(theta, k)), g = l.load(at<N>(gradient, k));
      const product = l.shl(l.product(r, at<N>(gradient, k)), left);
      const u = l.round(product, baseU, shiftU, updateSite);
      const x = l.sub(l.shl(old, leftOld), l.shl(u, leftUpdate));
      const next = l.round(x, base, shift, site);
      near = l.atEdge(u, u, updateSite) || l.atEdge(next, next, site);
      if (near) break;
      l.store(at<N>(update, k), u);
      l.store(at<N>(theta, k), next);
      moved = v128.or(moved, l.differs(next, old));
      wanted = v128.or(wanted, l.differs(g, none));
      updated = v128.or(updated, l.differs(u, none));
      counted += l.size();
      leastU = l.min(leastU, u);
      mostU = l.max(mostU, u);
      underU = l.underflow(underU, u, product);
      least = l.min(least, next);
      most = l.max(most, next);
      under = l.underflow(under, next, x);
      if (n.records()) {
        logU = aside<L>(logU, u);
        rawsU = l.add(rawsU, u);
        exactU = l.add(exactU, product);
        log = aside<L>(log, next);
        raws = l.add(raws, next);
        exact = l.add(exact, x);
      }
    }
    if (n.records()) {
      logU = commit<L>(updateSite, logU, logUFull);
      log = commit<L>(site, log, logFull);
      errorsU = l.total(errorsU, roundingErrors<L>(rawsU, exactU, shiftU));
      errors = l.total(errors, roundingErrors<L>(raws, exact, shift));
    }
    if (!near) continue;
    did |= updateParameters<N, C, V>(header, record, rate, false, false, k, k + l.size());
    k += l.size();
  }
  n.counted(updateSite, counted);
  n.counted(site, counted);
  keep<N, L>(updateSite, leastU, mostU, underU, errorsU, logU);
  keep<N, L>(site, least, most, under, errors, log);
  if (whole < to) did |= updateParameters<N, C, V>(header, record, rate, false, false, whole, to);
  return did | (v128.any_true(moved) ? MOVED : 0) | (v128.any_true(wanted) ? WANTED : 0) | (v128.any_true(updated) ? UPDATED : 0);
}
