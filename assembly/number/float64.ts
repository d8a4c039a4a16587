/** The reference: the same step in binary64, where every quantiser is the identity. docs/numerics.md §9. */

/** Stands for the last place that floating point does not have. */
const EPSILON: f64 = 1e-12;

@unmanaged
export class Float64 {
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
  @inline add(x: f64, v: f64, left: i32): f64 { return x + v; }
  @inline addProduct(x: f64, a: f64, b: f64, product: usize, element: i32, index: i32, left: i32): f64 { return x + a * b; }
  @inline quantise(x: f64, site: usize, element: i32, index: i32): f64 { return x; }
  @inline counted(site: usize, n: i32): void {}
  @inline stalled(site: usize): void {}
}

@unmanaged
export class Float64Control {
  @inline zero(): f64 { return 0; }
  @inline mac(x: f64, a: f64, b: f64, left: i32): f64 { return x + a * b; }
  @inline add(x: f64, v: f64, left: i32): f64 { return x + v; }
  @inline addSquareRaw(x: f64, v: f64, left: i32): f64 { return x + v; }
  @inline shift(x: f64, left: i32): f64 { return x; }
  @inline quantise(x: f64, site: usize, index: i32): f64 { return x; }
  @inline quotient(x: f64, d1: f64, d2: f64, left: i32, site: usize, element: i32): f64 { return x / (d1 * d2); }
  @inline divided(x: f64, d1: f64, d2: f64, left: i32, site: usize, header: usize): f64 { return x / (d1 * d2); }
  @inline guard(v: f64): f64 { return v + EPSILON; }
  @inline align(v: f64, left: i32): f64 { return v; }
  @inline norm(square: f64, site: usize): f64 { return sqrt<f64>(square + EPSILON); }
  @inline mean(old: f64, rho: f64, sample: f64, site: usize): f64 { return old + rho * (sample - old); }
  @inline reaches(chi: f64, eta: f64, star: f64, header: usize): bool { return star <= EPSILON || chi / (eta * (star + EPSILON)) >= 1; }
  @inline tableFits(a: i32, eta: f64, sg: f64, chi: f64, st: f64, header: usize): bool {
    const alpha = <f64>a / 32;
    return alpha * alpha * (eta * eta) * sg <= chi * chi * (st + EPSILON);
  }
  @inline tableAlpha(a: i32, site: usize): f64 { return <f64>a / 32; }
  @inline addSquare(squares: usize, x: f64): void { store<f64>(squares, load<f64>(squares) + x * x); }
  @inline variance(n: i32, squares: usize, sum: f64, site: usize): f64 {
    return max<f64>(<f64>n * load<f64>(squares) - sum * sum, EPSILON * EPSILON);
  }
  @inline exceeds(t: f64, ratio: f64, window: i32, v: f64, header: usize): bool { return t > ratio * <f64>window * v; }
}
