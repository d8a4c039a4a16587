/** The throttle: which law is asked, and the state it keeps. docs/numerics.md §6. */
import * as abi from '../abi';
import { at } from '../network/layer';
import { bound } from './bound';
import { normBound } from './clip';
import { estimate, needsHistory, star } from './estimator';
import { integrate } from './integrator';
import { gradientNorm } from './norm';
import { railed } from './rails';
import { choose } from './table';

/** Empties the state where the throttle switches on. */
export function startThrottle<V>(header: usize, state: usize): void {
  if (!load<i32>(header, abi.HEADER_THROTTLE_START)) return;
  store<i32>(state, 0, abi.STATE_HISTORY);
  store<V>(state, 0, abi.STATE_CURVATURE);
  store<V>(state, 0, abi.STATE_CURVATURE_MEAN);
  store<V>(state, 0, abi.STATE_VELOCITY);
  store<V>(state, load<V>(header, abi.HEADER_FIRST_ALPHA), abi.STATE_ALPHA);
}

/** Keeps g and θ of this step for the next. */
function remember<N>(header: usize): void {
  const bytes = at<N>(0, load<i32>(header, abi.HEADER_PARAMETERS));
  memory.copy(<usize>load<i32>(header, abi.HEADER_LAST_THETA), <usize>load<i32>(header, abi.HEADER_THETA), bytes);
  memory.copy(<usize>load<i32>(header, abi.HEADER_LAST_GRADIENT), <usize>load<i32>(header, abi.HEADER_GRADIENT), bytes);
}

/** α by an estimate of curvature, stored in the row; returns flags. */
function curbed<N, C, V>(law: i32, header: usize, state: usize, row: usize): i32 {
  if (law == abi.THROTTLE_RAILS) return railed<N, C, V>(header, row, bound<C, V>(header, star<C, V>(header, state), 0));
  if (law == abi.THROTTLE_GT0) {
    store<V>(row, bound<C, V>(header, star<C, V>(header, state), 0), abi.ROW_ALPHA);
    return 0;
  }
  const flags = integrate<N, C, V>(header, state);
  store<V>(row, load<V>(state, abi.STATE_ALPHA), abi.ROW_ALPHA);
  return flags;
}

/** α of this step, stored in the row; returns flags. */
export function throttle<N, C, V>(header: usize, state: usize, batch: usize, row: usize): i32 {
  const law = load<i32>(header, abi.HEADER_THROTTLE_LAW);
  const on = load<i32>(header, abi.HEADER_THROTTLE_ON) && law != abi.THROTTLE_NONE;
  store<V>(row, load<V>(header, abi.HEADER_ONE), abi.ROW_ALPHA);
  let flags = on ? abi.FLAG_THROTTLED : 0;
  if (law == abi.THROTTLE_CLIP) {
    if (on) {
      const norm = gradientNorm<N, C, V>(header, load<i32>(header, abi.HEADER_LAYERS), 2);
      store<V>(row, min<V>(max<V>(normBound<C, V>(header, <V>1, norm, 0), load<V>(header, abi.HEADER_FLOOR)), load<V>(header, abi.HEADER_ONE)), abi.ROW_ALPHA);
    }
  } else if (law != abi.THROTTLE_NONE && (on || load<i32>(header, abi.HEADER_KEEP_STATE))) {
    const history = load<i32>(state, abi.STATE_HISTORY);
    const compares = law == abi.THROTTLE_TABLE || needsHistory(load<i32>(header, abi.HEADER_ESTIMATOR));
    if (law == abi.THROTTLE_TABLE) {
      if (history) flags |= choose<N, C, V>(header, state);
      if (on) store<V>(row, load<V>(state, abi.STATE_ALPHA), abi.ROW_ALPHA);
    } else if (history || !compares) {
      estimate<N, C, V>(header, state, batch);
      if (on) flags |= curbed<N, C, V>(law, header, state, row);
    } else if (on) {
      const first = load<V>(header, abi.HEADER_FIRST_ALPHA);
      if (law == abi.THROTTLE_RAILS) flags |= railed<N, C, V>(header, row, first);
      else store<V>(row, first, abi.ROW_ALPHA);
    }
    if (compares) {
      remember<N>(header);
      store<i32>(state, 1, abi.STATE_HISTORY);
    }
  }
  store<V>(row, load<V>(state, abi.STATE_CURVATURE), abi.ROW_CURVATURE);
  store<V>(row, load<V>(state, abi.STATE_CURVATURE_MEAN), abi.ROW_CURVATURE_MEAN);
  return flags;
}
