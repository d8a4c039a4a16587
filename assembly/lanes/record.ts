/** What the full recorder adds for values side by side: kept aside until no value of the group turns out to be near a rail, then counted. */
import * as abi from '../abi';

/** Puts magnitudes of raws aside; where the next go. */
@inline
export function aside<L>(to: usize, raw: v128): usize {
  v128.store(to, changetype<L>(0).magnitude(raw));
  return to + 16;
}

/** Rounding errors as they are (`addError` of fixed/quantise.ts), with that of one more value in each lane. */
@inline
export function withError<L>(errors: v128, raw: v128, x: v128, shift: i32): v128 {
  const l = changetype<L>(0);
  return l.add(errors, l.sub(l.shl(raw, shift), x));
}

/** Counts what was put aside, and the sum of its rounding errors. Every lane has a histogram of its own until the run ends: neighbours often fall into one bin, and adding waits for what was added before. */
export function recordLanes<L>(site: usize, from: usize, to: usize, errors: i64): void {
  const l = changetype<L>(0);
  const bins = <usize>load<i32>(site, abi.SITE_LANE_BINS);
  for (; from < to; from += 16) l.bin(bins, from);
  store<i64>(site, load<i64>(site, abi.SITE_ERROR_SUM) + errors, abi.SITE_ERROR_SUM);
}

/** One more in a bin. */
@inline
export function increment(bin: usize): void {
  store<i64>(bin, load<i64>(bin) + 1);
}
