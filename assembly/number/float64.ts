/** The same step in binary64, over what its quantisers are: nothing in the reference. docs/numerics.md §9. */

/** Stands for the last place that floating point does not have. */
const EPSILON: f64 = 1e-12;

/** A quantisation of a controller, counted like those of fixed point. */
@inline
function rounded<Q>(x: f64, site: usize, element: i32, index: i32): f64 {
  const q = changetype<Q>(0);
  q.counted(site, 1);
  return q.quantise(x, site, element, index);
}

/** Q: its quantisers, Exact or Chosen. */
@unmanaged
export class Float64<Q> {
  @inline size(): i32 { return 8; }
  @inline load(base: usize, index: i32): f64 { return load<f64>(base + (<usize>index << 3)); }
  @inline store(base: usize, index: i32, v: f64): void { store<f64>(base + (<usize>index << 3), v); }
  @inline zero(): f64 { return 0; }
  @inline mac(x: f64, a: f64, b: f64, left: i32): f64 { return x + a * b; }
  @inline dot(a: usize, b: usize, length: i32, left: i32): f64 {
    let x: f64 = 0;
    for (let i = 0; i < length; i++) x += this.load(a, i) * this.load(b, i);
    return x;
  }
  addSquares(x: f64, a: usize, b: usize, length: i32, left: i32, most: i32): f64 {
    for (let i = 0; i < length; i++) {
      const d = b ? this.load(a, i) - this.load(b, i) : this.load(a, i);
      x += d * d;
    }
    return x;
  }
  @inline align(v: f64, left: i32): f64 { return v; }
  @inline mean(old: f64, rate: f64, sample: f64, site: usize): f64 { return old + rate * (sample - old); }
  @inline add(x: f64, v: f64, left: i32): f64 { return x + v; }
  @inline addProduct(x: f64, a: f64, b: f64, product: usize, element: i32, index: i32, left: i32): f64 { return x + this.quantise(a * b, product, element, index); }
  @inline quantise(x: f64, site: usize, element: i32, index: i32): f64 { return changetype<Q>(0).quantise(x, site, element, index); }
  @inline sigmoid(z: f64, header: usize): f64 { return sigmoid(z); }
  @inline counted(site: usize, n: i32): void { changetype<Q>(0).counted(site, n); }
  @inline stalled(site: usize): void { changetype<Q>(0).stalled(site); }
  @inline lanes(): bool { return changetype<Q>(0).lanes(); }
  @inline counts(): bool { return false; }
  @inline records(): bool { return false; }
}

@unmanaged
export class Float64Control<Q> {
  @inline zero(): f64 { return 0; }
  @inline mac(x: f64, a: f64, b: f64, left: i32): f64 { return x + a * b; }
  @inline add(x: f64, v: f64, left: i32): f64 { return x + v; }
  @inline addSquareRaw(x: f64, v: f64, left: i32): f64 { return x + v; }
  @inline shift(x: f64, left: i32): f64 { return x; }
  @inline quantise(x: f64, site: usize, index: i32): f64 { return rounded<Q>(x, site, 0, index); }
  @inline quotient(x: f64, d1: f64, d2: f64, left: i32, site: usize, element: i32, index: i32): f64 { return rounded<Q>(x / (d1 * d2), site, element, index); }
  @inline divided(x: f64, d1: f64, d2: f64, left: i32, site: usize, element: i32, index: i32, header: usize): f64 { return rounded<Q>(x / (d1 * d2), site, element, index); }
  @inline positive(v: f64): f64 { return v; }
  @inline root(v: f64, fraction: i32): f64 { return sqrt<f64>(v); }
  @inline opens(size: f64, gate: f64): bool { return size * size > gate; }
  @inline guard(v: f64): f64 { return v + EPSILON; }
  @inline align(v: f64, left: i32): f64 { return v; }
  @inline norm(square: f64, site: usize): f64 {
    const q = changetype<Q>(0);
    q.counted(site, 1);
    return q.floor(sqrt<f64>(square + EPSILON), site);
  }
  @inline mean(old: f64, rho: f64, sample: f64, site: usize): f64 { return rounded<Q>(old + rho * (sample - old), site, 0, 0); }
  @inline reaches(chi: f64, eta: f64, star: f64, header: usize): bool { return star <= EPSILON || eta * (star + EPSILON) <= chi; }
  @inline atMost(d1: f64, d2: f64, leftD: i32, a: f64, leftA: i32): bool { return d1 * d2 <= a; }
  @inline velocity(old: f64, momentum: f64, gain: f64, chi: f64, eta: f64, alpha: f64, star: f64, site: usize): f64 {
    return rounded<Q>(momentum * old + gain * chi - gain * eta * (alpha * star), site, 0, 0);
  }
  @inline addDistance(x: f64, w: f64, left: i32, step: f64, g: f64, leftProduct: i32): f64 { return x + abs<f64>(w - step * g); }
  @inline within(x: f64, limit: f64, left: i32): bool { return x <= limit; }
  @inline excess(sum: f64, loss: f64, mean: f64, slack: f64, site: usize): f64 { return rounded<Q>(max<f64>(0, sum + loss - mean - slack), site, 0, 0); }
  @inline halved(alpha: f64, times: i32): f64 {
    for (let k = 0; k < times; k++) alpha *= 0.5;
    return alpha;
  }
  @inline tableFits(a: i32, eta: f64, sg: f64, chi: f64, st: f64, header: usize): bool {
    const alpha = <f64>a / 32;
    return alpha * alpha * (eta * eta) * sg <= chi * chi * (st + EPSILON);
  }
  @inline tableAlpha(a: i32, site: usize): f64 { return rounded<Q>(<f64>a / 32, site, 0, 0); }
  @inline addSquare(squares: usize, x: f64): void { store<f64>(squares, load<f64>(squares) + x * x); }
  @inline variance(n: i32, squares: usize, sum: f64, site: usize): f64 {
    return max<f64>(rounded<Q>(<f64>n * load<f64>(squares) - sum * sum, site, 0, 0), EPSILON * EPSILON);
  }
  @inline exceeds(t: f64, ratio: f64, window: i32, v: f64, header: usize): bool { return t > ratio * <f64>window * v; }
}

const EXP_PARTS: f64 = 1024, EXP_TERMS = 20, EXP_SQUARINGS = 10, EXP_LIMIT: f64 = 700;

/** 1/(1 + e^−z) by + − × ÷ alone, so that it is the same everywhere. */
export function sigmoid(z: f64): f64 {
  const t = min<f64>(abs<f64>(z), EXP_LIMIT) / EXP_PARTS;
  let p: f64 = 1;
  for (let j = EXP_TERMS; j > 0; j--) p = 1 - p * t / <f64>j;
  for (let k = 0; k < EXP_SQUARINGS; k++) p *= p;
  return z >= 0 ? 1 / (1 + p) : p / (1 + p);
}
