/**
 * From an exact value to a raw: round, then overflow, then count. docs/numerics.md §2.
 * `round` is the branch-free form for values within 63 bits; `settle` is the rest, for any width, out of the fast path.
 */
import * as abi from '../abi';
import { hi, setHi, shiftRight } from './int128';

/** The step that is running; first events name it. */
export let step: i64 = 0;
export function setStep(value: i64): void {
  step = value;
}

/** ρ for a value within 63 bits; the site holds the rounding as three addends. */
@inline
export function round(x: i64, site: usize): i64 {
  const shift = <i64>load<i32>(site, abi.SITE_SHIFT);
  return (
    x +
      load<i64>(site, abi.SITE_BASE) +
      ((x >> shift) & load<i64>(site, abi.SITE_LSB)) +
      ((x >> 63) & load<i64>(site, abi.SITE_SIGN))
  ) >> shift;
}

/** Quantises an exact value within 63 bits. `edgeLow` and `edgeHigh` are the first raws that are near a rail or beyond. */
@inline
export function quantise(x: i64, site: usize, element: i32): i64 {
  const raw = round(x, site);
  if (raw >= load<i64>(site, abi.SITE_EDGE_HIGH) || raw <= load<i64>(site, abi.SITE_EDGE_LOW)) {
    setHi(raw >> 63);
    return settle(raw, x != 0, site, element);
  }
  if (raw == 0 && x != 0) store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) + 1, abi.SITE_UNDERFLOW);
  if (raw < load<i64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);
  if (raw > load<i64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);
  return raw;
}

/** Quantises the exact value (hi:low). */
export function quantiseWide(low: i64, site: usize, element: i32): i64 {
  const nonzero = (low | hi) != 0;
  const shift = load<i32>(site, abi.SITE_SHIFT);
  if (shift == 0) return settle(low, nonzero, site, element);
  const high = hi;
  const half = (shift > 64 ? high >> (shift - 65) : low >> (shift - 1)) & 1;
  const below = shift > 65 ? low | (high & ((<i64>1 << (shift - 65)) - 1)) : shift == 65 ? low : low & ((<i64>1 << (shift - 1)) - 1);
  const discarded = <i32>(half << 1) | i32(below != 0);
  return roundUp(shiftRight(low, shift), discarded, high < 0, nonzero, site, element);
}

/** ⌊x⌋ is (hi:low); goes up by one if the site's rounding says so, then settles. */
export function roundUp(low: i64, discarded: i32, negative: bool, nonzero: bool, site: usize, element: i32): i64 {
  const up = (load<i32>(site, abi.SITE_UP) >> ((discarded << 2) | (<i32>(low & 1) << 1) | i32(negative))) & 1;
  if (up) {
    low++;
    if (low == 0) setHi(hi + 1);
  }
  return settle(low, nonzero, site, element);
}

/** Overflow and counting of the rounded value (hi:low). */
export function settle(low: i64, nonzero: bool, site: usize, element: i32): i64 {
  const signed = load<i32>(site, abi.SITE_SIGNED) != 0;
  const railLow = load<i64>(site, abi.SITE_LOW), railHigh = load<i64>(site, abi.SITE_HIGH);
  // An unsigned raw of 64 bits does not fit an i64: the words of unsigned formats compare as such.
  const railHighTop: i64 = signed ? railHigh >> 63 : 0;
  const high = hi;
  const above = high > railHighTop || (high == railHighTop && <u64>low > <u64>railHigh);
  const below = high < railLow >> 63 || (high == railLow >> 63 && <u64>low < <u64>railLow);
  let raw = low;
  if (above || below) {
    if (load<i32>(site, abi.SITE_OVERFLOW) == abi.OVERFLOW_WRAP) {
      const unused = <i64>(64 - load<i32>(site, abi.SITE_WORD_LENGTH));
      raw = signed ? (low << unused) >> unused : <i64>((<u64>low << unused) >> unused);
    } else raw = above ? railHigh : railLow;
    const counter = above ? abi.SITE_OVERFLOW_HIGH : abi.SITE_OVERFLOW_LOW;
    store<i64>(site + counter, load<i64>(site + counter) + 1);
    if (load<i64>(site, abi.SITE_FIRST_STEP) < 0) {
      store<i64>(site, step, abi.SITE_FIRST_STEP);
      store<i64>(site, element, abi.SITE_FIRST_ELEMENT);
      store<i64>(site, high == low >> 63 ? low : high < 0 ? i64.MIN_VALUE : i64.MAX_VALUE, abi.SITE_FIRST_WANTED);
      store<i64>(site, raw, abi.SITE_FIRST_RAW);
    }
  } else if (raw == 0 && nonzero) store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) + 1, abi.SITE_UNDERFLOW);
  const nearHigh = load<i64>(site, abi.SITE_NEAR_HIGH), nearLow = load<i64>(site, abi.SITE_NEAR_LOW);
  let near: bool;
  if (signed) {
    near = (raw > 0 && raw >= nearHigh) || (raw < 0 && raw <= nearLow);
    if (raw < load<i64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);
    if (raw > load<i64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);
  } else {
    near = raw != 0 && <u64>raw >= <u64>nearHigh;
    if (<u64>raw < load<u64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);
    if (<u64>raw >= load<u64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);
  }
  if (near) store<i64>(site, load<i64>(site, abi.SITE_NEAR_RAIL) + 1, abi.SITE_NEAR_RAIL);
  return raw;
}

@inline
export function counted(site: usize, n: i64): void {
  store<i64>(site, load<i64>(site, abi.SITE_COUNT) + n, abi.SITE_COUNT);
}
