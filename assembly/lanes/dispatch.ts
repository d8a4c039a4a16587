/** The kernels of lanes as a layer's sites round; 0 where the host has not proved that lanes hold its values (src/core/lanes.ts). */
import * as abi from '../abi';
import { hiddenErrorLanes, outputErrorLanes } from './error';
import { forwardLanes } from './forward';
import { gradientLanes } from './gradient';
import { OneAddend, ThreeAddends } from './site';
import { updateLanes } from './update';

/** How many samples were done. */
@inline
export function forwardInLanes<N, V>(header: usize, record: usize, inputs: usize, count: i32): i32 {
  const kind = load<i32>(record, abi.LAYER_LANES_FORWARD);
  if (kind == abi.LANES_ONE_ADDEND) return forwardLanes<N, V, OneAddend>(header, record, inputs, count);
  if (kind == abi.LANES_THREE_ADDENDS) return forwardLanes<N, V, ThreeAddends>(header, record, inputs, count);
  return 0;
}

/** How many outputs were done. */
@inline
export function outputErrorsInLanes<N, V>(record: usize, targets: usize, size: i32): i32 {
  const kind = load<i32>(record, abi.LAYER_LANES_ERROR);
  if (kind == abi.LANES_ONE_ADDEND) return outputErrorLanes<N, V, OneAddend>(record, targets, size);
  if (kind == abi.LANES_THREE_ADDENDS) return outputErrorLanes<N, V, ThreeAddends>(record, targets, size);
  return 0;
}

/** How many units were done. */
@inline
export function hiddenErrorsInLanes<N, V>(header: usize, record: usize, behind: usize, count: i32): i32 {
  const kind = load<i32>(record, abi.LAYER_LANES_ERROR);
  if (kind == abi.LANES_ONE_ADDEND) return hiddenErrorLanes<N, V, OneAddend>(header, record, behind, count);
  if (kind == abi.LANES_THREE_ADDENDS) return hiddenErrorLanes<N, V, ThreeAddends>(header, record, behind, count);
  return 0;
}

/** Gradients of all parameters of a layer that may be taken in lanes. */
@inline
export function gradientsInLanes<N, C, V>(header: usize, record: usize, inputs: usize, count: i32, divisor: usize): void {
  if (load<i32>(record, abi.LAYER_LANES_GRADIENT) == abi.LANES_ONE_ADDEND) gradientLanes<N, C, V, OneAddend>(header, record, inputs, count, divisor);
  else gradientLanes<N, C, V, ThreeAddends>(header, record, inputs, count, divisor);
}

/** Updates the parameters from, …, to − 1 of a layer, its weights or its biases; what they did. */
@inline
export function updatesInLanes<N, C, V>(header: usize, record: usize, rate: V, from: i32, to: i32): i32 {
  const site = <usize>load<i32>(record + (from > 0 ? abi.LAYER_BIAS : abi.LAYER_WEIGHT));
  if (load<i32>(record, abi.LAYER_LANES_UPDATE) == abi.LANES_ONE_ADDEND) return updateLanes<N, C, V, OneAddend>(header, record, site, rate, from, to);
  return updateLanes<N, C, V, ThreeAddends>(header, record, site, rate, from, to);
}

/** Whether lanes hold all products of this rate and a gradient of the layer. */
@inline
export function ratesInLanes<V>(record: usize, rate: V): bool {
  return <i64>rate <= load<i64>(record, abi.LAYER_LANE_RATE);
}
