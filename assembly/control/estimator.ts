/** What measures curvature for a throttle: C and its moving mean. docs/numerics.md §6.1. */
import * as abi from '../abi';
import { layer } from '../network/layer';
import { squaredNorm } from './norm';

/** C ← Q(‖Δg‖ / ‖Δθ‖), or the largest of them so far; it holds where ‖Δθ‖ is zero, unless that counts as one last place. */
function secant<N, C, V>(header: usize, state: usize, latch: bool): void {
  const c = changetype<C>(0);
  const layers = load<i32>(header, abi.HEADER_LAYERS);
  const squareTheta = squaredNorm<N, C, V>(header, layers, <usize>load<i32>(header, abi.HEADER_THETA), <usize>load<i32>(header, abi.HEADER_LAST_THETA), true, 0);
  const squareGradient = squaredNorm<N, C, V>(header, layers, <usize>load<i32>(header, abi.HEADER_GRADIENT), <usize>load<i32>(header, abi.HEADER_LAST_GRADIENT), false, 1);
  const hold = load<i32>(header, abi.HEADER_HOLD_CURVATURE) != 0;
  if (squareTheta == 0 && hold) return;
  const normSite = <usize>load<i32>(header, abi.HEADER_NORM);
  const normGradient = c.norm(squareGradient, normSite);
  let normTheta = c.norm(squareTheta, normSite);
  if (normTheta == 0) {
    if (hold) return;
    normTheta = 1;
  }
  const site = <usize>load<i32>(header, abi.HEADER_CURVATURE);
  const x = c.add(c.zero(), normGradient, load<i32>(site, abi.SITE_LEFT0));
  const curvature = c.divided(x, c.guard(normTheta), <V>1, load<i32>(site, abi.SITE_LEFT1), site, 0, 0, header);
  if (!latch || curvature > load<V>(state, abi.STATE_CURVATURE)) store<V>(state, curvature, abi.STATE_CURVATURE);
}

/** Batch mean of Σ‖a‖², a bias counting as an input of 1. */
function trace<N, C, V>(header: usize, state: usize, batch: usize): void {
  const n = changetype<N>(0), c = changetype<C>(0);
  const count = load<i32>(batch, abi.BATCH_COUNT);
  let x = c.zero();
  let inputs = <usize>load<i32>(batch, abi.BATCH_INPUTS);
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const width = load<i32>(record, abi.LAYER_INPUTS), left = load<i32>(record, abi.LAYER_NORM_ACTIVATION);
    const one = load<i32>(record, abi.LAYER_NORM_ONE), bias = load<i32>(record, abi.LAYER_HAS_BIAS);
    for (let b = 0; b < count; b++) {
      for (let i = 0; i < width; i++) {
        const a = n.load(inputs, b * width + i);
        x = c.mac(x, a, a, left);
      }
      if (bias) x = c.add(x, <V>1, one);
    }
    inputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  }
  const square = c.quantise(x, <usize>load<i32>(header, abi.HEADER_SQUARED_NORM), 0);
  const site = <usize>load<i32>(header, abi.HEADER_CURVATURE);
  x = c.addSquareRaw(c.zero(), square, load<i32>(site, abi.SITE_LEFT0));
  const divisor = load<V>(<usize>load<i32>(batch, abi.BATCH_DIVISOR), abi.DIVISOR_COUNT);
  store<V>(state, c.quotient(x, divisor, <V>1, load<i32>(site, abi.SITE_LEFT1), site, 0, 0), abi.STATE_CURVATURE);
}

/** Curvature along the gradient of a single layer, ‖Xg‖² / (B·‖g‖²). */
function rayleigh<N, C, V>(header: usize, state: usize, batch: usize): void {
  const n = changetype<N>(0), c = changetype<C>(0);
  const record = layer(header, 0);
  const count = load<i32>(batch, abi.BATCH_COUNT), inputs = <usize>load<i32>(batch, abi.BATCH_INPUTS);
  const gradients = <usize>load<i32>(header, abi.HEADER_GRADIENT);
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const bias = load<i32>(record, abi.LAYER_HAS_BIAS), leftBias = load<i32>(record, abi.LAYER_INNER_BIAS), left = load<i32>(record, abi.LAYER_NORM_INNER);
  let x = c.zero();
  for (let b = 0; b < count; b++) {
    for (let o = 0; o < outputs; o++) {
      let z: V = 0;
      for (let i = 0; i < width; i++) z += n.load(gradients, o * width + i) * n.load(inputs, b * width + i);
      if (bias) z += c.align(n.load(gradients, outputs * width + o), leftBias);
      x = c.mac(x, z, z, left);
    }
  }
  const squareInner = c.quantise(x, <usize>load<i32>(header, abi.HEADER_SQUARED_NORM), 0);
  const square = squaredNorm<N, C, V>(header, 1, gradients, 0, false, 1);
  if (square == 0) return;
  const site = <usize>load<i32>(header, abi.HEADER_CURVATURE);
  x = c.addSquareRaw(c.zero(), squareInner, load<i32>(site, abi.SITE_LEFT0));
  const divisor = load<V>(<usize>load<i32>(batch, abi.BATCH_DIVISOR), abi.DIVISOR_COUNT);
  store<V>(state, c.divided(x, divisor, c.guard(square), load<i32>(site, abi.SITE_LEFT1), site, 0, 0, header), abi.STATE_CURVATURE);
}

