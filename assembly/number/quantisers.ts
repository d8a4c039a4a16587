/**
 * What the quantisers of a binary64 step are: the identity for the reference; those of the target at chosen sites, to tell what each of them costs
 * (docs/numerics.md §9.1). A chosen site has a record with a word length, and the place value of its last bit.
 */
import * as abi from '../abi';
import { counted, finish, stalled, upByTable } from '../fixed/quantise';
import { setHi } from '../fixed/int128';
import { draw, randomHigh } from '../fixed/random';

@unmanaged
export class Exact {
  @inline quantise(x: f64, site: usize, element: i32, index: i32): f64 { return x; }
  @inline floor(x: f64, site: usize): f64 { return x; }
  @inline counted(site: usize, n: i32): void {}
  @inline stalled(site: usize): void {}
  @inline lanes(): bool { return true; }
}

@unmanaged
export class Chosen {
  @inline quantise(x: f64, site: usize, element: i32, index: i32): f64 {
    return load<i32>(site, abi.SITE_WORD_LENGTH) ? quantise(x, site, element, index) : x;
  }
  /** A root ends at the last place below it, whatever the site rounds. */
  @inline floor(x: f64, site: usize): f64 {
    if (!load<i32>(site, abi.SITE_WORD_LENGTH)) return x;
    const place = load<f64>(site, abi.SITE_PLACE);
    return quantise(floor<f64>(x / place) * place, site, 0, 0);
  }
  @inline counted(site: usize, n: i32): void { counted(site, n); }
  @inline stalled(site: usize): void { stalled(site); }
  @inline lanes(): bool { return false; }
}

const TWO_63: f64 = 9223372036854775808.0;
const TWO_64: f64 = 18446744073709551616.0;
/** More than any rail, and within 128 bits. */
const FAR: f64 = TWO_64 * 4611686018427387904.0;

/** Q(x) as a real number; what is no number stays so. Exact where x·2^F has no bits below 2^−64, for random roundings; else always. */
function quantise(x: f64, site: usize, element: i32, index: i32): f64 {
  if (x != x) return x;
  const place = load<f64>(site, abi.SITE_PLACE);
  const scaled = min<f64>(max<f64>(x / place, -FAR), FAR);
  const whole = floor<f64>(scaled), rest = scaled - whole;
  // Past 63 bits a double is a multiple of 2^11, and so what is left of it beside its high word.
  const far = abs<f64>(whole) >= TWO_63;
  const high: i64 = far ? <i64>floor<f64>(whole / TWO_64) : <i64>whole >> 63;
  const low: i64 = far ? <i64><u64>(whole - <f64>high * TWO_64) : <i64>whole;
  const kind = load<i32>(site, abi.SITE_KIND);
  let up = false;
  if (kind == abi.ROUND_FRACTION) {
    draw(site, element, index);
    const t = <u64>(rest * TWO_64);
    up = randomHigh + t < t; // carry out of 64 bits
  } else if (kind == abi.ROUND_EQUAL) {
    draw(site, element, index);
    up = rest != 0 && <i64>randomHigh < 0;
  } else up = upByTable(site, rest == 0 ? 0 : rest < 0.5 ? 1 : rest == 0.5 ? 2 : 3, low, high < 0);
  setHi(high);
  const raw = finish(low, up, x != 0, site, element, index);
  return (load<i32>(site, abi.SITE_SIGNED) ? <f64>raw : <f64><u64>raw) * place;
}
