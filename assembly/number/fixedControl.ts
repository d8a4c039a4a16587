/**
 * Loss and controllers in fixed point: integers only, exact values in 128 bits, one rounding at each site. docs/numerics.md §5–7.
 */
import * as abi from '../abi';
import {
  add, addProduct, addShifted, addShiftedUnsigned, complementRemainder, discardedOfDivision, divide, fractionInexact, hi, multiply, multiplyUnsigned, negate, productAtMost,
  quotientHigh, quotientLow, remainderFraction, remainderHigh, remainderLow, setHi, shiftLeft, shiftRight, squareRoot,
} from '../fixed/int128';
import { addRoundingError, counted, finish, quantiseWide, settle, upByTable } from '../fixed/quantise';
import { draw, randomHigh } from '../fixed/random';

/** (hi:numerator) / (d1·d2 << left), rounded once at the site. The divisor is positive; d1 and d2 may need all 64 bits. */
export function quotient(numerator: i64, d1: i64, d2: i64, left: i32, site: usize, element: i32, index: i32): i64 {
  const high = hi;
  const nonzero = (numerator | high) != 0;
  const kind = load<i32>(site, abi.SITE_KIND);
  counted(site, 1);
  if (high == 0 && numerator >= 0 && d2 == 1 && left == 0 && (d1 & (d1 - 1)) == 0 && (kind == abi.ROUND_ADDEND || kind == abi.ROUND_TABLE)) {
    // One positive word over a power of two, as a loss over 2B: no division.
    const rest = numerator & (d1 - 1), half = d1 >> 1, q = numerator >> ctz(d1);
    const up = upByTable(site, rest == 0 ? 0 : rest < half ? 1 : rest == half ? 2 : 3, q, false);
    recordError(site, up, <u64>rest, 0, <u64>d1, 0);
    return finish(q, up, nonzero, site, element, index);
  }
  const dLow = shiftLeft(<i64>multiplyUnsigned(<u64>d1, <u64>d2), left), dHigh = hi;
  setHi(high);
  const negative = high < 0;
  const magnitude = negative ? negate(numerator) : numerator;
  divide(<u64>magnitude, <u64>hi, <u64>dLow, <u64>dHigh);
  let q = <i64>quotientLow;
  setHi(<i64>quotientHigh);
  if (negative) {
    // ⌊−n/d⌋ = −⌈n/d⌉, and what lies above the floor is what the magnitude lacks to its ceiling.
    if (complementRemainder(<u64>dLow, <u64>dHigh)) {
      q++;
      if (q == 0) setHi(hi + 1);
    }
    q = negate(q);
  }
  const qHigh = hi;
  let up: bool;
  const discarded = discardedOfDivision(<u64>dLow, <u64>dHigh);
  if (kind == abi.ROUND_FRACTION || kind == abi.ROUND_EQUAL) {
    draw(site, element, index);
    if (kind == abi.ROUND_EQUAL) up = discarded != 0 && <i64>randomHigh < 0;
    else {
      const t = remainderFraction(remainderLow, remainderHigh, <u64>dLow, <u64>dHigh, 64);
      up = randomHigh + t < t; // carry out of 64 bits
    }
  } else up = upByTable(site, discarded, q, negative);
  recordError(site, up, remainderLow, remainderHigh, <u64>dLow, <u64>dHigh);
  setHi(qHigh);
  return finish(q, up, nonzero, site, element, index);
}

