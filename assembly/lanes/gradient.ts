/** Gradients of four neighbouring parameters side by side: weights of one row, or biases. The rule is that of `gradients` (network/layer.ts). */
import * as abi from '../abi';
import { gradients } from '../network/layer';
import { atEdge, LANES, underflowed } from './site';

/** g = Q(G / B) of every parameter of a layer. `inputs`: what it was fed, sample by sample. */
export function gradientLanes<N, C, V, P>(header: usize, record: usize, inputs: usize, count: i32, divisor: usize): void {
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  for (let o = 0; o < outputs; o++) neighbours<N, C, V, P>(header, record, inputs, o, o * width, width, count, divisor);
  if (load<i32>(record, abi.LAYER_HAS_BIAS)) neighbours<N, C, V, P>(header, record, inputs, -1, outputs * width, outputs, count, divisor);
}

/** The parameters first, …, first + length − 1 of the layer: the weights of output o, or its biases for o = −1. */
@inline
function neighbours<N, C, V, P>(header: usize, record: usize, inputs: usize, o: i32, first: i32, length: i32, count: i32, divisor: usize): void {
  const p = changetype<P>(0);
  const whole = length & -LANES;
  const bias = o < 0;
  const site = <usize>load<i32>(record, abi.LAYER_GRADIENT_ACCUMULATOR), mean = <usize>load<i32>(record, abi.LAYER_GRADIENT);
  const group = load<i32>(header, abi.HEADER_GRADIENT_GROUP);
  const left = load<i32>(site + (bias ? abi.SITE_LEFT1 : abi.SITE_LEFT0)), running = load<i32>(site, abi.SITE_LEFT2);
  const leftMean = load<i32>(mean, abi.SITE_LEFT0) + load<i32>(divisor, abi.DIVISOR_LEFT);
  const multiplier = v128.load_splat<i32>(divisor, abi.DIVISOR_MULTIPLIER);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS);
  const errorStride = <usize>load<i32>(record, abi.LAYER_OUTPUTS) << 2, inputStride = <usize>load<i32>(record, abi.LAYER_INPUTS) << 2;
  const out = <usize>load<i32>(header, abi.HEADER_GRADIENT) + (<usize>(load<i32>(record, abi.LAYER_FIRST) + first) << 2);
  const steps = group ? (count + group - 1) / group : 1;
  const none = i32x4.splat(0), top = i32x4.splat(i32.MAX_VALUE), bottom = i32x4.splat(i32.MIN_VALUE);
  let leastSum = top, mostSum = bottom, underSum = none, leastMean = top, mostMean = bottom, underMean = none;
  let counted = 0;
  for (let k = 0; k < whole; k += LANES) {
    let least = top, most = bottom, under = none, s = none;
    let e = errors + (<usize>(bias ? k : o) << 2), a = inputs + (<usize>k << 2);
    for (let b = 0; b < count; ) {
      const end = group ? min(b + group, count) : count;
      let terms = none;
      if (bias) {
        for (; b < end; b++) {
          terms = i32x4.add(terms, v128.load(e));
          e += errorStride;
        }
      } else {
        for (; b < end; b++) {
          terms = i32x4.add(terms, i32x4.mul(v128.load_splat<i32>(e), v128.load(a)));
          e += errorStride;
          a += inputStride;
        }
      }
      const x = i32x4.add(i32x4.shl(s, running), i32x4.shl(terms, left));
      s = p.round(x, site);
      least = i32x4.min_s(least, s);
      most = i32x4.max_s(most, s);
      under = i32x4.add(under, underflowed(s, x));
    }
    const x = i32x4.shl(i32x4.mul(s, multiplier), leftMean);
    const g = p.round(x, mean);
    if (atEdge(least, most, site) || atEdge(g, g, mean)) {
      gradients<N, C, V>(header, record, inputs, first + k, first + k + LANES, count, divisor);
      continue;
    }
    v128.store(out + (<usize>k << 2), g);
    counted += LANES;
    leastSum = i32x4.min_s(leastSum, least);
    mostSum = i32x4.max_s(mostSum, most);
    underSum = i32x4.add(underSum, under);
    leastMean = i32x4.min_s(leastMean, g);
    mostMean = i32x4.max_s(mostMean, g);
    underMean = i32x4.add(underMean, underflowed(g, x));
  }
  if (counted) {
    const n = changetype<N>(0);
    n.counted(site, counted * steps);
    n.counted(mean, counted);
    n.tally(site, leastSum, mostSum, underSum);
    n.tally(mean, leastMean, mostMean, underMean);
  }
  if (whole < length) gradients<N, C, V>(header, record, inputs, first + whole, first + length, count, divisor);
}
