/** Gradients of neighbouring parameters side by side: weights of one row, or biases. The rule is that of `gradients` (network/layer.ts). */
import * as abi from '../abi';
import { at, batchMean, gradients } from '../network/layer';
import { commit, logEnd } from './planes';
import { aside, asideSum, logged, roundingErrors, slice } from './record';
import { rowSums } from './rowSums';
import { hasLowest, pairRows, shortSums } from './short';
import { keep } from './tally';

/** g = Q(G / B) of every parameter of a layer. `inputs`: what it was fed, sample by sample. A target that divides does so value by value. */
export function gradientLanes<N, C, V, L>(header: usize, record: usize, inputs: usize, count: i32, divisor: usize): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const site = <usize>load<i32>(record, abi.LAYER_GRADIENT_ACCUMULATOR), mean = <usize>load<i32>(record, abi.LAYER_GRADIENT);
  const group = l.group(load<i32>(header, abi.HEADER_GRADIENT_GROUP));
  const leftProduct = load<i32>(site, abi.SITE_LEFT0), leftBias = load<i32>(site, abi.SITE_LEFT1);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), errorStride = at<N>(0, outputs), inputStride = at<N>(0, width);
  const out = at<N>(<usize>load<i32>(header, abi.HEADER_GRADIENT), load<i32>(record, abi.LAYER_FIRST));
  const sums = <usize>load<i32>(header, abi.HEADER_LANE_SCRATCH);
  const values = sums + (<usize>width << 4);
  const divides = !isFloat<V>() && load<i32>(divisor, abi.DIVISOR_QUOTIENT) != 0;
  const steps = group ? (count + group - 1) / group : 1;
  const short = !isFloat<V>() && load<i32>(record, abi.LAYER_SHORT_GRADIENT) != 0;
  let pairs = short && count > 3 && outputs > 3 && width > 7;
  const half = (count + 1) >> 1;
  const errorPairs = <usize>load<i32>(header, abi.HEADER_LANE_PAIRS), inputPairs = errorPairs + (<usize>(half * outputs) << 2);
  if (pairs) {
    pairRows(errors, outputs, count, errorPairs);
    if (hasLowest(errorPairs, inputPairs - errorPairs)) pairs = false;
    else pairRows(inputs, width, count, inputPairs);
  }
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  const addend = l.addend(site), grid = l.grid(shift);
  const baseMean = l.base(mean), shiftMean = load<i32>(mean, abi.SITE_SHIFT);
  let leastSum = v128.load(site, abi.SITE_LANE_LEAST), mostSum = v128.load(site, abi.SITE_LANE_MOST), underSum = none, errorsSum = none;
  let leastMean = v128.load(mean, abi.SITE_LANE_LEAST), mostMean = v128.load(mean, abi.SITE_LANE_MOST), underMean = none, errorsMean = none;
  let log = logged(site), logMean = logged(mean);
  const logFull = logEnd<L>(site), logMeanFull = logEnd<L>(mean);
  let counted = 0;
  // Row by row, and the biases as one more.
  for (let o = 0, rows = outputs + i32(load<i32>(record, abi.LAYER_HAS_BIAS) != 0); o < rows; o++) {
    const bias = o == outputs;
    const first = o * width, length = bias ? outputs : width, whole = length & -l.size();
    const left = bias ? leftBias : leftProduct;
    if (pairs && !bias) shortSums<L>(true, errorPairs + (<usize>o << 2), <usize>outputs << 2, inputPairs, width, whole, half, sums);
    else if (short && l.size() == 2 && !bias) shortSums<L>(false, at<N>(errors, o), errorStride, inputs, width, whole, count, sums);
    else if (!group && !bias) rowSums<N, L>(at<N>(errors, o), errorStride, inputs, width, whole, count, sums);
    for (let k = 0; k < whole; ) {
      let near = false, raws = none, exact = none, rawsMean = none, exactMean = none;
      // One at a time where it is many that are put aside, or where single values are left to do.
      for (const end = divides || (group && n.records()) ? k + l.size() : slice<N, L>(k, whole); k < end; k += l.size()) {
        let least = l.top(), most = l.bottom(), under = none, s = none, sum = none;
        let to = log;
        let e = at<N>(errors, bias ? k : o), a = at<N>(inputs, k);
        for (let b = 0; b < count; ) {
          const till = group ? min(b + group, count) : count;
          let terms = none;
          if (!group && !bias) {
            terms = v128.load(sums + <usize>(k * (16 / l.size())));
            b = count;
          } else if (bias) {
            for (; b < till; b++) {
              terms = l.add(terms, l.load(e));
              e += errorStride;
            }
          } else {
            for (; b < till; b++) {
              terms = l.add(terms, l.product(e, a));
              e += errorStride;
              a += inputStride;
            }
          }
          terms = l.shl(terms, left);
          if (group) {
            const step = l.onGrid(s, terms, addend, grid, shift, site);
            s = l.onward(s, step, shift);
            under = l.lost(under, s, terms, step);
          } else {
            s = l.round(terms, base, shift, site);
            if (shift) under = l.underflow(under, s, terms);
          }
          if (n.records()) {
            to = group ? asideSum<L>(to, s, shift) : aside<L>(to, s);
            sum = l.add(sum, terms);
          }
          least = l.min(least, s);
          most = l.max(most, s);
        }
        if (group) {
          s = l.raw(s, shift, site);
          least = l.raw(least, shift, site);
          most = l.raw(most, shift, site);
        }
        const x = l.mean(s, mean, divisor);
        const g = l.round(x, baseMean, shiftMean, mean);
        near = l.atEdge(least, most, site) || (!divides && l.atEdge(g, g, mean));
        if (near) break;
        counted += l.size();
        leastSum = l.min(leastSum, least);
        mostSum = l.max(mostSum, most);
        underSum = l.add(underSum, under);
        if (n.records()) {
          log = to;
          raws = l.add(raws, s); // of a running sum the last, which is what all steps add up to
          exact = l.add(exact, sum);
        }
        if (divides) {
          v128.store(values, s);
          continue;
        }
        l.store(at<N>(out, first + k), g);
        leastMean = l.min(leastMean, g);
        mostMean = l.max(mostMean, g);
        underMean = l.underflow(underMean, g, x);
        if (n.records()) {
          logMean = aside<L>(logMean, g);
          rawsMean = l.add(rawsMean, g);
          exactMean = l.add(exactMean, x);
        }
      }
      if (n.records()) {
        log = commit<L>(site, log, logFull);
        logMean = commit<L>(mean, logMean, logMeanFull);
        errorsSum = l.total(errorsSum, roundingErrors<L>(raws, exact, shift));
        errorsMean = l.total(errorsMean, roundingErrors<L>(rawsMean, exactMean, shiftMean));
      }
      if (near) {
        gradients<N, C, V>(header, record, inputs, first + k, first + k + l.size(), count, divisor);
        k += l.size();
      } else if (divides) {
        for (let j = 0, p = first + k - l.size(); j < l.size(); j++) n.store(out, p + j, batchMean<N, C, V>(record, <V>l.value(values, j), divisor, p + j));
      }
    }
    if (whole < length) gradients<N, C, V>(header, record, inputs, first + whole, first + length, count, divisor);
  }
  n.counted(site, counted * steps);
  if (!divides) n.counted(mean, counted); // a quotient counts itself
  keep<N, L>(site, leastSum, mostSum, underSum, errorsSum, log);
  keep<N, L>(mean, leastMean, mostMean, underMean, errorsMean, logMean);
}
