/**
 * The core's exports and nothing else. The host lays out memory from `heapBase()` on (src/core/memory.ts) and writes the records of
 * src/core/abi.ts; the core allocates nothing and does no input or output.
 */
import * as abi from './abi';
import { setStep } from './fixed/quantise';
import { forward, step } from './network/step';
import { Fixed, FixedWide } from './number/fixed';
import { FixedControl } from './number/fixedControl';
import { Float64, Float64Control } from './number/float64';

@inline
function run<N, C, V>(header: usize, state: usize, steps: i32): void {
  const first = load<i64>(header, abi.HEADER_STEP);
  for (let k = 0; k < steps; k++) {
    setStep(first + <i64>k);
    step<N, C, V>(
      header, state,
      <usize>load<i32>(header, abi.HEADER_BATCHES) + <usize>(k * abi.BATCH_SIZE),
      <usize>load<i32>(header, abi.HEADER_ROWS) + <usize>(k * abi.ROW_SIZE),
    );
  }
}

/** Runs `steps` steps on the batches of the header's table; one row each. */
export function runFixed(header: usize, state: usize, steps: i32): void {
  run<Fixed, FixedControl, i64>(header, state, steps);
}
export function runFixedWide(header: usize, state: usize, steps: i32): void {
  run<FixedWide, FixedControl, i64>(header, state, steps);
}
export function runFloat(header: usize, state: usize, steps: i32): void {
  run<Float64, Float64Control, f64>(header, state, steps);
}

/** Loss of the first batch of the table, without a step; into the first row. Site counters go on counting: read them before. */
export function lossFixed(header: usize): void {
  store<i64>(<usize>load<i32>(header, abi.HEADER_ROWS), forward<Fixed, FixedControl, i64>(header, <usize>load<i32>(header, abi.HEADER_BATCHES)), abi.ROW_LOSS);
}
export function lossFixedWide(header: usize): void {
  store<i64>(<usize>load<i32>(header, abi.HEADER_ROWS), forward<FixedWide, FixedControl, i64>(header, <usize>load<i32>(header, abi.HEADER_BATCHES)), abi.ROW_LOSS);
}
export function lossFloat(header: usize): void {
  store<f64>(<usize>load<i32>(header, abi.HEADER_ROWS), forward<Float64, Float64Control, f64>(header, <usize>load<i32>(header, abi.HEADER_BATCHES)), abi.ROW_LOSS);
}

/** Which build this is: 1 with SIMD. */
export function simd(): i32 {
  return ASC_FEATURE_SIMD ? 1 : 0;
}

/** First byte that is the host's. */
export function heapBase(): usize {
  return __heap_base;
}
