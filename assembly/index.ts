/**
 * The core's exports and nothing else. The host lays out memory from `heapBase()` on (src/core/memory.ts) and writes the records of
 * src/core/abi.ts; the core allocates nothing and does no input or output.
 */
import * as abi from './abi';
import { Counts, Full, Off, setStep, setTrapped, trapped } from './fixed/quantise';
import { seedStep } from './fixed/random';
import { beginTallies, endTallies } from './lanes/tally';
import { forward, step } from './network/step';
import { layOut, ofRun, RUNS } from './runs/region';
import { stepRuns } from './runs/step';
import { beginRuns, endRuns } from './runs/tally';
import { Fixed, FixedWide } from './number/fixed';
import { FixedControl } from './number/fixedControl';
import { Float64, Float64Control } from './number/float64';
import { Chosen, Exact } from './number/quantisers';

/** Steps until `steps` are done or a TRAP overflowed; how many. */
@inline
function run<N, C, V>(header: usize, state: usize, steps: i32): i32 {
  const first = load<i64>(header, abi.HEADER_STEP), seed = load<i64>(header, abi.HEADER_SEED);
  setTrapped(0);
  let lanes = false;
  if (ASC_FEATURE_SIMD) {
    lanes = changetype<N>(0).lanes() && changetype<N>(0).counts() && load<i32>(header, abi.HEADER_LANES) != 0;
    if (lanes) beginTallies(header);
  }
  for (let k = 0; k < steps; k++) {
    setStep(first + <i64>k);
    seedStep(seed, first + <i64>k);
    step<N, C, V>(
      header, state,
      <usize>load<i32>(header, abi.HEADER_BATCHES) + <usize>(k * abi.BATCH_SIZE),
      <usize>load<i32>(header, abi.HEADER_ROWS) + <usize>(k * abi.ROW_SIZE),
    );
    if (trapped) {
      store<i32>(header, <i32>trapped, abi.HEADER_TRAPPED);
      return k + 1;
    }
  }
  if (ASC_FEATURE_SIMD) if (lanes) endTallies(header);
  return steps;
}

/** Runs `steps` steps on the batches of the header's table, one row each; fewer if a TRAP overflowed. Returns how many. */
export function runFixed(header: usize, state: usize, steps: i32): i32 {
  return run<Fixed<Counts>, FixedControl, i64>(header, state, steps);
}
/** The same without counters of the layers' sites. */
export function runFixedOff(header: usize, state: usize, steps: i32): i32 {
  return run<Fixed<Off>, FixedControl, i64>(header, state, steps);
}
/** The same with histograms and rounding errors. */
export function runFixedFull(header: usize, state: usize, steps: i32): i32 {
  return run<Fixed<Full>, FixedControl, i64>(header, state, steps);
}
/** The same for any width; records what the sites ask for. */
export function runFixedWide(header: usize, state: usize, steps: i32): i32 {
  return run<FixedWide, FixedControl, i64>(header, state, steps);
}
export function runFloat(header: usize, state: usize, steps: i32): i32 {
  return run<Float64<Exact>, Float64Control<Exact>, f64>(header, state, steps);
}
/** binary64 with the quantisers of the sites that have a record. */
export function runMixed(header: usize, state: usize, steps: i32): i32 {
  return run<Float64<Chosen>, Float64Control<Chosen>, f64>(header, state, steps);
}

/** `runFixed` of four runs, whose memory lies `stride` bytes apart: assembly/runs/region.ts. None may TRAP. `header`, `state`: of run 0. */
export function runFixedSideBySide(header: usize, state: usize, stride: usize, steps: i32): i32 {
  layOut(stride);
  if (ASC_FEATURE_SIMD) {
    const first = load<i64>(header, abi.HEADER_STEP);
    const shadow = ofRun(header, RUNS), batches = <usize>load<i32>(header, abi.HEADER_BATCHES), rows = <usize>load<i32>(header, abi.HEADER_ROWS);
    setTrapped(0);
    beginRuns(shadow);
    for (let k = 0; k < RUNS; k++) beginTallies(ofRun(header, k));
    for (let k = 0; k < steps; k++) {
      const at = first + <i64>k;
      setStep(at);
      stepRuns<Fixed<Counts>, FixedControl, i64>(shadow, state, batches + <usize>(k * abi.BATCH_SIZE), rows + <usize>(k * abi.ROW_SIZE), at);
    }
    endRuns(shadow);
    for (let k = 0; k < RUNS; k++) endTallies(ofRun(header, k));
  } else {
    for (let k = 0; k < RUNS; k++) run<Fixed<Counts>, FixedControl, i64>(ofRun(header, k), ofRun(state, k), steps);
  }
  return steps;
}
/** Loss of the first batch of the table, without a step; into the first row. Site counters go on counting: read them before. */
@inline
function evaluate<N, C, V>(header: usize): void {
  const step = load<i64>(header, abi.HEADER_STEP);
  setStep(step);
  seedStep(load<i64>(header, abi.HEADER_SEED), step);
  store<V>(<usize>load<i32>(header, abi.HEADER_ROWS), forward<N, C, V>(header, <usize>load<i32>(header, abi.HEADER_BATCHES)), abi.ROW_LOSS);
}
export function lossFixed(header: usize): void {
  evaluate<Fixed<Off>, FixedControl, i64>(header);
}
export function lossFixedWide(header: usize): void {
  evaluate<FixedWide, FixedControl, i64>(header);
}
export function lossFloat(header: usize): void {
  evaluate<Float64<Exact>, Float64Control<Exact>, f64>(header);
}
export function lossMixed(header: usize): void {
  evaluate<Float64<Chosen>, Float64Control<Chosen>, f64>(header);
}

/** Which build this is: 1 with SIMD. */
export function simd(): i32 {
  return ASC_FEATURE_SIMD ? 1 : 0;
}

/** First byte that is the host's. */
export function heapBase(): usize {
  return __heap_base;
}

export { wideMultiply, wideMultiplyUnsigned, wideAccumulate, wideDivide, wideSquareRoot, compareProducts, quantiseAt, quotientAt, randomBits, emaOneRounding, emaTwoProducts, emaShiftOnly, emaFloat } from './primitives';
