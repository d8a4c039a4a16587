/** Squared norms over all parameters. docs/numerics.md §6. */
import * as abi from '../abi';
import { at, layer } from '../network/layer';

/** Q(Σ (now − before)²), or Q(Σ now²) without `before`, over the first `layers`. `theta`: parameters, else gradients; their formats, and so their alignment, differ. */
export function squaredNorm<N, C, V>(header: usize, layers: i32, now: usize, before: usize, theta: bool, index: i32): V {
  const n = changetype<N>(0), c = changetype<C>(0);
  const most = load<i32>(header, abi.HEADER_SQUARES);
  let x = c.zero();
  for (let l = 0; l < layers; l++) {
    const record = layer(header, l);
    const first = load<i32>(record, abi.LAYER_FIRST), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
    const weights = outputs * load<i32>(record, abi.LAYER_INPUTS), biases = first + weights;
    const left = load<i32>(record + (theta ? abi.LAYER_NORM_WEIGHT : abi.LAYER_NORM_GRADIENT));
    const leftBias = theta ? load<i32>(record, abi.LAYER_NORM_BIAS) : left;
    x = n.addSquares(x, at<N>(now, first), before ? at<N>(before, first) : 0, weights, left, most);
    if (load<i32>(record, abi.LAYER_HAS_BIAS)) x = n.addSquares(x, at<N>(now, biases), before ? at<N>(before, biases) : 0, outputs, leftBias, most);
  }
  return c.quantise(x, <usize>load<i32>(header, abi.HEADER_SQUARED_NORM), index);
}

/** ‖g‖ of the first `layers`, at `norm`. `index`: which sum of squares of the step it is. */
export function gradientNorm<N, C, V>(header: usize, layers: i32, index: i32): V {
  const square = squaredNorm<N, C, V>(header, layers, <usize>load<i32>(header, abi.HEADER_GRADIENT), 0, false, index);
  return changetype<C>(0).norm(square, <usize>load<i32>(header, abi.HEADER_NORM));
}
