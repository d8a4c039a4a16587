/** The gated anchor: updates only what has a large gradient, and that the less the more it was updated before. docs/numerics.md §7. */
import * as abi from '../abi';

/** u of parameter k of a layer; its sum of gradients grows where the gate is open. */
export function gatedUpdate<N, C, V>(header: usize, record: usize, importances: usize, p: i32, k: i32, rate: V, g: V): V {
  const n = changetype<N>(0), c = changetype<C>(0);
  const size = g < 0 ? -g : g;
  if (!c.opens(size, load<V>(record, abi.LAYER_GATE))) return 0;
  const site = <usize>load<i32>(record, abi.LAYER_IMPORTANCE);
  const root = load<i32>(header, abi.HEADER_POWER) == 2;
  let x = n.add(n.zero(), n.load(importances, p), load<i32>(site, abi.SITE_LEFT0));
  x = root ? n.mac(x, g, g, load<i32>(site, abi.SITE_LEFT1)) : n.add(x, size, load<i32>(site, abi.SITE_LEFT1));
  const s = n.quantise(x, site, k, 0);
  n.counted(site, 1);
  n.store(importances, p, s);
  const divisor = root ? c.root(s, load<i32>(record, abi.LAYER_GATE_FRACTION)) : s;
  const update = <usize>load<i32>(record, abi.LAYER_UPDATE);
  const y = c.mac(c.zero(), rate, g, load<i32>(record, abi.LAYER_GATE_LEFT_DIVIDEND));
  return c.divided(y, <V>1, c.guard(c.positive(divisor)), load<i32>(record, abi.LAYER_GATE_LEFT_DIVISOR), update, k, 0, header);
}
