/** Errors, runs side by side: of outputs, and of a hidden layer. The rules are those of network/layer.ts, which take over sample by sample where a value is near a rail. */
import * as abi from '../abi';
import { hiddenErrors, outputErrors, at } from '../network/layer';
import { gatherFrom, gatherOf, ofRun, own, RUNS, scatter } from './region';
import { keepRuns } from './tally';

/** e = Q(ŷ − y) of a batch. `batch`: of run 0. */
export function outputErrorRuns<N, V, L>(header: usize, record: usize, batch: usize, count: i32): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), ownErrors = <usize>load<i32>(own(record, 0), abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0), leftTarget = load<i32>(site, abi.SITE_LEFT1);
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  // The targets, where the errors will be.
  gatherFrom(targetsOf(batch, 0), targetsOf(batch, 1), targetsOf(batch, 2), targetsOf(batch, 3), count * outputs, errors);
  for (let run = 0; run < RUNS; run += l.size()) {
    const lane = <usize>run << 2, shadow = ofRun(site, run / l.size());
    let leastE = v128.load(shadow, abi.SITE_LANE_LEAST), mostE = v128.load(shadow, abi.SITE_LANE_MOST), underE = l.none();
    let samples = 0;
    for (let b = 0; b < count; b++) {
      const first = b * outputs;
      let least = l.top(), most = l.bottom(), under = l.none();
      for (let k = <usize>first << 4, end = k + (<usize>outputs << 4); k < end; k += 16) {
        const x = l.sub(l.shl(l.load(activations + k + lane), left), l.shl(l.load(errors + k + lane), leftTarget));
        const e = l.round(x, base, shift, site);
        least = l.min(least, e);
        most = l.max(most, e);
        under = l.underflow(under, e, x);
        l.store(errors + k + lane, e);
      }
      if (l.atEdge(least, most, site)) {
        for (let k = run; k < run + l.size(); k++) outputErrors<N, V>(own(record, k), targetsOf(batch, k), first, first + outputs);
        gatherOf(run, l.size(), at<N>(ownErrors, first), outputs, errors + (<usize>first << 4));
        continue;
      }
      samples++;
      leastE = l.min(leastE, least);
      mostE = l.max(mostE, most);
      underE = l.add(underE, under);
    }
    n.counted(shadow, samples * outputs);
    keepRuns<L>(site, run, leastE, mostE, underE);
  }
  scatter(errors, count * outputs, ownErrors);
}

@inline
function targetsOf(batch: usize, run: i32): usize {
  return <usize>load<i32>(ofRun(batch, run), abi.BATCH_TARGETS);
}

/** δ = Q(Σ w·δ) of the units of a hidden layer, from the layer behind it. */
export function hiddenErrorRuns<N, V, L>(header: usize, record: usize, behind: usize, count: i32): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_OUTPUTS), outputs = load<i32>(behind, abi.LAYER_OUTPUTS);
  const relu = load<i32>(record, abi.LAYER_RELU);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const weights = <usize>load<i32>(header, abi.HEADER_THETA) + (<usize>load<i32>(behind, abi.LAYER_FIRST) << 4);
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS), errorsBehind = <usize>load<i32>(behind, abi.LAYER_ERRORS);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), ownErrors = <usize>load<i32>(own(record, 0), abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0), row = <usize>width << 4;
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  for (let run = 0; run < RUNS; run += l.size()) {
    const lane = <usize>run << 2, shadow = ofRun(site, run / l.size());
    let leastE = v128.load(shadow, abi.SITE_LANE_LEAST), mostE = v128.load(shadow, abi.SITE_LANE_MOST), underE = none;
    let samples = 0;
    for (let b = 0; b < count; b++) {
      const sample = errorsBehind + (<usize>(b * outputs) << 4) + lane, first = b * width;
      let least = l.top(), most = l.bottom(), under = none;
      for (let o = 0; o < width; o++) {
        let products = none;
        for (let j = 0, w = weights + (<usize>o << 4) + lane, e = sample; j < outputs; j++, w += row, e += 16) products = l.add(products, l.products(e, w));
        const x = l.shl(products, left), delta = l.round(x, base, shift, site), element = (<usize>(first + o) << 4) + lane;
        least = l.min(least, delta);
        most = l.max(most, delta);
        under = l.underflow(under, delta, x);
        // ReLU stores max(z, 0): zero exactly where z ≤ 0.
        l.store(errors + element, relu ? v128.andnot(delta, l.equal(l.load(activations + element), none)) : delta);
      }
      if (l.atEdge(least, most, site)) {
        for (let k = run; k < run + l.size(); k++) hiddenErrors<N, V>(own(header, k), own(record, k), own(behind, k), b, 0, width);
        gatherOf(run, l.size(), at<N>(ownErrors, first), width, errors + (<usize>first << 4));
        continue;
      }
      samples++;
      leastE = l.min(leastE, least);
      mostE = l.max(mostE, most);
      underE = l.add(underE, under);
    }
    n.counted(shadow, samples * width);
    keepRuns<L>(site, run, leastE, mostE, underE);
  }
  scatter(errors, count * width, ownErrors);
}
