/**
 * Fixed point inside the layers. Raws are i64 in registers. `Fixed` is for plans whose exact values fit 63 bits (the host proves it from
 * the formats) and stores 32-bit words; `FixedWide` is for all others, with 128-bit sums and 64-bit words.
 *
 * The methods are called on `changetype<N>(0)`: the compiler instantiates the step once for each number system and inlines them.
 */
import * as abi from '../abi';
import { addProduct, addShifted, hi, setHi } from '../fixed/int128';
import { counted, quantiseWide, stalled } from '../fixed/quantise';
import { dot, squares } from './dot';

/** ⌊z·2^−shift⌋ from the middle of the table on, clipped to it. A left shift that would run out of the word is out of the table anyway. */
function sigmoidEntry(z: i64, shift: i32): i32 {
  const half: i64 = abi.SIGMOID_ENTRIES / 2;
  const clipped = shift < 0 ? min<i64>(max<i64>(z, -half), half) << <i64>-shift : z >> <i64>shift;
  return <i32>(min<i64>(max<i64>(clipped, -half), half - 1) + half);
}

/** (hi:x) + (Σ (a − b)² << left), square by square. */
function addSquares<N>(x: i64, a: usize, b: usize, length: i32, left: i32): i64 {
  const n = changetype<N>(0);
  for (let i = 0; i < length; i++) {
    const d = n.load(a, i) - (b ? n.load(b, i) : 0);
    x = addProduct(x, d, d, left);
  }
  return x;
}

/** R: the recorder's level, Off, Counts or Full. */
@unmanaged
export class Fixed<R> {
  @inline size(): i32 { return 4; }
  @inline load(base: usize, index: i32): i64 { return <i64>load<i32>(base + (<usize>index << 2)); }
  @inline store(base: usize, index: i32, v: i64): void { store<i32>(base + (<usize>index << 2), <i32>v); }
  @inline zero(): i64 { return 0; }
  @inline mac(x: i64, a: i64, b: i64, left: i32): i64 { return x + ((a * b) << <i64>left); }
  /** Σ a·b << left over two arrays; nothing precedes it. */
  @inline dot(a: usize, b: usize, length: i32, left: i32): i64 { return dot(a, b, length) << <i64>left; }
  /** (hi:x) + (Σ (a − b)² << left), or Σ a² for a null b. A register holds `most` squares; none if 0. */
  addSquares(x: i64, a: usize, b: usize, length: i32, left: i32, most: i32): i64 {
    if (!most) return addSquares<Fixed<R>>(x, a, b, length, left);
    for (let i = 0; i < length; i += most) {
      const at = <usize>i << 2;
      x = addShifted(x, squares(a + at, b ? b + at : 0, min(most, length - i)), left);
    }
    return x;
  }
  @inline align(v: i64, left: i32): i64 { return v << <i64>left; }
  /** old + rate·(sample − old), exactly. */
  @inline mean(old: i64, rate: i64, sample: i64, site: usize): i64 {
    const x = this.mac(this.add(this.zero(), old, load<i32>(site, abi.SITE_LEFT0)), rate, sample, load<i32>(site, abi.SITE_LEFT1));
    return this.mac(x, -rate, old, load<i32>(site, abi.SITE_LEFT2));
  }
  @inline add(x: i64, v: i64, left: i32): i64 { return x + (v << <i64>left); }
  /** Adds a·b after its own rounding. */
  @inline addProduct(x: i64, a: i64, b: i64, product: usize, element: i32, index: i32, left: i32): i64 {
    return this.add(x, this.quantise(this.mac(0, a, b, load<i32>(product, abi.SITE_LEFT0)), product, element, index), left);
  }
  @inline quantise(x: i64, site: usize, element: i32, index: i32): i64 { return changetype<R>(0).quantise(x, site, element, index); }
  /** The table's entry for an output of this raw. */
  @inline sigmoid(z: i64, header: usize): i64 { return this.load(<usize>load<i32>(header, abi.HEADER_SIGMOID), sigmoidEntry(z, load<i32>(header, abi.HEADER_SIGMOID_SHIFT))); }
  @inline counted(site: usize, n: i32): void { counted(site, n); }
  @inline stalled(site: usize): void { stalled(site); }
  /** Whether values may be taken side by side; what is counted of them: ranges and underflows, magnitudes and rounding errors. */
  @inline lanes(): bool { return true; }
  @inline counts(): bool { return changetype<R>(0).counts(); }
  @inline records(): bool { return changetype<R>(0).records(); }
}

@unmanaged
export class FixedWide {
  @inline size(): i32 { return 8; }
  @inline load(base: usize, index: i32): i64 { return load<i64>(base + (<usize>index << 3)); }
  @inline store(base: usize, index: i32, v: i64): void { store<i64>(base + (<usize>index << 3), v); }
  @inline zero(): i64 { setHi(0); return 0; }
  @inline mac(x: i64, a: i64, b: i64, left: i32): i64 { return addProduct(x, a, b, left); }
  @inline dot(a: usize, b: usize, length: i32, left: i32): i64 {
    let x = this.zero();
    for (let i = 0; i < length; i++) x = this.mac(x, this.load(a, i), this.load(b, i), left);
    return x;
  }
  addSquares(x: i64, a: usize, b: usize, length: i32, left: i32, most: i32): i64 { return addSquares<FixedWide>(x, a, b, length, left); }
  @inline align(v: i64, left: i32): i64 { return v << <i64>left; }
  /** old + rate·(sample − old), exactly. */
  @inline mean(old: i64, rate: i64, sample: i64, site: usize): i64 {
    const x = this.mac(this.add(this.zero(), old, load<i32>(site, abi.SITE_LEFT0)), rate, sample, load<i32>(site, abi.SITE_LEFT1));
    return this.mac(x, -rate, old, load<i32>(site, abi.SITE_LEFT2));
  }
  @inline add(x: i64, v: i64, left: i32): i64 { return addShifted(x, v, left); }
  addProduct(x: i64, a: i64, b: i64, product: usize, element: i32, index: i32, left: i32): i64 {
    const high = hi;
    const rounded = this.quantise(this.mac(this.zero(), a, b, load<i32>(product, abi.SITE_LEFT0)), product, element, index);
    setHi(high);
    return this.add(x, rounded, left);
  }
  @inline quantise(x: i64, site: usize, element: i32, index: i32): i64 { return quantiseWide(x, site, element, index); }
  /** The table's entry for an output of this raw. */
  @inline sigmoid(z: i64, header: usize): i64 { return this.load(<usize>load<i32>(header, abi.HEADER_SIGMOID), sigmoidEntry(z, load<i32>(header, abi.HEADER_SIGMOID_SHIFT))); }
  @inline counted(site: usize, n: i32): void { counted(site, n); }
  @inline stalled(site: usize): void { stalled(site); }
  @inline lanes(): bool { return false; }
  @inline counts(): bool { return true; }
  @inline records(): bool { return true; }
}