/** The quotient as the target divides (docs/numerics.md §6.1): by a power of two that stands for the divisor, and, with a table, times a reciprocal. */
function divided(numerator: i64, d1: i64, d2: i64, left: i32, site: usize, element: i32, index: i32, header: usize): i64 {
  const method = load<i32>(header, abi.HEADER_DIVIDER);
  if (method == abi.DIVIDER_EXACT) return quotient(numerator, d1, d2, left, site, element, index);
  const high = hi;
  const low = shiftLeft(<i64>multiplyUnsigned(<u64>d1, <u64>d2), left), dHigh = hi;
  const exponent = dHigh ? 127 - <i32>clz(dHigh) : 63 - <i32>clz(low);
  if (method == abi.DIVIDER_POWER_OF_TWO) {
    const whole = dHigh ? low == 0 && (dHigh & (dHigh - 1)) == 0 : (low & (low - 1)) == 0;
    setHi(high);
    return quotient(numerator, 1, 1, exponent + i32(!whole), site, element, index);
  }
  // m: the top bits + 1 bits of the divisor; the reciprocal of the middle of those it stands for, to nearest.
  const bits = load<i32>(header, abi.HEADER_DIVIDER_BITS);
  setHi(dHigh);
  const m = exponent >= bits ? shiftRight(low, exponent - bits) : low << <i64>(bits - exponent);
  const reciprocal = ((<i64>1 << <i64>(2 * bits + 3)) / (2 * m + 1) + 1) >> 1;
  const scaled = multiplyUnsigned(<u64>numerator, <u64>reciprocal); // modulo 2^128, so of either sign
  setHi(hi + high * reciprocal);
  return quotient(<i64>scaled, 1, 1, exponent + bits + 1, site, element, index);
}

/** For the full recorder: up − rest / divisor. */
function recordError(site: usize, up: bool, restLow: u64, restHigh: u64, dLow: u64, dHigh: u64): void {
  if (!load<i32>(site, abi.SITE_FULL)) return;
  const floor = <i32>remainderFraction(restLow, restHigh, dLow, dHigh, abi.ERROR_BITS);
  addRoundingError(site + abi.SITE_QUOTIENT_ERROR_SUM, up, floor + i32(fractionInexact), abi.ERROR_BITS);
}

function norm(square: i64, site: usize): i64 {
  setHi(0);
  const radicand = shiftLeft(square, load<i32>(site, abi.SITE_LEFT0));
  const right = load<i32>(site, abi.SITE_LEFT1);
  const high = hi;
  const root = right == 0 ? squareRoot(<u64>radicand, <u64>high) : squareRoot(right >= 64 ? 0 : <u64>square >> right, 0);
  counted(site, 1);
  setHi(0);
  return settle(<i64>root, square != 0, site, 0, 0);
}

function mean(old: i64, rho: i64, sample: i64, site: usize): i64 {
  setHi(0);
  let x = addShifted(0, old, load<i32>(site, abi.SITE_LEFT0));
  x = addProduct(x, rho, sample, load<i32>(site, abi.SITE_LEFT1));
  x = addProduct(x, -rho, old, load<i32>(site, abi.SITE_LEFT2));
  counted(site, 1);
  return quantiseWide(x, site, 0, 0);
}

/** d1·d2 << leftD ≤ a << leftA, exactly, for what is not negative. */
function atMost(d1: i64, d2: i64, leftD: i32, a: i64, leftA: i32): bool {
  setHi(0);
  const right = shiftLeft(a, leftA), rightHigh = hi;
  return productAtMost(<u64>d1, <u64>d2, leftD, <u64>right, <u64>rightHigh, 0);
}

/** Q(β·v + k·χ − k·η·α·C*). */
function velocity(old: i64, momentum: i64, gain: i64, chi: i64, eta: i64, alpha: i64, star: i64, site: usize): i64 {
  setHi(0);
  let x = addProduct(0, momentum, old, load<i32>(site, abi.SITE_LEFT0));
  x = addProduct(x, gain, chi, load<i32>(site, abi.SITE_LEFT1));
  x = addProduct(x, -(gain * eta), alpha * star, load<i32>(site, abi.SITE_LEFT2));
  counted(site, 1);
  return quantiseWide(x, site, 0, 0);
}

