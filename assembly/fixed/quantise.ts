/**
 * From an exact value to a raw: round, then overflow, then count. docs/numerics.md §2.
 * `round` is the branch-free form for values within 63 bits; `settle` is the rest, for any width, out of the fast path.
 */
import * as abi from '../abi';
import { add, hi, setHi, shiftLeft, shiftRight } from './int128';
import { draw, randomHigh, randomLow } from './random';

/** The step that is running; first events name it. */
export let step: i64 = 0;
export function setStep(value: i64): void {
  step = value;
}

/** ρ for a value within 63 bits; the site holds the rounding as three addends. */
@inline
export function round(x: i64, site: usize, shift: i64): i64 {
  return (
    x +
      load<i64>(site, abi.SITE_BASE) +
      ((x >> shift) & load<i64>(site, abi.SITE_LSB)) +
      ((x >> 63) & load<i64>(site, abi.SITE_SIGN))
  ) >> shift;
}

/**
 * Quantises an exact value within 63 bits, at the recorder's level. `edgeLow` and `edgeHigh` are the first raws that are near a rail or beyond;
 * at a site that does not round by addends they take in everything, so that one test sends it out of the fast path.
 * `index` tells the quantisations of one element in one step apart; random bits and first events name it.
 */
@unmanaged
export class Off {
  @inline quantise(x: i64, site: usize, element: i32, index: i32): i64 {
    const shift = <i64>load<i32>(site, abi.SITE_SHIFT);
    const raw = round(x, site, shift);
    return atEdge(raw, site) ? edge(raw, x, site, element, index) : raw;
  }
  @inline counts(): bool { return false; }
  @inline records(): bool { return false; }
}

@unmanaged
export class Counts {
  @inline quantise(x: i64, site: usize, element: i32, index: i32): i64 {
    const shift = <i64>load<i32>(site, abi.SITE_SHIFT);
    const raw = round(x, site, shift);
    if (atEdge(raw, site)) return edge(raw, x, site, element, index);
    count(raw, x, site);
    return raw;
  }
  @inline counts(): bool { return true; }
  @inline records(): bool { return false; }
}

@unmanaged
export class Full {
  @inline quantise(x: i64, site: usize, element: i32, index: i32): i64 {
    const shift = <i64>load<i32>(site, abi.SITE_SHIFT);
    const raw = round(x, site, shift);
    // Most values lie inside what was seen already: one comparison stands for rails and range.
    if (<u64>(raw - load<i64>(site, abi.SITE_WATCH_LOW)) >= load<u64>(site, abi.SITE_WATCH_SPAN)) return watched(raw, x, site, element, index);
    addError(raw, x, site, shift);
    bin(raw, site);
    if (raw == 0 && x != 0) store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) + 1, abi.SITE_UNDERFLOW);
    return raw;
  }
  @inline counts(): bool { return true; }
  @inline records(): bool { return true; }
}

/** A value near a rail or beyond, or one that widens the range. */
function watched(raw: i64, x: i64, site: usize, element: i32, index: i32): i64 {
  if (load<i32>(site, abi.SITE_KIND) == abi.ROUND_ADDEND) addError(raw, x, site, <i64>load<i32>(site, abi.SITE_SHIFT));
  if (atEdge(raw, site)) return edge(raw, x, site, element, index);
  count(raw, x, site);
  bin(raw, site);
  const low = max(load<i64>(site, abi.SITE_MIN), load<i64>(site, abi.SITE_EDGE_LOW) + 1);
  store<i64>(site, low, abi.SITE_WATCH_LOW);
  store<i64>(site, min(load<i64>(site, abi.SITE_MAX), load<i64>(site, abi.SITE_EDGE_HIGH) - 1) - low + 1, abi.SITE_WATCH_SPAN);
  return raw;
}

@inline
function atEdge(raw: i64, site: usize): bool {
  return raw >= load<i64>(site, abi.SITE_EDGE_HIGH) || raw <= load<i64>(site, abi.SITE_EDGE_LOW);
}

/** Counts a raw that is neither near a rail nor beyond. */
@inline
function count(raw: i64, x: i64, site: usize): void {
  if (raw == 0 && x != 0) store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) + 1, abi.SITE_UNDERFLOW);
  if (raw < load<i64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);
  if (raw > load<i64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);
}

/** Puts a raw into the site's histogram by its magnitude. */
@inline
export function bin(raw: i64, site: usize): void {
  const sign = raw >> 63;
  const at = site + (<usize>clz((raw ^ sign) - sign) << 3);
  store<i64>(at, load<i64>(at, abi.SITE_HISTOGRAM) + 1, abi.SITE_HISTOGRAM);
}

