/** A layer's outputs, four samples side by side. The rule is that of `forwardSample` (network/layer.ts), which takes over where a value is near a rail. */
import * as abi from '../abi';
import { forwardSample } from '../network/layer';
import { atEdge, LANES, underflowed } from './site';

/** Inputs of four samples, input by input, at `to`. */
@inline
function transpose(inputs: usize, width: i32, to: usize): void {
  const stride = <usize>width << 2;
  let i = 0;
  for (; i + LANES <= width; i += LANES) {
    const at = inputs + (<usize>i << 2), out = to + (<usize>i << 4);
    const a = v128.load(at), b = v128.load(at + stride), c = v128.load(at + 2 * stride), d = v128.load(at + 3 * stride);
    const lowAB = i32x4.shuffle(a, b, 0, 4, 1, 5), highAB = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const lowCD = i32x4.shuffle(c, d, 0, 4, 1, 5), highCD = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(out, i64x2.shuffle(lowAB, lowCD, 0, 2));
    v128.store(out, i64x2.shuffle(lowAB, lowCD, 1, 3), 16);
    v128.store(out, i64x2.shuffle(highAB, highCD, 0, 2), 32);
    v128.store(out, i64x2.shuffle(highAB, highCD, 1, 3), 48);
  }
  for (; i < width; i++) {
    const at = inputs + (<usize>i << 2);
    v128.store(to + (<usize>i << 4), i32x4(0, 0, 0, 0));
    for (let k: usize = 0; k < <usize>LANES; k++) store<i32>(to + (<usize>i << 4) + (k << 2), load<i32>(at + k * stride));
  }
}

/** Outputs of the samples of all whole groups; how many samples that are. N: the number system of single values; P: how the sites round. */
export function forwardLanes<N, V, P>(header: usize, record: usize, inputs: usize, count: i32): i32 {
  const p = changetype<P>(0);
  const whole = count & -LANES;
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const relu = load<i32>(record, abi.LAYER_RELU);
  const weights = <usize>load<i32>(header, abi.HEADER_THETA) + (<usize>load<i32>(record, abi.LAYER_FIRST) << 2);
  const bias = load<i32>(record, abi.LAYER_HAS_BIAS) ? weights + (<usize>(width * outputs) << 2) : 0;
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const columns = <usize>load<i32>(header, abi.HEADER_LANE_SCRATCH), results = columns + (<usize>width << 4);
  const group = load<i32>(header, abi.HEADER_ACCUMULATOR_GROUP);
  const site = <usize>load<i32>(record, abi.LAYER_ACCUMULATOR), activation = <usize>load<i32>(record, abi.LAYER_ACTIVATION);
  const left = load<i32>(site, abi.SITE_LEFT0), leftBias = load<i32>(site, abi.SITE_LEFT1), running = load<i32>(site, abi.SITE_LEFT2);
  const leftSum = load<i32>(activation, abi.SITE_LEFT0);
  // Quantisations of a running sum: after every group, and of the bias.
  const steps = group ? (width + group - 1) / group + i32(bias != 0) : 1;
  const last = width - 1;
  const none = i32x4.splat(0), top = i32x4.splat(i32.MAX_VALUE), bottom = i32x4.splat(i32.MIN_VALUE);
  let leastSum = top, mostSum = bottom, underSum = none, leastOut = top, mostOut = bottom, underOut = none;
  let groups = 0;
  for (let b = 0; b < whole; b += LANES) {
    transpose(inputs + (<usize>(b * width) << 2), width, columns);
    let least = top, most = bottom, under = none, leastZ = top, mostZ = bottom, underZ = none;
    for (let o = 0; o < outputs; o++) {
      const row = weights + (<usize>(o * width) << 2);
      let s = none, products = none;
      if (group == 1) {
        for (let i = 0; i < width; i++) {
          const product = i32x4.mul(v128.load_splat<i32>(row + (<usize>i << 2)), v128.load(columns + (<usize>i << 4)));
          const x = i32x4.add(i32x4.shl(s, running), i32x4.shl(product, left));
          s = p.round(x, site);
          least = i32x4.min_s(least, s);
          most = i32x4.max_s(most, s);
          under = i32x4.add(under, underflowed(s, x));
        }
      } else {
        let remaining = group ? group : width;
        for (let i = 0; i < width; i++) {
          products = i32x4.add(products, i32x4.mul(v128.load_splat<i32>(row + (<usize>i << 2)), v128.load(columns + (<usize>i << 4))));
          if (--remaining != 0 && i != last) continue;
          let x = i32x4.add(i32x4.shl(s, running), i32x4.shl(products, left));
          if (!group && bias) x = i32x4.add(x, i32x4.shl(v128.load_splat<i32>(bias + (<usize>o << 2)), leftBias));
          s = p.round(x, site);
          least = i32x4.min_s(least, s);
          most = i32x4.max_s(most, s);
          under = i32x4.add(under, underflowed(s, x));
          products = none;
          remaining = group;
        }
      }
      if (group && bias) {
        const x = i32x4.add(i32x4.shl(s, running), i32x4.shl(v128.load_splat<i32>(bias + (<usize>o << 2)), leftBias));
        s = p.round(x, site);
        least = i32x4.min_s(least, s);
        most = i32x4.max_s(most, s);
        under = i32x4.add(under, underflowed(s, x));
      }
      const x = i32x4.shl(s, leftSum);
      const z = p.round(x, activation);
      leastZ = i32x4.min_s(leastZ, z);
      mostZ = i32x4.max_s(mostZ, z);
      underZ = i32x4.add(underZ, underflowed(z, x));
      v128.store(results + (<usize>o << 4), relu ? i32x4.max_s(z, none) : z);
    }
    if (atEdge(least, most, site) || atEdge(leastZ, mostZ, activation)) {
      for (let k = b; k < b + LANES; k++) forwardSample<N, V>(header, record, inputs + (<usize>(k * width) << 2), k);
      continue;
    }
    const out = activations + (<usize>(b * outputs) << 2), stride = <usize>outputs << 2;
    for (let o = 0; o < outputs; o++) {
      const z = v128.load(results + (<usize>o << 4)), to = out + (<usize>o << 2);
      v128.store_lane<i32>(to, z, 0);
      v128.store_lane<i32>(to + stride, z, 1);
      v128.store_lane<i32>(to + 2 * stride, z, 2);
      v128.store_lane<i32>(to + 3 * stride, z, 3);
    }
    groups++;
    leastSum = i32x4.min_s(leastSum, least);
    mostSum = i32x4.max_s(mostSum, most);
    underSum = i32x4.add(underSum, under);
    leastOut = i32x4.min_s(leastOut, leastZ);
    mostOut = i32x4.max_s(mostOut, mostZ);
    underOut = i32x4.add(underOut, underZ);
  }
  if (groups) {
    const n = changetype<N>(0), values = groups * LANES * outputs;
    n.counted(site, values * steps);
    n.counted(activation, values);
    n.tally(site, leastSum, mostSum, underSum);
    n.tally(activation, leastOut, mostOut, underOut);
  }
  return whole;
}
