/** Errors side by side: of outputs of one batch in order, and of neighbouring units of a hidden layer. The rules are those of network/layer.ts. */
import * as abi from '../abi';
import { at, hiddenErrors, outputErrors } from '../network/layer';
import { aside, recordLanes, withError } from './record';
import { keep } from './tally';

/** e = Q(ŷ − y) of the first outputs of a batch; how many. */
export function outputErrorLanes<N, V, L>(header: usize, record: usize, targets: usize, size: i32): i32 {
  const l = changetype<L>(0), n = changetype<N>(0);
  const whole = size & -l.size();
  const site = <usize>load<i32>(record, abi.LAYER_ERROR), log = <usize>load<i32>(header, abi.HEADER_LANE_LOG);
  const outputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS), errors = <usize>load<i32>(record, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0), leftTarget = load<i32>(site, abi.SITE_LEFT1);
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  let least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST), under = l.none();
  let counted = 0;
  for (let k = 0; k < whole; k += l.size()) {
    const x = l.sub(l.shl(l.load(at<N>(outputs, k)), left), l.shl(l.load(at<N>(targets, k)), leftTarget));
    const e = l.round(x, base, shift, site);
    if (l.atEdge(e, e, site)) {
      outputErrors<N, V>(record, targets, k, k + l.size());
      continue;
    }
    l.store(at<N>(errors, k), e);
    counted += l.size();
    least = l.min(least, e);
    most = l.max(most, e);
    under = l.underflow(under, e, x);
    if (n.records()) recordLanes<L>(site, log, aside<L>(log, e), l.total(withError<L>(l.none(), e, x, shift)));
  }
  n.counted(site, counted);
  keep<N, L>(site, least, most, under);
  return whole;
}

/** δ = Q(Σ w·δ) of the units of a hidden layer, for one batch. */
export function hiddenErrorLanes<N, V, L>(header: usize, record: usize, behind: usize, count: i32): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_OUTPUTS), outputs = load<i32>(behind, abi.LAYER_OUTPUTS), whole = width & -l.size();
  const relu = load<i32>(record, abi.LAYER_RELU);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR), log = <usize>load<i32>(header, abi.HEADER_LANE_LOG);
  const weights = at<N>(<usize>load<i32>(header, abi.HEADER_THETA), load<i32>(behind, abi.LAYER_FIRST));
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), errorsBehind = <usize>load<i32>(behind, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0);
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  let least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST), under = none;
  let counted = 0;
  for (let b = 0; b < count; b++) {
    const sample = at<N>(errorsBehind, b * outputs);
    for (let o = 0; o < whole; o += l.size()) {
      const column = at<N>(weights, o);
      let products = none;
      for (let j = 0; j < outputs; j++) products = l.add(products, l.product(at<N>(sample, j), at<N>(column, j * width)));
      const x = l.shl(products, left);
      const delta = l.round(x, base, shift, site);
      if (l.atEdge(delta, delta, site)) {
        hiddenErrors<N, V>(header, record, behind, b, o, o + l.size());
        continue;
      }
      const element = b * width + o;
      // ReLU stores max(z, 0): zero exactly where z ≤ 0.
      l.store(at<N>(errors, element), relu ? v128.andnot(delta, l.equal(l.load(at<N>(activations, element)), none)) : delta);
      counted += l.size();
      least = l.min(least, delta);
      most = l.max(most, delta);
      under = l.underflow(under, delta, x);
      if (n.records()) recordLanes<L>(site, log, aside<L>(log, delta), l.total(withError<L>(none, delta, x, shift)));
    }
    if (whole < width) hiddenErrors<N, V>(header, record, behind, b, whole, width);
  }
  n.counted(site, counted);
  keep<N, L>(site, least, most, under);
}