/** A raw near a rail or beyond; or anything at a site that does not round by addends, whose edges let nothing pass. */
function edge(raw: i64, x: i64, site: usize, element: i32, index: i32): i64 {
  if (load<i32>(site, abi.SITE_KIND) != abi.ROUND_ADDEND) {
    setHi(x >> 63);
    return quantiseWide(x, site, element, index);
  }
  setHi(raw >> 63);
  return settle(raw, true, site, element, index); // at an edge or beyond: no zero, so nothing that can underflow
}

@inline
function addError(raw: i64, x: i64, site: usize, shift: i64): void {
  if (shift) store<i64>(site, load<i64>(site, abi.SITE_ERROR_SUM) + ((raw << shift) - x), abi.SITE_ERROR_SUM);
}

/** Quantises the exact value (hi:low). */
export function quantiseWide(low: i64, site: usize, element: i32, index: i32): i64 {
  const nonzero = (low | hi) != 0;
  const shift = load<i32>(site, abi.SITE_SHIFT), kind = load<i32>(site, abi.SITE_KIND);
  const full = load<i32>(site, abi.SITE_FULL), bits = load<i32>(site, abi.SITE_ERROR_BITS);
  if (shift == 0) {
    const odd = upByTable(site, 0, low, hi < 0);
    if (full) addRoundingError(site + abi.SITE_ERROR_SUM, odd, 0, bits);
    return finish(low, odd, nonzero, site, element, index);
  }
  const high = hi;
  const half = (shift > 64 ? high >> (shift - 65) : low >> (shift - 1)) & 1;
  const below = shift >= 65 ? low | (high & ((<i64>1 << (shift - 65)) - 1)) : low & ((<i64>1 << (shift - 1)) - 1);
  const discarded = <i32>(half << 1) | i32(below != 0);
  let up: bool;
  if (kind == abi.ROUND_FRACTION) {
    draw(site, element, index);
    // R: the top `shift` bits of the 128 drawn; up if R and the discarded bits carry.
    const r = <i64>(shift > 64 ? randomHigh >> (128 - shift) : 0);
    const rLow = shift > 64 ? (randomHigh << (shift - 64)) | (randomLow >> (128 - shift)) : randomHigh >> (64 - shift);
    const floorLow = shiftRight(low, shift);
    setHi(high);
    up = shiftRight(add(low, high, <i64>rLow, r), shift) != floorLow;
  } else if (kind == abi.ROUND_EQUAL) {
    draw(site, element, index);
    up = discarded != 0 && <i64>randomHigh < 0;
  } else {
    setHi(high);
    up = upByTable(site, discarded, shiftRight(low, shift), high < 0);
  }
  if (full) addRoundingError(site + abi.SITE_ERROR_SUM, up, fractionUp(low, high, shift, bits), bits);
  setHi(high);
  return finish(shiftRight(low, shift), up, nonzero, site, element, index);
}

/** ⌈d·2^b⌉ of the discarded part d, b the site's error bits (at most `shift`). */
function fractionUp(low: i64, high: i64, shift: i32, bits: i32): i32 {
  const excess = shift - bits;
  setHi(high);
  const kept = shiftRight(low, excess);
  const inexact = shiftLeft(kept, excess) != low || hi != high;
  return (<i32>kept & ((1 << bits) - 1)) + i32(inexact);
}

/** The rule of a deterministic mode: go up from the floor whose low word this is? */
@inline
export function upByTable(site: usize, discarded: i32, floor: i64, negative: bool): bool {
  return ((load<i32>(site, abi.SITE_UP) >> ((discarded << 2) | (<i32>(floor & 1) << 1) | i32(negative))) & 1) != 0;
}

/** Adds up − fraction, in units of 2^-bits, to a sum of rounding errors. */
export function addRoundingError(sum: usize, up: bool, fraction: i32, bits: i32): void {
  store<i64>(sum, load<i64>(sum) + (<i64>up << <i64>bits) - <i64>fraction);
}

/** (hi:low) or one more, settled. */
export function finish(low: i64, up: bool, nonzero: bool, site: usize, element: i32, index: i32): i64 {
  if (up) {
    low++;
    if (low == 0) setHi(hi + 1);
  }
  return settle(low, nonzero, site, element, index);
}

/** Site at which a TRAP overflowed; 0 while none has. */
export let trapped: usize = 0;
export function setTrapped(site: usize): void {
  trapped = site;
}

/** Bit `index` of (hi:low), index ≤ 64. */
@inline
function bitOf(low: i64, index: i32): i64 {
  return (index == 64 ? hi : low >> index) & 1;
}

