/** What the full recorder adds for values side by side: kept aside until no value of the group turns out to be near a rail, then counted (planes.ts). */
import * as abi from '../abi';

/** Where a kernel of one value after another looks what is to be counted, so that its inner loop has no call and nothing is spilled. */
@inline
export function slice<N, L>(from: i32, to: i32): i32 {
  return changetype<N>(0).records() ? min(from + abi.LANE_BLOCK * changetype<L>(0).size(), to) : to;
}

/** Where the magnitudes of a site's next group go. */
@inline
export function logged(site: usize): usize {
  return <usize>load<i32>(site, abi.SITE_LANE_LOGGED);
}

/** Puts magnitudes of raws aside; where the next go. */
@inline
export function aside<L>(to: usize, raw: v128): usize {
  v128.store(to, changetype<L>(0).magnitude(raw));
  return to + 16;
}

/** The same of a running sum. */
@inline
export function asideSum<L>(to: usize, sum: v128, shift: i32): usize {
  v128.store(to, changetype<L>(0).magnitudeOfSum(sum, shift));
  return to + 16;
}

/** The sum of rounding errors (`addError` of fixed/quantise.ts) of values of which only the sums are kept; it fits a lane, so it does not matter if these do not. */
@inline
export function roundingErrors<L>(raws: v128, exact: v128, shift: i32): v128 {
  const l = changetype<L>(0);
  return l.sub(l.shl(raws, shift), exact);
}
