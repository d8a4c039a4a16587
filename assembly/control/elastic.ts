/** The elastic anchor: pulls every parameter towards its moving mean by how important it was. docs/numerics.md §7. */
import * as abi from '../abi';
import { layer } from '../network/layer';
import { distance, followed } from './average';

/** Pull, importance and mean of every parameter, after its update. */
export function stretchAll<N, V>(header: usize): void {
  const n = changetype<N>(0);
  const theta = <usize>load<i32>(header, abi.HEADER_THETA), updates = <usize>load<i32>(header, abi.HEADER_UPDATE);
  const averages = <usize>load<i32>(header, abi.HEADER_AVERAGE), importances = <usize>load<i32>(header, abi.HEADER_IMPORTANCE);
  const lambda = load<V>(header, abi.HEADER_LAMBDA), rate = load<V>(header, abi.HEADER_AVERAGE_RATE), importanceRate = load<V>(header, abi.HEADER_IMPORTANCE_RATE);
  const kind = load<i32>(header, abi.HEADER_IMPORTANCE_KIND);
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const first = load<i32>(record, abi.LAYER_FIRST), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
    const weights = outputs * load<i32>(record, abi.LAYER_INPUTS);
    const all = weights + (load<i32>(record, abi.LAYER_HAS_BIAS) ? outputs : 0);
    const pullSite = <usize>load<i32>(record, abi.LAYER_ANCHOR_PULL), importanceSite = <usize>load<i32>(record, abi.LAYER_IMPORTANCE);
    const averageSite = <usize>load<i32>(record, abi.LAYER_AVERAGE);
    for (let k = 0; k < all; k++) {
      const p = first + k;
      const isWeight = k < weights;
      const site = <usize>load<i32>(record + (isWeight ? abi.LAYER_WEIGHT : abi.LAYER_BIAS));
      const old = n.load(theta, p), average = n.load(averages, p), importance = n.load(importances, p), u = n.load(updates, p);
      const d = distance<N, V>(record, old, average, isWeight);
      const pull = n.quantise(n.mac(n.zero(), lambda * importance, d, load<i32>(pullSite, abi.SITE_LEFT0)), pullSite, k, 0);
      const x = n.add(n.add(n.zero(), old, load<i32>(site, abi.SITE_LEFT0)), -pull, load<i32>(site, abi.SITE_LEFT2));
      const next = n.quantise(x, site, k, 1);
      n.store(theta, p, next);
      const size = u < 0 ? -u : u;
      const phi = kind == abi.IMPORTANCE_MAS ? size : kind == abi.IMPORTANCE_EWC ? u * u : size * (d < 0 ? -d : d);
      n.store(importances, p, n.quantise(n.mean(importance, importanceRate, phi, importanceSite), importanceSite, k, 0));
      n.store(averages, p, followed<N, V>(averageSite, average, rate, distance<N, V>(record, next, average, isWeight), k));
    }
    n.counted(pullSite, all);
    n.counted(<usize>load<i32>(record, abi.LAYER_WEIGHT), weights);
    n.counted(<usize>load<i32>(record, abi.LAYER_BIAS), all - weights);
    n.counted(importanceSite, all);
    n.counted(averageSite, all);
  }
}