const LAMBDA_ROUNDS = 30;

/** Largest eigenvalue of XᵀX/B of a single layer by power iteration; the reference only. */
function lambda(header: usize, state: usize, batch: usize): void {
  const record = layer(header, 0);
  const count = load<i32>(batch, abi.BATCH_COUNT), inputs = <usize>load<i32>(batch, abi.BATCH_INPUTS);
  const width = load<i32>(record, abi.LAYER_INPUTS), size = width + load<i32>(record, abi.LAYER_HAS_BIAS);
  const v = <usize>load<i32>(header, abi.HEADER_SCRATCH), w = v + (<usize>size << 3);
  for (let i = 0; i < size; i++) store<f64>(v + (<usize>i << 3), 1);
  let norm: f64 = 0;
  for (let round = 0; round < LAMBDA_ROUNDS; round++) {
    memory.fill(w, 0, <usize>size << 3);
    for (let b = 0; b < count; b++) {
      const row = inputs + (<usize>(b * width) << 3);
      let z: f64 = 0;
      for (let i = 0; i < size; i++) z += load<f64>(v + (<usize>i << 3)) * (i < width ? load<f64>(row + (<usize>i << 3)) : 1);
      for (let i = 0; i < size; i++) {
        const at = w + (<usize>i << 3);
        store<f64>(at, load<f64>(at) + z * (i < width ? load<f64>(row + (<usize>i << 3)) : 1));
      }
    }
    let square: f64 = 0;
    for (let i = 0; i < size; i++) {
      const at = w + (<usize>i << 3), mean = load<f64>(at) / <f64>count;
      store<f64>(at, mean);
      square += mean * mean;
    }
    norm = sqrt<f64>(square);
    if (norm == 0) break;
    for (let i = 0; i < size; i++) store<f64>(v + (<usize>i << 3), load<f64>(w + (<usize>i << 3)) / norm);
  }
  store<f64>(state, norm, abi.STATE_CURVATURE);
}

/** Whether the estimator compares a step with the one before. */
@inline
export function needsHistory(estimator: i32): bool {
  return estimator == abi.ESTIMATOR_SECANT || estimator == abi.ESTIMATOR_SECANT_LATCH;
}

/** Measures C of this step and lets its mean follow. */
export function estimate<N, C, V>(header: usize, state: usize, batch: usize): void {
  const estimator = load<i32>(header, abi.HEADER_ESTIMATOR);
  if (needsHistory(estimator)) secant<N, C, V>(header, state, estimator == abi.ESTIMATOR_SECANT_LATCH);
  else if (estimator == abi.ESTIMATOR_TRACE) trace<N, C, V>(header, state, batch);
  else if (estimator == abi.ESTIMATOR_RAYLEIGH) rayleigh<N, C, V>(header, state, batch);
  else if (isFloat<V>()) lambda(header, state, batch);
  const site = <usize>load<i32>(header, abi.HEADER_CURVATURE_MEAN);
  const mean = changetype<C>(0).mean(load<V>(state, abi.STATE_CURVATURE_MEAN), load<V>(header, abi.HEADER_RHO), load<V>(state, abi.STATE_CURVATURE), site);
  store<V>(state, mean, abi.STATE_CURVATURE_MEAN);
}

/** C, aligned with C*. */
export function curvature<C, V>(header: usize, state: usize): V {
  return changetype<C>(0).align(load<V>(state, abi.STATE_CURVATURE), load<i32>(header, abi.HEADER_STAR_LEFT_C));
}

/** C* = max(C, mean). */
export function star<C, V>(header: usize, state: usize): V {
  return max<V>(curvature<C, V>(header, state), changetype<C>(0).align(load<V>(state, abi.STATE_CURVATURE_MEAN), load<i32>(header, abi.HEADER_STAR_LEFT_M)));
}