/** (hi:x) + |w << left − step·g << leftProduct|. */
function addDistance(x: i64, w: i64, left: i32, step: i64, g: i64, leftProduct: i32): i64 {
  const high = hi;
  setHi(0);
  let d = addProduct(addShifted(0, w, left), -step, g, leftProduct);
  if (hi < 0) d = negate(d);
  return add(x, high, d, hi);
}

/** (hi:x) ≤ limit << left, neither negative. */
function within(x: i64, limit: i64, left: i32): bool {
  const high = hi;
  setHi(0);
  const most = shiftLeft(limit, left);
  return high < hi || (high == hi && <u64>x <= <u64>most);
}

/** Q(max(0, S + ℓ − ŷ − slack)). */
function excess(sum: i64, loss: i64, mean: i64, slack: i64, site: usize): i64 {
  setHi(0);
  const left = load<i32>(site, abi.SITE_LEFT1);
  let x = addShifted(0, sum, load<i32>(site, abi.SITE_LEFT0));
  x = addShifted(x, loss, left);
  x = addShifted(x, -mean, load<i32>(site, abi.SITE_LEFT2));
  x = addShifted(x, -slack, left);
  if (hi < 0) {
    x = 0;
    setHi(0);
  }
  counted(site, 1);
  return quantiseWide(x, site, 0, 0);
}

/** ⌊√(v·2^fraction)⌋. */
function root(v: i64, fraction: i32): i64 {
  setHi(0);
  const radicand = shiftLeft(v, fraction);
  return <i64>squareRoot(<u64>radicand, <u64>hi);
}

/** (a/32)²·η²·S_g ≤ χ²·(S_θ + 1 LSB), exactly. */
function tableFits(a: i32, eta: i64, squareGradient: i64, chi: i64, squareTheta: i64, header: usize): bool {
  const step = <i64>a * eta;
  const chiSquared = <u64>(chi * chi);
  const product = multiplyUnsigned(chiSquared, <u64>squareTheta);
  const right = add(<i64>product, hi, <i64>chiSquared, 0);
  return productAtMost(
    <u64>(step * step), <u64>squareGradient, load<i32>(header, abi.HEADER_TABLE_LEFT_GRADIENT),
    <u64>right, <u64>hi, load<i32>(header, abi.HEADER_TABLE_LEFT_THETA),
  );
}

/** T > κ·w·V, exactly. */
function exceeds(statistic: i64, ratio: i64, window: i32, variance: i64, header: usize): bool {
  setHi(0);
  const left = shiftLeft(statistic, load<i32>(header, abi.HEADER_EVENT_LEFT_STATISTIC)), leftHigh = hi;
  const product = multiplyUnsigned(<u64>(ratio * <i64>window), <u64>variance);
  const right = shiftLeft(<i64>product, load<i32>(header, abi.HEADER_EVENT_LEFT_VARIANCE));
  const rightHigh = hi;
  return <u64>leftHigh > <u64>rightHigh || (leftHigh == rightHigh && <u64>left > <u64>right);
}

/** max(Q(n·A₂ − A²), 1 LSB). */
function variance(n: i32, squares: usize, sum: i64, site: usize): i64 {
  // n·A₂, A₂ as two words
  const low = multiplyUnsigned(<u64>n, load<u64>(squares));
  setHi(hi + <i64>n * load<i64>(squares, 8));
  const x = shiftLeft(addProduct(<i64>low, -sum, sum, 0), load<i32>(site, abi.SITE_LEFT0));
  counted(site, 1);
  const v = quantiseWide(x, site, 0, 0);
  return v == 0 ? 1 : v;
}

function addSquare(squares: usize, x: i64): void {
  setHi(load<i64>(squares, 8));
  const low = addProduct(load<i64>(squares), x, x, 0);
  store<i64>(squares, low);
  store<i64>(squares, hi, 8);
}

