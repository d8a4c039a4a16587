/**
 * What lanes count. A kernel goes on with the ranges that the one before left in the site's record, lane by lane; only at the end of a run do they join the
 * site's counters, so that a kernel of few values does not pay for it.
 */
import * as abi from '../abi';
import { layer } from '../network/layer';
import { LongsOne } from './longs';
import { beginCount, endCount } from './planes';
import { WordsOne } from './words';

/** Range, underflows, sums of rounding errors and log of a site from here on; nothing where nothing is counted. */
@inline
export function keep<N, L>(site: usize, least: v128, most: v128, underflows: v128, errors: v128, log: usize): void {
  if (!changetype<N>(0).counts()) return;
  v128.store(site, least, abi.SITE_LANE_LEAST);
  v128.store(site, most, abi.SITE_LANE_MOST);
  store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) - changetype<L>(0).sum(underflows), abi.SITE_UNDERFLOW);
  if (!changetype<N>(0).records()) return;
  store<i64>(site, load<i64>(site, abi.SITE_ERROR_SUM) + i64x2.extract_lane(errors, 0) + i64x2.extract_lane(errors, 1), abi.SITE_ERROR_SUM);
  store<i32>(site, <i32>log, abi.SITE_LANE_LOGGED);
}

@unmanaged
class Begin {
  @inline take<L>(site: usize): void {
    const l = changetype<L>(0);
    v128.store(site, l.top(), abi.SITE_LANE_LEAST);
    v128.store(site, l.bottom(), abi.SITE_LANE_MOST);
    if (load<i32>(site, abi.SITE_LANE_PLANES)) beginCount(site);
  }
}

@unmanaged
class End {
  @inline take<L>(site: usize): void {
    const l = changetype<L>(0);
    if (load<i32>(site, abi.SITE_LANE_PLANES)) endCount<L>(site);
    const least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST);
    if (!v128.any_true(l.notAbove(least, most))) return; // no lane saw anything
    store<i64>(site, min(load<i64>(site, abi.SITE_MIN), l.least(least)), abi.SITE_MIN);
    store<i64>(site, max(load<i64>(site, abi.SITE_MAX), l.most(most)), abi.SITE_MAX);
  }
}

/** Takes every site that lanes of some kind may round. A: what becomes of one, with the kind of its lanes. */
export function eachSite<A>(header: usize): void {
  for (let k = 0, layers = load<i32>(header, abi.HEADER_LAYERS); k < layers; k++) {
    const record = layer(header, k);
    site<A>(record, abi.LAYER_LANES_FORWARD, abi.LAYER_ACCUMULATOR);
    site<A>(record, abi.LAYER_LANES_FORWARD, abi.LAYER_ACTIVATION);
    site<A>(record, abi.LAYER_LANES_ERROR, abi.LAYER_ERROR);
    site<A>(record, abi.LAYER_LANES_GRADIENT, abi.LAYER_GRADIENT_ACCUMULATOR);
    site<A>(record, abi.LAYER_LANES_GRADIENT, abi.LAYER_GRADIENT);
    site<A>(record, abi.LAYER_LANES_UPDATE, abi.LAYER_UPDATE);
    site<A>(record, abi.LAYER_LANES_UPDATE, abi.LAYER_WEIGHT);
    if (load<i32>(record, abi.LAYER_HAS_BIAS)) site<A>(record, abi.LAYER_LANES_UPDATE, abi.LAYER_BIAS);
  }
}

function site<A>(record: usize, part: usize, field: usize): void {
  const kind = load<i32>(record + part), at = <usize>load<i32>(record + field);
  if (kind == abi.LANES_NONE) return;
  if (kind == abi.LANES_WORDS_ONE || kind == abi.LANES_WORDS_RAW || kind == abi.LANES_WORDS_THREE) changetype<A>(0).take<WordsOne>(at);
  else changetype<A>(0).take<LongsOne>(at);
}

export function beginTallies(header: usize): void {
  eachSite<Begin>(header);
}
export function endTallies(header: usize): void {
  eachSite<End>(header);
}
