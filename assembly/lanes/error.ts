/** Errors side by side: of outputs of one batch in order, and of neighbouring units of a hidden layer. The rules are those of network/layer.ts. */
import * as abi from '../abi';
import { at, hiddenErrors, outputErrors } from '../network/layer';
import { commit, logEnd } from './planes';
import { aside, logged, roundingErrors, slice } from './record';
import { keep } from './tally';

/** e = Q(ŷ − y) of the first outputs of a batch; how many. */
export function outputErrorLanes<N, V, L>(header: usize, record: usize, targets: usize, size: i32): i32 {
  const l = changetype<L>(0), n = changetype<N>(0);
  const whole = size & -l.size();
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const outputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS), errors = <usize>load<i32>(record, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0), leftTarget = load<i32>(site, abi.SITE_LEFT1);
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  let least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST), under = l.none(), errorsSum = under;
  let log = logged(site);
  const logFull = logEnd<L>(site);
  let counted = 0;
  for (let k = 0; k < whole; ) {
    let near = false, raws = l.none(), exact = raws;
    for (const end = slice<N, L>(k, whole); k < end; k += l.size()) {
      const x = l.sub(l.shl(l.load(at<N>(outputs, k)), left), l.shl(l.load(at<N>(targets, k)), leftTarget));
      const e = l.round(x, base, shift, site);
      near = l.atEdge(e, e, site);
      if (near) break;
      l.store(at<N>(errors, k), e);
      counted += l.size();
      least = l.min(least, e);
      most = l.max(most, e);
      under = l.underflow(under, e, x);
      if (n.records()) {
        log = aside<L>(log, e);
        raws = l.add(raws, e);
        exact = l.add(exact, x);
      }
    }
    if (n.records()) {
      log = commit<L>(site, log, logFull);
      errorsSum = l.total(errorsSum, roundingErrors<L>(raws, exact, shift));
    }
    if (!near) continue;
    outputErrors<N, V>(record, targets, k, k + l.size());
    k += l.size();
  }
  n.counted(site, counted);
  keep<N, L>(site, least, most, under, errorsSum, log);
  return whole;
}

/** δ = Q(Σ w·δ) of the units of a hidden layer, for one batch. */
export function hiddenErrorLanes<N, V, L>(header: usize, record: usize, behind: usize, count: i32): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_OUTPUTS), outputs = load<i32>(behind, abi.LAYER_OUTPUTS), whole = width & -l.size();
  const relu = load<i32>(record, abi.LAYER_RELU);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const weights = at<N>(<usize>load<i32>(header, abi.HEADER_THETA), load<i32>(behind, abi.LAYER_FIRST));
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), errorsBehind = <usize>load<i32>(behind, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0);
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  let least = v128.load(site, abi.SITE_LANE_LEAST), most = v128.load(site, abi.SITE_LANE_MOST), under = none, errorsSum = none;
  let log = logged(site);
  const logFull = logEnd<L>(site);
  let counted = 0;
  for (let b = 0; b < count; b++) {
    const sample = at<N>(errorsBehind, b * outputs);
    for (let o = 0; o < whole; ) {
      let near = false, raws = none, exact = none;
      for (const end = slice<N, L>(o, whole); o < end; o += l.size()) {
        const column = at<N>(weights, o);
        let products = none;
        for (let j = 0; j < outputs; j++) products = l.add(products, l.product(at<N>(sample, j), at<N>(column, j * width)));
        const x = l.shl(products, left);
        const delta = l.round(x, base, shift, site);
        near = l.atEdge(delta, delta, site);
        if (near) break;
        const element = b * width + o;
        // ReLU stores max(z, 0): zero exactly where z ≤ 0.
        l.store(at<N>(errors, element), relu ? v128.andnot(delta, l.equal(l.load(at<N>(activations, element)), none)) : delta);
        counted += l.size();
        least = l.min(least, delta);
        most = l.max(most, delta);
        under = l.underflow(under, delta, x);
        if (n.records()) {
          log = aside<L>(log, delta);
          raws = l.add(raws, delta);
          exact = l.add(exact, x);
        }
      }
      if (n.records()) {
        log = commit<L>(site, log, logFull);
        errorsSum = l.total(errorsSum, roundingErrors<L>(raws, exact, shift));
      }
      if (!near) continue;
      hiddenErrors<N, V>(header, record, behind, b, o, o + l.size());
      o += l.size();
    }
    if (whole < width) hiddenErrors<N, V>(header, record, behind, b, whole, width);
  }
  n.counted(site, counted);
  keep<N, L>(site, least, most, under, errorsSum, log);
}
