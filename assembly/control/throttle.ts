/** The throttle: estimators, laws, and the state they keep. docs/numerics.md §6. */
import * as abi from '../abi';
import { at, layer } from '../network/layer';

/** Q(Σ (now − before)²) over all parameters. `theta`: parameters, else gradients; their formats, and so their alignment, differ. */
function squaredDifference<N, C, V>(header: usize, now: usize, before: usize, theta: bool): V {
  const n = changetype<N>(0), c = changetype<C>(0);
  let x = c.zero();
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const first = load<i32>(record, abi.LAYER_FIRST), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
    const weights = first + outputs * load<i32>(record, abi.LAYER_INPUTS);
    const end = weights + (load<i32>(record, abi.LAYER_HAS_BIAS) ? outputs : 0);
    const left = load<i32>(record + (theta ? abi.LAYER_NORM_WEIGHT : abi.LAYER_NORM_GRADIENT));
    const leftBias = theta ? load<i32>(record, abi.LAYER_NORM_BIAS) : left;
    for (let p = first; p < end; p++) {
      const d = n.load(now, p) - n.load(before, p);
      x = c.mac(x, d, d, p < weights ? left : leftBias);
    }
  }
  return c.quantise(x, <usize>load<i32>(header, abi.HEADER_SQUARED_NORM), theta ? 0 : 1);
}

/** C of the `secant` estimator; false while ‖Δθ‖ is zero, when C holds. */
function secant<N, C, V>(header: usize, state: usize): void {
  const c = changetype<C>(0);
  const squareTheta = squaredDifference<N, C, V>(header, <usize>load<i32>(header, abi.HEADER_THETA), <usize>load<i32>(header, abi.HEADER_LAST_THETA), true);
  const squareGradient = squaredDifference<N, C, V>(header, <usize>load<i32>(header, abi.HEADER_GRADIENT), <usize>load<i32>(header, abi.HEADER_LAST_GRADIENT), false);
  if (squareTheta == 0) return;
  const normSite = <usize>load<i32>(header, abi.HEADER_NORM);
  const normGradient = c.norm(squareGradient, normSite);
  const normTheta = c.norm(squareTheta, normSite);
  if (normTheta == 0) return;
  const site = <usize>load<i32>(header, abi.HEADER_CURVATURE);
  const x = c.add(c.zero(), normGradient, load<i32>(site, abi.SITE_LEFT0));
  store<V>(state, c.divided(x, c.guard(normTheta), <V>1, load<i32>(site, abi.SITE_LEFT1), site, header), abi.STATE_CURVATURE);
}

/** C of the `trace` estimator: batch mean of Σ‖a‖², a bias counting as an input of 1. */
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
  store<V>(state, c.quotient(x, divisor, <V>1, load<i32>(site, abi.SITE_LEFT1), site, 0), abi.STATE_CURVATURE);
}

/** gt0: α = min(1, χ/(η·C*)), at least the floor. */
function gt0<C, V>(header: usize, state: usize): V {
  const c = changetype<C>(0);
  const one = load<V>(header, abi.HEADER_ONE), eta = load<V>(header, abi.HEADER_ETA), chi = load<V>(header, abi.HEADER_CHI);
  const star = max<V>(
    c.align(load<V>(state, abi.STATE_CURVATURE), load<i32>(header, abi.HEADER_STAR_LEFT_C)),
    c.align(load<V>(state, abi.STATE_CURVATURE_MEAN), load<i32>(header, abi.HEADER_STAR_LEFT_M)),
  );
  if (c.reaches(chi, eta, star, header)) return one;
  const site = <usize>load<i32>(header, abi.HEADER_THROTTLE);
  const x = c.add(c.zero(), chi, load<i32>(site, abi.SITE_LEFT0));
  const alpha = c.divided(x, eta, c.guard(star), load<i32>(site, abi.SITE_LEFT1), site, header);
  // A table of reciprocals may err upwards.
  return min<V>(max<V>(alpha, load<V>(header, abi.HEADER_FLOOR)), one);
}

