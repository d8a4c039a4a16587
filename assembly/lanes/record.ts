/** What the full recorder adds for values side by side: kept aside until no value of the group turns out to be near a rail, then counted one by one. */
import * as abi from '../abi';
import { bin } from '../fixed/quantise';

/** Bytes of a raw and its exact value, side by side. */
const ENTRY: usize = 32;

/** Puts a raw and its exact value aside; where the next go. */
@inline
export function aside(to: usize, raw: v128, x: v128): usize {
  v128.store(to, raw);
  v128.store(to, x, 16);
  return to + ENTRY;
}

/** As `aside`, of a running sum; for its exact value stands one with the same rounding error, that of the step. */
@inline
export function asideStep<L>(to: usize, sum: v128, terms: v128, step: v128, shift: i32, site: usize): usize {
  const l = changetype<L>(0);
  const raw = l.raw(sum, shift, site);
  return aside(to, raw, l.add(l.shl(raw, shift), l.sub(terms, step)));
}

/** Counts what was put aside: magnitudes, and rounding errors as they are (`addError` of fixed/quantise.ts). */
export function recordLanes<L>(site: usize, from: usize, to: usize): void {
  const l = changetype<L>(0);
  const shift = <i64>load<i32>(site, abi.SITE_SHIFT);
  let errors: i64 = 0;
  for (; from < to; from += ENTRY) {
    for (let j = 0; j < l.size(); j++) {
      const raw = l.value(from, j);
      bin(raw, site);
      errors += (raw << shift) - l.value(from + 16, j);
    }
  }
  if (shift) store<i64>(site, load<i64>(site, abi.SITE_ERROR_SUM) + errors, abi.SITE_ERROR_SUM);
}
