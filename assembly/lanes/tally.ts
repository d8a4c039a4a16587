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

@inline
function begin<L>(site: usize): void {
  const l = changetype<L>(0);
  v128.store(site, l.top(), abi.SITE_LANE_LEAST);
  v128.store(site, l.bottom(), abi.SITE_LANE_MOST);
  if (load<i32>(site, abi.SITE_LANE_PLANES)) beginCount(site);
}

@inline
function end<L>(site: usize): void {
  const l = changetype<L>(0);
  if (load<i32>(site, abi.SITE_LANE_PLANES)) endCount<L>(site);
  const least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST);
  if (!v128.any_true(l.notAbove(least, most))) return; // no lane saw anything
  store<i64>(site, min(load<i64>(site, abi.SITE_MIN), l.least(least)), abi.SITE_MIN);
  store<i64>(site, max(load<i64>(site, abi.SITE_MAX), l.most(most)), abi.SITE_MAX);
}

/** Begins or ends the tally of every site that lanes of some kind may round. */
function each(header: usize, beginning: bool): void {
  for (let k = 0, layers = load<i32>(header, abi.HEADER_LAYERS); k < layers; k++) {
    const record = layer(header, k);
    site(record, abi.LAYER_LANES_FORWARD, abi.LAYER_ACCUMULATOR, beginning);
    site(record, abi.LAYER_LANES_FORWARD, abi.LAYER_ACTIVATION, beginning);
    site(record, abi.LAYER_LANES_ERROR, abi.LAYER_ERROR, beginning);
    site(record, abi.LAYER_LANES_GRADIENT, abi.LAYER_GRADIENT_ACCUMULATOR, beginning);
    site(record, abi.LAYER_LANES_GRADIENT, abi.LAYER_GRADIENT, beginning);
    site(record, abi.LAYER_LANES_UPDATE, abi.LAYER_UPDATE, beginning);
    site(record, abi.LAYER_LANES_UPDATE, abi.LAYER_WEIGHT, beginning);
    if (load<i32>(record, abi.LAYER_HAS_BIAS)) site(record, abi.LAYER_LANES_UPDATE, abi.LAYER_BIAS, beginning);
  }
}

function site(record: usize, part: usize, field: usize, beginning: bool): void {
  const kind = load<i32>(record + part), at = <usize>load<i32>(record + field);
  if (kind == abi.LANES_NONE) return;
  const words = kind == abi.LANES_WORDS_ONE || kind == abi.LANES_WORDS_RAW || kind == abi.LANES_WORDS_THREE;
  if (beginning) {
    if (words) begin<WordsOne>(at);
    else begin<LongsOne>(at);
  } else if (words) end<WordsOne>(at);
  else end<LongsOne>(at);
}

export function beginTallies(header: usize): void {
  each(header, true);
}
export function endTallies(header: usize): void {
  each(header, false);
}
