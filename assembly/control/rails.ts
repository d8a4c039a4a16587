/** The rails throttle: the largest α that keeps row and column sums of |w|, and |b|, inside their limits. docs/numerics.md §6.2. */
import * as abi from '../abi';
import { at, layer } from '../network/layer';

/** Whether every Σ|w − step·g| of a line of `count` weights from `first` on, `stride` apart, is inside. */
@inline
function lineInside<N, C, V>(theta: usize, gradients: usize, first: i32, stride: i32, count: i32, step: V, left: i32, leftProduct: i32, limit: V, leftLimit: i32): bool {
  const n = changetype<N>(0), c = changetype<C>(0);
  let x = c.zero();
  for (let k = 0, p = first; k < count; k++, p += stride) x = c.addDistance(x, n.load(theta, p), left, step, n.load(gradients, p), leftProduct);
  return c.within(x, limit, leftLimit);
}

/** Whether the parameters after θ − α·η·g are inside, exactly. */
function inside<N, C, V>(header: usize, alpha: V): bool {
  const step = alpha * load<V>(header, abi.HEADER_ETA);
  const theta = <usize>load<i32>(header, abi.HEADER_THETA), gradients = <usize>load<i32>(header, abi.HEADER_GRADIENT);
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
    const first = load<i32>(record, abi.LAYER_FIRST), biases = first + width * outputs;
    const left = load<i32>(record, abi.LAYER_RAIL_WEIGHT), leftProduct = load<i32>(record, abi.LAYER_RAIL_PRODUCT), leftLimit = load<i32>(record, abi.LAYER_RAIL_LIMIT);
    for (let o = 0; o < outputs; o++) {
      if (!lineInside<N, C, V>(theta, gradients, first + o * width, 1, width, step, left, leftProduct, load<V>(header, abi.HEADER_ROW_RAIL), leftLimit)) return false;
    }
    for (let i = 0; i < width; i++) {
      if (!lineInside<N, C, V>(theta, gradients, first + i, width, outputs, step, left, leftProduct, load<V>(header, abi.HEADER_COLUMN_RAIL), leftLimit)) return false;
    }
    if (!load<i32>(record, abi.LAYER_HAS_BIAS)) continue;
    const leftBias = load<i32>(record, abi.LAYER_RAIL_BIAS);
    for (let o = 0; o < outputs; o++) {
      if (!lineInside<N, C, V>(theta, gradients, biases + o, 1, 1, step, leftBias, leftProduct, load<V>(header, abi.HEADER_BIAS_RAIL), leftLimit)) return false;
    }
  }
  return true;
}

const FLOAT_HALVINGS = 53;

/** Largest α up to `most` that stays inside, stored in the row; returns flags. The sums are convex in α, so halving an interval finds it. */
export function railed<N, C, V>(header: usize, row: usize, most: V): i32 {
  let low: V = 0, high = most;
  if (!inside<N, C, V>(header, 0)) {
    store<V>(row, 0, abi.ROW_ALPHA);
    return abi.FLAG_INFEASIBLE;
  }
  if (inside<N, C, V>(header, most)) low = most;
  else if (isFloat<V>()) {
    for (let k = 0; k < FLOAT_HALVINGS; k++) {
      const middle = (low + high) / 2;
      if (inside<N, C, V>(header, middle)) low = middle;
      else high = middle;
    }
  } else {
    while (high - low > 1) {
      const middle = (low + high) / 2;
      if (inside<N, C, V>(header, middle)) low = middle;
      else high = middle;
    }
  }
  store<V>(row, low, abi.ROW_ALPHA);
  return 0;
}