/** What the overflow mode makes of (hi:low), which lies outside the rails. */
function overflowed(low: i64, above: bool, railLow: i64, railHigh: i64, signed: bool, site: usize): i64 {
  const mode = load<i32>(site, abi.SITE_OVERFLOW);
  if (mode == abi.OVERFLOW_SAT_ZERO) return 0;
  if (mode != abi.OVERFLOW_WRAP && mode != abi.OVERFLOW_WRAP_SM) {
    if (mode == abi.OVERFLOW_TRAP && trapped == 0) trapped = site;
    return above ? railHigh : railLow;
  }
  const width = load<i32>(site, abi.SITE_WORD_LENGTH), n = load<i32>(site, abi.SITE_SATURATED_BITS);
  const magnitude = mode == abi.OVERFLOW_WRAP_SM;
  const sign: i64 = above ? 0 : 1;
  let bits = low;
  if (n == 0) {
    // The deleted bit becomes the sign; where it differs from the one it replaces, all bits are inverted.
    if (magnitude && bitOf(low, width) != bitOf(low, width - 1)) bits = ~low;
  } else {
    // The n top bits say which rail: all of them for unsigned, the sign and its inverses for signed.
    const kept = width - n; // at most 63
    const rest = (<i64>1 << kept) - 1;
    const ones = n >= 64 ? <i64>-1 : (<i64>1 << n) - 1;
    const top = signed ? (sign ? <i64>1 << (n - 1) : ones >>> 1) : sign ? 0 : ones;
    const flip = magnitude && bitOf(low, kept) != (top & 1);
    bits = (top << kept) | ((flip ? ~low : low) & rest);
  }
  const unused = 64 - width;
  return signed ? (bits << unused) >> unused : <i64>((<u64>bits << unused) >> unused);
}

/** Overflow and counting of the rounded value (hi:low). */
export function settle(low: i64, nonzero: bool, site: usize, element: i32, index: i32): i64 {
  const signed = load<i32>(site, abi.SITE_SIGNED) != 0;
  const railLow = load<i64>(site, abi.SITE_LOW), railHigh = load<i64>(site, abi.SITE_HIGH);
  // An unsigned raw of 64 bits does not fit an i64: the words of unsigned formats compare as such.
  const railHighTop: i64 = signed ? railHigh >> 63 : 0;
  const high = hi;
  const above = high > railHighTop || (high == railHighTop && <u64>low > <u64>railHigh);
  const below = high < railLow >> 63 || (high == railLow >> 63 && <u64>low < <u64>railLow);
  let raw = low;
  if (above || below) {
    raw = overflowed(low, above, railLow, railHigh, signed, site);
    const counter = above ? abi.SITE_OVERFLOW_HIGH : abi.SITE_OVERFLOW_LOW;
    store<i64>(site + counter, load<i64>(site + counter) + 1);
    if (load<i64>(site, abi.SITE_FIRST_STEP) < 0) {
      store<i64>(site, step, abi.SITE_FIRST_STEP);
      store<i64>(site, element, abi.SITE_FIRST_ELEMENT);
      store<i64>(site, index, abi.SITE_FIRST_INDEX);
      store<i64>(site, high == low >> 63 ? low : high < 0 ? i64.MIN_VALUE : i64.MAX_VALUE, abi.SITE_FIRST_WANTED);
      store<i64>(site, raw, abi.SITE_FIRST_RAW);
    }
  } else if (raw == 0 && nonzero) store<i64>(site, load<i64>(site, abi.SITE_UNDERFLOW) + 1, abi.SITE_UNDERFLOW);
  const nearHigh = load<i64>(site, abi.SITE_NEAR_HIGH), nearLow = load<i64>(site, abi.SITE_NEAR_LOW);
  let near: bool;
  if (signed) {
    near = raw >= nearHigh || raw <= nearLow; // neither takes in 0
    if (raw < load<i64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);
    if (raw > load<i64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);
  } else {
    near = raw != 0 && <u64>raw >= <u64>nearHigh;
    if (<u64>raw < load<u64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);
    if (<u64>raw > load<u64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);
  }
  if (near) store<i64>(site, load<i64>(site, abi.SITE_NEAR_RAIL) + 1, abi.SITE_NEAR_RAIL);
  if (load<i32>(site, abi.SITE_FULL)) bin(signed ? raw : raw < 0 ? i64.MIN_VALUE : raw, site);
  return raw;
}

@inline
export function counted(site: usize, n: i64): void {
  store<i64>(site, load<i64>(site, abi.SITE_COUNT) + n, abi.SITE_COUNT);
}

/** Counts a step in which a layer stood still at a site. */
@inline
export function stalled(site: usize): void {
  store<i64>(site, load<i64>(site, abi.SITE_STALLED) + 1, abi.SITE_STALLED);
}
