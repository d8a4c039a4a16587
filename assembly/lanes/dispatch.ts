/** The kernels of lanes as the host has proved that they hold a layer's values (src/core/lanes.ts). */
import * as abi from '../abi';
import { hiddenErrorLanes, outputErrorLanes } from './error';
import { forwardLanes } from './forward';
import { gradientLanes } from './gradient';
import { LongsOne, LongsThree } from './longs';
import { Reals } from './reals';
import { updateLanes } from './update';
import { WordsOne, WordsRaw, WordsThree } from './words';

/** How many samples were done. */
@inline
export function forwardInLanes<N, V>(header: usize, record: usize, inputs: usize, count: i32): i32 {
  const kind = load<i32>(record, abi.LAYER_LANES_FORWARD);
  if (isFloat<V>()) return kind == abi.LANES_REALS ? forwardLanes<N, V, Reals>(header, record, inputs, count) : 0;
  if (kind == abi.LANES_WORDS_ONE) return forwardLanes<N, V, WordsOne>(header, record, inputs, count);
  if (kind == abi.LANES_WORDS_RAW) return forwardLanes<N, V, WordsRaw>(header, record, inputs, count);
  if (kind == abi.LANES_WORDS_THREE) return forwardLanes<N, V, WordsThree>(header, record, inputs, count);
  if (kind == abi.LANES_LONGS_ONE) return forwardLanes<N, V, LongsOne>(header, record, inputs, count);
  if (kind == abi.LANES_LONGS_THREE) return forwardLanes<N, V, LongsThree>(header, record, inputs, count);
  return 0;
}

/** How many outputs were done. */
@inline
export function outputErrorsInLanes<N, V>(header: usize, record: usize, targets: usize, size: i32): i32 {
  const kind = load<i32>(record, abi.LAYER_LANES_ERROR);
  if (isFloat<V>()) return kind == abi.LANES_REALS ? outputErrorLanes<N, V, Reals>(header, record, targets, size) : 0;
  if (kind == abi.LANES_WORDS_ONE) return outputErrorLanes<N, V, WordsOne>(header, record, targets, size);
  if (kind == abi.LANES_WORDS_THREE) return outputErrorLanes<N, V, WordsThree>(header, record, targets, size);
  if (kind == abi.LANES_LONGS_ONE) return outputErrorLanes<N, V, LongsOne>(header, record, targets, size);
  if (kind == abi.LANES_LONGS_THREE) return outputErrorLanes<N, V, LongsThree>(header, record, targets, size);
  return 0;
}

/** Errors of a hidden layer; whether they were taken. */
@inline
export function hiddenErrorsInLanes<N, V>(header: usize, record: usize, behind: usize, count: i32): bool {
  const kind = load<i32>(record, abi.LAYER_LANES_ERROR);
  if (kind == abi.LANES_NONE) return false;
  if (isFloat<V>()) hiddenErrorLanes<N, V, Reals>(header, record, behind, count);
  else if (kind == abi.LANES_WORDS_ONE) hiddenErrorLanes<N, V, WordsOne>(header, record, behind, count);
  else if (kind == abi.LANES_WORDS_THREE) hiddenErrorLanes<N, V, WordsThree>(header, record, behind, count);
  else if (kind == abi.LANES_LONGS_ONE) hiddenErrorLanes<N, V, LongsOne>(header, record, behind, count);
  else hiddenErrorLanes<N, V, LongsThree>(header, record, behind, count);
  return true;
}

/** Gradients of all parameters of a layer; whether they were taken. */
@inline
export function gradientsInLanes<N, C, V>(header: usize, record: usize, inputs: usize, count: i32, divisor: usize): bool {
  const kind = load<i32>(record, abi.LAYER_LANES_GRADIENT);
  if (kind == abi.LANES_NONE) return false;
  if (isFloat<V>()) gradientLanes<N, C, V, Reals>(header, record, inputs, count, divisor);
  else if (kind == abi.LANES_WORDS_ONE) gradientLanes<N, C, V, WordsOne>(header, record, inputs, count, divisor);
  else if (kind == abi.LANES_WORDS_RAW) gradientLanes<N, C, V, WordsRaw>(header, record, inputs, count, divisor);
  else if (kind == abi.LANES_WORDS_THREE) gradientLanes<N, C, V, WordsThree>(header, record, inputs, count, divisor);
  else if (kind == abi.LANES_LONGS_ONE) gradientLanes<N, C, V, LongsOne>(header, record, inputs, count, divisor);
  else gradientLanes<N, C, V, LongsThree>(header, record, inputs, count, divisor);
  return true;
}

/** Whether lanes hold all products of this rate and a gradient of the layer. */
@inline
export function ratesInLanes<V>(record: usize, rate: V): bool {
  return isFloat<V>() ? load<i32>(record, abi.LAYER_LANES_UPDATE) != abi.LANES_NONE : <i64>rate <= load<i64>(record, abi.LAYER_LANE_RATE);
}

/** Updates the parameters from, …, to − 1 of a layer, its weights or its biases, at a rate lanes hold; what they did. */
@inline
export function updatesInLanes<N, C, V>(header: usize, record: usize, rate: V, site: usize, from: i32, to: i32): i32 {
  const kind = load<i32>(record, abi.LAYER_LANES_UPDATE);
  if (isFloat<V>()) return updateLanes<N, C, V, Reals>(header, record, site, rate, from, to);
  if (kind == abi.LANES_WORDS_ONE) return updateLanes<N, C, V, WordsOne>(header, record, site, rate, from, to);
  if (kind == abi.LANES_WORDS_THREE) return updateLanes<N, C, V, WordsThree>(header, record, site, rate, from, to);
  if (kind == abi.LANES_LONGS_ONE) return updateLanes<N, C, V, LongsOne>(header, record, site, rate, from, to);
  return updateLanes<N, C, V, LongsThree>(header, record, site, rate, from, to);
}
