/** Errors, four side by side: of outputs of one batch in order, and of neighbouring units of a hidden layer. The rules are those of network/layer.ts. */
import * as abi from '../abi';
import { hiddenErrors, outputErrors } from '../network/layer';
import { atEdge, LANES, underflowed } from './site';

/** e = Q(ŷ − y) of the first `whole` outputs of a batch; returns how many. */
export function outputErrorLanes<N, V, P>(record: usize, targets: usize, size: i32): i32 {
  const p = changetype<P>(0);
  const whole = size & -LANES;
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const outputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS), errors = <usize>load<i32>(record, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0), leftTarget = load<i32>(site, abi.SITE_LEFT1);
  const none = i32x4.splat(0);
  let least = i32x4.splat(i32.MAX_VALUE), most = i32x4.splat(i32.MIN_VALUE), under = none;
  let counted = 0;
  for (let k = 0; k < whole; k += LANES) {
    const at = <usize>k << 2;
    const x = i32x4.sub(i32x4.shl(v128.load(outputs + at), left), i32x4.shl(v128.load(targets + at), leftTarget));
    const e = p.round(x, site);
    if (atEdge(e, e, site)) {
      outputErrors<N, V>(record, targets, k, k + LANES);
      continue;
    }
    v128.store(errors + at, e);
    counted += LANES;
    least = i32x4.min_s(least, e);
    most = i32x4.max_s(most, e);
    under = i32x4.add(under, underflowed(e, x));
  }
  if (counted) {
    const n = changetype<N>(0);
    n.counted(site, counted);
    n.tally(site, least, most, under);
  }
  return whole;
}

/** δ = Q(Σ w·δ) of the first units of a hidden layer, for one batch; returns how many units. */
export function hiddenErrorLanes<N, V, P>(header: usize, record: usize, behind: usize, count: i32): i32 {
  const p = changetype<P>(0);
  const width = load<i32>(record, abi.LAYER_OUTPUTS), outputs = load<i32>(behind, abi.LAYER_OUTPUTS), whole = width & -LANES;
  const relu = load<i32>(record, abi.LAYER_RELU);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const weights = <usize>load<i32>(header, abi.HEADER_THETA) + (<usize>load<i32>(behind, abi.LAYER_FIRST) << 2);
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), errorsBehind = <usize>load<i32>(behind, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0);
  const none = i32x4.splat(0);
  let least = i32x4.splat(i32.MAX_VALUE), most = i32x4.splat(i32.MIN_VALUE), under = none;
  let counted = 0;
  for (let b = 0; b < count; b++) {
    const sample = errorsBehind + (<usize>(b * outputs) << 2);
    for (let o = 0; o < whole; o += LANES) {
      const column = weights + (<usize>o << 2);
      let x = none;
      for (let j = 0; j < outputs; j++) x = i32x4.add(x, i32x4.mul(v128.load(column + (<usize>(j * width) << 2)), v128.load_splat<i32>(sample + (<usize>j << 2))));
      x = i32x4.shl(x, left);
      const delta = p.round(x, site);
      if (atEdge(delta, delta, site)) {
        hiddenErrors<N, V>(header, record, behind, b, o, o + LANES);
        continue;
      }
      const at = <usize>(b * width + o) << 2;
      const cut = i32x4.eq(v128.load(activations + at), none);
      v128.store(errors + at, relu ? v128.andnot(delta, cut) : delta);
      counted += LANES;
      least = i32x4.min_s(least, delta);
      most = i32x4.max_s(most, delta);
      under = i32x4.add(under, underflowed(delta, x));
    }
  }
  if (counted) {
    const n = changetype<N>(0);
    n.counted(site, counted);
    n.tally(site, least, most, under);
  }
  return whole;
}
