/** Updates, runs side by side, each at a rate of its own: θ ← Q(θ − Q(r·g)). The rule is that of `updateParameters` (network/step.ts), which takes over where a value is near a rail. */
import * as abi from '../abi';
import { at } from '../network/layer';
import { MOVED, UPDATED, updateParameters, WANTED } from '../network/step';
import { gatherOf, ofRun, own, RUNS } from './region';
import { keepRuns } from './tally';

/** Updates the parameters from, …, to − 1 of a layer, its weights or its biases; adds what each run's did at `did`. `site`: LAYER_WEIGHT or LAYER_BIAS; `row`: of run 0. */
export function updateRuns<N, C, V, L>(header: usize, record: usize, part: usize, row: usize, from: i32, to: i32, did: usize): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const updateSite = <usize>load<i32>(record, abi.LAYER_UPDATE), site = <usize>load<i32>(record + part);
  const left = load<i32>(updateSite, abi.SITE_LEFT0), leftOld = load<i32>(site, abi.SITE_LEFT0), leftUpdate = load<i32>(site, abi.SITE_LEFT1);
  const first = load<i32>(record, abi.LAYER_FIRST) + from, length = to - from;
  const theta = <usize>load<i32>(header, abi.HEADER_THETA) + (<usize>first << 4);
  const gradient = <usize>load<i32>(header, abi.HEADER_GRADIENT) + (<usize>first << 4), update = <usize>load<i32>(header, abi.HEADER_UPDATE) + (<usize>first << 4);
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT), baseU = l.base(updateSite), shiftU = load<i32>(updateSite, abi.SITE_SHIFT);
  for (let k = 0; k < RUNS; k++) store<i32>(rates + (<usize>k << 2), <i32>load<V>(ofRun(row, k), abi.ROW_RATE));
  for (let run = 0; run < RUNS; run += l.size()) {
    const lane = <usize>run << 2, shadow = run / l.size();
    let least = l.top(), most = l.bottom(), under = none, leastU = l.top(), mostU = l.bottom(), underU = none;
    // Bits that are set in any parameter.
    let moved = none, wanted = none, updated = none;
    for (let k = lane, end = (<usize>length << 4) + lane; k < end; k += 16) {
      const old = l.load(theta + k), product = l.shl(l.products(rates + lane, gradient + k), left);
      const u = l.round(product, baseU, shiftU, updateSite);
      const x = l.sub(l.shl(old, leftOld), l.shl(u, leftUpdate)), next = l.round(x, base, shift, site);
      leastU = l.min(leastU, u);
      mostU = l.max(mostU, u);
      underU = l.underflow(underU, u, product);
      least = l.min(least, next);
      most = l.max(most, next);
      under = l.underflow(under, next, x);
      moved = v128.or(moved, l.differs(next, old));
      wanted = v128.or(wanted, l.differs(l.load(gradient + k), none));
      updated = v128.or(updated, l.differs(u, none));
      l.store(update + k, u);
      l.store(theta + k, next);
    }
    if (l.atEdge(leastU, mostU, updateSite) || l.atEdge(least, most, site)) {
      for (let k = run; k < run + l.size(); k++) {
        add(did, k, updateParameters<N, C, V>(own(header, k), own(record, k), load<V>(ofRun(row, k), abi.ROW_RATE), false, false, from, to));
      }
      gatherOf(run, l.size(), at<N>(<usize>load<i32>(own(header, 0), abi.HEADER_THETA), first), length, theta);
      gatherOf(run, l.size(), at<N>(<usize>load<i32>(own(header, 0), abi.HEADER_UPDATE), first), length, update);
      continue;
    }
    v128.store(flags, moved);
    v128.store(flags, wanted, 16);
    v128.store(flags, updated, 32);
    for (let k = 0; k < l.size(); k++) {
      add(did, run + k, (l.value(flags, k) != 0 ? MOVED : 0) | (l.value(flags + 16, k) != 0 ? WANTED : 0) | (l.value(flags + 32, k) != 0 ? UPDATED : 0));
    }
    n.counted(ofRun(updateSite, shadow), length);
    n.counted(ofRun(site, shadow), length);
    keepRuns<L>(updateSite, run, l.min(least0(updateSite, shadow), leastU), l.max(most0(updateSite, shadow), mostU), underU);
    keepRuns<L>(site, run, l.min(least0(site, shadow), least), l.max(most0(site, shadow), most), under);
  }
}

const rates = memory.data(16, 16), flags = memory.data(48, 16);

@inline
function add(did: usize, run: i32, what: i32): void {
  const at = did + (<usize>run << 2);
  store<i32>(at, load<i32>(at) | what);
}
@inline
function least0(site: usize, shadow: i32): v128 { return v128.load(ofRun(site, shadow), abi.SITE_LANE_LEAST); }
@inline
function most0(site: usize, shadow: i32): v128 { return v128.load(ofRun(site, shadow), abi.SITE_LANE_MOST); }
