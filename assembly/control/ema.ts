/**
 * The moving mean as a component of its own: S moves towards x by ρ·(x − S), in three forms that round in different places. docs/ema.md.
 * Each call filters a whole array: `means` gets S after every value and may be `values`. Value k draws the random bits of step first + k.
 * The records of `mean` and `part` are the host's (src/ema/filter.ts); a TRAP ends the call after the value that overflowed.
 */
import * as abi from '../abi';
import { setStep, setTrapped, trapped } from '../fixed/quantise';
import { seedStep } from '../fixed/random';
import { FixedControl } from '../number/fixedControl';
import { Float64Control } from '../number/float64';
import { Exact } from '../number/quantisers';

@unmanaged
class OneRounding {
  @inline next(s: i64, x: i64, rho: i64, beta: i64, mean: usize, part: usize): i64 {
    return changetype<FixedControl>(0).mean(s, rho, x, mean);
  }
}

@unmanaged
class TwoProducts {
  /** Left shifts of `part`: β·S, ρ·x; of `mean`: the products. */
  @inline next(s: i64, x: i64, rho: i64, beta: i64, mean: usize, part: usize): i64 {
    const c = changetype<FixedControl>(0);
    const old = c.quantise(c.mac(c.zero(), beta, s, load<i32>(part, abi.SITE_LEFT0)), part, 0);
    const drive = c.quantise(c.mac(c.zero(), rho, x, load<i32>(part, abi.SITE_LEFT1)), part, 1);
    const left = load<i32>(mean, abi.SITE_LEFT0);
    return c.quantise(c.add(c.add(c.zero(), old, left), drive, left), mean, 0);
  }
}

@unmanaged
class ShiftOnly {
  /** Left shifts of `part`, whose right shift holds the 2^−k: x, S; of `mean`: S, the shifted difference. */
  @inline next(s: i64, x: i64, rho: i64, beta: i64, mean: usize, part: usize): i64 {
    const c = changetype<FixedControl>(0);
    const difference = c.add(c.add(c.zero(), x, load<i32>(part, abi.SITE_LEFT0)), -s, load<i32>(part, abi.SITE_LEFT1));
    const move = c.quantise(difference, part, 0);
    return c.quantise(c.add(c.add(c.zero(), s, load<i32>(mean, abi.SITE_LEFT0)), move, load<i32>(mean, abi.SITE_LEFT1)), mean, 0);
  }
}

/** S after every value, from the S before the first; how many values were taken. */
@inline
function filter<F>(values: usize, means: usize, count: i32, s: i64, rho: i64, beta: i64, mean: usize, part: usize, seed: i64, first: i64): i32 {
  const form = changetype<F>(0);
  setTrapped(0);
  for (let k = 0; k < count; k++) {
    setStep(first + <i64>k);
    seedStep(seed, first + <i64>k);
    const at = <usize>k << 3;
    s = form.next(s, load<i64>(values + at), rho, beta, mean, part);
    store<i64>(means + at, s);
    if (trapped) return k + 1;
  }
  return count;
}

/** S ← Q(S + ρ·(x − S)), the law of `curvatureMean`. */
export function emaOneRounding(values: usize, means: usize, count: i32, s: i64, rho: i64, mean: usize, seed: i64, first: i64): i32 {
  return filter<OneRounding>(values, means, count, s, rho, 0, mean, 0, seed, first);
}

/** S ← Q(Q(β·S) + Q(ρ·x)), in this order; the products at `part`. */
export function emaTwoProducts(values: usize, means: usize, count: i32, s: i64, rho: i64, beta: i64, mean: usize, part: usize, seed: i64, first: i64): i32 {
  return filter<TwoProducts>(values, means, count, s, rho, beta, mean, part, seed, first);
}

/** S ← Q(S + Q((x − S)·2^−k)); the shifted difference at `part`. */
export function emaShiftOnly(values: usize, means: usize, count: i32, s: i64, mean: usize, part: usize, seed: i64, first: i64): i32 {
  return filter<ShiftOnly>(values, means, count, s, 0, 0, mean, part, seed, first);
}

/** S ← S + ρ·(x − S) in binary64: what all three round. */
export function emaFloat(values: usize, means: usize, count: i32, s: f64, rho: f64): void {
  const c = changetype<Float64Control<Exact>>(0);
  for (let k = 0; k < count; k++) {
    const at = <usize>k << 3;
    s = c.mean(s, rho, load<f64>(values + at), 0);
    store<f64>(means + at, s);
  }
}