/** table: the largest α of the table that keeps α·η·‖Δg‖ ≤ χ·‖Δθ‖; compares products, never divides. Without one: the smallest, flagged. */
function table<N, C, V>(header: usize, state: usize): i32 {
  const c = changetype<C>(0);
  const squareTheta = squaredDifference<N, C, V>(header, <usize>load<i32>(header, abi.HEADER_THETA), <usize>load<i32>(header, abi.HEADER_LAST_THETA), true);
  const squareGradient = squaredDifference<N, C, V>(header, <usize>load<i32>(header, abi.HEADER_GRADIENT), <usize>load<i32>(header, abi.HEADER_LAST_GRADIENT), false);
  if (squareTheta == 0) return 0;
  const eta = load<V>(header, abi.HEADER_ETA), chi = load<V>(header, abi.HEADER_CHI);
  let a = 0, flags = abi.FLAG_INFEASIBLE;
  for (let k = 0; k < abi.TABLE_LENGTH; k++) {
    a = unchecked(abi.TABLE[k]);
    if (c.tableFits(a, eta, squareGradient, chi, squareTheta, header)) {
      flags = 0;
      break;
    }
  }
  store<V>(state, c.tableAlpha(a, <usize>load<i32>(header, abi.HEADER_THROTTLE)), abi.STATE_TABLE_ALPHA);
  return flags;
}

/** Keeps g and θ of this step for the next. */
function remember<N>(header: usize): void {
  const bytes = at<N>(0, load<i32>(header, abi.HEADER_PARAMETERS));
  memory.copy(<usize>load<i32>(header, abi.HEADER_LAST_THETA), <usize>load<i32>(header, abi.HEADER_THETA), bytes);
  memory.copy(<usize>load<i32>(header, abi.HEADER_LAST_GRADIENT), <usize>load<i32>(header, abi.HEADER_GRADIENT), bytes);
}

/** α of this step, stored in the row; returns flags. */
export function throttle<N, C, V>(header: usize, state: usize, batch: usize, row: usize): i32 {
  const c = changetype<C>(0);
  const law = load<i32>(header, abi.HEADER_THROTTLE_LAW);
  const on = load<i32>(header, abi.HEADER_THROTTLE_ON) && law != abi.THROTTLE_NONE;
  const keep = load<i32>(header, abi.HEADER_KEEP_STATE);
  let alpha = load<V>(header, abi.HEADER_ONE);
  let flags = on ? abi.FLAG_THROTTLED : 0;
  if (law != abi.THROTTLE_NONE && (on || keep)) {
    if (load<i32>(header, abi.HEADER_THROTTLE_START)) {
      store<i32>(state, 0, abi.STATE_HISTORY);
      store<V>(state, 0, abi.STATE_CURVATURE);
      store<V>(state, 0, abi.STATE_CURVATURE_MEAN);
      store<V>(state, load<V>(header, abi.HEADER_FIRST_ALPHA), abi.STATE_TABLE_ALPHA);
    }
    const history = load<i32>(state, abi.STATE_HISTORY);
    if (law == abi.THROTTLE_TABLE) {
      if (history) flags |= table<N, C, V>(header, state);
      if (on) alpha = load<V>(state, abi.STATE_TABLE_ALPHA);
    } else {
      const needsHistory = load<i32>(header, abi.HEADER_ESTIMATOR) == abi.ESTIMATOR_SECANT;
      const estimates = history || !needsHistory;
      if (estimates) {
        if (needsHistory) secant<N, C, V>(header, state);
        else trace<N, C, V>(header, state, batch);
        const site = <usize>load<i32>(header, abi.HEADER_CURVATURE_MEAN);
        const mean = c.mean(load<V>(state, abi.STATE_CURVATURE_MEAN), load<V>(header, abi.HEADER_RHO), load<V>(state, abi.STATE_CURVATURE), site);
        store<V>(state, mean, abi.STATE_CURVATURE_MEAN);
      }
      if (on) alpha = estimates ? gt0<C, V>(header, state) : load<V>(header, abi.HEADER_FIRST_ALPHA);
    }
    remember<N>(header);
    store<i32>(state, 1, abi.STATE_HISTORY);
  }
  store<V>(row, alpha, abi.ROW_ALPHA);
  store<V>(row, load<V>(state, abi.STATE_CURVATURE), abi.ROW_CURVATURE);
  store<V>(row, load<V>(state, abi.STATE_CURVATURE_MEAN), abi.ROW_CURVATURE_MEAN);
  return flags;
}