@unmanaged
export class FixedControl {
  // Exact sums
  @inline zero(): i64 { setHi(0); return 0; }
  @inline mac(x: i64, a: i64, b: i64, left: i32): i64 { return addProduct(x, a, b, left); }
  @inline add(x: i64, v: i64, left: i32): i64 { return addShifted(x, v, left); }
  /** Adds a raw of a square site, which may need all 64 bits. */
  @inline addSquareRaw(x: i64, v: i64, left: i32): i64 { return addShiftedUnsigned(x, <u64>v, left); }
  @inline shift(x: i64, left: i32): i64 { return shiftLeft(x, left); }
  @inline quantise(x: i64, site: usize, index: i32): i64 { counted(site, 1); return quantiseWide(x, site, 0, index); }

  @inline quotient(x: i64, d1: i64, d2: i64, left: i32, site: usize, element: i32, index: i32): i64 { return quotient(x, d1, d2, left, site, element, index); }
  @inline divided(x: i64, d1: i64, d2: i64, left: i32, site: usize, element: i32, index: i32, header: usize): i64 {
    return divided(x, d1, d2, left, site, element, index, header);
  }
  /** A divisor that underflowed counts as one last place. */
  @inline positive(v: i64): i64 { return v == 0 ? 1 : v; }
  @inline root(v: i64, fraction: i32): i64 { return root(v, fraction); }
  /** g² > τ, by the largest |g| for which it is not. */
  @inline opens(size: i64, gate: i64): bool { return size > gate; }
  /** What keeps a divisor from zero: nothing here, zero is tested for. */
  @inline guard(v: i64): i64 { return v; }
  @inline align(v: i64, left: i32): i64 { return v << <i64>left; }
  @inline norm(square: i64, site: usize): i64 { return norm(square, site); }
  @inline mean(old: i64, rho: i64, sample: i64, site: usize): i64 { return mean(old, rho, sample, site); }
  /** χ ≥ η·C*, exactly. */
  @inline reaches(chi: i64, eta: i64, star: i64, header: usize): bool {
    return atMost(eta, star, load<i32>(header, abi.HEADER_COMPARE_LEFT_ETA), chi, load<i32>(header, abi.HEADER_COMPARE_LEFT_CHI));
  }
  @inline atMost(d1: i64, d2: i64, leftD: i32, a: i64, leftA: i32): bool { return atMost(d1, d2, leftD, a, leftA); }
  @inline velocity(old: i64, momentum: i64, gain: i64, chi: i64, eta: i64, alpha: i64, star: i64, site: usize): i64 {
    return velocity(old, momentum, gain, chi, eta, alpha, star, site);
  }
  @inline addDistance(x: i64, w: i64, left: i32, step: i64, g: i64, leftProduct: i32): i64 { return addDistance(x, w, left, step, g, leftProduct); }
  @inline within(x: i64, limit: i64, left: i32): bool { return within(x, limit, left); }
  @inline excess(sum: i64, loss: i64, mean: i64, slack: i64, site: usize): i64 { return excess(sum, loss, mean, slack, site); }
  /** α / 2^times, at least one last place. */
  @inline halved(alpha: i64, times: i32): i64 { return alpha == 0 ? 0 : max<i64>(alpha >> <i64>times, 1); }
  @inline tableFits(a: i32, eta: i64, sg: i64, chi: i64, st: i64, header: usize): bool { return tableFits(a, eta, sg, chi, st, header); }
  @inline tableAlpha(a: i32, site: usize): i64 {
    setHi(0);
    return this.quantise(addShifted(0, a, load<i32>(site, abi.SITE_LEFT0)), site, 0);
  }
  @inline addSquare(squares: usize, x: i64): void { addSquare(squares, x); }
  @inline variance(n: i32, squares: usize, sum: i64, site: usize): i64 { return variance(n, squares, sum, site); }
  @inline exceeds(t: i64, ratio: i64, window: i32, v: i64, header: usize): bool { return exceeds(t, ratio, window, v, header); }
}
