/**
 * The arithmetic the step is made of, one call each, for tests and for hosts that want it alone. Contracts: docs/primitives.md.
 * 128-bit values are two words, low first; `out` is where results go.
 */
import { hi, multiply, multiplyUnsigned, productAtMost, divide, quotientHigh, quotientLow, remainderHigh, remainderLow, setHi, squareRoot, addProduct } from './fixed/int128';
import { quantiseWide } from './fixed/quantise';
import { draw, randomHigh, randomLow, seedStep } from './fixed/random';
import { quotient } from './number/fixedControl';

/** a × b, signed, exact. */
export function wideMultiply(a: i64, b: i64, out: usize): void {
  store<i64>(out, multiply(a, b));
  store<i64>(out, hi, 8);
}

/** a × b, unsigned, exact. */
export function wideMultiplyUnsigned(a: u64, b: u64, out: usize): void {
  store<u64>(out, multiplyUnsigned(a, b));
  store<i64>(out, hi, 8);
}

/** (high:low at out) + (a × b << n), modulo 2^128. */
export function wideAccumulate(out: usize, a: i64, b: i64, n: i32): void {
  setHi(load<i64>(out, 8));
  store<i64>(out, addProduct(load<i64>(out), a, b, n));
  store<i64>(out, hi, 8);
}

/** Quotient (16 bytes) and remainder (16 bytes) of unsigned 128-bit numbers, 0 < divisor < 2^127. */
export function wideDivide(nLow: u64, nHigh: u64, dLow: u64, dHigh: u64, out: usize): void {
  divide(nLow, nHigh, dLow, dHigh);
  store<u64>(out, quotientLow);
  store<u64>(out, quotientHigh, 8);
  store<u64>(out, remainderLow, 16);
  store<u64>(out, remainderHigh, 24);
}

/** ⌊√(high:low)⌋, unsigned. */
export function wideSquareRoot(low: u64, high: u64): u64 {
  return squareRoot(low, high);
}

/** a·b·2^n ≤ c·d·2^m, unsigned, exact while both sides stay below 2^128. */
export function compareProducts(a: u64, b: u64, n: i32, c: u64, d: u64, m: i32): bool {
  const cd = multiplyUnsigned(c, d);
  return productAtMost(a, b, n, cd, <u64>hi, m);
}

/** Q((high:low)·2^−shift) at a site record, counted there. */
export function quantiseAt(low: i64, high: i64, site: usize, element: i32, index: i32): i64 {
  setHi(high);
  return quantiseWide(low, site, element, index);
}

/** Q(numerator / (d1·d2·2^left)) at a site record, counted there; d1·d2 > 0. */
export function quotientAt(low: i64, high: i64, d1: i64, d2: i64, left: i32, site: usize, element: i32): i64 {
  setHi(high);
  return quotient(low, d1, d2, left, site, element, 0);
}

/** The 128 random bits of one quantisation, high word first. */
export function randomBits(seed: i64, step: i64, site: usize, element: i32, index: i32, out: usize): void {
  seedStep(seed, step);
  draw(site, element, index);
  store<u64>(out, randomHigh);
  store<u64>(out, randomLow, 8);
}

export { emaFloat, emaOneRounding, emaShiftOnly, emaTwoProducts } from './control/ema';
