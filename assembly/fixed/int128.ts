/**
 * Signed 128-bit integers as a low word that is passed around and a high word that lies in `hi`. One such value is in the making at a time:
 * a function takes the low word (and reads `hi`), and leaves the result's high word in `hi`.
 *
 *     bit 127            64 63              0
 *         +----------------+----------------+
 *         |   hi (global)  |  low (returned)|
 *         +----------------+----------------+
 *
 * WebAssembly has no 64 × 64 → 128 instruction; four 32-bit multiplications are exact.
 */

export let hi: i64 = 0;

@inline
export function setHi(value: i64): void {
  hi = value;
}

/** a × b, unsigned. */
export function multiplyUnsigned(a: u64, b: u64): u64 {
  const al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
  const ll = al * bl, lh = al * bh, hl = ah * bl;
  const middle = (ll >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff);
  hi = <i64>(ah * bh + (lh >> 32) + (hl >> 32) + (middle >> 32));
  return (middle << 32) | (ll & 0xffffffff);
}

/** a × b, signed. */
@inline
export function multiply(a: i64, b: i64): i64 {
  const low = a * b;
  // Both within 32 bits: the product is within 64 and its high word is its sign.
  if (((a + 0x80000000) | (b + 0x80000000)) >>> 32 == 0) {
    hi = low >> 63;
    return low;
  }
  multiplyUnsigned(<u64>a, <u64>b);
  hi = hi - ((a >> 63) & b) - ((b >> 63) & a);
  return low;
}

/** (hi:low) << n, 0 ≤ n ≤ 127. */
export function shiftLeft(low: i64, n: i32): i64 {
  if (n == 0) return low;
  if (n >= 64) {
    hi = low << (n - 64);
    return 0;
  }
  hi = (hi << n) | <i64>(<u64>low >> (64 - n));
  return low << n;
}

/** (hi:low) >> n, arithmetic, 0 ≤ n ≤ 127. */
export function shiftRight(low: i64, n: i32): i64 {
  if (n == 0) return low;
  const high = hi;
  if (n >= 64) {
    hi = high >> 63;
    return high >> (n - 64);
  }
  hi = high >> n;
  return <i64>(<u64>low >> n) | (high << (64 - n));
}

/** (hi:low) + (high:add). */
@inline
export function add(low: i64, oldHigh: i64, addLow: i64, addHigh: i64): i64 {
  const sum = low + addLow;
  hi = oldHigh + addHigh + <i64>(<u64>sum < <u64>low);
  return sum;
}

/** (hi:low) + (v << n) for signed v. */
export function addShifted(low: i64, v: i64, n: i32): i64 {
  const high = hi;
  hi = v >> 63;
  const shifted = shiftLeft(v, n);
  return add(low, high, shifted, hi);
}

/** (hi:low) + (v << n) for unsigned v. */
export function addShiftedUnsigned(low: i64, v: u64, n: i32): i64 {
  const high = hi;
  hi = 0;
  const shifted = shiftLeft(<i64>v, n);
  return add(low, high, shifted, hi);
}

/** (hi:low) + (a·b << n). */
export function addProduct(low: i64, a: i64, b: i64, n: i32): i64 {
  const high = hi;
  const product = shiftLeft(multiply(a, b), n);
  return add(low, high, product, hi);
}

/** −(hi:low). */
export function negate(low: i64): i64 {
  hi = ~hi + <i64>(low == 0);
  return -low;
}

/** Quotient and remainder of the last division. */
export let quotientLow: u64 = 0;
export let quotientHigh: u64 = 0;
export let remainderLow: u64 = 0;
export let remainderHigh: u64 = 0;

@inline
function lessUnsigned(aLow: u64, aHigh: u64, bLow: u64, bHigh: u64): bool {
  return aHigh < bHigh || (aHigh == bHigh && aLow < bLow);
}

/** (nHigh:nLow) / (dHigh:dLow), unsigned, d ≠ 0, d < 2^127: shift and subtract, one bit a round. */
export function divide(nLow: u64, nHigh: u64, dLow: u64, dHigh: u64): void {
  if ((nHigh | dHigh) == 0) {
    quotientLow = nLow / dLow;
    remainderLow = nLow - quotientLow * dLow;
    quotientHigh = remainderHigh = 0;
    return;
  }
  let rLow: u64 = 0, rHigh: u64 = 0, qLow: u64 = 0, qHigh: u64 = 0;
  const skip = nHigh != 0 ? <i32>clz(nHigh) : 64 + <i32>clz(nLow);
  for (let bit = 127 - skip; bit >= 0; bit--) {
    const next = (bit >= 64 ? nHigh >> (bit - 64) : nLow >> bit) & 1;
    rHigh = (rHigh << 1) | (rLow >> 63);
    rLow = (rLow << 1) | next;
    qHigh = (qHigh << 1) | (qLow >> 63);
    qLow <<= 1;
    if (!lessUnsigned(rLow, rHigh, dLow, dHigh)) {
      rHigh = rHigh - dHigh - u64(rLow < dLow);
      rLow -= dLow;
      qLow |= 1;
    }
  }
  quotientLow = qLow;
  quotientHigh = qHigh;
  remainderLow = rLow;
  remainderHigh = rHigh;
}

