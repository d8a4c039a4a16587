/** The moving mean θ̄ of the parameters, and the anchor that only follows it: Polyak averaging. docs/numerics.md §7. */
import * as abi from '../abi';
import { layer } from '../network/layer';

/** θ̄ ← Q(θ) for every parameter. */
export function startAverage<N, V>(header: usize): void {
  const n = changetype<N>(0);
  const theta = <usize>load<i32>(header, abi.HEADER_THETA), averages = <usize>load<i32>(header, abi.HEADER_AVERAGE);
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const first = load<i32>(record, abi.LAYER_FIRST), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
    const weights = outputs * load<i32>(record, abi.LAYER_INPUTS);
    const all = weights + (load<i32>(record, abi.LAYER_HAS_BIAS) ? outputs : 0);
    const site = <usize>load<i32>(record, abi.LAYER_AVERAGE), left = load<i32>(site, abi.SITE_LEFT2);
    for (let k = 0; k < all; k++) {
      const own = n.align(n.load(theta, first + k), load<i32>(record + (k < weights ? abi.LAYER_DISTANCE_WEIGHT : abi.LAYER_DISTANCE_BIAS)));
      n.store(averages, first + k, n.quantise(n.add(n.zero(), own, left), site, k, 0));
    }
    n.counted(site, all);
  }
}

/** d = θ − θ̄ of parameter k of a layer, exactly. */
@inline
export function distance<N, V>(record: usize, theta: V, average: V, isWeight: bool): V {
  const n = changetype<N>(0);
  return n.align(theta, load<i32>(record + (isWeight ? abi.LAYER_DISTANCE_WEIGHT : abi.LAYER_DISTANCE_BIAS))) - n.align(average, load<i32>(record, abi.LAYER_DISTANCE_AVERAGE));
}

/** Q(θ̄ + μ·d) at parameter k. */
@inline
export function followed<N, V>(site: usize, average: V, rate: V, d: V, k: i32): V {
  const n = changetype<N>(0);
  const x = n.add(n.zero(), average, load<i32>(site, abi.SITE_LEFT0));
  return n.quantise(n.mac(x, rate, d, load<i32>(site, abi.SITE_LEFT1)), site, k, 0);
}

/** θ̄ ← Q(θ̄ + μ·(θ − θ̄)) for every parameter. */
export function followAll<N, V>(header: usize): void {
  const n = changetype<N>(0);
  const theta = <usize>load<i32>(header, abi.HEADER_THETA), averages = <usize>load<i32>(header, abi.HEADER_AVERAGE);
  const rate = load<V>(header, abi.HEADER_AVERAGE_RATE);
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const first = load<i32>(record, abi.LAYER_FIRST), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
    const weights = outputs * load<i32>(record, abi.LAYER_INPUTS);
    const all = weights + (load<i32>(record, abi.LAYER_HAS_BIAS) ? outputs : 0);
    const site = <usize>load<i32>(record, abi.LAYER_AVERAGE);
    for (let k = 0; k < all; k++) {
      const average = n.load(averages, first + k);
      n.store(averages, first + k, followed<N, V>(site, average, rate, distance<N, V>(record, n.load(theta, first + k), average, k < weights), k));
    }
    n.counted(site, all);
  }
}