/** Where the remainder of the last division lies against half the divisor: 0 zero, 1 below, 2 at, 3 above. */
export function discardedOfDivision(dLow: u64, dHigh: u64): i32 {
  if ((remainderLow | remainderHigh) == 0) return 0;
  const twiceHigh = (remainderHigh << 1) | (remainderLow >> 63);
  const twiceLow = remainderLow << 1;
  if (twiceHigh == dHigh && twiceLow == dLow) return 2;
  return lessUnsigned(twiceLow, twiceHigh, dLow, dHigh) ? 1 : 3;
}

/** Replaces the remainder of the last division, if it is not zero, by divisor − remainder; whether it did. */
export function complementRemainder(dLow: u64, dHigh: u64): bool {
  if ((remainderLow | remainderHigh) == 0) return false;
  const low = dLow - remainderLow;
  remainderHigh = dHigh - remainderHigh - u64(dLow < remainderLow);
  remainderLow = low;
  return true;
}

/** ⌊rest·2^bits / divisor⌋ for rest < divisor < 2^127; whether that left a remainder is in `fractionInexact`. */
export let fractionInexact: bool = false;
export function remainderFraction(restLow: u64, restHigh: u64, dLow: u64, dHigh: u64, bits: i32): u64 {
  let fraction: u64 = 0;
  const free = dHigh ? 0 : <i32>clz(dLow);
  if (free > 7) {
    // So many bits at a time as a word has room for.
    for (let left = bits; left > 0; left -= free) {
      const some = min(left, free);
      restLow <<= some;
      const digits = restLow / dLow;
      restLow -= digits * dLow;
      fraction = (fraction << some) | digits;
    }
    fractionInexact = restLow != 0;
    return fraction;
  }
  for (let bit = 0; bit < bits; bit++) {
    restHigh = (restHigh << 1) | (restLow >> 63);
    restLow <<= 1;
    fraction <<= 1;
    if (!lessUnsigned(restLow, restHigh, dLow, dHigh)) {
      restHigh = restHigh - dHigh - u64(restLow < dLow);
      restLow -= dLow;
      fraction |= 1;
    }
  }
  fractionInexact = (restLow | restHigh) != 0;
  return fraction;
}

/** ⌊√(high:low)⌋, unsigned, digit by digit, two bits a round. */
export function squareRoot(low: u64, high: u64): u64 {
  if (high == 0) {
    let rest = low, root: u64 = 0;
    let one: u64 = u64(1) << ((63 - <i32>clz(low)) & ~1);
    while (one != 0) {
      if (rest >= root + one) {
        rest -= root + one;
        root = (root >> 1) + one;
      } else root >>= 1;
      one >>= 2;
    }
    return root;
  }
  // Before a round the remainder is at most 2·root, and root has at most 63 bits: only after the shift are more than 64 needed.
  let root: u64 = 0, rest: u64 = 0;
  for (let bit = (127 - <i32>clz(high)) & ~1; bit >= 0; bit -= 2) {
    const pair = (bit >= 64 ? high >> (bit - 64) : low >> bit) & 3;
    const restHigh = rest >> 62;
    rest = (rest << 2) | pair;
    // candidate = 4·root + 1
    const candidateLow = (root << 2) | 1, candidateHigh = root >> 62;
    root <<= 1;
    if (!lessUnsigned(rest, restHigh, candidateLow, candidateHigh)) {
      rest -= candidateLow;
      root |= 1;
    }
  }
  return root;
}

/** a·b << n against c·d << m, unsigned; true if the first is at most the second. Each must stay below 2^128. */
export function productAtMost(a: u64, b: u64, n: i32, cd: u64, cdHigh: u64, m: i32): bool {
  const left = <u64>shiftLeft(<i64>multiplyUnsigned(a, b), n), leftHigh = <u64>hi;
  hi = <i64>cdHigh;
  const right = <u64>shiftLeft(<i64>cd, m), rightHigh = <u64>hi;
  return !lessUnsigned(right, rightHigh, left, leftHigh);
}
